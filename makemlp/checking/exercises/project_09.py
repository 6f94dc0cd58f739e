"""The project of lesson 09 (floor 3): names of one's own, two models of them, and a page that says what they are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from makemlp.checking.drawing import Draws
from makemlp.checking.exercises import project_05
from makemlp.checking.parts import entries, parts, whose
from makemlp.checking.specification import Exercise, Mistake, Trial
from makemlp.counts import CountModel
from makemlp.data import Vocabulary, build_dataset, bundled_names, split
from makemlp.mlp import MLP
from makemlp.scoring import compare, nll

# 09.10 read_list


def read_list(text: str, symbols: str) -> dict:
    return _read(text, symbols)


def _read(
    text: str,
    symbols: str,
    clean: Callable[[str], str] = lambda line: line.strip().lower(),
    empty: bool = False,
    repair: bool = False,
    known: Callable[[str, list[str], set[str]], bool] = lambda name, names, seen: name in seen,
    order: Callable[[list[str]], list[str]] = list,
    first: str = "left out",
) -> dict:
    """The names in a text and what became of the other lines, with a switch for each way to get it wrong."""
    names: list[str] = []
    seen: set[str] = set()
    counts = {"left out": 0, "twice": 0}
    for line in text.splitlines():
        name = clean(line)
        name = "".join(c for c in name if c in symbols) if repair else name
        strange = not set(name) <= set(symbols)
        if not name and not empty:
            continue
        if strange or not name:
            counts["left out"] += 1
        elif known(name, names, seen):
            counts["twice"] += 1
            if first == "kept":
                names.append(name)
        else:
            names.append(name)
        seen.add(name)
    return {"names": order(names), **counts}


def _text_cases(draws: Draws) -> list[tuple]:
    def line(some: list[str]) -> str:
        name = draws.choice(some)
        kinds = (name, name, name.upper(), name.title(), f"  {name}", f"{name} \t", "", "   ", f"{name}-x", f"{name}é")
        return draws.choice(kinds)

    def case() -> tuple:
        some = draws.names(draws.integer(4, 12))
        lines = [*some[::-1], draws.choice(some), draws.choice(some).upper(), f" {some[0]}", ""]
        lines += [f"{some[0]}-{some[1]}", f"{some[0]} {some[1]}"]
        return "\n".join(lines + [line(some) for _ in range(draws.integer(5, 20))] + some[:1]), "abcdefghij"

    printed = ("Eva\nada\nAnne-Marie\nADA", "ademnrvi")
    return [printed, ("Eva\n  ada \n\nAnne-Marie\nADA\nada", "ademnvir")] + [case() for _ in range(8)]


READ_LIST = Exercise(
    number="09.10",
    name="read_list",
    reference=read_list,
    cases=_text_cases,
    measure=entries("names", "left out", "twice"),
    mistakes=(
        Mistake(
            "capitals kept",
            lambda text, symbols: _read(text, symbols, clean=str.strip),
            "Names with capitals are treated as strange ones: make all letters small first.",
            "06 A leak",
        ),
        Mistake(
            "spaces kept",
            lambda text, symbols: _read(text, symbols, clean=str.lower),
            "The spaces around a name make it another name: strip them first.",
            "06 A leak",
        ),
        Mistake(
            "empty lines counted",
            lambda text, symbols: _read(text, symbols, empty=True),
            "An empty line is counted as a name that was left out: it is no name at all.",
            "06 A leak",
        ),
        Mistake(
            "names repaired",
            lambda text, symbols: _read(text, symbols, repair=True),
            "A name with a strange character is cut to what is left of it, which nobody is called: leave it out.",
            "06 A leak",
        ),
        Mistake(
            "twice kept",
            lambda text, symbols: _read(text, symbols, first="kept"),
            "A name that came before is still in the list: it could land in train and in dev.",
            "06 A leak",
        ),
        Mistake(
            "only neighbours compared",
            lambda text, symbols: _read(text, symbols, known=lambda name, names, seen: name in names[-1:]),
            "A name is compared with the one before it only: it may have come anywhere above.",
            "06 A leak",
        ),
        Mistake(
            "in another order",
            lambda text, symbols: _read(text, symbols, order=sorted),
            "The names are sorted: they are to come in the order in which they stand in the text.",
            "06 A leak",
        ),
    ),
    hints=(
        "for line in text.splitlines(), and name = line.strip().lower().",
        "One after the other: nothing for an empty name, left out for one that has a character which is not in "
        "symbols, twice for one that is in names, and else it is appended.",
    ),
)

# 09.11 write_card

Facts = dict[str, float]
SECTIONS = {
    "Data": ("names", "train", "dev", "test"),
    "Model": ("parameters", "context"),
    "Numbers": ("table", "network", "lead from", "lead to", "on test", "copied"),
    "Limits": (),
}
EXAMPLE: Facts = {
    **{"names": 1200, "train": 960, "dev": 120, "test": 120, "parameters": 4127, "context": 3},
    **{"table": 2.114, "network": 2.163, "lead from": -0.081, "lead to": -0.017, "on test": 2.131, "copied": 0.208},
}
VERDICTS = ("network", "table", "undecided")


def write_card(facts: Facts, limits: Sequence[str]) -> str:
    return _written(facts, limits)


def _verdict_of(facts: Facts) -> str:
    """Which model is better on dev, as far as the interval of the network's lead can tell."""
    return "network" if facts["lead from"] > 0 else "table" if facts["lead to"] < 0 else "undecided"


def _written(
    facts: Facts,
    limits: Sequence[str],
    order: Sequence[str] = tuple(SECTIONS),
    title: str = "# Model card\n\n",
    decimals: int = 3,
    left_out: tuple[str, ...] = (),
    verdict: Callable[[Facts], str] = _verdict_of,
    together: bool = False,
    shown: Callable[[str, float], float] = lambda name, value: value,
    bullets: Callable[[Sequence[str]], str] = lambda limits: "".join(f"- {limit}\n" for limit in limits),
) -> str:
    """A page with the facts, with a switch for each way to get it wrong."""
    page = title
    for section in order:
        heading = f"## {section}\n\n"
        page += heading if not together or section in ("Data", "Limits") else ""
        for name in SECTIONS[section]:
            value = shown(name, facts[name])
            number = f"{value:.{decimals}f}" if isinstance(value, float) else f"{value:,}"
            page += f"- {name}: {number}\n" if name not in left_out else ""
        page += f"- better on dev: {verdict(facts)}\n" if section == "Numbers" and verdict(facts) else ""
        page += bullets(limits) if section == "Limits" else ""
        page += "\n"
    return page


def _sections_of(page: str) -> dict[str, str]:
    """What stands under each heading of the second level, in the page's order."""
    pieces = re.split(r"^##[ \t]+(.+?)[ \t]*$", page, flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _numbers_in(text: str) -> list[tuple[float, int]]:
    """Every number in a text, with how many decimals it has."""
    found = re.findall(r"[-+−]?\d[\d,_]*(?:\.\d+)?", text)
    plain = [one.replace("−", "-").replace(",", "").replace("_", "") for one in found]
    return [(float(one), len(one.partition(".")[2])) for one in plain]


def _absent(page: str, section: str, facts: Facts, slack: dict[str, float] | None = None) -> list[str]:
    """Those of a section's facts that do not stand there; what is no whole number has three decimals."""
    numbers = _numbers_in(_sections_of(page).get(section, ""))

    def stands(name: str) -> bool:
        value, whole = facts[name], isinstance(facts[name], int)
        near = 0.00051 + (slack or {}).get(name, 0.0)
        return any(x == value if whole else places == 3 and abs(x - value) <= near for x, places in numbers)

    return [name for name in SECTIONS[section] if not stands(name)]


def _said(page: str) -> list[str]:
    """Which verdicts stand in the section of the numbers, where a line tells which model is better."""
    lines = re.findall(r"^.*better on dev.*$", _sections_of(page).get("Numbers", ""), flags=re.M | re.I)
    return [verdict for verdict in VERDICTS if any(re.search(rf"\b{verdict}\b", line, re.I) for line in lines)]


def _limits_in(page: str) -> list[str]:
    return re.findall(r"^[-*][ \t]+(.+?)[ \t]*$", _sections_of(page).get("Limits", ""), flags=re.M)


def _card_measured(page: str, facts: Facts, limits: Sequence[str]) -> dict:
    return {
        "begins with a title": bool(re.match(r"\s*#[ \t]+\S", page)),
        "sections": list(_sections_of(page)),
        **{f"not in {section}": _absent(page, section, facts) for section in ("Data", "Model", "Numbers")},
        "better on dev": _said(page),
        "limits": [limit for limit in limits if limit in _limits_in(page)],
    }


def _card_cases(draws: Draws) -> list[tuple]:
    sentences = [
        "The list holds names of one country only.",
        "Rare names were left out when the list was made.",
        "Nobody has looked at the made-up names.",
        "Names with accents were left out.",
    ]

    def case(middle: float) -> tuple:
        table, network, tested = (2 + 0.4 * draws.uniform(3).double()).tolist()
        tenth = draws.integer(50, 3000)
        counts = {"names": 10 * tenth + 3, "train": 8 * tenth, "dev": tenth + 1, "test": tenth + 2}
        facts = counts | {"parameters": draws.integer(1000, 20_000), "context": draws.integer(3, 8)}
        facts |= {"table": table, "network": network, "lead from": middle - 0.0234, "lead to": middle + 0.0178}
        facts |= {"on test": tested, "copied": 0.1 + 0.6 * float(draws.uniform(1).double())}
        return facts, sentences[draws.integer(0, 1) :][: draws.integer(2, 3)]

    return [(EXAMPLE, sentences[:2])] + [case(middle) for middle in (0.0412, -0.0513, 0.0101, -0.0089, 0.0608)]


WRITE_CARD = Exercise(
    number="09.11",
    name="write_card",
    reference=write_card,
    cases=_card_cases,
    measure=_card_measured,
    mistakes=(
        Mistake(
            "the example's page",
            lambda facts, limits: _written(EXAMPLE, limits),
            "The numbers are those of the example, whatever the facts are: take them from facts.",
            "09 Then test, once",
        ),
        Mistake(
            "two decimals",
            lambda facts, limits: _written(facts, limits, decimals=2),
            "Numbers that are not whole are to have three decimals: models here differ by hundredths.",
            "06 A band, not a number",
        ),
        Mistake(
            "no interval",
            lambda facts, limits: _written(facts, limits, left_out=("lead from", "lead to")),
            "The lead's interval is missing: without it nobody can tell a lead from luck.",
            "09 Then test, once",
        ),
        Mistake(
            "the lower number wins",
            lambda facts, limits: _written(
                facts, limits, verdict=lambda f: "network" if f["network"] < f["table"] else "table"
            ),
            "The model with the lower loss is called better, even where the interval of the lead holds 0: then it is "
            "undecided.",
            "06 A band, not a number",
        ),
        Mistake(
            "no verdict",
            lambda facts, limits: _written(facts, limits, verdict=lambda f: ""),
            "The line that tells which model is better on dev is missing.",
            "09 Then test, once",
        ),
        Mistake(
            "no limits",
            lambda facts, limits: _written(facts, limits, order=("Data", "Model", "Numbers")),
            "The section Limits is missing: a card that praises only is an advertisement.",
            "09 Then test, once",
        ),
        Mistake(
            "limits in one line",
            lambda facts, limits: _written(facts, limits, bullets=" ".join),
            'The limits run together: each is to have a line of its own that begins with "- ".',
            "09 Then test, once",
        ),
        Mistake(
            "in another order",
            lambda facts, limits: _written(facts, limits, order=("Model", "Data", "Numbers", "Limits")),
            "The sections are in another order: Data, Model, Numbers, Limits.",
            "09 Then test, once",
        ),
        Mistake(
            "sections run together",
            lambda facts, limits: _written(facts, limits, together=True),
            "Model and Numbers have no headings of their own.",
            "09 Then test, once",
        ),
        Mistake(
            "no title",
            lambda facts, limits: _written(facts, limits, title=""),
            'The page has no title: it begins with a line such as "# Model card".',
            "09 Then test, once",
        ),
        Mistake(
            "share in per cent",
            lambda facts, limits: _written(
                facts, limits, shown=lambda name, value: 100 * value if name == "copied" else value
            ),
            "The share that was copied is given in per cent: it is to stand there as it is, such as 0.208.",
            "08 Memorised or made?",
        ),
    ),
    hints=(
        "Collect lines in a list, and return '\\n'.join(lines).",
        "f\"- table: {facts['table']:.3f}\" is a line with three decimals, f\"- names: {facts['names']:,}\" one with a "
        "whole number.",
        "better on dev: network if facts['lead from'] > 0, table if facts['lead to'] < 0, else undecided.",
    ),
)

# 09.12 own_names

SECONDS = 60.0  # of processor time; the course's own answer takes 5
SHORTEST, SAMPLES = 500, 500  # names in the list, and made-up names, at least
CARD = {"read_list": read_list, "write_card": write_card}
WANTED = ("train", "dev", "test", "table", "network", "samples", "card")


@lru_cache(maxsize=1)
def _bundled() -> str:
    return "\n".join(bundled_names())


def own_names(text: str, look: Callable, parts: SimpleNamespace) -> dict:
    return _made(text, look, parts)


def _made(
    text: str,
    look: Callable,
    parts: SimpleNamespace,
    steps: int = 400,
    hidden_dim: int = 100,
    looked: Callable = lambda look, model, examples: look(model, *examples),
    leaky: bool = False,
    limits: tuple[str, ...] = (
        "The names are those of one country and of one year.",
        "How often a name was given plays no part.",
        "The split is one of many, and other seeds would move the numbers.",
    ),
    told: Callable[[Facts], Facts] = lambda facts: facts,
    changed: Callable[[str], str] = lambda card: card,
) -> dict:
    """Two models of a list and their card, with a switch for each way to get it wrong."""
    names = parts.read_list(text, "abcdefghijklmnopqrstuvwxyz")["names"]
    vocab, (train, dev, test) = Vocabulary(names), split(names)
    train = train + dev if leaky else train
    table = CountModel(len(vocab), 5, method="kneser_ney").fit(*build_dataset(train, vocab, 5))
    network = MLP(len(vocab), 3, 10, hidden_dim)
    tensors = [p.data for p in (network.C, network.W1, network.b1, network.W2, network.b2)]
    project_05.fit(tensors, *build_dataset(train, vocab), steps, 512, 0.03, SimpleNamespace(**project_05.PARTS))
    losses = {model: nll(model, *build_dataset(dev, vocab, model.block_size)) for model in (table, network)}
    better = min(losses, key=losses.get)
    on_test = looked(look, better, build_dataset(test, vocab, better.block_size))
    samples = _sampled(table, vocab, SAMPLES)
    _, low, high = compare(network, table, vocab, dev)
    facts = {"names": len(names), "train": len(train), "dev": len(dev), "test": len(test)}
    facts |= {"parameters": sum(p.numel() for p in network.parameters()), "context": network.block_size}
    facts |= {"table": losses[table], "network": losses[network], "lead from": low, "lead to": high}
    facts |= {"on test": on_test, "copied": len([name for name in samples if name in set(train)]) / len(samples)}
    card = changed(parts.write_card(told(facts), limits))
    return dict(zip(WANTED, (train, dev, test, table, network, samples, card), strict=True))


def _sampled(model: Callable, vocab: Vocabulary, n: int) -> list[str]:
    """Names from a model, all at once: one symbol more for each that has not ended."""
    g = torch.Generator().manual_seed(0)
    contexts, names = torch.zeros(n, model.block_size, dtype=torch.int64), [""] * n
    going = list(range(n))
    while going:
        drawn = torch.multinomial(model(contexts[going]).softmax(1), 1, generator=g)[:, 0]
        contexts[going] = torch.cat([contexts[going][:, 1:], drawn[:, None]], 1)
        for i, symbol in zip(going, drawn.tolist(), strict=True):
            names[i] += vocab.itos[symbol] if symbol else ""
        going = [i for i, symbol in zip(going, drawn.tolist(), strict=True) if symbol]
    return names


def _tried(answer: Callable) -> dict | None:
    """Let it make its models and its card: the card, and what the check computes of the rest."""
    given, own = parts(CARD)
    looks: list[float] = []

    def look(model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor) -> float:
        looks.append(nll(model, X, Y))
        return looks[-1]

    made = answer(_bundled(), look, given)
    if made is None:
        return None
    if not isinstance(made, dict) or not set(WANTED) <= made.keys():
        raise TypeError(f"a dictionary with the keys {', '.join(WANTED)} is wanted")
    train, dev, test = (list(made[part]) for part in ("train", "dev", "test"))
    seen = {"card": made["card"], "looks": looks, "own": own, "names": len(train) + len(dev) + len(test)}
    seen["in two parts"] = seen["names"] - len({*train, *dev, *test})
    if seen["names"] < SHORTEST or seen["in two parts"] or not isinstance(seen["card"], str):
        return seen
    vocab, table, network = Vocabulary(train + dev + test), made["table"], made["network"]
    on_dev = [nll(model, *build_dataset(dev, vocab, model.block_size)) for model in (table, network)]
    better = (table, network)[on_dev[1] < on_dev[0]]
    _, low, high = compare(network, table, vocab, dev)
    samples, known = list(made["samples"]), set(train)
    facts = {"names": seen["names"], "train": len(train), "dev": len(dev), "test": len(test)}
    facts |= {"parameters": sum(p.numel() for p in network.parameters()), "context": int(network.block_size)}
    facts |= {"table": on_dev[0], "network": on_dev[1], "lead from": low, "lead to": high}
    facts |= {"on test": nll(better, *build_dataset(test, vocab, better.block_size))}
    facts |= {"copied": sum(name in known for name in samples) / max(1, len(samples))}
    return seen | {"facts": facts, "samples": len(samples), "guess": math.log(len(vocab))}


def _judged(seen: dict) -> tuple[str, str]:
    if not isinstance(seen["card"], str):
        return "type", "The card is to be a text."
    if seen["names"] < SHORTEST:
        return "few names", f"There are {seen['names']}."
    if seen["in two parts"]:
        return "leak", f"{seen['in two parts']} entries stand in two parts, or twice in one."
    looks, facts = len(seen["looks"]), seen["facts"]
    if looks != 1:
        return "test not looked at once", f"look was called {looks} times."
    worst = max(facts["table"], facts["network"])
    if not worst < seen["guess"] - 0.3:
        return "knows nothing", f"One of the two has {worst:.3f} nats on dev, and a guess has {seen['guess']:.3f}."
    if seen["samples"] < SAMPLES:
        return "few samples", f"There are {seen['samples']} made-up names, and {SAMPLES} are the least."
    return _read_card(seen["card"], facts) or ("met", f"{_summary(facts)} {whose(CARD, seen['own'])}")


def _read_card(card: str, facts: Facts) -> tuple[str, str] | None:
    """What is wrong with a card, if anything is."""
    missing = [section for section in SECTIONS if section not in _sections_of(card)]
    if missing:
        return "section missing", f"Not there: {', '.join(missing)}."
    slack = dict.fromkeys(("table", "network", "on test"), 0.0005)
    slack |= dict.fromkeys(("lead from", "lead to"), 0.001 + 0.15 * (facts["lead to"] - facts["lead from"]))
    for section in SECTIONS:
        for name in _absent(card, section, facts, slack):
            shown = f"{facts[name]:.3f}" if isinstance(facts[name], float) else f"{facts[name]:,}"
            return "card disagrees", f"Under {section}, {name} is to be {shown}."
    near = any(abs(facts[name]) <= slack[name] for name in ("lead from", "lead to"))
    if not near and _said(card) != [_verdict_of(facts)]:
        return "card disagrees", f"By the interval of its lead, better on dev is: {_verdict_of(facts)}."
    honest = [limit for limit in _limits_in(card) if len(limit.split()) >= 5]
    return ("no limits", f"{len(honest)} are there.") if len(honest) < 2 else None


def _summary(facts: Facts) -> str:
    return (
        f"{facts['names']:,} names: table {facts['table']:.3f} nats on dev, network {facts['network']:.3f}, "
        f"{facts['copied']:.0%} copied."
    )


def _row(seen: dict) -> dict:
    facts = seen["facts"]
    return {"dev": facts["network"], "table": round(facts["table"], 3), "names": facts["names"]}


def _few(**switches: Any) -> Callable:
    """A small network of a thousand names, which do where the loss is not the point."""

    def names(text: str, look: Callable, parts: SimpleNamespace) -> dict:
        lines = text.splitlines()[:1000]
        return _made("\n".join(lines), look, SimpleNamespace(**CARD), 60, 20, **switches)

    return names


OWN_NAMES = Exercise(
    number="09.12",
    name="own_names",
    reference=own_names,
    cases=lambda draws: [()],
    trial=Trial(_tried, _judged, SECONDS, _row),
    mistakes=(
        Mistake(
            "few names",
            lambda text, look, parts: _few()("\n".join(text.splitlines()[:400]), look, parts),
            f"The list is too short for a dev score that means something: {SHORTEST} names are the least.",
            "02 Keep some names back",
        ),
        Mistake(
            "leak",
            _few(leaky=True),
            "Train, dev and test share names: keep each name once before you split.",
            "06 A leak",
        ),
        Mistake(
            "test not looked at once",
            _few(looked=lambda look, model, examples: (look(model, *examples), look(model, *examples))[1]),
            "The test set is to be looked at once, for the model that is better on dev.",
            "06 The vault",
        ),
        Mistake(
            "knows nothing",
            lambda text, look, parts: _made("\n".join(text.splitlines()[:1000]), look, parts, steps=0, hidden_dim=20),
            "A model has hardly learned anything: was it trained?",
            "02 Fitting is not learning",
        ),
        Mistake(
            "few samples",
            lambda *asked: (lambda made: made | {"samples": made["samples"][:50]})(_few()(*asked)),
            "The share that was copied needs more samples.",
            "08 Memorised or made?",
        ),
        Mistake(
            "section missing",
            _few(changed=lambda card: card.replace("## Model", "**Model**")),
            "A section of the card is missing.",
            "09 Then test, once",
        ),
        Mistake(
            "card disagrees",
            _few(told=lambda facts: facts | {"network": facts["network"] - 0.1}),
            "The card says something else than the check computed from your models.",
            "09 Then test, once",
        ),
        Mistake(
            "no limits",
            _few(limits=("None are known.",)),
            "Under Limits at least two sentences of five words or more are wanted: what can nobody conclude from "
            "these numbers?",
            "09 Then test, once",
        ),
    ),
    hints=(
        "names = parts.read_list(text, symbols)['names'], vocab = Vocabulary(names), and split(names).",
        "compare(network, table, vocab, dev_names) gives the lead and its interval.",
        "look(model, *build_dataset(test_names, vocab, model.block_size)) is the loss on test. Call it once.",
    ),
)

EXERCISES = (READ_LIST, WRITE_CARD, OWN_NAMES)
