"""The project of lesson 06 (floor 3): a study of one's own, from random settings to an honest report of the winner."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.checking.drawing import Draws
from makemlp.checking.exercises import project_05
from makemlp.checking.exercises.lesson_04_build_the_model import start
from makemlp.checking.exercises.lesson_06_tune_on_the_dev_split import steps_within
from makemlp.checking.parts import entries, parts, whose
from makemlp.checking.specification import Exercise, Mistake, Trial
from makemlp.data import Vocabulary, build_dataset, bundled_names, split

Settings = dict[str, Any]
Space = dict[str, Any]
TRIALS = 300  # that draw_settings is tried with
SIGMAS = 6  # deviations that a count may be off: chance refuses about one honest answer in a million

# 06.10 draw_settings


def draw_settings(space: Space, trials: int, seed: int) -> list[Settings]:
    return _drawn(space, trials, seed)


def _log_uniform(g: random.Random, low: float, high: float) -> float:
    return min(high, max(low, math.exp(g.uniform(math.log(low), math.log(high)))))


def _drawn(
    space: Space,
    trials: int,
    seed: int,
    between: Callable[[random.Random, float, float], float] = _log_uniform,
    option: Callable[[random.Random, list], Any] = lambda g, options: options[int(g.random() * len(options))],
    anew: str = "never",
) -> list[Settings]:
    """Random settings, with a switch for each way to get them wrong."""
    g, found = random.Random(seed), []
    for _ in range(trials):
        g = random.Random(seed) if anew == "for each trial" else g
        settings, start = {}, g.random() if anew == "for each name" else None
        for name, values in space.items():
            here = random.Random(start) if anew == "for each name" else g
            settings[name] = option(here, values) if isinstance(values, list) else between(here, *values)
        found.append(settings)
    return found


def _often(count: int, total: int, p: float) -> bool:
    """Whether so many of a total are what chance p allows."""
    return abs(count - total * p) <= SIGMAS * (total * p * (1 - p)) ** 0.5


def _quarters(numbers: list[float], edge: Callable[[float], float]) -> bool:
    """Whether each quarter of a range, by its edges at 0, ¼, ½, ¾ and 1, holds a quarter of the numbers."""
    edges = [edge(i / 4) for i in range(5)]
    counts = [sum(low <= x < high for x in numbers) for low, high in pairwise(edges)]
    return all(_often(count, len(numbers), 1 / 4) for count in counts)


def _ranks(numbers: list[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64).argsort().argsort().double()


def _settings_measured(found: list[Settings], space: Space, trials: int, seed: int) -> dict:
    if any(row.keys() != space.keys() for row in found):
        return {"trials": len(found), "names of the settings": "others than the space has"}
    columns = {name: [float(row[name]) for row in found] for name in space}
    ranges = {name: values for name, values in space.items() if not isinstance(values, list)}
    options = {name: values for name, values in space.items() if isinstance(values, list)}
    outside = any(not low <= x <= high for name, (low, high) in ranges.items() for x in columns[name])
    foreign = any(set(columns[name]) - set(map(float, values)) for name, values in options.items())
    strange = {"trials": len(found), "numbers outside of low and high": outside, "values that are no option": foreign}
    if outside or foreign:
        return strange
    alike = len(found) > 1 and any(len(set(columns[name])) == 1 for name in ranges)
    log = all(
        _quarters(columns[name], lambda t, low=low, high=high: low * (high / low) ** t)
        for name, (low, high) in ranges.items()
    )
    even = all(
        _quarters(columns[name], lambda t, low=low, high=high: low + (high - low) * t)
        for name, (low, high) in ranges.items()
    )
    shares = all(
        _often(columns[name].count(value), len(found), 1 / len(values))
        for name, values in options.items()
        for value in values
    )
    never = sum(value not in columns[name] for name, values in options.items() for value in values)
    first, *others = (_ranks(column) for column in columns.values())
    tied = alike or any(abs(torch.corrcoef(torch.stack([first, one]))[0, 1]) > SIGMAS / trials**0.5 for one in others)
    return {
        **strange,
        "all trials alike": alike,
        "every factor as likely": log,
        "every difference as likely": even,
        "options equally often": shares,
        "options that never come": never,
        "one setting follows another": bool(tied),
    }


def _space_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        low = draws.choice((0.001, 0.002, 0.005))
        sizes = [20 * 2**i for i in range(draws.integer(3, 5))]
        space = {"rate": (low, low * draws.choice((50, 100))), "hidden_dim": sizes, "decay": (1e-4, 0.1)}
        return space, TRIALS, draws.integer(0, 10_000)

    printed = {"rate": (0.001, 0.1), "hidden_dim": [50, 100]}
    return [case(), case(), (printed, TRIALS, draws.integer(0, 10_000))]


def _rounded_up(g: random.Random, options: list) -> Any:
    return g.uniform(options[0], options[-1])


DRAW_SETTINGS = Exercise(
    number="06.10",
    name="draw_settings",
    reference=draw_settings,
    cases=_space_cases,
    measure=_settings_measured,
    mistakes=(
        Mistake(
            "all trials alike",
            lambda *asked: _drawn(*asked, anew="for each trial"),
            "All trials are the same: make the generator once, before the loop.",
            "06 Let a program search",
        ),
        Mistake(
            "every difference as likely",
            lambda *asked: _drawn(*asked, between=lambda g, low, high: g.uniform(low, high)),
            "Between low and high every difference is as likely here, so nearly all numbers are close to the high end. "
            "Every factor is to be as likely: draw the logarithm.",
            "06 Let a program search",
        ),
        Mistake(
            "two bases mixed",
            lambda *asked: _drawn(
                *asked, between=lambda g, low, high: math.exp(g.uniform(math.log10(low), math.log10(high)))
            ),
            "Numbers come that are outside the space: does the power undo the logarithm? 10 ** belongs to log10, and "
            "exp to log.",
            "06 Let a program search",
        ),
        Mistake(
            "one number for all settings",
            lambda *asked: _drawn(*asked, anew="for each name"),
            "A trial's settings rise and fall together: each wants a random number of its own.",
            "06 Let a program search",
        ),
        Mistake(
            "between the options",
            lambda *asked: _drawn(*asked, option=_rounded_up),
            "A list holds the options: one of them is to be drawn, and nothing between them.",
            "06 Let a program search",
        ),
        Mistake(
            "last option never",
            lambda *asked: _drawn(*asked, option=lambda g, options: g.choice(options[:-1])),
            "The last option of a list never comes: look at how your random whole number counts its end.",
            "06 Let a program search",
        ),
        Mistake(
            "one trial short",
            lambda space, trials, seed: _drawn(space, trials - 1, seed),
            "One trial is missing.",
            "06 Let a program search",
        ),
    ),
    hints=(
        "g = random.Random(seed), once. Then a loop over the trials, and in it one over space.items().",
        "isinstance(values, list) tells options from a pair. g.choice(values) draws an option.",
        "math.exp(g.uniform(math.log(low), math.log(high))) draws a number for which every factor is as likely.",
    ),
)

# 06.11 run_study


class _Pressed(KeyboardInterrupt):
    """The stop button, pressed by the check."""


class _Diverged(ValueError):  # noqa: N818 - a learner may read the name
    """What training raises when a run diverges."""


def run_study(trials: list[Settings], train: Callable, score: Callable, rows: list[Settings]) -> None:
    _studied(trials, train, score, rows)


def _studied(
    trials: list[Settings],
    train: Callable,
    score: Callable,
    rows: list[Settings],
    part: str = "dev",
    caught: type[BaseException] | tuple = ValueError,
    noted: bool = True,
    skip: bool = True,
    late: bool = False,
) -> None:
    """Every trial in its turn, with a switch for each way to get it wrong."""
    found: list[Settings] = []
    for settings in trials[len(rows) if skip else 0 :]:
        try:
            loss = score(train(settings, 0), part)
        except caught:
            if not noted:
                continue
            loss = math.inf
        (found if late else rows).append({**settings, "dev": loss})
    rows.extend(found)


def _elsewhere(trials: list[Settings], train: Callable, score: Callable, rows: list[Settings]) -> list[Settings]:
    rows = list(rows)
    _studied(trials, train, score, rows)
    return rows


def _besides(score: Callable) -> Callable:
    return lambda model, part: (score(model, "test"), score(model, part))[1]


def _stopped_and_resumed(answer: Callable, trials: list[Settings], losses: dict, stop: int) -> dict:
    """Let it run until the stop button is pressed, and once more with the rows that it has: what it did in all.

    Trial i is told by its rate. Its loss on a part is losses[part][i], and None is a run that diverges.
    """
    rates, rows, trained, looks, pressed, ended = [one["rate"] for one in trials], [], [], set(), [], []
    seeds = set()

    def train(settings: Settings, seed: int = 0) -> int:
        i = rates.index(settings["rate"])
        trained.append(i)
        seeds.add(int(seed))
        if i == stop and not pressed:
            pressed.append(i)
            raise _Pressed
        if losses["dev"][i] is None:
            raise _Diverged("The run diverged: its loss was infinite")
        return i

    def score(model: int, part: str) -> float:
        looks.add(str(part))
        return losses[part][model]

    after = []
    for _ in range(2):
        try:
            answer([dict(one) for one in trials], train, score, rows)
        except _Pressed:
            pass
        except _Diverged:
            ended.append("a run that diverged")
        after.append(len(rows))
    return {
        "rows after the stop": after[0],
        "rows in the end": [dict(row) for row in rows],
        "scored on": sorted(looks),
        "most often trained": max(Counter(trained).values(), default=0),
        "ended by": sorted(set(ended)),
        "seeds": sorted(seeds),
    }


def _study_cases(draws: Draws) -> list[tuple]:
    def case(count: int) -> tuple:
        trials = [{"rate": 0.001 * (i + 1), "hidden_dim": draws.choice((50, 100))} for i in range(count)]
        dev = [2.1 + 0.3 * u if u < 0.8 else None for u in draws.uniform(count).tolist()]
        dev[1] = None
        others = {part: (2.0 + 0.3 * draws.uniform(count)).tolist() for part in ("train", "test")}
        return trials, {"dev": dev, **others}, draws.integer(2, count - 1)

    return [case(4)] + [case(draws.integer(4, 9)) for _ in range(6)]


RUN_STUDY = Exercise(
    number="06.11",
    name="run_study",
    reference=run_study,
    cases=_study_cases,
    use=_stopped_and_resumed,
    in_place=("rows",),
    measure=entries("rows after the stop", "rows in the end", "scored on", "most often trained", "ended by", "seeds"),
    mistakes=(
        Mistake(
            "scored on test",
            lambda *asked: _studied(*asked, part="test"),
            "The test set is opened for every trial: score on dev, which is there for choosing.",
            "06 Three piles of names",
        ),
        Mistake(
            "test opened besides",
            lambda *asked: _studied(*asked[:2], _besides(asked[2]), asked[3]),
            "The test set is looked at besides: whoever has seen its losses chooses by them, too.",
            "06 The vault",
        ),
        Mistake(
            "scored on train",
            lambda *asked: _studied(*asked, part="train"),
            "The loss is the one on train, which the largest model wins whatever it is worth: score on dev.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "a divergence ends the study",
            lambda *asked: _studied(*asked, caught=()),
            "A run that diverges ends the whole study: catch the ValueError around that one training.",
            "06 Let a program search",
        ),
        Mistake(
            "what diverged is left out",
            lambda *asked: _studied(*asked, noted=False),
            "A run that diverged has no row: give it one with a dev loss of math.inf, because it was a trial, too, and "
            "is not to be tried again.",
            "06 Let a program search",
        ),
        Mistake(
            "the stop swallowed",
            lambda *asked: _studied(*asked, caught=BaseException),
            "The stop button is taken for a run that diverged: catch ValueError alone.",
            "06 Let a program search",
        ),
        Mistake(
            "noted at the end",
            lambda *asked: _studied(*asked, late=True),
            "When the study is stopped, the rows of the trials before are lost: append each row as soon as its trial "
            "is done.",
            "06 Let a program search",
        ),
        Mistake(
            "begun anew",
            lambda *asked: _studied(*asked, skip=False),
            "The study does not go on where it was: rows holds what is done already, so begin with trial len(rows).",
            "06 Let a program search",
        ),
        Mistake(
            "rows in another list",
            _elsewhere,
            "rows is as it was: append to the list that was given, and make no new one.",
            "06 Let a program search",
        ),
    ),
    hints=(
        "for settings in trials[len(rows):] goes on where the rows end.",
        "try: the training and the score. except ValueError: the loss is math.inf.",
        'rows.append({**settings, "dev": loss}) at the end of each turn, inside the loop.',
    ),
)

# 06.12 winner


def winner(rows: list[Settings], train: Callable, score: Callable, seeds: list[int]) -> dict:
    return _won(rows, train, score, seeds)


def _won(
    rows: list[Settings],
    train: Callable,
    score: Callable,
    seeds: list[int],
    best: Callable = min,
    part: str = "dev",
    told: Callable[[list[float]], float] = fmean,
    sign: float = 1.0,
    few: slice = slice(None),
    kept: bool = False,
    taken: bool = False,
    chosen_too: bool = False,
    seed_of: Callable[[int], int] = lambda seed: seed,
) -> dict:
    """The report on the best of a study, with a switch for each way to get it wrong."""
    row = best(rows, key=lambda row: row["dev"])
    settings = {name: value for name, value in row.items() if kept or name != "dev"}
    losses = [score(train(settings, seed_of(seed)), part) for seed in seeds[few]]
    at = row.pop("dev") if taken else row["dev"]
    losses = [at, *losses] if chosen_too else losses
    report = {"settings": settings, "chosen at": at, "again": told(losses)}
    return report | {"lowest": min(losses), "highest": max(losses), "flattery": sign * (told(losses) - at)}


REPORT = ("settings", "chosen at", "again", "lowest", "highest", "flattery")


def _reported(answer: Callable, rows: list[Settings], again: dict, seeds: list[int]) -> Any:
    """Let it report on a study whose new losses are given, by part: one list per row, one number per seed."""
    rates, runs = [row["rate"] for row in rows], []
    places = {seed: place for place, seed in enumerate([0, *seeds])}

    def train(settings: Settings, seed: int) -> tuple[int, int]:
        runs.append(int(seed))
        return rates.index(settings["rate"]), places[int(seed)]

    def score(model: tuple[int, int], part: str) -> float:
        return again[part][model[0]][model[1]]

    lent = [dict(row) for row in rows]  # whatever becomes of them, the caller's own stay
    found = answer(lent, train, score, list(seeds))
    if found is None:
        return None
    kept = "as they were" if lent == rows else "changed"
    return entries(*REPORT)(found) | {"seeds of the new runs": sorted(runs), "the caller's rows": kept}


def _winner_cases(draws: Draws) -> list[tuple]:
    def case(count: int, seeds: int) -> tuple:
        rows = [
            {"rate": 0.001 * (i + 1), "hidden_dim": draws.choice((50, 100)), "dev": 2.1 + 0.3 * u}
            for i, u in enumerate(draws.uniform(count).tolist())
        ]
        rows[draws.integer(0, count - 1)]["dev"] = math.inf
        again = {part: (2.1 + 0.3 * draws.uniform(count, seeds + 1)).tolist() for part in ("dev", "test")}
        return rows, again, list(range(1, seeds + 1))

    first = [{"rate": 0.01, "dev": 2.2}, {"rate": 0.03, "dev": 2.1}]
    again = {"dev": [[2.2, 2.2, 2.2], [2.1, 2.12, 2.16]], "test": [[2.2, 2.25, 2.3], [2.11, 2.2, 2.3]]}
    return [(first, again, [1, 2])] + [case(draws.integer(3, 8), draws.integer(2, 5)) for _ in range(6)]


WINNER = Exercise(
    number="06.12",
    name="winner",
    reference=winner,
    cases=_winner_cases,
    use=_reported,
    measure=entries(*REPORT, "seeds of the new runs", "the caller's rows"),
    mistakes=(
        Mistake(
            "highest chosen",
            lambda *asked: _won(*asked, best=max),
            "The settings with the highest dev loss are chosen: the lowest is the best.",
            "06 Three piles of names",
        ),
        Mistake(
            "test opened",
            lambda *asked: _won(*asked, part="test"),
            "The winner is scored on test: a study stays on dev, and test is looked at once, at the very end.",
            "06 The vault",
        ),
        Mistake(
            "luckiest seed told",
            lambda *asked: _won(*asked, told=min),
            "'again' is the lowest of the new losses, which was chosen once more: take their mean.",
            "06 A band, not a number",
        ),
        Mistake(
            "chosen run counted in",
            lambda *asked: _won(*asked, chosen_too=True),
            "The loss by which the winner was chosen is among the new ones: it is the one that flatters, so leave it "
            "out.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "same seed again",
            lambda *asked: _won(*asked, seed_of=lambda seed: 0),
            "The winner is trained from the seed 0 each time: that is the run which was chosen. Use the seeds that are "
            "given.",
            "06 A band, not a number",
        ),
        Mistake(
            "one seed only",
            lambda *asked: _won(*asked, few=slice(1)),
            "One new run makes no band: train once for each of the seeds.",
            "06 A band, not a number",
        ),
        Mistake(
            "flattery reversed",
            lambda *asked: _won(*asked, sign=-1.0),
            "The sign of the flattery is reversed: it is above 0 where the new runs are worse than the one that was "
            "chosen.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "rows changed",
            lambda *asked: _won(*asked, taken=True),
            "Your function changes the caller's own rows, by pop, del or sort perhaps, and whoever ran the study still "
            "needs them: make the settings as a new dictionary, and sort a copy.",
            "06 Let a program search",
        ),
        Mistake(
            "dev among the settings",
            lambda *asked: _won(*asked, kept=True),
            "The settings hold the dev loss, which is a result and no setting: take it out.",
            "06 Three piles of names",
        ),
    ),
    hints=(
        'best = min(rows, key=lambda row: row["dev"]) finds the row.',
        'The settings are that row without "dev". losses = [score(train(settings, seed), "dev") for seed in seeds].',
        'flattery is their mean minus best["dev"].',
    ),
)

# 06.13 own_study

BAR = 2.27  # nats on dev, as the mean of the winner's new runs
MOST, FEWEST, AGAIN = 24, 12, 3  # trainings in all; different settings, and new runs of the winner, at least
BUDGET, STEPS = 4 * 10**9, 200  # multiplications and additions per training, and steps at the most
SECONDS = 60.0  # of processor time; the course's own answer takes 5
STUDY = {"draw_settings": draw_settings, "run_study": run_study, "winner": winner}
SIZES = ("rate", "emb_dim", "hidden_dim", "batch_size")


class Spent(RuntimeError):  # noqa: N818 - a learner reads the name
    """All trainings were used."""


@lru_cache(maxsize=1)
def _given() -> tuple[Vocabulary, dict[str, tuple[Tensor, Tensor]]]:
    """The vocabulary, and the examples of each part."""
    names = bundled_names()
    vocab = Vocabulary(names)
    piles = zip(("train", "dev", "test"), split(names), strict=True)
    return vocab, {part: build_dataset(some, vocab) for part, some in piles}


@lru_cache(maxsize=256)
def _network(rate: float, emb_dim: int, hidden_dim: int, batch_size: int, seed: int) -> project_05.Parameters:
    """A network of these settings, trained by the trainer of lesson 05's project for as long as the budget lasts.

    Raises
    ------
    ValueError
        if the run diverges.
    """
    vocab, examples = _given()
    steps = min(STEPS, steps_within(BUDGET, batch_size, 3, emb_dim, hidden_dim, len(vocab)))
    parameters = list(start(len(vocab), 3, emb_dim, hidden_dim, seed))
    losses = project_05.fit(
        parameters, *examples["train"], steps, batch_size, rate, SimpleNamespace(**project_05.PARTS)
    )
    if not math.isfinite(losses[-1]):
        raise ValueError(f"The run diverged within {steps} steps: its loss is {losses[-1]}")
    return parameters


@lru_cache(maxsize=512)
def _loss(part: str, *key: float) -> float:
    """The loss on a part of the names, in nats per character, of the network with this key."""
    X, Y = _given()[1][part]
    return F.cross_entropy(project_05.logits_of(_network(*key), X), Y).item()


def _key(settings: Settings, seed: int) -> tuple[float, int, int, int, int]:
    """What a network is kept by: no rate is known to more than six digits."""
    rate, *sizes = settings.values()
    return float(f"{float(rate):.6g}"), *map(int, sizes), seed


def own_study(train: Callable, score: Callable, parts: SimpleNamespace) -> dict:
    space = {"rate": (0.02, 0.2), "emb_dim": [10, 15, 20], "hidden_dim": [100, 150, 200], "batch_size": [256, 512]}
    rows: list[Settings] = []
    parts.run_study(parts.draw_settings(space, 16, 0), train, score, rows)
    return parts.winner(rows, train, score, [1, 2, 3, 4])


def _ran(answer: Callable) -> dict | None:
    """Let it search; what it reports, and every training and score that it asked for."""
    given, own = parts(STUDY)
    runs: list[list] = []  # settings, seed, loss on dev
    opened: list[str] = []

    def train(settings: Settings, seed: int) -> int:
        if len(runs) == MOST:
            raise Spent(f"All {MOST} trainings are used")
        runs.append([{name: settings[name] for name in SIZES}, int(seed), None])
        _network(*_key(*runs[-1][:2]))
        return len(runs) - 1

    def score(run: int, part: str) -> float:
        opened.append(part)
        loss = _loss(part, *_key(*runs[run][:2]))
        if part == "dev":
            runs[run][2] = loss
        return loss

    spent = False
    try:
        report = answer(train, score, given)
    except Spent:
        report, spent = None, True
    if report is None and not spent:
        return None
    return {"report": report, "runs": runs, "opened": sorted(set(opened)), "spent": spent, "own": own}


def _misreported(report: Any) -> str | None:
    """What is wrong with the form of a report, if anything is."""
    if not isinstance(report, dict) or not set(REPORT) <= report.keys():
        return f"A dictionary with the keys {', '.join(map(repr, REPORT))} is wanted, as winner gives it."
    if not isinstance(report["settings"], dict) or not set(SIZES) <= report["settings"].keys():
        return f"Its settings are to be a dictionary with the keys {', '.join(map(repr, SIZES))}."
    return None


def _same_settings(one: Settings, other: Settings) -> bool:
    return all(math.isclose(float(one[name]), float(other[name]), rel_tol=1e-6) for name in SIZES)


def _firsts(runs: Iterable[list]) -> list[list]:
    """The first run of each of the settings."""
    found: list[list] = []
    for run in runs:
        if not any(_same_settings(run[0], other[0]) for other in found):
            found.append(run)
    return found


def _near(one: Any, other: float) -> bool:
    return math.isclose(float(one), other, abs_tol=5e-4)


def _judged(seen: dict) -> tuple[str, str]:
    report, runs = seen["report"], seen["runs"]
    if seen["spent"]:
        return "over budget", f"There are {MOST} trainings in all."
    if misfit := _misreported(report):
        return "type", misfit
    if "test" in seen["opened"]:
        return "test opened", ""
    firsts = _firsts(runs)
    if len(firsts) < FEWEST:
        return "no search", f"{len(firsts)} different settings were tried, and {FEWEST} are the least."
    losses = [math.inf if loss is None else loss for _, _, loss in firsts]
    place = next((i for i, run in enumerate(firsts) if _same_settings(run[0], report["settings"])), None)
    if place is None or not _near(report["chosen at"], losses[place]):
        return "not what was measured", "No trial of these settings had the loss that 'chosen at' tells."
    if losses[place] > min(losses) + 1e-6:
        return "not the best", f"It had {losses[place]:.3f} on dev, and another trial had {min(losses):.3f}."
    seed = firsts[place][1]
    others = {run[1]: run[2] for run in runs if _same_settings(run[0], report["settings"]) and run[1] != seed}
    again = [loss for loss in others.values() if loss is not None]
    if len(again) < AGAIN:
        return "no new runs", f"Your study trained them from {len(again)} other seeds and scored that on dev."
    told = {"again": fmean(again), "lowest": min(again), "highest": max(again)}
    told["flattery"] = told["again"] - losses[place]
    for name, value in told.items():
        if not _near(report[name], value):
            return "not what was measured", f"'{name}' is {float(report[name]):.3f}; the new runs give {value:.3f}."
    shown = f"{told['again']:.3f} nats on dev from {len(again)} new seeds, flattery {told['flattery']:+.3f}."
    if told["again"] > BAR:
        return "not there yet", shown
    return "met", f"{shown} {whose(STUDY, seen['own'])}"


def _row(seen: dict) -> dict:
    report = seen["report"]
    flattered = round(float(report["flattery"]), 4)
    return {"dev": float(report["again"]), "flattery": flattered, "trainings": len(seen["runs"])}


POOR: Space = {"rate": (1e-5, 1e-4), "emb_dim": [2], "hidden_dim": [5], "batch_size": [64]}


def _searching(trials: int, seeds: list[int], space: Space = POOR, **changed: Callable) -> Callable:
    """A study with so many trials and new runs; small ones do where the loss is not the point."""

    def study(train: Callable, score: Callable, parts: SimpleNamespace) -> dict:
        rows: list[Settings] = []
        run_study(draw_settings(space, trials, 0), train, changed.get("score", lambda score: score)(score), rows)
        rows = changed.get("rows", lambda rows: rows)(rows)
        return changed.get("report", lambda report: report)(winner(rows, train, score, seeds))

    return study


OWN_STUDY = Exercise(
    number="06.13",
    name="own_study",
    reference=own_study,
    cases=lambda draws: [()],
    trial=Trial(_ran, _judged, SECONDS, _row),
    mistakes=(
        Mistake(
            "over budget",
            _searching(MOST, [1, 2, 3]),
            "The budget is used up before the report: leave some trainings for the winner's new runs.",
            "06 Let a program search",
        ),
        Mistake(
            "test opened",
            _searching(FEWEST, [1, 2, 3], score=_besides),
            "The test set was opened: a study needs dev only, and whoever chooses by test has none left.",
            "06 The vault",
        ),
        Mistake(
            "no search",
            _searching(FEWEST - 2, [1, 2, 3]),
            "That is too few trials for a search.",
            "06 Let a program search",
        ),
        Mistake(
            "not the best",
            _searching(FEWEST, [1, 2, 3], rows=lambda rows: sorted(rows, key=lambda row: row["dev"])[1:]),
            "The report is not about the trial with the lowest dev loss.",
            "06 Three piles of names",
        ),
        Mistake(
            "no new runs",
            _searching(FEWEST, [1, 2]),
            f"One run does not say how far the winner's loss moves from seed to seed: train the settings that won at "
            f"least {AGAIN} times more, each from another seed than the search used.",
            "06 A band, not a number",
        ),
        Mistake(
            "not what was measured",
            _searching(FEWEST, [1, 2, 3], report=lambda report: report | {"again": report["again"] - 0.1}),
            "The report tells another number than was measured.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "not there yet",
            _searching(FEWEST, [1, 2, 3]),
            f"The mean of the winner's new runs is to be {BAR} or less: where in your space do the good trials gather? "
            f"Make it narrower there, or move it.",
            "06 Let a program search",
        ),
    ),
    hints=(
        "space is a dictionary: a pair for the rate, lists for emb_dim, hidden_dim and batch_size. Then three calls: "
        "draw_settings, run_study with an empty list of rows, winner.",
        f"16 trials and 4 new seeds are 20 trainings; there are {MOST}.",
        "Rates from 0.02 to 0.2, embeddings of 10 to 20, 100 to 200 hidden units, batches of 256 or 512.",
    ),
)

EXERCISES = (DRAW_SETTINGS, RUN_STUDY, WINNER, OWN_STUDY)
