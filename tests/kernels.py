"""A lesson in a real kernel, its cells run in any order, any number of times."""

import contextlib
import copy
import inspect
import os
import re
import tempfile

import nbformat
from lessons import Lesson
from nbclient import NotebookClient


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

    def interrupt(self, number: int, after: float) -> list[tuple]:
        """As `run`, with the stop button pressed after so many seconds, if the cell is still at work then."""
        source = f"{inspect.getsource(stop_button)}\nstop_button({after})\ndel stop_button"
        self._execute(source, number)
        return self.run(number)

    def expected(self, number: int) -> list[tuple]:
        """What is stored for a cell."""
        return told(self.stored.cells[number].outputs)


def stop_button(after):
    """Runs in the kernel: stop the next cell after so many seconds, as Jupyter's button does.

    From outside, the signal might come when the cell has just ended, and cost the kernel its answer to the client.
    """
    import _thread
    import signal
    import threading

    from IPython import get_ipython

    def press():
        if hasattr(signal, "pthread_kill"):  # it wakes a cell that waits, too
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:
            _thread.interrupt_main()

    def begin(info):
        events.unregister("pre_run_cell", begin)
        events.register("post_run_cell", end)
        timer.start()

    def end(result):
        timer.cancel()
        events.unregister("post_run_cell", end)

    events, timer = get_ipython().events, threading.Timer(after, press)
    events.register("pre_run_cell", begin)


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
            html = re.sub(r"base64,[A-Za-z0-9+/=]+", "", "".join(data.get("text/html", "")))
            pieces.append(("shown", "".join(data.get("text/plain", "")) + html))
    return pieces


def error(pieces: list[tuple]) -> str:
    """The error among what a cell told, or nothing."""
    return next((text for kind, text in pieces if kind == "error"), "")
