"""Sizes and rates that retrain when a slider is let go, and a study that is watched (floor 5): lesson 06."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from makemlp import figures
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.scoreboard import Scoreboard
from makemlp.scoring import nll
from makemlp.training import train as train_model
from makemlp.tuning import finished, standing
from makemlp.tuning.study import in_words
from makemlp.widgets.panel import LAYOUT, WIDE, Explorer, Panel, slider

if TYPE_CHECKING:
    import optuna


def explore_tuning(
    train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, board: Scoreboard, targets: Mapping[str, float]
) -> Explorer:
    """Train an MLP on the names of `train` each time that a slider is let go, and write the run on the board.

    A run that is stopped half-way gets no row, because its row would name steps that it never took.

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
        losses = train_model(model, X, Y, steps=settings["steps"], learning_rate=settings["learning_rate"])
        if len(losses) < settings["steps"]:
            raise ValueError(
                f"Stopped after {len(losses)} of {settings['steps']} steps, so this run is not on the board. Move a "
                f"slider to train again."
            )
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


class Watcher(Panel):
    """A study as it stands, looked at again and again: how many trials are done, the best so far, the picture.

    A task of the notebook's own event loop looks; what takes long, reading and drawing, is done in a thread. So the
    kernel stays free for other cells, and a server that is away holds up nothing. The task ends when it is told to,
    when enough trials are finished, and when nothing has changed for a while.
    """

    def __init__(self, study: optuna.Study, trials: int, every: float, idle: float):
        self._study, self._trials, self._every, self._idle = study, trials, every, idle
        self._seen: dict[str, int] = {}
        self._task = None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook
            self._loop = None
        watch = widgets.Button(description="Watch", icon="eye")
        watch.on_click(lambda button: self.pause() if self.watching() else self.start())
        self._bar = widgets.IntProgress(max=trials, description="finished", style=WIDE, layout=LAYOUT)
        self._counts = widgets.Label()
        super().__init__({"watch": watch}, [watch, self._bar, self._counts])
        self._take_over()
        self._show(*self._look())

    def watching(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Look every few seconds; outside of a notebook, look once."""
        if self._loop is None:
            self._show(*self._look())
            return
        # A button may be answered in a thread of its own, whose loop ends with the answer.
        self._task = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)
        self.controls["watch"].description = "Stop"

    def pause(self) -> None:
        """Look no more. The workers go on."""
        if self._task is not None:
            self._task.cancel()
        self.controls["watch"].description = "Watch"

    async def _watch(self) -> None:
        changed = time.monotonic()
        while time.monotonic() - changed < self._idle:
            if self._show(*await asyncio.to_thread(self._look)):
                changed = time.monotonic()
            if self._bar.value >= self._trials:
                break
            await asyncio.sleep(self._every)
        else:
            self._say(f"Nothing new for {self._idle:.0f} seconds: press Watch to look again.")
        self.controls["watch"].description = "Watch"

    def _look(self) -> tuple[dict[str, int], str, str, str]:
        """How many trials there are of each kind, a sentence, a picture if that has changed; and what is wrong."""
        try:
            with in_words(getattr(self._study, "kept_at", "the storage")):
                counts, rows = standing(self._study), finished(self._study)
        except ValueError as error:
            return self._seen, "", "", str(error)
        said, shown = ", ".join(f"{number} {what}" for what, number in counts.items()), ""
        done = [row["dev"] for row in rows if not row["pruned"]]
        if done and counts != self._seen:
            settings = [name for name in rows[0] if name not in ("number", "pruned", "dev")]
            shown = figures.study(rows, settings).to_html()
        best = f"; best so far {min(done):.3f}" if done else ""
        return counts, f"{said}{best}.", shown, ""

    def _show(self, counts: dict[str, int], said: str, shown: str, wrong: str) -> bool:
        """Put on the page what was seen; whether it is new."""
        new, self._seen = counts != self._seen, counts
        self._say(wrong)
        if said:
            self._bar.value = min(counts["done"] + counts["pruned"], self._trials)
            self._counts.value = said
        if shown:
            self._picture.value = shown
        return new


def explore_study(study: optuna.Study, trials: int = 100, every: float = 2.0, idle: float = 300.0) -> Watcher:
    """A study that others work on, watched: press the button, and look on while trials come in.

    Parameters
    ----------
    trials : the bar is full, and the watching ends, when so many trials are finished.
    every : seconds between two looks.
    idle : the watching ends after so many seconds without anything new.

    Source: lesson 06.
    """
    return Watcher(study, trials, every, idle)
