"""New names from any model of the course, and what a model thinks of a name (floor 2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.data import Vocabulary, build_dataset, places
from makemlp.data.spelling import spelled


def draw(weights: Tensor, u: Tensor) -> Tensor:
    """Pick an index from each row of `weights`, with chances in proportion to them.

    The weights are laid end to end on a line, and `u` says how far along it to stop. ``torch.multinomial`` draws with
    the same chances, but its random numbers differ between machines. Those of ``torch.rand`` for `u` don't.

    Parameters
    ----------
    weights : (..., vocab_size), none negative, not all zero; they need not sum to one.
    u : (..., 1), from 0 up to but not including 1.

    Returns
    -------
    (...) int64

    Source: lesson 01.
    """
    edges = weights.cumsum(-1)  # (..., vocab_size) where each index's stretch of the line ends
    return (edges <= u * edges[..., -1:]).sum(-1)


def rank(logits: Tensor) -> Tensor:
    """The place of every symbol if the likeliest comes first: 1, 2, 3 … Of equal ones, the lower index comes first.

    Parameters
    ----------
    logits : (..., vocab_size); probabilities do as well, as only their order counts.

    Returns
    -------
    (..., vocab_size) int64

    Source: lesson 08.
    """
    order = logits.argsort(dim=-1, descending=True, stable=True)  # (..., vocab_size) the likeliest symbol's index first
    return order.argsort(-1) + 1


def nucleus(probs: Tensor, p: float) -> Tensor:
    """Keep the likeliest symbols, as few as hold `p` together, and give the others 0 (top-p, or nucleus sampling).

    Parameters
    ----------
    probs : (..., vocab_size), each row sums to one.
    p : above 0, at most 1. The likeliest symbol of a row is always kept; of equals, the lower index is kept first.

    Returns
    -------
    (..., vocab_size)
        weights for `draw`: the kept probabilities as they were, so that a row may sum to less than one.

    Source: lesson 08; Holtzman et al. 2020, section 3.1.
    """
    likely, order = probs.sort(dim=-1, descending=True, stable=True)  # (..., vocab_size) each
    before = likely.cumsum(-1) - likely  # what the likelier ones hold together
    return torch.zeros_like(probs).scatter(-1, order, likely * (before < p))


@places.on_cpu
@torch.no_grad()
def sample(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    n: int = 20,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    prefix: str = "",
    seed: int | None = None,
    max_length: int = 30,
) -> list[str]:
    """Names that the model makes up, one character at a time, all `n` side by side; with words, sentences.

    Parameters
    ----------
    model : maps contexts (N, model.block_size) to logits (N, len(vocab)).
    temperature : the logits are divided by it. 1 keeps the model's own probabilities. Below 1 likely characters become
        likelier, above 1 rarer ones do.
    top_k : draw from the k likeliest characters only. Of equally likely ones the lower index is kept. None keeps all.
    top_p : draw only from the likeliest characters, as few as hold this share of the probability together; it is taken
        after temperature and top_k. None, or 1, keeps all.
    prefix : what every name begins with; capitals and accents are read as `spelled` reads them.
    seed : the same seed gives the same names; None gives new ones each time.
    max_length : a name that has not ended after so many characters is cut there.

    Returns
    -------
    list of n str

    Raises
    ------
    ValueError
        for a temperature that is not above 0, a top_k below 1, a top_p that is not above 0 and at most 1, or a prefix
        that contains the boundary or a character that is not in the vocabulary.

    Source: lesson 01 (one character of context), lesson 08 (temperature, top-k, top-p, prefix).
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature}: the logits are divided by it, so pass a number above 0.")
    if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
        raise ValueError(
            f"top_k is {top_k!r}: it counts characters, so pass a whole number of 1 or more, or None for all."
        )
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(
            f"top_p is {top_p}: it is a share of the probability, so pass a number above 0 and at most 1, or None "
            f"for all."
        )
    boundary = vocab.itos[0]
    if boundary in prefix:
        raise ValueError(f"{prefix!r} holds '{boundary}', the sign that marks where names begin and end: take it out.")
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    start = [0] * model.block_size + vocab.encode(spelled(prefix, vocab.itos))
    tokens = torch.tensor(start, dtype=torch.int64).repeat(n, 1)  # (n, block_size + length so far)
    ended = torch.zeros(n, dtype=torch.bool)
    while not ended.all() and tokens.shape[1] < model.block_size + max_length:
        context = tokens[:, tokens.shape[1] - model.block_size :]  # (n, block_size)
        logits = model(context)  # (n, vocab_size)
        if top_k is not None:
            logits = logits.masked_fill(rank(logits) > top_k, -math.inf)
        probs = (logits / temperature).softmax(1)  # (n, vocab_size)
        _check_probs(probs, vocab)
        if top_p is not None and top_p < 1:  # at 1 a rounded sum could cost the last of them
            probs = nucleus(probs, top_p)
        token = draw(probs, torch.rand(n, 1, generator=generator, dtype=torch.float32))  # (n,)
        ended |= token == 0
        tokens = torch.cat([tokens, token[:, None]], dim=1)
    rows = tokens[:, model.block_size :].tolist()
    return [vocab.decode(row[: row.index(0)] if 0 in row else row) for row in rows]


def _check_probs(probs: Tensor, vocab: Vocabulary) -> None:
    if probs.shape[1] != len(vocab):
        raise ValueError(
            f"The model predicts {probs.shape[1]} symbols and the vocabulary has {len(vocab)}: pass the vocabulary "
            f"that the model was built with."
        )
    if not probs.isfinite().all():
        raise ValueError("The model's predictions are not numbers: train it again with a lower learning rate.")


@places.on_cpu
@torch.no_grad()
def score_name(model: Callable[[Tensor], Tensor], vocab: Vocabulary, name: str) -> tuple[Tensor, Tensor]:
    """How much a name surprises a model, character by character; the last entry is for the end of the name.

    With a `WordVocabulary`, the name is a sentence, such as "the cat sat .", and there is one entry per word.

    Parameters
    ----------
    model : maps contexts (N, model.block_size) to logits (N, len(vocab)).

    Returns
    -------
    losses : (len(name) + 1,), each character's NLL in nats; its probability is ``(-losses).exp()``.
    ranks : (len(name) + 1,) int64, 1 where no other character was likelier to the model.

    Raises
    ------
    ValueError
        if a character is not in the vocabulary.

    Source: lesson 08.
    """
    X, Y = build_dataset([name], vocab, model.block_size)  # (len(name) + 1, block_size), (len(name) + 1,)
    logits = model(X)  # (len(name) + 1, vocab_size)
    losses = F.cross_entropy(logits, Y, reduction="none")  # (len(name) + 1,)
    ranks = rank(logits)[torch.arange(len(Y)), Y]  # (len(name) + 1,)
    return losses, ranks


def novelty(samples: Sequence[str], train: Sequence[str], dev: Sequence[str]) -> dict[str, float]:
    """Where made-up names are found: the shares in train, in dev, and in neither.

    A name in train may have been memorised. One in dev is real, though the model never saw it. One that is in both
    counts as in train.

    Returns
    -------
    dict of str to float
        ``train``, ``dev``, ``new``, which sum to one.

    Raises
    ------
    ValueError
        if there are no samples.

    Source: lesson 08.
    """
    if len(samples) == 0:
        raise ValueError("novelty got no samples: pass at least one name, because it computes shares.")
    seen = set(train)
    real = set(dev) - seen
    counts = {"train": sum(name in seen for name in samples), "dev": sum(name in real for name in samples)}
    counts["new"] = len(samples) - sum(counts.values())
    return {where: count / len(samples) for where, count in counts.items()}
