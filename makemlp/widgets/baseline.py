"""How much to trust whom (floor 5): lesson 09."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
import torch
from torch import Tensor

from makemlp import figures
from makemlp.widgets.panel import Explorer, slider


def explore_mixture(
    network: Callable[[Tensor], Tensor], counts: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor
) -> Explorer:
    """The loss of a mixture of two models while you drag the first one's share.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples; each model takes as many of the last characters as it wants.

    Source: lesson 09.
    """
    weights = [i / 20 for i in range(21)]
    with torch.no_grad():  # of each answer, once; a moved slider only mixes
        p, q = (
            model(X[:, X.shape[1] - model.block_size :]).softmax(1).gather(1, Y[:, None]) for model in (network, counts)
        )

    def loss(weight: float) -> float:
        return -(weight * p + (1 - weight) * q).log().mean().item()

    curve = [loss(weight) for weight in weights]
    return Explorer(
        lambda weight: [figures.mixture(weights, curve, (weight, loss(weight)))],
        weight=slider(widgets.FloatSlider, "network's share", 0.5, 0.0, 1.0, 0.01, readout_format=".2f"),
    )
