"""Broken functions to repair (floor 3): each runs, and does something else than it says.

Their checks try what the function does and say whether the fault is gone, not where it is. Where the work is deleted
with the fault, the result differs too.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemlp.checking.comparing import EXACT_SUMS
from makemlp.checking.drawing import Draws
from makemlp.checking.parts import entries
from makemlp.checking.specification import Exercise, Mistake

STILL = "The fault is still there."

# 01 tally: += with repeated indices


def tally(xs: Tensor, ys: Tensor, vocab_size: int) -> Tensor:
    N = torch.zeros(vocab_size, vocab_size)
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        N[x, y] += 1
    return N / len(xs)


def _kept_once(xs: Tensor, ys: Tensor, vocab_size: int) -> Tensor:
    N = torch.zeros(vocab_size, vocab_size)
    N[xs, ys] += 1
    return N / len(xs)


def _tally_cases(draws: Draws) -> list[tuple]:
    first = (torch.tensor([0, 1, 0]), torch.tensor([1, 0, 1]), 2)

    def case() -> tuple:
        n, vocab_size = draws.integer(5, 40), draws.integer(2, 5)
        return draws.integers(vocab_size, n), draws.integers(vocab_size, n), vocab_size

    return [first] + [case() for _ in range(10)]


def _rows(shares: Tensor) -> Tensor:
    return (shares / shares.sum(1, keepdim=True)).nan_to_num(0.0)


TALLY = {
    "name": "tally",
    "reference": tally,
    "cases": _tally_cases,
    "mistakes": (
        Mistake("not repaired", _kept_once, STILL, "01 All the names"),
        Mistake(
            "each pair once",
            lambda *asked: _kept_once(*asked).bool().float() / max(1, int(_kept_once(*asked).bool().sum())),
            "Now the pairs that occur share the table evenly: each is to count as often as it occurs.",
            "01 All the names",
        ),
        Mistake(
            "not divided",
            lambda xs, ys, vocab_size: tally(xs, ys, vocab_size) * len(xs),
            "The table counts right, but it is to hold shares of all pairs, as before.",
            "01 All the names",
        ),
        Mistake(
            "rows add up to one",
            lambda *asked: _rows(tally(*asked)),
            "Each row adds up to one now: the whole table is to, as before.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "transposed",
            lambda *asked: tally(*asked).T,
            "Rows and columns are swapped now: the row is for the character that comes first.",
            "01 All the names",
        ),
    ),
    "hints": (
        "Try it on two pairs that are alike: xs = ys = torch.tensor([0, 0]) with vocab_size 1.",
        "N[xs, ys] += 1 reads all the old numbers, adds 1, and writes them back. What happens to a cell that is named "
        "twice?",
        "N.index_put_((xs, ys), torch.tensor(1.0), accumulate=True) adds each time; so does a loop.",
    ),
}

# 02 prepare: the same names in train and in dev


def prepare(raw: list[str], seed: int) -> tuple[list[str], list[str]]:
    names = sorted({name.strip().lower() for name in raw})
    random.Random(seed).shuffle(names)
    cut = int(0.8 * len(names))
    return names[:cut], names[cut:]


def _prepared_late(raw: list[str], seed: int) -> tuple[list[str], list[str]]:
    names = sorted(set(raw))
    random.Random(seed).shuffle(names)
    cut = int(0.8 * len(names))
    train, dev = names[:cut], names[cut:]
    return [sorted({name.strip().lower() for name in part}) for part in (train, dev)]


def _taken_out(raw: list[str], seed: int) -> tuple[list[str], list[str]]:
    train, dev = _prepared_late(raw, seed)
    return train, [name for name in dev if name not in train]


def _prepared(parts: Any, raw: list[str], seed: int) -> dict:
    train, dev = (list(part) for part in parts)
    names = {name.strip().lower() for name in raw}
    other = list(prepare(raw, seed + 1)[0])
    return {
        "names in both": len(set(train) & set(dev)),
        "names in neither": len(names - set(train) - set(dev)),
        "names with capitals or spaces": sum(name != name.strip().lower() for name in train + dev),
        "names twice in a part": len(train) + len(dev) - len(set(train)) - len(set(dev)),
        "sizes": [len(train), len(dev)],
        "train is in the order of the alphabet": train == sorted(train) and other != sorted(other),
    }


def _prepare_cases(draws: Draws) -> list[tuple]:
    def case(count: int) -> tuple:
        names = draws.names(count)
        raw = names + [name.capitalize() for name in names] + [f" {name}" for name in names[: count // 2]]
        return [
            draws.choice((name, name.upper())) if i % 7 == 0 else name for i, name in enumerate(raw)
        ], draws.integer(0, 999)

    return [case(10), case(25), *(case(draws.integer(15, 60)) for _ in range(6)), (["Ada", " ada", "eva"], 0)]


PREPARE = {
    "name": "prepare",
    "reference": prepare,
    "cases": _prepare_cases,
    "measure": _prepared,
    "mistakes": (
        Mistake("not repaired", _prepared_late, STILL, "02 Keep some names back"),
        Mistake(
            "dev only thinned",
            _taken_out,
            "No name is in both any more, but dev lost its names for it, and the parts are not 80 and 20 per cent.",
            "02 Keep some names back",
        ),
        Mistake(
            "not cleaned",
            lambda raw, seed: (
                sorted(set(raw))[: int(0.8 * len(set(raw)))],
                sorted(set(raw))[int(0.8 * len(set(raw))) :],
            ),
            "The names keep their capitals and spaces now: *Ada*, *ada* and * ada* are one name.",
            "02 Keep some names back",
        ),
        Mistake(
            "dev left out",
            lambda raw, seed: (prepare(raw, seed)[0], []),
            "Names are missing: every name is to be in train or in dev.",
            "02 Keep some names back",
        ),
        Mistake(
            "not shuffled",
            lambda raw, seed: (
                sorted({n.strip().lower() for n in raw})[: int(0.8 * len({n.strip().lower() for n in raw}))],
                sorted({n.strip().lower() for n in raw})[int(0.8 * len({n.strip().lower() for n in raw})) :],
            ),
            "The names are no longer shuffled: dev would hold the end of the alphabet.",
            "02 Keep some names back",
        ),
    ),
    "hints": (
        'Run it on ["ada", "Ada", "eva", "Eva", "ida", "Ida"] and look at both parts.',
        "When are two spellings found to be one name: before the cut, or after it?",
    ),
}

# 04 position_means: view where transpose was meant


def position_means(X: Tensor, C: Tensor) -> Tensor:
    return C[X].mean(0)


def _viewed(X: Tensor, C: Tensor) -> Tensor:
    return C[X].reshape(X.shape[1], len(X), -1).mean(1)


def _position_cases(draws: Draws) -> list[tuple]:
    first = (torch.tensor([[0, 1], [0, 1]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    sizes = [(draws.integer(2, 9), draws.integer(2, 4), draws.integer(2, 5)) for _ in range(10)]
    return [first] + [(draws.integers(5, n, block), draws.normal(5, emb)) for n, block, emb in sizes]


POSITION_MEANS = {
    "name": "position_means",
    "reference": position_means,
    "cases": _position_cases,
    "mistakes": (
        Mistake("not repaired", _viewed, STILL, "03 Three ways to concatenate"),
        Mistake(
            "mean over positions",
            lambda X, C: C[X].mean(1),
            "This is a mean for each example now: one for each position is wanted, of shape (block_size, emb_dim).",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "one mean for all",
            lambda X, C: C[X].mean((0, 1)).expand(X.shape[1], -1).clone(),
            "All positions have the same mean now: each has its own.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "positions reversed",
            lambda X, C: position_means(X, C).flip(0),
            "The positions are in reverse order now: the oldest character comes first.",
            "03 Three ways to concatenate",
        ),
    ),
    "hints": (
        "Take X = [[0, 1], [0, 1]]: position 0 always holds character 0, so its mean is C[0]. What comes out?",
        "view and reshape keep the order of the numbers in memory and cut it at other places. To swap two dimensions "
        "is something else.",
        "C[X].transpose(0, 1), or a mean over another dimension.",
    ),
}

# 06 choose_and_report: the test set used to choose


def choose_and_report(rates: list[float], train: Callable, score: Callable) -> dict:
    return _chosen(rates, train, score)


def _chosen(
    rates: list[float], train: Callable, score: Callable, by: str = "dev", told: str = "test", best: Callable = min
) -> dict:
    models = {rate: train(rate) for rate in rates}
    losses = {rate: score(model, by) for rate, model in models.items()}
    rate = best(losses, key=losses.get)
    return {"rate": rate, "test": score(models[rate], told)}


def _chosen_on_test(rates: list[float], train: Callable, score: Callable) -> dict:
    test, rate = min((score(train(rate), "test"), rate) for rate in rates)
    return {"rate": rate, "test": test}


def _all_opened(rates: list[float], train: Callable, score: Callable) -> dict:
    found = [(score(m, "dev"), score(m, "test"), rate) for rate, m in ((rate, train(rate)) for rate in rates)]
    _, test, rate = min(found)
    return {"rate": rate, "test": test}


def _watched(answer: Callable, rates: list[float], dev: list[float], test: list[float]) -> Any:
    """Let it choose among models whose losses are given; what it says, and how often it looked at the test set."""
    looks, trained = [], []
    losses = {"dev": dict(zip(rates, dev, strict=True)), "test": dict(zip(rates, test, strict=True))}

    def train(rate: float) -> float:
        trained.append(rate)
        return rate

    def score(model: float, part: str) -> float:
        looks.append(part)
        return losses[part][model]

    found = answer(list(rates), train, score)
    if found is None:
        return None
    if not isinstance(found, dict) or not {"rate", "test"} <= found.keys():
        raise TypeError("a dictionary with the keys 'rate' and 'test' is wanted")
    return {
        "rate": float(found["rate"]),
        "test": float(found["test"]),
        "looks at test": looks.count("test"),
        "rates tried": len(set(trained)),
    }


def _choose_cases(draws: Draws) -> list[tuple]:
    def case(count: int) -> tuple:
        rates = [0.001 * 2**i for i in range(count)]
        dev = [2.1 + 0.3 * u for u in draws.uniform(count).tolist()]
        test = [2.1 + 0.3 * u for u in draws.uniform(count).tolist()]
        return rates, dev, test

    first = ([0.01, 0.02, 0.04], [2.2, 2.1, 2.3], [2.1, 2.2, 2.4])
    return [first] + [case(draws.integer(3, 8)) for _ in range(10)]


CHOOSE_AND_REPORT = {
    "name": "choose_and_report",
    "reference": choose_and_report,
    "cases": _choose_cases,
    "use": _watched,
    "measure": entries("rate", "test", "looks at test", "rates tried"),
    "mistakes": (
        Mistake("not repaired", _chosen_on_test, STILL, "06 What choosing does to a score"),
        Mistake(
            "all of test looked at",
            _all_opened,
            "The choice is made on dev now, but every model is scored on test: only the chosen one may be, once.",
            "06 The vault",
        ),
        Mistake(
            "dev reported",
            lambda *asked: _chosen(*asked, told="dev"),
            "What is reported as test is the dev loss, which was used to choose and so flatters.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "nothing chosen",
            lambda rates, train, score: _chosen(rates[:1], train, score),
            "Only the first rate is tried now: all are to be.",
            "06 Three piles of names",
        ),
        Mistake(
            "the worst chosen",
            lambda *asked: _chosen(*asked, best=max),
            "The rate with the highest dev loss is chosen now: the lowest is the best.",
            "06 Three piles of names",
        ),
    ),
    "hints": (
        "How often does this function look at the test set, and what does it do with what it sees?",
        "Choose on dev. Then score the chosen model on test, once.",
    ),
}

# 06 fair_gap: a seed picked by its result


def fair_gap(loss_of: Callable, seeds: list[int]) -> dict:
    return _gap(loss_of, seeds)


def _gap(
    loss_of: Callable, seeds: list[int], old: Callable = fmean, new: Callable = fmean, few: slice = slice(None)
) -> dict:
    before = [loss_of("old", seed) for seed in seeds[few]]
    after = [loss_of("new", seed) for seed in seeds[few]]
    return {"old": old(before), "new": new(after), "gap": old(before) - new(after)}


def _run_seeds(answer: Callable, old: list[float], new: list[float]) -> Any:
    """Let it compare two recipes whose losses by seed are given; what it says, and how many runs it made of each."""
    runs = []

    def loss_of(recipe: str, seed: int) -> float:
        runs.append((recipe, seed))
        return {"old": old, "new": new}[recipe][seed]

    found = answer(loss_of, list(range(len(old))))
    if found is None:
        return None
    told = entries("old", "new", "gap")(found)
    made = {recipe: len({run for run in runs if run[0] == recipe}) for recipe in ("old", "new")}
    return {key: float(value) for key, value in told.items()} | {"seeds run": made}


def _gap_cases(draws: Draws) -> list[tuple]:
    def case(count: int) -> tuple:
        return [2.2 + 0.1 * u for u in draws.uniform(count).tolist()], [
            2.15 + 0.1 * u for u in draws.uniform(count).tolist()
        ]

    return [([2.2, 2.3], [2.1, 2.4])] + [case(draws.integer(3, 7)) for _ in range(10)]


FAIR_GAP = {
    "name": "fair_gap",
    "reference": fair_gap,
    "cases": _gap_cases,
    "use": _run_seeds,
    "measure": entries("old", "new", "gap", "seeds run"),
    "mistakes": (
        Mistake("not repaired", lambda *asked: _gap(*asked, new=min), STILL, "06 A band, not a number"),
        Mistake(
            "both picked",
            lambda *asked: _gap(*asked, old=min, new=min),
            "Now the luckiest seed is taken on both sides: two lowest of several say little about the recipes, and "
            "the one with the wider band wins. Take the mean of all.",
            "06 A band, not a number",
        ),
        Mistake(
            "one seed",
            lambda *asked: _gap(*asked, few=slice(1)),
            "One seed each is run now: all that are given are to be.",
            "06 A band, not a number",
        ),
        Mistake(
            "gap reversed",
            lambda *asked: _gap(*asked) | {"gap": -_gap(*asked)["gap"]},
            "The sign of the gap is reversed now: it is above 0 where the new recipe is better.",
            "06 A band, not a number",
        ),
    ),
    "hints": (
        "Let both recipes be the same: loss_of gives random numbers. Is the gap about 0?",
        "What is done with the losses of the one recipe must be done with those of the other.",
    ),
}

# 09 scored: dropout left on while scoring


def scored(model: nn.Module, X: Tensor, Y: Tensor) -> float:
    return _scored(model, X, Y)


def _scored(model: nn.Module, X: Tensor, Y: Tensor, off: bool = True, back: bool = True) -> float:
    was = model.training
    model.train(was and not off)
    with torch.no_grad():
        losses = [F.cross_entropy(model(part), Y[i : i + 4], reduction="sum") for i, part in _in_parts(X)]
    if back:
        model.train(was)
    return (sum(losses) / len(Y)).item()


def _in_parts(X: Tensor) -> list[tuple[int, Tensor]]:
    return [(i, X[i : i + 4]) for i in range(0, len(X), 4)]


def _other_model(model: nn.Module, X: Tensor, Y: Tensor) -> float:
    model.drop.p = 0.0
    return _scored(model, X, Y)


class _Dropping(nn.Module):
    """A table of logits behind a dropout, as small as a model can be that has one."""

    def __init__(self, table: Tensor, p: float):
        super().__init__()
        self.table, self.drop = nn.Parameter(table), nn.Dropout(p)

    def forward(self, X: Tensor) -> Tensor:
        return self.drop(self.table[X])


def _score_seen(answer: Callable, table: Tensor, p: float, X: Tensor, Y: Tensor, training: bool) -> Any:
    """Its loss of a model with dropout, and how it leaves the model."""
    model = _Dropping(table.clone(), p).train(training)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # a fault that draws is to draw alike in every process
        loss = answer(model, X, Y)
    if loss is None:
        return None
    return {"loss": float(loss), "in training afterwards": model.training, "dropout afterwards": model.drop.p}


def _score_cases(draws: Draws) -> list[tuple]:
    def case(training: bool) -> tuple:
        n = draws.integer(5, 30)
        return draws.normal(6, 6), draws.choice((0.3, 0.5)), draws.integers(6, n), draws.integers(6, n), training

    return [case(True), case(False)] + [case(draws.choice((True, False))) for _ in range(8)]


SCORED = {
    "name": "scored",
    "reference": scored,
    "cases": _score_cases,
    "use": _score_seen,
    "measure": entries("loss", "in training afterwards", "dropout afterwards"),
    "tolerance": EXACT_SUMS,
    "mistakes": (
        Mistake("not repaired", lambda *asked: _scored(*asked, off=False), STILL, "09 Dropout"),
        Mistake(
            "left in evaluation",
            lambda *asked: _scored(*asked, back=False),
            "The loss is right, but a model that was in training is not any more: training would go on without "
            "dropout. Put it back as it was.",
            "09 Dropout",
        ),
        Mistake(
            "dropout taken out",
            _other_model,
            "The loss is right, but the model has lost its dropout: switch it off and on again, with eval and train.",
            "09 Dropout",
        ),
        Mistake(
            "always in training afterwards",
            lambda model, X, Y: (_scored(model, X, Y), model.train())[0],
            "A model that was in evaluation is in training afterwards: put it back as it was, in both cases.",
            "09 Dropout",
        ),
        Mistake(
            "mean of unequal parts",
            lambda model, X, Y: sum(_scored(model, part, Y[i : i + 4]) for i, part in _in_parts(X)) / len(_in_parts(X)),
            "This is a mean of the parts' means, but the last part is smaller: divide the sum by all examples.",
            "09 Dropout",
        ),
    ),
    "hints": (
        "Call it twice with the same model. Is the loss the same?",
        "model.training says how the model was. model.eval() switches dropout off, model.train(was) puts it back.",
    ),
}


def repair(number: str, what: dict[str, Any]) -> Exercise:
    """The exercise of this number."""
    return Exercise(number=number, **what)
