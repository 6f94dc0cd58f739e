"""Language models that only count (floor 1): tables for contexts of any length, and three ways to smooth them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

METHODS = ("add", "interpolate", "kneser_ney")


def smooth(counts: Tensor, alpha: float) -> Tensor:
    """Turn counts into probabilities, after adding `alpha` to every cell.

    Parameters
    ----------
    counts : (..., vocab_size), one row per context.
    alpha : 0 leaves the counts as they are. The larger it is, the closer every row is to uniform.

    Returns
    -------
    (..., vocab_size), each row sums to one.

    Source: lesson 01.
    """
    smoothed = counts + alpha
    return smoothed / smoothed.sum(-1, keepdim=True)


def interpolate(counts: Tensor, shorter: Tensor, strength: float) -> Tensor:
    """Turn counts into probabilities, after adding `strength` imagined examples that follow the shorter context.

    Parameters
    ----------
    counts : (..., vocab_size), one row per context.
    shorter : (..., vocab_size), for each row what the context without its oldest character predicts.
    strength : how many examples the shorter context's prediction counts for.

    Returns
    -------
    (..., vocab_size), each row sums to one.

    Source: lesson 02b.
    """
    return (counts + strength * shorter) / (counts.sum(-1, keepdim=True) + strength)


def kneser_ney(counts: Tensor, shorter: Tensor, discounts: Tensor) -> Tensor:
    """Take a discount off every count and give what was taken to the shorter context's prediction.

    Parameters
    ----------
    counts : (..., vocab_size), one row per context, with at least one count in each.
    shorter : (..., vocab_size), for each row what the context without its oldest character predicts.
    discounts : (4,), what is taken from a count of 0, 1, 2, and 3 or more.

    Returns
    -------
    (..., vocab_size), each row sums to one.

    Source: lesson 02b; Chen and Goodman 1998 (modified Kneser-Ney, interpolated).
    """
    taken = discounts[counts.clamp(max=3).long()]
    total = counts.sum(-1, keepdim=True)
    return (counts - taken + taken.sum(-1, keepdim=True) * shorter) / total


def estimate_discounts(counts: Tensor) -> Tensor:
    """The discounts for counts of 0, 1, 2, and 3 or more: (4,), from how many cells hold 1, 2, 3 and 4.

    Source: lesson 02b; Chen and Goodman 1998, modified Kneser-Ney. Where a table is too small for the estimate, the
    discount is a half, because without a discount nothing would be left for what was never seen.
    """
    half = torch.tensor([0.0, 0.5, 0.5, 0.5])
    n1, n2, n3, n4 = ((counts == k).sum().item() for k in (1, 2, 3, 4))
    if 0 in (n1, n2, n3, n4):
        return half
    y = n1 / (n1 + 2 * n2)
    estimate = torch.tensor([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return torch.where(estimate > 0, estimate, half)


class CountModel:
    """Predict the next character by what followed the same context in the training names.

    Only contexts that were seen get a row. There is one table for each length 0 … ``block_size``. Each row knows its
    parent, which is the row of its context without the oldest character. So a context is found from its newest
    character backwards.

    Parameters
    ----------
    vocab_size : number of symbols, boundary included.
    block_size : characters in the longest context, 0 or more.
    smoothing : how many imagined examples; "kneser_ney" doesn't use it. For "add" it is the number added to each cell.
        For "interpolate" it is the number per row, shared out as the shorter context predicts.
    method : "add", "interpolate" or "kneser_ney". The last two ask shorter and shorter contexts where a row has seen
        little. "add" predicts all symbols alike after a context that it never saw.

    Attributes
    ----------
    counts : list of (rows, vocab_size) float32, the table of each length 0 … block_size.
    probs : list of (rows, vocab_size) float32, what each table predicts when its contexts are the longest asked.
    discounts : list of (4,), for "kneser_ney" what each table takes off its counts when longer contexts ask it.

    Raises
    ------
    ValueError
        for a negative size, a smoothing that is negative or infinite, an unknown method, contexts that are too short,
        a length past `block_size`, no examples or one outside the vocabulary, or anything asked before `fit`.

    Source: lesson 02; the table of lesson 01 is ``counts[1]``.
    """

    def __init__(self, vocab_size: int, block_size: int, smoothing: float = 1.0, method: str = "add"):
        if vocab_size < 2 or block_size < 0:
            raise ValueError(f"vocab_size must be 2 or more and block_size 0 or more; got {vocab_size}, {block_size}.")
        _check_smoothing(smoothing, method)
        self.vocab_size, self.block_size = vocab_size, block_size
        self.smoothing, self.method = smoothing, method
        self.counts: list[Tensor] = []
        self.probs: list[Tensor] = []
        self.discounts: list[Tensor] = []
        self._keys: list[Tensor] = []  # for each length: parent row * vocab_size + oldest character, sorted
        self._shorter: list[Tensor] = []  # for each length: what its table tells longer contexts

    def fit(self, X: Tensor, Y: Tensor) -> CountModel:
        """Count the examples X (N, block_size), Y (N,), then smooth the counts. Returns the model itself."""
        self._check_contexts(X, self.block_size)
        if len(X) == 0:
            raise ValueError("fit got no examples: build X and Y from at least one name.")
        for name, indices in (("X", X), ("Y", Y)):
            if indices.numel() and indices.max() >= self.vocab_size:
                raise ValueError(
                    f"{name} holds index {indices.max()}, but vocab_size is {self.vocab_size}: pass len(vocab) for it."
                )
        row = torch.zeros(len(X), dtype=torch.int64)  # the context of length 0 has one row
        self._keys, self.counts = [row[:1]], [self._count(row, Y, rows=1)]
        for length in range(1, self.block_size + 1):
            keys, row = torch.unique(row * self.vocab_size + X[:, -length], return_inverse=True)
            self._keys.append(keys)
            self.counts.append(self._count(row, Y, rows=len(keys)))
        return self.smooth(self.smoothing, self.method)

    def smooth(self, smoothing: float, method: str | None = None) -> CountModel:
        """Smooth in another way, without counting again. Returns the model itself."""
        method = method or self.method
        _check_smoothing(smoothing, method)
        self._check_fitted()
        self.smoothing, self.method = smoothing, method
        self.probs, self._shorter, self.discounts = [], [], []
        for length in range(self.block_size + 1):
            self._smooth_table(length)
        return self

    def _smooth_table(self, length: int) -> None:
        counts, parents = self.counts[length], self._keys[length] // self.vocab_size
        if self.method == "add":
            self.probs.append(smooth(counts, self.smoothing))
            return
        uniform = torch.full((1, self.vocab_size), 1 / self.vocab_size)
        shorter = self._shorter[-1][parents] if length else uniform  # (rows, vocab_size)
        padded = self._padded(length)  # a second boundary says nothing new: no evidence is to count twice

        def give_up(counts: Tensor) -> Tensor:
            if self.method == "interpolate":
                probs = interpolate(counts, shorter, self.smoothing)
            else:
                self.discounts[length:] = [estimate_discounts(counts[~padded])]  # of two, longer ones ask the last
                probs = kneser_ney(counts, shorter, self.discounts[length])
            return torch.where(padded.unsqueeze(1), shorter, probs)

        self.probs.append(give_up(counts))
        same = self.method == "interpolate" or length == self.block_size
        self._shorter.append(self.probs[-1] if same else give_up(self._continuations(length)))

    def __call__(self, X: Tensor, length: int | None = None) -> Tensor:
        """Log-probabilities (N, vocab_size) of what follows the contexts X (N, block_size); they serve as logits.

        Only the last `length` characters are used, by default all. -inf means that the model takes it for impossible.
        """
        length = self.block_size if length is None else length
        self._check_contexts(X, length)
        self._check_fitted()
        probs = torch.full((len(X), self.vocab_size), 1 / self.vocab_size)
        for at, (row, seen) in enumerate(self._walk(X, length)):
            if at == length:
                probs[seen] = self.probs[at][row[seen]]
            elif self.method != "add":
                probs[seen] = self._shorter[at][row[seen]]
        return probs.log()

    def examples(self) -> tuple[Tensor, Tensor, Tensor]:
        """The distinct examples that it was fitted on, in order, and how often each: (n, block_size), (n,), (n,)."""
        self._check_fitted()
        row, Y = (self.counts[-1] > 0).nonzero(as_tuple=True)
        often, oldest_first = self.counts[-1][row, Y].long(), []
        for keys in self._keys[:0:-1]:
            oldest_first.append(keys[row] % self.vocab_size)
            row = keys[row] // self.vocab_size
        X = torch.stack(oldest_first, 1) if oldest_first else torch.empty(len(Y), 0, dtype=torch.int64)
        order = sorted(range(len(Y)), key=torch.cat([X, Y[:, None]], 1).tolist().__getitem__)
        return X[order], Y[order], often[order]

    def seen(self, X: Tensor, length: int | None = None) -> Tensor:
        """Whether the last `length` characters (default all) of each context in X were counted: (N,) bool."""
        length = self.block_size if length is None else length
        self._check_contexts(X, length)
        self._check_fitted()
        return list(self._walk(X, length))[-1][1]

    def nll_by_length(self, X: Tensor, Y: Tensor) -> list[float]:
        """The loss on X (N, block_size), Y (N,) with 0, 1, … block_size characters of context: nats per character."""
        self._check_contexts(X, self.block_size)
        self._check_fitted()
        losses, fallback = [], torch.full((len(X),), 1 / self.vocab_size)
        for length, (row, seen) in enumerate(self._walk(X, self.block_size)):
            losses.append(-torch.where(seen, self.probs[length][row, Y], fallback).log().mean().item())
            if self.method != "add":
                fallback = torch.where(seen, self._shorter[length][row, Y], fallback)
        return losses

    def _walk(self, X: Tensor, length: int) -> Iterator[tuple[Tensor, Tensor]]:
        """For contexts of 0 … `length` characters: the row of each example (N,), and whether it has one (N,) bool."""
        row, seen = torch.zeros(len(X), dtype=torch.int64), torch.ones(len(X), dtype=torch.bool)
        yield row, seen
        for back in range(1, length + 1):
            keys, key = self._keys[back], row * self.vocab_size + X[:, -back]
            row = torch.searchsorted(keys, key).clamp(max=len(keys) - 1)
            seen = seen & (keys[row] == key)
            yield row, seen

    def _count(self, row: Tensor, Y: Tensor, rows: int) -> Tensor:
        cells = torch.bincount(row * self.vocab_size + Y, minlength=rows * self.vocab_size)
        return cells.view(rows, self.vocab_size).float()  # float32 counts are exact up to 16,777,216

    def _at_start(self, length: int) -> Tensor:
        """Which contexts (rows,) of this length, 1 or more, begin with a boundary."""
        return self._keys[length] % self.vocab_size == 0

    def _padded(self, length: int) -> Tensor:
        """Which contexts (rows,) of this length begin with two boundaries or more."""
        if length < 2:
            return torch.zeros(len(self.counts[length]), dtype=torch.bool)
        return self._at_start(length) & self._at_start(length - 1)[self._keys[length] // self.vocab_size]

    def _continuations(self, length: int) -> Tensor:
        """Kneser-Ney's counts (rows, vocab_size) for shorter contexts: in how many longer ones a pair occurs.

        A context that begins with the boundary has only boundaries before it, so its plain count stays.
        """
        longer = (self.counts[length + 1] > 0).float()
        parents = self._keys[length + 1] // self.vocab_size
        distinct = torch.zeros_like(self.counts[length]).index_add_(0, parents, longer)
        if length == 0:
            return distinct
        return torch.where(self._at_start(length).unsqueeze(1), self.counts[length], distinct)

    def _check_fitted(self) -> None:
        if not self.counts:
            raise ValueError("The CountModel has counted nothing yet: call fit(X, Y) first.")

    def _check_contexts(self, X: Tensor, length: int) -> None:
        if not 0 <= length <= self.block_size:
            raise ValueError(f"length is {length}: this CountModel looks back 0 to {self.block_size} characters.")
        if X.ndim != 2 or X.shape[1] < length:
            raise ValueError(
                f"The contexts have shape {tuple(X.shape)}, but this CountModel looks back {length} characters: "
                f"pass (N, {length})."
            )


def _check_smoothing(smoothing: float, method: str) -> None:
    if not 0 <= smoothing < float("inf"):
        raise ValueError(f"smoothing is {smoothing}: it is a number of imagined examples, so pass 0 or more.")
    if method not in METHODS:
        raise ValueError(f"There is no smoothing method '{method}': pass one of {', '.join(METHODS)}.")
