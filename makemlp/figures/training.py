"""Runs and learning rates (floor 3): lessons 04 and 05."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.figures.base import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    letter_map,
    marks,
    picture,
)

CEILING = 4.0  # nats: a little above the loss of knowing nothing about some tens of symbols


@picture(8.0, 3.0)
def loss_curve(
    fig: Figure,
    losses: Mapping[str, Sequence[float]],
    target: Mapping[str, float] | None = None,
    log_steps: bool = False,
    unit: str = "character",
) -> str:
    """Loss against step for one run or more, with horizontal lines at the values of `target`.

    With `log_steps` each tenfold of the steps has the same width, so that a fall in the first few can be seen. `unit`
    is what the loss is counted per.
    """
    axes = fig.subplots()
    styles = itertools.cycle(zip((BLUE, ORANGE, GREEN, PURPLE), ("-", "--", "-.", ":"), strict=True))
    for (label, run), (color, line) in zip(losses.items(), styles, strict=False):
        axes.plot(range(1, len(run) + 1) if log_steps else range(len(run)), run, line, color=color, label=label)
    for label, value in (target or {}).items():
        axes.axhline(value, color=INK, linestyle=":", linewidth=1.2, label=f"{label}: {value:.3f}")
    axes.set(xlabel="step", ylabel=f"loss (nats per {unit})")
    if log_steps:
        axes.set(xscale="log", xlabel="step (log scale)")
    axes.legend(loc="best")
    runs = "; ".join(f"{label} from {run[0]:.2f} to {run[-1]:.2f}" for label, run in losses.items())
    lines = "".join(f" A line marks {label} at {value:.2f}." for label, value in (target or {}).items())
    return f"Loss curve over {max(len(run) for run in losses.values())} steps: {runs}.{lines}"


@picture(8.0, 3.6)
def rate_sweep(
    fig: Figure,
    exponents: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    dots: bool = False,
    marks: Mapping[str, float] | None = None,
) -> str:
    """Loss against the exponent of the learning rate, a curve for each label; with `dots`, a dot for each single loss.

    Losses beyond what the axis shows, and those of runs that diverged (inf), are marked at the top edge. `marks` are
    exponents by label: each gets a vertical line, and its rate in the legend.
    """
    axes = fig.subplots()
    top = CEILING
    said = []
    styles = zip((BLUE, ORANGE, GREEN), ("o", "s", "^"), strict=True)
    for (label, losses), (color, marker) in zip(curves.items(), styles, strict=False):
        values = np.asarray(losses, dtype=float)
        shown = np.minimum(values, top)
        if dots:
            axes.plot(exponents, shown, ".", color=color, alpha=0.35, markersize=4)
            window = max(1, len(values) // 20)
            shown = np.convolve(np.pad(shown, window, mode="edge"), np.ones(window) / window, "same")[window:-window]
            axes.plot(exponents, shown, color=color, label=f"{label}, mean of {window}")
        else:
            axes.plot(exponents, shown, marker + "-", color=color, markersize=5, label=label)
        lost = ~(values < top)
        axes.plot(np.asarray(exponents)[lost], np.full(lost.sum(), top), "x", color=INK, markersize=6)
        low = int(shown.argmin())
        said.append(f"{label} is lowest near 10 to the power {exponents[low]:.1f}")
        if lost.any():
            said.append(f"{int(lost.sum())} are off the chart")
    for (label, exponent), line in zip((marks or {}).items(), (":", "--", "-."), strict=False):
        axes.axvline(exponent, color=INK, linestyle=line, linewidth=1.2, label=f"{label}: {10**exponent:.2g}")
        said.append(f"a line marks {label} at {10**exponent:.2g}")
    axes.set(xlabel="exponent of the learning rate", ylabel="loss (nats per character)")
    if any("off the chart" in words for words in said):
        axes.set_ylim(None, top * 1.02)
    axes.legend(loc="best", ncols=3)
    return f"Loss against the exponent of the learning rate: {'; '.join(said)}."


@picture(8.0, 2.6)
def schedule(fig: Figure, shares: Sequence[float]) -> str:
    """The learning rate over a run, as a share of its highest."""
    axes = fig.subplots()
    axes.plot(shares, color=BLUE)
    axes.set(xlabel="step", ylabel="share of the highest rate", ylim=(0, 1.05))
    peak = max(range(len(shares)), key=lambda i: shares[i])
    return f"Line plot of the learning rate over {len(shares)} steps: it is highest at step {peak}, then falls to 0."


@picture(10.0, 3.8)
def live_training(fig: Figure, losses: Sequence[float], C: Tensor, vocab: Vocabulary) -> str:
    """A run in progress: its losses so far, and the first two numbers of each embedding, C (vocab_size, emb_dim)."""
    left, right = fig.subplots(1, 2, width_ratios=(3, 2))
    left.plot(losses, color=BLUE, linewidth=1)
    left.set(xlabel="step", ylabel="loss (nats per character)", xlim=(0, max(len(losses), 10)))
    left.yaxis.set_major_formatter("{x:.2f}")
    if not losses:
        left.set_ylim(0, 1.05 * math.log(len(C)))  # up to what a blind guess costs
    left.set_title(f"step {len(losses)}")
    flat = torch.nn.functional.pad(C, (0, 1))[:, :2]  # (vocab_size, 2), also when emb_dim is 1
    letter_map(
        right,
        flat,
        vocab,
        gap=0.07 * float((flat.amax(0) - flat.amin(0)).max()),
        xlabel="first number",
        ylabel="second number",
        title=f"embeddings ({marks(vocab).partition(',')[0]})",
    )
    last = f"the last loss is {losses[-1]:.2f}" if losses else "no step yet"
    return f"Loss curve after {len(losses)} steps, {last}, beside a map of {len(C)} embeddings."


@picture(10.0, 5.4)
def peers(fig: Figure, rows: Sequence[Mapping[str, object]]) -> str:
    """How many times longer each peer took for the same work, on a log scale.

    Each of `rows` holds ``what``, ``peer`` and ``ratio``, as `make bench` measures them.
    """
    axes = fig.subplots()
    ratios = [float(row["ratio"]) for row in rows]
    labels = [f"{row['what']}\nagainst {row['peer']}" for row in rows]
    axes.barh(labels, [ratio - 1 for ratio in ratios], left=1, color=[BLUE if r >= 1 else ORANGE for r in ratios])
    for y, ratio in enumerate(ratios):
        axes.text(max(ratio, 1), y, f" ×{ratio:.3g}", va="center")
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(min(0.2, *ratios) / 1.5, 3 * max(ratios))
    axes.invert_yaxis()
    axes.set_xlabel("the peer's time, as a multiple of ours (log scale)")
    said = "; ".join(
        f"{row['what']}, against {row['peer']}: {ratio:.3g}" for row, ratio in zip(rows, ratios, strict=True)
    )
    return f"Bars of how many times longer each peer takes. {said}."
