"""Two models as one (floor 3): the paper's best result is such a mixture."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from makemlp.scoring import log_prob


class Mixture:
    """A model whose probabilities are `weight` times one model's plus 1 - `weight` times another's.

    Parameters
    ----------
    one, other : map contexts (N, their block_size) to logits (N, vocab_size).
    weight : from 0 to 1.

    Attributes
    ----------
    block_size : the longer of the two; each model is given as many of the last characters as its own block_size.

    Raises
    ------
    ValueError
        for a weight outside 0 to 1.

    Source: lesson 09; Bengio et al. 2003, section 4, mix the network with a trigram at equal parts.
    """

    def __init__(self, one: Callable[[Tensor], Tensor], other: Callable[[Tensor], Tensor], weight: float = 0.5):
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}: it is the first model's share, so pass 0 to 1.")
        self.one, self.other, self.weight = one, other, weight
        self.block_size = max(one.block_size, other.block_size)

    @torch.no_grad()
    def __call__(self, X: Tensor) -> Tensor:
        """Log-probabilities (N, vocab_size) of what follows the contexts X (N, block_size); they serve as logits."""
        p, q = (model(X[:, self.block_size - model.block_size :]).softmax(1) for model in (self.one, self.other))
        return (self.weight * p + (1 - self.weight) * q).log()  # (N, vocab_size)

    @torch.no_grad()
    def log_prob(self, X: Tensor, Y: Tensor) -> Tensor:
        """Log-probabilities (N,) of the answers Y (N,) alone, as `makemlp.log_prob` asks both models for them."""
        p, q = (
            log_prob(model, X[:, self.block_size - model.block_size :], Y).exp() for model in (self.one, self.other)
        )
        return (self.weight * p + (1 - self.weight) * q).log()
