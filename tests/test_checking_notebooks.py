"""The exercise notebooks as a learner meets them: in a kernel, and under pytest --nbval."""

import contextlib
import json
import linecache
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from answers import EXERCISES, SOLUTIONS
from IPython.core.interactiveshell import InteractiveShell
from lessons import ROOT
from traitlets.config import Config

from makemlp import checking
from makemlp.checking import check, hint, observing, progress

PAIRS = [pytest.param(*pair, id=repr(pair[0])) for pair in zip(EXERCISES, SOLUTIONS, strict=True)]
every_pair = pytest.mark.parametrize(("notebook", "solution"), PAIRS)


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(checking, "_states", {})
    monkeypatch.setattr(checking, "_hints", {})
    monkeypatch.setattr(checking, "_rows", {})
    checking.MET.clear()


_trials = {}  # by the code of the answer


@pytest.fixture(autouse=True)
def trained_once(monkeypatch):
    """An answer that trains is tried once here, however often its notebook runs: each time costs seconds."""
    call = observing.call

    def remembered(exercise, answer, *more):
        code = getattr(answer, "__code__", None)
        if exercise.trial is None or code is None:
            return call(exercise, answer, *more)
        key = exercise.name, code.co_code, code.co_names, str([c for c in code.co_consts if not hasattr(c, "co_code")])
        if key not in _trials:
            _trials[key] = call(exercise, answer, *more)
        return _trials[key]

    monkeypatch.setattr(observing, "call", remembered)


def new_shell():
    """A shell that keeps no history: each history would leave a thread behind."""
    return InteractiveShell(config=Config(HistoryManager={"enabled": False}))


def run(cells, instead):
    """Run code cells from top to bottom, `instead` holding other sources by id; the ids of those that raised."""
    shell = new_shell()
    shell.showtraceback = lambda *_, **__: None
    results = [(cell, shell.run_cell(instead.get(cell.raw["id"], cell.source))) for cell in cells]
    return [cell.raw["id"] for cell, result in results if not result.success]


def checks(notebook):
    return [cell.raw["id"] for cell in notebook.code if cell.raw["id"].endswith("-check")]


@every_pair
def test_the_untouched_notebook_fails_at_exactly_its_open_exercises(notebook, solution, capsys):
    assert run(notebook.code, {}) == checks(notebook)
    assert "0 of" in capsys.readouterr().out


def halves(names):
    """Some of the names and the others, in so many ways that of any two names each stands once without the other."""
    for bit in range((len(names) - 1).bit_length()):
        for value in (0, 1):
            yield [name for place, name in enumerate(names) if place >> bit & 1 == value]


def test_of_any_two_each_stands_once_without_the_other():
    for count in range(2, 15):
        ways = [set(way) for way in halves(range(count))]
        assert all(any(a in way and b not in way for way in ways) for a in range(count) for b in range(count) if a != b)


@every_pair
def test_an_exercise_left_open_fails_alone(notebook, solution, capsys):
    """Whichever others are solved: so no answer and no check needs another one."""
    answers = {cell.raw["id"]: cell.source for cell in solution.code if cell.raw["id"].endswith("-answer")}
    assert run(notebook.code, answers) == []
    for left_open in halves(list(answers)):
        solved = {cell: source for cell, source in answers.items() if cell not in left_open}
        assert run(notebook.code, solved) == [cell.replace("-answer", "-check") for cell in left_open]


@every_pair
def test_prose_comes_in_the_lessons_portions(notebook, solution):
    for cell in notebook.prose + solution.prose:
        assert cell.words <= (90 if "<details>" in cell.source else 60), cell.raw["id"]


# What a learner sees


def test_jupyter_shows_one_paragraph_and_no_traceback(capsys):
    shell = new_shell()
    shell.run_cell("from makemlp.checking import check\ncheck('window', lambda names, stoi, block_size, after: 1 / 0)")
    shown = capsys.readouterr().out.strip()
    assert shown.startswith("✗ 03.2 window: Tried names = ['ab'], ") and shown.endswith('run hint("window").')
    assert "Traceback" not in shown and "\n\n" not in shown and "\x1b" not in shown
    assert "stopped with ZeroDivisionError" in shown and max(map(len, shown.splitlines())) <= 100


def test_a_check_that_is_met_prints_one_line(capsys):
    assert check("window", checking.find("window").reference) is None
    assert capsys.readouterr().out == f"✓ 03.2 window: right on {len(checking.find('window').inputs())} inputs.\n"


def test_what_an_answer_prints_is_shown_of_one_call_and_looks_like_no_verdict(capsys):
    def sizes():
        print("✓ 03.5 sizes: right.")
        return {"small": 0, "wide": 0, "words": 0}

    with pytest.raises(checking.Wrong):
        check("sizes", sizes)
    assert capsys.readouterr().out == "Your answer printed this in call 1 of 2:\n    ✓ 03.5 sizes: right.\n"

    def window(names, stoi, block_size, after):
        print("10%\r20%\r", *names, *range(30), sep="\n")
        return checking.find("window").reference(names, stoi, block_size if block_size < 3 else 2, after)

    with pytest.raises(checking.Wrong, match="names = ") as caught:
        check("window", window)
    head, second, first_name, *lines = capsys.readouterr().out.splitlines()
    assert int(head.split()[6]) > 1 and second == "    20%" and first_name[4:] in str(caught.value)
    assert len(lines) == 19 and re.fullmatch(r"    … and \d+ lines more", lines[-1])


def test_what_an_answer_without_an_end_printed_is_shown(capsys, monkeypatch):
    def units(nlls, lengths):
        while True:
            print("round and round")

    monkeypatch.setattr(checking, "SECONDS", 0.2)
    with pytest.raises(checking.Wrong, match="longer than"):
        check("units", units)
    assert capsys.readouterr().out.startswith("Your answer printed this in call 1 of 1:\n    round and round\n")


def test_an_open_answer_says_so_kindly():
    def window(names, stoi, block_size, after):
        raise NotImplementedError("Return X and Y.")

    with pytest.raises(checking.NotYet, match=r"… 03\.2 window: still open\. Return X and Y\. For steps, run hint"):
        check("window", window)
    with pytest.raises(checking.NotYet, match="Put your answer in place of the Ellipsis"):
        check("sizes", ...)


def test_a_pencil_answer_may_be_a_plain_value_and_is_not_given_away(capsys):
    right = checking.find("sizes").reference()
    check("sizes", right)
    with pytest.raises(checking.Wrong) as caught:
        check("sizes", right | {"wide": 1})
    message = str(caught.value)
    assert "Not right yet: 'wide' (1 came)." in message
    assert not any(f"{number:,}" in message or str(number) in message for number in right.values())


def test_a_function_is_wanted_where_inputs_are_tried():
    with pytest.raises(checking.Wrong, match="A function is wanted here, and 3 came"):
        check("window", 3)


def test_a_large_difference_is_pointed_at():
    def window(names, stoi, block_size, after):
        X, Y = checking.find("window").reference(names, stoi, block_size, after)
        if len(X) > 10:
            X[7, -1] += 1
        return X, Y

    with pytest.raises(checking.Wrong, match=r"they\s+differ\s+first\s+at\s+\[7, \d\]:\s+\d+\s+came"):
        check("window", window)


def written(source, **scope):
    """The function `units` of a cell with this source."""
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
    exec(compile(source, "<cell>", "exec"), scope)
    return scope["units"]


def test_the_line_that_raised_is_quoted():
    units = written("def units(nlls, lengths):\n    half = nlls[0] / 2\n    return half.nothing\n")
    with pytest.raises(checking.Wrong, match=r"AttributeError in the line\s+`return\s+half\.nothing`"):
        check("units", units)


def test_what_pytorch_has_not_implemented_is_not_an_open_exercise():
    def kernel(x):
        raise NotImplementedError("\"exp\" not implemented for 'Int'")

    with pytest.raises(checking.Wrong, match="NotImplementedError"):
        check("units", written("def units(nlls, lengths):\n    return kernel(nlls)\n", kernel=kernel))


def test_it_is_none_either_where_the_answers_line_is_not_known():
    scope = {"nothing": torch.empty(2, device="meta")}  # PyTorch can't copy it, and says so by a NotImplementedError
    exec("def units(nlls, lengths):\n    return nothing.tolist()", scope)
    with pytest.raises(checking.Wrong, match="stopped with RuntimeError"):
        check("units", scope["units"])
    exec("def units(nlls, lengths):\n    raise NotImplementedError", scope)
    with pytest.raises(checking.NotYet):
        check("units", scope["units"])


def loops(nlls, lengths):
    while True:
        pass


def sleeps(nlls, lengths):
    while True:
        with contextlib.suppress(Exception):
            time.sleep(60)


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["as usual", "in the background"])
@pytest.mark.parametrize("answer", [loops, sleeps])
def test_an_answer_that_never_ends_is_ended(monkeypatch, answer, handler):
    monkeypatch.setattr(checking, "SECONDS", 0.2)
    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(checking.Wrong, match=r"takes longer than 0\.2 seconds: look for a loop that never ends"):
            check("units", answer)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_whoever_stops_a_check_reads_one_sentence():
    def units(nlls, lengths):
        raise KeyboardInterrupt

    with pytest.raises(checking.Wrong, match="You stopped the check"):
        check("units", units)


def test_an_exercise_misspelt_is_found():
    with pytest.raises(ValueError, match="no exercise 'windw': did you mean 'window'"):
        check("windw", None)
    with pytest.raises(ValueError, match="the exercises are one_row, "):
        hint("xyz")
    with pytest.raises(ValueError, match="no exercises for lesson '99': pass one of 01"):
        progress("99")


def test_hints_come_one_by_one_and_begin_again(capsys):
    steps = checking.find("softmax").hints
    for _ in range(len(steps) + 1):
        hint("softmax")
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert shown.index("Hint 1 of 3: First") < shown.index("Hint 2 of 3") < shown.index("Hint 3 of 3")
    assert shown.count("Hint 1 of 3") == 2


def test_progress_says_what_is_met_open_and_wrong(capsys):
    check("sizes", checking.find("sizes").reference)
    for name, answer in (("neuron", ...), ("bag", lambda X, vocab_size: X)):
        with pytest.raises(checking.CheckError):
            check(name, answer)
    capsys.readouterr()
    progress("03")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "03 Embed and concatenate: 1 of 6 met"
    assert lines[1] == "✗ 03.1 bag: not right yet (shape)"
    assert lines[2] == "  03.2 window: not checked yet"
    assert lines[4] == "… 03.4 neuron: open"
    assert lines[5] == "✓ 03.5 sizes: met"


# pytest --nbval


def code(notebook):
    """A code cell by its id, for changing."""
    return {cell["id"]: cell for cell in notebook["cells"] if cell["cell_type"] == "code"}


def stream(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def half_solved(notebook, solution):
    """Three answers filled in, and the outputs of other times left in the file."""
    answers = code(solution.raw)
    mine = code(json.loads(json.dumps(notebook.raw)))
    for name in ("bag", "window", "neuron"):
        mine[f"03-{name}-answer"]["source"] = [
            "import time\n",
            "print(time.time())\n",
            *answers[f"03-{name}-answer"]["source"],
        ]
    stale = {"output_type": "error", "ename": "Wrong", "evalue": "✗", "traceback": ["✗ 03.1 bag: …"]}
    mine["03-bag-check"] |= {"outputs": [stale], "execution_count": 3}
    mine["03-window-answer"] |= {"outputs": stream("0.0\n"), "execution_count": 4}
    mine["03-sizes-check"] |= {"outputs": stream("✓ 03.5 sizes: right.\n"), "execution_count": 5}
    return {**notebook.raw, "cells": list(mine.values())}


def renamed(solution):
    """As other editors and mail programs leave it: no ids, no tags, any name, and outputs of another day."""
    cells = json.loads(json.dumps(solution.raw["cells"]))
    for number, cell in enumerate(cells):
        cell |= {"metadata": {}, "id": f"x{number}"}
        if cell["cell_type"] == "code":
            cell["outputs"] = stream("✓ 03.1 bag: right on 7 inputs.\n")
    return {**solution.raw, "cells": cells}


def test_under_nbval_only_what_is_not_met_fails_whatever_was_stored(tmp_path):
    (notebook,) = [one for one in EXERCISES if one.path.name.startswith("03")]
    (solution,) = [one for one in SOLUTIONS if one.path.name.startswith("03")]
    files = {"open": notebook.raw, "half": half_solved(notebook, solution), "solved": renamed(solution)}
    for name, raw in files.items():
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(raw), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-rf"]
    # As make sets it; in a locale without "…", pytest would write its number.
    env = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"}
    command += ["-p", "nbval_exercises"]
    result = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, env=env
    )
    failed = re.findall(r"^FAILED (\w+)\.ipynb::Cell (\d+)", result.stdout, re.M)
    order = [cell.raw["id"] for cell in notebook.code]
    assert {name for name, _ in failed} == {"open", "half"}, result.stdout
    assert [order[int(cell)] for name, cell in failed if name == "open"] == checks(notebook)
    assert [order[int(cell)] for name, cell in failed if name == "half"] == [
        f"03-{name}-check" for name in ("concatenate", "sizes", "paper_size")
    ]
    assert "✗" not in result.stdout.replace("✗ 03.1 bag: …", "") and "File " not in result.stdout
    assert (
        "… 03.3 concatenate: still open. Return a tensor of shape (N, block_size // n, n * emb_dim)." in result.stdout
    )


# What makes a check cell run through without a check; the last one ends the kernel.
CHECK = 'check("bag", bag)'
WAYS_AROUND = {
    "nothing": "pass",
    "a magic that is misspelt": f"%tme {CHECK}",
    "a page in place of Python": f"%%html\n{CHECK}",
    "a comment": f"# {CHECK}",
    "an excuse": f"try:\n    {CHECK}\nexcept Exception:\n    pass",
    "the tag alone": CHECK,
    "another name": f'{CHECK.replace("bag", "window", 1)} if False else check("bag", lambda X, vocab_size: X)',
    "a kernel that ends": f"import os; os._exit(0); {CHECK}",
}


def test_no_way_around_a_check_passes_under_nbval(tmp_path):
    (notebook,) = [one for one in EXERCISES if one.path.name.startswith("03")]
    raw, cells = json.loads(json.dumps(notebook.raw)), code(json.loads(json.dumps(notebook.raw)))
    raw["cells"] = [cells["03-setup"], cells["03-bag-answer"]]
    for number, source in enumerate(WAYS_AROUND.values()):
        name = "03-bag-check" if source == "pass" else f"way-{number}"
        tags = {"tags": ["nbval-ignore-output", "raises-exception"]}
        raw["cells"].append({**cells["03-bag-check"], "id": name, "source": source, "metadata": tags})
    (tmp_path / "03_around.ipynb").write_text(json.dumps(raw), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-rf"]
    env = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"}
    result = subprocess.run(
        [*command, "-p", "nbval_exercises", str(tmp_path)],
        **{"capture_output": True, "text": True, "encoding": "utf-8", "cwd": tmp_path, "env": env, "timeout": 300},
    )
    failed = re.findall(r"^FAILED 03_around\.ipynb::Cell (\d+)", result.stdout, re.M)
    assert failed == [str(2 + number) for number in range(len(WAYS_AROUND))], result.stdout
    report = result.stdout.partition("short test summary")[0]  # which repeats the messages in CI
    assert report.count("is not met: its check was not run here") == len(WAYS_AROUND) - 1
    assert "The kernel ended while this cell ran" in result.stdout
    assert "nbval_exercises.py" not in result.stdout
