"""Where numbers are, and of which kind (floor 1): one sentence for a device or a precision that the course lacks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

Work = TypeVar("Work", bound=Callable)
PRECISE = (torch.float32, torch.float64)


def check_default() -> None:
    """Raise a ValueError where PyTorch would make new tensors on another device than the CPU, or can make none."""
    try:
        device = torch.empty(0).device
    except (AssertionError, RuntimeError) as error:  # one that was set and that this machine lacks
        why = str(error).splitlines()[0].partition(". ")[0]  # PyTorch goes on with what to install
        raise ValueError(
            f"PyTorch can't use the default device that was set ({why}): call torch.set_default_device('cpu') first."
        ) from None
    if device.type != "cpu":
        raise ValueError(
            f"PyTorch's default device is '{device}', and makemlp computes on the CPU: call "
            f"torch.set_default_device('cpu') first."
        )


def check_precise(caller: str, *things: object) -> None:
    """Raise a ValueError for the first tensor or model of too few digits, or where they are on different devices.

    Parameters
    ----------
    things : what `caller` was given; models and tensors are looked at, and lists and dicts of them. A model with
        ``brings_contexts`` may be on another device, because it brings each context there and its answer back.
    """
    if torch.is_autocast_enabled("cpu"):
        raise ValueError(f"torch.autocast is on, which computes with too few digits: call {caller} outside of it.")
    first = None
    for thing, tensor in _tensors(things):
        if tensor.is_floating_point() and tensor.dtype not in PRECISE:
            raise ValueError(
                f"{caller} got {_named(thing)} of {str(tensor.dtype).partition('.')[2]} numbers, which have too few "
                f"digits: pass what .float() gives."
            )
        if getattr(thing, "brings_contexts", False):
            continue
        first = first or (thing, tensor.device)
        if tensor.device != first[1]:
            raise ValueError(
                f"{caller} got {_named(first[0])} on the device '{first[1]}' and {_named(thing)} on "
                f"'{tensor.device}': bring both to one device, with .to('cpu')."
            )


def check_on_cpu(caller: str, *things: object) -> None:
    """Raise a ValueError as `check_precise` does, and for a tensor or model that is not on the CPU."""
    check_default()
    for thing, tensor in _tensors(things):
        if tensor.device.type != "cpu" and not getattr(thing, "brings_contexts", False):
            raise ValueError(
                f"{caller} got {_named(thing)} on the device '{tensor.device}', and makemlp computes on the CPU: pass "
                f"what .to('cpu') gives."
            )
    check_precise(caller, *things)


def check_examples(X: Tensor, Y: Tensor) -> None:
    """Raise a ValueError for contexts X and answers Y that are no indices, of another form, or not as many."""
    for name, tensor, dimensions, form in (("X", X, 2, "(N, block_size)"), ("Y", Y, 1, "(N,)")):
        kind = str(tensor.dtype).partition(".")[2]
        if tensor.dtype != torch.int64 or tensor.ndim != dimensions:
            raise ValueError(
                f"{name} is of {kind} numbers and of shape {tuple(tensor.shape)}: pass the indices of symbols, int64 "
                f"and of shape {form}, as build_dataset gives them."
            )
    if len(X) != len(Y):
        raise ValueError(f"There are {len(X)} contexts in X and {len(Y)} answers in Y: build both from the same names.")


def _named(thing: object) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[0] in 'AEIM' and kind[:2].isupper() else 'a'} {kind}"


def _tensors(things: object) -> Iterator[tuple[object, Tensor]]:
    """Every tensor among some things, with the thing that it belongs to."""
    if isinstance(things, Tensor):
        yield things, things
    elif isinstance(things, nn.Module):
        yield from ((things, tensor) for tensor in things.parameters())
    elif hasattr(things, "one") and hasattr(things, "other"):  # a mixture of two models
        yield from _tensors([things.one, things.other])
    elif isinstance(things, Mapping):
        yield from _tensors(list(things.values()))
    elif isinstance(things, list | tuple) and not (things and isinstance(things[0], str | int | float)):
        for thing in things:
            yield from _tensors(thing)


def on_cpu(work: Work) -> Work:
    """Let a function refuse in a sentence what is on another device than the CPU, or of half precision."""
    return _checked(work, check_on_cpu)


def precise(work: Work) -> Work:
    """Let a function refuse in a sentence what is on different devices, or of half precision."""
    return _checked(work, check_precise)


def by_autograd(work: Work) -> Work:
    """Let a function (model, X, Y, …) train by autograd under `torch.no_grad` and `torch.inference_mode` as well.

    What inference mode has made can't be trained, nor a model of which all is frozen: that gets a sentence.
    """

    @functools.wraps(work)
    def trained(model: nn.Module, X: Tensor, Y: Tensor, *more, **settings):
        if any(p.is_inference() for p in model.parameters()):
            raise ValueError(
                f"{work.__name__} got a model that was made within torch.inference_mode(), where nothing can be "
                f"trained: make it outside."
            )
        if not any(p.requires_grad for p in model.parameters()):
            raise ValueError(f"{work.__name__} got a model of which every parameter is frozen: let one be trained.")
        with torch.inference_mode(False), torch.enable_grad():
            X, Y = (tensor.clone() if tensor.is_inference() else tensor for tensor in (X, Y))
            return work(model, X, Y, *more, **settings)

    return trained


def _checked(work: Work, check: Callable[..., None]) -> Work:
    @functools.wraps(work)
    def checked(*things, **settings):
        check(work.__name__, things, settings)
        return work(*things, **settings)

    return checked
