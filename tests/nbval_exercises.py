"""What `pytest --nbval` does beside nbval in a notebook of exercises, for learners and instructors: a plugin.

nbval fails a cell that raises. A check that isn't run raises nothing: in a cell that begins with `%%html`, or behind a
magic that is misspelt; and with the tag `raises-exception` nothing counts. So the kernel is asked what its checks said.
And nbval would wait for half an hour for a kernel that an answer has ended.
"""

import ast
import re
import time
from queue import Empty

import pytest

PATIENCE = 400  # seconds for one cell; a check ends an answer after 60, or after 260 where it trains
STATES = "__import__('makemlp.checking', fromlist=['_states'])._states"  # by exercise, what its last check said


class NotMetError(Exception):
    """A check cell that ran through, though its exercise isn't met."""


def exercises_of(notebook):
    """The names of a notebook's exercises, whatever its file is called; none where it is no notebook of exercises.

    They are those of the lesson of which it checks most.
    """
    try:
        from makemlp.checking.exercises import LESSONS
    except ImportError:
        return []
    cells = [cell for cell in notebook.nb.cells if cell.cell_type == "code"]
    lessons = [[one.name for one in some] for _, some in LESSONS.values()]
    found = [len({checked_in(cell, names) for cell in cells} - {None}) for names in lessons]
    return lessons[found.index(max(found))] if any(found) else []


def checked_in(cell, names):
    """The exercise that a cell is to check, if it is one."""
    found = re.fullmatch(r"\d\d-(\w+)-check", cell.get("id", "")) or re.search(r"\bcheck\(\s*[\"'](\w+)", cell.source)
    return found[1] if found and found[1] in names else None


def watch(kernel):
    """Let a kernel that is gone, or that answers nothing for too long, be noticed."""
    ask = kernel.get_message

    def get_message(stream, timeout=None):
        until = time.monotonic() + min(timeout or PATIENCE, PATIENCE)
        while True:
            try:
                return ask(stream, timeout=1)
            except Empty:
                if not kernel.is_alive():
                    raise NotMetError("The kernel ended while this cell ran: leave exit and its kin out.") from None
                if time.monotonic() > until:
                    raise

    kernel.get_message = get_message


def states(kernel):
    """What the checks of this kernel said, by exercise."""
    message = kernel.kc.execute("", silent=True, store_history=False, user_expressions={"states": STATES})
    while (reply := kernel.get_message("shell", timeout=60))["parent_header"].get("msg_id") != message:
        pass
    said = reply["content"].get("user_expressions", {}).get("states", {})
    return ast.literal_eval(said["data"]["text/plain"]) if said.get("status") == "ok" else {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    cell, notebook = getattr(item, "cell", None), item.parent
    if cell is None or not hasattr(notebook, "nb"):
        return (yield)
    if not hasattr(notebook, "exercises"):
        notebook.exercises, notebook.looked_at = exercises_of(notebook), set()
        if notebook.exercises:
            watch(notebook.kernel)
    if not notebook.exercises:
        return (yield)
    item.output_timeout = min(item.output_timeout, PATIENCE)
    item.options["check"] = False  # its outputs are the learner's; tags that say so are lost in some editors
    name = checked_in(cell, notebook.exercises)
    notebook.looked_at.add(name)
    result = yield
    last = [one for one in notebook.nb.cells if one.cell_type == "code"][-1]
    asked = [name] if name else []
    if cell is last:
        asked += [one for one in notebook.exercises if one not in notebook.looked_at]
    if asked:
        said = states(notebook.kernel)
        for one in asked:
            if said.get(one) != "met":
                raise NotMetError(
                    f"The exercise {one} is not met: its check was not run here ({said.get(one, 'no check')})."
                )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """One sentence for what isn't met, and no frame of this file."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(NotMetError):
        report.longrepr = str(call.excinfo.value)
    return report
