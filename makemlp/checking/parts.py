"""What the stages of a project share (floor 3): the learner's own parts, and the course's where one is open.

A stage takes the parts that it builds on as an argument. So it can be tried whether or not they are solved yet, in the
notebook and where a class is graded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

MET: dict[str, Callable] = {}  # in this kernel: the answers whose last check was met


class Parts(SimpleNamespace):
    """Functions by their names, such as ``parts.count_contexts``; a slip in asking for one is told in a sentence."""

    def __getitem__(self, name: object) -> Callable:
        known = next(iter(vars(self))) if name not in vars(self) else name
        raise TypeError(f"parts is no dictionary: write parts.{known}, with a dot")

    def __getattr__(self, name: str) -> Callable:
        raise AttributeError(f"parts has no {name!r}: it has {', '.join(vars(self))}")


def parts(references: Mapping[str, Callable]) -> tuple[Parts, list[str]]:
    """The functions of these names: the learner's own where its check was met in this kernel, else the course's.

    Returns
    -------
    Parts, with one attribute per name, and the names of those that are the learner's own.
    """
    own = [name for name in references if name in MET]
    return Parts(**references | {name: MET[name] for name in own}), own


def whose(references: Mapping[str, Callable], own: list[str]) -> str:
    """A sentence that says which parts were whose."""
    lent = [name for name in references if name not in own]
    if not own:
        return "All parts were the course's."
    return "All parts were your own." if not lent else f"Your own parts: {', '.join(own)}; the course's: {_list(lent)}."


def _list(names: list[str]) -> str:
    return ", ".join(names)


def entries(*keys: str) -> Callable[..., dict]:
    """A measure for results that are dictionaries with these keys, and perhaps others."""

    def measure(value: dict, *_: Any) -> dict:
        return {key: value[key] for key in keys}

    return measure
