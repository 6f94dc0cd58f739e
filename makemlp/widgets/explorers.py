"""Sliders on the pictures of lessons 00 to 04 (floor 5)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures
from makemlp.counts import METHODS, CountModel
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.widgets.panel import WIDE, Explorer, slider, text


def explore_sampling(model: Callable[[Tensor], Tensor], vocab: Vocabulary, n: int = 24) -> Explorer:
    """Names from a trained model while you drag: temperature, top-k, first letters, and a button for another draw.

    Source: lesson 00; lesson 08 explains it.
    """

    def draw(temperature: float, top_k: int, prefix: str, again: int) -> list[figures.Picture]:
        some = top_k if top_k < len(vocab) else None
        names = sample(model, vocab, n, temperature=temperature, top_k=some, prefix=prefix, seed=again)
        return [figures.made_up_names(names, temperature, some)]

    return Explorer(
        draw,
        temperature=slider(widgets.FloatSlider, "temperature", 1.0, 0.1, 3.0, 0.05, readout_format=".2f"),
        top_k=slider(widgets.IntSlider, "top-k", len(vocab), 1, len(vocab), 1),
        prefix=text("begins with", ""),
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
        alpha=slider(widgets.FloatLogSlider, "added to each count", 1.0, -2.0, 5.0, 0.1, readout_format=",.3g"),
        symbol=widgets.Dropdown(options=vocab.itos, value=vocab.itos[-1], description="after", style=WIDE),
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
        "block_size": slider(widgets.IntSlider, "context length", 3, 0, longest, 1),
        "smoothing": slider(widgets.FloatLogSlider, "smoothing", 0.1, -3.0, 2.0, 0.25, readout_format=".3g"),
        "method": widgets.Dropdown(options=METHODS, description="method", style=WIDE),
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
        block_size=slider(widgets.IntSlider, "block_size", 3, 1, 16, 1),
        emb_dim=slider(widgets.IntSlider, "emb_dim", 2, 1, 60, 1),
        hidden_dim=slider(widgets.IntSlider, "hidden_dim", 100, 10, 1000, 10),
        direct=widgets.Checkbox(value=False, description="direct connections", indent=False),
    )


def explore_prediction(model: MLP, vocab: Vocabulary, prefix: str = "") -> Explorer:
    """Type the beginning of a name and see every tensor on the way to the next character.

    Source: lesson 04.
    """
    return Explorer(
        lambda prefix: [figures.anatomy(model, vocab, prefix)],
        prefix=text("the name so far", prefix),
    )
