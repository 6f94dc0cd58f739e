"""Names and what comes next (floor 4): lessons 00 and 08."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.figures.base import BLUE, bars, literal, picture


@picture(8.0, 2.6)
def next_character(fig: Figure, model: Callable[[Tensor], Tensor], vocab: Vocabulary, prefix: str = "") -> str:
    """What a model thinks follows `prefix`: one bar a character."""
    context = ([0] * model.block_size + vocab.encode(prefix))[len(prefix) :]
    with torch.no_grad():
        probs = model(torch.tensor([context])).softmax(1)[0]  # (vocab_size,)
    axes = fig.subplots()
    top = bars(axes, probs, vocab)
    axes.set_title(literal(f"What comes after '{prefix}'?") if prefix else "What does a name begin with?")
    return f"Bar chart of the next character after '{prefix}'. Most likely: {', '.join(top)}."


@picture(8.0, 2.6)
def made_up_names(fig: Figure, names: Sequence[str], temperature: float) -> str:
    """Made-up names in four columns."""
    axes = fig.subplots()
    axes.set_axis_off()
    rows = math.ceil(len(names) / 4)
    for i, name in enumerate(names):
        column, row = divmod(i, rows)
        axes.text(column, -row, literal(name[:22]) or "(empty)")
    axes.set(
        xlim=(-0.05, 4), ylim=(0.6 - rows, 0.6), title=f"{len(names)} made-up names at temperature {temperature:.2f}"
    )
    return f"{len(names)} names made up at temperature {temperature:.2f}: {', '.join(names)}."


@picture(8.0, 3.0)
def names_by_temperature(fig: Figure, names: Mapping[float, Sequence[str]]) -> str:
    """Made-up names in one column for each temperature."""
    axes = fig.subplots()
    axes.set_axis_off()
    rows = max(len(column) for column in names.values())
    for x, (temperature, column) in enumerate(names.items()):
        axes.text(x, 0.4, f"temperature {temperature:g}", weight="bold", color=BLUE)
        for y, name in enumerate(column, start=1):
            axes.text(x, -0.9 * y, literal(name[:18]))
    axes.set(xlim=(-0.05, len(names)), ylim=(-0.9 * rows - 0.4, 1.2))
    first = "; ".join(f"at {t:g}: {', '.join(column[:3])}" for t, column in names.items())
    return f"Made-up names in {len(names)} columns, one a temperature. The first three {first}."
