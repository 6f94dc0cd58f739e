"""The network, its sizes and its insides (floor 3): lessons 03 and 04."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.figures.base import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, bars, literal, picture, quoted, shown, text_on
from makemlp.mlp import MLP, count_parameters, trace


def _box(axes, x: float, y: float, width: float, height: float, text: str, color: str) -> None:
    """A labelled box with its centre at (x, y)."""
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0.02",
        facecolor="white",
        edgecolor=color,
        linewidth=2,
    )
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center")


def _arrow(axes, start: tuple[float, float], end: tuple[float, float], color: str = GREY, **style) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=color, linewidth=1.2, **style)
    )


@picture(10.0, 5.4)
def architecture(
    fig: Figure,
    vocab_size: int,
    block_size: int = 3,
    emb_dim: int = 2,
    hidden_dim: int = 100,
    direct: bool = False,
) -> str:
    """The MLP of Bengio et al. 2003, drawn from the paper's description, with each tensor's shape and size."""
    drawing, sizes = fig.subplots(1, 2, width_ratios=(5, 2))
    _draw_network(drawing, vocab_size, block_size, emb_dim, hidden_dim, direct)
    counts = count_parameters(vocab_size, block_size, emb_dim, hidden_dim, direct)
    _draw_counts(sizes, counts)
    parts = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return (
        f"Diagram of the MLP: {block_size} characters, each turned into {emb_dim} numbers by a row of C, concatenated "
        f"to {block_size * emb_dim}, then {hidden_dim} tanh units and a softmax over {vocab_size}. "
        f"Bars beside it: {parts}; {sum(counts.values()):,} parameters in all."
    )


def _draw_network(axes, vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, direct: bool) -> None:
    inputs = block_size * emb_dim
    axes.set_axis_off()
    axes.set(xlim=(-0.2, 10.2), ylim=(-0.7, 9.4), title="The characters before, and what comes next")
    shown = min(block_size, 8)
    xs = np.linspace(5 - 0.55 * shown, 5 + 0.55 * shown, shown) if shown > 1 else [5.0]
    for back, x in zip(range(shown, 0, -1), xs, strict=True):
        _box(axes, x, 0.4, 0.85, 0.7, f"−{back}" if back < shown or shown == block_size else "…", GREY)
        _arrow(axes, (x, 0.8), (x, 1.65))
        _box(axes, x, 2.1, 0.85, 0.8, str(emb_dim), GREEN)
        _arrow(axes, (x, 2.55), (5 + (x - 5) * 0.6, 3.5))
    row = f"the characters before, the last one at −1; each picks its row of C ({vocab_size} × {emb_dim})"
    axes.text(5, -0.5, row, ha="center")
    _box(axes, 5, 3.9, 5.6, 0.8, f"concatenated: {block_size} × {emb_dim} = {inputs} numbers", GREEN)
    _arrow(axes, (5, 4.35), (5, 5.4))
    axes.text(4.8, 4.75, f"W1 ({inputs} × {hidden_dim}), b1 ({hidden_dim})", ha="right")
    _box(axes, 5, 5.8, 5.6, 0.8, f"tanh: {hidden_dim} hidden units", BLUE)
    _arrow(axes, (5, 6.25), (5, 7.3))
    axes.text(4.8, 6.65, f"W2 ({hidden_dim} × {vocab_size}), b2 ({vocab_size})", ha="right")
    _box(axes, 5, 7.7, 5.6, 0.8, f"softmax over {vocab_size} logits", ORANGE)
    axes.text(5, 8.6, "probability of each next character", ha="center")
    if direct:
        _arrow(axes, (7.85, 3.9), (7.85, 7.7), PURPLE, linestyle="--", connectionstyle="arc3,rad=0.5")
        axes.text(10.2, 5.3, f"W\n({inputs} × {vocab_size})", ha="right")


def _draw_counts(axes, counts: Mapping[str, int]) -> None:
    colors = {"C": GREEN, "W1": BLUE, "b1": BLUE, "W2": ORANGE, "b2": ORANGE, "W": PURPLE}
    axes.barh(list(counts), list(counts.values()), color=[colors[name] for name in counts])
    for y, count in enumerate(counts.values()):
        axes.text(count, y, f" {count:,}", va="center")
    axes.invert_yaxis()
    axes.set(title=f"{sum(counts.values()):,} parameters", xlim=(0, 1.5 * max(counts.values())), xticks=[])
    axes.spines["bottom"].set_visible(False)


@picture(10.0, 3.6)
def size_comparison(
    fig: Figure,
    vocab_size: int,
    block_size: int = 3,
    emb_dim: int = 2,
    hidden_dim: int = 100,
    direct: bool = False,
) -> str:
    """Numbers stored by the MLP and by a full count table as the context grows to 10 characters or more."""
    lengths = list(range(1, max(10, block_size) + 1))
    table = [vocab_size ** (n + 1) for n in lengths]
    mlp = [sum(count_parameters(vocab_size, n, emb_dim, hidden_dim, direct).values()) for n in lengths]
    axes = fig.subplots()
    axes.semilogy(lengths, list(map(float, table)), "s--", color=ORANGE, label="count table")
    axes.semilogy(lengths, mlp, "o-", color=BLUE, label=f"MLP with emb_dim {emb_dim}, hidden_dim {hidden_dim}")
    marked = f"block_size {block_size}, with both numbers"
    axes.axvline(block_size, color=INK, linestyle=":", linewidth=1.2, label=marked)
    for sizes in (table, mlp):
        number = sizes[block_size - 1]
        written = f"{number:,}" if number < 10**9 else f"{number:.1e}"
        axes.annotate(written, (block_size, number), (6, -14), textcoords="offset points")
    axes.set(xlabel="block_size (characters in the context)", ylabel="numbers stored (log scale)", xticks=lengths)
    axes.legend(loc="upper left", frameon=True, framealpha=1, edgecolor="white")  # above the line that marks block_size
    return (
        f"Numbers stored against context length, log scale. At {block_size} characters the count table has "
        f"{table[block_size - 1]:,} cells and the MLP {mlp[block_size - 1]:,} parameters; one more character "
        f"multiplies the table by {vocab_size} and adds {mlp[1] - mlp[0]:,} numbers to the MLP."
    )


FLAT = 0.97  # a tanh output beyond this passes on less than 6 % of a gradient: 1 − 0.97² = 0.059


@picture(8.0, 3.4)
def tanh_curve(fig: Figure) -> str:
    """tanh and its slope, 1 − tanh², with a mark where the curve is nearly flat."""
    left, right = fig.subplots(1, 2)
    sums = np.linspace(-6, 6, 400)
    edge, least = math.atanh(FLAT), 1 - FLAT**2
    for axes, values, color, title, marked in (
        (left, np.tanh(sums), BLUE, "tanh", (-FLAT, FLAT)),
        (right, 1 - np.tanh(sums) ** 2, ORANGE, "its slope, 1 − tanh²", (least, least)),
    ):
        axes.plot(sums, values, color=color)
        for x, y in zip((-edge, edge), marked, strict=True):
            axes.axvline(x, color=INK, linestyle=":", linewidth=1.2)
            axes.plot(x, y, "o", color=INK, markersize=5)
            away = (8, -14 if axes is left else 8) if x > 0 else (-8, 8)
            written = f"{y:.2f}".replace("-", "−")
            axes.annotate(written, (x, y), away, textcoords="offset points", ha="left" if x > 0 else "right")
        axes.set(title=title, xlabel="sum that goes into the tanh", xticks=[-6, -4, -2, 0, 2, 4, 6])
    left.set_ylabel("output")
    right.set_ylabel("slope")
    return (
        f"Two curves against the sum that goes in. tanh climbs from −1 to 1 and reaches ±{FLAT} at ±{edge:.2f}; its "
        f"slope is 1 in the middle and {least:.2f} there."
    )


@picture(9.0, 3.8)
def saturation(fig: Figure, hidden: Mapping[str, Tensor]) -> str:
    """Histograms of tanh outputs (N, hidden_dim), one panel for each label."""
    panels = fig.subplots(1, len(hidden), sharey=True, squeeze=False)[0]
    said = []
    for axes, (label, h), color in zip(panels, hidden.items(), (ORANGE, BLUE, GREEN), strict=False):
        axes.hist(h.flatten().numpy(), bins=40, range=(-1, 1), color=color, weights=np.full(h.numel(), 100 / h.numel()))
        flat = float((h.abs() > FLAT).float().mean())
        for edge in (-FLAT, FLAT):
            axes.axvline(edge, color=INK, linestyle=":", linewidth=1.2)
        axes.set(title=f"{label}: {flat:.0%} beyond ±{FLAT}", xlabel=f"output of the tanh unit, dotted: ±{FLAT}")
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        said.append(f"{label} {flat:.0%}")
    panels[0].set_ylabel("share of outputs (%)")
    return (
        f"Histograms of tanh outputs. Share of them beyond plus or minus 0.97, where tanh is flat: {', '.join(said)}."
    )


ROOM = 60  # embedding numbers that can be written in their cells


@picture(10.0, 6.6)
def anatomy(fig: Figure, model: MLP, vocab: Vocabulary, prefix: str = "") -> str:
    """One prediction, end to end: the context, its embeddings, the hidden units, the next character's probabilities."""
    context = ([0] * model.block_size + vocab.encode(prefix))[len(prefix) :]
    steps = trace(model, torch.tensor([context]))
    emb, h, probs = steps["emb"][0], steps["h"][0], steps["probs"][0]
    said = "".join(shown(vocab.itos[i]) for i in context)
    top_axes, middle, bottom = fig.subplots(3, 1, height_ratios=(model.block_size, 1.6, 3))
    limit = float(model.C.detach().abs().max())  # of all characters, so that a row looks the same in every context
    image = top_axes.imshow(emb.numpy(), cmap="cividis", vmin=-limit, vmax=limit, aspect="auto")
    if emb.numel() <= ROOM:
        for (y, x), number in np.ndenumerate(emb.numpy()):
            written = f"{number:.1f}".replace("-", "−")
            top_axes.text(x, y, written, ha="center", va="center", color=text_on(image.cmap(image.norm(number))))
    top_axes.set_yticks(range(len(context)), [quoted(vocab.itos[i]) for i in context])
    top_axes.set_xticks(range(emb.shape[1]))
    top_axes.set(
        title=literal(f"1. X (1, {len(context)}) holds '{said}'; ")
        + f"C[X] (1, {emb.shape[0]}, {emb.shape[1]}) are its embeddings"
    )
    units = math.ceil(len(h) / 100)
    grid = torch.zeros(units * math.ceil(len(h) / units))
    grid[: len(h)] = h
    middle.imshow(grid.view(units, -1).numpy(), cmap="cividis", vmin=-1, vmax=1, aspect="auto")
    middle.set(
        title=f"2. concatenated (1, {emb.numel()}), times W1, plus b1, tanh: h (1, {len(h)}), from dark −1 to light +1",
        xticks=[],
        yticks=[],
    )
    top = bars(bottom, probs, vocab, BLUE)
    bottom.set_title(f"3. h times W2, plus b2: logits (1, {len(probs)}); softmax: probs (1, {len(probs)})")
    busy = int((h.abs() > FLAT).sum())
    return (
        f"From the context '{said}' to the next character: {emb.numel()} embedding numbers, {len(h)} hidden units of "
        f"which {busy} are beyond plus or minus 0.97, and bars of the result. Most likely: {', '.join(top)}."
    )
