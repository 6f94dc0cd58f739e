"""What the stages of a project share (floor 3): the learner's own parts, and the course's where one is open.

A stage takes the parts that it builds on as an argument. So it can be tried whether or not they are solved yet, in the
notebook and where a class is graded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

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


def entries(*keys: str) -> Callable[..., dict]:
    """A measure for results that are dictionaries with these keys, and perhaps others."""

    def measure(value: dict, *_: Any) -> dict:
        return {key: value[key] for key in keys}

    return measure
