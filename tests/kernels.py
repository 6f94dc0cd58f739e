"""A lesson in a real kernel, its cells run in any order, any number of times."""

import contextlib
import copy
import os
import re
import tempfile

import nbformat
from interrupts import ARRIVED, in_kernel
from lessons import Lesson
from nbclient import NotebookClient

from makemlp import live


class LiveLesson:
    """One lesson and one kernel. Used in a `with`; nothing stands on the scoreboard when it begins."""

    def __init__(self, lesson: Lesson, timeout: int = 600):
        self.stored = nbformat.reads(lesson.path.read_text(encoding="utf-8"), as_version=4)
        self.client = NotebookClient(
            copy.deepcopy(self.stored),
            timeout=timeout,
            allow_errors=True,
            resources={"metadata": {"path": str(lesson.path.parent)}},
        )
        self.code = [cell.number for cell in lesson.code]

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        runs = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.stack.enter_context(self.client.setup_kernel(env={**os.environ, "MAKEMLP_RUNS": runs}))
        return self

    def __exit__(self, *error):
        self.stack.close()

    def run(self, number: int) -> list[tuple]:
        """Run one cell and say what it put out, in the form that `expected` has."""
        return self._execute(self.stored.cells[number].source, number)

    def _execute(self, source, number):
        cell = nbformat.v4.new_code_cell(source)
        self.client.execute_cell(cell, number)
        return told(cell.outputs)

    def interrupt(self, number: int, after: float) -> tuple[list[tuple], bool]:
        """As `run`, with the stop button pressed after so many seconds, if the cell is still at work then; and whether
        the cell was interrupted."""
        return self.interrupt_source(self.stored.cells[number].source, number, after)

    def interrupt_source(self, source: str, number: int, after: float) -> tuple[list[tuple], bool]:
        """As `interrupt`, with this source in the cell's place."""
        self._execute(in_kernel(after), number)
        put_out = self._execute(source, number)
        [(_, arrived)] = self._execute(ARRIVED, number)
        return put_out, bool(int(arrived))

    def expected(self, number: int) -> list[tuple]:
        """What is stored for a cell."""
        return told(self.stored.cells[number].outputs)


def told(outputs) -> list[tuple]:
    """What a reader is told by a cell's outputs: text as one piece, pictures by their alt text, errors by kind."""
    pieces = []
    for output in outputs:
        if output.output_type == "error":
            pieces.append(("error", f"{output.ename}: {output.evalue}"))
        elif output.output_type == "stream" and pieces and pieces[-1][0] == output.name:
            pieces[-1] = (output.name, pieces[-1][1] + output.text)
        elif output.output_type == "stream":
            pieces.append((output.name, output.text))
        else:
            data = {kind: text for kind, text in output.data.items() if not kind.endswith("widget-view+json")}
            html = re.sub(r"base64,[A-Za-z0-9+/=]+", "", live.stored("".join(data.get("text/html", ""))))
            if data:  # sliders of ipywidgets alone tell nothing: they are not stored
                pieces.append(("shown", "".join(data.get("text/plain", "")) + html))
    return pieces


def error(pieces: list[tuple]) -> str:
    """The error among what a cell told, or nothing."""
    return next((text for kind, text in pieces if kind == "error"), "")
