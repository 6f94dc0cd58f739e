"""A run played again, and who is near whom (floor 5): lesson 07."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures
from makemlp.data import Vocabulary
from makemlp.mlp import MLP
from makemlp.widgets.panel import LAYOUT, WIDE, Explorer


def explore_snapshots(frames: Mapping[int, MLP], losses: Sequence[float], vocab: Vocabulary) -> Explorer:
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
    play = widgets.Play(max=len(frames) - 1, interval=250, show_repeat=False, description="play")
    step = widgets.SelectionSlider(options=list(frames), description="step", style=WIDE, layout=LAYOUT)
    # The page moves the slider by itself. It has one message under way to the kernel and keeps the newest place only,
    # so that frames which come faster than they can be drawn are dropped.
    widgets.jslink((play, "value"), (step, "index"))
    return Explorer(lambda step: [figures.snapshot(frames, losses, vocab, step)], play=play, step=step)


def explore_neighbours(C: Tensor, vocab: Vocabulary) -> Explorer:
    """Choose a symbol and see its nearest others in all dimensions, and where a flat map has them.

    Parameters
    ----------
    C : (vocab_size, emb_dim), a row for each symbol.

    Source: lesson 07.
    """
    return Explorer(
        lambda symbol: [figures.nearest(C, vocab, symbol)],
        symbol=widgets.Dropdown(options=vocab.itos, value=vocab.itos[-1], description="nearest to", style=WIDE),
    )
