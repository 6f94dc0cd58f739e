"""The grader: an honest row for every submission, good and bad, and nothing changed outside its folder."""

import csv
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from pathlib import Path

import nbclient
import nbformat
import pytest
from answers import EXERCISES, SOLUTIONS
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from needed import missing
from traitlets.config import Config

from makemlp import checking
from makemlp.checking import __main__ as command
from makemlp.checking import find, sandbox, wire, worker
from makemlp.checking import grade as grading
from makemlp.checking.core import judge
from makemlp.checking.observing import Seen, Stop, observe
from makemlp.checking.submissions import kept_as

OPEN = json.dumps(next(one for one in EXERCISES if one.path.name.startswith("03")).raw)
SOLVED = json.dumps(next(one for one in SOLUTIONS if one.path.name.startswith("03")).raw)
OTHER = json.dumps(next(one for one in SOLUTIONS if one.path.name.startswith("05")).raw)
WRONG = "def bag(X, vocab_size):\n    return X\n"
RIGHT = "def bag(X, vocab_size):\n    return F.one_hot(X, vocab_size).float().mean(1)\n"
FAILS = "def bag(X, vocab_size):\n    "
VERDICT = "✓ 03.1 bag: right on 22 inputs."

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits on memory, and forks, are Linux's")


def submission(answers=(), base=SOLVED, **changed):
    """A notebook with other answers, by exercise, and other cells, by the end of their ids."""
    notebook = json.loads(base)
    for cell in notebook["cells"]:
        name, _, part = cell["id"].removeprefix("03-").rpartition("-")
        if part == "answer" and name in dict(answers):
            cell["source"] = dict(answers)[name]
        if part in changed and cell["cell_type"] == "code":
            cell["source"] = changed[part]
    return notebook


def only(source):
    """A solved notebook but for the first answer."""
    return submission({"bag": source})


def without(part, base=SOLVED):
    notebook = json.loads(base)
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["id"].endswith(part)]
    return notebook


def without_ids():
    notebook = json.loads(SOLVED)
    for cell in notebook["cells"]:
        del cell["id"]
    return notebook


NAMES = ["bag", "window", "concatenate", "neuron", "sizes", "paper_size"]
OWN = {
    name: next("".join(cell["source"]) for cell in json.loads(SOLVED)["cells"] if cell["id"] == f"03-{name}-answer")
    for name in NAMES
}


def written(source, name):
    """An answer to the exercise of this name: DEF begins its function, ANSWER is the right one."""
    return source.replace("DEF", f"def {name}(*given):\n    ").replace("ANSWER", OWN[name]).replace("NAME", name)


def packed(attacks):
    """Submissions that hold them all, by name, each a dict of answers by exercise: the last exercise stays honest.

    An answer runs in a process of its own, so that several in one submission are tried as each alone would be.
    """
    every = {}
    for i, (attack, source) in enumerate(attacks.items()):
        name = NAMES[i % (len(NAMES) - 1)]
        every.setdefault(f"attacks {i // (len(NAMES) - 1)}", {})[name] = (attack, written(source, name))
    return every


PATCHED = f"""\
import makemlp.checking, makemlp.checking.core, torch
makemlp.checking.check = lambda *_: print("{VERDICT}")
makemlp.checking.core.compare = lambda *_: None
makemlp.checking.core.judge = makemlp.checking.core.examine = lambda *_: True
makemlp.checking.find("NAME").__dict__["reference"] = lambda *_: 0
torch.equal = torch.allclose = torch.isclose = lambda *_, **__: True
json = __import__("json")
json.dumps = lambda *_, **__: '{{"seen": "[]"}}'
check = makemlp.checking.check
DEFreturn "wrong"
"""

# Answer, what becomes of it.
ATTACKS = {
    "half": ("DEFreturn None", "nothing"),
    "prints": (f'print("{VERDICT}")\nDEFprint("{VERDICT}")\n', "nothing"),
    "prints json": ("import os\nDEFos.write(1, b'{\"seen\": []}'); return 'wrong'\n", "type"),
    "patches": (PATCHED, "type"),
    "exit in cell": ("exit()", "raised"),
    "exit in function": ("DEFraise SystemExit(0)\n", "raised"),
    "os exit": ("import os\nDEFos._exit(0)\n", "ended"),
    "loops": ("DEFwhile True: pass\n", "time"),
    "loops in cell": ("while True:\n    pass\n", "time"),
    "sleeps": ("import time\nDEFtime.sleep(1000)\n", "time"),
    "writes inside": ("open('notes.txt', 'w').write('mine')\nANSWER", "met"),
    "writes outside": ("open(OUTSIDE, 'w').write('mine')\nANSWER", "raised"),
    "removes outside": ("import os\nos.remove(KEEP)\nANSWER", "raised"),
    "forks": ("import os\nwhile True: os.fork()\nANSWER", "raised"),
    "starts a process": ("import subprocess\nsubprocess.run(['true'])\nANSWER", "raised"),
    "kills": ("import os\nos.kill(os.getppid(), 9)\nANSWER", "raised"),
    "kills in function": ("import os\nDEFos.kill(os.getppid(), 9)\n", "raised"),
    "still open inside": ('DEFy = 1\n    raise NotImplementedError("later")\n', "open"),
    "syntax": ("def NAME(X, vocab_size) return X", "raised"),
    "renamed": ("def my_NAME(X, vocab_size):\n    return X\n", "undefined"),
    "strange result": ("DEFreturn object()\n", "type"),
    "endless result": ("DEFa = []; a.append(a); return a\n", "length"),  # one entry, and window has two
    "forges a line": ("import os\nopen(f'/proc/{os.getppid()}/fd/1', 'w').write('{}')\nANSWER", "raised"),
    "threads": (
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\nANSWER",
        "met",
    ),
    "timed": ("%%timeit -n 1 -r 1\nANSWER", "undefined"),  # which defines nothing, as in a notebook
    "says the end of everything": (
        "def NAME(*given):\n    class A(float):\n        def __float__(self): raise SystemExit\n    return A(1)",
        "type",
    ),
}
PACKED = packed({attack: source for attack, (source, _) in ATTACKS.items()})

# Name, submission, exercises met of six, what becomes of the first.
CASES = {
    "untouched": (json.loads(OPEN), 0, "open"),
    "Zoë Müller (Gruppe 2)": (json.loads(SOLVED), 6, "met"),
    "no ids": (without_ids(), 6, "met"),
    "checks edited": (submission({"bag": WRONG}, check=f'print("{VERDICT}")'), 5, "shape"),
    "checks deleted": (without("-check"), 6, "met"),
    "answer deleted": (without("bag-answer", OPEN), 0, "missing"),
    "=HYPERLINK(1)": (json.loads(OPEN), 0, "open"),
}
BROKEN = {
    "empty": ("", "The file is empty."),
    "not json": ("def window", "The file is not JSON, so it is no notebook."),
    "a list": ("[1, 2]", "The file is JSON but no notebook: it has no list of cells."),
    "deep": ("[" * 100_000, "The file is not JSON, so it is no notebook."),
    "no cells": (json.dumps({"cells": []}), "The notebook holds no answer cells of any exercise notebook."),
    "another": (OTHER, "This is notebook 05, and 03 is graded."),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All submissions graded at once: rows of the table by learner, and the folder of the feedback."""
    home = tmp_path_factory.mktemp("class")
    folder, out, keep = home / "submitted", home / "out", home / "keep.txt"
    keep.write_text("kept", encoding="utf-8")
    folder.mkdir()
    everyone = {name: notebook for name, (notebook, *_) in CASES.items()}
    everyone |= {name: submission({one: text for one, (_, text) in own.items()}) for name, own in PACKED.items()}
    for name, notebook in everyone.items():
        text = json.dumps(notebook).replace("OUTSIDE", repr(str(home / "outside.txt"))[1:-1].join("''"))
        (folder / kept_as(f"{name}.ipynb")).write_text(text.replace("KEEP", f"'{keep}'"), encoding="utf-8")
    for name, (text, _) in BROKEN.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    (folder / "Ana").mkdir()
    (folder / "Ana" / "mine.ipynb").write_text(SOLVED, encoding="utf-8")
    (folder / "Ana" / "second try.ipynb").write_text(OPEN, encoding="utf-8")
    before = sorted(home.rglob("*"))
    grading.grade(folder, out, "03", grading.Limits(seconds=2.0, megabytes=512))
    after = [path for path in sorted(home.rglob("*")) if out not in (path, *path.parents)]
    assert after == before and keep.read_text(encoding="utf-8") == "kept"
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    return table, out


def row(graded, name):
    (found,) = [one for one in graded[0] if one["file"].lstrip("'") == f"{name}.ipynb"]
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_submission_gets_its_honest_row(graded, name):
    _, met, first = CASES[name]
    found = row(graded, name)
    assert found["exercises"].split("; ")[0] == f"03.1 bag: {first}"
    assert (found["met"], found["of"], found["notebook"]) == (str(met), "6", "03_embed_and_concatenate")
    assert bool(found["note"]) == name.startswith("checks ")


@pytest.mark.parametrize("name", PACKED)
def test_every_answer_gets_its_honest_verdict_and_its_neighbours_theirs(graded, name):
    wanted = dict.fromkeys(NAMES, "met") | {one: ATTACKS[attack][1] for one, (attack, _) in PACKED[name].items()}
    found = row(graded, name)
    assert found["exercises"] == "; ".join(f"03.{NAMES.index(one) + 1} {one}: {wanted[one]}" for one in wanted)
    assert found["met"] == str([*wanted.values()].count("met")) and not found["note"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_graded_says_why(graded, name):
    found = row(graded, name)
    assert (found["met"], found["of"], found["note"]) == ("0", "0", BROKEN[name][1])


def test_every_learner_gets_a_page(graded):
    table, out = graded
    learners = {one["learner"].lstrip("'") for one in table}
    assert len(list(out.glob("*.html"))) == len(learners) == len(CASES) + len(PACKED) + len(BROKEN) + 1
    page = (out / kept_as("Zoë Müller _Gruppe 2_.html")).read_text(encoding="utf-8")
    assert "<h1>Zoë Müller (Gruppe 2)</h1>" in page and page.count("<p>✓ 03.") == 6
    assert (out / "Ana.html").read_text(encoding="utf-8").count("<h2>") == 2
    assert "PermissionError in the line" not in page
    places = {attack: (name, one) for name, own in PACKED.items() for one, (attack, _) in own.items()}
    name, _ = places["kills in function"]
    page = (out / f"{name}.html").read_text(encoding="utf-8")
    assert "PermissionError in the line `os.kill(os.getppid(), 9)`" in page
    name, one = places["loops"]
    page = (out / f"{name}.html").read_text(encoding="utf-8")
    assert f"{one}: The answer took longer than 2 seconds: look for a loop that never ends." in page


def test_a_spreadsheet_is_given_no_formula(graded):
    assert row(graded, "=HYPERLINK(1)")["learner"] == "'=HYPERLINK(1)"
    for sign in "=+-@":
        for before in ("", " ", "\t", "\r"):
            assert grading._no_formula(f"{before}{sign}1") == f"'{before}{sign}1"
    raw = (graded[1] / "grades.csv").read_text(encoding="utf-8")
    assert all(line.startswith('"') and line.endswith('"') for line in raw.splitlines())  # so that a ";" parts nothing


@linux
def test_memory_is_limited(tmp_path):
    notebook = only(f"{FAILS}big = [0.0] * 10**9\n    return F.one_hot(X, vocab_size).float().mean(1)\n")
    (tmp_path / "eats.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (found,) = grading.grade(tmp_path, tmp_path / "out", limits=grading.Limits(megabytes=256))
    assert found.met == 5 and "MemoryError" in found.verdicts[0][1].text


def test_without_forks_each_answer_has_a_new_python(tmp_path):
    job = {
        "name": "sizes",
        "setup": ["import math"],
        "scratch": str(tmp_path),
        "seed": 1,
        "seconds": 20,
        "megabytes": 512,
        "helpers": [],
    }
    sheet = json.loads(worker._spawn(job | {"cells": ['print("noise")\ndef sizes():\n    return {"small": 1}']}))
    assert wire.read(sheet["seen"])[0].value == {"small": 1}
    assert worker._spawn(job | {"cells": ["import os\nos._exit(0)"]}) == ""


def test_the_verdict_is_the_check_of_the_notebook():
    for source in (WRONG, RIGHT):
        scope = {}
        exec("import torch.nn.functional as F\n" + source, scope)
        exercise = find("bag")
        seen = observe(exercise, scope["bag"], 5)
        assert judge(exercise, wire.read(wire.write(seen)), 5) == judge(exercise, seen, 5)


def test_what_is_no_data_does_not_pass_the_wire():
    class Sly:
        def __eq__(self, other):
            return True

    data = [float("nan"), {1: (2, [True, None])}]
    one, two, three = wire.read(wire.write([Seen(Sly(), "x: it was 1"), Seen(data), Seen(Stop("A", "b", "c"))]))
    assert repr(one.value) == "a Sly" and one.value != 1 and one.changed == "x: it was 1"
    assert str(two.value) == str(data) and three.value == Stop("A", "b", "c")


def test_a_sheet_that_is_too_short_is_no_pass():
    exercise = find("bag")
    assert judge(exercise, observe(exercise, exercise.reference, 0)[:-1], 0).kind == "incomplete"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "There is no folder 'missing'"),
        (["."], "'.' holds no notebooks: put each learner's .ipynb file in it."),
        ([".", "--notebook", "3"], "There are no exercises '3': pass one of 01, "),
    ],
)
def test_what_cannot_be_graded_is_one_sentence(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command.main(["grade", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and not Path("grades").exists()


def test_an_installed_package_without_the_exercises_says_where_to_grade(tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "PRISTINE", tmp_path / "none")
    with pytest.raises(ValueError, match="grade from a clone of the course's repository"):
        grading.grade(tmp_path, tmp_path / "out")


def test_nothing_is_left_running(graded):
    assert threading.active_count() < 10
    if os.path.isdir("/proc/self"):
        lines = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
        mine = [line for line in lines if line.exists() and b"makemlp.checking.worker" in line.read_bytes()]
        assert not [line for line in mine if f"PPid:\t{os.getpid()}\n" in (line.parent / "status").read_text()]


def test_one_submission_is_judged_at_a_time(tmp_path, monkeypatch):
    """A judge takes sys.stdout away while it works: two at once could give back each other's."""
    for name in "abcd":
        (tmp_path / f"{name}.ipynb").write_text(SOLVED, encoding="utf-8")
    sheets = {name: wire.write(observe(find(name), find(name).reference, 7)) for name in NAMES}
    inside, most = [], []

    def slow(*sheet):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return judge(*sheet)

    monkeypatch.setattr(grading, "judge", slow)
    monkeypatch.setattr(grading.secrets, "randbelow", lambda most: 7)
    monkeypatch.setattr(grading.Worker, "run", lambda worker, job: {"seen": sheets[job["name"]]})
    before = sys.stdout
    rows = grading.grade(tmp_path, tmp_path / "out", workers=2)
    assert [row.met for row in rows] == [6] * 4 and max(most) == 1 and sys.stdout is before


# --- a class in which every submission means harm, and one is honest ---

# What an answer's process may write into the judge's ear, without ever calling the course's code.
SAY = "import os\nfor into in range(3, 256):\n    try: os.write(into, {})\n    except OSError: pass\nos._exit(0)"
WORDS = {
    "a list for a kind": b'{"failed": []}',
    "an unknown kind": b'{"failed": "met"}',
    "nested": b'{"seen": "' + b"[" * 950 + b"]" * 950 + b'"}',
    "deeply nested": b"[" * 100_000,
    "no object": b"7",
    "a stop of numbers": b'{"stopped": {"stop": [1, 2, 3]}}',
    "a stop too short": b'{"stopped": {"stop": []}}',
    "no UTF-8": b"\xff\xfe\n\n{}",
    "seen that is no text": b'{"seen": 5}',
    "a tensor that is none": json.dumps(
        {"seen": json.dumps([[{"tensor": [1], "shape": [9999999], "dtype": "load"}, []]])}
    ).encode(),
    "two sheets": b'{"failed": "time"}\n{"seen": "[]"}\n',
}
ENDLESS = "b'x' * 61_000_000"
STOPS = "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.{})"
HOSTILE = {  # answers, as above
    "stops its worker": "import os, signal\n" + STOPS.format("SIGSTOP"),
    "kills its worker": "import os, signal\n" + STOPS.format("SIGKILL"),
    "leaves folders": "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\nANSWER",
    "saves outside": "torch.save(torch.ones(1), OUTSIDE)\nANSWER",
    "keeps a database outside": "import sqlite3\nsqlite3.connect(OUTSIDE).execute('create table a (b)')\nANSWER",
    "reads a neighbour": "DEFraise ValueError(open(KEEP).read())",
    "tells the environment": "import os\nDEFraise ValueError(str(dict(os.environ)))",
    "tells the processes": "import os\nDEFraise ValueError(str(sorted(filter(str.isdigit, os.listdir('/proc')))))",
}
HARMLESS = ("leaves folders", "saves outside", "keeps a database outside")  # to the judge
SAID = [*map(repr, WORDS.values()), ENDLESS]
SAYING = {  # each answer of these two says something else
    f"says {part}": {name: SAY.format(words) for name, words in zip(NAMES, some, strict=True)}
    for part, some in (("one half", SAID[:6]), ("the other half", SAID[6:]))
}


@pytest.fixture(scope="module")
def a_sandbox():
    """The system's, which is bubblewrap; some systems forbid it."""
    if sys.platform == "linux" and not shutil.which("bwrap"):
        missing("no bubblewrap on this machine (Debian: apt install bubblewrap)")
    if not sandbox.works():
        pytest.skip("this system has no sandbox that it allows")


@pytest.fixture(scope="module", params=["sandbox", "guard"])
def hostile(request, tmp_path_factory):
    """All of them graded at once, in the system's sandbox and without it: rows by learner, and the class's folder."""
    inside = request.param == "sandbox"
    if inside:
        request.getfixturevalue("a_sandbox")
    home = tmp_path_factory.mktemp("hostile")
    folder, keep = home / "submitted", home / "keep.txt"
    keep.write_text("kept as a secret", encoding="utf-8")
    folder.mkdir()
    answers = {name: {one: text for one, (_, text) in own.items()} for name, own in packed(HOSTILE).items()}
    for name, own in (answers | SAYING | {"zz honest": {}}).items():
        text = json.dumps(submission(own)).replace("OUTSIDE", f"'{home / 'outside'}'").replace("KEEP", f"'{keep}'")
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTRUCTORS_TOKEN", "kept as a secret")
        patch.setattr(grading, "MARGIN", 10)  # what stops its worker is waited for as long
        rows = grading.grade(folder, home / "out", "03", grading.Limits(seconds=5), workers=1, sandboxed=inside)
    return {row.learner: row for row in rows}, home, inside


def verdicts(rows, name):
    return {exercise.name: verdict for exercise, verdict in rows[name].verdicts}


@linux
def test_every_hostile_submission_has_its_row_and_the_honest_one_its_grade(hostile):
    rows, home, _ = hostile
    assert rows.keys() == {*packed(HOSTILE), *SAYING, "zz honest"} and rows["zz honest"].met == 6
    with (home / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [one["learner"] for one in csv.DictReader(file)] == sorted(rows)
    for name in SAYING:
        assert {verdict.kind for _, verdict in rows[name].verdicts} <= {"ended", "time", "unreadable", "incomplete"}
    for name, own in packed(HOSTILE).items():
        assert not rows[name].note, rows[name].note
        for exercise, verdict in verdicts(rows, name).items():
            attack, _ = own.get(exercise, ("none", ""))
            assert verdict.met or attack != "none", verdict.text
            assert not verdict.met or attack in ("none", *HARMLESS), attack


@linux
def test_what_it_tells_is_nothing_of_the_instructors(hostile):
    rows, home, inside = hostile
    pages = "".join(path.read_text(encoding="utf-8") for path in (home / "out").glob("*.html"))
    assert "INSTRUCTORS_TOKEN" not in pages
    if inside:
        assert "kept as a secret" not in pages and not (home / "outside").exists()
        ((name, exercise),) = [
            (name, one)
            for name, own in packed(HOSTILE).items()
            for one, (attack, _) in own.items()
            if attack == "tells the processes"
        ]
        told = verdicts(rows, name)[exercise].text
        assert len(re.findall(r"'\d+'", told)) <= 5, told


def test_nothing_of_it_is_left_in_the_temporary_folder(hostile):
    mine = [path for path in Path(tempfile.gettempdir()).glob("makemlp-grade-*") if os.access(path, os.R_OK)]
    assert not [path for path in mine if any(path.iterdir())]  # others may grade on this machine, too


WITHIN = """
import json, os, socket
def tried(what):
    try:
        return what() or "done"
    except OSError as error:
        return error.errno
def fill():
    for i in range(400):
        with open(f"{i}", "wb") as file:
            file.write(bytes(1_000_000))
print(json.dumps({
    "network": tried(lambda: socket.create_connection(("1.1.1.1", 53), 5).close()),
    "writes": [tried(lambda place=place: open(place, "w").close()) for place in PLACES],
    "reads": tried(lambda: open(SECRET).read()),
    "environment": sorted(os.environ),
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "fills": tried(fill),
}))
"""


@pytest.mark.usefixtures("a_sandbox")
def test_the_sandbox_alone_holds_without_the_guard(tmp_path, monkeypatch):
    """What an answer meets that has passed the guard in Python."""
    monkeypatch.setenv("INSTRUCTORS_TOKEN", "kept as a secret")
    (tmp_path / "secret.txt").write_text("kept as a secret", encoding="utf-8")
    places = [
        str(tmp_path / "new.txt"),
        str(sandbox.PACKAGE / "new.py"),
        *("/new", "/usr/new", "/etc/new", "/dev/new", "/dev/shm/new", "/proc/sys/kernel/tainted"),
    ]
    code = WITHIN.replace("PLACES", repr(places)).replace("SECRET", repr(str(tmp_path / "secret.txt")))
    command = [*sandbox.command(sandbox.INSIDE), sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    found = json.loads(run.stdout)
    assert found["network"] == errno.ENETUNREACH and found["reads"] == errno.ENOENT
    assert set(found["writes"]) <= {errno.EROFS, errno.EACCES, errno.ENOENT, errno.EPERM}
    assert "INSTRUCTORS_TOKEN" not in found["environment"] and len(found["processes"]) <= 3
    assert found["fills"] == errno.ENOSPC
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"] and not (sandbox.PACKAGE / "new.py").exists()


@pytest.mark.usefixtures("a_sandbox")
def test_the_course_may_lie_in_the_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "makemlp").mkdir()
    (tmp_path / "makemlp" / "__init__.py").write_text("print('found')", encoding="utf-8")
    monkeypatch.setattr(sandbox, "PACKAGE", tmp_path / "makemlp")
    run = [*sandbox.command(sandbox.INSIDE), sys.executable, "-c", "import makemlp"]
    assert subprocess.run(run, capture_output=True, text=True, timeout=600).stdout == "found\n"


# --- an honest notebook, as people really write them ---

STYLES = [
    {
        "bag": "%%time\ndef bag(X, vocab_size):\n    return F.one_hot(X, vocab_size).float().mean(1)",
        "window": "rows = !echo three\nformat = 'an %s\\n%d'\n" + "ANSWER\n    #\n%time 1 + 1\nwindow?",
        "concatenate": "def concatenate(emb, n):\n    m = (2\n        % 9)\n    display(m)\n"
        "    return emb.unflatten(1, (-1, n)).flatten(2)",
        "neuron": "import asyncio\nawait asyncio.sleep(0)\nANSWER",
        "sizes": "shell = get_ipython()\nshell.run_line_magic('precision', '3')\nANSWER",
        "paper_size": 'TEXT = """\n%matplotlib inline\n!ls\n"""\nANSWER',
    }
]


@pytest.mark.parametrize("styles", STYLES)
def test_a_notebook_and_the_grader_agree_on_honest_cells(styles, tmp_path):
    own = {cell["id"]: "".join(cell["source"]) for cell in json.loads(SOLVED)["cells"]}
    notebook = submission({name: text.replace("ANSWER", own[f"03-{name}-answer"]) for name, text in styles.items()})
    (tmp_path / "ana.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (row,) = grading.grade(tmp_path, tmp_path / "out")
    assert [verdict.text for _, verdict in row.verdicts if not verdict.met] == []
    live = nbformat.reads(json.dumps(notebook), as_version=4)
    nbclient.NotebookClient(live, timeout=600, kernel_name="python3").execute()  # raises at a check that is not met
    checks = [cell for cell in live.cells if cell["id"].endswith("-check")]
    assert ["✓" in str(cell.outputs) for cell in checks] == [True] * 6


def split(notebook, moved_to=None):
    """The first answer in two cells, of which the lower one has no id of the course's; or moved to another place."""
    notebook = json.loads(json.dumps(notebook))
    place = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == "03-bag-answer")
    upper = {**notebook["cells"][place], "source": "# my answer\nwidth = 1"}
    lower = {**upper, "id": "abc", "source": RIGHT.replace("(X, vocab_size).", "(X, vocab_size * width).")}
    notebook["cells"][place : place + 1] = [upper]
    notebook["cells"].insert(len(notebook["cells"]) if moved_to == "end" else place + 1, lower)
    return notebook


@pytest.mark.parametrize("moved_to", [None, "end"])
def test_an_answer_in_two_cells_counts(moved_to, tmp_path):
    (tmp_path / "ana.ipynb").write_text(json.dumps(split(submission(), moved_to)), encoding="utf-8")
    (row,) = grading.grade(tmp_path, tmp_path / "out")
    assert row.met == 6, [verdict.text for _, verdict in row.verdicts]


def test_a_helper_of_ones_own_serves_every_exercise(tmp_path):
    notebook = submission(
        {"sizes": "def sizes():\n    return {'small': size(30, 4, 5, 60), 'wide': 14370, 'words': 358050}"}
    )
    helper = {"cell_type": "code", "id": "x", "metadata": {}, "outputs": [], "execution_count": None}
    helper["source"] = "def size(V, n, m, h):\n    return V * m + n * m * h + h + h * V + V"
    notebook["cells"].insert(3, helper)
    (tmp_path / "ana.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (row,) = grading.grade(tmp_path, tmp_path / "out")
    assert row.met == 6, [verdict.text for _, verdict in row.verdicts]


def test_of_two_cells_with_one_id_the_last_counts_with_a_note(tmp_path):
    notebook = submission()
    place = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == "03-bag-answer")
    notebook["cells"].insert(place, {**notebook["cells"][place], "source": WRONG})
    (tmp_path / "ana.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (row,) = grading.grade(tmp_path, tmp_path / "out")
    assert row.met == 6 and row.note.startswith("Cells stand there twice (03-bag-answer); the last one counts")


# The same cells in notebooks as other programs, and other people, leave them.


def changed(change):
    """A solved notebook after a change to the place of its second answer."""
    notebook = json.loads(SOLVED)
    cells = notebook["cells"]
    change(cells, next(i for i, cell in enumerate(cells) if cell["id"] == "03-window-answer"))
    return notebook


def old():
    """A notebook of before 2015: no ids, no tags, cells in worksheets."""
    cells = json.loads(SOLVED)["cells"]
    kept = [
        {"cell_type": cell["cell_type"], "metadata": {}} | {NBFORMAT_3[cell["cell_type"]]: cell["source"]}
        for cell in cells
    ]
    code = {"language": "python", "outputs": [], "prompt_number": None, "collapsed": False}
    kept = [cell | code if cell["cell_type"] == "code" else cell for cell in kept]
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": kept, "metadata": {}}],
    }


NBFORMAT_3 = {"code": "input", "markdown": "source", "raw": "source"}
RAISES = "def window(*given):\n    raise ValueError\n"
KEPT = {  # the notebook, and what becomes of window, the second exercise
    "nbformat 3": (old, "met"),
    "the same id twice, wrong first": (lambda: changed(lambda c, i: c.insert(i, {**c[i], "source": RAISES})), "met"),
    "the same id twice, right first": (
        lambda: changed(lambda c, i: c.insert(i + 1, {**c[i], "source": RAISES})),
        "raised",
    ),
    "a comment above, the answer below": (
        lambda: changed(lambda c, i: c.insert(i, {**c[i], "source": "# my notes"}) or c[i + 1].update(id="abcd1234")),
        "met",
    ),
    "answer turned into markdown": (lambda: changed(lambda c, i: c[i].update(cell_type="markdown")), "missing"),
    "no ids and other line ends": (
        lambda: changed(
            lambda c, i: [cell.update(id="", source="".join(cell["source"]).replace("\n", "\r\n")) for cell in c]
        ),
        "met",
    ),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    for name, (notebook, _) in KEPT.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
    return {row.learner: row for row in grading.grade(folder, folder / "out")}, folder


@pytest.mark.filterwarnings("ignore")  # nbformat's, about notebooks that it repairs
@pytest.mark.parametrize("name", KEPT)
def test_a_notebook_and_the_grader_agree_however_it_is_kept(kept, name, monkeypatch):
    monkeypatch.setattr(checking, "_states", {})
    rows, folder = kept
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    shell.showtraceback = lambda *_, **__: None
    for cell in nbformat.read(folder / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source)
    graded = {exercise.name: verdict.kind for exercise, verdict in rows[name].verdicts}
    assert graded == dict.fromkeys(NAMES, "met") | {"window": KEPT[name][1]}
    # An answer that isn't there is a NameError in its notebook, so its check said nothing.
    assert checking._states == {one: kind for one, kind in graded.items() if kind != "missing"}


# --- the report ---


def test_the_report_is_tried_before_the_work(tmp_path, monkeypatch, capsys):
    (tmp_path / "ana.ipynb").write_text(SOLVED, encoding="utf-8")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    monkeypatch.setattr(grading, "Worker", None)  # no answer is run
    assert command.main(["grade", str(tmp_path), "--out", str(tmp_path / "taken")]) == 2
    assert re.fullmatch(r"'.*taken' can't be written \(.+\): pass another --out\.\n", capsys.readouterr().err)


def test_the_report_stands_beside_the_submissions_or_within_them_but_not_among_them(tmp_path, capsys):
    (tmp_path / "ana.ipynb").write_text(OPEN, encoding="utf-8")
    assert command.main(["grade", str(tmp_path), "--out", f"{tmp_path}/."]) == 2
    assert capsys.readouterr().err.endswith(
        "holds the submissions: pass another --out, because a report there would count as one.\n"
    )
    for _ in range(2):  # the second time the first report is there
        assert len(grading.grade(tmp_path, tmp_path / "grades")) == 1


def test_a_disk_that_is_full_in_mid_run_ends_it_with_a_sentence_and_keeps_the_rows(tmp_path, monkeypatch, capsys):
    for name in "abc":
        (tmp_path / f"{name}.ipynb").write_text(OPEN, encoding="utf-8")
    write = Path.write_text

    def full(path, text, **how):
        if path.name == "b.html":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    assert command.main(["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert said == "The report can't be written (No space left on device): make room, or pass another --out.\n"
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["learner"] == "a"


def test_every_learner_has_a_page_of_their_own_on_every_system(tmp_path):
    """Windows and macOS take some names for one, and Windows takes others for devices."""
    report = grading.Report(tmp_path)
    names = [
        "Ana",
        "ANA",
        "ana_",
        "e\u0301",
        "\u00e9",
        "a/b",
        "a b",
        "a_b",
        "x" * 200,
        "x" * 201,
        "CON",
        "com1",
        "..",
        "",
        "\n",
    ]
    for number, name in enumerate(names):
        report.add(number, grading.Row(name, f"{name}.ipynb"))
    pages = [path.stem for path in tmp_path.glob("*.html")]
    assert len(pages) == len({unicodedata.normalize("NFC", page).casefold() for page in pages}) == len(names)
    assert not {"con", "com1", ""} & {page.lower() for page in pages}


@linux
def test_a_page_is_kept_where_the_locale_lacks_the_learners_letters(tmp_path):
    code = f"""from pathlib import Path
from makemlp.checking import grade
grade.Report(Path({str(tmp_path)!r})).add(0, grade.Row("\\u0141ukasz", "a.ipynb"))"""
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code], env=os.environ | ascii_alone, check=True)
    assert "Łukasz.html".encode() in os.listdir(os.fsencode(tmp_path))


def test_a_large_class_is_reported_in_little_time(tmp_path):
    """A page's name was sought among all the others' for every row: a thousand learners took minutes."""
    report = grading.Report(tmp_path)
    compared, report._write_table = [], lambda: None

    class Name(str):
        def casefold(self):
            compared.append(self)
            return str.casefold(self)

    for number in range(50):
        report.add(number, grading.Row(Name(f"learner {number}"), ""))
    assert len(report._pages) == 50 and len(compared) <= 2 * 50


def test_the_report_says_what_answers_were_kept_in(tmp_path, capsys):
    (tmp_path / "ana.ipynb").write_text(OPEN, encoding="utf-8")  # nothing in it is run
    assert command.main(["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--sandbox", "no"]) == 0
    assert capsys.readouterr().out.endswith(f"{command.GUARDED}\n")


@pytest.mark.parametrize("option", ["--seconds", "--megabytes", "--workers"])
@pytest.mark.parametrize("number", ["nan", "inf", "-1", "0", "1e300", "1000001"])
def test_a_limit_that_makes_no_sense_is_refused(option, number, tmp_path, capsys):
    if option != "--seconds" and number in ("nan", "inf", "1e300"):
        with pytest.raises(SystemExit):
            command.main(["grade", str(tmp_path), option, number])
        return
    assert command.main(["grade", str(tmp_path), option, number]) == 2
    assert re.fullmatch(
        rf"{option} is [\w.+-]+: pass a number above 0, and of at most 1,000,000\.\n", capsys.readouterr().err
    )


def test_an_interrupt_keeps_what_was_graded(tmp_path, monkeypatch, capsys):
    """Ctrl-C after the first row: the report holds it, whole, and nothing of what was under way."""
    for name in "abcd":
        (tmp_path / f"{name}.ipynb").write_text(SOLVED if name == "a" else OPEN, encoding="utf-8")
    take = grading._Crew.take

    def take_one(crew, *task):
        if crew.tasks:
            crew.tasks[0].result()
            raise KeyboardInterrupt
        take(crew, *task)

    monkeypatch.setattr(grading._Crew, "take", take_one)
    assert command.main(["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--workers", "1"]) == 130
    assert capsys.readouterr().err.startswith("Stopped. What was graded by then is in ")
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [(one["learner"], one["met"]) for one in csv.DictReader(file)] == [("a", "6")]


def test_a_judge_that_fails_costs_one_row(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.ipynb").write_text(OPEN, encoding="utf-8")
    fill = grading._fill
    monkeypatch.setattr(grading, "_fill", lambda row, *rest: 1 / 0 if row.learner == "a" else fill(row, *rest))
    rows = grading.grade(tmp_path, tmp_path / "out")
    assert rows[0].note == "The grader failed on this file (ZeroDivisionError): look at it by hand."
    assert len(rows[1].verdicts) == 6


def test_a_note_tells_of_the_courses_cells_only(tmp_path):
    """An id is a text of the learner's: in a terminal it could clear the page, and half a letter can't be written."""
    for name, mark in (("a", "\x1b[2J-answer"), ("b", "\ud800-answer")):
        notebook = json.loads(OPEN)
        notebook["cells"] += [{**notebook["cells"][-1], "cell_type": "code", "source": "1", "id": mark}] * 2
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    rows = grading.grade(tmp_path, tmp_path / "out")
    assert [(row.note, len(row.verdicts)) for row in rows] == [("", 6), ("", 6)]


def test_a_stop_is_no_longer_than_a_learner_reads():
    words = ["x" * 10**6] * 3
    (one,) = wire.read(json.dumps([[{"stop": words}, []]]))
    assert [len(part) for part in (one.value.kind, one.value.message, one.value.line)] == [100, 1000, 200]


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["failed", "stopped", "seen", "stop", "x"]), x),
    ).map(lambda x: json.dumps(json.dumps(x)).encode())
)
def test_any_line_is_one_of_three_sheets(line):
    (sheet,) = [grading.sheet_in(line)]
    ((name, what),) = sheet.items()
    assert (name, type(what)) in (("failed", str), ("seen", str), ("stopped", dict))
    assert name != "failed" or what in grading.SAYS
