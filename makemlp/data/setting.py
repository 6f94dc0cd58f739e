"""Which list of names is read where none is named (floor 1): the lists that ship, and the one that is set."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from makemlp.data.reading import call_for, path_of, read_text

NAMES_FILE = Path(__file__).parents[1] / "names" / "us_2018.txt"
NAMES_SHA256 = "bd02dfd33179e23ec2dd093cbd4de619834f75d660ef1ae04d3127e7a0110053"
OTHER_LISTS = {  # shipped beside the bundled names, with the SHA-256 of each file
    "french_given": "afa3354bea30518754ac63c6e2dbe03f5fc40ed106bb7486f5ce24e9f4222358",
    "israel_given": "81978fdb9a1422e3acd9763d0e9e2fda301f48bc5820cbaf860480946b2d1347",
}
SETTING = "MAKEMLP_NAMES"  # the environment variable that says which list load_names() reads


def names_file() -> Path:
    """The file that `load_names` reads when it is given none: the whole path.

    The environment variable MAKEMLP_NAMES says which: a list that ships with the package, by its name
    (``us_2018``, ``french_given``, ``israel_given``), or a path. A relative path is looked for in the folder of the
    kernel and then in each folder above, so that it means the same file in lessons, exercises and solutions. Where the
    variable is not set, it is what `use_names` has kept; where nothing is kept, the bundled names.

    Raises
    ------
    ValueError
        with one sentence, if there is no such file.
    """
    said, who = os.environ.get(SETTING), f"The environment variable {SETTING}"
    if said is None:
        kept = kept_setting()
        said, who = kept.read_text(encoding="utf-8") if kept.is_file() else "", "use_names"
    said = said.strip()
    if not said:
        return NAMES_FILE
    if shipped := shipped_list(said):
        return shipped
    path = Path(os.path.expanduser(path_of(said)))
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / path).is_file():
            return (folder / path).absolute()
    raise ValueError(
        f"{who} names the list '{said}', and there is no such file in {Path.cwd()} or a folder above it: "
        f"check the path, or write makemlp.use_names(None) for the bundled names."
    )


def shipped_list(name: str | os.PathLike) -> Path | None:
    """The file of the list that ships with the package under this name; None where none does."""
    name = os.fspath(path_of(name))
    if not re.fullmatch(r"\w+", name):
        return None
    file = NAMES_FILE.with_name(f"{name}.txt")
    return file if os.path.isfile(file) else None  # False, and no error, for a name that is too long for a file


def kept_setting() -> Path:
    """The file in which `use_names` keeps its choice for the next notebook: in the user's cache folder."""
    return Path(os.path.expanduser(os.environ.get("MAKEMLP_CACHE") or user_cache())) / "names_in_use"


def plain_lists() -> Path:
    """The folder in which `use_names` keeps what it has read, of which each whole line is a name."""
    return kept_setting().parent.absolute() / "lists"


def is_plain() -> bool:
    """Whether the list that is set was written by `use_names`, or packed for Colab: then it is no table."""
    file = names_file()
    packed = file.parent == NAMES_FILE.parent and file != NAMES_FILE and file.stem not in OTHER_LISTS
    return packed or plain_lists() in file.parents


def user_cache() -> Path:
    """The folder for what can be made again, where each system has it; not expanded."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base) / "makemlp"


def list_tag(file: str | os.PathLike | None = None) -> str:
    """What tells files of one list from those of another: "" for the bundled names, else such as ``my_list-1f0c9a2b``.

    Parameters
    ----------
    file : the list's, by default that of the list that is set.

    The second part is the beginning of the file's SHA-256, so that a list that was changed is another list.
    """
    file = names_file() if file is None else shipped_list(file) or Path(os.path.expanduser(path_of(file)))
    if file == NAMES_FILE:
        return ""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ValueError(f"The list '{file}' can't be read ({error.strerror}): check the path.") from None
    return f"{file.stem}-{hashlib.sha256(raw).hexdigest()[:8]}"


def read(encoding: str | None = None) -> tuple[str, str, str]:
    """The list that is set: what it is called in a sentence, the beginning of the call that reads it, and its text."""
    file = names_file()
    if file == NAMES_FILE:
        return "the bundled list", "load_names(", read_bundled()
    if file.parent == NAMES_FILE.parent and file.stem in OTHER_LISTS:
        return f"the list '{file.stem}'", "load_names(", _read_shipped(file, OTHER_LISTS[file.stem])
    return f"'{file}'", call_for("makemlp.use_names", file, encoding), read_text(file, encoding)


def read_bundled() -> str:
    return _read_shipped(NAMES_FILE, NAMES_SHA256)


def _read_shipped(file: Path, sha256: str) -> str:
    raw = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ValueError(f"The list {file.name} was changed after it was shipped: install makemlp again.")
    return raw.decode("utf-8")
