"""The results of `make matrix`: build/matrix.json row by row, and the same as a table in build/matrix.md."""

import hashlib
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "build/matrix.json"
TABLE = ROOT / "build/matrix.md"

PACKAGES = ("torch", "numpy", "matplotlib", "ipywidgets", "tqdm")
COLUMNS = ("setting", "python", *PACKAGES, "unit tests", "passed", "skipped", "failed", "seconds")

# Run by a row's own Python.
ASK_VERSIONS = f"""
import json, platform
from importlib.metadata import version
print(json.dumps({{"python": platform.python_version()}} | {{name: version(name) for name in {PACKAGES}}}))
"""

# What a row's result depends on.
SOURCES = (
    "makemlp",
    "notebooks",
    "exercises",
    "tests",
    "conftest.py",
    "constraints.txt",
    "noxfile.py",
    "pyproject.toml",
)
SUFFIXES = {".py", ".ipynb", ".txt", ".toml", ".json", ".cfg"}


def fingerprint(root: Path = ROOT) -> str:
    """A short name for the content of the course's files: the same files, the same name."""
    found = hashlib.sha256()
    for source in SOURCES:
        for file in [root / source, *sorted((root / source).rglob("*"))]:
            if file.is_file() and file.suffix in SUFFIXES and ".ipynb_checkpoints" not in file.parts:
                found.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()[:12]


def read() -> dict[str, dict]:
    """Each row's result by its name; none if there is no file yet."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def is_green(name: str, files: str, tests: str) -> bool:
    """Whether this row passed on files with this fingerprint, with these unit tests."""
    result = read().get(name, {})
    return (result.get("files"), result.get("unit tests"), result.get("failed")) == (files, tests, 0)


def count(report: Path) -> dict[str, int]:
    """Passed, skipped and failed in a JUnit report of pytest; an error in a fixture is a failure."""
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
    tests, skipped, failures, errors = (int(suite.get(key)) for key in ("tests", "skipped", "failures", "errors"))
    failed = failures + errors
    return {"passed": tests - skipped - failed, "skipped": skipped, "failed": failed}


def record(name: str, result: dict, order: list[str]) -> None:
    """Keep a row's result beside the others', in the order of the matrix, and write the table again."""
    results = {**read(), name: result}
    results = {row: results[row] for row in order if row in results}
    _write(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    _write(TABLE, table(results, result["files"]))


def table(results: dict[str, dict], files: str) -> str:
    """The results as Markdown; a row that ran on files with another fingerprint says so."""
    head = ["row", *COLUMNS]
    lines = [head, ["---"] * len(head)]
    for name, result in results.items():
        older = "" if result["files"] == files else " (on older files)"
        lines.append([name + older, *(str(result[column]) for column in COLUMNS)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _write(path: Path, text: str) -> None:
    """Write whole or not at all, so that an interrupt costs no finished row."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
