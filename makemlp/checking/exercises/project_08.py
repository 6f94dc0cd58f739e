"""The project of lesson 08 (floor 3): a sampler of one's own, held against the exact distribution."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 08.8 steered


def steered(logits: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    return _steered(logits, temperature, top_k, top_p)


def _steered(
    logits: Tensor,
    temperature: float,
    top_k: int,
    top_p: float,
    short: bool = False,
    whole: bool = True,
    nucleus_of: Callable[[Tensor, Tensor], Tensor] = lambda cut, plain: cut,
) -> Tensor:
    """Temperature, then the k likeliest, then the nucleus, with a switch for each way to get it wrong."""
    plain = torch.softmax(logits / temperature, 0)
    likely, order = plain.sort(descending=True)
    kept = torch.zeros_like(plain)
    kept[order[:top_k]] = likely[:top_k]
    kept = kept / kept.sum()
    probs, order = nucleus_of(kept, plain).sort(descending=True)
    before = probs.cumsum(0) - (0 if short else probs)
    inside = before < top_p if not short else before <= top_p + 1e-6
    inside[0] = True
    kept[order[~inside]] = 0
    return kept / kept.sum() if whole else kept


def _steered_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        size = draws.integer(4, 8)
        spread = draws.normal(size) * 1.5 + 0.01 * torch.arange(size)
        return spread, draws.choice((0.5, 0.8, 1.5, 2.0)), draws.integer(2, size), draws.choice((0.5, 0.7, 0.9, 1.0))

    by_hand = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    return [(by_hand, 1.0, 4, 0.7), (by_hand, 1.0, 3, 1.0), (by_hand, 0.5, 4, 0.9)] + [case() for _ in range(25)]


STEERED = Exercise(
    number="08.8",
    name="steered",
    reference=steered,
    cases=_steered_cases,
    mistakes=(
        Mistake(
            "temperature multiplied",
            lambda logits, temperature, top_k, top_p: _steered(logits, 1 / temperature, top_k, top_p),
            "The logits are multiplied by the temperature: divide by it, so that a low one makes the likely likelier.",
            "08 Temperature",
        ),
        Mistake(
            "temperature left out",
            lambda logits, temperature, top_k, top_p: _steered(logits, 1.0, top_k, top_p),
            "The temperature changes nothing here: divide the logits by it, before all else.",
            "08 Temperature",
        ),
        Mistake(
            "top-k left out",
            lambda logits, temperature, top_k, top_p: _steered(logits, temperature, len(logits), top_p),
            "More than the k likeliest take part.",
            "08 The k likeliest",
        ),
        Mistake(
            "top-p left out",
            lambda logits, temperature, top_k, top_p: _steered(logits, temperature, top_k, 1.0),
            "top_p changes nothing here: keep only as few of the likeliest as hold that share together.",
            "08 As many as needed",
        ),
        Mistake(
            "nucleus too small",
            lambda *asked: _steered(*asked, short=True),
            "The nucleus lacks a symbol: the one with which the share is reached belongs to it.",
            "08 As many as needed",
        ),
        Mistake(
            "nucleus before top-k",
            lambda *asked: _steered(*asked, nucleus_of=lambda cut, plain: plain),
            "The nucleus is taken of all symbols: it is to be taken of those that top-k left, whose probabilities sum "
            "to one again.",
            "08 As many as needed",
        ),
        Mistake(
            "not summing to one",
            lambda *asked: _steered(*asked, whole=False),
            "The probabilities that are left no longer sum to one: divide by their sum at the end.",
            "08 As many as needed",
        ),
    ),
    hints=(
        "One after the other: softmax of logits / temperature; all but the k likeliest to 0; divide by the sum.",
        "Then sort. A symbol stays if the likelier ones before it hold less than top_p: cumsum minus its own.",
        "Lesson 08's nucleus does that last step, except for the new sum of one.",
    ),
)

# 08.9 own_sampler

Rows = dict[str, dict[str, float]]
SYMBOLS = ".abc"
FEW = 20  # names, while its calls are watched, which makes them slow
SIGMAS = 6  # deviations (and two counts) that a count may be off: chance refuses about one honest sampler in 100,000


class Lent(RuntimeError):  # noqa: N818 - a learner reads the name
    """The course's own sampler was called."""


def own_sampler(probs_after: Callable[[str], dict[str, float]], n: int, seed: int) -> list[str]:
    return _sampled(probs_after, n, seed)


def _sampled(
    probs_after: Callable[[str], dict[str, float]],
    n: int,
    seed: int,
    pick: Callable | None = None,
    seen: Callable[[str], str] = lambda name: name,
    dot: str = "",
    again: bool = False,
) -> list[str]:
    generator, names = random.Random(seed), []
    for _ in range(n):
        generator = random.Random(seed) if again else generator
        name = ""
        while True:
            probs = probs_after(seen(name))
            symbol = pick(probs, generator) if pick else generator.choices(list(probs), list(probs.values()))[0]
            if symbol == ".":
                break
            name += symbol
        names.append(name + dot)
    return names


def _by_the_course(probs_after: Callable[[str], dict[str, float]], n: int, seed: int) -> list[str]:
    g = torch.Generator().manual_seed(seed)

    def pick(probs: dict[str, float], _: random.Random) -> str:
        weights, u = torch.tensor([list(probs.values())]), torch.rand(1, generator=g)
        return list(probs)[sys.modules["makemlp.sampling"].draw(weights, u).item()]

    return _sampled(probs_after, n, seed, pick)


def _after(rows: Rows) -> Callable[[str], dict[str, float]]:
    """What follows some letters: it depends on the last one, and on whether they are an even or an odd number."""
    return lambda before: dict(rows[f"{before[-1:] or '.'}{len(before) % 2}"])


def _watched(answer: Callable, rows: Rows, n: int, seed: int) -> Any:
    """Let it sample. A few names first, to see by its calls whether it borrows the course's sampler."""
    borrowed, before = [], sys.getprofile()

    def watch(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_globals.get("__name__") == "makemlp.sampling":
            borrowed.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        answer(_after(rows), FEW, seed)
    finally:
        sys.setprofile(before)
        if borrowed:
            raise Lent(f"makemlp's {borrowed[0]} was called")
    return answer(_after(rows), n, seed)


def _fits(names: list[str], after: Callable[[str], dict[str, float]]) -> bool:
    """Whether after each beginning that came often, every symbol came about as often as it should have."""
    came: dict[str, Counter] = {}
    for name in names:
        for i, symbol in enumerate(name + "."):
            came.setdefault(name[:i], Counter())[symbol] += 1
    for before, counts in came.items():
        total = counts.total()
        for symbol in SYMBOLS:
            p = after(before).get(symbol, 0.0)
            if abs(counts[symbol] - total * p) > SIGMAS * (total * p * (1 - p)) ** 0.5 + (2 if p else 0):
                return False
    return True


def _alike(before: str) -> dict[str, float]:
    return dict.fromkeys(SYMBOLS, 1 / len(SYMBOLS))


def _sample_measured(names: list[str], rows: Rows, n: int, seed: int) -> dict:
    bare, after = [name.strip(".") for name in names], _after(rows)
    return {
        "names": len(names),
        "names with a dot": sum("." in name for name in names),
        "all names are the same": len(set(names)) == 1,
        "each symbol as often as it should come": _fits(bare, after),
        "all symbols alike": _fits(bare, _alike),
        "as if only the last letter were known": _fits(bare, lambda before: after(before[-1:])),
    }


def _sampler_cases(draws: Draws) -> list[tuple]:
    def row() -> dict[str, float]:
        shares = draws.uniform(len(SYMBOLS)).double() ** 2 + 0.02
        shares[0] += 0.3 * shares.sum()  # names come to an end
        return dict(zip(SYMBOLS, (shares / shares.sum()).tolist(), strict=True))

    def case() -> tuple:
        rows = {f"{last}{parity}": row() for last in SYMBOLS for parity in (0, 1)}
        rows[".0"] = {".": 0.0, "a": 0.5, "b": 0.3, "c": 0.2}
        rows["a1"], rows["a0"] = {".": 0.4, "a": 0.0, "b": 0.0, "c": 0.6}, {".": 0.3, "a": 0.0, "b": 0.7, "c": 0.0}
        return rows, 600, draws.integer(0, 10_000)

    return [case()]


OWN_SAMPLER = Exercise(
    number="08.9",
    name="own_sampler",
    reference=own_sampler,
    cases=_sampler_cases,
    use=_watched,
    forbidden=("multinomial*",),
    measure=_sample_measured,
    mistakes=(
        Mistake(
            "the course's sampler",
            _by_the_course,
            "The answer calls the course's own sampler: write the draw yourself, with one random number per symbol.",
            "08 One name by hand",
        ),
        Mistake(
            "all symbols alike",
            lambda after, n, seed: _sampled(after, n, seed, lambda probs, g: g.choice(list(probs))),
            "Every symbol is as likely as every other: the probabilities are not used.",
            "08 One name by hand",
        ),
        Mistake(
            "the same name each time",
            lambda after, n, seed: _sampled(after, n, seed, again=True),
            "All names are the same: draw each symbol at random, from a generator that is made once, before the loops.",
            "08 One name by hand",
        ),
        Mistake(
            "only the last letter",
            lambda after, n, seed: _sampled(after, n, seed, seen=lambda name: name[-1:]),
            "The model is asked with the last letter only: give it all letters so far, and let it decide what it uses.",
            "08 One name by hand",
        ),
        Mistake(
            "the dot kept",
            lambda after, n, seed: _sampled(after, n, seed, dot="."),
            "The names hold the dot: it ends a name and is no part of it.",
            "08 One name by hand",
        ),
        Mistake(
            "one name short",
            lambda after, n, seed: _sampled(after, n - 1, seed),
            "One name is missing: n are asked for.",
            "08 One name by hand",
        ),
    ),
    hints=(
        "A loop in a loop: n names, and in each one symbols until the dot comes.",
        "A draw: one number from 0 to 1, and walk along the probabilities until their sum passes it.",
        "random.Random(seed) before the loops gives the numbers: generator.random().",
    ),
)

EXERCISES = (STEERED, OWN_SAMPLER)
