"""Sizes and rates that retrain when a slider is let go, and a study that is watched (floor 5): lesson 06."""

from __future__ import annotations

import asyncio
import functools
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from makemlp import figures, live
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.scoreboard import Scoreboard
from makemlp.scoring import nll
from makemlp.training import Run, divergence, learning_rate_at
from makemlp.tuning import finished, standing
from makemlp.tuning.study import in_words
from makemlp.widgets.explorable import Explorable

if TYPE_CHECKING:
    import optuna

SLIDERS = [
    live.slider("block_size", "block_size", 3, 1, 10, 1, kernel=True, release=True),
    live.slider("emb_dim", "emb_dim", 2, 1, 32, 1, kernel=True, release=True),
    live.slider("hidden_dim", "hidden_dim", 100, 10, 500, 10, kernel=True, release=True),
    live.slider("steps", "steps", 300, 50, 1000, 50, kernel=True, release=True),
    live.slider("learning_rate", "learning rate", 0.02, 1e-4, 1.0, 0.1, log=True, kernel=True, release=True),
]
SETTINGS = [spec["name"] for spec in SLIDERS]
OF_A_ROW = ("dev", "train", "parameters", "seconds", *SETTINGS)


class _OutdatedError(Exception):
    """Newer settings have taken the place of a run that had just begun."""


class Tuner(Explorable):
    """A scoreboard, and sliders that train another run for it.

    A thread trains, so that the kernel stays free. One setting at most waits: the newest. In a run's first moments it
    does not wait but takes the run's place, so that five presses of an arrow key are one run. The button and the
    kernel's interrupt stop the run.
    """

    SETTLED = 0.3  # seconds after which a run is carried through; until then newer settings take its place
    TOLD = 0.1  # seconds between two reports of progress

    def __init__(
        self,
        train: Sequence[str],
        dev: Sequence[str],
        vocab: Vocabulary,
        board: Scoreboard,
        targets: Mapping[str, float],
    ):
        self._vocab, self._board = vocab, board
        self._examples = functools.cache(
            lambda names, block_size: build_dataset((train, dev)[names], vocab, block_size)
        )
        self._rows: dict[tuple, dict] = {}  # of the board, by settings: what was trained once is not trained again
        self._wish: tuple[dict, float] | None = None  # settings to train next, and when they were asked for
        self._settled = 0.0  # when the run under way is to be carried through
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        first = {spec["name"]: spec["value"] for spec in SLIDERS}
        if not self._runs():  # a picture needs a run
            self._train(first, lambda **what: None)
        rows = self._runs()
        sent = {"rows": [_brief(row) for row in rows], "newest": len(rows) - 1, "asked": first}
        sent |= {"waiting": False, "running": None, "step": 0, "loss": None, "note": ""}
        data = {"vocab_size": len(vocab), "targets": dict(targets)}
        still = figures.scoreboard(rows, targets)
        super().__init__("tuning", data, SLIDERS, [still], turned=SETTINGS, buttons={"train": "Train"}, sent=sent)
        for name in SETTINGS:
            self.controls[name].observe(lambda change: self._ask(), "value")
        self.controls["train"].on_click(lambda button: self.pause() if self.at_work() else self._ask())
        self._take_over()

    def at_work(self) -> bool:
        """Whether a run is trained or waits."""
        with self._lock:
            return self._thread is not None

    def pause(self) -> None:
        """Stop the run that is trained, and train none that waits."""
        with self._lock:
            self._wish = None
            self._stopped.set()

    def _ask(self) -> None:
        """Train what the sliders say: at once, or after the run under way."""
        self._heed_interrupts()
        # The page shows three digits of a rate, and what it shows is what is trained.
        settings = {name: float(f"{self.controls[name].value:.3g}") for name in SETTINGS}
        settings |= {name: int(settings[name]) for name in SETTINGS if name != "learning_rate"}
        with self._lock:
            self._wish = settings, time.monotonic()
            self.send(asked=settings, waiting=True, note="")
            self.controls["train"].description = "Cancel"
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        said = ""
        try:
            while (settings := self._next(said)) is not None:
                said = self._try(settings)
        finally:
            self.keep()

    def _next(self, said: str) -> dict | None:
        """The newest settings; None when nothing waits, which ends the thread."""
        with self._lock:
            if self._wish is None:
                self._thread = None
                stopped = "Nothing was trained. Move a slider or press Train." if self._stopped.is_set() else ""
                self.send(waiting=False, running=None, note=said or stopped)
                self.controls["train"].description = "Train"
                return None
            (settings, _), self._wish = self._wish, None
            self._stopped.clear()
            self._settled = time.monotonic() + self.SETTLED
            self.send(waiting=False, running=settings, step=0, loss=None)
            return settings

    def _try(self, settings: dict) -> str:
        """Train a run, unless it is on the board already; what there is to say of it."""
        known, said = tuple(settings.values()) in self._rows, ""
        try:
            row = self._rows[tuple(settings.values())] if known else self._train(settings, self.send)
        except ValueError as error:
            said = str(error)
        except _OutdatedError:
            pass
        else:
            rows = self._runs()
            newest = next(i for i, one in enumerate(rows) if one is row)
            said = f"These settings are on the board already: run {newest + 1}." if known else ""
            self.send(rows=[_brief(one) for one in rows], newest=newest)
        with self._lock:
            self._stopped.clear()
        return said

    def _runs(self) -> list[dict]:
        """The board's rows that can be drawn; a learner may have added others."""
        return [row for row in self._board.rows if {"train", "parameters"} <= row.keys()]

    def _train(self, settings: dict, tell: Callable) -> dict:
        """Train a run and write it on the board; an error, and no row, if it diverges or does not come to its end."""
        began = time.perf_counter()
        X, Y = self._examples(0, settings["block_size"])  # (N, block_size), (N,)
        sizes = {name: settings[name] for name in ("block_size", "emb_dim", "hidden_dim")}
        model = MLP(len(self._vocab), **sizes)
        self._take_steps(Run([model], X, Y, [settings["learning_rate"]]), settings, tell)
        seconds = round(time.perf_counter() - began, 2)
        scores = {"train": round(nll(model, X, Y), 4), "dev": nll(model, *self._examples(1, settings["block_size"]))}
        while time.monotonic() < self._settled:  # a short run, too, stands a moment before it is on the board
            self._check(settings["steps"], settings["steps"])
            time.sleep(0.02)
        self._check(settings["steps"], settings["steps"])
        parameters = sum(p.numel() for p in model.parameters())
        row = self._board.add(**scores, seconds=seconds, parameters=parameters, **settings)
        self._rows[tuple(settings.values())] = row
        return row

    def _take_steps(self, run: Run, settings: dict, tell: Callable) -> None:
        told, steps = -math.inf, settings["steps"]  # the first step is told at once
        for step in range(steps):
            self._check(step, steps)
            if not run.step(learning_rate_at(step, steps)):
                raise divergence(step, settings["learning_rate"])
            if time.monotonic() - told > self.TOLD or step + 1 == steps:
                lately = run.losses[-20:]
                tell(step=step + 1, loss=sum(loss.item() for loss in lately) / len(lately))
                told = time.monotonic()
        run.write_back()

    def _check(self, done: int, steps: int) -> None:
        if self._stopped.is_set():
            raise ValueError(
                f"Stopped after {done} of {steps} steps, so this run is not on the board. Move a slider or press Train."
            )
        wish = self._wish
        if wish is not None and wish[1] < self._settled:
            raise _OutdatedError


def _brief(row: Mapping) -> dict:
    """What the page shows of a run."""
    return {name: round(row[name], 4) for name in OF_A_ROW if isinstance(row.get(name), int | float)}


def explore_tuning(
    train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, board: Scoreboard, targets: Mapping[str, float]
) -> Tuner:
    """Train an MLP on the names of `train` each time that a slider is let go, and write the run on the board.

    A run that is stopped half-way gets no row, because its row would name steps that it never took. If the board is
    empty, a first run is trained at once.

    Parameters
    ----------
    targets : losses to compare with, by what they are.

    Source: lesson 06.
    """
    return Tuner(train, dev, vocab, board, targets)


class Watcher(Explorable):
    """A study as it stands, looked at again and again: how many trials are done, the best so far, the picture.

    A task of the notebook's own event loop looks; reading, which may take long, is done in a thread. So the kernel
    stays free for other cells, and a server that is away holds up nothing. The task ends when it is told to, when
    enough trials are finished, and when nothing has changed for a while.
    """

    def __init__(self, study: optuna.Study, trials: int, every: float, idle: float):
        self._study, self._trials, self._every, self._idle = study, trials, every, idle
        self._task = None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook
            self._loop = None
        sent = {"counts": {}, "rows": [], "watching": False, "note": ""} | self._look()
        still = [figures.study(sent["rows"], _settings(sent["rows"]))] if _done(sent["rows"]) else []
        super().__init__("study", {"trials": trials}, [], still, buttons={"watch": "Watch"}, sent=sent)
        self.controls["watch"].on_click(lambda button: self.pause() if self.watching() else self.start())
        self._take_over()

    def watching(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Look every few seconds; outside of a notebook, look once."""
        if self._loop is None:
            self.send(**self._look())
            return
        # A button may be answered in a thread of its own, whose loop ends with the answer.
        self._task = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)
        self.controls["watch"].description = "Stop"
        self.send(watching=True)
        self._heed_interrupts()

    def pause(self) -> None:
        """Look no more. The workers go on."""
        if self.watching():
            self._task.cancel()
            self._ended()

    def _ended(self, note: str | None = None) -> None:
        self.controls["watch"].description = "Watch"
        self.send(watching=False, **({} if note is None else {"note": note}))
        self.keep()

    async def _watch(self) -> None:
        changed, note = time.monotonic(), None
        while time.monotonic() - changed < self._idle:
            seen, before = await asyncio.to_thread(self._look), self.sent["counts"]
            self.send(**seen)
            if seen.get("counts", before) != before:
                changed = time.monotonic()
                self.keep()
            counts = self.sent["counts"]
            if counts and counts["done"] + counts["pruned"] >= self._trials:
                break
            await asyncio.sleep(self._every)
        else:
            note = f"Nothing new for {self._idle:.0f} seconds: press Watch to look again."
        self._ended(note)

    def _look(self) -> dict:
        """How many trials there are of each kind and what the finished ones are; or what is wrong."""
        try:
            with in_words(getattr(self._study, "kept_at", "the storage")):
                return {"counts": standing(self._study), "rows": _alike(finished(self._study)), "note": ""}
        except ValueError as error:
            return {"note": str(error)}


def _settings(rows: Sequence[Mapping]) -> list[str]:
    return [name for name in rows[0] if name not in ("number", "pruned", "dev")]


def _done(rows: Sequence[Mapping]) -> list[Mapping]:
    return [row for row in rows if not row["pruned"]]


def _alike(rows: Sequence[Mapping]) -> list[dict]:
    """The trials with the settings that all of them have as numbers, which a picture can show."""
    shared = [name for name in (rows[0] if rows else ()) if all(isinstance(row.get(name), int | float) for row in rows)]
    return [{name: row[name] for name in shared} for row in rows]


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
