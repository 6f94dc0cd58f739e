"""The browser tests see what goes wrong: a notebook with a fault of each kind, and each is told."""

import json

import pytest

from .lab import Lesson

# What is wrong, the cell that does it, and words by which it is told. An exception ends Run All, so it comes last.
FAULTS = {
    "fine": ("print('all is well')", None),
    "warning": ("import warnings\nwarnings.warn('mind the step')", "mind the step"),
    "stderr": ("import sys\nprint('to stderr', file=sys.stderr)", "to stderr"),
    "console": (
        "from IPython.display import HTML, Javascript\nJavascript('console.error(\"so it says\")')",
        "so it says",
    ),
    "console warning": ("Javascript('console.warn(\"take care\")')", "take care"),
    "uncaught": ("Javascript('setTimeout(() => { throw new Error(\"nobody caught\") })')", "nobody caught"),
    "picture": ('HTML(\'<img alt="nothing" src="data:image/png;base64,AAAA">\')', "a picture that does not load"),
    "network": ('HTML(\'<img alt="far" src="http://203.0.113.1/far.png">\')', "asked the network"),
    "callback": (
        "import ipywidgets\n"
        "button = ipywidgets.Button(description='press')\n"
        "button.on_click(lambda button: 1 / 0)\n"
        "button",
        "ZeroDivisionError",
    ),
    "exception": ("undefined", "undefined"),
}


@pytest.fixture
def faulty(desk):
    """A notebook with all the faults, opened and run."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{place}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for place, (source, _) in enumerate(FAULTS.values())
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    file = desk.server.root / "notebooks" / "faulty.ipynb"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    desk.close()
    lesson = Lesson(desk.browser, desk.server, "faulty")
    lesson.open()
    lesson.run_all()
    yield lesson
    lesson.close()
    desk.server.end_kernels()


def test_every_kind_of_fault_is_told(faulty):
    faulty.page.get_by_role("button", name="press").click()
    faulty.settle()
    told = faulty.errors()
    missed = [what for what, (_, words) in FAULTS.items() if words and not any(words in line for line in told)]
    assert not missed, f"not told: {missed}; told: {told}"
    assert not any("all is well" in line for line in told)
    assert "mind the step" in " ".join(faulty.faults_of_run)
