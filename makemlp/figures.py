"""Every picture of the course (floor 4): data in, a `Picture` out, with alt text computed from the data.

`makemlp.gallery` draws them from the bundled names into ``figures/``.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import itertools
import math
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from PIL import Image
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.mlp import MLP, count_parameters, trace

# Okabe and Ito's palette, which readers with any of the common colour-vision deficiencies can tell apart.
BLUE, ORANGE, GREEN, PURPLE, GREY, INK = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a8a8a", "#222222"

CEILING = 4.0  # nats: a little above the loss of knowing nothing about some tens of symbols

# matplotlib's settings are one for the whole process; a live trainer draws from a thread of its own.
_DRAWING = threading.RLock()


def _lenders() -> list[str]:
    """The fonts of this machine that hold the scripts which DejaVu Sans lacks."""
    wanted = (
        "Noto Sans CJK JP",
        "Noto Sans CJK SC",
        "Noto Sans Devanagari",
        "Hiragino Sans",
        "PingFang SC",
        "Yu Gothic",
        "Microsoft YaHei",
        "Malgun Gothic",
        "Nirmala UI",
    )
    here = {font.name for font in fontManager.ttflist}
    return [name for name in wanted if name in here]


# A figure's inch is shown as 100 of the page's pixels, so 10.5 points here are as large as the page's prose.
PIXELS_PER_INCH = 100
STYLE = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if "backend" not in name},
    # The first ships with matplotlib, so pictures are the same everywhere; the others lend what it lacks.
    "font.family": ["DejaVu Sans", *_lenders()],
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlelocation": "left",
    "axes.grid": False,
    "figure.facecolor": "white",  # the same on light and dark pages
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 2,
    "legend.frameon": False,
}


class Picture(Figure):
    """A matplotlib Figure that says what it shows: notebooks display it with its alt text.

    JupyterLab gives no alt text to a plain image, so the picture is sent as an ``<img>`` in HTML.
    """

    alt = ""

    def __repr__(self) -> str:
        return self.alt

    def to_png(self) -> bytes:
        with _DRAWING, matplotlib.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as a box; the alt text has it
            canvas = FigureCanvasAgg(self)
            canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        # 128 colours are enough for these drawings, and a third of the bytes in every stored notebook.
        image = image.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        image.save(buffer, format="png")
        return buffer.getvalue()

    def to_html(self) -> str:
        source = base64.b64encode(self.to_png()).decode("ascii")
        width = round(self.get_figwidth() * PIXELS_PER_INCH)
        style = f"width: {width}px; max-width: 100%; height: auto; background: white"
        return f'<img alt="{html.escape(self.alt)}" style="{style}" src="data:image/png;base64,{source}">'

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": self.alt}


def picture(width: float, height: float) -> Callable[[Callable[..., str]], Callable[..., Picture]]:
    """Turn a function that draws on a figure and returns its alt text into one that returns a `Picture`."""

    def decorate(draw: Callable[..., str]) -> Callable[..., Picture]:
        @functools.wraps(draw)
        def wrapper(*args, **kwargs) -> Picture:
            with _DRAWING, matplotlib.rc_context(STYLE):
                figure = Picture(figsize=(width, height), dpi=1.5 * PIXELS_PER_INCH, layout="constrained")
                figure.alt = draw(figure, *args, **kwargs)
            return figure

        return wrapper

    return decorate


def _literal(text: str) -> str:
    """Text as it is, also where matplotlib would read two dollar signs as mathematics."""
    return text.replace("$", r"\$")


def _symbols(vocab: Vocabulary) -> list[str]:
    return [_literal(symbol) for symbol in vocab.itos]


def _bars(axes, probs: Tensor, vocab: Vocabulary, color: str = BLUE) -> list[str]:
    """Draw next-character probabilities (vocab_size,) as bars; return the three most likely as words."""
    axes.bar(range(len(vocab)), probs.tolist(), color=color, width=0.8)
    every = math.ceil(len(vocab) / 45)  # more would run into each other
    axes.set_xticks(range(0, len(vocab), every), _symbols(vocab)[::every])
    axes.set_xlim(-0.7, len(vocab) - 0.3)
    axes.set_xlabel("next character ('.' ends the name)")
    axes.set_ylabel("probability")
    top = probs.topk(min(3, len(vocab)))
    return [f"'{vocab.itos[i]}' {p:.0%}" for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)]


@picture(8.0, 2.6)
def next_character(fig: Figure, model: Callable[[Tensor], Tensor], vocab: Vocabulary, prefix: str = "") -> str:
    """What a model thinks follows `prefix`: one bar a character."""
    context = ([0] * model.block_size + vocab.encode(prefix))[len(prefix) :]
    with torch.no_grad():
        probs = model(torch.tensor([context])).softmax(1)[0]  # (vocab_size,)
    axes = fig.subplots()
    top = _bars(axes, probs, vocab)
    axes.set_title(_literal(f"What comes after '{prefix}'?") if prefix else "What does a name begin with?")
    return f"Bar chart of the next character after '{prefix}'. Most likely: {', '.join(top)}."


@picture(8.0, 2.6)
def made_up_names(fig: Figure, names: Sequence[str], temperature: float) -> str:
    """Made-up names in four columns."""
    axes = fig.subplots()
    axes.set_axis_off()
    rows = math.ceil(len(names) / 4)
    for i, name in enumerate(names):
        column, row = divmod(i, rows)
        axes.text(column, -row, _literal(name[:22]) or "(empty)")
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
            axes.text(x, -0.9 * y, _literal(name[:18]))
    axes.set(xlim=(-0.05, len(names)), ylim=(-0.9 * rows - 0.4, 1.2))
    first = "; ".join(f"at {t:g}: {', '.join(column[:3])}" for t, column in names.items())
    return f"Made-up names in {len(names)} columns, one a temperature. The first three {first}."


def _short(count: float) -> str:
    """A count in four characters or fewer: 769, 6.6k, 12k."""
    if count < 1000:
        return f"{count:g}"
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


@picture(11.0, 9.6)
def bigram_table(fig: Figure, counts: Tensor, vocab: Vocabulary) -> str:
    """The table of how often one character follows another: counts (vocab_size, vocab_size)."""
    axes = fig.subplots()
    top = float(counts.max()) or 1.0
    axes.imshow(counts.numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=top), aspect="auto")
    for i, row in enumerate(counts.tolist()):
        for j, count in enumerate(row):
            if count and len(vocab) <= 40:  # beyond that a cell has no room for its number
                axes.text(j, i, _short(count), ha="center", va="center", color="white" if count > top / 3 else INK)
    axes.set_xticks(range(len(vocab)), _symbols(vocab))
    axes.set_yticks(range(len(vocab)), _symbols(vocab))
    axes.set(xlabel="next character", ylabel="this character", title="How often one character follows another")
    axes.spines[:].set_visible(False)
    i, j = divmod(int(counts.argmax()), len(vocab))
    empty = int((counts == 0).sum())
    return (
        f"Table of {len(vocab)} by {len(vocab)} pair counts, darker is more. The most frequent pair is "
        f"'{vocab.itos[i]}{vocab.itos[j]}' with {top:,.0f}; {empty} cells are empty."
    )


@picture(8.0, 3.4)
def smoothing(fig: Figure, counts: Tensor, vocab: Vocabulary, alpha: float, symbol: str) -> str:
    """A row of the bigram table `counts` (vocab_size, vocab_size), as counted and with `alpha` added to every cell."""
    row = counts[vocab.encode(symbol)[0] if symbol != "." else 0]  # (vocab_size,)
    smoothed = (row + alpha) / (row + alpha).sum()
    axes = fig.subplots()
    top = _bars(axes, smoothed, vocab)
    axes.plot((row / row.sum()).tolist(), "o", color=ORANGE, label="as counted")
    axes.axhline(1 / len(vocab), color=GREY, linestyle="--", linewidth=1.2, label="all alike (uniform)")
    axes.set_title(_literal(f"After '{symbol}'") + f", with {alpha:,.4g} added to every count")
    axes.legend(loc="upper right")
    distance = float((smoothed - 1 / len(vocab)).abs().sum() / 2)
    return (
        f"Bars of what follows '{symbol}' when {alpha:,.4g} is added to every count, and dots for the counts alone. "
        f"Most likely: {', '.join(top)}. The bars are {distance:.0%} away from uniform."
    )


@picture(8.0, 3.0)
def loss_curve(fig: Figure, losses: Mapping[str, Sequence[float]], target: Mapping[str, float] | None = None) -> str:
    """Loss against step for one run or more, with horizontal lines at the values of `target`."""
    axes = fig.subplots()
    styles = itertools.cycle(zip((BLUE, ORANGE, GREEN, PURPLE), ("-", "--", "-.", ":"), strict=True))
    for (label, run), (color, line) in zip(losses.items(), styles, strict=False):
        axes.plot(run, line, color=color, label=label)
    for label, value in (target or {}).items():
        axes.axhline(value, color=INK, linestyle=":", linewidth=1.2, label=f"{label}: {value:.3f}")
    axes.set(xlabel="step", ylabel="loss (nats per character)")
    axes.legend()
    runs = "; ".join(f"{label} from {run[0]:.2f} to {run[-1]:.2f}" for label, run in losses.items())
    lines = "".join(f" A line marks {label} at {value:.2f}." for label, value in (target or {}).items())
    return f"Loss curve over {max(len(run) for run in losses.values())} steps: {runs}.{lines}"


@picture(10.0, 4.4)
def two_tables(fig: Figure, first: Tensor, second: Tensor, vocab: Vocabulary, titles: tuple[str, str]) -> str:
    """Two probability tables (vocab_size, vocab_size) beside each other, and each cell of one against the other."""
    axes = fig.subplots(1, 3)
    top = float(torch.maximum(first, second).max())
    for table, title, ax in zip((first, second), titles, axes, strict=False):
        ax.imshow(table.numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=top))
        ax.set_xticks(range(0, len(vocab), 4), _symbols(vocab)[::4])
        ax.set_yticks(range(0, len(vocab), 4), _symbols(vocab)[::4])
        ax.set(title=title, xlabel="next character", ylabel="this character")
    axes[2].plot([0, top], [0, top], color=GREY, linewidth=1)
    axes[2].plot(first.flatten().numpy(), second.flatten().numpy(), ".", color=ORANGE, markersize=5)
    axes[2].set(title="Cell against cell", xlabel=titles[0], ylabel=titles[1], aspect="equal")
    gap = float((first - second).abs().max())
    return (
        f"Two tables of {len(vocab)} by {len(vocab)} probabilities, {titles[0]} and {titles[1]}, and a scatter plot of "
        f"their cells, which lie along the diagonal: no cell differs by more than {gap:.2f}."
    )


@picture(8.0, 4.0)
def table_growth(fig: Figure, rows: Sequence[Mapping[str, float]]) -> str:
    """Rows that a count table would need, and rows that were seen, against the context's length.

    Each of `rows` holds ``block_size``, ``possible`` (rows of a full table), ``seen`` (with a count) and ``examples``.
    """
    axes = fig.subplots()
    length = [row["block_size"] for row in rows]
    axes.semilogy(length, [row["possible"] for row in rows], "s-", color=ORANGE, label="contexts that are possible")
    axes.semilogy(length, [row["seen"] for row in rows], "o-", color=BLUE, label="contexts seen in train")
    examples = rows[0]["examples"]
    axes.axhline(examples, color=INK, linestyle=":", linewidth=1.2, label=f"examples in train: {examples:,}")
    axes.set(xlabel="characters in the context", ylabel="rows of the table (log scale)", xticks=length)
    axes.legend()
    last = rows[-1]
    return (
        f"Line plot on a log scale. Possible contexts grow from {rows[0]['possible']:,} to {last['possible']:.1e} at "
        f"{last['block_size']} characters; contexts seen in train level off at {last['seen']:,}."
    )


@picture(8.0, 4.2)
def nll_by_context(
    fig: Figure,
    curves: Mapping[str, Sequence[float]],
    mark: tuple[int, float] | None = None,
    lecture: float | None = None,
) -> str:
    """Losses against the context's length 0, 1, 2 …, a curve for each label; `mark` points out (length, loss).

    `lecture` draws a line at the dev loss that the lecture's MLP ends at. The losses of the bundled names keep one
    scale, so that the picture stands still under a slider; others stretch it.
    """
    axes = fig.subplots()
    styles = zip((BLUE, ORANGE, GREEN, PURPLE), ("o-", "s--", "^-.", "d:"), strict=True)
    for (label, curve), (color, line) in zip(curves.items(), styles, strict=False):
        axes.plot(curve, line, color=color, label=label)
    if lecture is not None:
        axes.axhline(
            lecture, color=INK, linestyle=":", linewidth=1.2, label=f"the lecture's MLP, on its dev names: {lecture}"
        )
    if mark is not None:
        axes.plot(*mark, "o", color=INK, markersize=13, fillstyle="none", markeredgewidth=2)
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
    axes.text(5, -0.5, f"each character picks its row of C ({vocab_size} × {emb_dim})", color=GREEN, ha="center")
    _box(axes, 5, 3.9, 5.6, 0.8, f"concatenated: {block_size} × {emb_dim} = {inputs} numbers", GREEN)
    _arrow(axes, (5, 4.35), (5, 5.4))
    axes.text(5.2, 4.75, f"W1 ({inputs} × {hidden_dim}), b1 ({hidden_dim})", color=BLUE)
    _box(axes, 5, 5.8, 5.6, 0.8, f"tanh: {hidden_dim} hidden units", BLUE)
    _arrow(axes, (5, 6.25), (5, 7.3))
    axes.text(5.2, 6.65, f"W2 ({hidden_dim} × {vocab_size}), b2 ({vocab_size})", color=ORANGE)
    _box(axes, 5, 7.7, 5.6, 0.8, f"softmax over {vocab_size} logits", ORANGE)
    axes.text(5, 8.6, "probability of each next character", ha="center")
    if direct:
        _arrow(axes, (7.85, 3.9), (7.85, 7.7), PURPLE, linestyle="--", connectionstyle="arc3,rad=0.5")
        axes.text(10.2, 5.3, f"W\n({inputs} × {vocab_size})", color=PURPLE, ha="right")


def _draw_counts(axes, counts: Mapping[str, int]) -> None:
    colors = {"C": GREEN, "W1": BLUE, "b1": BLUE, "W2": ORANGE, "b2": ORANGE, "W": PURPLE}
    axes.barh(list(counts), list(counts.values()), color=[colors[name] for name in counts])
    for y, count in enumerate(counts.values()):
        axes.text(count, y, f" {count:,}", va="center")
    axes.invert_yaxis()
    axes.set(title=f"{sum(counts.values()):,} parameters", xlim=(0, 1.5 * max(counts.values())), xticks=[])
    axes.spines["bottom"].set_visible(False)


@picture(10.0, 2.8)
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
    axes.axvline(block_size, color=INK, linestyle=":", linewidth=1.2)
    axes.set(xlabel="block_size (characters in the context)", ylabel="numbers stored (log scale)", xticks=lengths)
    axes.legend()
    return (
        f"Numbers stored against context length, log scale. At {block_size} characters the count table has "
        f"{table[block_size - 1]:,} cells and the MLP {mlp[block_size - 1]:,} parameters; a character more "
        f"multiplies the table by {vocab_size} and adds {mlp[1] - mlp[0]:,} numbers to the MLP."
    )


@picture(9.0, 3.8)
def saturation(fig: Figure, hidden: Mapping[str, Tensor]) -> str:
    """Histograms of tanh outputs (N, hidden_dim), one panel for each label."""
    panels = fig.subplots(1, len(hidden), sharey=True, squeeze=False)[0]
    said = []
    for axes, (label, h), color in zip(panels, hidden.items(), (ORANGE, BLUE, GREEN), strict=False):
        axes.hist(h.flatten().numpy(), bins=40, range=(-1, 1), color=color, weights=np.full(h.numel(), 100 / h.numel()))
        flat = float((h.abs() > 0.97).float().mean())
        axes.set(title=f"{label}: {flat:.0%} beyond ±0.97", xlabel="output of the tanh unit")
        said.append(f"{label} {flat:.0%}")
    panels[0].set_ylabel("share of outputs (%)")
    return (
        f"Histograms of tanh outputs. Share of them beyond plus or minus 0.97, where tanh is flat: {', '.join(said)}."
    )


@picture(10.0, 6.6)
def anatomy(fig: Figure, model: MLP, vocab: Vocabulary, prefix: str = "") -> str:
    """One prediction, end to end: the context, its embeddings, the hidden units, the next character's probabilities."""
    context = ([0] * model.block_size + vocab.encode(prefix))[len(prefix) :]
    steps = trace(model, torch.tensor([context]))
    emb, h, probs = steps["emb"][0], steps["h"][0], steps["probs"][0]
    shown = "".join(vocab.itos[i] for i in context)
    top_axes, middle, bottom = fig.subplots(3, 1, height_ratios=(model.block_size, 1.6, 3))
    limit = float(model.C.detach().abs().max())  # of all characters, so that a row looks the same in every context
    top_axes.imshow(emb.numpy(), cmap="cividis", vmin=-limit, vmax=limit, aspect="auto")
    top_axes.set_yticks(range(len(context)), [_literal(f"'{s}'") for s in shown])
    top_axes.set_xticks(range(emb.shape[1]))
    top_axes.set(
        title=_literal(f"1. X (1, {len(context)}) holds '{shown}'; ")
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
    top = _bars(bottom, probs, vocab, BLUE)
    bottom.set_title(f"3. h times W2, plus b2: logits (1, {len(probs)}); softmax: probs (1, {len(probs)})")
    busy = int((h.abs() > 0.97).sum())
    return (
        f"From the context '{shown}' to the next character: {emb.numel()} embedding numbers, {len(h)} hidden units of "
        f"which {busy} are beyond plus or minus 0.97, and bars of the result. Most likely: {', '.join(top)}."
    )


@picture(8.0, 3.6)
def rate_sweep(
    fig: Figure, exponents: Sequence[float], curves: Mapping[str, Sequence[float]], dots: bool = False
) -> str:
    """Loss against the exponent of the learning rate, a curve for each label; with `dots`, a dot for each single loss.

    Losses beyond what the axis shows, and those of runs that diverged (inf), are marked at the top edge.
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
        said.append(f"{label} is lowest near 10 to the power {exponents[low]:.1f}; {int(lost.sum())} are off the chart")
    axes.set(xlabel="exponent of the learning rate", ylabel="loss (nats per character)", ylim=(None, top * 1.02))
    axes.legend()
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
    left.set(xlabel="step", ylabel="loss (nats per character)", title=f"step {len(losses)}")
    points = torch.nn.functional.pad(C, (0, 1))[:, :2]  # (vocab_size, 2), also when emb_dim is 1
    vowels = set("aeiou")
    for symbol, (x, y) in zip(vocab.itos, points.tolist(), strict=True):
        right.text(
            x,
            y,
            _literal(symbol),
            color=ORANGE if symbol in vowels else INK,
            ha="center",
            va="center",
            weight="bold" if symbol in vowels else "normal",
        )
    low, high = points.min(0).values, points.max(0).values
    margin = 0.08 * (high - low).clamp(min=1e-3)
    right.set_xlim(float(low[0] - margin[0]), float(high[0] + margin[0]))
    right.set_ylim(float(low[1] - margin[1]), float(high[1] + margin[1]))
    right.set(xlabel="first number", ylabel="second number", title="embeddings (vowels bold)")
    last = f"the last loss is {losses[-1]:.2f}" if losses else "no step yet"
    return f"Loss curve after {len(losses)} steps, {last}, beside a map of {len(vocab)} embeddings."
