"""The exercises of lesson 06 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 06.1 leaked


def leaked(train: list[str], dev: list[str], test: list[str]) -> list[str]:
    names = dict.fromkeys([*train, *dev, *test])
    return [name for name in names if sum(name in pile for pile in (train, dev, test)) > 1]


def _all(piles: tuple[list[str], ...]) -> list[str]:
    return [name for pile in piles for name in pile]


def _leaked_cases(draws: Draws) -> list[tuple]:
    first = [(["emma", "ann", "bo", "bo"], ["ann", "liz"], ["liz", "max"]), (["joanna"], ["ann"], ["jo"])]
    first += [(["bo"], [], []), (["eva"], ["ada"], ["eva", "ada", "eva"])]

    def case() -> tuple:
        names = draws.names(20)
        train = [draws.choice(names[:12]) for _ in range(12)]
        return train, [draws.choice(names[6:17]) for _ in range(7)], [draws.choice(names[9:]) for _ in range(7)]

    return first + [case() for _ in range(15)]


def _leaked_measured(found: Any, train: list[str], dev: list[str], test: list[str]) -> dict:
    return {"leaked": sorted(found) if isinstance(found, list | tuple | set) else found}


LEAKED = Exercise(
    number="06.1",
    name="leaked",
    reference=leaked,
    cases=_leaked_cases,
    measure=_leaked_measured,
    mistakes=(
        Mistake(
            "count for names",
            lambda *piles: len(leaked(*piles)),
            "This is how many leaked: the names themselves are asked for.",
            "06 A leak",
        ),
        Mistake(
            "train and dev only",
            lambda train, dev, test: leaked(train, dev, []),
            "Only train and dev are compared: a name of test must stand in neither of them.",
            "06 A leak",
        ),
        Mistake(
            "dev and test forgotten",
            lambda train, dev, test: [name for name in dict.fromkeys(train) if name in dev or name in test],
            "Dev and test are each compared with train, but not with each other: what was chosen on dev knows dev's "
            "names, too.",
            "06 Three piles of names",
        ),
        Mistake(
            "train and test forgotten",
            lambda train, dev, test: [name for name in dict.fromkeys(dev) if name in train or name in test],
            "Train and test are not compared: three piles make three pairs.",
            "06 A leak",
        ),
        Mistake(
            "in all three only",
            lambda train, dev, test: [name for name in dict.fromkeys(train) if name in dev and name in test],
            "Only what stands in all three piles is there: two are enough for a leak.",
            "06 A leak",
        ),
        Mistake(
            "repeats in one pile",
            lambda *piles: [name for name in dict.fromkeys(_all(piles)) if _all(piles).count(name) > 1],
            "A name that stands twice in one and the same pile is there: it has leaked only if it stands in another "
            "pile, too.",
            "06 A leak",
        ),
        Mistake(
            "each copy",
            lambda *piles: [name for pile in piles for name in pile if name in leaked(*piles)],
            "Every copy of a leaked name is there: each name is asked for once.",
            "06 A leak",
        ),
        Mistake(
            "what did not leak",
            lambda *piles: [name for name in dict.fromkeys(_all(piles)) if name not in leaked(*piles)],
            "These are the names that stand in one pile only: take the others.",
            "06 A leak",
        ),
        Mistake(
            "parts of names",
            lambda *piles: [
                name for name in dict.fromkeys(_all(piles)) if sum(name in " ".join(pile) for pile in piles) > 1
            ],
            "A name is found inside a longer one, as ann in joanna: look for it in a list or set of whole names, not "
            "in a text.",
            "06 A leak",
        ),
        Mistake(
            "all names",
            lambda *piles: list(dict.fromkeys(_all(piles))),
            "These are all names: keep one only if it stands in more than one pile.",
            "06 A leak",
        ),
    ),
    hints=(
        "Three piles make three pairs of piles. What do the two of a pair have in common?",
        "set(train) & set(dev) is what both hold, each name once.",
        "A name leaked if it is in any of the three: | joins sets.",
    ),
)

# 06.2 split_unique

Piles = tuple[list[str], list[str], list[str]]


def split_unique(names: list[str], seed: int) -> Piles:
    return _cut(_shuffled(_once(names), seed))


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _shuffled(names: list[str], seed: int) -> list[str]:
    names = list(names)
    random.Random(seed).shuffle(names)
    return names


def _cut(names: list[str], first: int = 8) -> Piles:
    """Cut into `first` tenths, a tenth, and the rest."""
    n1, n2 = first * len(names) // 10, (first + 1) * len(names) // 10
    return names[:n1], names[n1:n2], names[n2:]


def _pile(names: list[str], seed: int, first: int, second: int) -> Piles:
    once = _shuffled(_once(names), seed)
    n1, n2 = first * len(once) // 10, second * len(once) // 10
    return once[:n1], once[n1:n2], once[n2:]


def _cleaned_afterwards(names: list[str], seed: int) -> Piles:
    train, dev, test = map(_once, _cut(_shuffled(names, seed)))
    dev = [name for name in dev if name not in train]
    return train, dev, [name for name in test if name not in train + dev]


def _unique_measured(piles: Sequence[list[str]], names: list[str], seed: int) -> dict:
    train, dev, test = map(list, piles)
    everything, tenth = _once(names), len(set(names)) // 10
    return {
        "a name is in two piles": len(set(train + dev + test)) < sum(len(set(pile)) for pile in (train, dev, test)),
        "a name comes twice in a pile": any(len(set(pile)) < len(pile) for pile in (train, dev, test)),
        "every name is there": set(train + dev + test) == set(names),
        "the piles have 8, 1 and 1 tenths of the different names": [len(train), len(dev), len(test)]
        == [8 * tenth, tenth, tenth],
        "a pile is empty": not (train and dev and test),
        "the names were shuffled": set(train) != set(everything[: len(train)]),
    }


def _unique_cases(draws: Draws) -> list[tuple]:
    def case(size: int, repeated: int) -> tuple:
        names = draws.names(size)
        return sorted(names + names[:repeated]), draws.integer(0, 1000)

    return [case(20, 0), case(60, 30), case(80, 50), case(100, 40)]


SPLIT_UNIQUE = Exercise(
    number="06.2",
    name="split_unique",
    reference=split_unique,
    cases=_unique_cases,
    measure=_unique_measured,
    mistakes=(
        Mistake(
            "repeats kept",
            lambda names, seed: _cut(_shuffled(names, seed)),
            "A name that stands in the list twice is shuffled twice, and its copies fall into different piles: keep "
            "each name once.",
            "06 A leak",
        ),
        Mistake(
            "unique too late",
            lambda names, seed: tuple(map(_once, _cut(_shuffled(names, seed)))),
            "Each pile is made unique after the cut, when the copies already lie in different piles: do it before.",
            "06 A leak",
        ),
        Mistake(
            "cleaned afterwards",
            _cleaned_afterwards,
            "The copies are taken out of dev and test after the cut: nothing leaks, but these two shrink, so keep each "
            "name once before you shuffle.",
            "06 A leak",
        ),
        Mistake(
            "repeated names left out",
            lambda names, seed: _cut(_shuffled([name for name in names if names.count(name) == 1], seed)),
            "Names that stand twice are left out: they are names, too, so keep one copy.",
            "06 A leak",
        ),
        Mistake(
            "not shuffled",
            lambda names, seed: _cut(_once(names)),
            "The names are cut as they stand: sorted, as they may be, dev and test would hold one kind of names only.",
            "06 Three piles of names",
        ),
        Mistake(
            "other shares",
            lambda names, seed: _cut(_shuffled(_once(names), seed), 7),
            "The piles have other shares: train is to get eight tenths, dev and test one each.",
            "06 Three piles of names",
        ),
        Mistake(
            "test too large",
            lambda names, seed: _pile(names, seed, 8, 8),
            "Dev is empty and test has two tenths: cut twice, at eight and at nine tenths.",
            "06 Three piles of names",
        ),
        Mistake(
            "last names lost",
            lambda names, seed: (*split_unique(names, seed)[:2], split_unique(names, seed)[2][:-1]),
            "The last name is lost: a slice's end is not included, so names[n2:] and not names[n2:-1].",
            "06 Three piles of names",
        ),
    ),
    hints=(
        "First keep each name once, then shuffle, then cut: in this order.",
        "list(dict.fromkeys(names)) keeps each once; random.Random(seed).shuffle(unique) shuffles a list of your own.",
        "train = unique[:n1], dev = unique[n1:n2], test = unique[n2:], with n1 and n2 at 8 and 9 tenths.",
    ),
)

# 06.3 diagnose

WIDE, HIGH = 0.2, 2.3


def diagnose(on_train: list[float], on_dev: list[float]) -> list[str]:
    def word(train: float, dev: float) -> str:
        return "over" if dev - train > WIDE else "under" if train > HIGH else "fine"

    return _each(word)(on_train, on_dev)


def _each(word: Callable[[float, float], str]) -> Callable:
    """A diagnosis that asks `word` about each model."""
    return lambda on_train, on_dev: [word(*pair) for pair in zip(on_train, on_dev, strict=True)]


def _swapped(on_train: list[float], on_dev: list[float]) -> list[str]:
    other = {"over": "under", "under": "over", "fine": "fine"}
    return [other[word] for word in diagnose(on_train, on_dev)]


def _diagnose_cases(draws: Draws) -> list[tuple]:
    gaps = (-0.3, -0.03, 0.02, 0.06, 0.12, 0.17, 0.24, 0.4, 0.7)  # none near 0.2, where rounding would decide

    def case(size: int) -> tuple:
        on_train = [draws.integer(150, 260) / 100 + 0.005 for _ in range(size)]
        return on_train, [train + draws.choice(gaps) for train in on_train]

    return [([2.45, 2.05, 1.6], [2.47, 2.1, 2.5])] + [case(draws.integer(1, 6)) for _ in range(20)]


DIAGNOSE = Exercise(
    number="06.3",
    name="diagnose",
    reference=diagnose,
    cases=_diagnose_cases,
    mistakes=(
        Mistake(
            "words swapped",
            _swapped,
            "The words are swapped: overfitting is the wide gap, underfitting the high losses.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "train alone",
            _each(lambda train, dev: "under" if train > HIGH else "fine"),
            "Only the train loss is looked at, and it would choose the model that learned most by heart: compare it "
            "with dev.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "dev for train",
            _each(lambda train, dev: "under" if dev > HIGH else "over" if dev - train > WIDE else "fine"),
            "A high dev loss is called underfitting, but it is just as high when a model overfits: ask for the gap "
            "first, then for train.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "gap asked too late",
            _each(lambda train, dev: "under" if train > HIGH else "over" if dev - train > WIDE else "fine"),
            "A high train loss decides before the gap is asked for: the task asks for the gap first.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "gap the wrong way",
            _each(lambda train, dev: "over" if train - dev > WIDE else "under" if train > HIGH else "fine"),
            "The gap is taken the wrong way round: a model that overfits is worse on dev, so dev − train.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "any gap",
            _each(lambda train, dev: "over" if dev > train else "under" if train > HIGH else "fine"),
            "Every gap is called overfitting, but nearly all models are a little worse on dev: it is to be wider than "
            "0.2.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "ratio for gap",
            _each(lambda train, dev: "over" if dev / train > 1 + WIDE else "under" if train > HIGH else "fine"),
            "The gap is a difference, dev − train, and not a share of the loss.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "any loss is under",
            _each(lambda train, dev: "over" if dev - train > WIDE else "under"),
            "Whatever has no wide gap is called underfitting: only where train is above 2.3.",
            "06 Too small, or too sure",
        ),
    ),
    hints=(
        "Walk over both lists together: for train, dev in zip(on_train, on_dev).",
        "Ask two questions in this order: is dev − train over 0.2? If not, is train over 2.3?",
    ),
)

# 06.4 best_setting


def best_setting(on_train: Tensor, on_dev: Tensor, on_test: Tensor) -> int:
    means = [sum(seeds) / len(seeds) for seeds in on_dev.tolist()]
    return means.index(min(means))


def _setting_cases(draws: Draws) -> list[tuple]:
    on_dev, on_test = [[2.1, 2.3], [2.2, 2.12]], [[2.15, 2.2], [2.3, 2.1]]
    tables = [([[2.0, 2.1], [2.1, 2.15]], on_dev, on_test), ([[2.1, 2.25], [2.0, 2.05]], on_dev, on_test)]
    first = [tuple(map(torch.tensor, three)) for three in tables]

    def case() -> tuple:
        size = draws.integer(3, 6), draws.integer(2, 5)
        return tuple(2 + 0.3 * draws.uniform(size[0], 1) + 0.2 * draws.uniform(*size) for _ in range(3))

    return first + [case() for _ in range(20)]


BEST_SETTING = Exercise(
    number="06.4",
    name="best_setting",
    reference=best_setting,
    cases=_setting_cases,
    mistakes=(
        Mistake(
            "tuning on test",
            lambda on_train, on_dev, on_test: best_setting(on_train, on_test, on_dev),
            "This is tuning on test: the setting is chosen by the names that are to judge it, so their score will "
            "flatter. Choose by dev.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "tuning on train",
            lambda on_train, on_dev, on_test: best_setting(on_dev, on_train, on_test),
            "The setting is chosen by train, which prefers what learns most by heart: choose by dev.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "luckiest seed",
            lambda on_train, on_dev, on_test: on_dev.min(1).values.argmin().item(),
            "The setting with the luckiest single seed wins here: take each setting's mean over its seeds.",
            "06 A band, not a number",
        ),
        Mistake(
            "mean over the wrong axis",
            lambda on_train, on_dev, on_test: on_dev.mean(0).argmin().item(),
            "The mean runs over the wrong axis, and the best seed comes out: a row is a setting, so mean(1).",
            "06 A band, not a number",
        ),
        Mistake(
            "place in the whole table",
            lambda on_train, on_dev, on_test: on_dev.argmin().item(),
            "argmin without a mean finds the one lowest run, and counts through the whole table: first take the mean "
            "of each row.",
            "06 A band, not a number",
        ),
        Mistake(
            "highest loss",
            lambda on_train, on_dev, on_test: on_dev.mean(1).argmax().item(),
            "This is the highest mean: a loss is good when it is low.",
            "06 Three piles of names",
        ),
        Mistake(
            "loss for place",
            lambda on_train, on_dev, on_test: on_dev.mean(1).min().item(),
            "This is the lowest mean itself: return which row it stands in.",
            "06 A band, not a number",
        ),
        Mistake(
            "smallest gap",
            lambda on_train, on_dev, on_test: (on_dev - on_train).mean(1).argmin().item(),
            "The setting with the smallest gap is chosen: a model that learned nothing has none. The dev loss itself "
            "counts.",
            "06 Too small, or too sure",
        ),
        Mistake(
            "counted from 1",
            lambda on_train, on_dev, on_test: best_setting(on_train, on_dev, on_test) + 1,
            "The rows are counted from 0.",
            "06 A band, not a number",
        ),
        Mistake(
            "worst seed",
            lambda on_train, on_dev, on_test: on_dev.max(1).values.argmin().item(),
            "Each setting is judged by its worst seed: take its mean.",
            "06 A band, not a number",
        ),
    ),
    hints=(
        "Which of the three tables is there for choosing?",
        "on_dev.mean(1) is one number per setting; argmin says where the lowest is.",
    ),
)

# 06.5 real_gain


def real_gain(before: list[float], after: list[float]) -> bool:
    return _with_bands(_lies_below)(before, after)


def _lies_below(before: list[float], after: list[float]) -> bool:
    return max(after) < min(before)


def _with_bands(rule: Callable[[list[float], list[float]], bool]) -> Callable:
    """The rule, where both settings were run with two seeds or more."""
    return lambda before, after: len(before) > 1 and len(after) > 1 and rule(before, after)


def _mean(losses: Sequence[float]) -> float:
    return sum(losses) / len(losses)


def _gain_cases(draws: Draws) -> list[tuple]:
    first = [([2.2, 2.21], after) for after in ([2.15, 2.18], [2.15, 2.205], [2.15], [2.25, 2.26])]
    first += [([2.2], [2.1, 2.15])]  # one seed before the change
    # Where the means, the best, and the mean against the band say different things.
    first += [([2.19, 2.23], [2.195, 2.2]), ([2.2, 2.21], [2.19, 2.25]), ([2.2, 2.21], [2.195, 2.209])]

    def band(middle: int) -> list[float]:
        return [(middle + draws.integer(-9, 9)) / 1000 for _ in range(draws.choice((1, 2, 2, 3, 3, 4, 5)))]

    return first + [(band(2200), band(2200 + draws.integer(-24, 24))) for _ in range(60)]


REAL_GAIN = Exercise(
    number="06.5",
    name="real_gain",
    reference=real_gain,
    cases=_gain_cases,
    mistakes=(
        Mistake(
            "means compared",
            _with_bands(lambda before, after: _mean(after) < _mean(before)),
            "Only the means are compared, and of two equal settings one has the lower mean by luck: the whole band is "
            "to lie below the other.",
            "06 A band, not a number",
        ),
        Mistake(
            "best against best",
            _with_bands(lambda before, after: min(after) < min(before)),
            "The best seed is compared with the best: that is luck against luck. Even the worst after the change is to "
            "beat the best before.",
            "06 A band, not a number",
        ),
        Mistake(
            "mean against the band",
            _with_bands(lambda before, after: _mean(after) < min(before)),
            "The new mean lies below the old band, but the new band may still reach into it: compare its highest loss.",
            "06 A band, not a number",
        ),
        Mistake(
            "either way apart",
            _with_bands(lambda before, after: _lies_below(before, after) or _lies_below(after, before)),
            "Bands that lie apart the other way count as a gain here: then the change made it worse.",
            "06 A band, not a number",
        ),
        Mistake(
            "higher for better",
            _with_bands(lambda before, after: _lies_below(after, before)),
            "A higher loss is taken for a gain: losses are to fall.",
            "06 Three piles of names",
        ),
        Mistake(
            "one seed taken for a band",
            _lies_below,
            "A single seed is taken for a band: nobody knows yet how far it scatters, so the answer is False.",
            "06 A band, not a number",
        ),
        Mistake(
            "worst against worst",
            _with_bands(lambda before, after: max(after) < max(before)),
            "The worst seed is compared with the worst: the whole new band is to lie below the whole old one.",
            "06 A band, not a number",
        ),
        Mistake(
            "always a gain",
            lambda before, after: True,
            "Every change is called a gain: compare the two bands.",
            "06 A band, not a number",
        ),
    ),
    hints=(
        "Draw both bands on a line. Which two of their ends must not pass each other?",
        "The highest loss after the change is to be below the lowest before.",
        "With one seed on either side there is no band: return False.",
    ),
)

# 06.6 steps_within


def steps_within(budget: int, batch_size: int, block_size: int, emb_dim: int, hidden_dim: int, vocab_size: int) -> int:
    return budget // (6 * batch_size * _products(block_size, emb_dim, hidden_dim, vocab_size))


def _steps(count: Callable[[int, int, int, int], float], cost: int = 6) -> Callable[..., int]:
    """Steps within a budget, if `count` gave an example's products."""
    return lambda budget, batch_size, *sizes: int(budget / (cost * batch_size * count(*sizes)))


def _products(block_size: int, emb_dim: int, hidden_dim: int, vocab_size: int) -> int:
    return block_size * emb_dim * hidden_dim + hidden_dim * vocab_size


def _step_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        sizes = [draws.integer(*ends) for ends in ((16, 512), (2, 8), (2, 32), (20, 300), (5, 60))]
        return draws.integer(2, 40) * 10**9, *sizes

    return [(100_000, 10, 2, 3, 5, 4), *(case() for _ in range(15))]


STEPS_WITHIN = Exercise(
    number="06.6",
    name="steps_within",
    reference=steps_within,
    cases=_step_cases,
    mistakes=(
        Mistake(
            "context left out",
            _steps(lambda block_size, emb_dim, hidden_dim, vocab_size: hidden_dim * (emb_dim + vocab_size)),
            "The first layer reads one character here: it reads block_size of them, emb_dim numbers each.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "output layer left out",
            _steps(lambda block_size, emb_dim, hidden_dim, vocab_size: block_size * emb_dim * hidden_dim),
            "The output layer is left out: its hidden_dim × vocab_size products count, too.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "layers multiplied",
            _steps(
                lambda block_size, emb_dim, hidden_dim, vocab_size: block_size * emb_dim * hidden_dim**2 * vocab_size
            ),
            "The two layers' products are multiplied: they come one after the other, so add them.",
            "06 Let a program search",
        ),
        Mistake(
            "one example a step",
            lambda budget, batch_size, *sizes: budget // (6 * _products(*sizes)),
            "A step costs here what one example costs: it takes batch_size of them.",
            "06 Let a program search",
        ),
        Mistake(
            "six left out",
            _steps(_products, 1),
            "Only the products of the forward pass are counted: with the additions and the backward pass a step costs "
            "six times as much.",
            "06 Let a program search",
        ),
        Mistake(
            "rounded up",
            lambda budget, batch_size, *sizes: math.ceil(budget / (6 * batch_size * _products(*sizes))),
            "The steps are rounded up, and the last one is no longer paid for: round down.",
            "06 Let a program search",
        ),
        Mistake(
            "cost for steps",
            lambda budget, batch_size, *sizes: 6 * batch_size * _products(*sizes),
            "This is what one step costs: how many of them does the budget pay for?",
            "06 Let a program search",
        ),
        Mistake(
            "hidden units left out",
            _steps(lambda block_size, emb_dim, hidden_dim, vocab_size: block_size * emb_dim + vocab_size),
            "The hidden units are left out: each entry of W1 and of W2 takes a product.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "one layer's products",
            _steps(lambda block_size, emb_dim, hidden_dim, vocab_size: hidden_dim * vocab_size),
            "The first layer is left out: its block_size · emb_dim × hidden_dim products count, too.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "twice for six",
            _steps(_products, 2),
            "The backward pass is left out: with it a step costs six times its products, not two.",
            "06 Let a program search",
        ),
    ),
    hints=(
        "W1 has block_size · emb_dim rows and hidden_dim columns. What are the rows and columns of W2?",
        "One example costs (entries of W1 + entries of W2) products, and a step 6 · batch_size times that.",
        "budget // cost divides and rounds down.",
    ),
)

# 06.7 flattered

FIRST = (2.13, 2.09, 2.16, 2.12)  # four models' losses on one half of a test set, and on the other
SECOND = (2.12, 2.15, 2.11, 2.14)


def flattered() -> dict:
    return _flattered(min)


def _flattered(choose: Callable[[Sequence[float]], float]) -> dict:
    """The answers if `choose` picked the winner of a half."""
    here, there = FIRST.index(choose(FIRST)), SECOND.index(choose(SECOND))
    return {
        "chosen": here + 1,
        "reported": SECOND[here],
        "flattery": SECOND[here] - FIRST[here],
        "other way": FIRST[there] - SECOND[there],
    }


FLATTERED = Exercise(
    number="06.7",
    name="flattered",
    reference=flattered,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "chosen score reported",
            lambda: flattered() | {"reported": min(FIRST)},
            "The score that the model was chosen by is reported: a part of it is luck with those very names. Report "
            "what it has on the half that chose nothing.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "chosen once more",
            lambda: flattered() | {"reported": min(SECOND), "flattery": min(SECOND) - min(FIRST)},
            "The lowest score of the second half belongs to another model: to report it is to choose once more.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "sign turned",
            lambda: flattered() | {key: -flattered()[key] for key in ("flattery", "other way")},
            "The sign is turned: a model that looks better than it is has the lower loss where it was chosen, so "
            "subtract that from the honest one.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "both halves averaged",
            lambda: flattered() | {"reported": (min(FIRST) + 2.15) / 2, "flattery": 0.03, "other way": 0.025},
            "The honest score is a mean of both halves here: the half that chose still flatters in it.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "highest chosen",
            lambda: _flattered(max),
            "The highest loss was chosen: the best model has the lowest.",
            "06 Three piles of names",
        ),
        Mistake(
            "counted from 0",
            lambda: flattered() | {"chosen": 1},
            "The models are numbered from 1 in the table.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "mean of both flatteries",
            lambda: flattered() | {"flattery": 0.045, "other way": 0.045},
            "Both flatteries are averaged: each is asked for by itself.",
            "06 What choosing does to a score",
        ),
        Mistake(
            "other way's sign",
            lambda: flattered() | {"other way": -0.05},
            "The sign of the other way is turned: its loss where it was not chosen, less its loss where it was.",
            "06 What choosing does to a score",
        ),
    ),
    hints=(
        "On the first half the lowest is 2.09. Whose is it, and what does the same model have on the second?",
        "Flattery: its loss where it was not chosen, less its loss where it was.",
    ),
)

EXERCISES = (LEAKED, SPLIT_UNIQUE, DIAGNOSE, BEST_SETTING, REAL_GAIN, STEPS_WITHIN, FLATTERED)
