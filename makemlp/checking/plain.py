"""What an answer gave, as plain data (floor 3): nothing in it runs, fails or changes later, whatever it was before.

The judge meets only what comes from here: numbers, texts, None, lists, tuples, dictionaries and tensors. Anything else
becomes a `Foreign`, which says in words what it was.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from numbers import Number, Rational, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

DEEPEST = 20  # levels of lists in lists
LONGEST = 1000  # binary digits of a whole number, which is then still in the range of a float
MOST = 1_000_000  # numbers in one tensor
ENTRIES = 50_000  # in all lists together


class Foreign:
    """A value that is no plain data: it agrees with nothing, and is shown in these words."""

    def __init__(self, words: str):
        self.words = words

    def __repr__(self) -> str:
        return self.words


class Members(list):
    """The members of a set, in an order that says nothing."""


PLAIN = (bool, int, float, str, type(None), list, tuple, dict, Members, Tensor, Foreign)


def plain(value: Any) -> Any:
    """A copy of the value as plain data; what no exercise can want becomes a `Foreign`."""
    try:
        return _Plainer().of(value, ())
    except OverflowError:
        return Foreign(f"{_named(value)} that is too large")


def _named(value: Any) -> str:
    """A value's type in words, without asking the value for anything."""
    name = type.__getattribute__(type(value), "__name__")
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class _Plainer:
    """Makes values plain, and counts how much there was in all."""

    def __init__(self):
        self.count = 0

    def of(self, value: Any, within: tuple[int, ...]) -> Any:
        """The plain value; `within` are the lists that it stands in."""
        try:
            plain = self._of(value, within)
        except (OverflowError, KeyboardInterrupt):
            raise
        except BaseException:  # a class of the learner's whose methods fail, by whatever they raise
            return Foreign(_named(value))
        return plain if type(plain) in PLAIN else Foreign(_named(value))  # it said that it was of another class

    def _of(self, value: Any, within: tuple[int, ...]) -> Any:
        kind = type(value)
        if kind is float or kind is str or (kind is int and value.bit_length() <= LONGEST):
            return value  # what most values are, and what is plain already
        if value is None or isinstance(value, bool | Foreign):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, Tensor):
            return _tensor(value)
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value, within)
        if isinstance(value, Number):
            return _number(value)
        if id(value) in within:
            return Foreign(f"{_named(value)} that holds itself")
        if len(within) >= DEEPEST:
            return Foreign(f"{_named(value)} in too many others")
        return self._parts(value, (*within, id(value)))

    def _parts(self, value: Any, within: tuple[int, ...]) -> Any:
        if isinstance(value, list | tuple | dict) and len(value) > ENTRIES:
            raise OverflowError
        if type(value) is dict:
            return {self._key(key): self.of(part, within) for key, part in self._counted(value.items())}
        if type(value) is list:
            return [self.of(part, within) for part in self._counted(value)]
        if isinstance(value, type) or inspect.isroutine(value):
            return Foreign(f"the {'class' if isinstance(value, type) else 'function'} itself, which was not called")
        if inspect.iscoroutine(value):
            value.close()
            return Foreign("a coroutine, which `async def` makes")
        if isinstance(value, Iterator):  # it may never end
            return Foreign(f"{_named(value)}, of which list(…) makes a list")
        if isinstance(value, Mapping):
            return {self._key(key): self.of(part, within) for key, part in self._counted(value.items())}
        if isinstance(value, tuple):
            return tuple(self.of(part, within) for part in self._counted(value))
        if isinstance(value, AbstractSet) and not hasattr(type(value), "mapping"):
            return Members([self.of(part, within) for part in self._counted(value)])
        if isinstance(value, Iterable) and hasattr(type(value), "__len__") and not isinstance(value, bytes | bytearray):
            return [self.of(part, within) for part in self._counted(value)]
        return Foreign(_named(value))

    def _counted(self, parts: Iterable) -> Iterator:
        for part in parts:
            self.count += 1
            if self.count > ENTRIES:
                raise OverflowError
            yield part

    def _key(self, key: Any) -> Any:
        if type(key) is str:
            return key
        key = self.of(key, ())
        if isinstance(key, Tensor):
            key = key.tolist()
        return key if isinstance(key, str | int | float | bool | None) else repr(key)

    def _array(self, value: np.ndarray | np.generic, within: tuple[int, ...]) -> Any:
        if value.ndim == 0 or value.dtype.kind not in "biuf":
            return self.of(value.tolist(), (*within, id(value)))
        return _tensor(torch.from_numpy(np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("="))))


def _tensor(value: Tensor) -> Tensor | Foreign:
    """A copy without PyTorch's record of how it was made; dense and on the processor."""
    if value.is_meta:
        return Foreign("a tensor on the device 'meta', which holds no numbers")
    if value.is_nested:
        return Foreign("a nested tensor")
    if value.numel() > MOST:
        return Foreign(f"a tensor of shape {tuple(value.shape)}, which is too large")
    value = value.detach()
    if value.is_quantized:
        value = value.dequantize()
    if value.is_complex():
        return Foreign("a tensor of complex numbers")
    if value.layout != torch.strided:
        value = value.to_dense()
    return value.cpu().as_subclass(Tensor).resolve_neg().clone(memory_format=torch.contiguous_format)


def _number(value: Number) -> int | float | Foreign:
    if isinstance(value, Decimal):
        return float(value) if not value.is_finite() or value % 1 else _number(int(value))
    if isinstance(value, Rational):
        if value.denominator != 1:
            return _quotient(value)
        whole = int(value)
        return whole if whole.bit_length() <= LONGEST else Foreign("a whole number of more than 300 digits")
    if isinstance(value, Real):
        return float(value)
    return Foreign(f"the complex number {complex(value)}")


def _quotient(value: Rational) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
