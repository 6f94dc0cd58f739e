"""What learners hand in: every kind of file has its row, a right one or one that says why, and nothing is followed."""

import errno
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from answers import EXERCISES, SOLUTIONS

from makemlp.checking import sandbox
from makemlp.checking import submissions as reading
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


def damaged(kind):
    """A zip file of which the table of contents is right, and what it holds is not."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as file:
        file.writestr("ana.ipynb", TEXT)
    raw = bytearray(out.getvalue())
    raw[60:600] = bytes([0xFF]) * 540
    return bytes(raw)


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
    for name in ("__MACOSX/._ana.ipynb", ".ipynb_checkpoints/ana.ipynb", ".DS_Store", "Thumbs.db", ".hidden.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    assert list(submissions(tmp_path)) == []


def test_the_last_report_is_no_submission(tmp_path):
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "grades.csv").write_text("learner", encoding="utf-8")
    (tmp_path / "ana.ipynb").write_text(TEXT, encoding="utf-8")
    assert [one.file for one in submissions(tmp_path, without=tmp_path / "grades")] == ["ana.ipynb"]


def test_it_is_known_by_any_path(tmp_path, monkeypatch):
    (tmp_path / "class" / "grades").mkdir(parents=True)
    (tmp_path / "class" / "grades" / "ana.html").write_text("ana", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "class")
    assert list(submissions(tmp_path / "class", without=Path("grades"))) == []


def test_a_folder_without_a_file_has_its_row_too(tmp_path):
    (tmp_path / "Ana" / "deep").mkdir(parents=True)
    (tmp_path / "Bo").mkdir()
    (tmp_path / "Bo" / ".DS_Store").touch()
    assert {one.learner: one.note for one in submissions(tmp_path)} == dict.fromkeys(
        ("Ana", "Bo"), "The folder holds no file."
    )


def test_a_folder_that_cannot_be_read_has_a_row_that_says_so(tmp_path, monkeypatch):
    """Tests may run as root, who reads every folder: so the system's answer is made here."""
    (tmp_path / "Ana" / "kept").mkdir(parents=True)
    (tmp_path / "Bo.ipynb").write_text(TEXT, encoding="utf-8")
    scandir = os.scandir

    def refuse(place):
        if Path(place).name == "kept":
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    found = handed_in(tmp_path)
    assert found["Ana/kept/"].note == "The folder cannot be read (Permission denied)." and found["Bo.ipynb"].cells


@unix
def test_folders_may_lie_as_deep_as_they_like(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):  # more than Python may recurse
        os.mkdir("d")
        os.chdir("d")
    Path("ana.ipynb").write_text(TEXT, encoding="utf-8")
    (found,) = submissions(tmp_path)
    assert found.learner.count("d") == 1200 and found.cells
    os.chdir(tmp_path)
    sandbox.empty(str(tmp_path / "d"))  # pytest's own clearing away recurses


def test_a_file_that_the_reader_fails_on_costs_no_other(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.ipynb").write_text(TEXT, encoding="utf-8")
    content = reading._content

    def fails(file):
        if file.name == "a.ipynb":
            raise MemoryError
        return content(file)

    monkeypatch.setattr(reading, "_content", fails)
    found = handed_in(tmp_path)
    assert found["a.ipynb"].note == "The file cannot be read (MemoryError)." and found["b.ipynb"].cells


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
    assert readable(b"a\x1b[2Jb\n\tc") == r"a\x1b[2Jb\n\tc"


def test_names_that_look_alike_stay_two(tmp_path):
    """Signs that are not seen are written out, because two learners of one name would share a page."""
    names = ("ana", "ana\u200f", "ana\u202e")
    for name in names:
        (tmp_path / f"{name}.ipynb").write_text(TEXT, encoding="utf-8")
    assert {one.learner for one in submissions(tmp_path)} == {"ana", r"ana\u200f", r"ana\u202e"}


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
    ("made", "note"),
    [
        (lambda: packed(**{"notes.txt": "x"}), "The zip file holds no notebook (.ipynb)."),
        (lambda: b"PK\x03\x04 cut off", "The zip file cannot be read (BadZipFile)."),
        (lambda: packed(**{"big.ipynb": " " * 201_000_000}), "The zip file holds more than 200 MB."),
        (lambda: damaged(zipfile.ZIP_DEFLATED), "The zip file cannot be read (error)."),
        (lambda: damaged(zipfile.ZIP_LZMA), "The zip file cannot be read (LZMAError)."),
        (lambda: damaged(zipfile.ZIP_BZIP2), "The zip file cannot be read (OSError)."),
    ],
)
def test_a_zip_file_without_a_notebook_says_why(made, note, tmp_path):
    (tmp_path / "ana.zip").write_bytes(made())
    (found,) = submissions(tmp_path)
    assert found.note == note and not found.cells


def test_a_zip_file_holds_no_more_notebooks_than_a_person_makes(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_NOTEBOOKS", 2)
    (tmp_path / "ana.zip").write_bytes(packed(**{f"{i}.ipynb": TEXT for i in range(5)}))
    *read, last = submissions(tmp_path)
    assert len(read) == 2 and all(one.cells for one in read)
    assert last.note == "The zip file holds more than 2 notebooks; the rest is left."


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


def test_more_cells_than_anyone_makes_are_not_searched(tmp_path):
    found = cells_of({"cells": [{"cell_type": "code", "source": ""}] * 2001}, tmp_path)
    assert not found.cells and found.note == "There are more than 2,000 code cells: look at it by hand."


def test_more_parts_than_memory_holds_are_not_read(tmp_path):
    found = cells_of(b'{"cells":[' + b"[]," * 5_000_001 + b"[]]}", tmp_path)
    assert found.note == "The file holds more than 10,000,000 lists, dictionaries and commas: look at it by hand."


@pytest.mark.parametrize("text", ['"cells"', "7", "null", '["cells"]', '{"cells": 7}', '{"worksheets": [7]}', "1e999"])
def test_json_of_another_kind_is_no_notebook(text, tmp_path):
    found = cells_of(text.encode(), tmp_path)
    assert found.note == "The file is JSON but no notebook: it has no list of cells."


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
