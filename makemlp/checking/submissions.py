"""What learners hand in (floor 3): every file of a folder, read without trust; none is lost, and none stops the others.

A file is opened only if it is a plain one: behind a link or a device there may be anything, and a pipe never ends.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 200_000_000  # bytes of a notebook, and of all that a zip file holds; outputs can be large
MOST_CODE = 1_000_000  # characters in the code cells of a notebook; every cell is searched for every exercise
MOST_CELLS = 2_000  # code cells of a notebook
MOST_PARTS = 10_000_000  # lists, dictionaries and commas in a file: each makes an object, up to 24 times as large
MOST_NOTEBOOKS = 100  # in one zip file
NOT_HANDED_IN = {"__MACOSX", "Thumbs.db", "desktop.ini"}  # what computers put beside what people hand in
NOTEBOOK = (".ipynb", ".ipynb.txt", ".ipynb.json")  # mail programs and browsers add an ending


@dataclass(frozen=True)
class Code:
    """A code cell as it was handed in: its id, if the editor kept it, and its text."""

    id: str
    source: str


@dataclass
class Submission:
    """A file that was handed in.

    Attributes
    ----------
    learner : the file's name, or the folder that it lies in.
    file : its path within the class's folder.
    cells : its code cells, in order.
    note : why it holds none, or what was unusual in reading it.
    """

    learner: str
    file: str
    cells: list[Code] = field(default_factory=list)
    note: str = ""


def submissions(folder: Path, without: Path | None = None) -> Iterator[Submission]:
    """Every submission in a folder, by the order of the names, read one at a time.

    Parameters
    ----------
    folder : holds one notebook per learner, or one folder per learner; zip files count as folders.
    without : a folder within it to leave out, such as the last report.
    """
    folder, without, unread = folder.resolve(), without and without.resolve(), {}
    files, empty = sorted(_files(folder, without, unread)), set(_folders(folder)) - {without}
    for place in files:
        parts = _parts(place, folder)
        empty.discard(folder / place.relative_to(folder).parts[0])
        try:
            yield from _at(place, parts)
        except Exception as error:  # a file that is read without trust; nothing in it may stop the others' grades
            yield _refused(parts, f"The file cannot be read ({type(error).__name__}).")
    for place, error in unread.items():
        yield _refused([*_parts(place, folder), ""], f"The folder cannot be read ({error.strerror}).")
    for place in sorted(empty - unread.keys()):
        yield _refused([*_parts(place, folder), ""], "The folder holds no file.")


def _parts(place: Path, folder: Path) -> list[str]:
    """The names on the way to a file, as they are shown."""
    return [readable(os.fsencode(part)) for part in place.relative_to(folder).parts]


def _at(place: Path, parts: list[str]) -> Iterator[Submission]:
    """The submissions in one file."""
    try:
        kind = place.lstat().st_mode
    except OSError as error:
        yield _refused(parts, f"The file cannot be read ({error.strerror}).")
        return
    if not stat.S_ISREG(kind):
        yield _refused(parts, "This is a link or a device and no file: it was not opened.")
    elif parts[-1].lower().endswith(".zip"):
        yield from _of_zip(place, parts)
    elif parts[-1].lower().endswith(NOTEBOOK):
        yield _of_bytes(parts, *_content(place))
    elif len(parts) == 1:
        yield _refused(parts, "This is no notebook (.ipynb).")
    elif not any(name.lower().endswith((*NOTEBOOK, ".zip")) for name in os.listdir(place.parent)):
        yield _refused(parts, "There is no notebook (.ipynb) beside this file.")


def kept_as(name: str) -> str:
    """A file's name as Python is to be given it, so that it is kept as UTF-8 also where the locale is another."""
    return os.fsdecode(name.encode("utf-8"))


def readable(name: bytes) -> str:
    """A file's name as text: UTF-8, or the Latin-1 that an old zip program left behind."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _files(folder: Path, without: Path | None, unread: dict[Path, OSError]) -> Iterator[Path]:
    """Everything in the folder that is no folder, and in `unread` the folders that can't be read.

    None is entered by a link. It goes down without recursion, because nothing limits how deep folders lie.
    """
    left = [folder]
    while left:
        place = left.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if _is_hidden(entry.name):
                        continue
                    if not entry.is_dir(follow_symlinks=False):
                        yield Path(entry)
                    elif Path(entry) != without:
                        left.append(Path(entry))
        except OSError as error:
            unread[place] = error


def _folders(folder: Path) -> Iterator[Path]:
    """The folders at the top, one per learner."""
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (Path(one) for one in entries if one.is_dir(follow_symlinks=False) and not _is_hidden(one.name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in NOT_HANDED_IN


def _refused(parts: list[str], note: str) -> Submission:
    return Submission(_learner(parts), "/".join(parts), note=note)


def _learner(parts: list[str]) -> str:
    """Whose it is: the folder that it lies in, or the file's own name; without their endings."""
    return "/".join(map(_bare, parts[:-1] or parts))


def _bare(name: str) -> str:
    ending = next((one for one in (*NOTEBOOK, ".zip") if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)] or name


def _content(file: Path) -> tuple[bytes, str]:
    """The bytes of a plain file, or why they can't be had; opened so that nothing can be put in its place meanwhile."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(file, flags), "rb") as opened:
            about = os.fstat(opened.fileno())
            if not stat.S_ISREG(about.st_mode):
                return b"", "This is a link or a device and no file: it was not opened."
            if about.st_size > LARGEST:
                return b"", f"The file is larger than {LARGEST // 10**6} MB."
            return opened.read(LARGEST), ""
    except OSError as error:
        return b"", f"The file cannot be read ({error.strerror})."


def _of_zip(file: Path, parts: list[str]) -> Iterator[Submission]:
    """Every notebook in a zip file, as if it lay in a folder of that name."""
    found = False
    try:
        with zipfile.ZipFile(file) as packed:
            room, count = LARGEST, 0
            for member in packed.infolist():
                inner = [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
                if not inner or any(map(_is_hidden, inner)) or not inner[-1].lower().endswith(NOTEBOOK):
                    continue
                found, names = True, [*parts, *(readable(part.encode("utf-8", "replace")) for part in inner)]
                room, count = room - member.file_size, count + 1
                if room < 0:
                    yield _refused(names, f"The zip file holds more than {LARGEST // 10**6} MB.")
                    return
                if count > MOST_NOTEBOOKS:
                    yield _refused(parts, f"The zip file holds more than {MOST_NOTEBOOKS} notebooks; the rest is left.")
                    return
                with packed.open(member) as opened:
                    yield _of_bytes(names, opened.read(member.file_size), "")
    except Exception as error:  # each of the ways to pack has errors of its own
        found = True
        yield _refused(parts, f"The zip file cannot be read ({type(error).__name__}).")
    if not found:
        yield _refused(parts, "The zip file holds no notebook (.ipynb).")


def _of_bytes(parts: list[str], raw: bytes, note: str) -> Submission:
    found = _refused(parts, note)
    if not note:
        found.cells, found.note = _code_cells(raw)
    return found


def _code_cells(raw: bytes) -> tuple[list[Code], str]:
    """A notebook's code cells and what was unusual, or a sentence about why there are none. Outputs are dropped."""
    if not raw.strip():
        return [], "The file is empty."
    if sum(map(raw.count, (b"[", b"{", b","))) > MOST_PARTS:
        return [], f"The file holds more than {MOST_PARTS:,} lists, dictionaries and commas: look at it by hand."
    text, note = _text(raw)
    try:
        cells = [code for cell in _cells_in(json.loads(text)) if (code := _code(cell)) is not None]
    except (ValueError, RecursionError):
        return [], "The file is not JSON, so it is no notebook."
    except (KeyError, TypeError):
        return [], "The file is JSON but no notebook: it has no list of cells."
    if len(cells) > MOST_CELLS:
        return [], f"There are more than {MOST_CELLS:,} code cells: look at it by hand."
    if sum(len(cell.source) for cell in cells) > MOST_CODE:
        return [], f"The code cells hold more than {MOST_CODE:,} characters: look at it by hand."
    return cells, note


def _text(raw: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            return raw.decode(encoding), ""
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "The file is not UTF-8; it was read as Latin-1."


def _cells_in(notebook: dict) -> list:
    """All cells; notebooks of before 2015 (nbformat 3) keep them in worksheets."""
    parts = [notebook] if "cells" in notebook else notebook["worksheets"]
    return [cell for part in parts for cell in part["cells"]]


def _code(cell: object) -> Code | None:
    """A code cell; None for any other, and for one that is no cell at all."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source, metadata = cell.get("source", cell.get("input", "")), cell.get("metadata")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    own = cell.get("id") or (metadata.get("id") if isinstance(metadata, dict) else None)
    return Code(own if isinstance(own, str) else "", source)
