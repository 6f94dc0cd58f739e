"""Files that are written whole or not at all (floor 1)."""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

STALE = 60.0  # seconds after which a half-written file has no writer any more


def write_whole(path: str | os.PathLike, raw: bytes) -> None:
    """Write a file beside its place and move it there in one step, so that no reader ever meets half of it.

    If it is interrupted, the file stays as it was. A link stays a link, because the file that it leads to is written.
    What an earlier writer left behind when it was killed is removed.

    Raises
    ------
    OSError
        if the file can't be written.
    ValueError
        if something stands there that is no file, such as a folder or a device.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise ValueError("what stands there is no file")
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")  # no two writers share one
    try:
        part.write_bytes(raw)
        with part.open("r+b") as file:
            os.fsync(file.fileno())  # else a power cut could leave an empty file in the old one's place
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)  # there only if something failed, an interrupt included


def _sweep(path: Path) -> None:
    """Remove the half-written files of writers that were killed."""
    for other in path.parent.iterdir():
        if re.fullmatch(re.escape(path.name) + r"\.[0-9a-f]{16}\.part", other.name):
            with suppress(OSError):
                if time.time() - other.lstat().st_mtime > STALE:
                    other.unlink()
