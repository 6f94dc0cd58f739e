"""How much to trust whom (floor 5): lesson 09."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary
from makemlp.widgets.explorable import Explorable


def explore_mixture(
    network: Callable[[Tensor], Tensor],
    counts: Callable[[Tensor], Tensor],
    X: Tensor,
    Y: Tensor,
    vocab: Vocabulary | None = None,
) -> Explorable:
    """The loss of a mixture of two models while you drag the first one's share, and each name as the two see it.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples of whole names, each ended by the boundary; each model takes as
        many of the last characters as it wants.
    vocab : with it, a name is told when its point is pointed at.

    Source: lesson 09.
    """
    with torch.no_grad():  # of each answer, once; a moved slider only mixes
        p, q = (
            model(X[:, X.shape[1] - model.block_size :]).softmax(1).gather(1, Y[:, None])[:, 0]  # (N,)
            for model in (network, counts)
        )
    ends = (Y == 0).nonzero()[:, 0] + 1  # where each name's answers end
    lengths = ends.diff(prepend=torch.zeros(1, dtype=ends.dtype))
    data = {"network": live.packed(p), "counts": live.packed(q), "ends": live.packed(lengths)}
    if vocab is not None:
        data["names"] = live.packed_text(vocab.decode(Y.tolist()).split(vocab.itos[0])[:-1])
    weights = [i / 20 for i in range(21)]
    curve = [-(weight * p + (1 - weight) * q).log().mean().item() for weight in weights]
    controls = [live.slider("weight", "network's share", 0.5, 0.0, 1.0, 0.01, digits=2)]
    still = figures.mixture(weights, curve, (weights[10], curve[10]))
    return Explorable("mixture", data, controls, [still], turned=["weight"])
