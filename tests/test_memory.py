"""A kernel in which all explorers are used doesn't grow: eighty moves here, five minutes in `make steady`."""

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

SECONDS = 30 if os.environ.get("STEADY") else 0  # between two of ten weighings

CELL = f"""
import json
import sys

sys.path.insert(0, {str(Path(__file__).parent)!r})
from explorers import work

print(json.dumps(work({SECONDS}, moves=8)))
"""


def test_a_kernel_that_runs_all_explorers_does_not_grow():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=10 * SECONDS + 3600, startup_timeout=900).execute()  # for what hangs
    (printed,) = (output.text for output in notebook.cells[0].outputs if output.get("name") == "stdout")
    found = json.loads(printed)
    print(*found, sep="\n")
    warm, last = found[len(found) // 3], found[-1]
    assert last["widgets"] == warm["widgets"]
    assert last["threads"] <= warm["threads"] + 3  # of lessons 05 and 06, when they train, and one that is just ending
    # The trainer keeps one picture and moves what is in it; any other is gone when its page has it.
    assert max(row["pictures"] for row in found) <= 2
    assert last["megabytes"] < warm["megabytes"] + 100
