"""Every explorer of the course (floor 5): sliders on a picture of the floor below.

An explorer only reads its controls, calls a function of `makemlp.figures`, and shows what comes back. What is wrong
with a typed text is said in a line under the picture, and the last good picture stays.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures
from makemlp.counts import METHODS, CountModel
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.sampling import sample

_WIDE = {"description_width": "11em"}
_LAYOUT = widgets.Layout(width="min(36em, 95%)")


class Explorer(widgets.VBox):
    """Controls above the pictures that `draw` makes from their values.

    Parameters
    ----------
    draw : called with the controls' values by keyword; returns one `Picture` or more, or raises a ValueError with a
        sentence for the reader.
    controls : ipywidgets by the name of draw's parameter.
    """

    def __init__(self, draw: Callable[..., list[figures.Picture]], **controls: widgets.Widget):
        self._draw, self.controls = draw, controls
        self._picture = widgets.HTML()
        self._message = widgets.HTML()
        super().__init__([*controls.values(), self._message, self._picture])
        for control in controls.values():
            if isinstance(control, widgets.Button):
                control.presses = 0
                control.on_click(self._press)
            else:
                control.observe(self._refresh, "value")
        self._refresh()

    def __repr__(self) -> str:
        """What a page without widgets shows in the explorer's place, and what nbval compares."""
        return f"Controls: {', '.join(self.controls)}. Run this cell to use them."

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
            pictures = self._draw(**self._values())
        except ValueError as error:
            self._say(str(error))
            return
        self._picture.value = "<br>".join(picture.to_html() for picture in pictures)
        self._say("")

    def _say(self, sentence: str) -> None:
        # Not by colour alone: the sentence stands in a line of its own that screen readers announce.
        self._message.value = f'<div role="status" style="color: #d55e00">{html.escape(sentence)}</div>'


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


def explore_count_tables(train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, longest: int = 10) -> Explorer:
    """Train and dev loss of count tables of every context length while you drag the smoothing.

    The tables are counted once; a moved slider only smooths and scores them anew.

    Source: lesson 02.
    """
    train_examples, dev_examples = build_dataset(train, vocab, longest), build_dataset(dev, vocab, longest)
    model = CountModel(len(vocab), longest).fit(*train_examples)

    @functools.lru_cache(maxsize=256)  # the context slider moves only a mark
    def curves(smoothing: float, method: str) -> dict[str, list[float]]:
        model.smooth(smoothing, method)
        return {"train": model.nll_by_length(*train_examples), "dev": model.nll_by_length(*dev_examples)}

    def draw(block_size: int, smoothing: float, method: str) -> list[figures.Picture]:
        losses = curves(0.0 if method == "kneser_ney" else smoothing, method)
        return [figures.nll_by_context(losses, mark=(block_size, losses["dev"][block_size]))]

    return Explorer(
        draw,
        block_size=_slider(widgets.IntSlider, "context length", 3, 0, longest, 1),
        smoothing=_slider(widgets.FloatLogSlider, "smoothing", 0.1, -3.0, 2.0, 0.25, readout_format=".3g"),
        method=widgets.Dropdown(options=METHODS, description="method", style=_WIDE),
    )


def explore_architecture(vocab_size: int = 27) -> Explorer:
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


def explore_prediction(model: MLP, vocab: Vocabulary, prefix: str = "emm") -> Explorer:
    """Type the beginning of a name and see every tensor on the way to the next character.

    Source: lesson 04.
    """
    return Explorer(
        lambda prefix: [figures.anatomy(model, vocab, prefix)],
        prefix=_text("the name so far", prefix),
    )
