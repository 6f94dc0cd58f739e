"""Another list of names in all lessons (floor 2): the one that is set, and what lessons take from it as examples."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from makemlp.data import BOUNDARY, load_names
from makemlp.data.setting import NAMES_FILE, SETTING, kept_setting, names_file, plain_lists
from makemlp.files import write_whole

Value = TypeVar("Value")

# Letters that stand for vowels, without their accents, of the alphabets that have such letters.
VOWELS = frozenset("aeiouæœøıаеиоуыэюяєіїαεηιουωあいうえおアイウエオ")
VOWEL_SIGNS = (" VOWEL SIGN ", " CHARACTER SARA ", "THAI CHARACTER MAI HAN-AKAT")  # in the names of Unicode


def use_names(which: str | os.PathLike | None, **reading: Any) -> list[str]:
    """Let every lesson, exercise, study and worker on this machine read another list of names, from now on.

    The choice is kept in a file, because each notebook has a kernel of its own. The environment variable
    MAKEMLP_NAMES says the same for one command, and counts more.

    Parameters
    ----------
    which : the path of a text file with one name per line; or a list that ships with the package, by its name:
        ``"french_given"`` or ``"israel_given"``. None brings the bundled names back.
    reading : how to read it, as `load_names` takes it: ``column="Name"`` of a table, ``lowercase=True``,
        ``bad_lines="skip"`` and so on. What was read is then kept as a plain list beside the choice. Not ``boundary``,
        because lessons begin and end every name with '.'.

    Returns
    -------
    list of str
        the names, as `load_names` gives them to every lesson now.

    Raises
    ------
    ValueError
        with one sentence, if the list can't be read or the choice can't be kept. Then the list that was set before
        stays.

    Source: lesson 00.
    """
    if "boundary" in reading:
        raise ValueError("Lessons begin and end every name with '.': pass remove='.' to take it out of your names.")
    kept, before = kept_setting(), os.environ.get(SETTING)
    os.environ[SETTING] = "" if which is None else os.fspath(which)
    try:
        names, file = load_names(**reading), names_file()
        if reading:
            file = _as_plain_list(names, file.stem)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, b"" if file == NAMES_FILE else os.fsencode(file))
    except (ValueError, OSError) as error:
        if before is None:
            del os.environ[SETTING]
        else:
            os.environ[SETTING] = before
        if isinstance(error, OSError):
            raise ValueError(f"The choice can't be kept in '{kept}' ({error.strerror}): set {SETTING}.") from None
        raise
    os.environ[SETTING] = "" if file == NAMES_FILE else str(file)  # for the processes that this one starts
    return names


def _as_plain_list(names: list[str], name: str) -> Path:
    """Write the names, one per line, to a file that later ones of the same name do not replace; its whole path."""
    raw = "".join(f"{one}\n" for one in names).encode()
    file = plain_lists() / hashlib.sha256(raw).hexdigest()[:8] / f"{name}.txt"
    write_whole(file, raw)
    return file


def on_bundled(value: Value, otherwise: Value | None = None) -> Value | None:
    """`value` where the bundled names are set, and `otherwise` where another list is.

    For what belongs to one list: a loss that was measured on it, or an example that another list may lack.

    Source: lesson 01.
    """
    return value if names_file() == NAMES_FILE else otherwise


def expect(what: str, value: float, least: float = float("-inf"), most: float = float("inf")) -> None:
    """Assert that a number lies from `least` to `most` on the bundled names; on another list, show both.

    Raises
    ------
    AssertionError
        on the bundled names alone, with the number and its limits.

    Source: lesson 00.
    """
    value = float(value)
    limits = f"from {least:.4g} to {most:.4g}"
    if least == float("-inf"):
        limits = f"at most {most:.4g}"
    elif most == float("inf"):
        limits = f"at least {least:.4g}"
    if not on_bundled(True, False):
        print(f"{what}: {value:.4g} on this list; {limits} on the bundled names")
    elif not least <= value <= most:
        raise AssertionError(f"{what} is {value:.6g}; expected is {limits}")


def by_use(names: Iterable[str]) -> list[str]:
    """The symbols of a list of names, the most usual first; those as usual in the order of the vocabulary."""
    times = Counter(sorted("".join(names)))
    return [symbol for symbol, _ in times.most_common()]


def vowels(names: Iterable[str]) -> str:
    """The vowels among the symbols of a list of names, in the order of the vocabulary.

    Where the script writes fewer than two, its five most usual symbols take their place, and a line says so.
    """
    names = list(names)
    found = "".join(symbol for symbol in sorted(set("".join(names))) if is_vowel(symbol))
    if len(found) > 1:
        return found
    found = "".join(by_use(names)[:5])
    print(f"This list has fewer than two vowels. Its most usual symbols take their place: {' '.join(found)}")
    return found


def is_vowel(symbol: str) -> bool:
    """Whether a symbol is a letter or a sign for a vowel, accents aside; a whole word is none."""
    if len(symbol) != 1:
        return False
    base = unicodedata.normalize("NFD", symbol.lower())[0]
    sign = any(part in unicodedata.name(symbol, "") for part in VOWEL_SIGNS)
    return sign or (base in VOWELS and symbol.lower() not in "й" and symbol != BOUNDARY)


def measured_on_bundled(what: str) -> None:
    """Where another list is set, say that what follows was measured on the bundled names; say nothing on these."""
    if not on_bundled(True, False):
        print(f"{what} were measured on the bundled names, not on this list.")
