"""The project of lessons 02 and 02b (floor 3): Kneser-Ney with dictionaries, below 2.00 on dev."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from types import SimpleNamespace
from typing import Any

import torch

from makemlp.checking.drawing import Draws
from makemlp.checking.parts import parts, whose
from makemlp.checking.specification import Exercise, Mistake, Trial
from makemlp.data import Vocabulary, bundled_names, split

Counts = dict[str, dict[str, int]]


def _plain(found: Any) -> Any:
    """Dictionaries of any kind, such as a Counter, as plain ones; empty rows and counts of 0 say nothing."""
    if not isinstance(found, dict):
        return found
    rows = {}
    for context, row in found.items():
        if not isinstance(context, str) or not isinstance(row, dict):
            raise TypeError(f"for each context a dictionary from symbols to counts is wanted, and {row!r} came"[:200])
        if kept := {symbol: int(count) if count == int(count) else count for symbol, count in row.items() if count}:
            rows[context] = kept
    return rows


def _differences(rows: Counts, *_: Any) -> dict[str, int]:
    """The counts as one flat dictionary, by what they are after: "e after 'mm'"."""
    return {f"{symbol!r} after {context!r}": count for context, row in rows.items() for symbol, count in row.items()}


# 02.6 count_contexts


def count_contexts(names: list[str], longest: int) -> Counts:
    return _counted(names, longest)


def _counted(
    names: list[str],
    longest: int,
    dots: int = 1,
    end: bool = True,
    shortest: int = 0,
    only: bool = False,
    first: int | None = None,
) -> Counts:
    """Counts of every symbol after every context, with a switch for each way to get it wrong."""
    counts: Counts = {}
    for name in names:
        symbols = "." * dots + name + "." * end
        for i in range(dots if first is None else first, len(symbols)):
            for n in range(min(i, longest) + 1):
                if n >= (longest if only else shortest):
                    row = counts.setdefault(symbols[i - n : i], {})
                    row[symbols[i]] = row.get(symbols[i], 0) + 1
    return counts


def _too_short(names: list[str], longest: int) -> Counts:
    return count_contexts(names, longest - 1)


def _names_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        return draws.names(draws.integer(2, 6)), draws.integer(1, 4)

    return [(["ab"], 1), (["aba"], 2), (["ab", "ab", "b"], 2)] + [case() for _ in range(12)]


COUNT_CONTEXTS = Exercise(
    number="02.6",
    name="count_contexts",
    reference=count_contexts,
    cases=_names_cases,
    use=lambda answer, names, longest: _plain(answer(names, longest)),
    measure=_differences,
    mistakes=(
        Mistake(
            "two dots or more",
            lambda names, longest: _counted(names, longest, dots=max(1, longest)),
            "There are contexts with more than one dot: one dot is enough to say that a name begins.",
            "02b Tables of every length",
        ),
        Mistake(
            "the first dot counted",
            lambda names, longest: _counted(names, longest, first=0),
            "The dot before a name is counted as a symbol that came: it is given, so counting begins with the first "
            "letter.",
            "02b Tables of every length",
        ),
        Mistake(
            "the end left out",
            lambda names, longest: _counted(names, longest, end=False),
            "The end of a name is a symbol, too: count the dot after the last letter.",
            "02b Tables of every length",
        ),
        Mistake(
            "the empty context left out",
            lambda names, longest: _counted(names, longest, shortest=1),
            "The empty context is missing: it counts how often each symbol occurs at all.",
            "02b Tables of every length",
        ),
        Mistake(
            "one length only",
            lambda names, longest: _counted(names, longest, only=True),
            "Only the longest contexts are counted: all lengths from 0 to longest are asked for.",
            "02b Tables of every length",
        ),
        Mistake(
            "one too short",
            _too_short,
            "The longest contexts are missing: lengths go up to longest, which is included.",
            "02b Tables of every length",
        ),
    ),
    hints=(
        'Put the dots around the name, "." + name + ".". Each symbol but the first is counted once for each length.',
        "The context of length n before symbols[i] is symbols[i - n : i], and n goes from 0 to min(i, longest).",
        "counts.setdefault(context, {}) gives the context's row, a new one if there is none.",
    ),
)

# 02.7 continuation_counts


def continuation_counts(counts: Counts, longest: int) -> Counts:
    return _continued(counts, longest)


def _continued(
    counts: Counts,
    longest: int,
    keep_dots: bool = True,
    keep_longest: bool = True,
    empty_too: bool = False,
    dots_too: bool = True,
) -> Counts:
    new: Counts = {}
    for context, row in counts.items():
        if (keep_longest and len(context) == longest) or (keep_dots and context.startswith(".")):
            new[context] = dict(row)
    for context, row in counts.items():
        shorter = context[1:]
        counted = dots_too or not context.startswith(".")
        if counted and (context or empty_too) and not (keep_dots and shorter.startswith(".")):
            for symbol in row:
                seen = new.setdefault(shorter, {})
                seen[symbol] = seen.get(symbol, 0) + 1
    return new


def _counts_cases(draws: Draws) -> list[tuple]:
    by_hand = (count_contexts(["igh"] * 5 + ["agh"], 2), 2)
    return [*((count_contexts(names, longest), longest) for names, longest in _names_cases(draws)), by_hand]


def _after_contexts(counts: Counts, longest: int) -> Counts:
    """How many symbols follow instead of how many contexts come before."""
    return {
        context: dict(row)
        if len(context) == longest or context.startswith(".")
        else {symbol: len(row) for symbol in row}
        for context, row in counts.items()
    }


CONTINUATION_COUNTS = Exercise(
    number="02.7",
    name="continuation_counts",
    reference=continuation_counts,
    cases=_counts_cases,
    use=lambda answer, counts, longest: _plain(answer(counts, longest)),
    measure=_differences,
    mistakes=(
        Mistake(
            "counts unchanged",
            lambda counts, longest: counts,
            "These are the plain counts, which are also the sums over the longer contexts: let each longer context in "
            "which a symbol came count as 1.",
            "02b In how many contexts?",
        ),
        Mistake(
            "beginnings changed",
            lambda counts, longest: _continued(counts, longest, keep_dots=False),
            "A context that begins with the dot keeps its plain counts, because nothing stands before a name.",
            "02b In how many contexts?",
        ),
        Mistake(
            "longest left out",
            lambda counts, longest: _continued(counts, longest, keep_longest=False),
            "The longest contexts keep their plain counts, because nothing longer is asked.",
            "02b In how many contexts?",
        ),
        Mistake(
            "the empty context counts for itself",
            lambda counts, longest: _continued(counts, longest, empty_too=True),
            'The empty context gives 1 to its own row, because ""[1:] is "" again: it is no longer context than '
            "itself, so pass over it.",
            "02b In how many contexts?",
        ),
        Mistake(
            "beginnings passed over",
            lambda counts, longest: _continued(counts, longest, dots_too=False),
            "Contexts that begin with the dot are passed over: they keep their own counts, but each is one more "
            "context for the shorter one, as .a is for a.",
            "02b In how many contexts?",
        ),
        Mistake(
            "symbols after, not contexts before",
            _after_contexts,
            "This counts how many different symbols follow a context: count in how many longer contexts, with one "
            "more symbol before it, each symbol came.",
            "02b In how many contexts?",
        ),
    ),
    hints=(
        "First copy what stays: contexts of length longest, and those that begin with the dot.",
        "Then each longer context gives 1 to each symbol of its row, in the row of context[1:]. Which rows are left "
        "out?",
    ),
)

# 02.8 kn_probability


def kn_probability(context: str, symbol: str, counts: Counts, discount: float, vocab_size: int) -> float:
    return _probability(context, symbol, counts, discount, vocab_size)


def _probability(
    context: str,
    symbol: str,
    counts: Counts,
    discount: float,
    vocab_size: int,
    back_off: bool = False,
    by: Callable[[dict], float] = len,
    bottom: bool = True,
    cut: Callable[[str], str] = lambda context: context[1:],
    least: float = 0.0,
) -> float:
    def ask(context: str) -> float:
        shorter = ask(cut(context)) if context else (1 / vocab_size if bottom else 0.0)
        row = counts.get(context)
        if not row:
            return shorter
        total = sum(row.values())
        taken = discount * by(row) / total
        left = max(row.get(symbol, 0) - discount, least) / total
        return left if back_off and symbol in row else left + taken * shorter

    return ask(context)


def _never_ending(context: str, symbol: str, counts: Counts, discount: float, vocab_size: int) -> float:
    return _never_ending(context[1:], symbol, counts, discount, vocab_size)


def _unforgiving(context: str, symbol: str, counts: Counts, discount: float, vocab_size: int) -> float:
    return kn_probability(context, symbol, counts, discount, vocab_size) if counts.get(context) else 0.0


def _forgiving(context: str, symbol: str, counts: Counts, discount: float, vocab_size: int) -> float:
    row = counts.get(context)
    return kn_probability(context, symbol, counts, discount, vocab_size) if row else 1 / vocab_size


def _probability_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        names, longest = draws.names(draws.integer(3, 8)), draws.integer(1, 3)
        counts = continuation_counts(count_contexts(names, longest), longest)
        alphabet = "." + "".join(sorted(set("".join(names))))
        context = draws.choice([*sorted(counts), draws.choice(alphabet[1:]) * longest])
        return context, draws.choice(alphabet), counts, draws.choice((0.5, 0.75)), len(alphabet)

    small = {"": {"a": 3, "b": 1}, "a": {"a": 1, "b": 1}}
    first = [(context, symbol, small, 0.5, 3) for context, symbol in (("", "b"), ("a", "b"), ("a", "a"), ("b", "a"))]
    return first + [case() for _ in range(30)]


KN_PROBABILITY = Exercise(
    number="02.8",
    name="kn_probability",
    reference=kn_probability,
    cases=_probability_cases,
    mistakes=(
        Mistake(
            "shorter context only for what is new",
            lambda *asked: _probability(*asked, back_off=True),
            "The shorter context is asked only for symbols that never came here: what was taken is shared among all "
            "symbols, also those that came.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "one discount taken",
            lambda *asked: _probability(*asked, by=lambda row: 1),
            "What was taken is one discount here: every symbol of the row gives one, so it is discount · len(row).",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "taken from what never came",
            lambda *asked: _probability(*asked, least=-math.inf),
            "A symbol that never came gives up the discount, too, so that its probability can be negative: what is "
            "left of a count is at least 0.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "calls itself without end",
            _never_ending,
            'It calls itself without end, because ""[1:] is "" again: give the empty context its answer before you '
            "ask for a shorter one.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "nothing below the empty context",
            lambda *asked: _probability(*asked, bottom=False),
            "Below the empty context is uniform, 1 / vocab_size: else a symbol that never came is impossible.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "shortened at the wrong end",
            lambda *asked: _probability(*asked, cut=lambda context: context[:-1]),
            "The shorter context lacks the newest symbol: it is the oldest one that goes, context[1:].",
            "02b Ask the shorter context",
        ),
        Mistake(
            "unknown context impossible",
            _unforgiving,
            "A context that was never seen makes every symbol impossible here: such a context says what the shorter "
            "one says.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "unknown context uniform",
            _forgiving,
            "A context that was never seen gives 1 / vocab_size: it says what the shorter context says.",
            "02b Ask the shorter context",
        ),
    ),
    hints=(
        "It calls itself: shorter = kn_probability(context[1:], …), and 1 / vocab_size below the empty context.",
        "If the context has no row, return shorter.",
        "Else (count − discount, but at least 0) / total + discount * len(row) / total * shorter.",
    ),
)

# 02.9 own_kneser_ney

BAR = 2.0  # nats on dev
SECONDS = 60.0  # of processor time; the course's own answer takes 3
PARTS = {
    "count_contexts": count_contexts,
    "continuation_counts": continuation_counts,
    "kn_probability": kn_probability,
}


@lru_cache(maxsize=1)
def _given() -> tuple[list[str], list[str], str]:
    """The train and the dev names, and all symbols."""
    names = bundled_names()
    train, dev, _ = split(names)
    return train, dev, "".join(Vocabulary(names).itos)


@dataclass
class Came:
    """What came after a context in the dev names.

    Parameters
    ----------
    place : of the context, in the order of their first coming.
    symbols : the places of those that came, with how often.
    """

    place: int
    symbols: Counter[int] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """Whether all symbols are asked for here: at each 32nd context it is seen whether they sum to one."""
        return self.place % 32 == 0


@lru_cache(maxsize=1)
def _asked() -> dict[str, Came]:
    """Everything that stands before a symbol of a dev name, each once."""
    found: dict[str, Came] = {}
    for name in _given()[1]:
        for i, symbol in enumerate(name + "."):
            came = found.setdefault("." + name[:i], Came(len(found)))
            came.symbols[_given()[2].index(symbol)] += 1
    return found


def own_kneser_ney(train_names: list[str], symbols: str, parts: SimpleNamespace) -> Callable[[str, str], float]:
    counts = parts.continuation_counts(parts.count_contexts(train_names, 5), 5)

    @cache
    def row(context: str) -> dict[str, float]:
        return {s: parts.kn_probability(context, s, counts, 0.85, len(symbols)) for s in symbols}

    return lambda before, symbol: row(before[-5:])[symbol]


def _tried(answer: Callable) -> dict | None:
    """The probabilities (contexts, symbols) that its model gives on dev; nan for what was not asked."""
    train, _, symbols = _given()
    given, own = parts(PARTS)
    model = answer(list(train), symbols, given)
    if model is None:
        return None
    if not callable(model):
        raise TypeError(f"a function probability(before, symbol) is wanted, and a {type(model).__name__} came back")
    probs = torch.full((len(_asked()), len(symbols)), math.nan, dtype=torch.float64)
    for row, (before, came) in zip(probs, _asked().items(), strict=True):
        for place in range(len(symbols)) if came.whole else came.symbols:
            row[place] = float(model(before, symbols[place]))
    return {"probs": probs, "own": own}


def _loss(probs: torch.Tensor) -> float:
    """In nats per character of dev."""
    places = [(came.place, symbol, n) for came in _asked().values() for symbol, n in came.symbols.items()]
    rows, columns, times = torch.tensor(places).T
    return -(times * probs[rows, columns].log()).sum().item() / times.sum().item()


def _judged(seen: dict) -> tuple[str, str]:
    probs = seen["probs"]
    if tuple(probs.shape) != (len(_asked()), len(_given()[2])):
        return "shape", "A probability is wanted for every context and symbol."
    if (probs < 0).any():
        return "negative", _lowest(probs)
    whole = {before: came.place for before, came in _asked().items() if came.whole}
    sums = probs[list(whole.values())].sum(1)
    if not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        worst = int((sums - 1).abs().argmax())
        return "too much in all" if sums[worst] > 1 else "too little in all", _sum_after([*whole][worst], sums[worst])
    loss = _loss(probs)
    shown = f"{loss:.3f} nats on dev."
    if math.isinf(loss):
        return "impossible", shown
    if loss < 1.9:
        return "learned dev", shown
    if loss >= BAR:
        kind, why = _diagnosis(probs)
        return kind, f"{shown} {why}"
    return "met", f"{shown} {whose(PARTS, seen['own'])}"


def _lowest(probs: torch.Tensor) -> str:
    place, symbol = divmod(int(probs.nan_to_num(math.inf).argmin()), probs.shape[1])
    before = next(islice(_asked(), place, None))
    return f"After {before!r}, {_given()[2][symbol]!r} has {probs[place, symbol].item():.3f}."


def _sum_after(before: str, total: torch.Tensor) -> str:
    return f"After {before!r} they add up to {total.item():.3f}."


# Which part of a model is wrong: found from its probabilities alone, as they could be anyone's.

LONGEST = 8  # characters that a model is tried for
DISCOUNTS = [i / 20 for i in range(1, 21)]
TRIED = 20  # contexts that are compared: those that came most often in dev, with most symbols
FAR = 0.02  # a discount between two of those that are tried moves no probability by as much
DEEP, LEAST, GOOD, MOST = 5, 0.75, 0.85, 0.95  # a depth and discounts that end below the bar


def _looks_back(probs: torch.Tensor) -> int | None:
    """How many characters decide what a model says: where the last n agree, all it says must agree, too."""
    asked = sorted(_asked().items(), key=lambda one: not one[1].whole)  # rows that are known whole tell most
    rows = probs[[came.place for _, came in asked]]
    for n in range(LONGEST):
        firsts: dict[str, int] = {}
        known = rows[[firsts.setdefault(before[max(0, len(before) - n) :], i) for i, (before, _) in enumerate(asked)]]
        if (torch.isclose(known, rows, rtol=1e-6, atol=1e-9) | known.isnan() | rows.isnan()).all():
            return n
    return None


@lru_cache(maxsize=4)
def _counts(longest: int, plain: bool) -> Counts:
    counts = count_contexts(_given()[0], longest)
    return counts if plain else continuation_counts(counts, longest)


def _rows(counts: Counts, longest: int, discount: float) -> Callable[[str], dict[str, float]]:
    """A function that gives the whole row after what stands before; a shorter context's row is computed once."""
    symbols = _given()[2]

    @cache
    def row(context: str) -> dict[str, float]:
        shorter = row(context[1:]) if context else dict.fromkeys(symbols, 1 / len(symbols))
        counted = counts.get(context)
        if not counted:
            return shorter
        total = sum(counted.values())
        taken = discount * len(counted) / total
        return {s: max(counted.get(s, 0) - discount, 0) / total + taken * p for s, p in shorter.items()}

    return lambda before: row(before[-longest:])


@lru_cache(maxsize=1)
def _usual() -> list[tuple[str, Came]]:
    return sorted(_asked().items(), key=lambda one: -one[1].symbols.total())[:TRIED]


def _miss(probs: torch.Tensor, longest: int, plain: bool, discount: float) -> tuple[float, str, str, float]:
    """By how much the model misses Kneser-Ney at the most, and where: after what, which symbol, what is right."""
    symbols, row = _given()[2], _rows(_counts(longest, plain), longest, discount)
    places = [(before, came.place, s) for before, came in _usual() for s in came.symbols]
    misses = [
        (abs(probs[place, s].item() - row(before)[symbols[s]]), before, symbols[s], row(before)[symbols[s]])
        for before, place, s in places
    ]
    return max(misses)


def _diagnosis(probs: torch.Tensor) -> tuple[str, str]:
    """The known mistake, and a sentence that says which depth, counts and discount the model has."""
    longest = _looks_back(probs)
    if not longest:
        says = f"uses more than the last {LONGEST} characters. Does it keep the newest ones, before[-{DEEP}:]?"
        return ("not there yet", f"Your model {says}") if longest is None else ("too short", "It looks back at none.")
    fits = {
        (plain, discount): _miss(probs, longest, plain, discount) for plain in (True, False) for discount in DISCOUNTS
    }
    (plain, discount), (miss, *_) = min(fits.items(), key=lambda fit: fit[1][0])
    depth = f"Your model looks back {longest} character{'s' * (longest > 1)}"
    if miss > FAR:
        _, before, symbol, p = _miss(probs, longest, False, GOOD)
        mine = probs[_asked()[before].place, _given()[2].index(symbol)].item()
        says = f"After {before!r} it gives {symbol!r} {mine:.3f}, which is too {'large' if mine > p else 'small'}"
        return "not there yet", f"{depth}. {says}: Kneser-Ney of this depth has {p:.3f} with a discount of {GOOD:g}."
    says = f"{depth}, has {'plain' if plain else 'continuation'} counts and a discount of about {discount:g}."
    if longest < DEEP:
        return "too short", says
    if plain:
        return "plain counts", says
    if LEAST <= discount <= MOST:
        return "not there yet", says
    return "discount too small" if discount < LEAST else "discount too large", says


def _with(discount: float, longest: int, plain: bool = False, names: list[str] | None = None) -> Callable:
    def train(train_names: list[str], symbols: str, parts: SimpleNamespace) -> Callable[[str, str], float]:
        counts = _counts(longest, plain)
        if names:
            counts = continuation_counts(count_contexts(names + train_names, longest), longest)
        row = _rows(counts, longest, discount)
        return lambda before, symbol: row(before)[symbol]

    return train


def _changed(change: Callable[[float], float]) -> Callable:
    """A model whose probabilities are changed."""

    def train(train_names: list[str], symbols: str, parts: SimpleNamespace) -> Callable[[str, str], float]:
        row = _rows(_counts(3, False), 3, 0.85)
        return lambda before, symbol: change(row(before)[symbol])

    return train


OWN_KNESER_NEY = Exercise(
    number="02.9",
    name="own_kneser_ney",
    reference=own_kneser_ney,
    cases=lambda draws: [()],
    trial=Trial(_tried, _judged, SECONDS, lambda seen: {"dev": _loss(seen["probs"])}),
    forbidden=("makemlp.counts.*",),
    mistakes=(
        Mistake(
            "negative",
            _changed(lambda p: 1.5 * p - 0.5 / len(_given()[2])),
            "A probability is below 0: a symbol that never came gives up nothing, so what is left of a count is at "
            "least 0.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "too much in all",
            _changed(lambda p: 2 * p),
            "The probabilities after a context add up to more than one, so they are too large: what goes to the "
            "shorter context must be taken from the counts first, one discount from each symbol that came.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "too little in all",
            _changed(lambda p: p / 2),
            "The probabilities after a context add up to less than one, so they are too small: all that was taken from "
            "the counts must reach the shorter context, and below the empty one is 1 / vocab_size for every symbol.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "impossible",
            _with(0.0, 3),
            "Something came that the model held to be impossible, so the loss is infinite: with a discount above 0 "
            "the shorter contexts are always asked.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "learned dev",
            lambda train_names, symbols, parts: _with(0.85, 6, names=_given()[1])(train_names, symbols, parts),
            "No honest count model is that low: learn from train_names only.",
            "02 Keep some names back",
        ),
        Mistake(
            "too short",
            _with(0.75, 3, plain=True),
            "This is not yet below 2.00, and the depth is wrong: look back five characters.",
            "02b Tables of every length",
        ),
        Mistake(
            "plain counts",
            _with(0.85, 5, plain=True),
            "This is not yet below 2.00, and the counts are wrong: take continuation counts in place of plain ones.",
            "02b In how many contexts?",
        ),
        Mistake(
            "discount too small",
            _with(0.5, 5),
            f"This is not yet below 2.00, and the discount is too small: {LEAST:g} to {MOST:g} are good.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "discount too large",
            _with(1.0, 5),
            f"This is not yet below 2.00, and the discount is too large: {LEAST:g} to {MOST:g} are good.",
            "02b Kneser and Ney's idea",
        ),
        Mistake(
            "not there yet",
            _changed(lambda p: (p + 1 / len(_given()[2])) / 2),
            "This is not yet below 2.00.",
            "02b In how many contexts?",
        ),
    ),
    hints=(
        "counts = parts.continuation_counts(parts.count_contexts(train_names, 5), 5)",
        "Return a function of (before, symbol), which cuts before to its last five symbols: before[-5:].",
        "functools.cache keeps what was computed once. A discount of 0.85 reaches 1.99.",
    ),
)

EXERCISES = (COUNT_CONTEXTS, CONTINUATION_COUNTS, KN_PROBABILITY, OWN_KNESER_NEY)
