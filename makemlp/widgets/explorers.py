"""Sliders on the pictures of lessons 00 to 04 (floor 5)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from torch import Tensor

from makemlp import figures, live
from makemlp.counts import METHODS, CountModel
from makemlp.data import BOUNDARY, Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.widgets.explorable import Explorable
from makemlp.widgets.panel import WIDE, Explorer, slider, text


def explore_sampling(
    model: Callable[[Tensor], Tensor], vocab: Vocabulary, n: int = 24, names: Sequence[str] | None = None
) -> Explorable:
    """The next character's dice, and names rolled with them, while you drag: temperature, top-k, the first letters.

    Parameters
    ----------
    model : an MLP, or any model that looks back two characters or fewer.
    n : how many names.
    names : the real ones, which are marked; by default the bundled list.

    Source: lesson 00; lesson 08 explains it.
    """
    real = load_names() if names is None else names
    data = {"model": live.packed_model(model, vocab), "itos": vocab.itos, "n": n, "names": live.packed_words(real)}
    controls = [
        live.slider("temperature", "temperature", 1.0, 0.1, 3.0, 0.05, digits=2),
        live.slider("top_k", "top-k", len(vocab), 1, len(vocab), 1, digits=0),
        live.text("prefix", "begins with", ""),
        live.button("again", "Draw again"),
    ]
    still = figures.next_character(model, vocab), figures.made_up_names(sample(model, vocab, n, seed=0), 1.0)
    return Explorable("sampling", data, controls, still)


def explore_smoothing(counts: Tensor, vocab: Vocabulary) -> Explorable:
    """Two rows of the bigram table while you drag what is added to every count, and the table itself.

    Parameters
    ----------
    counts : (vocab_size, vocab_size), how often each character (row) is followed by each (column).

    Source: lesson 01.
    """
    usual = [vocab.itos[int(row)] for row in counts.sum(1).argsort(descending=True, stable=True)]
    most, fewest = next(symbol for symbol in usual if symbol != BOUNDARY), usual[-1]
    controls = [
        live.slider("alpha", "added to each count", 1.0, 0.01, 1e5, 0.05, log=True),
        live.choice("symbol", "after", most, vocab.itos),
        live.choice("beside", "and after", fewest, vocab.itos),
        live.text("name", "a name's way through the table", ""),
    ]
    data = {"counts": live.packed(counts), "itos": vocab.itos}
    still = [figures.smoothing(counts, vocab, 1.0, symbol) for symbol in (most, fewest)]
    return Explorable("smoothing", data, controls, still, turned=["alpha"])


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
