"""Run learners' answers, each in a process of its own (floor 3). The grader starts this module and talks to it in JSON.

On Linux a warm process forks for each answer, which costs milliseconds. Elsewhere a new Python starts for each, which
costs the seconds that importing PyTorch takes. The answer's process gets limits and a guard against accidents; it hands
over only what was seen, and judges nothing.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from json import dumps, load, loads
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no limits on memory for a process
    resource = None

from IPython.core.inputtransformer2 import TransformerManager

from makemlp.checking.exercises import find
from makemlp.checking.observing import Stop, observe
from makemlp.checking.sandbox import INSIDE
from makemlp.checking.wire import pack, write

FORKS = sys.platform == "linux"  # elsewhere a process that has loaded PyTorch may not survive a fork
LARGEST = 50_000_000  # bytes of an answer's sheet, or of a file that it writes
PROCESSES = 500  # that a sandbox may hold, threads among them; Linux doesn't limit root's
ANSWER = "<answer>"
READY = "ready"  # the first line, when all that takes seconds to import is there
REFUSED = {
    *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.spawn"),
    *("subprocess.Popen", "os.kill", "os.killpg", "ctypes.dlopen", "socket.connect", "socket.bind", "socket.sendto"),
}
CHANGES = {
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile", "shutil.copytree"),
}


def main() -> None:
    if sys.argv[1:] == ["one"]:
        job, out = load(sys.stdin), os.dup(1)
        _work(job, out)
    print(dumps(READY), flush=True)
    for line in sys.stdin:
        job = loads(line)
        print(dumps(_fork(job) if FORKS else _spawn(job)), flush=True)  # a text in JSON is one line, whatever it holds


# The side that waits


def _fork(job: dict) -> str:
    """Run the job in a fork of this process; its sheet, or why there is none."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        _work(job, into)
    os.close(into)
    try:
        text, in_time = _listen(out, time.monotonic() + job["seconds"])
    finally:
        os.close(out)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # and what it may have left behind
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # where it had no time to begin a group
    os.waitpid(pid, 0)
    return _sheet(text, in_time)


def _listen(out: int, deadline: float) -> tuple[bytes, bool]:
    """What the process wrote until it closed its end, and whether it did so in time."""
    text = bytearray()  # grows in place: fifty megabytes come in a thousand pieces
    while (left := deadline - time.monotonic()) > 0 and len(text) < LARGEST:
        if select.select([out], [], [], left)[0]:
            chunk = os.read(out, 1 << 20)
            if not chunk:
                return bytes(text), True
            text += chunk
    return b"", False


def _spawn(job: dict) -> str:
    """As `_fork`, in a new Python."""
    command = [sys.executable, "-m", "makemlp.checking.worker", "one"]
    try:
        # The time limit is the answer's: starting up has half a minute more.
        run = subprocess.run(command, input=dumps(job).encode(), capture_output=True, timeout=job["seconds"] + 30)
    except subprocess.TimeoutExpired:
        return _sheet(b"", False)
    return _sheet(run.stdout, True)


def _sheet(text: bytes, in_time: bool) -> str:
    """What is handed on: the answer's own words, unread, as whoever reads them must trust nothing in them."""
    return text.decode("utf-8", "replace") if in_time else '{"failed": "time"}'


# The side that runs the answer


def _work(job: dict, into: int) -> None:
    """Run the answer, write its sheet to the file descriptor `into`, and end this process."""
    try:
        _confine(job, into)
        text = dumps(_try(job))
    except MemoryError:
        text = dumps({"failed": "memory"})
    except BaseException as error:
        text = dumps({"stopped": pack(Stop(type(error).__name__, str(error)))})
    with os.fdopen(into, "wb") as file:
        file.write(text.encode())
    os._exit(0)


def _try(job: dict) -> dict:
    """The sheet: what the answer was seen to do, or where its cells stopped."""
    exercise = find(job["name"])
    for helpers in ([], job["helpers"]):
        try:
            scope = _scope(job, helpers)
        except NameError:
            if helpers or not job["helpers"]:
                raise
            continue
        if job["name"] not in scope:
            return {"failed": "undefined"}
        seen = observe(exercise, scope[job["name"]], job["seed"])
        if not any(isinstance(one.value, Stop) and one.value.kind == "NameError" for one in seen):
            break  # else it uses what stands in a cell of the learner's own, somewhere else
    return {"seen": write(seen)}


def _scope(job: dict, helpers: list[str]) -> dict:
    """What the learner's names stand for, once the cells have run as in the notebook."""
    shell = Shell()
    scope = shell.scope
    for source in job["setup"]:
        run_cell(source, shell)
    # Nothing that is said or changed here counts, so nothing of the checker is left within reach.
    scope |= {name: lambda *_: None for name in ("check", "hint", "progress")}
    for name in [name for name in sys.modules if name.startswith("makemlp.checking")]:
        del sys.modules[name]
    for source in helpers:
        with suppress(Exception):  # they belong to other exercises too, whose faults are told there
            run_cell(source, shell)
    for source in job["cells"]:
        run_cell(source, shell)
    return scope


class Shell:
    """What a cell reaches by `get_ipython()` and by magics. It runs Python, and does nothing else."""

    def __init__(self):
        quiet = {"display": lambda *_, **__: None, "get_ipython": lambda: self}
        self.scope = {"__name__": "__main__", **quiet}
        self.user_ns = self.scope

    def run_line_magic(self, name: str, line: str, *_: object) -> None:
        if name == "time":
            run_cell(line, self)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name in ("time", "capture", "prun"):  # what %%timeit runs defines nothing, here as in a notebook
            run_cell(cell, self)

    def getoutput(self, *_: object) -> list:
        return []

    def __getattr__(self, name: str) -> Callable:
        return lambda *_, **__: None


def run_cell(source: str, shell: Shell) -> None:
    """Run a cell as a notebook does: IPython turns magics, `!` and `?` into calls, and `await` may stand at the top."""
    text = TransformerManager().transform_cell(source)
    linecache.cache[ANSWER] = (len(text), None, text.splitlines(True), ANSWER)  # to quote a line that stopped
    code = compile(text, ANSWER, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, shell.scope))
    else:
        exec(code, shell.scope)


def _confine(job: dict, into: int) -> None:
    """A session, a silent terminal, limits and a guard for the rest of this process."""
    if hasattr(os, "setsid") and FORKS:
        os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.closerange(3, into)
    os.closerange(into + 1, 256)
    os.chdir(job["scratch"])
    os.environ |= {"HOME": job["scratch"], "TMPDIR": job["scratch"]}
    tempfile.tempdir, sys.dont_write_bytecode = job["scratch"], True
    if resource is not None:
        size = job["megabytes"] * 2**20
        with suppress(OSError):  # Linux says how much address space PyTorch takes by itself
            size += int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        limits = {"RLIMIT_AS": size, "RLIMIT_CPU": int(job["seconds"]) + 1, "RLIMIT_FSIZE": LARGEST, "RLIMIT_CORE": 0}
        if job["scratch"] == INSIDE and counts_apart():
            limits["RLIMIT_NPROC"] = PROCESSES
        for name, limit in limits.items():
            with suppress(ValueError, OSError, AttributeError):
                resource.setrlimit(getattr(resource, name), (limit, limit))
    with suppress(OSError):  # where memory is short, Linux ends an answer, and none of the grader's processes
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    _guard(os.path.realpath(job["scratch"]))


def counts_apart() -> bool:
    """Whether Linux counts a sandbox's processes by themselves: since 5.14; before, with all others of the user."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return version is not None and tuple(map(int, version.groups())) >= (5, 14)


def _guard(scratch: str) -> None:
    """Refuse, for the rest of this process, to write outside `scratch`, to start processes and to use the network."""
    realpath, fspath, fsdecode = os.path.realpath, os.fspath, os.fsdecode
    inside = (scratch, os.devnull)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def refuse(what: str) -> None:
        raise PermissionError(f"{what} is not allowed while graded")

    def is_outside(path: object) -> bool:
        if isinstance(path, int) or path is None:
            return False
        real = realpath(fsdecode(fspath(path)))
        return not any(real == one or real.startswith(one + os.sep) for one in inside)

    def hook(event: str, arguments: tuple) -> None:
        if event in REFUSED:
            refuse(event)
        elif event == "open":
            path, mode, flags = arguments
            if (set(mode or "") & set("wax+") or (flags or 0) & writing) and is_outside(path):
                refuse(f"writing to {path}")
        elif event in CHANGES and any(is_outside(one) for one in arguments[:2] if isinstance(one, str | bytes | Path)):
            refuse(f"{event} outside the folder")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
