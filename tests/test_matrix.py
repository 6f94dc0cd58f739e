"""The matrix: which rows there are, and that a finished row's result is kept."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def load(file):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def noxfile():
    pytest.importorskip("nox")
    return load(ROOT / "noxfile.py")


@pytest.fixture(scope="module")
def rows(noxfile):
    return noxfile.ROWS


@pytest.fixture
def matrix(tmp_path):
    module = load(ROOT / "tools/matrix.py")
    module.RESULTS, module.TABLE = tmp_path / "build/matrix.json", tmp_path / "build/matrix.md"
    return module


# The rows


def test_every_python_stands_in_a_row(rows):
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert {row.python for row in rows.values()} == {oldest, "3.11", "3.12", "3.13"}
    assert rows["lowest"].python == oldest and "lowest-direct" in rows["lowest"].versions


def test_the_old_widgets_are_the_oldest_allowed(rows):
    (allowed,) = [r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "ipywidgets"]
    (tried,) = [Requirement(text) for row in rows.values() for text in row.instead if text.startswith("ipywidgets")]
    assert str(tried.specifier).removeprefix("==") == str(allowed.specifier).removeprefix(">=")


def test_every_setting_stands_in_a_row(rows):
    settings = {pair for row in rows.values() for pair in row.env.items()}
    assert {("MAKEMLP_THREADS", "2"), ("MAKEMLP_THREADS", "4"), ("ATEN_CPU_CAPABILITY", "default")} <= settings
    assert {("MKL_ENABLE_INSTRUCTIONS", "AVX2"), ("MKL_ENABLE_INSTRUCTIONS", "SSE4_2")} <= settings
    assert len({value for name, value in settings if name == "DISTURB"}) >= 3
    assert rows["locale"].env["LC_ALL"] and rows["locale"].env["PYTHONUTF8"] == "0"
    assert " " in rows["path"].folder and not rows["path"].folder.isascii()


def test_every_unit_test_that_a_row_names_is_there(noxfile):
    assert {row.tests for row in noxfile.ROWS.values()} <= set(noxfile.TESTS)
    named = {name.removeprefix("--ignore=") for names in noxfile.TESTS.values() for name in names}
    assert len(named) > 10 and [name for name in named if not (ROOT / name).exists()] == []


def test_other_processors_draw_the_pictures_too(noxfile):
    """And the row that CI runs is one of them."""
    rows = [row for row in noxfile.ROWS.values() if row.env.keys() & {"DISTURB", "ATEN_CPU_CAPABILITY"}]
    assert len(rows) >= 6 and "--mpl" in noxfile.pytest_options(noxfile.ROWS["disturbed"])
    assert all(row.tests in ("all", "arithmetic") for row in rows)
    assert {"tests/test_figures.py", "tests/test_pictures.py"} <= set(noxfile.TESTS["arithmetic"])
    script = (ROOT / "Makefile").read_text(encoding="utf-8") + (ROOT / ".ci/run").read_text(encoding="utf-8")
    (named,) = re.findall(r"noxfile\.py (\w+)", script)
    assert {"DISTURB", "MKL_ENABLE_INSTRUCTIONS"} <= noxfile.ROWS[named].env.keys()


# Their results


def result(matrix, **changes):
    return {**dict.fromkeys(matrix.COLUMNS, 1), "unit tests": "all", "failed": 0, "files": "now", **changes}


def test_a_finished_row_is_kept_and_the_rows_keep_their_order(matrix):
    matrix.record("b", result(matrix, setting="two"), order=["a", "b"])
    matrix.record("a", result(matrix, setting="one"), order=["a", "b"])
    assert list(json.loads(matrix.RESULTS.read_text(encoding="utf-8"))) == ["a", "b"]
    lines = matrix.TABLE.read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| a", "one"], ["| b", "two"]]
    assert {path.name for path in matrix.TABLE.parent.iterdir()} == {"matrix.json", "matrix.md"}


def test_a_row_is_run_again_when_it_failed_or_files_or_tests_changed(matrix):
    assert not matrix.is_green("a", "now", "all")
    matrix.record("a", result(matrix), order=["a"])
    assert matrix.is_green("a", "now", "all")
    assert not matrix.is_green("a", "later", "all") and not matrix.is_green("a", "now", "none")
    matrix.record("a", result(matrix, failed=1), order=["a"])
    assert not matrix.is_green("a", "now", "all")


def test_the_table_tells_a_row_of_older_files(matrix):
    matrix.record("a", result(matrix, files="before"), order=["a", "b"])
    matrix.record("b", result(matrix), order=["a", "b"])
    text = matrix.TABLE.read_text(encoding="utf-8")
    assert "| a (on older files) |" in text and "| b |" in text


def test_files_have_another_fingerprint_after_any_change(matrix, tmp_path):
    (tmp_path / "makemlp").mkdir()
    file = tmp_path / "makemlp/data.py"
    file.write_text("a = 1", encoding="utf-8")
    seen = {matrix.fingerprint(tmp_path)}
    file.write_text("a = 2", encoding="utf-8")
    seen.add(matrix.fingerprint(tmp_path))
    file.rename(file.with_name("names.py"))
    seen.add(matrix.fingerprint(tmp_path))
    assert len(seen) == 3


def test_an_error_counts_as_a_failure(matrix, tmp_path):
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="10" skipped="2" failures="1" errors="3"/></testsuites>', "utf-8")
    assert matrix.count(report) == {"passed": 4, "skipped": 2, "failed": 4}
