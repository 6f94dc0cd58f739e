"""What the stages of a project share (floor 2): the learner's own parts, the course's where one is open, and a guard.

A stage takes the parts that it builds on as an argument. So it can be tried whether or not they are solved yet, in the
notebook and where a class is graded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

MET: dict[str, Callable] = {}  # in this kernel: the answers whose last check was met


def parts(references: Mapping[str, Callable]) -> tuple[SimpleNamespace, list[str]]:
    """The functions of these names: the learner's own where its check was met in this kernel, else the course's.

    Returns
    -------
    SimpleNamespace, with one attribute per name, and the names of those that are the learner's own.
    """
    own = [name for name in references if name in MET]
    return SimpleNamespace(**references | {name: MET[name] for name in own}), own


def whose(references: Mapping[str, Callable], own: list[str]) -> str:
    """A sentence that says which parts were whose."""
    lent = [name for name in references if name not in own]
    if not own:
        return "All parts were the course's."
    return "All parts were your own." if not lent else f"Your own parts: {', '.join(own)}; the course's: {_list(lent)}."


def _list(names: list[str]) -> str:
    return ", ".join(names)


class Forbidden(RuntimeError):  # noqa: N818 - a learner reads the name
    """What a task forbids was called."""


@contextmanager
def forbidden(why: str, *places: tuple[Any, str]) -> Iterator[None]:
    """Inside, each of these functions (where it is found, its name) raises a `Forbidden` with the reason.

    Watching the call and not the text sees every way to write it, and takes nothing that only looks like it.
    """

    def refuse(*_: Any, **__: Any) -> None:
        raise Forbidden(why)

    with ExitStack() as stack:
        for place, name in places:
            stack.enter_context(patch.object(place, name, refuse))
        yield


# The one door that backward, autograd.grad and torch.func.grad all go through. To replace these themselves would break
# torch.optim, if that is first used meanwhile: what it then imports looks at them.
AUTOGRAD = ((torch.autograd, "_engine_run_backward"),)


def entries(*keys: str) -> Callable[..., dict]:
    """A measure for results that are dictionaries with these keys: it says what is wrong with any other."""

    def measure(value: Any, *_: Any) -> dict | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise TypeError(f"a dictionary is wanted, and a {type(value).__name__} came")
        if missing := [key for key in keys if key not in value]:
            raise KeyError(f"it has no {' and no '.join(map(repr, missing))}")
        return {key: value[key] for key in keys}

    return measure
