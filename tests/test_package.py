"""The house as a whole: its floors, its table of contents, and what it says of the machine."""

import ast
import functools
import graphlib
import inspect
import os
import re
import subprocess
import sys
from importlib import metadata, util
from pathlib import Path
from types import ModuleType

import pytest

import makemlp

FOLDER = Path(makemlp.__file__).parent
CORE = ("torch", "numpy", "matplotlib", "ipywidgets", "tqdm")

# Floors


def files():
    """Every module's file by its name within makemlp; a folder's is its __init__.py."""
    for file in FOLDER.rglob("*.py"):
        parts = file.relative_to(FOLDER).with_suffix("").parts
        yield ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts), file


SOURCES = {module: file.read_text(encoding="utf-8") for module, file in files()}


def imports(source):
    """The modules of makemlp that a source text imports, wherever in it; importing makemlp itself is "__init__"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in (alias.name for alias in node.names):
                if name.split(".")[0] == "makemlp":
                    yield name.partition(".")[2] or "__init__"
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write the module's whole name: from makemlp.data import …"
            package, _, module = node.module.partition(".")
            if package == "makemlp":
                names = [".".join(filter(None, [module, alias.name])) for alias in node.names]
                yield from [name if name in SOURCES else module or "__init__" for name in names]


def unit(module):
    """What stands on a floor as one: a module by itself, or the whole of a folder."""
    return module.partition(".")[0]


@functools.cache
def floors():
    """The floor of every unit: one above the highest that it imports from. A circle of imports has none."""
    below = {unit(module): set() for module in SOURCES}
    for module, source in SOURCES.items():
        below[unit(module)] |= {unit(other) for other in imports(source)} - {unit(module)}
    found = {}
    for one in graphlib.TopologicalSorter(below).static_order():
        found[one] = 1 + max((found[other] for other in below[one]), default=0)
    return found


@pytest.mark.parametrize("module", sorted(SOURCES.keys() - {"__init__"}))
def test_a_module_names_the_floor_that_its_imports_show(module):
    docstring = ast.get_docstring(ast.parse(SOURCES[module]))
    assert re.findall(r"\(floor ([\d.]+)\)", docstring) == [str(floors()[unit(module)])]


def test_no_import_leads_back_to_its_module():
    """Within a folder too, where modules share a floor; the package itself is the door and is imported by none."""
    below = {module: set(imports(source)) - {module} for module, source in SOURCES.items()}
    assert set(graphlib.TopologicalSorter(below).static_order()) == set(SOURCES)  # a circle raises CycleError
    assert all("__init__" not in imported for imported in below.values())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch, makemlp.data as d", ["data"]),
        ("import makemlp", ["__init__"]),
        ("from makemlp import figures, nll", ["figures", "__init__"]),
        ("from makemlp.checking import core, find", ["checking.core", "checking"]),
        ("def f():\n    from makemlp.counts import smooth", ["counts"]),
        ("from torch import nn", []),
    ],
)
def test_imports_are_found_however_they_are_written(source, expected):
    assert list(imports(source)) == expected


# Table of contents


def test_all_is_every_public_name_and_in_order():
    modules_kept_back = SOURCES.keys() - {"figures"} | {"os", "torch"}
    public = {name for name in vars(makemlp) if not name.startswith("_")} - modules_kept_back - {"find_spec"}
    assert set(makemlp.__all__) == public
    # Ruff's order: constants (MLP looks like one), classes, functions.
    in_order = sorted(makemlp.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert makemlp.__all__ == in_order


@pytest.mark.parametrize("name", makemlp.__all__)
def test_a_public_name_is_documented(name):
    thing = getattr(makemlp, name)
    assert (thing.__doc__ or "").strip()
    if not isinstance(thing, ModuleType):
        assert re.search(r"^\s*Source: \S", thing.__doc__, re.MULTILINE)
        assert thing.__module__.startswith("makemlp.")
    assert re.search(rf"\b{name}\b", makemlp.__doc__), "help(makemlp) is the table of contents"


def test_the_table_of_contents_names_nothing_that_is_not_there():
    listed = re.findall(r"^(?:\S.*?)? {4,}(\S.*)$", makemlp.__doc__, re.MULTILINE)
    names = re.findall(r"\b[A-Za-z]+_[a-z_]+\b|\b[A-Z]\w+\b", " ".join(listed))
    assert len(names) > 10 and set(names) <= set(makemlp.__all__)


def test_explorers_and_pictures_are_public():
    explorers = {name for name in vars(makemlp.widgets) if name.startswith("explore_")}
    assert explorers and explorers <= set(makemlp.__all__)
    for name, thing in vars(makemlp.figures).items():
        if inspect.isfunction(thing) and thing.__module__.startswith("makemlp.figures") and not name.startswith("_"):
            assert thing.__doc__, f"makemlp.figures.{name} has no docstring"


def test_the_version_is_the_installed_one():
    assert makemlp.__version__ == metadata.version("makemlp")


# What importing does


@pytest.mark.parametrize(("asked", "threads"), [(None, 1), ("2", 2)])
def test_one_thread_unless_asked_otherwise(asked, threads):
    environment = {name: value for name, value in os.environ.items() if name != "MAKEMLP_THREADS"}
    if asked:
        environment["MAKEMLP_THREADS"] = asked
    code = "import torch; torch.set_num_threads(3); import makemlp; print(torch.get_num_threads())"
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=FOLDER.parent, capture_output=True, text=True
    )
    assert run.stdout.strip() == str(threads), run.stderr


@pytest.mark.parametrize("package", CORE)
def test_a_missing_package_is_named_with_its_mend(package, monkeypatch):
    find_spec = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == package else find_spec(name, *rest))
    spec = util.spec_from_file_location("makemlp_imported_again", makemlp.__file__)
    with pytest.raises(ImportError) as caught:
        spec.loader.exec_module(util.module_from_spec(spec))
    message = str(caught.value)
    assert f"makemlp needs {package}, " in message and f"%pip install {package}" in message and "\n" not in message


# The set-up check


def report(capsys):
    """What check_setup returns, and the lines it prints."""
    ready = makemlp.check_setup()
    return ready, capsys.readouterr().out.splitlines()


@pytest.fixture
def versions(monkeypatch):
    """Pretend that packages have these versions, or are not there (None)."""
    pretended, version = {}, metadata.version

    def pretend(package):
        if package not in pretended:
            return version(package)
        if pretended[package] is None:
            raise metadata.PackageNotFoundError(package)
        return pretended[package]

    monkeypatch.setattr(metadata, "version", pretend)
    return pretended


def test_this_machine_is_ready(capsys):
    ready, lines = report(capsys)
    assert ready and lines[-1] == "Ready."
    checked = [re.fullmatch(r"\[OK\]   (\w+) [\d.]+ or newer", line)[1] for line in lines[:-1]]
    assert checked[0] == "Python" and sorted(checked[1:]) == sorted(CORE)


@pytest.mark.parametrize("package", CORE)
@pytest.mark.parametrize(("here", "said"), [("0.9", "0.9"), (None, "none")])
def test_an_old_or_missing_package_is_reported_with_its_mend(package, here, said, versions, capsys):
    versions[package] = here
    ready, lines = report(capsys)
    assert not ready and lines[-1].startswith("Fix what failed")
    [failed] = [line for line in lines if line.startswith("[FAIL]")]
    assert re.fullmatch(
        rf"\[FAIL\] {package} (\S+) or newer: here is {re.escape(said)}\. To fix it, "
        rf"run %pip install --upgrade '{package}>=\1' in a cell, then restart the kernel\.",
        failed,
    )


def test_an_old_python_is_reported_with_its_mend(monkeypatch, capsys):
    monkeypatch.setattr("platform.python_version", lambda: "3.9.18")
    ready, lines = report(capsys)
    assert not ready
    assert re.fullmatch(
        r"\[FAIL\] Python 3\.\d+ or newer: here is 3\.9\.18\. To fix it, make .* newer Python\.", lines[0]
    )


def test_a_package_that_was_copied_is_reported_with_its_mend(monkeypatch, capsys):
    def nowhere(package):
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "metadata", nowhere)
    ready, lines = report(capsys)
    assert not ready
    assert len(lines) == 1 and lines[0].startswith("[FAIL] makemlp") and "run %pip install -e" in lines[0]


@pytest.mark.parametrize(
    ("version", "newer"),
    [("{major}.{minor}", True), ("{major}.{minor}.0+cpu", True), ("{major}.100", True), ("{next}.0a0+git1", True)],
)
def test_versions_are_compared_as_numbers(version, newer, versions, capsys):
    bound = next(r for r in metadata.requires("makemlp") if r.startswith("torch")).split(">=")[1]
    major, minor = map(int, bound.split("."))
    versions["torch"] = version.format(major=major, minor=minor, next=major + 1)
    assert report(capsys)[0] == newer


def test_the_size_of_the_bundled_vocabulary_is_a_constant_nowhere():
    constants = [
        f"{path.name}:{node.lineno}"
        for path in sorted(FOLDER.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == 27
    ]
    assert constants == []


def test_every_legend_has_its_place_said():
    """Where none is said, matplotlib looks for the best as well, but warns if that takes a second."""
    unsaid = [
        f"{path.name}:{node.lineno}"
        for path in sorted((FOLDER / "figures").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "legend"
        if not any(keyword.arg == "loc" for keyword in node.keywords)
    ]
    assert unsaid == []
