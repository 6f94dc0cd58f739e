"""Every lesson on other lists of names: no cell fails, and nothing of the bundled names is shown as theirs.

All lessons on all lists take an hour: `make lists` (LISTS=1). Lessons that read no names run on one list alone, as they
would do the same on each. Otherwise three short lessons run on thirty names.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from lessons import LESSONS
from nbclient import NotebookClient

from makemlp.data.setting import OTHER_LISTS

FOLDER = Path(__file__).parent / "lists"
LISTS = {path.stem: str(path) for path in sorted(FOLDER.glob("*.txt"))} | {name: name for name in OTHER_LISTS}
ALL = os.environ.get("LISTS", "") not in ("", "0")
SHORT = ("01", "03", "04b")  # examples from the list, a group of its symbols, training and what is expected of it


def reads_names(lesson):
    return any("load_names" in cell.source for cell in lesson.code)


PAIRS = [
    pytest.param(which, lesson, id=f"{which}-{lesson.path.stem}")
    for which in (LISTS if ALL else ["thirty"])
    for lesson in LESSONS
    if (ALL or lesson.number in SHORT) and (which == "thirty" or reads_names(lesson))
]


@pytest.mark.parametrize(("which", "lesson"), PAIRS)
def test_no_cell_of_a_lesson_fails(which, lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", LISTS[which])
    monkeypatch.setenv("MAKEMLP_RUNS", str(tmp_path))
    notebook = nbformat.read(lesson.path, as_version=4)
    place = {"metadata": {"path": str(lesson.path.parent)}}
    NotebookClient(notebook, timeout=3600, startup_timeout=900, allow_errors=True, resources=place).execute()
    outputs = [(cell.id, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [(where, output.ename, output.evalue) for where, output in outputs if output.output_type == "error"] == []
    said = "\n".join(output.get("text", "") for _, output in outputs)
    assert not re.search(r"lecture.* 2\.17\b", said)  # a loss on the lecture's names
    files = [path.name for path in tmp_path.iterdir() if path.name.startswith(("scoreboard", "study"))]
    assert all(re.match(rf"\w+-{Path(LISTS[which]).stem}-", name) for name in files)


def test_the_lists_are_of_different_kinds():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert len(texts["thirty"].split()) == 30
    assert all(len(set(text.splitlines())) > 10 for text in texts.values())
    assert texts["capitals"].isupper() and "̣" in texts["vietnamese"]
