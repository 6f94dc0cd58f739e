"""Whether two results agree, and how to show one in few words (floor 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

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
THREE_DECIMALS = Tolerance(0, 1.01e-3, "three decimals are asked for, cut (which loses up to 0.001) or rounded")


def compare(got: Any, want: Any, tolerance: Tolerance) -> str | None:
    """None where two results agree, else in what they differ: nothing, type, dtype, shape, length, keys or value."""
    if got is None and want is not None:
        return "nothing"
    if isinstance(want, Tensor):
        return _compare_tensors(got, want, tolerance)
    if isinstance(want, bool | str | None):
        return "type" if type(got) is not type(want) else None if got == want else "value"
    if isinstance(want, int | float):
        return _compare_numbers(got, want, tolerance)
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return "type"
        return "keys" if got.keys() != want.keys() else _compare_parts([(got[k], want[k]) for k in want], tolerance)
    if not isinstance(want, list | tuple):
        return None if type(got) is type(want) else "type"  # no exercise wants such a thing, but an answer may give it
    if not isinstance(got, list | tuple):
        return "type"
    return "length" if len(got) != len(want) else _compare_parts(zip(got, want, strict=True), tolerance)


def _compare_parts(pairs: Any, tolerance: Tolerance) -> str | None:
    return next((kind for got, want in pairs if (kind := compare(got, want, tolerance))), None)


def _compare_tensors(got: Any, want: Tensor, tolerance: Tolerance) -> str | None:
    if not isinstance(got, Tensor):
        return "type"
    if got.shape != want.shape:
        return "shape"
    if got.is_floating_point() != want.is_floating_point() or (got.dtype == torch.bool) != (want.dtype == torch.bool):
        return "dtype"
    return None if _close(got, want, tolerance).all() else "value"


def _compare_numbers(got: Any, want: float, tolerance: Tolerance) -> str | None:
    if isinstance(got, bool):
        return "type"
    if getattr(got, "shape", ()) not in ((), (1,)):
        return "shape"
    number = got.item() if hasattr(got, "item") else got
    if isinstance(number, bool) or not isinstance(number, int | float):
        return "type"
    if isinstance(want, int):
        return None if number == want else "value"  # a count has no tolerance
    near = math.isclose(number, want, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
    return None if near or (math.isnan(number) and math.isnan(want)) else "value"


def _close(got: Tensor, want: Tensor, tolerance: Tolerance) -> Tensor:
    if not want.is_floating_point():
        return got == want  # a count has no tolerance
    got, want = got.double(), want.double()
    return torch.isclose(got, want, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)


def blur(value: Any) -> Any:
    """The value with nan for every infinity: a mistake that overflows gives now the one, now the other."""
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.nan_to_num(math.nan, math.nan, math.nan)
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
    if got.is_floating_point() != want.is_floating_point():
        return f"; yours are {_kind(got)}, wanted are {_kind(want)}"
    different = (~_close(got, want, tolerance)).nonzero()
    if not len(different) or want.numel() <= SMALL:
        return ""
    at = tuple(different[0].tolist())
    return f"; they differ first at [{', '.join(map(str, at))}], {show(got[at])} for {show(want[at])}"


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def wrong_entries(got: Any, want: Any, tolerance: Tolerance) -> str:
    """Which entries of a dict or list are not right yet, without telling the right ones."""
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


def differing(got: Any, want: dict, tolerance: Tolerance) -> str:
    """The first entries of two dicts with the same keys that differ: what follows is mostly their consequence."""
    if not isinstance(got, dict):
        return f"{show(got)} came"
    entries = [
        key for key in {**want, **got} if key not in got or key not in want or compare(got[key], want[key], tolerance)
    ]
    more = f"; and {len(entries) - MOST} more" if len(entries) > MOST else ""
    return "; ".join(f"{key}: {_entry(got, key)}, wanted {_entry(want, key)}" for key in entries[:MOST]) + more


def _entry(values: dict, key: Any) -> str:
    return show(values[key]) if key in values else "none"


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
    if isinstance(value, list | tuple):
        left, right = "[]" if isinstance(value, list) else "()"
        return _shorten(left + ", ".join(map(show, value)) + right)
    return _shorten(repr(value))


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
