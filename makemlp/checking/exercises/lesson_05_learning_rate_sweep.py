"""The exercises of lesson 05 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS, Tolerance
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 05.1 spaced_rates


def spaced_rates(low: float, high: float, count: int) -> Tensor:
    exponents = [math.log10(low) + (math.log10(high) - math.log10(low)) * i / (count - 1) for i in range(count)]
    return torch.tensor([10**exponent for exponent in exponents])


def _exponents(low: float, high: float, count: int) -> Tensor:
    return torch.linspace(math.log10(low), math.log10(high), count)


def _rates_cases(draws: Draws) -> list[tuple]:
    first = [(0.01, 1.0, 3), (0.001, 1.0, 4)]
    drawn = [(10.0 ** -draws.integer(2, 5), draws.integer(1, 30) / 10, draws.integer(2, 30)) for _ in range(15)]
    return first + drawn


SPACED_RATES = Exercise(
    number="05.1",
    name="spaced_rates",
    reference=spaced_rates,
    cases=_rates_cases,
    tolerance=Tolerance(1e-4, 0, "powers of float32 exponents near −5 are right to five digits"),
    strict=True,
    mistakes=(
        Mistake(
            "spaced evenly",
            lambda low, high, count: torch.linspace(low, high, count),
            "The rates are spaced evenly, so nearly all of them are large: space the exponents evenly, for equal "
            "ratios.",
            "05 Why exponents",
        ),
        Mistake(
            "exponents for rates",
            _exponents,
            "These are the exponents: the rates are 10 to the power of them.",
            "05 Why exponents",
        ),
        Mistake(
            "natural for decimal",
            lambda *asked: _exponents(*asked).exp(),
            "Decimal exponents are given to exp, whose base is e: raise 10 to them, or take natural logarithms before.",
            "05 Why exponents",
        ),
        Mistake(
            "last one left out",
            lambda low, high, count: low * (high / low) ** (torch.arange(count) / count),
            "The last rate is not reached: count rates have count − 1 steps between them.",
            "05 Why exponents",
        ),
        Mistake(
            "largest first",
            lambda *asked: spaced_rates(*asked).flip(0),
            "The rates come largest first: begin with the lowest.",
            "05 Bracketing by hand",
        ),
        Mistake(
            "ends taken for exponents",
            lambda low, high, count: 10 ** torch.linspace(low, high, count),
            "low and high are taken for exponents: they are rates, and math.log10 gives their exponents.",
            "05 Why exponents",
        ),
        Mistake(
            "one too many",
            lambda low, high, count: low * (high / low) ** (torch.arange(count + 1) / count),
            "There is one rate too many: count rates, both ends among them.",
            "05 Bracketing by hand",
        ),
        Mistake(
            "first one left out",
            lambda low, high, count: low * (high / low) ** (torch.arange(1, count + 1) / count),
            "The lowest rate is left out: both ends are included.",
            "05 Bracketing by hand",
        ),
    ),
    hints=(
        "From 0.01 to 1 the exponents run from −2 to 0. Where is the one in the middle, and its rate?",
        "torch.linspace spaces exponents evenly; math.log10 gives the first and the last.",
    ),
)

# 05.2 choose_rate


def choose_rate(exponents: Tensor, losses: Tensor) -> float:
    return _choose(exponents, losses)


def _choose(exponents: Tensor, losses: Tensor, step: float = -0.5) -> float:
    """The rate `step` away from the valley, in exponents."""
    runs = zip(losses.tolist(), exponents.tolist(), strict=True)
    return 10 ** (min(run for run in runs if math.isfinite(run[0]))[1] + step)


def _choose_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([-2.0, -1.0, 0.0]), torch.tensor([3.0, 2.5, 2.7]))]
    first.append((torch.tensor([-2.0, -1.0, 0.0]), torch.tensor([2.9, 2.5, math.nan])))

    def case() -> tuple:
        count = draws.integer(6, 20)
        exponents = torch.linspace(-4, 1, count)
        losses = 2 + (exponents + draws.integer(0, 3)).abs() / 3 + 0.05 * draws.uniform(count)
        losses[-1] = draws.choice((math.nan, math.inf, 8.0))
        if draws.integer(0, 1):  # a run may diverge at any rate
            losses[draws.integer(0, 1)] = draws.choice((math.nan, math.inf))
        return exponents, losses

    return first + [case() for _ in range(20)]


CHOOSE_RATE = Exercise(
    number="05.2",
    name="choose_rate",
    reference=choose_rate,
    cases=_choose_cases,
    tolerance=Tolerance(1e-3, 0, "the exponents are float32, and neighbouring ones differ by 0.2 or more"),
    mistakes=(
        Mistake(
            "nan taken for the lowest",
            lambda exponents, losses: 10 ** (exponents[losses.argmin()].item() - 0.5),
            "A run that diverged is taken for the best: PyTorch's argmin finds nan first, so put infinity in its place "
            "(torch.nan_to_num).",
            "05 One model per rate",
        ),
        Mistake(
            "the very bottom",
            lambda exponents, losses: _choose(exponents, losses, 0.0),
            "This is the very bottom of the valley: the right side is the steeper one, so step half an exponent to the "
            "left.",
            "05 One model per rate",
        ),
        Mistake(
            "a step to the right",
            lambda exponents, losses: _choose(exponents, losses, 0.5),
            "The step goes to the right, where rates are larger and the loss is steep: to the left is a smaller "
            "exponent.",
            "05 One model per rate",
        ),
        Mistake(
            "exponent for rate",
            lambda exponents, losses: math.log10(_choose(exponents, losses)),
            "This is the exponent: the rate is 10 to the power of it.",
            "05 Why exponents",
        ),
        Mistake(
            "largest loss",
            lambda exponents, losses: 10 ** (exponents[losses.argmax()].item() - 0.5),
            "This looks for the largest loss: the valley is the lowest.",
            "05 One model per rate",
        ),
        Mistake(
            "half the rate",
            lambda exponents, losses: _choose(exponents, losses, 0.0) - 0.5,
            "The half is subtracted from the rate: it belongs to the exponent, which divides the rate by about 3.",
            "05 Why exponents",
        ),
        Mistake(
            "place among the finite",
            lambda exponents, losses: 10 ** (exponents[losses[losses.isfinite()].argmin()].item() - 0.5),
            "The place was found in a list without the diverged runs, and used in the list with them: leave them out "
            "of the exponents too, or put infinity in their place.",
            "05 One model per rate",
        ),
        Mistake(
            "a whole exponent",
            lambda exponents, losses: _choose(exponents, losses, -1.0),
            "The step is a whole exponent: half of one is asked for.",
            "05 One model per rate",
        ),
        Mistake(
            "e for ten",
            lambda exponents, losses: math.exp(math.log10(_choose(exponents, losses))),
            "e is raised to the exponent: the exponents are decimal, so raise 10.",
            "05 Why exponents",
        ),
    ),
    hints=(
        "losses.argmin() finds the place of the valley, but it takes a nan for the smallest of all.",
        "torch.nan_to_num(losses, nan=math.inf) keeps diverged runs out.",
        "10 ** (exponent of the valley − 0.5)",
    ),
)

# 05.3 minibatches


def minibatches(n: int, batch_size: int, seed: int) -> list[Tensor]:
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


def _batches_measured(batches: list[Tensor], n: int, batch_size: int, seed: int) -> dict:
    everything = torch.cat(list(batches))
    order, counts = everything.tolist(), everything.unique(return_counts=True)[1]
    return {
        "dtype": str(everything.dtype),
        "sizes": [len(batch) for batch in batches],
        "indices": "below 0" if min(order) < 0 else "n and more" if max(order) >= n else "from 0 to n - 1",
        "an index comes twice": bool((counts > 1).any()),
        "they are shuffled": len(order) < 20 or order != sorted(order),  # a few may come in order by chance
        "each batch has neighbours only": len(order) >= 20 and all(_neighbours(batch.tolist()) for batch in batches),
    }


def _neighbours(batch: list[int]) -> bool:
    return max(batch) - min(batch) == len(batch) - 1


def _shuffled_inside(n: int, batch_size: int, seed: int) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [batch[torch.randperm(len(batch), generator=g)] for batch in torch.arange(n).split(batch_size)]


def _one_too_far(n: int, batch_size: int, seed: int) -> list[Tensor]:
    return [batch + 1 for batch in minibatches(n, batch_size, seed)]


def _with_replacement(n: int, batch_size: int, seed: int) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.randint(n, (len(batch),), generator=g) for batch in minibatches(n, batch_size, seed)]


MINIBATCHES = Exercise(
    number="05.3",
    name="minibatches",
    reference=minibatches,
    cases=lambda draws: [
        (n, batch_size, draws.integer(0, 1000)) for n, batch_size in ((50, 20), (64, 16), (101, 10), (90, 32), (5, 2))
    ],
    measure=_batches_measured,
    strict=True,
    mistakes=(
        Mistake(
            "last batch left out",
            lambda n, batch_size, seed: minibatches(n, batch_size, seed)[: n // batch_size],
            "The last, smaller batch is left out, and its examples with it.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "not shuffled",
            lambda n, batch_size, seed: list(torch.arange(n).split(batch_size)),
            "The indices come in order: names of one kind would fall into one batch, so shuffle first.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "shuffled inside",
            _shuffled_inside,
            "Each batch is shuffled inside, so the same examples stay together: shuffle all indices before you cut.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "with replacement",
            _with_replacement,
            "Some indices come twice and others never: lesson 05 draws like this, but here each example is to come "
            "once, so cut a shuffled list (torch.randperm).",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "counted from one",
            _one_too_far,
            "The indices are counted from 1: they run from 0 to n − 1.",
            "01 Three names by hand",
        ),
        Mistake(
            "number and size swapped",
            lambda n, batch_size, seed: list(torch.cat(minibatches(n, batch_size, seed)).chunk(batch_size)),
            "There are batch_size batches: batch_size is how many examples each one has.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "an empty batch",
            lambda n, batch_size, seed: (
                minibatches(n, batch_size, seed) + [torch.tensor([], dtype=torch.int64)] * (n % batch_size == 0)
            ),
            "There is an empty batch at the end where n is a multiple of batch_size: range(0, n, batch_size) has no "
            "place there.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "one batch only",
            lambda n, batch_size, seed: minibatches(n, batch_size, seed)[:1],
            "There is only one batch: all n examples are to come once, in as many batches as it takes.",
            "05 All the data, or a handful?",
        ),
    ),
    hints=(
        "torch.randperm(n, generator=g) is 0 … n − 1 in a random order, with g = torch.Generator().manual_seed(seed).",
        "Cut it every batch_size: order[start : start + batch_size] for start in range(0, n, batch_size).",
    ),
)

# 05.4 schedule


def schedule(step: int, steps: int, warm_up: int) -> float:
    return _schedule(step, steps, warm_up)


def _schedule(
    step: int,
    steps: int,
    warm_up: int,
    first: int = 1,
    fall: Callable[[float], float] = lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    since: Callable[[int, int], int] = lambda steps, warm_up: steps // 2,
) -> float:
    """The share of the highest rate, with a switch for each way to get it wrong."""
    if step < warm_up:
        return (step + first) / warm_up
    if step < steps // 2:
        return 1.0
    begin = since(steps, warm_up)
    return fall((step - begin) / (steps - begin))


def _at_once(step: int, steps: int, warm_up: int) -> float:
    """The lesson's: what falls right after the warm-up."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def _schedule_cases(draws: Draws) -> list[tuple]:
    first = [(step, 8, 2) for step in range(8)]
    sizes = [(draws.integer(20, 300), draws.integer(1, 10)) for _ in range(25)]
    return first + [(draws.integer(0, steps - 1), steps, warm_up) for steps, warm_up in sizes]


SCHEDULE = Exercise(
    number="05.4",
    name="schedule",
    reference=schedule,
    cases=_schedule_cases,
    mistakes=(
        Mistake(
            "first step of 0",
            lambda *asked: _schedule(*asked, first=0),
            "The first step has a rate of 0 and moves nothing: step 0 is the first of warm_up, so (step + 1) / "
            "warm_up.",
            "05 Decay",
        ),
        Mistake(
            "warm-up left out",
            lambda step, steps, warm_up: _schedule(max(step, warm_up), steps, warm_up),
            "The warm-up is left out: the rate first rises in a straight line, for warm_up steps.",
            "05 Decay",
        ),
        Mistake(
            "falls at once",
            _at_once,
            "The rate falls right after the warm-up: it is to stay at 1 up to step steps // 2.",
            "05 Decay",
        ),
        Mistake(
            "fall counted from the warm-up",
            lambda *asked: _schedule(*asked, since=lambda steps, warm_up: warm_up),
            "The fall is counted from the end of the warm-up, so the rate jumps in the middle: count it from step "
            "steps // 2.",
            "05 Decay",
        ),
        Mistake(
            "fall counted from step 0",
            lambda *asked: _schedule(*asked, since=lambda steps, warm_up: 0),
            "The fall is counted from step 0, so the rate jumps in the middle: count it from step steps // 2.",
            "05 Decay",
        ),
        Mistake(
            "no fall",
            lambda *asked: _schedule(*asked, fall=lambda done: 1.0),
            "The rate stays at 1 to the end: from step steps // 2 on it falls.",
            "05 Decay",
        ),
        Mistake(
            "half left out",
            lambda *asked: _schedule(*asked, fall=lambda done: 1 + math.cos(math.pi * done)),
            "The half is left out: 1 + cos runs from 2 to 0, and the share from 1 to 0.",
            "05 Decay",
        ),
        Mistake(
            "whole turn",
            lambda *asked: _schedule(*asked, fall=lambda done: 0.5 * (1 + math.cos(2 * math.pi * done))),
            "The cosine makes a whole turn and ends high again: half a turn, π, goes down once.",
            "05 Decay",
        ),
        Mistake(
            "quarter of a turn",
            lambda *asked: _schedule(*asked, fall=lambda done: math.cos(math.pi / 2 * done)),
            "This is a quarter of a turn, which is steep at its end: half a cosine is flat at both ends.",
            "05 Decay",
        ),
        Mistake(
            "straight fall",
            lambda *asked: _schedule(*asked, fall=lambda done: 1 - done),
            "The rate falls in a straight line: half a cosine is asked for.",
            "05 Decay",
        ),
        Mistake(
            "degrees",
            lambda *asked: _schedule(*asked, fall=lambda done: 0.5 * (1 + math.cos(180 * done))),
            "The angle is in degrees: math.cos takes radians, so half a turn is π.",
            "05 Decay",
        ),
        Mistake(
            "one warm-up step too many",
            lambda step, steps, warm_up: (step + 1) / warm_up if step <= warm_up else _schedule(step, steps, warm_up),
            "Step warm_up still rises, above 1: the last step of the warm-up is warm_up − 1, so step < warm_up.",
            "05 Decay",
        ),
        Mistake(
            "rises in the end",
            lambda *asked: _schedule(*asked, fall=lambda done: 0.5 * (1 - math.cos(math.pi * done))),
            "In the second half the rate rises from 0 to 1: it is to fall from 1 to 0.",
            "05 Decay",
        ),
    ),
    hints=(
        "Three cases: step < warm_up rises, step < steps // 2 stays, the others fall.",
        "How much of the fall is done, from 0 up to nearly 1? It begins at steps // 2 and would end at steps.",
        "Half a cosine: 0.5 * (1 + math.cos(math.pi * done)).",
    ),
)

# 05.5 noise

NOISE, BATCH = 0.18, 32


def noise() -> dict:
    return _noise(0.5)


def _noise(power: float) -> dict:
    """The answers if noise fell with this power of the batch size."""
    return {
        "noise of 288": NOISE / (288 / BATCH) ** power,
        "work of 288": 288 / BATCH,
        "batch for 0.03": round(BATCH * (NOISE / 0.03) ** (1 / power)),
    }


NOISE_BY_HAND = Exercise(
    number="05.5",
    name="noise",
    reference=noise,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "noise falls with the batch size",
            lambda: _noise(1.0),
            "The noise is divided by the batch's growth: it falls with the square root only.",
            "05 The price is noise",
        ),
        Mistake(
            "work grows with the root",
            lambda: noise() | {"work of 288": 3.0},
            "The work grows with the batch size itself: nine times the examples are nine times the work.",
            "05 The price is noise",
        ),
        Mistake(
            "noise grows",
            lambda: noise() | {"noise of 288": NOISE * 3},
            "The noise grows with the batch here: a mean of more examples scatters less.",
            "05 The price is noise",
        ),
        Mistake(
            "root taken twice",
            lambda: (
                _noise(0.5)
                | {"noise of 288": NOISE / 9**0.25, "batch for 0.03": round(BATCH * math.sqrt(NOISE / 0.03))}
            ),
            "The root is taken the wrong way: a sixth of the noise needs 6² times the batch.",
            "05 The price is noise",
        ),
        Mistake(
            "factor for batch size",
            lambda: noise() | {"batch for 0.03": 36},
            "This is by how much the batch grows: it had 32 examples to begin with.",
            "05 The price is noise",
        ),
        Mistake(
            "squared for root",
            lambda: noise() | {"noise of 288": NOISE / 81},
            "The growth is squared: the noise falls with its root.",
            "05 The price is noise",
        ),
        Mistake(
            "growth not squared",
            lambda: noise() | {"batch for 0.03": 192},
            "A sixth of the noise is taken for six times the batch: it needs 6² times.",
            "05 The price is noise",
        ),
    ),
    hints=(
        "288 is nine times 32. What is the root of nine?",
        "From 0.18 to 0.03 is a sixth, and 6 = √36.",
    ),
)

EXERCISES = (SPACED_RATES, CHOOSE_RATE, MINIBATCHES, SCHEDULE, NOISE_BY_HAND)
