"""How much to trust whom (floor 5): lesson 09."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten
from typing import Literal

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary
from makemlp.scoring import log_prob
from makemlp.widgets.explorable import Explorable


def explore_mixture(
    network: Callable[[Tensor], Tensor],
    counts: Callable[[Tensor], Tensor],
    X: Tensor,
    Y: Tensor,
    vocab: Vocabulary | None = None,
    unit: Literal["name", "sentence"] = "name",
) -> Explorable:
    """The loss of a mixture of two models while you drag the first one's share, and each name as the two see it.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples of whole names or sentences, each ended by the boundary. What
        follows the last boundary is left out. Each model takes as many of the last symbols as it wants.
    vocab : with it, a name is told when its point is pointed at.
    unit : what the boundary ends. Sentences differ much in length, so each is placed by its mean per word.

    Source: lessons 09 and 10.
    """
    ends = (Y == 0).nonzero()[:, 0] + 1  # where each name's answers end
    X, Y = X[: int(ends[-1])], Y[: int(ends[-1])]
    # Of each answer, once; a moved slider only mixes.
    p, q = (log_prob(model, X[:, X.shape[1] - model.block_size :], Y).exp() for model in (network, counts))  # (N,)
    lengths = ends.diff(prepend=torch.zeros(1, dtype=ends.dtype))
    data = {"network": live.packed(p), "counts": live.packed(q), "ends": live.packed(lengths), "unit": unit}
    if vocab is not None:
        named = [vocab.decode(name[:-1].tolist()) for name in Y.split(lengths.tolist())]
        if unit == "sentence":  # its beginning only, so that it takes no more lines than what stood there before
            named = [shorten(sentence, 38, placeholder=" …") for sentence in named]
        data["names"] = live.packed_text(named)
    weights = [i / 20 for i in range(21)]
    curve = [-(weight * p + (1 - weight) * q).log().mean().item() for weight in weights]
    controls = [live.slider("weight", "network's share", 0.5, 0.0, 1.0, 0.01, digits=2)]
    symbol = "word" if unit == "sentence" else "character"
    still = figures.mixture(weights, curve, (weights[10], curve[10]), unit=symbol)
    return Explorable("mixture", data, controls, [still], turned=["weight"])
