"""Where a stranger's code runs (floor 3): in a sandbox of the system's where there is one (bubblewrap, on Linux).

In it there is no network, no file of the instructor's, no process but the learner's own, and nothing that is written
stays. The guard in `worker` is there in any case; alone, it stops accidents and not attacks.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

PACKAGE = Path(__file__).parents[1]
SCRATCH = 100_000_000  # bytes that an answer may write
INSIDE, FONTS = "/tmp/scratch", "/tmp/fonts"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime")


@functools.cache
def works() -> bool:
    """Whether bubblewrap is there and may do what it does (some systems forbid it)."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return False
    try:
        tried = subprocess.run([*command("/tmp"), sys.executable, "-c", ""], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def command(scratch: str) -> list[str]:
    """How a command line begins that is to run in the sandbox, with a folder of its own named `scratch`."""
    shown = [place for place in (*SYSTEM, *_pythons()) if os.path.exists(place)]
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(SCRATCH), "--tmpfs", "/tmp"]
    for place in shown:  # after /tmp, where the course may lie
        words += ["--ro-bind", place, place]
    if os.geteuid() == 0:  # root owns the kernel's settings, also without any of its capabilities
        words += ["--ro-bind", "/proc/sys", "/proc/sys"]
    for name, value in environment(scratch).items():
        words += ["--setenv", name, value]
    for file in _font_lists():  # else every process looks through all fonts again, for seconds
        words += ["--ro-bind", str(file), f"{FONTS}/{file.name}"]
    words += ["--setenv", "MPLCONFIGDIR", FONTS, "--dir", scratch, "--chdir", scratch]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]  # both lie in memory, where nothing limits their size


def environment(scratch: str) -> dict[str, str]:
    """All that a stranger's process is told of its surroundings."""
    told = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONUTF8": "1", "HOME": scratch, "TMPDIR": scratch}
    told |= {"MPLCONFIGDIR": matplotlib.get_cachedir()}
    if os.name == "nt":  # without these two, Windows starts no Python
        told |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
    return told


def _pythons() -> list[str]:
    """The folders that this Python and its packages lie in, and the course's package."""
    places = {os.path.realpath(sys.base_prefix), sys.base_prefix, sys.prefix, str(PACKAGE)}
    return sorted(place for place in places if not place.startswith("/usr"))


def _font_lists() -> list[Path]:
    return sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def empty(folder: str) -> None:
    """Remove what an answer left in a folder, however deep it is."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        if os.name == "posix":  # rm goes down without recursion
            subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, timeout=600)


def folder() -> str:
    """A new folder for an answer that runs without the sandbox."""
    return tempfile.mkdtemp(prefix="makemlp-grade-")
