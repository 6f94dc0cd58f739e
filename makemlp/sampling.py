"""New names from any model of the course (floor 3)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from makemlp.data import BOUNDARY, Vocabulary


def draw(weights: Tensor, u: Tensor) -> Tensor:
    """Pick an index from each row of `weights`, with chances in proportion to them.

    The weights are laid end to end on a line; `u` says how far along it to stop. ``torch.multinomial`` does the
    same, but from random numbers that differ between machines; with `u` from ``torch.rand`` they don't.

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


@torch.no_grad()
def sample(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    n: int = 20,
    *,
    temperature: float = 1.0,
    prefix: str = "",
    seed: int | None = None,
    max_length: int = 30,
) -> list[str]:
    """Names that the model makes up, a character at a time, all `n` side by side.

    Parameters
    ----------
    model : maps contexts (N, model.block_size) to logits (N, len(vocab)).
    temperature : the logits are divided by it. 1 is the model's own opinion, lower is safer, higher is wilder.
    prefix : how every name begins.
    seed : the same seed gives the same names; None gives new ones each time.
    max_length : a name that has not ended by then is cut.

    Returns
    -------
    list of n str

    Raises
    ------
    ValueError
        for a temperature that is not above 0, or a prefix with the boundary or a character the vocabulary lacks.

    Source: lesson 01 (one character of context), lesson 08 (temperature, prefix).
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature}: the logits are divided by it, so pass a number above 0.")
    if BOUNDARY in prefix:
        raise ValueError(f"{prefix!r} holds '{BOUNDARY}', the sign that marks where names begin and end: take it out.")
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    start = [0] * model.block_size + vocab.encode(prefix)
    tokens = torch.tensor(start, dtype=torch.int64).repeat(n, 1)  # (n, block_size + length so far)
    ended = torch.zeros(n, dtype=torch.bool)
    while not ended.all() and tokens.shape[1] < model.block_size + max_length:
        context = tokens[:, tokens.shape[1] - model.block_size :]  # (n, block_size)
        probs = (model(context) / temperature).softmax(1)  # (n, vocab_size)
        _check_probs(probs, vocab)
        token = draw(probs, torch.rand(n, 1, generator=generator))  # (n,)
        ended |= token == 0
        tokens = torch.cat([tokens, token[:, None]], dim=1)
    return [vocab.decode(row).split(".")[0] for row in tokens[:, model.block_size :].tolist()]


def _check_probs(probs: Tensor, vocab: Vocabulary) -> None:
    if probs.shape[1] != len(vocab):
        raise ValueError(
            f"The model predicts {probs.shape[1]} symbols and the vocabulary has {len(vocab)}: pass the vocabulary "
            f"that the model was built with."
        )
    if not probs.isfinite().all():
        raise ValueError("The model's predictions are not numbers: train it again, with a lower learning rate.")
