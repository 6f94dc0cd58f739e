"""What another process would make different (floor 3): the hash values of texts, and with them the order of a set."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Elsewhere(str):
    """A text with another hash value than the plain one has in this process, as in another process; else the same.

    So is what its methods make of it. One character is plain again, because it may be looked up in a dictionary.
    """

    def __hash__(self) -> int:
        return str.__hash__(f"elsewhere {str.__str__(self)}")

    def __radd__(self, other: str) -> str:
        return _elsewhere(other + str.__str__(self))


def _elsewhere(value: Any) -> Any:
    if type(value) is list:
        return [_elsewhere(one) for one in value]
    return Elsewhere(value) if type(value) is str and len(value) > 1 else value


def _carried(name: str) -> Callable:
    method = getattr(str, name)
    return lambda self, *more, **named: _elsewhere(method(self, *more, **named))


for _name in ("__add__", "__getitem__", "__mul__", "lower", "upper", "capitalize", "casefold", "title", "swapcase"):
    setattr(Elsewhere, _name, _carried(_name))
for _name in ("strip", "lstrip", "rstrip", "replace", "removeprefix", "removesuffix", "split", "splitlines"):
    setattr(Elsewhere, _name, _carried(_name))


def elsewhere(argument: Any) -> Any:
    """An argument whose texts, if it is a list, have other hash values."""
    return (
        [Elsewhere(one) if isinstance(one, str) else one for one in argument]
        if isinstance(argument, list)
        else argument
    )


@contextmanager
def other_hashes() -> Iterator[None]:
    """Let `hash` give other numbers for texts, as it does in another process."""
    usual = builtins.hash
    builtins.hash = lambda value: usual(("elsewhere", value)) if _holds_text(value) else usual(value)
    try:
        yield
    finally:
        builtins.hash = usual


def _holds_text(value: Any) -> bool:
    kind = type(value)
    return kind in (str, bytes) or (kind in (tuple, frozenset) and any(map(_holds_text, value)))
