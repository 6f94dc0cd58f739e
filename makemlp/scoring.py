"""How good a model is (floor 1): one number for any model of the course."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.no_grad()
def nll(model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor) -> float:
    """Mean negative log-likelihood of the answers Y after the contexts X, in nats per character.

    Parameters
    ----------
    model : anything that maps contexts (N, block_size) to logits (N, vocab_size); log-probabilities are logits too.
    X : (N, block_size) int64
    Y : (N,) int64

    Returns
    -------
    float
        0 for a model that is always sure and right, ln(vocab_size) for one that knows nothing,
        inf for one that held an answer to be impossible.

    Source: lesson 02.
    """
    return F.cross_entropy(model(X), Y).item()
