"""Whether two results agree, and how to show one in few words (floor 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from makemlp.checking.plain import Members

LONGEST = 150  # characters of a shown value
SMALL = 12  # numbers that a shown tensor may have
MOST = 2  # entries of a dictionary that are shown


@dataclass(frozen=True)
class Tolerance:
    """How far a right number may lie from the reference's, relative and absolute, and why."""

    relative: float
    absolute: float
    why: str


EXACT_SUMS = Tolerance(
    1e-4, 1e-6, "float32 has seven digits, and sums of some hundred terms in another order lose at most three"
)
NO_TOLERANCE = Tolerance(0, 0, "nothing is computed between the two")
THREE_DECIMALS = Tolerance(0, 1.01e-3, "three decimals are asked for, cut (which loses up to 0.001) or rounded")


@dataclass(frozen=True)
class Difference:
    """In what two results differ first, and where.

    Parameters
    ----------
    kind : nothing, type, dtype, shape, length, keys or value.
    place : which entry it is, such as "['sum']"; empty for the whole.
    got, want : that entry of both.
    """

    kind: str
    place: str
    got: Any
    want: Any


def compare(got: Any, want: Any, tolerance: Tolerance, strict: bool = False) -> str | None:
    """None where two results agree, else in what they differ: the kind of `difference`."""
    found = difference(got, want, tolerance, strict)
    return found.kind if found else None


def difference(got: Any, want: Any, tolerance: Tolerance, strict: bool = False, place: str = "") -> Difference | None:
    """None where two results agree, else the first difference.

    Numbers agree in any form: of Python, NumPy or PyTorch, and in lists, tuples, arrays or tensors. Where `strict`, a
    tensor is wanted where the other has one, and one of int64 where the other has that: no other kind can say which
    answer came, in PyTorch's loss.
    """
    if got is None and want is not None:
        return Difference("nothing", place, got, want)
    if isinstance(want, Tensor):
        kind = _tensors_differ(got, want, tolerance, strict)
    elif isinstance(want, str | None):
        kind = "type" if type(got) is not type(want) else None if got == want else "value"
    elif isinstance(want, bool):
        kind = _truths_differ(got, want)
    elif isinstance(want, int | float):
        kind = _numbers_differ(got, want, tolerance)
    elif isinstance(want, dict):
        if not isinstance(got, dict):
            return Difference("type", place, got, want)
        if got.keys() != want.keys():
            return Difference("keys", place, got, want)
        return _first([(f"[{key!r}]", got[key], want[key]) for key in want], tolerance, strict, place)
    elif isinstance(want, Members):  # of an answer that is called twice
        same = isinstance(got, Members) and sorted(map(repr, got)) == sorted(map(repr, want))
        kind = None if same else "type"
    elif isinstance(want, list | tuple):
        if isinstance(got, Tensor) and got.dim():
            got = list(got) if isinstance(want[0] if want else None, Tensor) else got.tolist()
        if not isinstance(got, list | tuple) or isinstance(got, Members):
            return Difference("type", place, got, want)
        if len(got) != len(want):
            return Difference("length", place, got, want)
        return _first(
            [(f"[{i}]", *pair) for i, pair in enumerate(zip(got, want, strict=True))], tolerance, strict, place
        )
    else:  # no exercise wants such a thing, but an answer may give it twice
        kind = None if type(got) is type(want) and repr(got) == repr(want) else "type"
    return Difference(kind, place, got, want) if kind else None


def _first(entries: list, tolerance: Tolerance, strict: bool, place: str) -> Difference | None:
    found = (difference(got, want, tolerance, strict, place + where) for where, got, want in entries)
    return next((one for one in found if one), None)


def _tensors_differ(got: Any, want: Tensor, tolerance: Tolerance, strict: bool) -> str | None:
    if not isinstance(got, Tensor):
        got = None if strict else as_tensor(got, want.dim())
    if got is None:
        return "type"
    if got.shape != want.shape:
        return "shape"
    other_kind = _family(got) != _family(want) or (strict and want.dtype == torch.int64 != got.dtype)
    if other_kind and (strict or not _close(got.double(), want.double(), tolerance, got.dtype).all()):
        return "dtype"
    return None if other_kind or _close(got, want, tolerance, got.dtype).all() else "value"


def as_tensor(value: Any, dims: int | None = None) -> Tensor | None:
    """Numbers, or lists of them, as a tensor; None if they are no table, or not of so many dimensions."""
    if isinstance(value, Tensor):
        return value
    try:
        if isinstance(value, list | tuple) and any(isinstance(part, Tensor) for part in value):
            value = torch.stack([as_tensor(part) for part in value])
        else:
            value = torch.tensor(value, dtype=torch.float64 if _has_fraction(value) else None)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return value if dims is None or value.dim() == dims else None


def _has_fraction(value: Any) -> bool:
    return any(map(_has_fraction, value)) if isinstance(value, list | tuple) else isinstance(value, float)


def _family(tensor: Tensor) -> str:
    return "float" if tensor.is_floating_point() else "bool" if tensor.dtype == torch.bool else "whole"


def _alone(got: Any) -> Any:
    """The number of a tensor that holds one; None for a tensor that holds more."""
    return got if not isinstance(got, Tensor) else got.item() if got.shape in ((), (1,)) else None


def _truths_differ(got: Any, want: bool) -> str | None:
    got = _alone(got)
    return "type" if not isinstance(got, bool) else None if got == want else "value"


def _numbers_differ(got: Any, want: float, tolerance: Tolerance) -> str | None:
    if isinstance(got, Tensor) and got.shape not in ((), (1,)):
        return "shape"
    rough = _rough(got.dtype) if isinstance(got, Tensor) else 0.0
    number = _alone(got)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return "type"
    if isinstance(want, int):
        return None if number == want else "value"  # a count has no tolerance
    near = math.isclose(number, want, rel_tol=max(tolerance.relative, rough), abs_tol=tolerance.absolute)
    return None if near or (math.isnan(number) and math.isnan(want)) else "value"


def _rough(dtype: torch.dtype) -> float:
    """How far two numbers of such a kind may lie apart by rounding alone, where that is more than usual."""
    return 2 * torch.finfo(dtype).eps if dtype.is_floating_point and dtype.itemsize < 4 else 0.0


def _close(got: Tensor, want: Tensor, tolerance: Tolerance, dtype: torch.dtype) -> Tensor:
    if not want.is_floating_point():
        return got == want  # a count has no tolerance
    relative = max(tolerance.relative, _rough(dtype))
    return torch.isclose(got.double(), want.double(), rtol=relative, atol=tolerance.absolute, equal_nan=True)


def like(value: Any, sample: Any, strict: bool, place: str = "") -> Any:
    """The value in the form of a sample, which is of any length; or a `Difference` where it has another form."""
    if value is None and sample is not None:
        return Difference("nothing", place, value, sample)
    if isinstance(sample, Tensor):
        found = value if isinstance(value, Tensor) else None if strict else as_tensor(value)
        return Difference("type", place, value, sample) if found is None else found
    if isinstance(sample, list | tuple):
        if isinstance(value, Tensor) and value.dim():
            value = list(value) if isinstance(sample[0] if sample else None, Tensor) else value.tolist()
        if not isinstance(value, list | tuple):
            return Difference("type", place, value, sample)
        if isinstance(sample, tuple) and len(value) != len(sample):
            return Difference("length", place, value, sample)
        samples = sample if isinstance(sample, tuple) else sample[:1] * len(value)
        if not samples:
            return list(value)
        parts = [
            like(part, one, strict, f"{place}[{i}]") for i, (part, one) in enumerate(zip(value, samples, strict=True))
        ]
        return next((part for part in parts if isinstance(part, Difference)), parts)
    fits = type(value) is type(sample) or (isinstance(sample, int | float) and isinstance(value, int | float))
    return value if fits else Difference("type", place, value, sample)


def blur(value: Any) -> Any:
    """The value with nan for every infinity, because a mistake that overflows gives now the one, now the other.

    And with int64 for whole numbers of every kind: a mistake is the same in each.
    """
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.nan_to_num(math.nan, math.nan, math.nan)
    if isinstance(value, Tensor) and value.dtype != torch.bool:
        return value.long()
    if isinstance(value, float) and math.isinf(value):
        return math.nan
    if isinstance(value, dict):
        return {key: blur(part) for key, part in value.items()}
    return type(value)(map(blur, value)) if type(value) in (list, tuple) else value


def first_difference(got: Any, want: Any, tolerance: Tolerance) -> str:
    """Where two results differ, as far as showing both does not tell: the end of a sentence, or nothing."""
    if isinstance(got, list | tuple) and isinstance(want, list | tuple):
        places = [first_difference(*pair, tolerance) for pair in zip(got, want, strict=False)]
        return next((place for place in places if place), "")
    if not isinstance(got, Tensor) or not isinstance(want, Tensor) or got.shape != want.shape:
        return ""
    different = (~_close(got, want, tolerance, got.dtype)).nonzero()
    if _family(got) != _family(want) or (got.dtype != want.dtype and not len(different)):
        return f"; yours are {_kind(got)}, wanted are {_kind(want)}"
    if not len(different) or want.numel() <= SMALL:
        return ""
    at = tuple(different[0].tolist())
    return f"; they differ first at [{', '.join(map(str, at))}]: {show(got[at])} came, {show(want[at])} is wanted"


def change(before: Any, after: Any) -> str:
    """What has changed from one value to another, in words; nothing if they are alike to the last digit."""
    found = difference(after, before, NO_TOLERANCE, strict=True)
    if found is None:
        return ""
    texts = show(before), show(after)
    if texts[0] == texts[1]:  # then the place is needed, and more digits
        place, texts = _changed_entry(found)
        return f"its entry {place} was {texts[0]} and is {texts[1]} afterwards"
    return f"it was {texts[0]} and is {texts[1]} afterwards"


def _changed_entry(found: Difference) -> tuple[str, tuple[str, str]]:
    was, now, place = found.want, found.got, found.place
    if isinstance(was, Tensor) and isinstance(now, Tensor) and was.shape == now.shape and was.dtype == now.dtype:
        at = (~torch.isclose(now, was, rtol=0, atol=0, equal_nan=True)).nonzero()[0].tolist()
        place, was, now = f"{place}{at}", was[tuple(at)].item(), now[tuple(at)].item()
    return place, (repr(was)[:LONGEST], repr(now)[:LONGEST])


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def wrong_entries(got: Any, want: Any, tolerance: Tolerance) -> str:
    """Which entries of a dict or list are not right yet, without telling the right ones."""
    if isinstance(want, list) and isinstance(got, Tensor) and got.dim():
        got = got.tolist()
    if isinstance(want, dict) and isinstance(got, dict) and got.keys() == want.keys():
        pairs = [(repr(key), got[key], want[key]) for key in want]
    elif isinstance(want, list | tuple) and isinstance(got, list | tuple) and len(got) == len(want):
        pairs = [(f"number {i + 1}", *pair) for i, pair in enumerate(zip(got, want, strict=True))]
    elif isinstance(want, dict):
        return f"{show(got)} came; wanted is a dictionary with the keys {', '.join(map(repr, want))}."
    elif isinstance(want, list | tuple):
        return f"{show(got)} came; wanted is a list of {len(want)}."
    else:
        return f"{show(got)} came."
    wrong = [f"{name} ({show(one)} came)" for name, one, other in pairs if compare(one, other, tolerance)]
    return f"Not right yet: {', '.join(wrong)}."


def differing(got: dict, want: dict, tolerance: Tolerance) -> str:
    """The first entries of two dicts with the same keys that differ: what follows is mostly their consequence."""
    entries = [
        key for key in {**want, **got} if key not in got or key not in want or compare(got[key], want[key], tolerance)
    ]
    more = f"; and {len(entries) - MOST} more" if len(entries) > MOST else ""
    return "; ".join(f"{key}: {_entry(got, key)}, wanted {_entry(want, key)}" for key in entries[:MOST]) + more


def _entry(values: dict, key: Any) -> str:
    return show(values[key]) if key in values else "none"


def what_came(value: Any) -> str:
    """A value that is of another type, in words."""
    kinds = {Members: "a set", list: "a list", tuple: "a tuple", dict: "a dictionary", str: "the text"}
    if type(value) in kinds:
        return f"{kinds[type(value)]} {show(value)}" if value else f"an empty {kinds[type(value)].split()[-1]}"
    return "nothing" if value is None else show(value)


def show(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, Tensor):
        return _shorten(show(value.tolist())) if value.numel() <= SMALL else f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, bool | int):
        return str(value) if abs(value) < 10_000 else f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if not abs(value) >= 1000 else f"{value:,.1f}"
    if isinstance(value, dict):
        return _shorten("{" + ", ".join(f"{key!r}: {show(part)}" for key, part in value.items()) + "}")
    if isinstance(value, Members):
        return _shorten("{" + ", ".join(map(show, value)) + "}") if value else "an empty set"
    if isinstance(value, list | tuple):
        left, right = "[]" if isinstance(value, list) else "()"
        return _shorten(left + ", ".join(map(show, value)) + right)
    return _shorten(repr(value))


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
