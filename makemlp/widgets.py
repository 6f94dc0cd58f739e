"""Every explorer of the course (floor 5): sliders on a picture of the floor below.

An explorer only reads its controls, calls a function of `makemlp.figures`, and shows what comes back. What is wrong
with a typed text is said in a line above the picture, and the last good picture stays.
"""

from __future__ import annotations

import functools
import html
import threading
import time
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures
from makemlp.counts import METHODS, CountModel
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.training import Run

_WIDE = {"description_width": "11em"}
_LAYOUT = widgets.Layout(width="min(36em, 95%)")


class Panel(widgets.VBox):
    """What explorers and the trainer share: controls by name, a message line and a picture."""

    def __init__(self, controls: dict[str, widgets.Widget], rows: Sequence[widgets.Widget]):
        self.controls = controls
        self._picture, self._message = widgets.HTML(), widgets.HTML()
        super().__init__([*rows, self._message, self._picture])

    def __repr__(self) -> str:
        """What a page without widgets shows in the panel's place, and what nbval compares."""
        return f"Controls: {', '.join(self.controls)}. Run this cell to use them."

    def _say(self, sentence: str) -> None:
        # A line that screen readers announce; what is wrong is said in words, not by the colour alone.
        style = f"color: {figures.ORANGE}"
        self._message.value = f'<div role="status" style="{style}">{html.escape(sentence)}</div>'


class Explorer(Panel):
    """Controls above the pictures that `draw` makes from their values.

    Parameters
    ----------
    draw : called with the controls' values by keyword; returns one `Picture` or more, or raises a ValueError with a
        sentence for the reader.
    controls : ipywidgets by the name of draw's parameter.
    """

    def __init__(self, draw: Callable[..., list[figures.Picture]], **controls: widgets.Widget):
        self._draw = draw
        super().__init__(controls, list(controls.values()))
        for control in controls.values():
            if isinstance(control, widgets.Button):
                control.presses = 0
                control.on_click(self._press)
            else:
                control.observe(self._refresh, "value")
        self._refresh()

    def _press(self, button: widgets.Button) -> None:
        button.presses += 1
        self._refresh()

    def _values(self) -> dict:
        return {
            name: control.presses if isinstance(control, widgets.Button) else control.value
            for name, control in self.controls.items()
        }

    def _refresh(self, change: object = None) -> None:
        try:
            shown = "<br>".join(picture.to_html() for picture in self._draw(**self._values()))
        except ValueError as error:
            self._say(str(error))
            return
        self._picture.value = shown
        self._say("")


def _slider(
    kind: type, description: str, value: float, low: float, high: float, step: float, **extra
) -> widgets.Widget:
    return kind(
        value=value, min=low, max=high, step=step, description=description, style=_WIDE, layout=_LAYOUT, **extra
    )


def _text(description: str, value: str) -> widgets.Text:
    return widgets.Text(value=value, description=description, style=_WIDE, layout=_LAYOUT)


def explore_sampling(model: Callable[[Tensor], Tensor], vocab: Vocabulary, n: int = 24) -> Explorer:
    """Names from a trained model while you drag: temperature, first letters, and a button for another draw.

    Source: lesson 00.
    """

    def draw(temperature: float, prefix: str, again: int) -> list[figures.Picture]:
        names = sample(model, vocab, n, temperature=temperature, prefix=prefix, seed=again)
        return [figures.made_up_names(names, temperature)]

    return Explorer(
        draw,
        temperature=_slider(widgets.FloatSlider, "temperature", 1.0, 0.1, 3.0, 0.05, readout_format=".2f"),
        prefix=_text("begins with", ""),
        again=widgets.Button(description="Draw again", icon="refresh"),
    )


def explore_smoothing(counts: Tensor, vocab: Vocabulary) -> Explorer:
    """A row of the bigram table while you drag what is added to every count.

    Parameters
    ----------
    counts : (vocab_size, vocab_size), how often each character (row) is followed by each (column).

    Source: lesson 01.
    """
    return Explorer(
        lambda alpha, symbol: [figures.smoothing(counts, vocab, alpha, symbol)],
        alpha=_slider(widgets.FloatLogSlider, "added to each count", 1.0, -2.0, 5.0, 0.1, readout_format=",.3g"),
        symbol=widgets.Dropdown(options=vocab.itos, value=vocab.itos[-1], description="after", style=_WIDE),
    )


def explore_count_tables(
    train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, longest: int = 10, lecture: float | None = None
) -> Explorer:
    """Train and dev loss of count tables of every context length while you drag the smoothing.

    The tables are counted once; a moved slider only smooths and scores them anew. `lecture` draws a line at a loss to
    compare with, the lecture's.

    Source: lesson 02.
    """
    curves = _count_curves(tuple(train), tuple(dev), vocab, longest)

    def draw(block_size: int, smoothing: float, method: str) -> list[figures.Picture]:
        needs_none = method == "kneser_ney"
        controls["smoothing"].disabled = needs_none
        losses = curves(0.0 if needs_none else smoothing, method)
        return [figures.nll_by_context(losses, mark=(block_size, losses["dev"][block_size]), lecture=lecture)]

    controls = {
        "block_size": _slider(widgets.IntSlider, "context length", 3, 0, longest, 1),
        "smoothing": _slider(widgets.FloatLogSlider, "smoothing", 0.1, -3.0, 2.0, 0.25, readout_format=".3g"),
        "method": widgets.Dropdown(options=METHODS, description="method", style=_WIDE),
    }
    return Explorer(draw, **controls)


@functools.lru_cache(maxsize=1)  # the tables are large: a cell that is run again finds them here
def _count_curves(
    train: tuple[str, ...], dev: tuple[str, ...], vocab: Vocabulary, longest: int
) -> Callable[[float, str], dict[str, list[float]]]:
    """A function from smoothing and method to the train and dev losses by context length."""
    train_examples, dev_examples = build_dataset(train, vocab, longest), build_dataset(dev, vocab, longest)
    model = CountModel(len(vocab), longest).fit(*train_examples)

    @functools.lru_cache(maxsize=256)  # the context slider moves only a mark
    def curves(smoothing: float, method: str) -> dict[str, list[float]]:
        model.smooth(smoothing, method)
        return {"train": model.nll_by_length(*train_examples), "dev": model.nll_by_length(*dev_examples)}

    return curves


def explore_architecture(vocab_size: int) -> Explorer:
    """The drawing, the parameter count and the comparison with a count table while you drag the sizes.

    Source: lesson 03.
    """
    return Explorer(
        lambda **sizes: [figures.architecture(vocab_size, **sizes), figures.size_comparison(vocab_size, **sizes)],
        block_size=_slider(widgets.IntSlider, "block_size", 3, 1, 16, 1),
        emb_dim=_slider(widgets.IntSlider, "emb_dim", 2, 1, 60, 1),
        hidden_dim=_slider(widgets.IntSlider, "hidden_dim", 100, 10, 1000, 10),
        direct=widgets.Checkbox(value=False, description="direct connections", indent=False),
    )


def explore_prediction(model: MLP, vocab: Vocabulary, prefix: str = "") -> Explorer:
    """Type the beginning of a name and see every tensor on the way to the next character.

    Source: lesson 04.
    """
    return Explorer(
        lambda prefix: [figures.anatomy(model, vocab, prefix)],
        prefix=_text("the name so far", prefix),
    )


class Trainer(Panel):
    """A run that trains while its sliders are dragged: start, pause, reset.

    The rate and the batch size act from the next step on; another size of the model begins it anew. Steps are taken
    by a thread of its own, so that the page stays responsive; a run ends by itself after `steps` steps, so that a
    trainer whose cell was run again does not go on for long.
    """

    FRAME = 0.15  # seconds between two pictures

    def __init__(self, X: Tensor, Y: Tensor, vocab: Vocabulary, steps: int = 10_000):
        self._examples, self._vocab, self._steps = (X, Y), vocab, steps
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()  # set while the thread is to go on
        self._lock = threading.RLock()  # a slider may ask for another model while a step is under way
        controls = {
            "rate": _slider(widgets.FloatLogSlider, "learning rate", 0.02, -4.0, 0.0, 0.05, readout_format=".2g"),
            "batch_size": widgets.SelectionSlider(
                options=[32, 64, 128, 256, 512, 1024, 2048, 4096],
                value=512,
                description="batch_size",
                style=_WIDE,
                layout=_LAYOUT,
            ),
            "emb_dim": _slider(widgets.IntSlider, "emb_dim", 2, 1, 20, 1),
            "hidden_dim": _slider(widgets.IntSlider, "hidden_dim", 100, 10, 300, 10),
            "start": widgets.Button(description="Start", icon="play"),
            "reset": widgets.Button(description="Reset", icon="undo"),
        }
        self._bar = widgets.IntProgress(max=steps, description="steps", style=_WIDE, layout=_LAYOUT)
        sliders = [control for control in controls.values() if not isinstance(control, widgets.Button)]
        super().__init__(controls, [*sliders, widgets.HBox([controls["start"], controls["reset"]]), self._bar])
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
        self._picture.value = figures.live_training(losses, C, self._vocab).to_html()


def explore_training(X: Tensor, Y: Tensor, vocab: Vocabulary, steps: int = 10_000) -> Trainer:
    """A live trainer on the examples X (N, block_size), Y (N,).

    Source: lesson 05.
    """
    return Trainer(X, Y, vocab, steps)
