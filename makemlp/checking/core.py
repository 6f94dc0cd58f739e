"""The judge of a check (floor 3): it compares with the specification, and where they differ with the known mistakes.

The learner's answer and the judge need not share a process: `observing` calls the answer and notes what it did, `judge`
decides by these notes alone. In a notebook both run in the kernel; the grader runs `judge` where no learner's code is.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from torch import Tensor

from makemlp.checking.comparing import (
    Difference,
    blur,
    compare,
    difference,
    differing,
    first_difference,
    like,
    show,
    what_came,
    wrong_entries,
)
from makemlp.checking.observing import Seen, Stop, call, observe
from makemlp.checking.specification import Exercise, Mistake, Trial

WORDS = {
    **{Tensor: "a tensor", dict: "a dictionary", list: "a list", tuple: "a list or tuple", str: "a text"},
    **{bool: "True or False", int: "a whole number", float: "a number", type(None): "nothing"},
}
NOTHING = "Your function returns nothing: end it with a return."


@dataclass(frozen=True)
class Verdict:
    """What the judge says: `kind` is "met", "open", the name of a known mistake, or a general kind of failure.

    `at` is the place of the input that the text speaks of.
    """

    kind: str
    text: str
    at: int = 0

    @property
    def met(self) -> bool:
        return self.kind == "met"


class CheckError(Exception):
    """A check that is not met. Jupyter shows its paragraph and no traceback."""

    def __init__(self, verdict: Verdict):
        super().__init__(verdict.text)
        self.verdict = verdict

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class NotYet(CheckError):  # noqa: N818 - a learner reads the name; nothing is in error yet
    """The exercise is still open."""


class Wrong(CheckError):  # noqa: N818 - as above
    """The answer is not right yet."""


def judge(exercise: Exercise, seen: Sequence[Seen], seed: int | None = None) -> Verdict:
    """Decide by what an answer was seen to do on the inputs of this seed."""
    calls = exercise.calls(seed)
    if len(seen) != sum(map(len, calls.values())):
        return _fail(exercise, "incomplete", "The answer stopped before all inputs were tried.")
    for one in seen:
        if _is_open(one.value):
            says = f'{one.value.message} For steps, run hint("{exercise.name}").'
            return Verdict("open", f"… {exercise.title}: still open. {says}")
        if isinstance(one.value, Stop) and one.value.kind == "forbidden":
            return _fail(
                exercise, "forbidden", f"The task asks for it without `{one.value.message}`, which your answer calls."
            )
    if exercise.trial is not None:
        verdict = _scored(exercise, exercise.trial, seen[0].value)
        return (_changed(exercise, seen) if verdict.met else None) or verdict
    rest = iter(seen)
    by_purpose = {purpose: [next(rest) for _ in some] for purpose, some in calls.items()}
    inputs, tried = calls["inputs"], by_purpose["inputs"]
    results, wanted = _measured_all(exercise, tried, inputs, seed), _wanted(exercise, seed)
    if not _all_same(exercise, tried, by_purpose["again"]):
        return _fail(exercise, "not the same twice", _not_the_same(tried, by_purpose["again"]))
    wrong = [i for i in range(len(inputs)) if not _same(results[i], wanted[i], exercise)]
    if wrong:
        return _explain(exercise, inputs, results, wanted, wrong[0], seed)
    return (
        _changed(exercise, tried)
        or _unseeded(exercise, tried, by_purpose)
        or Verdict("met", f"✓ {exercise.title}: right{f' on {len(inputs)} inputs' if exercise.cases else ''}.")
    )


def _all_same(exercise: Exercise, ones: Sequence[Seen], others: Sequence[Seen]) -> bool:
    """Whether the first results came again, in the same order and all."""
    return all(_same(one.value, other.value, exercise) for one, other in zip(ones, others, strict=False))


def _unseeded(exercise: Exercise, tried: list[Seen], by_purpose: dict[str, list[Seen]]) -> Verdict | None:
    """A verdict if the seed does not decide the result, and it alone."""
    if not by_purpose["other seeds"]:
        return None
    values = [tried[0].value, *(other.value for other in by_purpose["other seeds"])]
    alike = [_same(one, other, exercise) for one, other in combinations(values, 2)]
    if all(alike):
        says = "The seed changes nothing: five different seeds gave the same result. Make your random numbers from it."
        return _fail(exercise, "seed ignored", says)
    if any(alike):
        says = "Two different seeds gave the same result: make your random numbers from the whole seed."
        return _fail(exercise, "seed ignored", says)
    asked = [exercise.calls()["inputs"][0], *exercise.calls()["other seeds"]]
    if place := _fixed_part(exercise, values, [call(exercise, exercise.reference, given).value for given in asked]):
        says = f"The entry {place} of the result is the same for five different seeds: draw all of it from the seed."
        return _fail(exercise, "seed ignored", says)
    pairs = zip(tried, by_purpose["elsewhere"], strict=False)
    if not all(_same(one.value, other.value, exercise) for one, other in pairs if not isinstance(other.value, Stop)):
        says = (
            "The seed alone does not decide the result: the order of a set, and `hash` of a text, change each time "
            "that Python is started. Take list(dict.fromkeys(…)) or sorted(…) in place of list(set(…))."
        )
        return _fail(exercise, "order of a set", says)
    return None


def _fixed_part(exercise: Exercise, values: list[Any], wanted: list[Any]) -> str:
    """Where a part of the result is the same for all seeds, though its entries differ, and is not to be; or nothing."""
    if not all(isinstance(value, list | tuple) and len(value) == len(values[0]) for value in values):
        return ""
    for place, parts in enumerate(zip(*values, strict=True)):
        if isinstance(wanted[0], list | tuple) and all(
            _same(wanted[0][place], one[place], exercise) for one in wanted[1:]
        ):
            continue  # this part has nothing of the seed, such as a bias
        entries = parts[0].unique().tolist() if isinstance(parts[0], Tensor) else parts[0]
        varied = isinstance(entries, list | tuple | dict) and len(set(map(repr, entries))) > 1
        if varied and all(_same(parts[0], other, exercise) for other in parts[1:]):
            return f"[{place}]"
    return ""


def _scored(exercise: Exercise, trial: Trial, value: Any) -> Verdict:
    if value is None:
        return _fail(exercise, "nothing", NOTHING)
    if isinstance(value, Stop):
        return _fail(exercise, *_in_general(exercise, (), value, None))
    kind, says = trial.score(value)
    if kind == "met":
        return Verdict("met", f"✓ {exercise.title}: right, {says}")
    known = next((mistake for mistake in exercise.mistakes if mistake.name == kind), None)
    return _fail(exercise, kind, says if known is None else _named(known, says))


def _named(mistake: Mistake, evidence: str) -> str:
    lesson, _, heading = mistake.see.partition(" ")
    return f"{mistake.says} {evidence} Lesson {lesson} teaches it under “{heading}”."


def _is_open(value: Any) -> bool:
    """Whether the answer itself raised NotImplementedError, and not a line of PyTorch's that lacks a dtype."""
    stopped = isinstance(value, Stop) and value.kind == "NotImplementedError"
    return stopped and (not value.line or value.line.startswith("raise "))


def _measured_all(exercise: Exercise, seen: Sequence[Seen], inputs: list[tuple], seed: int | None) -> list[Any]:
    """What is compared of each call."""
    if exercise.measure is None:
        return [one.value for one in seen]
    samples = _specified(exercise, exercise.reference, seed)
    return [_measured(exercise, *three) for three in zip((one.value for one in seen), samples, inputs, strict=True)]


def _measured(exercise: Exercise, value: Any, sample: Any, arguments: tuple) -> Any:
    """What is measured of a result, or why it can't be: the sample shows the form that a result has."""
    if isinstance(value, Stop):
        return value
    value = like(value, sample, exercise.strict)
    if isinstance(value, Difference):
        return value
    try:
        return exercise.measure(value, *copy.deepcopy(arguments))
    except Exception:
        return Stop("unmeasurable", show(value))


@functools.lru_cache(maxsize=2048)
def _specified(exercise: Exercise, function: Callable, seed: int | None) -> tuple:
    """What the reference or a mistake gives on all inputs."""
    return tuple(call(exercise, function, arguments).value for arguments in exercise.calls(seed)["inputs"])


@functools.lru_cache(maxsize=2048)
def _compared(exercise: Exercise, function: Callable, seed: int | None) -> list[Any]:
    """What is compared of that."""
    seen = [Seen(value) for value in _specified(exercise, function, seed)]
    return _measured_all(exercise, seen, exercise.calls(seed)["inputs"], seed)


def _wanted(exercise: Exercise, seed: int | None) -> list[Any]:
    return _compared(exercise, exercise.reference, seed)


def _same(one: Any, other: Any, exercise: Exercise) -> bool:
    if isinstance(one, Difference) and isinstance(other, Difference):
        return one.place == other.place and compare(one.got, other.got, exercise.tolerance, strict=True) is None
    if isinstance(one, Stop | Difference) or isinstance(other, Stop | Difference):
        return type(one) is type(other) and one.kind == other.kind
    return compare(one, other, exercise.tolerance, exercise.strict) is None


def _made(exercise: Exercise, results: list, slips: list, wanted: list) -> bool:
    """Whether the results are those of a mistake. If all it does is to stop, its message must be the same."""
    if not all(_same(blur(one), blur(other), exercise) for one, other in zip(results, slips, strict=True)):
        return False
    told = [i for i, slip in enumerate(slips) if not isinstance(slip, Stop) and not _same(slip, wanted[i], exercise)]
    stops = [(one, other) for one, other in zip(results, slips, strict=True) if isinstance(other, Stop)]
    return bool(told) or all(_words(one) == _words(other) for one, other in stops)


def _words(stop: Stop) -> str:
    """An exception's message without what depends on the input, or on where a call without an end was stopped."""
    return "" if stop.kind == "RecursionError" else re.sub(r"\d+", "", stop.message)


def _mostly_same(result: Any, slip: Any, wanted: Any, exercise: Exercise) -> bool:
    """Whether every entry of a dict is the mistake's or right."""
    if not all(isinstance(one, dict) for one in (result, slip, wanted)) or result.keys() != slip.keys():
        return False
    return all(_same(result[k], slip[k], exercise) or _same(result[k], wanted.get(k), exercise) for k in result)


def _explain(exercise: Exercise, inputs: list, results: list, wanted: list, first: int, seed: int | None) -> Verdict:
    """Name the known mistake that agrees everywhere, or say in general what differs on the first wrong input."""
    slips = [_compared(exercise, mistake.wrong, seed) for mistake in exercise.mistakes]
    evidence = _evidence(exercise, inputs[first], results[first], wanted[first])
    for mistake, slip in zip(exercise.mistakes, slips, strict=True):
        if _made(exercise, results, slip, wanted):
            return _fail(exercise, mistake.name, _named(mistake, evidence), first)
    if exercise.measure is None:  # or it agrees in those entries of a dictionary that are wrong
        for mistake, slip in zip(exercise.mistakes, slips, strict=True):
            if all(
                _mostly_same(blur(one), blur(other), want, exercise)
                for one, other, want in zip(results, slip, wanted, strict=True)
            ):
                return _fail(exercise, mistake.name, _named(mistake, evidence), first)
    return _fail(exercise, *_in_general(exercise, inputs[first], results[first], wanted[first]), first)


def _in_general(exercise: Exercise, arguments: tuple, result: Any, wanted: Any) -> tuple[str, str]:
    """Kind and text for a difference that no known mistake explains."""
    if isinstance(result, Stop):
        if result.kind == "no function":
            return "type", f"A function is wanted here, and {result.message} came."
        if result.kind == "arguments":
            names = ", ".join(exercise.parameters)
            return "arguments", f"The function must take ({names}), in this order."
        if result.kind == "unmeasurable":
            return "type", f"The result has another form than the one asked for: {result.message} came."
        return "raised", _evidence(exercise, arguments, result, wanted)
    found = (
        result if isinstance(result, Difference) else difference(result, wanted, exercise.tolerance, exercise.strict)
    )
    if found.kind == "nothing" and not found.place:
        return "nothing", NOTHING
    if found.kind == "type" or isinstance(result, Difference):
        entry = f"The entry {found.place} of the result" if found.place else "The result"
        wants = WORDS.get(type(found.want), type(found.want).__name__)
        if found.kind == "length":
            return (
                "length",
                f"{entry} should have {len(found.want)} entries. What came is {what_came(found.got)}.",
            )
        return "type", f"{entry} is of another type: {wants} is wanted. What came is {what_came(found.got)}."
    says = {
        "nothing": f"The entry {found.place} of the result is None.",
        "dtype": "The result holds numbers of another kind (dtype).",
        "shape": "The result has another shape.",
        "length": "The result has another length.",
        "keys": "The result has other keys.",
        "value": "The result differs.",
    }[found.kind]
    return found.kind, f"{says} {_evidence(exercise, arguments, result, wanted)}"


def _evidence(exercise: Exercise, arguments: tuple, result: Any, wanted: Any) -> str:
    """What was tried, what came and what was wanted."""
    in_form = not isinstance(result, Stop | Difference)
    if in_form and not arguments:  # by pencil: which entries are wrong is said, what is right is not given away
        return wrong_entries(result, wanted, exercise.tolerance)
    came = _came(exercise, result, wanted)
    if not arguments:
        return f"{came[0].upper()}{came[1:]}."
    if not exercise.measure and not isinstance(result, Difference):  # what is measured says nothing by itself
        came += f", wanted {show(wanted)}{first_difference(result, wanted, exercise.tolerance)}"
    return f"Tried {_tried(exercise, arguments)}: {came}."


def _came(exercise: Exercise, result: Any, wanted: Any) -> str:
    if isinstance(result, Difference):
        return f"{what_came(result.got)} came"
    if isinstance(result, Stop):
        at = f" in the line `{result.line}`" if result.line else ""
        message = f" ({result.message.strip().splitlines()[0][:120]})" if result.message.strip() else ""
        return f"your answer stopped with {result.kind}{at}{message}"
    return differing(result, wanted, exercise.tolerance) if exercise.measure else f"came {show(result)}"


def _tried(exercise: Exercise, arguments: tuple) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in zip(exercise.names, arguments, strict=True))


def _not_the_same(tried: Sequence[Seen], again: Sequence[Seen]) -> str:
    first, second = show(tried[0].value), show(again[0].value)
    two = f", {first} and {second}" if first != second else ""
    return (
        f"Two calls with the same input gave two results{two}: take random numbers only from the seed, and keep "
        f"nothing between calls."
    )


def _changed(exercise: Exercise, seen: Sequence[Seen]) -> Verdict | None:
    """A verdict if the answer changed an argument that it is to leave as it was."""
    for at, one in enumerate(seen):
        if one.changed:
            says = f"The result is right, but your function changes its input {one.changed}. "
            return _fail(exercise, "changes its input", f"{says}Work on a copy, or make a new one.", at)
    return None


def _fail(exercise: Exercise, kind: str, says: str, at: int = 0) -> Verdict:
    return Verdict(kind, f'✗ {exercise.title}: {says} For steps, run hint("{exercise.name}").', at)


def examine(exercise: Exercise, answer: Any, seed: int | None = None) -> Verdict:
    """The verdict on an answer: a function, or for a pencil exercise also the plain result."""
    return judge(exercise, observe(exercise, answer, seed), seed)
