"""Checks for the exercises (floor 3): `check` an answer, ask for a `hint`, see your `progress`.

    from makemlp.checking import check, hint, progress, results

Each exercise is a plain specification, in the module of its lesson in ``makemlp.checking.exercises``. ``observing``
calls an answer, and ``core`` compares what came with the specification and the known mistakes.
``python -m makemlp.checking grade FOLDER`` grades a class.
"""

from __future__ import annotations

import textwrap
from typing import Any

from IPython import get_ipython

from makemlp.checking.core import CheckError, NotYet, Verdict, Wrong, judge
from makemlp.checking.exercises import LESSONS, find
from makemlp.checking.limit import TimeUp, time_limit
from makemlp.checking.observing import Heard, observe
from makemlp.checking.parts import MET
from makemlp.checking.specification import Exercise
from makemlp.data.setting import list_tag

__all__ = ["CheckError", "NotYet", "Wrong", "check", "find", "hint", "progress", "results"]

MOST_LINES, LONGEST_LINE = 20, 200  # that are shown of what an answer prints, and characters of each
SECONDS = 60.0  # that an answer has for all of its inputs, which take it less than one; more where it trains

_states: dict[str, str] = {}  # in this kernel: what the last check of each exercise said
_rows: dict[str, dict] = {}  # in this kernel: what a project's last check, if it was met, has for the scoreboard
_hints: dict[str, int] = {}  # in this kernel: how many hints of each exercise were given


def check(name: str, answer: Any) -> None:
    """Try an answer on many inputs. Prints one line if it is right.

    What the answer itself prints is shown of one input: the one that the message is about, or the first.

    Raises
    ------
    NotYet
        if the answer is still open.
    Wrong
        if it is wrong somewhere; one paragraph says what was tried, what came and what was wanted, and names the
        mistake if it is a known one. Also if it takes longer than a minute, or is stopped.
    """
    exercise = find(name)
    _states.pop(name, None)
    heard: list[Heard] = []
    verdict, value = _verdict(exercise, answer, heard)
    _states[name] = verdict.kind
    _keep(exercise, answer, value, verdict)
    _show_printed(heard, verdict.at)
    if verdict.met:
        print(verdict.text.replace("✓", _green("✓"), 1))
        return
    text = textwrap.fill(verdict.text, 100, break_long_words=False, break_on_hyphens=False)
    raise (NotYet if verdict.kind == "open" else Wrong)(Verdict(verdict.kind, text))


def _show_printed(heard: list[Heard], at: int) -> None:
    """Show what the answer printed on this input, set in, so that no print looks like a verdict.

    A check calls it on many, and all together would fill the page.
    """
    texts = [_as_seen(one.getvalue()) for one in heard]
    if not any(texts):
        return
    which = at if at < len(texts) and texts[at] else next(i for i, text in enumerate(texts) if text)
    lines = texts[which].splitlines()
    print(f"Your answer printed this in call {which + 1} of {len(heard)}:")
    print("\n".join(f"    {line[:LONGEST_LINE]}" for line in lines[:MOST_LINES]))
    if len(lines) > MOST_LINES:
        print(f"    … and {len(lines) - MOST_LINES:,} lines more")


def _as_seen(text: str) -> str:
    """A text as a screen shows it in the end: a line that is begun anew, as a progress bar does, hides what it held."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines).strip("\n")


def _verdict(exercise: Exercise, answer: Any, heard: list[Heard]) -> tuple[Verdict, Any]:
    """The verdict and the first result, whatever the answer does: no frame of the check's own reaches a learner."""
    seconds = SECONDS + (10 * exercise.trial.seconds if exercise.trial else 0)

    def failed(kind: str, says: str) -> tuple[Verdict, Any]:
        return Verdict(kind, f"✗ {exercise.title}: {says}", max(0, len(heard) - 1)), None

    try:
        with time_limit(seconds):
            seen = observe(exercise, answer, heard=heard)
    except TimeUp:
        return failed("time", f"Your answer takes longer than {seconds:g} seconds: look for a loop that never ends.")
    except KeyboardInterrupt:
        return failed("stopped", "You stopped the check. If it took long, look for a loop that never ends.")
    try:
        return judge(exercise, seen), seen[0].value
    except Exception as error:
        return failed(
            "unreadable", f"What your answer gives can't be read ({type(error).__name__}): return plain numbers."
        )


def _keep(exercise: Exercise, answer: Any, value: Any, verdict: Verdict) -> None:
    """Keep what later cells use of a met answer: itself, for a project's next stages, and its loss."""
    for kept in (MET, _rows):
        kept.pop(exercise.name, None)
    if verdict.met and callable(answer):
        MET[exercise.name] = answer
    if verdict.met and exercise.trial and exercise.trial.row:
        _rows[exercise.name] = {"project": exercise.title, **exercise.trial.row(value)}


def results(name: str) -> list[dict]:
    """What the last check of a project has for the `Scoreboard`: one row, or none while the check is not met.

    Checks always train on the bundled names. So there is no row for the board of another list.
    """
    exercise = find(name)
    if list_tag():
        print(f"… {exercise.title}: it was checked on the bundled names, so it isn't on this list's scoreboard.")
        return []
    if name not in _rows:
        print(f"… {exercise.title}: nothing for the scoreboard yet, because its check is not met.")
    return [_rows[name]] if name in _rows else []


def _green(sign: str) -> str:
    """A sign as a notebook's page shows it in green; in a terminal it stays as it is."""
    return f"\x1b[1;32m{sign}\x1b[0m" if hasattr(get_ipython(), "kernel") else sign


def hint(name: str) -> None:
    """Print the next step towards the answer; after the last one they begin again."""
    steps = find(name).hints
    given = _hints.get(name, 0)
    _hints[name] = given + 1
    print(textwrap.fill(f"Hint {given % len(steps) + 1} of {len(steps)}: {steps[given % len(steps)]}", 100))


def progress(lesson: str) -> None:
    """Print which exercises of a lesson such as "03" are met, as far as their checks were run in this kernel."""
    if lesson not in LESSONS:
        raise ValueError(f"There are no exercises for lesson {lesson!r}: pass one of {', '.join(LESSONS)}.")
    title, some = LESSONS[lesson]
    signs = {"met": "✓", "open": "…", None: " "}
    words = {"met": "met", "open": "open", None: "not checked yet"}
    states = {one: _states.get(one.name) for one in some}
    print(f"{lesson} {title}: {sum(state == 'met' for state in states.values())} of {len(some)} met")
    for one, state in states.items():
        print(f"{signs.get(state, '✗')} {one.title}: {words.get(state, f'not right yet ({state})')}")
