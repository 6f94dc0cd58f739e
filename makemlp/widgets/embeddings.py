"""A run played again, and who is near whom (floor 5): lesson 07."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary
from makemlp.figures.embeddings import flattened
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.widgets.explorable import Explorable

NAMES = 6  # that are made up at each frame


def explore_snapshots(frames: Mapping[int, MLP], losses: Sequence[float], vocab: Vocabulary) -> Explorable:
    """A run played again from copies of its model: the loss, some names, and the way of each embedding.

    Parameters
    ----------
    frames : copies of the model by the steps that it had taken; 0 for the start.
    losses : each step's loss, in nats per character.

    Raises
    ------
    ValueError
        without any frames.

    Source: lesson 07.
    """
    if len(frames) == 0:
        raise ValueError("explore_snapshots got no frames: pass copies of the model by the steps it had taken.")
    frames = {step: frames[step] for step in sorted(frames)}
    steps = list(frames)
    ways = torch.stack([model.C.detach() for model in frames.values()])  # (frames, vocab_size, emb_dim)
    made = [", ".join(sample(model, vocab, NAMES, seed=0, max_length=20)) for model in frames.values()]
    data = {
        "itos": vocab.itos,
        "steps": steps,
        "losses": live.packed(losses),
        "ways": live.packed(flattened(ways.flatten(0, 1))),
        "names": live.packed_text(made),
    }
    apart = math.gcd(*(step - steps[0] for step in steps)) or 1
    last = max(steps[-1], steps[0] + apart)
    controls = [
        live.slider("step", "step", steps[-1], steps[0], last, apart, digits=0),
        live.button("play", "Play or pause"),
    ]
    return Explorable("snapshots", data, controls, [figures.snapshot(frames, losses, vocab, steps[-1])])


def explore_neighbours(C: Tensor, vocab: Vocabulary) -> Explorable:
    """Choose a symbol and see how far the others are in all dimensions, and where a flat map has them.

    Parameters
    ----------
    C : (vocab_size, emb_dim), a row for each symbol.

    Source: lesson 07.
    """
    last = vocab.itos[-1]
    data = {"itos": vocab.itos, "C": live.packed(C), "flat": live.packed(flattened(C))}
    controls = [live.choice("symbol", "nearest to", last, vocab.itos)]
    return Explorable("neighbours", data, controls, [figures.nearest(C, vocab, last)])
