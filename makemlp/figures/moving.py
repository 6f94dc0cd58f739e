"""A training run as a moving picture (floor 3): the top of the README."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.figures.base import (
    BLUE,
    DRAWING,
    INK,
    ORANGE,
    SIZES,
    Picture,
    how_close,
    letter_map,
    literal,
    marks,
    picture,
    style,
)
from makemlp.lists import is_vowel

# A README's prose is larger than a notebook's: 16 pixels, which are 11.5 points.
LARGE = dict.fromkeys(SIZES, 12) | {"axes.titlesize": 13}


def _tint(color: str, share: float) -> tuple[float, ...]:
    """A colour mixed with white, as along the edge of a letter."""
    return tuple(1 - share * (1 - channel) for channel in to_rgb(color))


PALE = _tint(ORANGE, 0.15)
# What a film is drawn with; in its file, the number after the last is transparent.
COLORS = [(1.0, 1.0, 1.0), PALE, *(_tint(color, n / 8) for color in (INK, BLUE, ORANGE) for n in range(1, 9))]

READABLE = 12  # moments for which the same names stay, as a reader needs about a second
TAIL = 8  # moments of a symbol's way that are drawn behind it
FRAME, HOLD, START = 70, 2600, 600  # milliseconds: of a moment, of the last one, of the first
REWIND = 9  # frames from the end back to the beginning


@dataclass(frozen=True)
class Film:
    """A run at moments from its start to its end.

    Parameters
    ----------
    steps : taken by each moment.
    dev : its dev loss, in nats per character.
    points : (moments, vocab_size, 2), where the symbols stand.
    names : some that it makes up, as many at each moment.
    lines : losses to compare with, by label.
    """

    vocab: Vocabulary
    steps: Sequence[int]
    dev: Sequence[float]
    points: Tensor
    names: Sequence[Sequence[str]]
    lines: Mapping[str, float]

    @property
    def alt(self) -> str:
        lines = ", ".join(f"{label} {loss:.2f}" for label, loss in self.lines.items())
        first, last = (how_close(self.points[i], self.vocab) for i in (0, -1))
        return (
            f"A training run of {self.steps[-1]} steps in motion. The dev loss falls from {self.dev[0]:.2f} to "
            f"{self.dev[-1]:.2f}, beside lines at {lines}. {len(self.vocab)} characters move over a map: at first "
            f"{first}; at the end {last}. Names it makes up at first: {', '.join(self.names[0][:3])}; at the end: "
            f"{', '.join(self.names[-1])}."
        )


def _draw(fig: Figure, film: Film, moment: int = -1) -> str:
    """A run at one of its moments: where the symbols are and came from, the dev loss so far, names of that time."""
    wide = fig.get_figwidth() > fig.get_figheight()
    places = [["map", "loss"], ["map", "names"]] if wide else [["map"], ["loss"], ["names"]]
    ratios = {"width_ratios": (11, 10), "height_ratios": (5, 3)} if wide else {"height_ratios": (9, 5, 3)}
    with matplotlib.rc_context(LARGE):
        axes = fig.subplot_mosaic(places, **ratios)
        _draw_map(axes["map"], film)
        _draw_loss(axes["loss"], film)
        _draw_names(axes["names"], film)
    _show(fig, film, range(len(film.steps))[moment])
    return film.alt


def _draw_map(axes, film: Film) -> None:
    axes.add_collection(LineCollection([], colors=BLUE, linewidths=1.5, alpha=0.5), autolim=False)
    with matplotlib.rc_context({"font.size": 14}):
        letter_map(axes, film.points[-1], film.vocab, title=f"embeddings ({marks(film.vocab).partition(',')[0]})")
    for vowel in (text for text in axes.texts if is_vowel(text.get_text())):
        vowel.get_bbox_patch().set_facecolor(PALE)  # found again at a glance, where all moves
    low, high = film.points.amin((0, 1)), film.points.amax((0, 1))  # (2,) each, of the whole film
    margin = 0.07 * (high - low).max()
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    axes.set_aspect("equal", adjustable="box")
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    axes.set(xlabel="first number", ylabel="second number")
    axes.spines[:].set_visible(True)


def _draw_loss(axes, film: Film) -> None:
    for (label, loss), upper in zip(film.lines.items(), (True, False), strict=True):
        axes.axhline(loss, color=INK, linestyle=":", linewidth=1.2)
        height, align = (loss + 0.02, "bottom") if upper else (loss - 0.03, "top")
        axes.text(film.steps[-1], height, f"{label}: {loss:.2f}", ha="right", va=align)
    axes.plot([], [], color=BLUE, linewidth=2.5)
    axes.plot([], [], "o", color=BLUE, markersize=8)
    lowest = min(*film.lines.values(), *film.dev)
    axes.set(xlabel="step", ylabel="dev loss (nats)", ylim=(lowest - 0.3, max(film.dev) + 0.1))
    axes.set(xlim=(-0.03 * film.steps[-1], 1.03 * film.steps[-1]))


def _draw_names(axes, film: Film) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 2), ylim=(-2.6, 0.5), title="names it makes up")
    for i in range(len(film.names[0])):
        written = axes.text(i % 2, -(i // 2), "", fontsize=14, va="center", weight="bold", color=BLUE)
        written.set_in_layout(False)  # or the other axes would make room for each name anew


def _show(fig: Figure, film: Film, moment: int, names: bool = True) -> None:
    """Move a film's picture to another moment."""
    chart, curve, writing = fig.axes
    for text, point in zip(chart.texts, film.points[moment].tolist(), strict=True):
        text.set_position(point)
    chart.collections[0].set_segments(film.points[max(0, moment - TAIL) : moment + 1].transpose(0, 1).numpy())
    curve.lines[-2].set_data(film.steps[: moment + 1], film.dev[: moment + 1])
    curve.lines[-1].set_data([film.steps[moment]], [film.dev[moment]])
    told = f"step {film.steps[moment]}: dev loss {film.dev[moment]:.2f}"
    curve.set_title(told, fontsize=LARGE["axes.titlesize"])
    last = len(film.steps) - 1
    chapter = moment if moment == last else moment // READABLE * READABLE
    for text, name in zip(writing.texts, film.names[chapter], strict=True):
        text.set_text(_short(name) if names else "")


def _short(name: str) -> str:
    return literal(name if len(name) < 12 else f"{name[:10]}…") or "(empty)"


# The same for a wide page and for a phone's.
film = picture(8.4, 4.7)(_draw)
film_narrow = picture(4.2, 7.6)(_draw)


def timeline(film: Film) -> Iterator[tuple[int, int, bool]]:
    """The moments to show, each with its milliseconds and whether it shows names.

    The last one comes first, as some pages show nothing but a first frame.
    """
    last = len(film.steps) - 1
    yield last, HOLD, True
    for i in range(1, REWIND):
        done = i / REWIND
        yield round(last * (1 - done * done * (3 - 2 * done))), FRAME, False
    yield 0, START, True
    for moment in range(1, last):
        yield moment, FRAME, True


def animate(shown: Picture, film: Film) -> bytes:
    """A GIF of the film that runs for ever, from a picture of it."""
    frames, times = [], []
    with DRAWING, matplotlib.rc_context(style(shown.get_figwidth())):
        canvas = FigureCanvasAgg(shown)
        canvas.draw()
        shown.set_layout_engine("none")  # the axes stay where the first drawing put them
        for moment, milliseconds, names in timeline(film):
            _show(shown, film, moment, names)
            canvas.draw()
            frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
            times.append(milliseconds)
    return _gif(frames, times)


def _gif(frames: Sequence[Image.Image], times: Sequence[int]) -> bytes:
    """Frames as one file, each but the first with only those pixels that are new."""
    palette = Image.new("P", (1, 1))  # one for all, or colours would flicker
    palette.putpalette([round(255 * channel) for color in COLORS for channel in color])
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    written = [drawn[0]]
    for before, now in itertools.pairwise(drawn):
        same = np.asarray(before) == np.asarray(now)
        written.append(Image.fromarray(np.where(same, len(COLORS), np.asarray(now)).astype(np.uint8), "P"))
        written[-1].putpalette(drawn[0].getpalette())
    buffer = io.BytesIO()
    options = {"duration": list(times), "loop": 0, "transparency": len(COLORS), "disposal": 1, "optimize": False}
    written[0].save(buffer, "gif", save_all=True, append_images=written[1:], **options)
    return buffer.getvalue()
