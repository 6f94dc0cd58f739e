"""Language models that only count (floor 2): tables for contexts of any length, and three ways to smooth them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from makemlp.data import places

METHODS = ("add", "interpolate", "kneser_ney")
LARGEST_TABLE = 2**28  # cells: a gigabyte


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
    """Predict the next character, or word, by what followed the same context in the training data.

    Only what was seen is stored. There is one table for each length 0 … ``block_size``. A row of it is a context that
    was seen, and of each row only the cells that hold a count of 1 or more. Each row knows its parent, which is the row
    of its context without the oldest character. So a context is found from its newest character backwards.

    Every method predicts by the same rule. A table gives the cells of a row their shares, and leaves the rest of the
    row to the prediction of the shorter context: ``probs = shares + left * shorter``.

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
    counts : sequence of (rows, vocab_size) float32, the table of each length 0 … block_size with all its zeros, made
        when it is asked for.
    discounts : list of (4,), for "kneser_ney" what each table takes off its counts when longer contexts ask it.

    Raises
    ------
    ValueError
        for a negative size, a smoothing that is negative or infinite, an unknown method, contexts that are too short,
        a length past `block_size`, no examples or one outside the vocabulary, or anything asked before `fit`; for a
        table of `counts` that would fill a gigabyte.

    Source: lesson 02; the table of lesson 01 is ``counts[1]``. With words: lesson 10.
    """

    def __init__(self, vocab_size: int, block_size: int, smoothing: float = 1.0, method: str = "add"):
        if vocab_size < 2 or block_size < 0:
            raise ValueError(f"vocab_size must be 2 or more and block_size 0 or more; got {vocab_size}, {block_size}.")
        _check_smoothing(smoothing, method)
        self.vocab_size, self.block_size = vocab_size, block_size
        self.smoothing, self.method = smoothing, method
        self.discounts: list[Tensor] = []
        # For each length: the rows' keys (rows,), parent row * vocab_size + oldest character, sorted; the cells' places
        # (cells,), row * vocab_size + symbol, sorted; and what each cell holds (cells,).
        self._keys: list[Tensor] = []
        self._cells: list[Tensor] = []
        self._often: list[Tensor] = []
        # For each length: the cells' shares (cells,) and what is left (rows,), when its contexts are the longest asked,
        # and when longer ones ask it.
        self._asked: list[tuple[Tensor, Tensor]] = []
        self._shorter: list[tuple[Tensor, Tensor]] = []

    def fit(self, X: Tensor, Y: Tensor) -> CountModel:
        """Count the examples X (N, block_size), Y (N,), then smooth the counts. Returns the model itself."""
        self._check_contexts(X, self.block_size)
        places.check_examples(X, Y)
        if len(X) == 0:
            raise ValueError("fit got no examples: build X and Y from at least one name.")
        for name, indices in (("X", X), ("Y", Y)):
            if indices.numel() and indices.max() >= self.vocab_size:
                raise ValueError(
                    f"{name} holds index {indices.max()}, but vocab_size is {self.vocab_size}: pass len(vocab) for it."
                )
        # In a list of names only boundaries stand before a boundary. In a text, words do.
        self._names = not ((X[:, 1:] == 0) & (X[:, :-1] != 0)).any()
        self._keys, self._cells, self._often = [], [], []
        row = torch.zeros(len(X), dtype=torch.int64)  # the context of length 0 has one row
        for length in range(self.block_size + 1):
            key = row if length == 0 else row * self.vocab_size + X[:, -length]
            keys, row = torch.unique(key, return_inverse=True)
            cells, often = torch.unique(row * self.vocab_size + Y, return_counts=True)
            self._keys.append(keys)
            self._cells.append(cells)
            self._often.append(often.float())  # float32 counts are exact up to 16,777,216
        return self.smooth(self.smoothing, self.method)

    def smooth(self, smoothing: float, method: str | None = None) -> CountModel:
        """Smooth in another way, without counting again. Returns the model itself."""
        method = method or self.method
        _check_smoothing(smoothing, method)
        self._check_fitted()
        self.smoothing, self.method = smoothing, method
        self._asked, self._shorter, self.discounts = [], [], []
        for length in range(self.block_size + 1):
            self._asked.append(self._shares(length, self._often[length]))
            if method == "kneser_ney" and length < self.block_size:
                self._shorter.append(self._shares(length, self._continuations(length)))
            else:
                self._shorter.append(self._asked[-1])
        return self

    def _shares(self, length: int, often: Tensor) -> tuple[Tensor, Tensor]:
        """The share of each cell (cells,), and what each row leaves to the shorter context (rows,).

        What `smooth`, `interpolate` and `kneser_ney` compute of a full table, for its cells alone.
        """
        row = self._cells[length] // self.vocab_size
        total = often.new_zeros(len(self._keys[length])).index_add_(0, row, often)
        if self.method == "add":  # to all symbols alike
            imagined = self.smoothing * self.vocab_size
            return often / (total + imagined)[row], imagined / (total + imagined)
        padded = self._padded(length)  # a second boundary says nothing new: no evidence is to count twice
        if self.method == "interpolate":
            shares, left = often / (total + self.smoothing)[row], self.smoothing / (total + self.smoothing)
        else:
            discounts = estimate_discounts(often[~padded[row]])
            self.discounts[length:] = [discounts.to(often.dtype)]  # of two, longer ones ask the last
            taken = self.discounts[length][often.clamp(max=3).long()]
            shares = (often - taken) / total[row]
            left = torch.zeros_like(total).index_add_(0, row, taken) / total
        return shares.masked_fill(padded[row], 0), left.masked_fill(padded, 1)

    def __call__(self, X: Tensor, length: int | None = None) -> Tensor:
        """Log-probabilities (N, vocab_size) of what follows the contexts X (N, block_size); they serve as logits.

        Only the last `length` characters are used, by default all. -inf means that the model takes it for impossible.
        """
        length = self._checked(X, length)
        probs = torch.full((len(X), self.vocab_size), 1 / self.vocab_size, dtype=torch.float32)
        for at, row, seen in self._asked_tables(X, length):
            shares, left = self._asked[at] if at == length else self._shorter[at]
            probs *= left[row].masked_fill(~seen, 1).unsqueeze(1)
            which, cell = self._cells_of(at, row, seen)
            probs[which, self._cells[at][cell] % self.vocab_size] += shares[cell]
        return probs.log_()

    def log_prob(self, X: Tensor, Y: Tensor, length: int | None = None) -> Tensor:
        """Log-probabilities (N,) of the answers Y (N,) alone, which costs no row of all symbols for each context."""
        length = self._checked(X, length)
        probs = torch.full((len(X),), 1 / self.vocab_size, dtype=torch.float32)
        for at, row, seen in self._asked_tables(X, length):
            probs = self._answer(self._asked if at == length else self._shorter, at, row, seen, Y, probs)
        return probs.log_()

    def _answer(
        self, tables: list[tuple[Tensor, Tensor]], at: int, row: Tensor, seen: Tensor, Y: Tensor, shorter: Tensor
    ) -> Tensor:
        """What a table says of the answers Y (N,), from the shorter context's word on them (N,)."""
        shares, left = tables[at]
        cell, there = self._find(at, row, Y)
        return torch.where(seen, torch.where(there, shares[cell], 0.0) + left[row] * shorter, shorter)

    def nll_by_length(self, X: Tensor, Y: Tensor) -> list[float]:
        """The loss on X (N, block_size), Y (N,) with 0, 1, … block_size characters of context: nats per character."""
        self._checked(X, None)
        losses, probs = [], torch.full((len(X),), 1 / self.vocab_size, dtype=torch.float32)
        for at, (row, seen) in enumerate(self._walk(X, self.block_size)):
            losses.append(-self._answer(self._asked, at, row, seen, Y, probs).log().mean().item())
            if self.method != "add":
                probs = self._answer(self._shorter, at, row, seen, Y, probs)
        return losses

    def count(self, X: Tensor, Y: Tensor, length: int | None = None) -> Tensor:
        """How often Y (N,) followed the last `length` characters (default all) of X (N, block_size): (N,) float32."""
        length = self._checked(X, length)
        *_, (row, seen) = self._walk(X, length)
        cell, there = self._find(length, row, Y)
        return self._often[length][cell] * (seen & there)

    def seen(self, X: Tensor, length: int | None = None) -> Tensor:
        """Whether the last `length` characters (default all) of each context in X were counted: (N,) bool."""
        *_, (_, seen) = self._walk(X, self._checked(X, length))
        return seen

    def examples(self) -> tuple[Tensor, Tensor, Tensor]:
        """The distinct examples that it was fitted on, in order, and how often each: (n, block_size), (n,), (n,)."""
        self._check_fitted()
        row, Y = self._cells[-1] // self.vocab_size, self._cells[-1] % self.vocab_size
        often, oldest_first = self._often[-1].long(), []
        for keys in self._keys[:0:-1]:
            oldest_first.append(keys[row] % self.vocab_size)
            row = keys[row] // self.vocab_size
        X = torch.stack(oldest_first, 1) if oldest_first else torch.empty(len(Y), 0, dtype=torch.int64)
        order = sorted(range(len(Y)), key=torch.cat([X, Y[:, None]], 1).tolist().__getitem__)
        return X[order], Y[order], often[order]

    @property
    def counts(self) -> Sequence[Tensor]:
        return _Tables(self)

    def _walk(self, X: Tensor, length: int) -> Iterator[tuple[Tensor, Tensor]]:
        """For contexts of 0 … `length` characters: the row of each example (N,), and whether it has one (N,) bool."""
        row, seen = torch.zeros(len(X), dtype=torch.int64), torch.ones(len(X), dtype=torch.bool)
        yield row, seen
        for back in range(1, length + 1):
            row, there = _position(self._keys[back], row * self.vocab_size + X[:, -back])
            seen = seen & there
            yield row, seen

    def _asked_tables(self, X: Tensor, length: int) -> Iterator[tuple[int, Tensor, Tensor]]:
        """The tables that a prediction asks, from the shortest context on, with each example's row there."""
        for at, (row, seen) in enumerate(self._walk(X, length)):
            if at == length or self.method != "add":
                yield at, row, seen

    def _find(self, length: int, row: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
        """The cell of each answer Y (N,) in its row (N,), and whether it is there (N,) bool."""
        return _position(self._cells[length], row * self.vocab_size + Y)

    def _cells_of(self, length: int, row: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """All cells of the rows (N,) that are seen: which example each belongs to, and which cell it is."""
        edges = torch.stack([row, row + seen]) * self.vocab_size  # (2, N), no cells where nothing was seen
        first, end = torch.searchsorted(self._cells[length], edges)  # (N,) each
        which = torch.arange(len(row)).repeat_interleave(end - first)
        ahead = (end - first).cumsum(0) - (end - first)  # (N,) how many cells the examples before have
        return which, torch.arange(len(which)) + (first - ahead)[which]

    def _at_start(self, length: int) -> Tensor:
        """Which contexts (rows,) of this length, 1 or more, begin with the boundary before a name."""
        return (self._keys[length] % self.vocab_size == 0) & self._names

    def _padded(self, length: int) -> Tensor:
        """Which contexts (rows,) of this length begin with two boundaries or more."""
        if length < 2:
            return torch.zeros(len(self._keys[length]), dtype=torch.bool)
        return self._at_start(length) & self._at_start(length - 1)[self._keys[length] // self.vocab_size]

    def _continuations(self, length: int) -> Tensor:
        """Kneser-Ney's counts (cells,) for shorter contexts: in how many longer ones a pair occurs.

        A context that begins with the boundary before a name has nothing before it, so its plain count stays.
        """
        row, symbol = self._cells[length + 1] // self.vocab_size, self._cells[length + 1] % self.vocab_size
        cell, _ = self._find(length, self._keys[length + 1][row] // self.vocab_size, symbol)
        distinct = torch.bincount(cell, minlength=len(self._cells[length])).float()
        if length == 0:
            return distinct
        return torch.where(
            self._at_start(length)[self._cells[length] // self.vocab_size], self._often[length], distinct
        )

    def _checked(self, X: Tensor, length: int | None) -> int:
        length = self.block_size if length is None else length
        self._check_contexts(X, length)
        self._check_fitted()
        return length

    def _check_fitted(self) -> None:
        if not self._keys:
            raise ValueError("The CountModel has counted nothing yet: call fit(X, Y) first.")

    def _check_contexts(self, X: Tensor, length: int) -> None:
        for where, device in (("The contexts are", X.device), ("PyTorch makes new tensors", torch.empty(0).device)):
            if device.type != "cpu":
                raise ValueError(f"{where} on '{device}', and a CountModel counts on the CPU: bring all there.")
        if not 0 <= length <= self.block_size:
            raise ValueError(f"length is {length}: this CountModel looks back 0 to {self.block_size} characters.")
        if X.ndim != 2 or X.shape[1] < length:
            raise ValueError(
                f"The contexts have shape {tuple(X.shape)}, but this CountModel looks back {length} characters: "
                f"pass (N, {length})."
            )


class CacheModel:
    """Predict each word by its share of the words in the context: what a text has said, it soon says again.

    It is of use only in a mixture, because it holds every word that is not in the context to be impossible.

    Parameters
    ----------
    vocab_size : number of symbols.
    block_size : words in the context.

    Source: lesson 10; Kuhn and De Mori 1990.
    """

    def __init__(self, vocab_size: int, block_size: int = 500):
        if vocab_size < 2 or block_size < 1:
            raise ValueError(f"vocab_size must be 2 or more and block_size 1 or more; got {vocab_size}, {block_size}.")
        self.vocab_size, self.block_size = vocab_size, block_size

    def __call__(self, X: Tensor) -> Tensor:
        """Log-probabilities (N, vocab_size) of what follows the contexts X (N, block_size); they serve as logits."""
        share = torch.full(X.shape, 1 / self.block_size)
        return torch.zeros(len(X), self.vocab_size).scatter_add_(1, X, share).log_()

    def log_prob(self, X: Tensor, Y: Tensor) -> Tensor:
        """Log-probabilities (N,) of the answers Y (N,) alone."""
        return (Y.unsqueeze(1) == X).float().mean(1).log()


class _Tables(Sequence):
    """A CountModel's tables with all their zeros: (rows, vocab_size) for each length, made when asked for."""

    def __init__(self, model: CountModel):
        self.model = model

    def __len__(self) -> int:
        return len(self.model._keys)

    def __getitem__(self, length: int | slice) -> Tensor | list[Tensor]:
        if isinstance(length, slice):
            return [self[one] for one in range(len(self))[length]]
        length = range(len(self))[length]
        rows, columns = len(self.model._keys[length]), self.model.vocab_size
        if rows * columns > LARGEST_TABLE:
            raise ValueError(
                f"The table of length {length} has {rows:,} rows of {columns:,} counts, nearly all of them 0: ask "
                f"count(X, Y, {length}) for those that you need."
            )
        table = torch.zeros(rows * columns, dtype=torch.float32)
        table[self.model._cells[length]] = self.model._often[length]
        return table.view(rows, columns)


def _position(sorted_: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Where each of `wanted` (N,) stands in `sorted_`, which isn't empty, and whether it is there at all (N,) bool."""
    at = torch.searchsorted(sorted_, wanted).clamp_(max=len(sorted_) - 1)
    return at, sorted_[at] == wanted


def _check_smoothing(smoothing: float, method: str) -> None:
    if not 0 <= smoothing < float("inf"):
        raise ValueError(f"smoothing is {smoothing}: it is a number of imagined examples, so pass 0 or more.")
    if method not in METHODS:
        raise ValueError(f"There is no smoothing method '{method}': pass one of {', '.join(METHODS)}.")
