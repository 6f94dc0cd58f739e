"""What learners hand in: every kind of file has its row, a right one or one that says why, and nothing is followed."""

import io
import json
import os
import sys
import zipfile

import pytest
from answers import EXERCISES, SOLUTIONS

from makemlp.checking.submissions import Submission, readable, submissions

OPEN = next(one for one in EXERCISES if one.path.name.startswith("03")).raw
SOLVED = next(one for one in SOLUTIONS if one.path.name.startswith("03")).raw
TEXT = json.dumps(SOLVED)
CODE = sum(cell["cell_type"] == "code" for cell in SOLVED["cells"])
unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def handed_in(folder) -> dict[str, Submission]:
    return {one.file: one for one in submissions(folder)}


def packed(**files):
    """A zip file's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "/"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "learner"),
    [
        ("ana.ipynb", "ana"),
        ("ANA.IPYNB", "ANA"),
        ("ana.ipynb.txt", "ana"),
        ("ana.ipynb.json", "ana"),
        ("Ana/mine.ipynb", "Ana"),
        ("Group 1/Ana/mine.ipynb", "Group 1/Ana"),
        ("Zoë Müller (2).ipynb", "Zoë Müller (2)"),
    ],
)
def test_a_notebook_is_found_by_any_name(name, learner, tmp_path):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(TEXT, encoding="utf-8")
    (found,) = submissions(tmp_path)
    assert (found.learner, found.file, len(found.cells), found.note) == (learner, name, CODE, "")


def test_what_computers_put_beside_is_no_submission(tmp_path):
    for name in ("__MACOSX/._ana.ipynb", ".ipynb_checkpoints/ana.ipynb", ".DS_Store", "Thumbs.db", "a/.hidden.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    assert list(submissions(tmp_path)) == []


def test_the_last_report_is_no_submission(tmp_path):
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "grades.csv").write_text("learner", encoding="utf-8")
    (tmp_path / "ana.ipynb").write_text(TEXT, encoding="utf-8")
    assert [one.file for one in submissions(tmp_path, without=tmp_path / "grades")] == ["ana.ipynb"]


def test_a_file_that_is_no_notebook_has_a_row_that_says_so(tmp_path):
    (tmp_path / "ana.pdf").write_bytes(b"%PDF")
    (tmp_path / "Bo").mkdir()
    (tmp_path / "Bo" / "answers.py").write_text("pass", encoding="utf-8")
    (tmp_path / "Cy").mkdir()
    for name in ("notes.txt", "mine.ipynb"):  # notes beside a notebook are nobody's business
        (tmp_path / "Cy" / name).write_text(TEXT, encoding="utf-8")
    found = handed_in(tmp_path)
    assert found["ana.pdf"].note == "This is no notebook (.ipynb)."
    assert found["Bo/answers.py"].note == "There is no notebook (.ipynb) beside this file."
    assert found["Cy/mine.ipynb"].cells and len(found) == 3


# --- what is not a plain file ---


@unix
def test_no_link_and_no_device_is_opened(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text(TEXT, encoding="utf-8")
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "zero.ipynb").symlink_to("/dev/zero")
    (folder / "neighbour.ipynb").symlink_to(secret)
    (folder / "gone.ipynb").symlink_to(tmp_path / "nowhere")
    (folder / "all").symlink_to("/")
    os.mkfifo(folder / "pipe.ipynb")
    found = handed_in(folder)  # a pipe has no end, nor has /dev/zero: reading them would not come back
    assert found.keys() == {"zero.ipynb", "neighbour.ipynb", "gone.ipynb", "all", "pipe.ipynb"}
    assert {one.note for one in found.values()} == {"This is a link or a device and no file: it was not opened."}
    assert not any(one.cells for one in found.values())


@unix
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps names as UTF-8")
def test_a_name_in_latin_1_is_read(tmp_path):
    name = os.fsencode(tmp_path) + b"/Zo\xeb.ipynb"
    with open(name, "wb") as file:
        file.write(TEXT.encode())
    (found,) = submissions(tmp_path)
    assert (found.learner, len(found.cells)) == ("Zoë", CODE)


def test_a_name_holds_no_sign_that_a_terminal_obeys():
    assert readable(b"a\x1b[2Jb\n\tc") == "a�[2Jb��c"


# --- zip files ---


def test_a_zip_file_is_a_folder(tmp_path):
    (tmp_path / "ana.zip").write_bytes(packed(**{"mine.ipynb": TEXT, "__MACOSX__._mine.ipynb": "x", "notes.txt": "x"}))
    (tmp_path / "Bo").mkdir()
    (tmp_path / "Bo" / "work.ZIP").write_bytes(packed(**{"deep__er__mine.ipynb": TEXT}))
    found = handed_in(tmp_path)
    assert [(one.learner, one.file, len(one.cells)) for one in found.values()] == [
        ("Bo/work/deep/er", "Bo/work.ZIP/deep/er/mine.ipynb", CODE),
        ("ana", "ana.zip/mine.ipynb", CODE),
    ]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (packed(**{"notes.txt": "x"}), "The zip file holds no notebook (.ipynb)."),
        (b"PK\x03\x04 cut off", "The zip file cannot be read (BadZipFile)."),
        (packed(**{"big.ipynb": " " * 201_000_000}), "The zip file holds more than 200 MB."),
    ],
)
def test_a_zip_file_without_a_notebook_says_why(content, note, tmp_path):
    (tmp_path / "ana.zip").write_bytes(content)
    (found,) = submissions(tmp_path)
    assert found.note == note and not found.cells


def test_nothing_of_a_zip_file_is_written_anywhere(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("../../outside.ipynb", TEXT)
        link = zipfile.ZipInfo("link.ipynb")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ana.zip").write_bytes(out.getvalue())
    found = handed_in(tmp_path / "in")
    assert found["ana.zip/outside.ipynb"].cells and not (tmp_path / "outside.ipynb").exists()
    assert found["ana.zip/link.ipynb"].note == "The file is not JSON, so it is no notebook."


# --- what is in the notebook ---


def cells_of(content, tmp_path):
    (tmp_path / "ana.ipynb").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    (found,) = submissions(tmp_path)
    return found


def test_the_notebooks_of_ten_years_ago_are_read(tmp_path):
    old = [
        {"cell_type": cell["cell_type"], "input" if cell["cell_type"] == "code" else "source": cell["source"]}
        for cell in SOLVED["cells"]
    ]
    found = cells_of({"nbformat": 3, "worksheets": [{"cells": old[:9]}, {"cells": old[9:]}]}, tmp_path)
    assert [one.source for one in found.cells] == [
        "".join(cell["source"]) for cell in SOLVED["cells"] if cell["cell_type"] == "code"
    ]


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"cell_type": "code"}, {"cell_type": "code", "source": {"a": 1}}])
def test_one_odd_cell_does_not_spoil_the_others(odd, tmp_path):
    found = cells_of({**SOLVED, "cells": [odd, *SOLVED["cells"]]}, tmp_path)
    assert len([one for one in found.cells if one.source]) == CODE and not found.note


def test_more_code_than_anyone_types_is_not_searched(tmp_path):
    cells = [{"cell_type": "code", "id": str(i), "source": "x" * 600_000} for i in range(2)]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (one,) = submissions(tmp_path)
    assert not one.cells and one.note == "The code cells hold more than 1,000,000 characters: look at it by hand."


def test_large_outputs_are_left_behind(tmp_path):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    cells = [{**cell, "outputs": [output]} if cell["cell_type"] == "code" else cell for cell in SOLVED["cells"][:6]]
    found = cells_of({**SOLVED, "cells": [*cells, *SOLVED["cells"][6:]]}, tmp_path)
    assert len(found.cells) == CODE and not found.note


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8-sig", ""), ("utf-16", ""), ("latin-1", "The file is not UTF-8; it was read as Latin-1.")],
)
def test_other_encodings_are_read(encoding, note, tmp_path):
    text = json.dumps({"cells": [{"cell_type": "code", "source": "# Zoë"}]}, ensure_ascii=False)
    found = cells_of(text.encode(encoding), tmp_path)
    assert (found.cells[0].source, found.note) == ("# Zoë", note)
