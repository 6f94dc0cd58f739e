"""A run that trains while its sliders are dragged (floor 5): lesson 05."""

from __future__ import annotations

import threading
import time

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures
from makemlp.data import Vocabulary
from makemlp.mlp import MLP
from makemlp.training import Run
from makemlp.widgets.panel import LAYOUT, WIDE, Panel, slider


class Trainer(Panel):
    """A run that trains while its sliders are dragged: start, pause, reset.

    The rate and the batch size act from the next step on; another size of the model begins it anew. Steps are taken
    by a thread of its own, so that the page stays responsive. A trainer whose cell is run again is paused; where the
    page doesn't tell which cell that is, it ends by itself after `steps` steps.
    """

    FRAME = 0.15  # seconds between two pictures

    def __init__(self, X: Tensor, Y: Tensor, vocab: Vocabulary, steps: int = 10_000):
        self._examples, self._vocab, self._steps = (X, Y), vocab, steps
        self._thread: threading.Thread | None = None
        self._frame: figures.Picture | None = None
        self._wanted = threading.Event()  # set while the thread is to go on
        self._lock = threading.RLock()  # a slider may ask for another model while a step is under way
        controls = {
            "rate": slider(widgets.FloatLogSlider, "learning rate", 0.02, -4.0, 0.0, 0.05, readout_format=".2g"),
            "batch_size": widgets.SelectionSlider(
                options=[32, 64, 128, 256, 512, 1024, 2048, 4096],
                value=512,
                description="batch_size",
                style=WIDE,
                layout=LAYOUT,
            ),
            "emb_dim": slider(widgets.IntSlider, "emb_dim", 2, 1, 20, 1),
            "hidden_dim": slider(widgets.IntSlider, "hidden_dim", 100, 10, 300, 10),
            "start": widgets.Button(description="Start", icon="play"),
            "reset": widgets.Button(description="Reset", icon="undo"),
        }
        self._bar = widgets.IntProgress(max=steps, description="steps", style=WIDE, layout=LAYOUT)
        sliders = [control for control in controls.values() if not isinstance(control, widgets.Button)]
        super().__init__(controls, [*sliders, widgets.HBox([controls["start"], controls["reset"]]), self._bar])
        self._take_over()
        for name in ("emb_dim", "hidden_dim"):
            self.controls[name].observe(lambda change: self.reset(), "value")
        for name in ("rate", "batch_size"):
            self.controls[name].observe(lambda change: self._adjust(), "value")
        self.controls["start"].on_click(lambda button: self.pause() if self._wanted.is_set() else self.start())
        self.controls["reset"].on_click(lambda button: (self.pause(), self.reset()))
        self.reset()

    def start(self) -> None:
        """Go on from where the run stands; from the beginning when it had come to its end."""
        if self._wanted.is_set():
            return
        with self._lock:
            if len(self.run.losses) >= self._steps or self._diverged:
                self.reset()
        # A flag of its own for each thread: one that was paused and is still drawing can't take the next one's down.
        self._wanted = threading.Event()
        self._wanted.set()
        self.controls["start"].description, self.controls["start"].icon = "Pause", "pause"
        self._thread = threading.Thread(target=self._work, args=(self._wanted,), daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop after the step under way."""
        self._wanted.clear()
        self.controls["start"].description, self.controls["start"].icon = "Start", "play"

    def reset(self) -> None:
        """Begin anew with a model of the sizes that the sliders say; a run under way goes on with it."""
        with self._lock:
            self.model = MLP(
                len(self._vocab),
                block_size=self._examples[0].shape[1],
                emb_dim=self.controls["emb_dim"].value,
                hidden_dim=self.controls["hidden_dim"].value,
            )
            self.run = Run([self.model], *self._examples, [self.controls["rate"].value])
            self._diverged = False
            self._adjust()
            self._show()

    def _adjust(self) -> None:
        with self._lock:
            self.run.optimizer.learning_rates.fill_(self.controls["rate"].value)
            self.run.batches.resize(self.controls["batch_size"].value)

    def _work(self, wanted: threading.Event) -> None:
        shown = time.monotonic()
        while self._step(wanted):
            if time.monotonic() - shown > self.FRAME:
                self._show()
                shown = time.monotonic()
        if wanted is self._wanted:
            self.pause()
        self._show()

    def _step(self, wanted: threading.Event) -> bool:
        """Take a step, if one is wanted; False when the run is to stop."""
        with self._lock:
            if not wanted.is_set() or len(self.run.losses) >= self._steps or self._diverged:
                return False
            self._diverged = not self.run.step()
            return True

    def _show(self) -> None:
        with self._lock:
            losses = [loss.item() for loss in self.run.losses]
            C = self.run.stack.parameters["C"][0].clone()
            diverged = self._diverged
        self._bar.value = len(losses)
        if diverged:
            self._say(f"The run diverged at step {len(losses) - 1}: move the learning rate down and press Start.")
            return
        self._say("")
        with self._lock:
            # The figure is built once and its artists are moved: drawing, not training, is what a frame costs.
            if self._frame is None:
                self._frame = figures.live_training(losses, C, self._vocab)
            else:
                figures.update_live_training(self._frame, losses, C)
            self._picture.value = self._frame.to_html()


def explore_training(X: Tensor, Y: Tensor, vocab: Vocabulary, steps: int = 10_000) -> Trainer:
    """A live trainer on the examples X (N, block_size), Y (N,).

    Source: lesson 05.
    """
    return Trainer(X, Y, vocab, steps)
