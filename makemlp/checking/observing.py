"""The side of a check that calls the answer (floor 3): what each call gives, and what it does to what it was given.

Nothing is judged here, so this is all of a check that runs in the process of a learner's answer.
"""

from __future__ import annotations

import copy
import dis
import inspect
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import FrameType, FunctionType, MethodType, TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from makemlp.checking.comparing import change, show
from makemlp.checking.elsewhere import other_hashes
from makemlp.checking.plain import plain
from makemlp.checking.specification import Exercise

MOST_HEARD = 100_000  # characters that are kept of what an answer prints in one call
FUNCTIONS = (FunctionType, MethodType)  # of Python; an object may claim to be one


@dataclass(frozen=True)
class Stop:
    """An exception that the answer raised: its type, its message, and the answer's own line."""

    kind: str
    message: str
    line: str = ""


@dataclass(frozen=True)
class Seen:
    """What one call did: the result, or where it stopped; and how it changed an argument, in words, if it did."""

    value: Any
    changed: str = ""


class Heard(io.StringIO):
    """What an answer prints in one call, up to a length that a loop without an end does not fill the memory with."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MOST_HEARD - self.tell())])
        return len(text)

    def close(self) -> None:
        """Stay open, because what was printed by then is still to be shown."""


def observe(
    exercise: Exercise,
    answer: Any,
    seed: int | None = None,
    watched: bool = True,
    heard: list[Heard] | None = None,
) -> list[Seen]:
    """Make all of the exercise's calls to the answer, in their order; a pencil answer may be plain.

    What the answer prints is kept from the page. `heard` gets it, call by call, also of a call that has not ended.
    """
    calls = [(purpose, arguments) for purpose, some in exercise.calls(seed).items() for arguments in some]
    stop = _not_callable(exercise, answer, calls[0][1])
    if stop is not None:
        return [Seen(stop) for _ in calls]
    function = answer if callable(answer) else lambda: answer
    heard, seen = [] if heard is None else heard, []
    for purpose, arguments in calls:
        with other_hashes() if purpose == "elsewhere" else nullcontext():
            seen.append(call(exercise, function, arguments, watched, heard))
    return seen


def _not_callable(exercise: Exercise, answer: Any, arguments: tuple) -> Stop | None:
    """Why the answer cannot be called on such arguments, if it cannot."""
    if answer is NotImplemented or answer is ...:
        return Stop("NotImplementedError", f"Put your answer in place of the {answer!r}.")
    if not callable(answer):
        return None if exercise.cases is None else Stop("no function", show(plain(answer)))
    try:
        inspect.signature(answer).bind(*(exercise.parameters if exercise.use or exercise.trial else arguments))
    except TypeError as error:
        return Stop("arguments", _said(error))
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass  # a builtin that keeps its signature to itself, or a class of the learner's that fails
    return None


def call(
    exercise: Exercise, answer: Callable, arguments: tuple, watched: bool = False, heard: list[Heard] | None = None
) -> Seen:
    """Call the answer once; what a later call changes does not change what this one gave."""
    arguments, prints, changes = copy.deepcopy(arguments), Heard(), []
    if heard is not None:
        heard.append(prints)
    watch = _Watch(exercise.forbidden) if watched and exercise.forbidden else nullcontext()
    lent = _noting(exercise, answer, changes) if watched else answer
    try:
        with _heard_in(prints), watch:
            use = exercise.trial.run if exercise.trial else exercise.use
            value = use(lent, *arguments) if use else lent(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        value = Stop(_kind(error), _said(error), _own_line(error, answer))
    else:
        value = plain(value)
    if getattr(watch, "seen", None):
        value = Stop("forbidden", watch.seen)
    return Seen(value, changes[0] if changes else "")


@contextmanager
def _heard_in(prints: Heard) -> Iterator[None]:
    """Keep what is printed, in either stream, and warnings without the file and line: these may be the check's own."""

    def say(message: Warning | str, category: type[Warning], *_: Any) -> None:
        print(f"{category.__name__}: {message}", file=prints)

    with redirect_stdout(prints), redirect_stderr(prints), warnings.catch_warnings():
        warnings.showwarning = say
        yield


def _short(name: str) -> str:
    """A class's name, which a learner may have made of anything."""
    return " ".join(name.split())[:60]


def _kind(error: BaseException) -> str:
    """The name of its class; of a NotImplementedError that PyTorch made, and no `raise` statement, its base class's."""
    if type(error) is NotImplementedError and error.__traceback__ and not _is_raised(error.__traceback__):
        return "RuntimeError"  # the other name is an exercise's that is still open
    return _short(type(error).__name__)


def _is_raised(trace: TracebackType) -> bool:
    """Whether a `raise` statement made the exception of this traceback."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return "RAISE" in dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]]


def _said(error: BaseException) -> str:
    """An exception's message; one of the learner's own may fail to say it."""
    try:
        return str(error)
    except BaseException:
        return ""


def _own_line(error: BaseException, answer: Callable) -> str:
    """The last line of the learner's own code on the way to the error."""
    file, line, trace = answer.__code__.co_filename if type(answer) in FUNCTIONS else None, "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = linecache.getline(file, trace.tb_lineno).strip()
        trace = trace.tb_next
    return line


# What is changed


def _noting(exercise: Exercise, answer: Callable, changes: list[str]) -> Callable:
    """The answer, which notes here what it has changed of its arguments, but for those that the task has changed."""

    def noting(*given: Any) -> Any:
        before = [_state(one) for one in given]
        value = answer(*given)
        for name, one, (was, marks) in zip(exercise.parameters, given, before, strict=False):
            now, new_marks = _state(one)
            told = "" if name in exercise.in_place else change(was, now) or _remarked(marks, new_marks)
            if told:
                changes.append(f"{name}: {told}")
        return value

    return noting


def _state(value: Any) -> tuple[Any, set[str]]:
    """A value as it is now, or a model's parameters; and how PyTorch has marked the tensors in it."""
    value = list(value.parameters()) if isinstance(value, Module) else value
    return plain(value), _marks(value)


def _marks(value: Any) -> set[str]:
    if isinstance(value, list | tuple):
        return set().union(*map(_marks, value)) if any(isinstance(one, Tensor) for one in value) else set()
    if not isinstance(value, Tensor):
        return set()
    found = {"requires a gradient"} if value.requires_grad else set()
    return found | ({"holds a gradient"} if value.is_leaf and value.grad is not None else set())


def _remarked(before: set[str], after: set[str]) -> str:
    told = [f"it {mark} afterwards" for mark in sorted(after - before)]
    return "; ".join(told + [f"it no longer {mark} afterwards" for mark in sorted(before - after)])


# What is forbidden


class _Watch(TorchFunctionMode):
    """Notes a call of a forbidden function of PyTorch's, by whatever name and on whatever way the answer calls it.

    A pattern such as ``torch.optim.*`` is for optimizers' steps, and ``makemlp.counts.*`` for whatever calls PyTorch in
    that module. Where autograd is forbidden it is also switched off.
    """

    def __init__(self, forbidden: tuple[str, ...]):
        super().__init__()
        self.forbidden, self.seen, self.entered = forbidden, "", ExitStack()
        self.own = any(pattern.startswith("makemlp.") for pattern in forbidden)

    def __enter__(self) -> _Watch:
        if "backward" in self.forbidden:
            self.entered.enter_context(torch.no_grad())
        if any(pattern.startswith("torch.optim.") for pattern in self.forbidden):
            hook = register_optimizer_step_pre_hook(lambda one, *_: self._note(f"torch.optim.{type(one).__name__}"))
            self.entered.callback(hook.remove)
        super().__enter__()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        self.entered.close()
        while trace is not None:  # PyTorch before 2.5 tells nobody of torch.autograd.backward, which raises here
            if trace.tb_frame.f_globals.get("__name__") == "torch.autograd":
                self._note(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self._note(getattr(func, "__name__", ""))
        if self.own:
            self._note(_caller(sys._getframe(1)))
        return func(*args, **(kwargs or {}))

    def _note(self, name: str) -> None:
        if not self.seen and _is_one_of(name, self.forbidden):
            self.seen = name


@lru_cache(maxsize=10_000)  # an answer that trains calls the same few functions a hundred thousand times
def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _caller(frame: FrameType | None) -> str:
    """The function that called PyTorch, with its module."""
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("torch."):
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}" if frame else ""
