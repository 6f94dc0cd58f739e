"""A lesson's cells in any order and any number of times: each gives its stored output, or an error, or says why not.

The default run takes a light lesson; `make steady` sets STEADY and takes all.
"""

import dis
import importlib.util
import json
import os
import random
import shutil
from types import CodeType

import pytest
from kernels import LiveLesson, error
from lessons import LESSONS, ROOT
from test_lessons import every_lesson, plain

CHOSEN = LESSONS if os.environ.get("STEADY") else [one for one in LESSONS if one.number == "03"]

# What a file keeps goes on from run to run; such a cell's text says so, in these words.
GOES_ON = {
    "06-36": "runs. Run",
    "06-44": "finished trials are kept",
    "06-46": "trials were kept",
    "06-63": "at this test set",
    "06-64": "at this test set",
    "09-52": "at this test set",
}


def names(source):
    """Which names a cell gives a value, and which it needs from elsewhere."""
    given, needed = set(), set()

    def walk(code, top):
        for instruction in dis.get_instructions(code):
            if isinstance(instruction.argval, CodeType):
                walk(instruction.argval, False)
            elif instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "DELETE_NAME") and instruction.argval not in given:
                needed.add(instruction.argval)
            elif instruction.opname == "STORE_NAME" and top:
                given.add(instruction.argval)

    walk(compile(plain(source), "cell", "exec"), True)
    return given, needed


def ambiguous(sources):
    """The names that one cell needs and more than one other gives: their meaning depends on which ran last."""
    cells = [names(source) for source in sources]
    needed = set().union(*(needed for _, needed in cells))
    return {name for name in needed if sum(name in given for given, _ in cells) > 1}


@every_lesson
def test_a_name_has_one_meaning(lesson):
    """Else a cell that is run once more, or out of order, answers about something else and nobody notices."""
    # Lesson 06 forgets its study and opens the same file again.
    assert ambiguous(cell.source for cell in lesson.code) <= {"study"}


def test_an_ambiguous_name_is_found():
    assert ambiguous(["x = 1", "x = 2", "print(x)"]) == {"x"}
    assert ambiguous(["x = 1", "x = 2", "def f():\n    return x"]) == {"x"}
    assert ambiguous(["x = 1", "x += 1"]) == {"x"}
    assert ambiguous(["for x in [1]:\n    print(x)", "x = 2\nprint([x for y in [3]])", "y = 1"]) == set()


class Judge:
    """Runs cells and notes each answer that is neither the stored one nor a clear error nor said to go on.

    A cell that failed has said so. What stands on the half of its work that was done is not judged until it has run.
    """

    def __init__(self, lesson, live):
        self.lesson, self.live = lesson, live
        self.names = {number: names(lesson.cells[number].source) for number in live.code}
        self.wrong, self.right, self.failed, self.stopped = [], set(), set(), []

    def run(self, number, when, clear=("NameError",)):
        self.take(number, self.live.run(number), when, clear)

    def take(self, number, told, when, clear=("NameError",)):
        cell, failure = self.lesson.cells[number], error(told)
        doubtful = self.stands_on_failure(number)
        self.failed.discard(number)
        if failure or doubtful:
            self.failed.add(number)
            if not doubtful and not failure.startswith(clear):
                self.wrong.append((when, cell.raw["id"], failure))
            return
        self.right.add(number)
        if "nbval-ignore-output" in cell.tags or told == self.live.expected(number):
            return
        goes_on = GOES_ON.get(cell.raw["id"])
        if not (goes_on and goes_on in str(told)):
            self.wrong.append((when, cell.raw["id"], told))

    def stands_on_failure(self, number):
        """Whether the cell needs a name from one that failed when it last ran."""
        needed = self.names[number][1]
        return any(needed & self.names[other][0] for other in self.failed - {number})

    def users(self, number):
        """The cells that need a name which this one gives."""
        given = self.names[number][0]
        return [other for other in self.live.code if other != number and given & self.names[other][1]]

    def __str__(self):
        return "\n".join(f"{cell} {when}: {told}" for when, cell, told in self.wrong)


@pytest.mark.parametrize("lesson", CHOSEN, ids=repr)
def test_cells_in_any_order_and_twice(lesson):
    with LiveLesson(lesson) as live:
        judge, dice = Judge(lesson, live), random.Random(lesson.path.stem)
        setup, rest = live.code[:2], live.code[2:]
        for number in setup:
            judge.run(number, "first")
        for number in dice.sample(rest, len(rest)) + dice.sample(rest, len(rest)):
            judge.run(number, "at random")
        for number in rest:
            judge.run(number, "in order")
            judge.run(number, "twice")
        assert judge.right == set(live.code)
        for number in dice.sample(live.code, len(live.code)):
            judge.run(number, "at random after all")
    assert not judge.wrong, str(judge)


# The last is what matplotlib's C++ makes of an interrupt that lands while it reads the edges of a box.
WORDS_OF_AN_INTERRUPT = ("KeyboardInterrupt", "Stopped", "ValueError: Invalid bounding box")


@pytest.mark.parametrize("lesson", CHOSEN, ids=repr)
def test_an_interrupt_leaves_nothing_that_misleads(lesson):
    """Each cell that takes long is stopped on its way: what follows fails, or is right, or the cell has said that it
    will use what was learned until then. Run again, the cell is right, and so is what follows."""
    with LiveLesson(lesson) as live:
        judge = Judge(lesson, live)
        for number in live.code[:2]:  # to stop half-way in an import is Python's own affair
            judge.run(number, "first")
        for number in live.code[2:]:
            told, arrived = live.interrupt(number, after=0.25)
            if arrived:
                if not any(word in str(told) for word in WORDS_OF_AN_INTERRUPT):
                    judge.wrong.append(("stopped without a word", lesson.cells[number].raw["id"], told))
                judge.stopped.append(number)
                for other in [] if "the cells below use it" in str(told) else judge.users(number):
                    judge.run(other, f"after {number} was stopped", clear="")  # any error will do
                judge.failed.clear()
                judge.run(number, "again")
            else:
                judge.take(number, told, "first")
        print(f"{lesson}: stopped in cells {judge.stopped}")
        assert not judge.wrong, str(judge)
        assert judge.right == set(live.code)


def test_the_stop_button_reaches_a_cell_and_is_pressed_again_where_python_ignores_it():
    busy = """
import gc, time
swallow = lambda phase, info: (gc.callbacks.remove(swallow), time.sleep(1))
gc.callbacks.append(swallow)
print("collecting")
gc.collect()
while True:
    time.sleep(1)
"""
    with LiveLesson(LESSONS[0]) as live:
        assert live.interrupt_source(busy, 1, after=0.25) == (
            [("stdout", "collecting\n"), ("error", "KeyboardInterrupt: ")],
            True,
        )
        assert live.interrupt_source("pass", 1, after=60) == ([], False)
        assert live.interrupt_source("import time; time.sleep(600)", 1, after=0)[1]


def refresher():
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "tools" / "refresh.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lesson", CHOSEN, ids=repr)
def test_refreshing_twice_stores_the_same(lesson, tmp_path, monkeypatch):
    """Pictures included, which nbval doesn't compare; what says how long something took, left out."""
    monkeypatch.setenv("MAKEMLP_RUNS", "")  # which refresh changes
    copies = [tmp_path / f"{turn}.ipynb" for turn in (1, 2)]
    for copy in copies:
        shutil.copy(lesson.path, copy)
    assert refresher().main([str(copy) for copy in copies]) == 0
    first, second = (without_timings(copy) for copy in copies)
    assert first == second


def without_timings(path):
    """A notebook's cells, without the outputs of those that say how long something took."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"outputs": []} if "timing" in cell["metadata"].get("tags", []) else cell for cell in cells]
