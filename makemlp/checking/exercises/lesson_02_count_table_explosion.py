"""The exercises of lesson 02 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 02.1 table_size

SYMBOLS, CONTEXT, BYTES = 30, 4, 4


def table_size() -> dict:
    return _table_size(SYMBOLS**CONTEXT, SYMBOLS ** (CONTEXT + 1))


def _table_size(rows: int, cells: int, size: float = BYTES / 1e6) -> dict:
    return {"rows": rows, "cells": cells, "megabytes": cells * size}


TABLE_SIZE = Exercise(
    number="02.1",
    name="table_size",
    reference=table_size,
    mistakes=(
        Mistake(
            "n for n - 1",
            lambda: _table_size(SYMBOLS ** (CONTEXT - 1), SYMBOLS**CONTEXT),
            "This is a table for three characters of context: an n-gram holds the answer too, so its context has n − 1 "
            "characters, but here the context itself has four.",
            "02 More memory",
        ),
        Mistake(
            "rows for cells",
            lambda: _table_size(SYMBOLS**CONTEXT, SYMBOLS**CONTEXT),
            "The cells are as many as the rows: but each row has a cell for every symbol that may follow.",
            "02 More memory",
        ),
        Mistake(
            "multiplied, not raised",
            lambda: _table_size(SYMBOLS * CONTEXT, SYMBOLS * CONTEXT * SYMBOLS),
            "The symbols are multiplied by the context's length: each further character makes the rows 30 times as "
            "many, so it is a power.",
            "02 More memory",
        ),
        Mistake(
            "base and exponent swapped",
            lambda: _table_size(CONTEXT**SYMBOLS, CONTEXT**SYMBOLS * SYMBOLS),
            "Base and exponent are swapped: each of the four places has 30 choices, 30 · 30 · 30 · 30.",
            "02 More memory",
        ),
        Mistake(
            "a byte a cell",
            lambda: _table_size(SYMBOLS**CONTEXT, SYMBOLS ** (CONTEXT + 1), 1e-6),
            "A cell takes four bytes, and one is counted.",
            "02 More memory",
        ),
        Mistake(
            "boundary counted twice",
            lambda: _table_size(31**CONTEXT, 31 ** (CONTEXT + 1)),
            "The boundary is added to the symbols, but it is among the 30 already.",
            "02 More memory",
        ),
        Mistake(
            "mebibytes",
            lambda: table_size() | {"megabytes": table_size()["cells"] * BYTES / 2**20},
            "These are units of 2²⁰ bytes: a megabyte is a million bytes here.",
            "02 More memory",
        ),
        Mistake(
            "bytes for megabytes",
            lambda: table_size() | {"megabytes": table_size()["cells"] * BYTES},
            "These are bytes: divide by a million.",
            "02 More memory",
        ),
        Mistake(
            "eight bytes a cell",
            lambda: table_size() | {"megabytes": table_size()["cells"] * 8 / 1e6},
            "A cell takes four bytes, and eight are counted.",
            "02 More memory",
        ),
    ),
    hints=(
        "How many contexts of one character are there? Of two? Each further one multiplies by 30.",
        "Each context is a row, and a row has 30 cells.",
        "Megabytes: cells times 4 bytes, divided by a million.",
    ),
)

# 02.2 units


def units(nlls: list[float], lengths: list[int]) -> dict:
    nll = sum(nll * n for nll, n in zip(nlls, lengths, strict=True)) / sum(lengths)
    return {"bits": nll / math.log(2), "perplexity": math.exp(nll)}


def _of(nll: Callable[[list[float], list[int]], float]) -> Callable[[list[float], list[int]], dict]:
    """The right units of another loss."""
    return lambda nlls, lengths: units([nll(nlls, lengths)], [1])


def _total(nlls: list[float], lengths: list[int]) -> float:
    return sum(nll * n for nll, n in zip(nlls, lengths, strict=True))


def _with(key: str, made: Callable[[float], float]) -> Callable[[list[float], list[int]], dict]:
    """The right result but for one entry, which is made of the right loss."""
    return lambda nlls, lengths: units(nlls, lengths) | {key: made(_total(nlls, lengths) / sum(lengths))}


def _units_cases(draws: Draws) -> list[tuple]:
    def case(texts: int) -> tuple:
        return (3 * draws.uniform(texts)).tolist(), [draws.integer(1, 9) for _ in range(texts)]

    return [([math.log(2), 3 * math.log(2)], [3, 1]), ([math.log(4)], [5]), *(case(i % 5 + 1) for i in range(20))]


UNITS = Exercise(
    number="02.2",
    name="units",
    reference=units,
    cases=_units_cases,
    mistakes=(
        Mistake(
            "texts weighted alike",
            _of(lambda nlls, lengths: sum(nlls) / len(nlls)),
            "A short text counts as much as a long one: the loss is a mean over characters, so each text's loss weighs "
            "as much as the text is long.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "perplexities averaged",
            lambda nlls, lengths: (
                units(nlls, lengths) | {"perplexity": _total([math.exp(nll) for nll in nlls], lengths) / sum(lengths)}
            ),
            "The perplexities are averaged, so the worst text counts most: average the losses first, then take exp.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "sum for mean",
            _of(_total),
            "This is the loss of all characters together: divide by how many there are, sum(lengths).",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "divided by the texts",
            _of(lambda nlls, lengths: _total(nlls, lengths) / len(nlls)),
            "The sum is divided by the number of texts: divide by the number of characters, sum(lengths).",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "multiplied by log 2",
            _with("bits", lambda nll: nll * math.log(2)),
            "The nats are multiplied by log 2: a bit is the smaller unit (0.69 nats), so there are more of them; "
            "divide.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "natural for binary logarithm",
            _with("perplexity", lambda nll: 2**nll),
            "Two is raised to a loss in nats: nats belong to e, so exp(nll); 2 is for bits.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "decimal logarithm",
            _with("bits", lambda nll: nll / math.log(10)),
            "Divided by log 10, the result is in decimal digits: a bit is a choice between two, so log 2.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "minus sign",
            _with("perplexity", lambda nll: math.exp(-nll)),
            "This is the probability exp(−nll): the perplexity is one over it, the number of equally likely choices.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "e to the bits",
            _with("perplexity", lambda nll: math.exp(nll / math.log(2))),
            "e is raised to the bits: e belongs to nats, and 2 to bits.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "units swapped",
            lambda *given: dict(zip(("perplexity", "bits"), units(*given).values(), strict=True)),
            "The two are swapped: bits are nats divided by log 2, and the perplexity is a power.",
            "02 Fitting is not learning",
        ),
        Mistake(
            "loss for bits",
            _with("bits", lambda nll: nll),
            "These are still nats: one bit is 0.693 nats, so divide by log 2.",
            "02 Fitting is not learning",
        ),
    ),
    hints=(
        "How many nats did all characters of a text cost together? And those of all texts?",
        "Divided by the number of all characters this is the loss, in nats per character.",
        "A fair coin costs log 2 = 0.693 nats, and should come out as 1 bit and a perplexity of 2.",
    ),
)

# 02.3 split_examples

Examples = list[tuple[str, str]]


def split_examples(names: list[str], seed: int) -> tuple[Examples, Examples, Examples]:
    names = list(names)
    random.Random(seed).shuffle(names)
    return _cut(names)


def _examples(name: str) -> Examples:
    """(the characters so far, the next one) for each character of a name and its end."""
    return [(name[:i], (name + ".")[i]) for i in range(len(name) + 1)]


def _cut(names: list[str], first: float = 0.8, second: float = 0.9) -> tuple[Examples, Examples, Examples]:
    n1, n2 = int(first * len(names)), int(second * len(names))
    parts = names[:n1], names[n1:n2], names[n2:]
    return tuple([example for name in part for example in _examples(name)] for part in parts)


def _cut_at(names: list[str], seed: int, n1: int, n2: int) -> tuple[Examples, Examples, Examples]:
    shuffled = random.Random(seed).sample(names, len(names))
    parts = shuffled[:n1], shuffled[n1:n2], shuffled[n2:]
    return tuple([example for name in part for example in _examples(name)] for part in parts)


def _examples_shuffled(names: list[str], seed: int) -> tuple[Examples, Examples, Examples]:
    examples = [example for name in names for example in _examples(name)]
    random.Random(seed).shuffle(examples)
    n1, n2 = int(0.8 * len(examples)), int(0.9 * len(examples))
    return examples[:n1], examples[n1:n2], examples[n2:]


def _drawn_apart(names: list[str], seed: int) -> tuple[Examples, Examples, Examples]:
    """Three parts drawn from the whole list, so that a name may be in several."""
    draw = random.Random(seed)
    parts = [draw.sample(names, size) for size in (int(0.8 * len(names)), len(names) // 10, len(names) // 10)]
    return tuple([example for name in part for example in _examples(name)] for part in parts)


def _split_measured(parts: Sequence[Examples], names: list[str], seed: int) -> dict:
    """What a split must have, whatever its order: each of the `names` here is made of a letter of its own."""
    train, dev, test = (sorted((so_far, following) for so_far, following in part) for part in parts)
    owners = [{so_far[0] for so_far, _ in part if so_far} for part in (train, dev, test)]
    n1 = int(0.8 * len(names))
    return {
        "a name is in two parts": sum(map(len, owners)) > len(set.union(*owners)),
        "a name is missing": len(set.union(*owners)) < len(names),
        "every example is there once": sorted(train + dev + test)
        == sorted(e for name in names for e in _examples(name)),
        "names in the parts": list(map(len, owners)),
        "some example ends a name": any(following == "." for _, following in train + dev + test),
        "the names were shuffled": owners[0] != {name[0] for name in names[:n1]},
    }


def _split_cases(draws: Draws) -> list[tuple]:
    def case(count: int) -> tuple:
        # Each name repeats one character of its own, so that an example tells the name that it is from.
        return [chr(ord("a") + i) * draws.integer(2, 5) for i in range(count)], draws.integer(0, 1000)

    return [case(count) for count in (20, 23, 25, 26)]


SPLIT_EXAMPLES = Exercise(
    number="02.3",
    name="split_examples",
    reference=split_examples,
    cases=_split_cases,
    measure=_split_measured,
    mistakes=(
        Mistake(
            "examples shuffled, not names",
            _examples_shuffled,
            "The examples are shuffled, not the names: most names then have a part of themselves in train and another "
            "in dev, and dev tests what train knows. Shuffle and cut the names, then make examples.",
            "04 Split names, not examples",
        ),
        Mistake(
            "not shuffled",
            lambda names, seed: _cut(names),
            "The names are cut without shuffling: the list is ordered, so dev and test would hold "
            "rare boys' names only.",
            "02 Keep some names back",
        ),
        Mistake(
            "parts drawn apart",
            _drawn_apart,
            "The parts are drawn one by one from the whole list, so that a name may be in two of them: shuffle once "
            "and cut.",
            "02 Keep some names back",
        ),
        Mistake(
            "end forgotten",
            lambda names, seed: tuple([e for e in part if e[1] != "."] for part in split_examples(names, seed)),
            "The boundary at the end is forgotten: the last example of a name asks for the dot.",
            "04 The sliding window",
        ),
        Mistake(
            "dev and test too large",
            lambda names, seed: _cut(random.Random(seed).sample(names, len(names)), 0.6, 0.8),
            "Dev and test have a fifth each: train gets 80 % of the names, the other two 10 % each.",
            "02 Keep some names back",
        ),
        Mistake(
            "cut by round",
            lambda names, seed: _cut_at(names, seed, round(0.8 * len(names)), round(0.9 * len(names))),
            "The cuts are rounded to the nearest number: int(…) cuts off, as the task says.",
            "02 Keep some names back",
        ),
        Mistake(
            "first example missing",
            lambda names, seed: tuple([e for e in part if e[0]] for part in split_examples(names, seed)),
            "The first example of each name is missing: nothing stands before its first character, and that is asked "
            "too.",
            "04 The sliding window",
        ),
        Mistake(
            "dev and test in one",
            lambda names, seed: _cut_at(names, seed, int(0.8 * len(names)), len(names)),
            "Everything behind the first cut goes to dev: the second cut shares it between dev and test.",
            "02 Keep some names back",
        ),
    ),
    hints=(
        "Make a list of the names first, and shuffle a copy of it with random.Random(seed).shuffle(copy).",
        "Cut at int(0.8 * len(names)) and int(0.9 * len(names)).",
        "Only then turn each of the three lists of names into examples.",
    ),
)

# 02.4 discount

COUNTS, SHORTER, DISCOUNT = (4.0, 3.0, 1.0, 0.0), (0.1, 0.4, 0.3, 0.2), 0.5


def discount() -> list[float]:
    return _discount()


def _discount(shorter: Sequence[float] = SHORTER, mass: float = 3 * DISCOUNT, total: float = 8.0) -> list[float]:
    return [(max(c - DISCOUNT, 0) + mass * s) / total for c, s in zip(COUNTS, shorter, strict=True)]


DISCOUNT_BY_HAND = Exercise(
    number="02.4",
    name="discount",
    reference=discount,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "nothing handed on",
            lambda: _discount(mass=0.0),
            "What was taken off goes nowhere, so the row adds up to less than one: give it to the shorter context.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "handed on once",
            lambda: _discount(mass=DISCOUNT),
            "Half an example is handed on, but three cells gave up a half each: 1.5 in all.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "empty cell discounted",
            lambda: [(c - DISCOUNT + 4 * DISCOUNT * s) / 8 for c, s in zip(COUNTS, SHORTER, strict=True)],
            "The empty cell gives up a half as well: only what was seen can give.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "shared alike",
            lambda: _discount(shorter=(0.25,) * 4),
            "What was taken off is shared alike: share it as the shorter context predicts.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "divided by what is left",
            lambda: _discount(total=6.5),
            "The sum is taken after the discounts: divide by all 8 examples of the row.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "counts kept",
            lambda: [(c + 1.5 * s) / 8 for c, s in zip(COUNTS, SHORTER, strict=True)],
            "The counts keep all they have: take the half off first.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "not divided",
            lambda: [8 * p for p in discount()],
            "These are examples: divide them by the row's sum, 8.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "divided by the symbols",
            lambda: [2 * p for p in discount()],
            "The sum is taken as 4, the number of symbols: divide by the 8 examples of the row.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "discounts kept away",
            lambda: [(c - 0.5 * (c > 0)) / 6.5 for c in COUNTS],
            "The discounted counts are only divided by their own sum: what was taken off must go to the shorter "
            "context's prediction.",
            "02b Kneser and Ney's idea",
        ),
    ),
    hints=(
        "Take 0.5 off every count that is above 0: 3.5, 2.5, 0.5, 0.",
        "1.5 was taken off. Share it as the shorter context says: 0.15, 0.6, 0.45, 0.3.",
        "Add the two and divide by the row's sum, 8.",
    ),
)

EXERCISES = (TABLE_SIZE, UNITS, SPLIT_EXAMPLES, DISCOUNT_BY_HAND)
