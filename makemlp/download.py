"""The lecture's own list of names, for those who want exactly the video's numbers (floor 2). Nothing else needs it."""

from __future__ import annotations

import hashlib
import math
import os
import queue
import threading
import warnings
from collections.abc import Callable
from http.client import HTTPException
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from makemlp.data import load_names, path_of
from makemlp.data.setting import user_cache
from makemlp.files import write_whole

# A commit, not a branch: what stands there can never change.
LECTURE_URL = "https://raw.githubusercontent.com/karpathy/makemore/988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt"
LECTURE_SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
SIZE_LIMIT = 2_000_000  # bytes, some nine times the list: what is longer is another file, and not read to its end
MAY_PASS = (408, 425, 429, 500, 502, 503, 504)  # HTTP codes of a server that is only busy
INSTEAD = "or use load_names(), which needs no download"


def load_lecture_names(
    url: str = LECTURE_URL,
    cache_dir: str | os.PathLike | None = None,
    *,
    timeout: float = 10.0,
    retries: int = 2,
    total: float = 120.0,
    sha256: str = LECTURE_SHA256,
) -> list[str]:
    """The 32,033 names of the lecture's ``names.txt``: downloaded once, then read from a cache.

    Parameters
    ----------
    url : where the list is; the public repository karpathy/makemore by default.
    cache_dir : the folder to keep it in; by default the environment variable ``MAKEMLP_CACHE``, or the user's
        cache folder of the system.
    timeout : seconds to wait each time the server sends nothing.
    retries : how often to try again after a fault that may pass (busy server, lost connection), after 1, 2, 4 …
        seconds.
    total : seconds that all tries together may take, however slowly the server sends.
    sha256 : the file's SHA-256; anything else is refused.

    Returns
    -------
    list of str
        In the file's order. If the cache folder cannot be written, a warning says so; the names are returned anyway.

    Raises
    ------
    ValueError
        if the list cannot be downloaded or is not the lecture's. Nothing is kept then. Also for a time that is no
        number above 0, and for a cache folder that is no path.

    Source: the lecture "Building makemore", which reads this file.
    """
    _check(url, timeout, retries, total, sha256)
    file = _cache(cache_dir) / "lecture_names.txt"
    raw = _read_cached(file, sha256)
    if raw is None:
        raw = _download(url, timeout, retries, monotonic() + total)
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise ValueError(
                f"What {url} sent is not the lecture's list (its SHA-256 differs, as when a network's log-in page "
                f"answers instead): check the address and the network, {INSTEAD}."
            )
        _keep(raw, file, sha256)
    return load_names(text=raw.decode("utf-8"))


def _check(url: str, timeout: float, retries: int, total: float, sha256: str) -> None:
    """Raise a ValueError with a sentence for what makes no sense."""
    for name, text in (("url", url), ("sha256", sha256)):
        if not isinstance(text, str):
            raise ValueError(f"{name} is {text!r}: pass a text.")
    for name, seconds in (("timeout", timeout), ("total", total)):
        if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise ValueError(f"{name} is {seconds!r}: pass a number of seconds above 0.")
    if not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries is {retries!r}: pass a whole number, 0 or more.")


def _cache(cache_dir: str | os.PathLike | None) -> Path:
    """The folder to keep the list in."""
    folder = path_of(cache_dir or os.environ.get("MAKEMLP_CACHE") or user_cache())
    try:
        return folder.expanduser()
    except RuntimeError:  # there is no such user, or no home
        raise ValueError(f"The cache folder '{folder}' has no home folder: pass another cache_dir.") from None


def _read_cached(file: Path, sha256: str) -> bytes | None:
    """The cached file, or None where there is none or a spoilt one."""
    try:
        raw = file.read_bytes() if file.is_file() else b""  # to read a device may take for ever
    except OSError:
        return None
    return raw if hashlib.sha256(raw).hexdigest() == sha256 else None


def _keep(raw: bytes, file: Path, sha256: str) -> None:
    """Write the file into the cache; if that can't be, a warning says so."""
    try:
        write_whole(file, raw)
    except (OSError, ValueError) as error:
        if _read_cached(file, sha256) is None:  # else another caller was first, and Windows let one only
            warnings.warn(
                f"The names were downloaded but could not be kept in '{file.parent}' "
                f"({getattr(error, 'strerror', None) or error}): "
                f"set MAKEMLP_CACHE to a folder that you may write to, and the next call downloads nothing.",
                stacklevel=3,
            )


def _download(url: str, timeout: float, retries: int, until: float) -> bytes:
    """What is at the address, after a few tries; all of them end when `monotonic` says `until`."""
    for attempt in count():
        try:
            return _in_time(lambda: _fetch(url, timeout), until)
        except (OSError, HTTPException, ValueError) as error:
            fault, may_pass = _explain(error)
        if attempt >= retries or not may_pass or monotonic() + 2**attempt >= until:
            raise ValueError(
                f"The lecture's list could not be downloaded from {url} ({fault}): "
                f"check the address and your connection and try again, {INSTEAD}."
            )
        sleep(2**attempt)


def _in_time(work: Callable[[], bytes], until: float) -> bytes:
    """What `work` gives. It is not waited for longer: a server that sends a byte now and then never times out."""
    given: queue.Queue[bytes | Exception] = queue.Queue()

    def do() -> None:
        try:
            given.put(work())
        except Exception as error:
            given.put(error)

    threading.Thread(target=do, daemon=True).start()
    try:
        result = given.get(timeout=max(until - monotonic(), 0.0))
    except queue.Empty:
        raise TimeoutError("it took too long in all") from None
    if isinstance(result, Exception):
        raise result
    return result


def _fetch(url: str, timeout: float) -> bytes:
    with urlopen(Request(url, headers={"User-Agent": "makemlp"}), timeout=timeout) as response:
        raw = response.read(SIZE_LIMIT)
        expected = response.headers.get("Content-Length") or ""
    expected = int(expected) if expected.isdecimal() else 0
    if len(raw) < min(expected, SIZE_LIMIT):  # read() with a limit takes a connection that breaks off for the end
        raise ConnectionError(f"the connection broke off after {len(raw)} of {expected} bytes")
    return raw


def _explain(error: Exception) -> tuple[str, bool]:
    """What went wrong, in a few words, and whether it may pass by itself."""
    if isinstance(error, HTTPError):
        error.close()  # it is the server's answer, too, and holds the connection
        return f"the server answered {error.code}", error.code in MAY_PASS
    cause = getattr(error, "reason", error)  # URLError wraps it
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    # A bad address and a bad certificate stay so (both are ValueErrors); a lost connection may come back.
    return " ".join(words.split()), isinstance(cause, OSError) and not isinstance(cause, ValueError)
