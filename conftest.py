"""Settings for every pytest run in this repository, nbval's included."""

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "tests"))
pytest_plugins = ["nbval_exercises"]

# A progress bar appears on a slow machine only, and nbval would take it for a changed output.
os.environ["TQDM_DISABLE"] = "1"

# What a learner has on the scoreboard is neither read nor written by tests: a folder that goes when pytest does.
_runs = tempfile.TemporaryDirectory(prefix="makemlp-runs-")
os.environ["MAKEMLP_RUNS"] = _runs.name

# Tests are of the bundled names, whatever `use_names` has kept for this user; one may set another list all the same.
os.environ.setdefault("MAKEMLP_NAMES", "")

# What the tests of other machines turn on: see tests/disturbance.py.
if seed := os.environ.get("DISTURB"):
    import disturbance

    _kernels = tempfile.TemporaryDirectory(prefix="makemlp-disturbed-")
    disturbance.begin_in_kernels(int(seed), Path(_kernels.name))
    disturbance.begin(int(seed))

# A kernel on a busy machine takes long to start and to answer. This limit is there for what hangs.
PATIENCE = 900  # seconds


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave out of tests/ what takes long (make check)")
    parser.addoption("--but", metavar="ROW", help="leave out what `python noxfile.py ROW` runs")


def pytest_configure(config):
    # nbval compares a picture by its alt text, which is computed from the data; its pixels are the image tests' work.
    if hasattr(config.option, "nbval_sanitize_with") and config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval_sanitize.cfg")
    if hasattr(config.option, "nbval_kernel_startup_timeout"):
        config.option.nbval_kernel_startup_timeout = PATIENCE


# --- who does what, and when ---

# Tests that share work form a unit. One worker does a whole unit, so that the shared work is done once. A unit is a
# file, or what one of these patterns finds in a test's id: all that the browser does with one lesson; the answers to
# one exercise; the pictures.
UNITS = (
    r"tests/browser/.*\[(?P<lesson>\d\d[a-z]?_[a-z_]+)",
    r"tests/test_checking_answers\.py::\w+\[(?P<answers>[a-z_]+)",
    r"tests/test_(?P<pictures>figure|picture)s\.py",
)

# Units that take long come first, the longest at the head, so that all workers end at about the same time. The browser
# comes before everything else, because a worker closes its JupyterLab when another folder's tests come in between.
FIRST = (
    *("lesson 06", "lesson 10_", "lesson 09", "lesson 07_", "lesson 05", "lesson 07b", "lesson 08", "lesson"),
    "tests/browser",
    "tests/test_study_storages.py",
    "tests/test_checking_notebooks.py",
    "tests/test_widgets.py",
    "pictures",
    "tests/test_disturbance.py",
    "notebooks/06",
    "tests/test_steady.py",
    *("notebooks/10_", "notebooks/09", "notebooks/07", "notebooks/05"),
    "tests/test_grading.py",
    "tests/test_memory.py",
    "notebooks",
    "tests/colab",
    "tests/test_checking_challenge.py",
    "tests/test_trainer.py",
    "tests/test_setup.py",
    *("tests/test_journal.py", "tests/test_live.py", "tests/test_checking_projects.py", "tests/test_deep.py"),
    *("tests/test_facts.py", "tests/test_wordmodel.py", "tests/test_word_runs.py", "tests/test_package.py"),
    *("tests/test_checking_kinds.py", "tests/test_transcriptions.py", "tests/test_lists.py", "tests/test_tuning.py"),
    *("tests/test_command.py", "answers own_", "exercises"),
    "answers",  # many and small: they fill what is left
)


LAST = len(FIRST)

FOUND = pytest.StashKey[list[str]]()  # all tests, also those that this run leaves to another

# What takes long and seldom breaks: CI runs it, and whoever sets CI=true. The README names it.
CI_ALONE = (
    r"tests/browser/test_(book|exercises|quizzes|trainer_live)\.py",
    r"tests/browser/test_(live_)?lessons\.py::(?!.*\[01_)",  # one lesson stands for the others
    r"tests/browser/test_live\.py::(?!test_it_is_alive|test_sliders)",
    r"tests/test_(steady|memory|lessons_on_lists|journal|checking_projects|checking_kinds|setup|transcriptions)\.py",
    r"tests/colab/test_",
    r"tests/test_study_storages\.py::.*(\[(journal|postgresql)\]$|_server_)",
    r"tests/test_checking_notebooks\.py::test_(an_exercise_left_open|under_nbval_only|no_way_around)",
    r"tests/test_checking_answers\.py::\w+\[(own_\w+|fit|challenge)\]",  # which train, or count all names
    r"tests/test_grading\.py::test_every_hostile",
    r"tests/test_figures\.py::test_any_vocabulary",
    r"(notebooks|exercises/solutions)/(06|09|10)_",  # the longest, unless they are named, as those that changed are
)


def in_ci():
    """Whether what takes long is run, too."""
    return os.environ.get("CI", "") not in ("", "false")


def unit_of(nodeid):
    """The unit that a test belongs to."""
    for pattern in UNITS:
        if found := re.match(pattern, nodeid):
            ((kind, which),) = found.groupdict().items()
            return kind if kind == "pictures" else f"{kind} {which}"
    return nodeid.partition("::")[0]


def place_of(unit):
    """Where a unit stands in the order of `FIRST`."""
    return next((place for place, start in enumerate(FIRST) if unit.startswith(start)), LAST)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    config.stash[FOUND] = [item.nodeid for item in items]
    if config.getoption("--quick"):
        items[:] = [item for item in items if item.path.suffix == ".ipynb" or place_of(unit_of(item.nodeid)) == LAST]
    if row := config.getoption("--but"):
        import noxfile

        elsewhere = noxfile.paths(noxfile.ROWS[row])
        items[:] = [item for item in items if not item.nodeid.startswith(elsewhere)]
    if in_ci() and any(item.nodeid.startswith("tests/browser/test_lessons.py") for item in items):
        # There the browser runs each lesson and compares what it prints.
        items[:] = [item for item in items if not item.nodeid.startswith("notebooks/")]
    units = {unit: place for place, unit in enumerate(dict.fromkeys(unit_of(item.nodeid) for item in items))}
    items.sort(key=lambda item: (place_of(unit := unit_of(item.nodeid)), units[unit]))
    whole = config.args == config.getini("testpaths")
    for item in items:
        if hasattr(item, "output_timeout"):  # nbval's, which waits five seconds for a cell's output
            item.output_timeout = PATIENCE
        named = item.path.suffix == ".ipynb" and not whole
        if not (in_ci() or named) and any(re.match(pattern, item.nodeid) for pattern in CI_ALONE):
            item.add_marker(pytest.mark.skip(reason="takes long and seldom breaks: CI=true runs it"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Two more than there are processors, because a test that asks a page or another process waits for the answer.

    Quick tests do that seldom, and each worker must first find all tests.
    """
    return (os.cpu_count() or 1) + (0 if config.getoption("--quick") else 2)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Units are handed out one at a time, in the order above."""
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return unit_of(nodeid)

    config.option.loadscopereorder = False  # by number of tests, which says little
    return Units(config, log)
