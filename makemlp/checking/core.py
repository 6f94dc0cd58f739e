"""What a check is made of (floor 2): an exercise, its known mistakes, and a judge that compares.

The learner's answer and the judge need not share a process: `observe` calls the answer and notes what it did, `judge`
decides by these notes alone. In a notebook both run in the kernel; the grader runs `judge` where no learner's code is.
"""

from __future__ import annotations

import copy
import inspect
import io
import linecache
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from makemlp.checking.comparing import (
    EXACT_SUMS,
    Tolerance,
    blur,
    compare,
    differing,
    first_difference,
    show,
    wrong_entries,
)
from makemlp.checking.drawing import Draws

WORDS = {Tensor: "tensor", dict: "dictionary", list: "list", tuple: "list or tuple", int: "number", float: "number"}
REPEATS = 3  # inputs that are tried twice, to see whether the result is the same


@dataclass(frozen=True)
class Mistake:
    """A mistake that learners make: a wrong implementation, and what to say to whoever agrees with it.

    Parameters
    ----------
    name : a few words, which tests and grades use.
    wrong : takes what the reference takes, and gives what a learner with this mistake gives.
    says : one sentence that names the mistake.
    see : lesson and heading that teach it, such as "04 The sliding window".
    """

    name: str
    wrong: Callable
    says: str
    see: str


@dataclass(frozen=True)
class Trial:
    """How an answer is tried that is scored, where there is no one right result to compare with.

    Parameters
    ----------
    run : takes the answer and the arguments, where the answer runs, and gives plain data.
    score : takes this data, where the judge is, and gives the verdict's kind, such as a known mistake's name, and a
        sentence about it.
    seconds : processor time that the answer may take, and that the grader allows beyond its own limit.
    row : takes the data of an answer that is met, and gives what goes on the scoreboard.
    """

    run: Callable
    score: Callable[[Any], tuple[str, str]]
    seconds: float
    row: Callable[[Any], dict] | None = None


@dataclass(frozen=True)
class Exercise:
    """One exercise, as a plain specification.

    Parameters
    ----------
    number : lesson and place in it, such as "03.2".
    name : how notebooks call it; also the name of the function that the learner writes.
    reference : the specification. Its parameter names appear in messages.
    cases : makes the inputs from a `Draws`: a list of argument tuples, the smallest first; None for pencil exercises.
    mistakes : the known ones, the most telling first.
    hints : steps, each a little more.
    tolerance : how close is right, and why.
    in_place : which argument the function is to change; its state afterwards is then the result.
    measure : takes the result and the arguments, and gives what is compared where many results are right.
    trial : how it is tried and scored, instead of compared with the reference; on one input, once.
    use : takes an answer and an input and gives the result, where an answer is not just called on the input: one that
        makes a function, takes one, or may not call something. The reference and the mistakes are used alike.
    """

    number: str
    name: str
    reference: Callable
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    cases: Callable[[Draws], list[tuple]] | None = None
    tolerance: Tolerance = EXACT_SUMS
    in_place: int | None = None
    measure: Callable | None = None
    trial: Trial | None = None
    use: Callable | None = None

    @property
    def title(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def names(self) -> list[str]:
        """What the parts of an input are called."""
        return list(inspect.signature(self.use).parameters)[1:] if self.use else self.parameters

    @property
    def parameters(self) -> list[str]:
        """What the answer's parameters are called."""
        return list(inspect.signature(self.reference).parameters)

    def inputs(self, seed: int = 0) -> list[tuple]:
        """The argument tuples of this seed; a pencil exercise has one, which is empty."""
        return [()] if self.cases is None else self.cases(Draws(seed))

    def repeated(self, inputs: list[tuple]) -> list[tuple]:
        """Those that are tried twice: none where trying takes long."""
        return [] if self.trial else inputs[:REPEATS]


@dataclass(frozen=True)
class Stop:
    """An exception that the answer raised: its type, its message, and the answer's own line."""

    kind: str
    message: str
    line: str = ""


@dataclass(frozen=True)
class Seen:
    """What one call did: the result, or where it stopped, and the arguments afterwards."""

    value: Any
    arguments: tuple


@dataclass(frozen=True)
class Verdict:
    """What the judge says: `kind` is "met", "open", the name of a known mistake, or a general kind of failure."""

    kind: str
    text: str

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


def observe(exercise: Exercise, answer: Any, seed: int = 0) -> list[Seen]:
    """Call the answer on every input of this seed, and on the first few once more; a pencil answer may be plain."""
    inputs = exercise.inputs(seed)
    stop = _not_callable(exercise, answer, inputs[0])
    if stop is not None:
        return [Seen(stop, arguments) for arguments in inputs + exercise.repeated(inputs)]
    function = answer if callable(answer) else lambda: answer
    return [_call(exercise, function, arguments) for arguments in inputs + exercise.repeated(inputs)]


def _not_callable(exercise: Exercise, answer: Any, arguments: tuple) -> Stop | None:
    """Why the answer cannot be called on such arguments, if it cannot."""
    if answer is NotImplemented or answer is ...:
        return Stop("NotImplementedError", f"Put your answer in place of the {answer!r}.")
    if not callable(answer):
        return None if exercise.cases is None else Stop("no function", show(answer))
    try:
        inspect.signature(answer).bind(*(exercise.parameters if exercise.use or exercise.trial else arguments))
    except TypeError as error:
        return Stop("arguments", str(error))
    except ValueError:
        pass  # a builtin that keeps its signature to itself
    return None


def _call(exercise: Exercise, answer: Callable, arguments: tuple) -> Seen:
    arguments = copy.deepcopy(arguments)
    try:
        with redirect_stdout(io.StringIO()):
            use = exercise.trial.run if exercise.trial else exercise.use
            value = use(answer, *arguments) if use else answer(*arguments)
    except (Exception, SystemExit) as error:
        value = Stop(type(error).__name__, str(error), _own_line(error, answer))
    else:
        # What a later call changes is not to change what this one gave.
        value = copy.deepcopy(_plain(value if exercise.in_place is None else arguments[exercise.in_place]))
    return Seen(value, arguments)


def _plain(value: Any) -> Any:
    """The value without PyTorch's record of how it was made, which cannot be copied."""
    if hasattr(value, "detach"):
        return value.detach()
    if type(value) in (list, tuple):
        return type(value)(_plain(part) for part in value)
    if type(value) is dict:
        return {key: _plain(part) for key, part in value.items()}
    return value


def _own_line(error: BaseException, answer: Callable) -> str:
    """The last line of the learner's own code on the way to the error."""
    file, line, trace = getattr(getattr(answer, "__code__", None), "co_filename", None), "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = linecache.getline(file, trace.tb_lineno).strip()
        trace = trace.tb_next
    return line


def judge(exercise: Exercise, seen: Sequence[Seen], seed: int = 0) -> Verdict:
    """Decide by what an answer was seen to do on the inputs of this seed."""
    inputs = exercise.inputs(seed)
    if len(seen) != len(inputs) + len(exercise.repeated(inputs)):
        return _fail(exercise, "incomplete", "The answer stopped before all inputs were tried.")
    for one in seen:
        if _is_open(one.value):
            says = f'{one.value.message} For steps, run hint("{exercise.name}").'
            return Verdict("open", f"… {exercise.title}: still open. {says}")
    if exercise.trial is not None:
        return _scored(exercise, exercise.trial, seen[0].value)
    results, wanted = _results(exercise, seen, inputs), _specified(exercise, exercise.reference, inputs)
    wrong = [i for i in range(len(inputs)) if not _same(results[i], wanted[i], exercise.tolerance)]
    repeated = range(len(inputs), len(seen))
    if not all(_same(seen[i].value, seen[i - len(inputs)].value, exercise.tolerance) for i in repeated):
        return _fail(exercise, "not the same twice", _not_the_same(exercise, inputs, seen))
    if wrong:
        return _explain(exercise, inputs, results, wanted, wrong[0])
    return _changed(exercise, inputs, seen) or _met(exercise, len(inputs))


def _scored(exercise: Exercise, trial: Trial, value: Any) -> Verdict:
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


def _results(exercise: Exercise, seen: Sequence[Seen], inputs: list[tuple]) -> list[Any]:
    """What is compared of each call, the repeated ones too."""
    if exercise.measure is None:
        return [one.value for one in seen]
    return [_measured(exercise, one.value, inputs[i % len(inputs)]) for i, one in enumerate(seen)]


def _measured(exercise: Exercise, value: Any, arguments: tuple) -> Any:
    if isinstance(value, Stop):
        return value
    try:
        return exercise.measure(value, *copy.deepcopy(arguments))
    except Exception as error:
        return Stop("unmeasurable", f"{type(error).__name__}: {error}", show(value))


def _specified(exercise: Exercise, function: Callable, inputs: list[tuple]) -> list[Any]:
    return _results(exercise, [_call(exercise, function, arguments) for arguments in inputs], inputs)


def _same(one: Any, other: Any, tolerance: Tolerance) -> bool:
    if isinstance(one, Stop) or isinstance(other, Stop):
        return isinstance(one, Stop) and isinstance(other, Stop) and one.kind == other.kind
    return compare(one, other, tolerance) is None


def _mostly_same(result: Any, slip: Any, wanted: Any, tolerance: Tolerance) -> bool:
    """Whether every entry of a dict is the mistake's or right."""
    if not all(isinstance(one, dict) for one in (result, slip, wanted)) or result.keys() != slip.keys():
        return False
    return all(_same(result[k], slip[k], tolerance) or _same(result[k], wanted.get(k), tolerance) for k in result)


def _explain(exercise: Exercise, inputs: list, results: list, wanted: list, first: int) -> Verdict:
    """Name the known mistake that agrees everywhere, or say in general what differs on the first wrong input."""
    slips = [_specified(exercise, mistake.wrong, inputs) for mistake in exercise.mistakes]
    blurred = [blur(result) for result in results[: len(inputs)]]
    evidence = _evidence(exercise, inputs[first], results[first], wanted[first])
    tolerance = exercise.tolerance
    ways = [lambda result, slip, _: _same(result, slip, tolerance)]
    if exercise.measure is None:
        ways.append(lambda *three: _mostly_same(*three, tolerance))
    for agrees in ways:
        for mistake, slip in zip(exercise.mistakes, slips, strict=True):
            if all(map(agrees, blurred, map(blur, slip), wanted)):
                return _fail(exercise, mistake.name, _named(mistake, evidence))
    return _fail(exercise, *_in_general(exercise, inputs[first], results[first], wanted[first]))


def _in_general(exercise: Exercise, arguments: tuple, result: Any, wanted: Any) -> tuple[str, str]:
    """Kind and text for a difference that no known mistake explains."""
    evidence = _evidence(exercise, arguments, result, wanted)
    if isinstance(result, Stop):
        if result.kind == "no function":
            return "type", f"A function is wanted here, and {result.message} came."
        if result.kind == "arguments":
            names = ", ".join(exercise.parameters)
            return "arguments", f"The function must take ({names}), in this order."
        if result.kind == "unmeasurable":
            return (
                "type",
                f"The result has another form than the one asked for ({result.message}). It is {result.line}.",
            )
        return "raised", evidence
    kind = compare(result, wanted, exercise.tolerance)
    says = {
        "nothing": "Your function returns nothing: end it with a return.",
        "type": f"The result is of another type: a {WORDS.get(type(wanted), type(wanted).__name__)} is wanted.",
        "dtype": "The result holds numbers of another kind (dtype).",
        "shape": "The result has another shape.",
        "length": "The result has another length.",
        "keys": "The result has other keys.",
        "value": "The result differs.",
    }[kind]
    return kind, f"{says} {evidence}"


def _evidence(exercise: Exercise, arguments: tuple, result: Any, wanted: Any) -> str:
    """What was tried, what came and what was wanted."""
    if isinstance(result, Stop):
        at = f" in the line `{result.line}`" if result.line else ""
        message = f" ({result.message.splitlines()[0][:120]})" if result.message.strip() else ""
        came = f"your answer stopped with {result.kind}{at}{message}"
    elif not arguments:  # by pencil: which entries are wrong is said, what is right is not given away
        return wrong_entries(result, wanted, exercise.tolerance)
    elif exercise.measure:
        return f"Tried {_tried(exercise, arguments)}: {differing(result, wanted, exercise.tolerance)}."
    else:
        came = f"came {show(result)}"
    if not arguments:
        return came[0].upper() + came[1:] + "."
    where = first_difference(result, wanted, exercise.tolerance)
    return f"Tried {_tried(exercise, arguments)}: {came}, wanted {show(wanted)}{where}."


def _tried(exercise: Exercise, arguments: tuple) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in zip(exercise.names, arguments, strict=True))


def _not_the_same(exercise: Exercise, inputs: list, seen: Sequence[Seen]) -> str:
    first, second = show(seen[0].value), show(seen[len(inputs)].value)
    two = f", {first} and {second}" if first != second else ""
    return (
        f"Two calls with the same input gave two results{two}: take random numbers only from the seed, and keep "
        f"nothing between calls."
    )


def _changed(exercise: Exercise, inputs: list, seen: Sequence[Seen]) -> Verdict | None:
    """A verdict if the answer changed an argument that is not its to change."""
    names = exercise.names
    for arguments, one in zip(inputs, seen, strict=False):
        for place, (before, after) in enumerate(zip(arguments, one.arguments, strict=True)):
            if place != exercise.in_place and compare(after, before, exercise.tolerance) is not None:
                says = (
                    f"The result is right, but your function changes its input {names[place]}: it was {show(before)} "
                    f"and is {show(after)} afterwards. Work on a copy, or make a new one."
                )
                return _fail(exercise, "changes its input", says)
    return None


def _met(exercise: Exercise, count: int) -> Verdict:
    return Verdict("met", f"✓ {exercise.title}: right{f' on {count} inputs' if exercise.cases else ''}.")


def _fail(exercise: Exercise, kind: str, says: str) -> Verdict:
    return Verdict(kind, f'✗ {exercise.title}: {says} For steps, run hint("{exercise.name}").')


def examine(exercise: Exercise, answer: Any, seed: int = 0) -> Verdict:
    """The verdict on an answer: a function, or for a pencil exercise also the plain result."""
    return judge(exercise, observe(exercise, answer, seed), seed)
