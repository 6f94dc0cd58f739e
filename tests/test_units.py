"""How the tests are handed out to workers: what conftest.py says of them holds of the tests that there are."""

import os
import re
from pathlib import Path

import pytest
from lessons import ROOT


@pytest.fixture
def settings(request):
    """conftest.py of the repository, as this run has loaded it."""
    plugins = request.config.pluginmanager.get_plugins()
    (module,) = [one for one in plugins if getattr(one, "__file__", None) == str(ROOT / "conftest.py")]
    return module


@pytest.fixture
def ids(request, settings):
    """All tests that there are, whether or not this run leaves some to another (`--but`)."""
    found = request.config.stash[settings.FOUND]
    if not {"tests/browser", "tests/test_lessons.py", "notebooks/06_tune_on_the_dev_split.ipynb"} <= {
        name for one in found for name in (one.partition("::")[0], one.rpartition("/")[0])
    }:
        pytest.skip("only a part of the tests was chosen")
    return found


def test_everything_that_is_named_is_there(settings, ids):
    units = {settings.unit_of(one) for one in ids}
    assert [start for start in settings.FIRST if not any(unit.startswith(start) for unit in units)] == []
    assert [pattern for pattern in settings.CI_ALONE if not any(re.match(pattern, one) for one in ids)] == []


def test_all_that_the_browser_does_with_a_lesson_is_one_unit(settings):
    alike = (
        "test_lessons.py::test_a[03_b_c]",
        "test_lessons.py::test_d[03_b_c-explore_e-2]",
        "test_quizzes.py::t[03_b_c]",
    )
    assert {settings.unit_of(f"tests/browser/test_{one}") for one in alike} == {"lesson 03_b_c"}
    assert settings.unit_of("tests/browser/test_lessons.py::test_a[04b_c-explore_d]") == "lesson 04b_c"
    assert settings.unit_of("tests/browser/test_lessons.py::test_a[00b_c]") == "lesson 00b_c"
    assert settings.unit_of("tests/browser/test_book.py::test_f[390]") == "tests/browser/test_book.py"


def test_files_that_draw_the_same_pictures_are_one_unit(settings):
    assert settings.unit_of("tests/test_figures.py::test_a") == settings.unit_of("tests/test_pictures.py::test_b[c]")
    one, other = "tests/test_checking_answers.py::test_a[top_k-0]", "tests/test_checking_answers.py::test_b[top_k]"
    assert settings.unit_of(one) == settings.unit_of(other) == "answers top_k"
    assert settings.unit_of("notebooks/01_a.ipynb::Cell 3") == "notebooks/01_a.ipynb"


def test_the_browser_comes_first_and_all_of_it_together(request, ids):
    """A worker would otherwise close its JupyterLab, and start another."""
    browser = [item.nodeid.startswith("tests/browser") for item in request.session.items]
    assert browser == sorted(browser, reverse=True)


def test_what_is_left_to_ci_is_run_where_ci_is_set(settings, ids, request):
    left = [item for item in request.session.items if any(re.match(p, item.nodeid) for p in settings.CI_ALONE)]
    skipped = {any(mark.name == "skip" for mark in item.own_markers) for item in left}
    in_ci = os.environ.get("CI", "") not in ("", "false")
    assert skipped == {not in_ci}


class Item:
    """A test, as far as conftest.py looks at it."""

    def __init__(self, nodeid):
        self.nodeid, self.path, self.skipped = nodeid, Path(nodeid.partition("::")[0]), False

    def add_marker(self, marker):
        self.skipped = True


class Config:
    """pytest's settings, with what was named on the command line."""

    def __init__(self, args):
        self.args, self.stash = args or self.getini("testpaths"), {}

    def getoption(self, name):
        return None

    def getini(self, name):
        return ["tests", "notebooks", "exercises/solutions"]


LESSON, BROWSER = "notebooks/06_tune_on_the_dev_split.ipynb::Cell 3", "tests/browser/test_lessons.py::test_a[01_b]"


@pytest.mark.parametrize(
    ("ci", "args", "there", "run"),
    [
        ("", [], [LESSON, BROWSER], [BROWSER]),
        ("", ["tests", "notebooks/06_tune_on_the_dev_split.ipynb"], [LESSON, BROWSER], [LESSON, BROWSER]),
        ("true", [], [LESSON, BROWSER], [BROWSER]),
        ("true", ["notebooks", "tests/test_mlp.py"], [LESSON], [LESSON]),  # a row of the matrix, where CI is set, too
    ],
)
def test_a_long_lesson_is_run_where_it_is_named_or_no_browser_runs_it(settings, monkeypatch, ci, args, there, run):
    monkeypatch.setenv("CI", ci)
    items = [Item(nodeid) for nodeid in there]
    settings.pytest_collection_modifyitems(Config(args), items)
    assert {item.nodeid for item in items if not item.skipped} == set(run)


def test_what_make_runs_by_name_is_not_left_to_ci(settings):
    """A target for what takes long sets CI, because all of it would be skipped otherwise."""
    commands = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    named = [line for line in commands if any(re.match(p, word) for word in line.split() for p in settings.CI_ALONE)]
    assert len(named) > 1 and [line for line in named if "CI=true" not in line] == []
