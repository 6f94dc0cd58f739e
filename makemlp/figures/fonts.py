"""Fonts for what matplotlib's own lacks (floor 3): any that this machine has, and a sentence where it has none."""

from __future__ import annotations

import functools
import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, findSystemFonts, fontManager, get_font
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from makemlp.data.spelling import is_hidden

OWN = "DejaVu Sans"  # ships with matplotlib, so pictures are the same everywhere; others lend what it lacks
# Before 3.11 matplotlib draws letters as they are stored: from left to right, and not joined.
SHAPES = tuple(map(int, matplotlib.__version__.split(".")[:2])) >= (3, 11)
ISOLATE, END = "\u2068", "\u2069"
# Letters that are written from right to left, in a row: Hebrew, Arabic, Syriac, Thaana, N'Ko and their like.
RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
RUN = re.compile(f"◌?[{RIGHT_TO_LEFT}](?:[{RIGHT_TO_LEFT} \u200c\u200d'-]*[{RIGHT_TO_LEFT}])?")

# What Unicode calls a script, and a font that has it, as Noto and Debian name them.
PACKAGES = {"cjk": ("Noto Sans CJK", "fonts-noto-cjk"), "hangul": ("Noto Sans CJK", "fonts-noto-cjk")}
PACKAGES |= dict.fromkeys(("hiragana", "katakana"), PACKAGES["cjk"])


def texts_of(figure: Figure) -> list[Text]:
    """The texts of a figure that hold more than ASCII, the labels of its ticks included."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):  # others have numbers alone
                axis.get_ticklabels()  # makes them, which come late
    return [text for text in figure.findobj(Text) if not text.get_text().isascii()]


def make_ready(figure: Figure, readers: Sequence[str]) -> None:
    """Before a figure is drawn: give its texts fonts that lend what their own lacks, and keep words in their order.

    A name that is written from right to left is isolated, or it would turn the words around it. A mark without its
    letter, as a vowel of Thai is in a vocabulary, stands on a dotted circle.
    """
    texts = texts_of(figure)
    for text in texts:
        text.set_text(with_bases(text.get_text()))
    lent = lenders("".join(text.get_text() for text in texts), readers)
    for text in texts:
        if lent:
            text.set_fontfamily([OWN, *lent])
        if SHAPES and ISOLATE not in text.get_text():
            text.set_text(RUN.sub(rf"{ISOLATE}\g<0>{END}", text.get_text()))


def with_bases(text: str) -> str:
    """Text in which each mark has something to stand on: no font has a mark together with the sign before a name."""
    categories = ["Z", *(unicodedata.category(sign)[0] for sign in text)]
    return "".join(
        f"◌{sign}" if this == "M" and before in "PZ" and not is_hidden(sign) else sign
        for sign, before, this in zip(text, categories, categories[1:], strict=False)
    )


def lenders(text: str, readers: Sequence[str] = ()) -> list[str]:
    """The fonts that have what matplotlib's own lacks of a text, the reader's before any other.

    A warning says what no font of this machine has.
    """
    wanted = {sign for sign in text if _is_drawn(sign)} - _signs_of(OWN)
    if not wanted:
        return []
    families, left = _chosen(wanted, readers)
    if left and _find_new():
        families, left = _chosen(wanted, readers)
    if left:
        warnings.warn(_advice(left), stacklevel=6)
    return families


def _is_drawn(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")


def _chosen(wanted: set[str], first: Sequence[str]) -> tuple[list[str], set[str]]:
    """Fonts that have the wanted signs together, and the signs that none has; the reader's own come first."""
    families, left = [], set(wanted)
    for name in first:
        if left & _signs_of(name):
            families.append(name)
            left -= _signs_of(name)
    while left:
        best = max(_installed(), key=lambda name: len(left & _signs_of(name)), default=OWN)
        if not left & _signs_of(best):
            break
        families.append(best)
        left -= _signs_of(best)
    return families, left


def readers() -> list[str]:
    """The fonts that the reader's settings of matplotlib name, in their order."""
    named = []
    for family in matplotlib.rcParams["font.family"]:
        named += matplotlib.rcParams.get(f"font.{family}", [family])
    return [name for name in named if name in _installed()]


@functools.lru_cache(maxsize=4)
def _entries(count: int) -> dict[str, FontEntry]:
    """For each family one upright font of usual weight; of several that have a sign, the plainest come first."""
    found: dict[str, FontEntry] = {}
    for font in fontManager.ttflist[:count]:
        usual = font.style == "normal" and str(font.weight) in ("400", "normal", "regular")
        if "Last Resort" not in font.name and (usual or font.name not in found):  # that one has boxes alone
            found[font.name] = font
    order = sorted(found, key=lambda name: (not name.startswith("Noto Sans"), "Sans" not in name, len(name), name))
    return {name: found[name] for name in order}


def _installed() -> dict[str, FontEntry]:
    return _entries(len(fontManager.ttflist))


@functools.cache
def _signs_of(family: str) -> frozenset[str]:
    font = _installed().get(family)
    try:
        return frozenset(map(chr, get_font(font.fname).get_charmap())) if font else frozenset()
    except (OSError, RuntimeError):  # the file was taken away, or can't be read
        return frozenset()


def _find_new() -> bool:
    """Let matplotlib know of fonts that were installed after it had made its list; whether there were any."""
    known, found = {Path(font.fname) for font in fontManager.ttflist}, False
    for file in findSystemFonts():
        if Path(file) not in known and file not in _unreadable:
            try:
                fontManager.addfont(file)
                found = True
            except (OSError, RuntimeError, ValueError):
                _unreadable.add(file)
    return found


_unreadable: set[str] = set()


def _advice(left: Iterable[str]) -> str:
    """What to install for signs that no font has."""
    left = sorted(left)
    script = unicodedata.name(left[0], "these signs").split()[0].lower()
    font, package = PACKAGES.get(script, (f"Noto Sans {script.capitalize()}", "fonts-noto-core"))
    more = f" and {len(left) - 3} signs more" if len(left) > 3 else ""
    return (
        f"No font on this machine has {', '.join(left[:3])}{more}, so pictures show boxes in their place: install "
        f"{font} (from fonts.google.com/noto, or with 'apt install {package}' on Debian, Ubuntu and Colab) and run "
        f"the cell again."
    )
