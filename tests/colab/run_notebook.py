"""Run one notebook as a learner's Run All does, in the folder and with the Python that this is started with.

    python run_notebook.py notebook.ipynb report.json

Needs nothing but nbclient. The report holds the seconds that it took, the error that ended it (or null), the cells
whose text is not what is stored, and what the first code cell says when it is run a second time.
"""

import json
import re
import sys
import time
from copy import deepcopy
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# What may differ between two runs, as nbval leaves it out: pairs of lines in its own file.
LEFT_OUT = [
    (re.compile(pattern), replacement)
    for pattern, replacement in re.findall(
        r"^regex: (.*)\nreplace: (.*)$",
        (Path(__file__).parents[1] / "nbval_sanitize.cfg").read_text(encoding="utf-8"),
        re.M,
    )
]
# A sheet of questions says another thing where it can be answered, and a widget has another id in every run.
NOT_COMPARED = {"application/vnd.jupyter.widget-view+json"}


def texts(cell: dict) -> list[list[str]]:
    """What a cell shows, as pairs of kind and text; a stream is one text however it was cut, pictures are alt text."""
    found = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            if found and found[-1][0] == output["name"]:
                found[-1][1] += output["text"]
            else:
                found.append([output["name"], output["text"]])
        for kind, text in sorted(output.get("data", {}).items()):
            if kind not in NOT_COMPARED:
                text = "".join(text)
                for pattern, replacement in LEFT_OUT:
                    text = pattern.sub(replacement, text)
                found.append([kind, text])
    return found


def compared(cell: dict) -> bool:
    """Whether the stored output has to come again: not where pip speaks, which on the author's machine had no need."""
    return "nbval-ignore-output" not in cell["metadata"].get("tags", []) and "%pip" not in cell["source"]


def run(notebook: nbformat.NotebookNode) -> dict:
    """The report on one notebook, whose cells get their new outputs."""
    stored = deepcopy(notebook.cells)
    report = {"error": None, "differences": [], "again": None}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3")
    with client.setup_kernel():
        start = time.monotonic()
        try:
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    client.execute_cell(cell, index)
        except CellExecutionError as error:
            report["error"] = f"cell {index}: {error.ename}: {error.evalue}"
        report["seconds"] = time.monotonic() - start
        first = next(index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        report["first"] = texts(notebook.cells[first])
        again = deepcopy(notebook.cells[first])
        client.execute_cell(again, first)
        report["again"] = texts(again)
    for index, (old, new) in enumerate(zip(stored, notebook.cells, strict=True)):
        if old.cell_type == "code" and index != first and compared(old) and texts(old) != texts(new):
            report["differences"].append({"cell": index, "stored": texts(old), "here": texts(new)})
    return report


if __name__ == "__main__":
    notebook, report = map(Path, sys.argv[1:])
    outcome = run(nbformat.read(notebook, as_version=4))
    report.write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")
