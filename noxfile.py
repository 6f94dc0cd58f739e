"""Runs the course on many versions and settings:  make matrix,  or one row of it:  make matrix ARGS="-s locale"

With the packages that are there, and no virtual environment of its own, a row is run by:  python noxfile.py disturbed

Each row has its own virtual environment under build/nox. There pytest re-runs the lessons and the solutions and
compares what they print (nbval, as strict as in `make test`), then runs unit tests (with QUICK=1 none).
tools/matrix.py keeps the result of each row as soon as it is there; a row that was green on the very same files is not
run again. A Python that this machine lacks is fetched by uv; where that fails, nox skips the row and says so.
"""

import json
import locale
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent / "tools"))
import matrix

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv"
nox.options.envdir = "build/nox"
nox.options.reuse_venv = "yes"


def _files(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/test_{name}.py" for name in names)


# Which versions: those that `make` installs, the lowest that pyproject.toml allows, the newest that there are.
PINNED, LOWEST, NEWEST = ("-c", "constraints.txt"), ("--resolution", "lowest-direct"), ("--upgrade",)

# Which unit tests. Left out everywhere: the browser's, which are slow and see the page, not the versions; and those of
# the set-up script and of the version bounds, which are about this repository's own files.
TESTS = {
    "all": ("tests", "--ignore=tests/browser", "--ignore=tests/test_setup.py", "--ignore=tests/test_environment.py"),
    # Threads and processor are noticed by arithmetic and by the pictures of its results only …
    "arithmetic": _files(
        "counts", "deep", "embeddings", "facts", "figures", "mlp", "pictures", "sampling", "scoring", "training"
    ),
    # … the locale and the folder only by what reads and writes files or starts another Python.
    "files": _files(
        "checking_notebooks", "checkpoints", "data", "download", "grading", "package", "quizzes", "scoreboard"
    ),
    "none": (),
}
QUICK = os.environ.get("QUICK", "") not in ("", "0")


@dataclass(frozen=True)
class Row:
    """One row of the matrix, and what it is there for."""

    setting: str
    python: str = "3.11"
    versions: tuple[str, ...] = PINNED
    instead: tuple[str, ...] = ()  # packages that take the place of those versions
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "."
    tests: str = "all"  # of TESTS
    lessons: tuple[str, ...] = ("notebooks",)


def foreign_locale() -> str:
    """A locale that this machine has and in which text is not UTF-8 and 1.5 is 1,5; C where there is none."""
    before = locale.setlocale(locale.LC_ALL)
    for name in ("tr_TR.ISO8859-9", "de_DE.ISO8859-1", "C"):
        try:
            return locale.setlocale(locale.LC_ALL, name)
        except locale.Error:
            continue
        finally:
            locale.setlocale(locale.LC_ALL, before)


LOCALE = foreign_locale()

# What a processor offers to PyTorch's own code, to Intel's MKL and to oneDNN, of which each computes some products.
PROCESSORS = {
    "plain": {"ATEN_CPU_CAPABILITY": "default"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "sse42": {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}


def threads(number: int) -> dict[str, str]:
    """So many threads for each process; those that wait sleep, as several workers want the same few processors."""
    return {"MAKEMLP_THREADS": str(number), "OMP_WAIT_POLICY": "PASSIVE"}


# The whole matrix: every version and every setting stands in at least one row.
ROWS = {
    "lowest": Row("the lowest versions allowed", "3.10", LOWEST),
    "newest": Row("the newest versions there are", "3.13", NEWEST),
    "py310": Row("Python 3.10", "3.10"),
    "py311": Row("Python 3.11, one thread, ipywidgets 8"),
    "py312": Row("Python 3.12", "3.12"),
    "py313": Row("Python 3.13", "3.13"),
    "widgets7": Row("ipywidgets 7.7.1", instead=("ipywidgets==7.7.1",)),
    "threads2": Row("2 threads", env=threads(2), tests="arithmetic"),
    "threads4": Row("4 threads", env=threads(4), tests="arithmetic"),
    "plain-cpu": Row("no vector instructions in PyTorch's own code", env=PROCESSORS["plain"], tests="arithmetic"),
    "avx2": Row("AVX2 at most", env=PROCESSORS["avx2"], tests="arithmetic"),
    "sse42": Row("SSE4.2 at most", env=PROCESSORS["sse42"], tests="arithmetic"),
    # The one that stands for all others. CI runs it each time, the lessons in the browser.
    "disturbed": Row(
        "SSE4.2, products disturbed",
        env={**PROCESSORS["sse42"], "DISTURB": "7"},
        tests="arithmetic",
        lessons=("notebooks", "tests/browser/test_lessons.py", "tests/browser/test_live_lessons.py"),
    ),
    "disturbed2": Row("products disturbed by another seed", env={"DISTURB": "2"}, tests="arithmetic"),
    "disturbed3": Row("products disturbed by a third seed", env={"DISTURB": "3"}, tests="arithmetic"),
    "locale": Row(
        f"LC_ALL={LOCALE}",
        env={"LC_ALL": LOCALE, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},  # coerced, C would be C.UTF-8
        tests="files",
    ),
    "path": Row("a folder named 'le café'", folder="build/matrix/le café", tests="files"),
}


def install(session: nox.Session, row: Row) -> None:
    """Install the course and its tests, on Linux with PyTorch's CPU build: the index there has only CUDA's."""
    wanted = (*row.versions, "-e", ".[test]")
    try:
        session.install(*(["--torch-backend", "cpu"] if sys.platform == "linux" else []), *wanted)
    except nox.command.CommandFailed:
        session.warn("With PyTorch's CPU build it can't be installed; trying what the index has, gigabytes of CUDA.")
        session.install(*wanted)
    if row.instead:
        session.install(*row.instead)


def copy_course(folder: Path) -> None:
    """Copy the course into a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(".", folder, ignore=shutil.ignore_patterns(".*", "build", "runs", "__pycache__"))


def paths(row: Row) -> tuple[str, ...]:
    """What a row hands to pytest: lessons, solutions and its unit tests."""
    return (*row.lessons, "exercises/solutions", *TESTS["none" if QUICK else row.tests])


def pytest_options(row: Row) -> list[str]:
    """Lessons and solutions by nbval, with pictures, and the row's unit tests."""
    how = ["--nbval", "--nbval-current-env", "--mpl", "-p", "no:cacheprovider"]
    workers = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    return ["-m", "pytest", *how, *workers, *paths(row)]


def run(session: nox.Session, name: str, row: Row) -> None:
    """Run one row and keep its result."""
    files, tests = matrix.fingerprint(), "none" if QUICK else row.tests
    if matrix.is_green(name, files, tests):
        session.skip("it was green on these files; to run it all the same, remove build/matrix.json")
    if row.folder != ".":
        copy_course(Path(row.folder))
    report = Path("build/matrix", f"{name}.xml").resolve()
    start = time.monotonic()
    with session.chdir(row.folder):
        install(session, row)
        versions = json.loads(session.run("python", "-c", matrix.ASK_VERSIONS, silent=True).splitlines()[-1])
        session.run(
            *("python", *pytest_options(row), f"--junitxml={report}"),
            env=row.env,
            success_codes=[0, 1],  # 1: tests failed, which is a result too
        )
    seconds = round(time.monotonic() - start)
    result = {"setting": row.setting, **versions, "unit tests": tests, **matrix.count(report), "seconds": seconds}
    matrix.record(name, {**result, "files": files}, order=list(ROWS))
    if result["failed"]:
        session.error(f"{result['failed']} failed: see the words above, or {report}")


def declare(name: str, row: Row) -> None:
    """Make a row known to nox."""

    def one_row(session: nox.Session) -> None:
        run(session, name, row)

    one_row.__doc__ = row.setting
    nox.session(one_row, name=name, python=row.python)


for _name, _row in ROWS.items():
    declare(_name, _row)


if __name__ == "__main__":
    _row, _options = ROWS[sys.argv[1]], sys.argv[2:]
    sys.exit(subprocess.run([sys.executable, *pytest_options(_row), *_options], env=os.environ | _row.env).returncode)
