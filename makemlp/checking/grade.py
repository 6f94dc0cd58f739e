"""Grade a class (floor 2): a row in grades.csv and a page of feedback for every learner.

The answers are taken out of each submitted notebook and run where `worker` guards them; what they were seen to do is
judged here, in a process that no answer shares. So whatever a submission prints, patches or does to its check cells,
only right results on inputs that were not known before make a pass.
"""

from __future__ import annotations

import csv
import html
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from makemlp.checking.core import Exercise, Verdict, judge
from makemlp.checking.exercises import of_lesson
from makemlp.checking.wire import read

ROOT = Path(__file__).parents[2]
PRISTINE = ROOT / "exercises"
LARGEST = 20_000_000  # bytes of a notebook
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


def grade(
    folder: str | os.PathLike,
    out: str | os.PathLike = "grades",
    notebook: str | None = None,
    limits: Limits = Limits(),
    workers: int | None = None,
) -> list[Row]:
    """Grade every notebook in a folder.

    Parameters
    ----------
    folder : holds one notebook a learner, or one folder a learner with notebooks in it.
    out : where ``grades.csv`` and the pages of feedback are written.
    notebook : the number of the exercise notebook, such as "03"; by default each submission's own is found.
    workers : submissions at once, by default one a processor.

    Returns
    -------
    list of Row, one a submission, in the order of the files' names.

    Raises
    ------
    ValueError
        if the folder isn't there or holds no notebook, or the original exercises are not found.
    """
    folder, out = Path(folder), Path(out)
    originals = _originals()
    if notebook is not None and notebook not in originals:
        raise ValueError(f"There are no exercises {notebook!r}: pass one of {', '.join(originals)}.")
    files = _submissions(folder)
    seed, crew = secrets.randbelow(2**31), SimpleQueue()
    count = max(1, min(workers or os.cpu_count() or 1, len(files)))
    with (
        tempfile.TemporaryDirectory(prefix="makemlp-grade-", ignore_cleanup_errors=True) as scratch,
        ThreadPoolExecutor(count) as pool,
    ):
        for _ in range(count):
            crew.put(Worker())

        def grade_one(number: int, file: Path) -> Row:
            worker, place = crew.get(), Path(scratch) / str(number)
            place.mkdir()
            try:
                return _grade_file(file, folder, originals, notebook, Bench(worker, str(place), seed, limits))
            finally:
                crew.put(worker)

        rows = list(pool.map(grade_one, range(len(files)), files))
        for _ in range(count):
            crew.get().stop()
    _report(rows, out)
    return rows


def _submissions(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"There is no folder '{folder}' (looked in {Path.cwd()}): check the path.")
    files = sorted(file for file in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in file.parts)
    if not files:
        raise ValueError(f"'{folder}' holds no notebooks: put each learner's .ipynb file in it.")
    return files


# What the originals ask for


@dataclass(frozen=True)
class Original:
    """An exercise notebook as it was given out: its first cells, and every answer and check cell by exercise."""

    name: str
    setup: list[str]
    answers: dict[str, str]
    checks: dict[str, str]


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
        )
    return found


# One submission

# While a specification runs, what it prints is caught by taking sys.stdout away, from the whole process: so one thread
# at a time. Two at once could give back each other's, and the report would be printed into nothing.
_JUDGING = threading.Lock()


@dataclass
class Bench:
    """Where one submission is tried."""

    worker: Worker
    scratch: str
    seed: int
    limits: Limits


class Worker:
    """A process that runs answers, started anew if it is lost."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def run(self, job: dict) -> dict:
        """The sheet of one answer, as `makemlp.checking.worker` writes it."""
        try:
            process = self._started()
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self.stop()
            return {"failed": "lost"}

    def _started(self) -> subprocess.Popen:
        if self.process is None:
            path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
            self.process = subprocess.Popen(
                [sys.executable, "-m", "makemlp.checking.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"},
                text=True,
                encoding="utf-8",
            )
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def _grade_file(file: Path, folder: Path, originals: dict, notebook: str | None, bench: Bench) -> Row:
    parts = file.relative_to(folder).parts
    row = Row(learner=parts[0] if len(parts) > 1 else file.stem, file=str(Path(*parts)))
    cells, row.note = _cells(file)
    if row.note:
        return row
    found = {lesson: _answers(cells, lesson, original) for lesson, original in originals.items()}
    lesson = max(found, key=lambda one: len(found[one]))
    if not found[lesson]:
        row.note = "The notebook holds no answer cells of any exercise notebook."
        return row
    row.notebook = originals[lesson].name
    if notebook not in (None, lesson):
        row.note = f"This is notebook {lesson}, and {notebook} is graded."
        return row
    if _tampered(cells, lesson, originals[lesson]):
        row.note = "Check cells were changed or deleted; the original ones count."
    for exercise in of_lesson(lesson):
        row.verdicts.append((exercise, _verdict(exercise, found[lesson].get(exercise.name), originals[lesson], bench)))
    return row


def _cells(file: Path) -> tuple[list[dict], str]:
    """A notebook's code cells, or a sentence about why there are none."""
    try:
        raw = file.read_bytes() if file.stat().st_size <= LARGEST else None
    except OSError as error:
        return [], f"The file cannot be read ({error.strerror})."
    if raw is None:
        return [], f"The file is larger than {LARGEST // 10**6} MB."
    if not raw.strip():
        return [], "The file is empty."
    try:
        cells = json.loads(raw)["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return [{**cell, "source": "".join(cell["source"])} for cell in code], ""
    except (ValueError, RecursionError):
        return [], "The file is not JSON, so it is no notebook."
    except (KeyError, TypeError):
        return [], "The file is JSON but no notebook: it has no list of cells."


def _id(cell: dict) -> str:
    metadata = cell.get("metadata")
    return str(cell.get("id") or (metadata.get("id") if isinstance(metadata, dict) else ""))


def _answers(cells: list[dict], lesson: str, original: Original) -> dict[str, str]:
    """The sources of the answer cells by exercise. An editor that lost the cells' ids has kept what they define."""
    by_id = {_id(cell): cell["source"] for cell in reversed(cells)}
    found = {}
    for name in original.answers:
        defining = [cell["source"] for cell in cells if re.search(rf"^(def {name}\(|{name} *=)", cell["source"], re.M)]
        if f"{lesson}-{name}-answer" in by_id:
            found[name] = by_id[f"{lesson}-{name}-answer"]
        elif defining:
            found[name] = defining[-1]
    return found


def _tampered(cells: list[dict], lesson: str, original: Original) -> bool:
    sources = {cell["source"].strip() for cell in cells}
    return any(source not in sources for source in original.checks.values())


def _verdict(exercise: Exercise, source: str | None, original: Original, bench: Bench) -> Verdict:
    def failed(kind: str, says: str) -> Verdict:
        return Verdict(kind, f"✗ {exercise.title}: {says}")

    if source is None:
        return failed("missing", "The answer cell is not there.")
    if source.strip() == original.answers[exercise.name].strip():
        return Verdict("open", f"… {exercise.title}: still open.")
    seconds = bench.limits.seconds + (exercise.trial.seconds if exercise.trial else 0)
    limits = {"seconds": seconds, "megabytes": bench.limits.megabytes}
    place = {"seed": bench.seed, "scratch": bench.scratch}
    sheet = bench.worker.run({"name": exercise.name, "setup": original.setup, "source": source, **limits, **place})
    if not isinstance(sheet, dict) or not sheet.keys() & {"seen", "stopped"}:
        kind = sheet.get("failed") if isinstance(sheet, dict) and sheet.get("failed") in SAYS else "ended"
        return failed(kind, SAYS[kind].format(name=exercise.name, **limits))
    if "stopped" in sheet:
        return failed("raised", f"The answer cell stopped: {_words(sheet['stopped'])}")
    try:
        with _JUDGING:
            return judge(exercise, read(sheet["seen"]), bench.seed)
    except Exception as error:  # what came is a stranger's; nothing in it may stop the others' grades
        return failed("unreadable", f"What the answer gave cannot be read ({type(error).__name__}).")


def _words(stopped: dict) -> str:
    try:
        kind, message, _ = stopped["stop"]
        return f"{kind}: {str(message)[:300]}"
    except (KeyError, TypeError, ValueError):
        return "it did not say why."


# The report


def _report(rows: list[Row], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "grades.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["learner", "file", "notebook", "met", "of", "note", "exercises"])
        for row in rows:
            each = "; ".join(f"{exercise.title}: {verdict.kind}" for exercise, verdict in row.verdicts)
            cells = [row.learner, row.file, row.notebook, row.met, len(row.verdicts), row.note, each]
            table.writerow([_no_formula(cell) for cell in cells])
    pages: dict[str, list[Row]] = {}
    for row in rows:
        pages.setdefault(row.learner, []).append(row)
    taken: set[str] = set()
    for learner, some in pages.items():
        name = re.sub(r"[^\w\- ]", "_", learner).strip() or "_"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        (out / f"{name}.html").write_text(_page(learner, some), encoding="utf-8")


def _no_formula(cell: str | int) -> str | int:
    """A spreadsheet computes a cell that begins like a formula, whoever wrote it."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell


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
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{name}</title>\n<style>{style}</style>\n'
        f"<h1>{name}</h1>\n" + "\n".join(parts) + "\n</html>\n"
    )
