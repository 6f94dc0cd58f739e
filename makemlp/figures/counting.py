"""Count tables (floor 3): lessons 01 and 02."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.figures.base import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SIZES,
    bars,
    labelled,
    literal,
    picture,
    ring,
    shown,
    symbols,
    text_on,
)


def _short(count: float) -> str:
    """A count in four characters or fewer: 769, 6.6k, 12k."""
    if count < 1000:
        return f"{count:g}"
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


@picture(10.0, 9.0)
def bigram_table(fig: Figure, counts: Tensor, vocab: Vocabulary) -> str:
    """The table of how often one character follows another: counts (vocab_size, vocab_size)."""
    axes = fig.subplots()
    top = float(counts.max()) or 1.0
    table = axes.imshow(counts.numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=top), aspect="auto")
    for i, row in enumerate(counts.tolist()):
        for j, count in enumerate(row):
            if count and len(vocab) <= 40:  # beyond that a cell has no room for its number
                color = text_on(table.cmap(table.norm(count)))
                axes.text(j, i, _short(count), ha="center", va="center", color=color, fontsize=SIZES["font.size"])
    for ticks, usual in ((axes.set_xticks, counts.sum(0)), (axes.set_yticks, counts.sum(1))):
        places = labelled(usual)
        ticks(places, [symbols(vocab)[i] for i in places])
    axes.set(xlabel="next character", ylabel="this character", title="How often one character follows another")
    axes.spines[:].set_visible(False)
    i, j = divmod(int(counts.argmax()), len(vocab))
    empty = int((counts == 0).sum())
    return (
        f"Table of {len(vocab)} by {len(vocab)} pair counts, darker is more. The most frequent pair is "
        f"'{shown(vocab.itos[i])}{shown(vocab.itos[j])}' with {top:,.0f}; {empty} cells are empty."
    )


@picture(8.0, 3.4)
def smoothing(fig: Figure, counts: Tensor, vocab: Vocabulary, alpha: float, symbol: str) -> str:
    """A row of the bigram table `counts` (vocab_size, vocab_size), as counted and with `alpha` added to every cell."""
    row = counts[vocab.encode(symbol)[0] if symbol != vocab.itos[0] else 0]  # (vocab_size,)
    smoothed = (row + alpha) / (row + alpha).sum()
    axes = fig.subplots()
    top = bars(axes, smoothed, vocab)
    axes.plot((row / row.sum()).tolist(), "o", color=ORANGE, label="as counted")
    distance = float((smoothed - 1 / len(vocab)).abs().sum() / 2)
    uniform = f"uniform: {distance:.0%} away"
    axes.axhline(1 / len(vocab), color=GREY, linestyle="--", linewidth=1.2, label=uniform)
    axes.set_title(literal(f"After '{shown(symbol)}'") + f", with {alpha:,.4g} added to every count")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)  # inside, its dot would be one of the data's
    return (
        f"Bars of what follows '{shown(symbol)}' when {alpha:,.4g} is added to every count, and dots for the counts "
        f"alone. Most likely: {', '.join(top)}. The bars are {distance:.0%} away from uniform."
    )


@picture(10.0, 3.5)
def two_tables(fig: Figure, first: Tensor, second: Tensor, vocab: Vocabulary, titles: tuple[str, str]) -> str:
    """Two probability tables (vocab_size, vocab_size) beside each other, and each cell of one against the other.

    Most probabilities are small, and some are 0. So the axes of the third panel are logarithmic, but even up to 0.0001.
    """
    axes = fig.subplots(1, 3)
    top = float(torch.maximum(first, second).max())
    for table, title, ax in zip((first, second), titles, axes, strict=False):
        ax.imshow(table.numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=top))
        every = max(4, math.ceil(len(vocab) / 12))  # more would run into each other
        ax.set_xticks(range(0, len(vocab), every), symbols(vocab)[::every])
        ax.set_yticks(range(0, len(vocab), every), symbols(vocab)[::every])
        ax.set(title=title, xlabel="next character", ylabel="this character")
    axes[2].plot([0, top], [0, top], color=GREY, linewidth=1)
    axes[2].plot(first.flatten().numpy(), second.flatten().numpy(), ".", color=ORANGE, markersize=5)
    axes[2].set(title="Cell against cell", xlabel=titles[0], ylabel=titles[1], box_aspect=1)
    for axis, scale in ((axes[2].xaxis, axes[2].set_xscale), (axes[2].yaxis, axes[2].set_yscale)):
        scale("symlog", linthresh=1e-4)
        axis.set_major_locator(FixedLocator([0, 1e-3, 1e-1]))
        axis.set_major_formatter("{x:g}")
    gap, empty = float((first - second).abs().max()), second[first == 0]
    never = ""
    if len(empty):
        never = f" The {len(empty)} cells that are 0 in the first have up to {empty.max():.3f} in the second."
    return (
        f"Two tables of {len(vocab)} by {len(vocab)} probabilities, {titles[0]} and {titles[1]}, and a scatter plot of "
        f"their cells: no cell differs by more than {gap:.2f}.{never}"
    )


@picture(8.0, 3.4)
def curve(
    fig: Figure,
    x: Sequence[float],
    y: Sequence[float],
    marks: Mapping[str, tuple[float, float]],
    labels: tuple[str, str],
) -> str:
    """A function as a line through the points (`x`, `y`); each of `marks` is a point of it with its name.

    `labels` say what runs along the two axes.
    """
    axes = fig.subplots()
    axes.plot(x, y, color=BLUE)
    middle = (min(x) + max(x)) / 2
    for name, (at, value) in marks.items():
        axes.plot(at, value, "o", color=ORANGE, markersize=8)
        side = {"ha": "left", "xytext": (9, 7)} if at <= middle else {"ha": "right", "xytext": (4, 10)}
        axes.annotate(literal(name), (at, value), textcoords="offset points", **side)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    lowest = min(range(len(y)), key=lambda i: y[i])
    marked = "; ".join(f"{name} at {at:.3g} with {value:.3g}" for name, (at, value) in marks.items())
    return (
        f"Curve of {labels[1]} against {labels[0]}, from {x[0]:.3g} with {y[0]:.3g} to {x[-1]:.3g} with {y[-1]:.3g}; "
        f"lowest at {x[lowest]:.3g} with {y[lowest]:.3g}. Marked: {marked}."
    )


@picture(8.0, 4.0)
def table_growth(fig: Figure, rows: Sequence[Mapping[str, float]]) -> str:
    """Rows that a count table would need, and rows that were seen, against the context's length.

    Each of `rows` holds ``block_size``, ``full`` (rows of a full table), ``seen`` (with a count) and ``examples``.
    """
    axes = fig.subplots()
    length = [row["block_size"] for row in rows]
    axes.semilogy(length, [row["full"] for row in rows], "s-", color=ORANGE, label="rows of a full table")
    axes.semilogy(length, [row["seen"] for row in rows], "o-", color=BLUE, label="rows seen in train")
    examples = rows[0]["examples"]
    axes.axhline(examples, color=INK, linestyle=":", linewidth=1.2, label=f"examples in train: {examples:,}")
    axes.set(xlabel="characters in the context", ylabel="rows of the table (log scale)", xticks=length)
    axes.legend(loc="best")
    last = rows[-1]
    return (
        f"Line plot on a log scale. The rows of a full table grow from {rows[0]['full']:,} to {last['full']:.1e} at "
        f"{last['block_size']} characters; the rows seen in train level off at {last['seen']:,}."
    )


@picture(8.0, 4.2)
def nll_by_context(
    fig: Figure,
    curves: Mapping[str, Sequence[float]],
    mark: tuple[int, float] | None = None,
    lecture: float | None = None,
) -> str:
    """Losses against the context's length 0, 1, 2 …, a curve for each label; `mark` points out (length, loss).

    `lecture` is the dev loss that the lecture's MLP reports, which has three characters of context. The losses of the
    bundled names keep one scale, so that the picture stands still under a slider; others stretch it.
    """
    axes = fig.subplots()
    styles = zip((BLUE, ORANGE, GREEN, PURPLE), ("o-", "s--", "^-.", "d:"), strict=True)
    for (label, curve), (color, line) in zip(curves.items(), styles, strict=False):
        axes.plot(curve, line, color=color, label=label)
    if lecture is not None:
        axes.plot(3, lecture, "D", color=PURPLE, label=f"the lecture's MLP, on its dev names: {lecture}")
    if mark is not None:
        ring(axes, *mark)
        below = {"xytext": (0, -22), "ha": "center", "textcoords": "offset points"}
        axes.annotate(f"{mark[1]:.3f}", mark, **below)
    longest = max(len(curve) for curve in curves.values())
    values = [loss for curve in curves.values() for loss in curve if math.isfinite(loss)] or [1.3]
    limits = min(1.3, min(values) - 0.1), max(3.4, min(values) + 0.1, min(max(values) + 0.1, 8.0))
    axes.set(xlabel="characters in the context", ylabel="loss (nats per character)", xticks=range(longest), ylim=limits)
    axes.legend(loc="upper right")
    best = []
    for label, curve in curves.items():
        low = min(range(len(curve)), key=lambda n, curve=curve: curve[n])
        best.append(f"{label} is lowest at {low} characters with {curve[low]:.2f}")
    marked = f" Marked: {mark[0]} characters, {mark[1]:.2f}." if mark else ""
    return f"Loss against context length for {len(curves)} curves: {'; '.join(best)}.{marked}"
