"""What every picture shares (floor 3): one style, alt text, and how it is shown."""

from __future__ import annotations

import base64
import functools
import html
import io
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image
from torch import Tensor

from makemlp.data import Vocabulary, places
from makemlp.data.reading import is_hidden
from makemlp.embeddings import distances, group_distance
from makemlp.figures import fonts
from makemlp.lists import is_vowel

# Okabe and Ito's palette, which readers with any of the common colour-vision deficiencies can tell apart, and a grey
# that is none of them in their eyes; tests/test_pictures.py measures both.
BLUE, ORANGE, GREEN, PURPLE, GREY, INK = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#707070", "#222222"

# matplotlib's settings are one for the whole process; a live trainer draws from a thread of its own.
DRAWING = threading.RLock()


# A figure's inch is shown as 100 of the page's pixels, so 10.5 points here are as large as the page's prose: 14 pixels.
PIXELS_PER_INCH = 100
# Below a cell there is room for 828 pixels when JupyterLab's window has 1280 and its file browser is open. A wider
# picture is shown smaller there, so its text has to be larger.
ROOM = 8.28

SIZES = {
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
}
STYLE = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if "backend" not in name},
    "font.family": [fonts.OWN],
    **SIZES,
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


def style(width: float) -> dict[str, object]:
    """The settings for a picture of so many inches."""
    larger = max(1.0, width / ROOM)
    return STYLE | {name: larger * size for name, size in SIZES.items()}


class Picture(Figure):
    """A matplotlib Figure that says what it shows: notebooks display it with its alt text.

    JupyterLab gives no alt text to a plain image, so the picture is sent as an ``<img>`` in HTML.
    """

    alt = ""

    def __repr__(self) -> str:
        return self.alt

    def savefig(self, *args, **kwargs) -> None:
        # An axis makes most of its ticks only when it is drawn, by the settings of that moment.
        with DRAWING, self._ready():
            super().savefig(*args, **kwargs)

    @contextmanager
    def _ready(self) -> Iterator[None]:
        """The settings to draw it with, and fonts for signs that the usual one lacks."""
        readers = fonts.readers()  # before the settings change
        with matplotlib.rc_context(style(self.get_figwidth())), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # `fonts` has said it in words
            fonts.make_ready(self, readers)
            yield

    def to_png(self) -> bytes:
        with DRAWING, self._ready():
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

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        return {"text/html": self.to_html(), "text/plain": self.alt}, {"text/html": {"alt": self.alt}}


def picture(width: float, height: float) -> Callable[[Callable[..., str]], Callable[..., Picture]]:
    """Turn a function that draws on a figure and returns its alt text into one that returns a `Picture`."""

    def decorate(draw: Callable[..., str]) -> Callable[..., Picture]:
        @functools.wraps(draw)
        def wrapper(*args, **kwargs) -> Picture:
            places.check_on_cpu(draw.__name__, args, kwargs)
            with DRAWING, matplotlib.rc_context(style(width)):
                figure = Picture(figsize=(width, height), dpi=1.5 * PIXELS_PER_INCH, layout="constrained")
                figure.alt = draw(figure, *args, **kwargs)
            return figure

        return wrapper

    return decorate


def literal(text: str) -> str:
    """Text as it is, also where matplotlib would read two dollar signs as mathematics."""
    return text.replace("$", r"\$")


def text_on(color: str | tuple[float, ...]) -> str:
    """Black or white, whichever is read more easily on that colour: the contrast is 4.5 : 1 or more."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "white"  # where both have the same contrast


def shown(symbol: str) -> str:
    """A symbol as it is seen: a space as ␣, and one that leaves no mark by its number."""
    if symbol == " ":
        return "␣"
    return f"U+{ord(symbol):04X}" if len(symbol) == 1 and is_hidden(symbol) else symbol


def quoted(symbol: str) -> str:
    """A symbol as the label of a tick has it, which matplotlib writes again when it draws."""
    return literal(fonts.with_bases(f"'{shown(symbol)}'"))


def symbols(vocab: Vocabulary) -> list[str]:
    return [literal(shown(symbol)) for symbol in vocab.itos]


LABELS = 45  # letters below an axis; more would run into each other
WRITTEN = 150  # letters on a map


def labelled(heights: Tensor) -> list[int]:
    """Which of the bars (N,) have room for a label below them: all, or the tallest that don't stand too close."""
    gap, chosen = len(heights) / LABELS, []
    if gap <= 1:
        return list(range(len(heights)))
    free = torch.ones(len(heights), dtype=torch.bool)
    for i in heights.argsort(descending=True, stable=True).tolist():
        if free[i]:
            chosen.append(i)
            free[max(0, math.ceil(i - gap + 1e-9)) : math.ceil(i + gap - 1e-9)] = False
    return sorted(chosen)


def bars(axes, probs: Tensor, vocab: Vocabulary, color: str = BLUE) -> list[str]:
    """Draw next-character probabilities (vocab_size,) as bars; return the three most likely as words."""
    axes.bar(range(len(vocab)), probs.tolist(), color=color, width=0.8)
    ticks = labelled(probs)
    axes.set_xticks(ticks, [symbols(vocab)[i] for i in ticks])
    axes.set_xlim(-0.7, len(vocab) - 0.3)
    axes.set_xlabel(literal(f"next character ('{vocab.itos[0]}' ends the name)"))
    axes.set_ylabel("probability")
    top = probs.topk(min(3, len(vocab)))
    return [f"'{shown(vocab.itos[i])}' {p:.0%}" for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)]


def ring(axes: Axes, x: float, y: float, size: float = 13, label: str | None = None) -> None:
    """A ring of so many points around a mark.

    `plot` puts markers on whole pixels: where a coordinate falls half-way, the last digit of a product, which another
    processor rounds otherwise, moved a large ring by a pixel. A path without a face is drawn where it is.
    """
    look = {"facecolors": "none", "edgecolors": INK, "linewidths": 2, "zorder": 2.9}
    axes.scatter(x, y, s=size**2, label=label, **look)


def apart(points: Tensor, gap: float) -> Tensor:
    """Places (n, 2) for labels, near their `points` (n, 2) but at least `gap` from each other where there is room.

    Two that are closer push each other away, half the missing distance each, until none is or 200 rounds are over.
    """
    turns = torch.arange(len(points)) * 2.4  # another direction for each, so that equal points part, too
    places = points + 0.01 * gap * torch.stack([turns.cos(), turns.sin()], dim=1)
    for _ in range(200 if gap else 0):
        ways = places[:, None] - places[None]  # (n, n, 2)
        far = ways.norm(dim=2, keepdim=True).clamp(min=1e-9 * gap)  # (n, n, 1)
        push = ways / far * (gap - far).clamp(min=0)
        if push.abs().max() < 0.02 * gap:
            break
        places = places + push.sum(1) / 2
    return places if gap else points


def _spread(points: Tensor) -> list[int]:
    """The symbols that a map has room to write, of `points` (n, 2): each the farthest from those before it."""
    if len(points) <= WRITTEN:
        return list(range(len(points)))
    chosen, far = [0], (points - points[0]).norm(dim=1)  # the boundary first
    while len(chosen) < WRITTEN:
        chosen.append(int(far.argmax()))
        far = torch.minimum(far, (points - points[chosen[-1]]).norm(dim=1))
    return chosen


def letter_map(
    axes, points: Tensor, vocab: Vocabulary, limit: float | None = None, gap: float = 0, **labels: str
) -> None:
    """Write each symbol at its point, of `points` (vocab_size, 2); circle the vowels, and frame the boundary.

    A step to the right is as long as one upwards, so that distances can be trusted. `limit` keeps the axes from there
    below zero to there above it, for pictures that are to be compared. Letters closer than `gap` are written beside
    their points, with a line to them. Of more than 150, those that stand farthest apart are written, the rest are dots.
    """
    written = _spread(points)
    if len(written) < len(points):
        axes.plot(*points.T, ".", color=GREY, markersize=2, zorder=2.5)
    places, points = apart(points[written], gap), points[written]  # (written, 2) each
    for place, point in zip(places, points, strict=True):
        if (place - point).norm() > gap / 4:
            axes.plot(*torch.stack([place, point]).T, color=INK, linewidth=0.6, zorder=2.8)
            axes.plot(*point[:, None], ".", color=INK, markersize=3, zorder=2.8)
    around = {"boxstyle": "circle,pad=0.15", "facecolor": "none", "edgecolor": ORANGE, "linewidth": 1.2}
    halo = [withStroke(linewidth=2, foreground="white")]  # a letter above another can be read
    for symbol, (x, y) in zip([vocab.itos[i] for i in written], places.tolist(), strict=True):
        style = {"ha": "center", "va": "center", "zorder": 3, "path_effects": halo}
        if is_vowel(symbol):
            style |= {"bbox": around, "weight": "bold", "zorder": 3.1}
        elif symbol == vocab.itos[0]:
            style |= {"bbox": around | {"boxstyle": "square,pad=0.1", "edgecolor": INK}, "weight": "bold"}
        # A full stop is so narrow that its frame would be a slit.
        axes.text(x, y, f" {literal(symbol)} " if symbol == vocab.itos[0] else literal(shown(symbol)), **style)
    if limit is None:
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.update_datalim(places.numpy())
        axes.autoscale_view()
    else:
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    axes.set(**labels)


def marks(vocab: Vocabulary) -> str:
    """In words, what `letter_map` marks of this vocabulary."""
    circled = any(map(is_vowel, vocab.itos[1:]))
    more = f", {WRITTEN} of {len(vocab)} symbols written" if len(vocab) > WRITTEN else ""
    return ("vowels circled, " if circled else "") + "the boundary framed" + more


def how_close(points: Tensor, vocab: Vocabulary) -> str:
    """In words, how far apart the vowels stand, and all letters."""
    letters = range(1, len(vocab))
    vowels = [i for i in letters if is_vowel(vocab.itos[i])]
    if len(vowels) < 2:
        return "fewer than two vowels"
    distance = distances(points)
    apart, usual = (float(group_distance(distance, list(group))) for group in (vowels, letters))
    return f"vowels {apart:.1f} apart on average, all letters {usual:.1f}"
