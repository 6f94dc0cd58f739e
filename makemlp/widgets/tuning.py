"""Sizes and rates that retrain when a slider is let go (floor 5): lesson 06."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence

import ipywidgets as widgets

from makemlp import figures
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.scoreboard import Scoreboard
from makemlp.scoring import nll
from makemlp.training import train as train_model
from makemlp.widgets.panel import Explorer, slider


def explore_tuning(
    train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, board: Scoreboard, targets: Mapping[str, float]
) -> Explorer:
    """Train an MLP on the names of `train` each time that a slider is let go, and write the run on the board.

    Parameters
    ----------
    targets : losses to compare with, by what they are.

    Source: lesson 06.
    """

    @functools.cache  # settings that were tried before are on the board already
    def run(**settings: float) -> dict:
        sizes = {name: settings[name] for name in ("block_size", "emb_dim", "hidden_dim")}
        X, Y = build_dataset(train, vocab, settings["block_size"])
        model, began = MLP(len(vocab), **sizes), time.perf_counter()
        train_model(model, X, Y, steps=settings["steps"], learning_rate=settings["learning_rate"])
        seconds = round(time.perf_counter() - began, 2)
        dev_loss = nll(model, *build_dataset(dev, vocab, settings["block_size"]))
        parameters = sum(p.numel() for p in model.parameters())
        return board.add(
            train=round(nll(model, X, Y), 4), dev=dev_loss, seconds=seconds, parameters=parameters, **settings
        )

    def draw(**settings: float) -> list[figures.Picture]:
        row = run(**settings)
        rows = [r for r in board.rows if {"train", "parameters"} <= r.keys()]
        return [figures.scoreboard(rows, targets, shown=rows.index(row))]

    on_release = {"continuous_update": False}
    return Explorer(
        draw,
        block_size=slider(widgets.IntSlider, "block_size", 3, 1, 10, 1, **on_release),
        emb_dim=slider(widgets.IntSlider, "emb_dim", 2, 1, 32, 1, **on_release),
        hidden_dim=slider(widgets.IntSlider, "hidden_dim", 100, 10, 500, 10, **on_release),
        steps=slider(widgets.IntSlider, "steps", 300, 50, 1000, 50, **on_release),
        learning_rate=slider(
            widgets.FloatLogSlider, "learning rate", 0.02, -4.0, 0.0, 0.1, readout_format=".2g", **on_release
        ),
    )
