"""Grade a class (floor 3): a row in grades.csv and a page of feedback for every learner.

The answers are taken out of each submitted notebook and run where `worker` guards them; what they were seen to do is
judged here, in a process that no answer shares. So whatever a submission prints, patches or does to its check cells,
only right results on inputs that were not known before make a pass.
"""

from __future__ import annotations

import csv
import html
import itertools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import IO

from makemlp.checking import sandbox
from makemlp.checking.core import Verdict, judge
from makemlp.checking.exercises import of_lesson
from makemlp.checking.specification import Exercise
from makemlp.checking.submissions import Code, Submission, kept_as, submissions
from makemlp.checking.wire import read

ROOT = Path(__file__).parents[2]
PRISTINE = ROOT / "exercises"
READY = b'"ready"\n'  # the first line of a worker
LONGEST = 60_000_000  # bytes that an answer's process may say
STARTING = 600  # seconds that a process may take until it is ready, on a busy machine; it is there for what hangs
LARGEST_LIMIT = 1_000_000  # seconds, megabytes or workers: what is larger, systems refuse each in a way of its own
MARGIN = 60  # seconds more than an answer's own, after which its process must have been stopped from within
SAYS = {
    "time": "The answer took longer than {seconds:g} seconds: look for a loop that never ends.",
    "memory": "The answer asked for more memory than the limit of {megabytes} MB.",
    "ended": "The answer ended the process that it ran in: leave exit and its kin out.",
    "undefined": "The answer cell does not define {name}.",
    "lost": "The process that runs answers was lost: grade this one again.",
}


@dataclass
class Row:
    """What is told of one submission."""

    learner: str
    file: str
    notebook: str = ""
    note: str = ""
    verdicts: list[tuple[Exercise, Verdict]] = field(default_factory=list)

    @property
    def met(self) -> int:
        return sum(verdict.met for _, verdict in self.verdicts)


@dataclass(frozen=True)
class Limits:
    """What an answer may take: seconds, and megabytes beyond those of Python and PyTorch."""

    seconds: float = 10.0
    megabytes: int = 1024

    def check(self, workers: int | None = None) -> None:
        """Raise a ValueError with a sentence if a number makes no sense."""
        for name, number in (("seconds", self.seconds), ("megabytes", self.megabytes), ("workers", workers)):
            if number is not None and not 0 < number <= LARGEST_LIMIT:
                raise ValueError(f"--{name} is {number}: pass a number above 0, and of at most {LARGEST_LIMIT:,}.")


def grade(
    folder: str | os.PathLike,
    out: str | os.PathLike = "grades",
    notebook: str | None = None,
    limits: Limits = Limits(),
    workers: int | None = None,
    sandboxed: bool | None = None,
) -> list[Row]:
    """Grade every notebook in a folder. Ctrl-C ends it early; what was graded by then stays in the report.

    Parameters
    ----------
    folder : holds one notebook per learner, or one folder per learner with notebooks in it; zip files count as folders.
    out : where ``grades.csv`` and the pages of feedback are written.
    notebook : the number of the exercise notebook, such as "03"; by default each submission's own is found.
    workers : submissions at once, by default one per processor.
    sandboxed : whether answers run in the system's sandbox; by default where there is one.

    Returns
    -------
    list of Row, one per submission, in the order of the files' names.

    Raises
    ------
    ValueError
        if the folder isn't there or holds no notebook, the original exercises are not found, a limit is no number above
        0, the report can't be written, or there is no sandbox and one was asked for.
    KeyboardInterrupt
        when it was interrupted, once the report is complete as far as it goes.
    """
    folder, out = Path(folder), Path(out)
    limits.check(workers)
    if sandboxed and not sandbox.works():
        raise ValueError("There is no sandbox here: install bubblewrap (Linux), or leave the sandbox out.")
    originals = _originals()
    if notebook is not None and notebook not in originals:
        raise ValueError(f"There are no exercises {notebook!r}: pass one of {', '.join(originals)}.")
    if not folder.is_dir():
        raise ValueError(f"There is no folder '{folder}' (looked in {Path.cwd()}): check the path.")
    if out.resolve() == folder.resolve():
        raise ValueError(
            f"'{out}' holds the submissions: pass another --out, because a report there would count as one."
        )
    handed_in = submissions(folder, without=out)
    first = next(handed_in, None)
    if first is None:
        raise ValueError(f"'{folder}' holds no notebooks: put each learner's .ipynb file in it.")
    inside = sandbox.works() if sandboxed is None else sandboxed
    bench = Bench(originals, notebook, secrets.randbelow(2**31), limits, inside)
    report, crew = Report(out), _Crew(workers or os.cpu_count() or 1)

    def grade_one(number: int, one: Submission) -> None:
        row = _grade_one(one, bench)
        if not bench.stopping.is_set():
            report.add(number, row)

    try:
        for number, one in enumerate(itertools.chain([first], handed_in)):
            crew.take(grade_one, number, one)
        crew.wait()
    except BaseException:
        bench.stop()
        raise
    finally:
        crew.close()
    return [row for _, row in sorted(report.rows.items())]


class _Crew:
    """Some threads that grade, each one submission at a time; no more submissions are read than are graded."""

    def __init__(self, count: int):
        self.pool, self.room, self.tasks = ThreadPoolExecutor(count), threading.Semaphore(2 * count), []

    def take(self, task: Callable[..., None], *arguments: object) -> None:
        self.room.acquire()
        future = self.pool.submit(task, *arguments)
        future.add_done_callback(lambda _: self.room.release())
        self.tasks.append(future)

    def wait(self) -> None:
        for task in self.tasks:
            task.result()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self.pool.shutdown(wait=True, cancel_futures=True)


# What the originals ask for


@dataclass(frozen=True)
class Original:
    """An exercise notebook as it was given out: its first cells, and every answer and check cell by exercise."""

    name: str
    setup: list[str]
    answers: dict[str, str]
    checks: dict[str, str]
    given: frozenset[str]  # the text of every cell but the answers'


def _originals() -> dict[str, Original]:
    """By lesson number."""
    if not list(PRISTINE.glob("*.ipynb")):
        raise ValueError(
            f"The original exercises are not in {PRISTINE}: grade from a clone of the course's repository, which holds "
            f"them beside the package."
        )
    found = {}
    for file in sorted(PRISTINE.glob("*.ipynb")):
        lesson, sources = file.stem[:2], {}
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                sources[cell["id"]] = "".join(cell["source"])
        names = [exercise.name for exercise in of_lesson(lesson)]
        found[lesson] = Original(
            file.stem,
            [sources[f"{lesson}-setup"]],
            {name: sources[f"{lesson}-{name}-answer"] for name in names},
            {name: sources[f"{lesson}-{name}-check"] for name in names},
            frozenset(source.strip() for key, source in sources.items() if not key.endswith("-answer")),
        )
    return found


# One submission

# While a specification runs, what it prints is caught, in both streams, by taking these away from the whole process: so
# one thread at a time. Two at once could give back each other's, and the report would be printed into nothing.
_JUDGING = threading.Lock()


@dataclass
class Bench:
    """How answers are tried."""

    originals: dict[str, Original]
    notebook: str | None
    seed: int
    limits: Limits
    sandboxed: bool
    stopping: threading.Event = field(default_factory=threading.Event)
    workers: set[Worker] = field(default_factory=set)  # that are at work now

    def stop(self) -> None:
        """Have what is under way end at once; it gets no row, as it was not tried to the end."""
        self.stopping.set()
        for worker in list(self.workers):
            worker.kill()


class Worker:
    """A process that runs the answers of one submission, begun when the first is there, and anew if it is lost.

    Used in a `with`. One submission's answers share it, so what they do to it costs nobody else.
    """

    def __init__(self, bench: Bench):
        self.bench, self.process = bench, None
        self.scratch = sandbox.INSIDE if bench.sandboxed else sandbox.folder()

    def __enter__(self) -> Worker:
        self.bench.workers.add(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.bench.workers.discard(self)
        self._stop()
        if not self.bench.sandboxed:
            sandbox.empty(self.scratch)

    def run(self, job: dict) -> dict:
        """The sheet of one answer, as `makemlp.checking.worker` writes it."""
        try:
            if self.process is None:
                self._start()
            self.process.stdin.write(json.dumps({**job, "scratch": self.scratch}).encode() + b"\n")
            self.process.stdin.flush()
            if line := self._line(job["seconds"] + MARGIN):
                return sheet_in(line)
        except (OSError, TimeoutError):
            pass
        self._stop()
        return {"failed": "lost"}

    def _start(self) -> None:
        begin = sandbox.command(self.scratch) if self.bench.sandboxed else []
        self.process = subprocess.Popen(
            [*begin, sys.executable, "-m", "makemlp.checking.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if self.bench.sandboxed else sandbox.environment(self.scratch),
            start_new_session=True,
        )
        self.lines: Queue[bytes] = Queue()
        threading.Thread(target=_hear, args=(self.process.stdout, self.lines), daemon=True).start()
        if self._line(STARTING) != READY:
            raise OSError("the worker did not start")

    def _line(self, seconds: float) -> bytes:
        try:
            return self.lines.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None

    def kill(self) -> None:
        """End the process and all that it began; whoever waits for its answer hears that it was lost."""
        if self.process is not None:
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL) if os.name == "posix" else self.process.kill()

    def _stop(self) -> None:
        if self.process is not None:
            self.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with suppress(OSError):
                    pipe.close()
            self.process = None


def _hear(stream: IO[bytes], lines: Queue[bytes]) -> None:
    """Pass on what comes, line by line, none longer than it may be; an empty one when it is over."""
    with suppress(OSError, ValueError):
        while line := stream.readline(LONGEST):
            lines.put(line)
    lines.put(b"")


def sheet_in(line: bytes) -> dict:
    """What a line from an answer's process says, of the three things that it may say; all else is an answer that ended.

    ``{"failed": kind}`` of the kinds in SAYS, ``{"stopped": {"stop": [kind, message, line]}}``, or ``{"seen": text}``.
    """
    try:
        sheet = json.loads(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return {"failed": "ended"}
    if isinstance(sheet, dict) and len(sheet) == 1:
        ((name, what),) = sheet.items()
        if name == "failed" and isinstance(what, str) and what in SAYS:
            return sheet
        if name == "seen" and isinstance(what, str):
            return sheet
        if name == "stopped" and isinstance(what, dict) and what.keys() == {"stop"}:
            words = what["stop"]
            if isinstance(words, list) and len(words) == 3 and all(isinstance(word, str) for word in words):
                return sheet
    return {"failed": "ended"}


def _grade_one(handed_in: Submission, bench: Bench) -> Row:
    """The row of one submission. Whatever is wrong with it, or with the judge, costs no other."""
    row = Row(handed_in.learner, handed_in.file, note=handed_in.note)
    if not handed_in.cells and handed_in.note:
        return row
    try:
        _fill(row, handed_in.cells, bench)
    except Exception as error:
        row.note = f"The grader failed on this file ({type(error).__name__}): look at it by hand."
    return row


def _fill(row: Row, cells: list[Code], bench: Bench) -> None:
    found = {lesson: Answers(cells, lesson, original) for lesson, original in bench.originals.items()}
    lesson = max(found, key=lambda one: len(found[one].cells))
    if not found[lesson].cells:
        row.note = "The notebook holds no answer cells of any exercise notebook."
        return
    row.notebook = bench.originals[lesson].name
    if bench.notebook not in (None, lesson):
        row.note = f"This is notebook {lesson}, and {bench.notebook} is graded."
        return
    row.note = " ".join(filter(None, [row.note, *found[lesson].notes]))
    with Worker(bench) as worker:
        for exercise in of_lesson(lesson):
            row.verdicts.append((exercise, _verdict(exercise, found[lesson], worker, bench)))


class Answers:
    """The cells of one notebook, by the exercise that they answer.

    An answer is not one cell only: a learner splits it, moves it, or adds a helper. A cell belongs to the exercises
    whose id it has or whose name it defines; any other to the exercise that is next on the way down.

    Attributes
    ----------
    cells : dict of str to list of str, the sources by exercise, in order; run in a row they give the answer.
    helpers : the cells that have no id of the course's and define no answer: they may serve any exercise.
    notes : what the instructor should know.
    """

    def __init__(self, cells: Sequence[Code], lesson: str, original: Original):
        self.lesson, self.original = lesson, original
        self.helpers: list[str] = []
        found, owners = defaultdict(list), [self._owners(cell) for cell in cells]
        for place, cell in enumerate(cells):
            if self._is_the_courses(cell):
                continue
            if not owners[place]:
                self.helpers.append(cell.source)
            for name in next(filter(None, owners[place:]), []):
                found[name].append(cell)
        self.cells = {
            name: [cell.source for cell in some] for name, some in found.items() if self._is_answer(some, name)
        }
        self.notes = list(self._noted(cells))

    def source(self, name: str) -> str:
        return "\n".join(self.cells[name])

    def _owners(self, cell: Code) -> list[str]:
        """The exercises whose answer or check this cell is."""
        return [
            name
            for name, check in self.original.checks.items()
            if cell.id in (f"{self.lesson}-{name}-answer", f"{self.lesson}-{name}-check")
            or cell.source.strip() == check.strip()
            or _defines(cell.source, name)
        ]

    def _is_answer(self, cells: Sequence[Code], name: str) -> bool:
        """Whether these cells try to answer, be it under another name."""
        return any(_defines(cell.source, name) or cell.id == f"{self.lesson}-{name}-answer" for cell in cells)

    def _is_the_courses(self, cell: Code) -> bool:
        """Whether a cell was given out to be run as it is; if it was changed all the same, it doesn't count."""
        return cell.source.strip() in self.original.given or bool(
            re.fullmatch(rf"{self.lesson}-(install|setup|progress|\w+-(check|hint))", cell.id)
        )

    def _answer_ids(self) -> set[str]:
        return {f"{self.lesson}-{name}-answer" for name in self.original.answers}

    def _noted(self, cells: Sequence[Code]) -> Iterator[str]:
        sources = {cell.source.strip() for cell in cells}
        if not sources.issuperset(check.strip() for check in self.original.checks.values()):
            yield "Check cells were changed or deleted; the original ones count."
        ids = Counter(cell.id for cell in cells if cell.id in self._answer_ids())
        if twice := [one for one, times in ids.items() if times > 1]:
            yield f"Cells stand there twice ({', '.join(twice)}); the last one counts, as in a run of all cells."


def _defines(source: str, name: str) -> bool:
    return re.search(rf"^((async +)?def +{name} *\(|{name} *[:=])", source, re.M) is not None


def _verdict(exercise: Exercise, answers: Answers, worker: Worker, bench: Bench) -> Verdict:
    def failed(kind: str, says: str) -> Verdict:
        return Verdict(kind, f"✗ {exercise.title}: {says}")

    name, original = exercise.name, answers.original
    if name not in answers.cells:
        return failed("missing", "The answer cell is not there.")
    if answers.source(name).strip() == original.answers[name].strip():
        return Verdict("open", f"… {exercise.title}: still open.")
    seconds = bench.limits.seconds + (exercise.trial.seconds if exercise.trial else 0)
    limits = {"seconds": seconds, "megabytes": bench.limits.megabytes}
    what = {"setup": original.setup, "cells": answers.cells[name], "helpers": answers.helpers}
    sheet = worker.run({"name": name, "seed": bench.seed, **what, **limits})
    if "failed" in sheet:
        return failed(sheet["failed"], SAYS[sheet["failed"]].format(name=name, **limits))
    if "stopped" in sheet:
        kind, message, _ = sheet["stopped"]["stop"]
        return failed("raised", f"The answer cell stopped: {kind[:100]}: {message[:300]}")
    try:
        with _JUDGING:
            return judge(exercise, read(sheet["seen"]), bench.seed)
    except Exception as error:  # what came is a stranger's; nothing in it may stop the others' grades
        return failed("unreadable", f"What the answer gave cannot be read ({type(error).__name__}).")


# The report


class Report:
    """grades.csv and the pages of feedback: each row is written when it is known, so that an interrupt loses none.

    Raises
    ------
    ValueError
        if the folder can't be written to. It is tried before any work is done.
    """

    def __init__(self, out: Path):
        self.out, self.rows, self._lock = out, {}, threading.Lock()
        self._pages: dict[str, str] = {}  # by learner, the page's name; it stays when other rows come
        self._taken: set[str] = set()
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._write_table()
        except OSError as error:
            raise ValueError(f"'{out}' can't be written ({error.strerror}): pass another --out.") from None

    def add(self, number: int, row: Row) -> None:
        """Keep the row of the submission of this number."""
        with self._lock:
            self.rows[number] = row
            self._write_table()
            mine = [self.rows[one] for one in sorted(self.rows) if self.rows[one].learner == row.learner]
            page = self.out / kept_as(f"{self._page_name(row.learner)}.html")
            page.write_text(_page(row.learner, mine), encoding="utf-8")

    def _write_table(self) -> None:
        """In the order of the submissions, whichever was graded first; put in place whole."""
        part = self.out / "grades.csv.part"
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)  # a sign that separates elsewhere separates nothing
            table.writerow(["learner", "file", "notebook", "met", "of", "note", "exercises"])
            for _, row in sorted(self.rows.items()):
                each = "; ".join(f"{exercise.title}: {verdict.kind}" for exercise, verdict in row.verdicts)
                cells = [row.learner, row.file, row.notebook, row.met, len(row.verdicts), row.note, each]
                table.writerow([_no_formula(cell) for cell in cells])
        part.replace(self.out / "grades.csv")

    def _page_name(self, learner: str) -> str:
        """A file's name for a learner, no two alike on a system that knows no capitals or has one way to write an é."""
        if learner not in self._pages:
            name = re.sub(r"[^\w\- ]", "_", unicodedata.normalize("NFC", learner)).strip()[:60] or "_"
            if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", name, re.IGNORECASE):  # devices, on Windows
                name += "_"
            while name.casefold() in self._taken:
                name += "_"
            self._pages[learner] = name
            self._taken.add(name.casefold())
        return self._pages[learner]


def _no_formula(cell: str | int) -> str | int:
    """A spreadsheet computes a cell that begins like a formula, whoever wrote it."""
    return "'" + cell if isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@")) else cell


def _page(learner: str, rows: list[Row]) -> str:
    parts = []
    for row in rows:
        title = f"{row.notebook or row.file}: {row.met} of {len(row.verdicts)} met"
        parts.append(f"<h2>{html.escape(title)}</h2>")
        if row.note:
            parts.append(f"<p><em>{html.escape(row.note)}</em></p>")
        parts += [f"<p>{html.escape(verdict.text)}</p>" for _, verdict in row.verdicts]
    style = "body { max-width: 45em; margin: 2em auto; font-family: sans-serif; line-height: 1.5 }"
    name = html.escape(learner)
    text = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{name}</title>\n<style>{style}</style>\n'
        f"<h1>{name}</h1>\n" + "\n".join(parts) + "\n</html>\n"
    )
    return text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
