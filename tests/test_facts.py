"""Figures and claims are earned: each figure of three digits or more in prose, and each comparison made in words."""

import ast
import json
import math
import re
import sys

import pytest
import torch
from lessons import LESSONS, ROOT

import makemlp
from makemlp import ablation, word_runs  # noqa: F401 - what facts.toml asks
from makemlp.checking import exercises

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STATED = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))
FACTS, CLAIMS = STATED["fact"], STATED["claim"]
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")
YEAR = re.compile(r"(19|20)\d\d")


def figures_in(markdown):
    """The figures of three digits or more in a piece of prose, as written; years, versions and link targets aside."""
    text = re.sub(r"\]\([^)]*\)|https?://\S+|Python \d\.\d+", "]", markdown)
    found = [match.rstrip(",") for match in NUMBER.findall(text)]
    return [n for n in found if len(re.sub(r"\D", "", n).lstrip("0")) >= 3 and not YEAR.fullmatch(n)]


def plain(text):
    return re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)


def earned(figure, text):
    return re.search(rf"(?<![\d.]){re.escape(plain(figure))}(?!\d)", plain(text)) is not None


def evaluated(expression):
    """What a Python expression gives; it may use the package and this module."""
    return eval(f"({expression})", {"math": math, **vars(makemlp), **globals()})


def recomputed(expression, figure):
    """What a Python expression gives, with as many decimals as the prose writes."""
    return f"{evaluated(expression):.{len(figure.partition('.')[2])}f}"


def prose_of(where):
    """The prose of README, docs/PAGE, quizzes/LESSON or a lesson; a line's end counts as a blank."""
    if where.startswith("quizzes/"):
        text = json.dumps(json.loads((ROOT / "makemlp" / f"{where}.json").read_text("utf-8")), ensure_ascii=False)
        text = text.replace('\\"', '"')
    elif where == "README" or where.startswith("docs/"):
        text = (ROOT / f"{where}.md").read_text(encoding="utf-8")
    else:
        (lesson,) = [lesson for lesson in LESSONS if lesson.path.stem == where]
        text = "\n".join(cell.source for cell in lesson.prose)
    return " ".join(text.split())


def known_in(where):
    """The figures that facts.toml decides for a place: those of its facts, and those that its claims quote."""
    facts = {fact["figure"] for fact in FACTS if where in fact["where"]}
    return facts.union(*(figures_in(claim["says"]) for claim in CLAIMS if where in claim["where"]))


def shown_by(lesson):
    """All that a lesson's code cells print and say."""
    return "\n".join("\n".join(cell.texts) + "\n" + cell.source for cell in lesson.code)


@pytest.mark.parametrize("lesson", LESSONS, ids=repr)
def test_every_figure_in_a_lesson_is_earned(lesson):
    shown = shown_by(lesson)
    known = known_in(lesson.path.stem)
    unearned = [
        (cell.number, figure)
        for cell in lesson.prose
        for figure in figures_in(cell.source)
        if figure not in known and not earned(figure, shown)
    ]
    assert unearned == []


def test_every_figure_in_the_readme_is_earned():
    known = known_in("README")
    # An image's alt text is computed; test_pictures.py compares it.
    readme = re.sub(r"```.*?```|<img [^>]*>", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert [figure for figure in figures_in(readme) if figure not in known] == []


DOCS = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_figure_in_the_docs_is_earned(page):
    known = known_in(f"docs/{page.stem}")
    text = page.read_text(encoding="utf-8")
    for line in growth_table():
        text = text.replace(line, "")
    prose = re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.S)
    assert [figure for figure in figures_in(prose) if figure not in known] == []


def growth():
    """What `make growth` stored."""
    return json.loads((ROOT / "makemlp" / "measured" / "growth.json").read_text(encoding="utf-8"))


def growth_table():
    """The lines of the docs' table: milliseconds of the processor by finished trials."""
    sizes = [size for size in growth()["cost"]["memory"] if size != "open"]
    yield "| storage | " + " | ".join(f"{int(size):,}" for size in sizes) + " |"
    yield "|---" * (len(sizes) + 1) + "|"
    for storage, costs in growth()["cost"].items():
        label = {"memory": "none (sampler and pruner alone)"}.get(storage, storage)
        yield f"| {label} | " + " | ".join(f"{costs[size]['processor']:.0f}" for size in sizes) + " |"


def test_the_docs_table_of_growth_is_what_was_measured():
    page = (ROOT / "docs" / "many_machines.md").read_text(encoding="utf-8")
    assert "\n".join(growth_table()) in page


def bench_row(number):
    """A row of the stored bench."""
    return json.loads((ROOT / "makemlp" / "measured" / "bench.json").read_text(encoding="utf-8"))[number]


def checked():
    """Every exercise that has a check."""
    return exercises.of_lesson()


def mean_of(row, what="lecture"):
    """The mean over the seeds of a row of the stored ablation table."""
    losses = losses_of(row, what)
    return sum(losses) / len(losses)


def losses_of(row, what="lecture"):
    """The loss of each seed of a row of the stored ablation table."""
    return next(stored for stored in ablation.table() if stored["row"] == row)[what]


def networks():
    """The rows of both stored ablation tables that are networks alone: no counting, no mixture."""
    rows = [*ablation.table(), *ablation.left_out()]
    return [row for row in rows if not re.search("counts|Kneser-Ney|mixture|average", row["row"])]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['figure']}: {fact['says']}")
def test_fact(fact):
    assert recomputed(fact["python"], fact["figure"]) == plain(fact["figure"])


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['figure']}: {fact['says']}")
def test_fact_is_used(fact):
    for where in fact["where"]:
        assert fact["figure"] in prose_of(where), f"{fact['figure']} no longer stands in {where}"


every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["says"])


def holds(expression):
    """Whether a comparison made in words holds; what compares nothing decides nothing."""
    parts = list(ast.walk(ast.parse(f"({expression})", mode="eval")))
    if not any(isinstance(part, ast.Compare) for part in parts) or not any(isinstance(p, ast.Call) for p in parts):
        raise ValueError(f"{expression!r} computes nothing that it compares.")
    return evaluated(expression) is True


@every_claim
def test_claim(claim):
    assert holds(claim["python"])


@every_claim
def test_claim_stands_in_the_lesson(claim):
    for where in claim["where"]:
        assert " ".join(claim["says"].split()) in prose_of(where), f"{claim['says']!r} no longer stands in {where}"


def test_a_claim_is_decided_by_what_it_computes():
    assert holds("mean_of('Kneser-Ney of 5 characters') < mean_of('Kneser-Ney of 3 characters')")
    assert not holds("mean_of('Kneser-Ney of 5 characters') > mean_of('Kneser-Ney of 3 characters')")
    for nothing in ("True", "1 < 2", "mean_of('Kneser-Ney of 5 characters')"):
        with pytest.raises(ValueError, match="computes nothing"):
            holds(nothing)


def test_figures_are_found_in_prose():
    prose = "In 2018 there were 32,257 names, 27 symbols, a loss of 2.4544, [x](a/1234.md) and 0.08 or 3/5; 1,000."
    assert figures_in(prose) == ["32,257", "2.4544", "1,000"]
    assert earned("32,257", "32257 rows") and not earned("2.17", "12.175")


def count_model(method, block_size, smoothing=0.0):
    """A count model of the train names, and the dev examples."""
    names = makemlp.load_names()
    vocab = makemlp.Vocabulary(names)
    train, dev, _ = makemlp.split(names)
    model = makemlp.CountModel(len(vocab), block_size, smoothing, method)
    return model.fit(*makemlp.build_dataset(train, vocab, block_size)), makemlp.build_dataset(dev, vocab, block_size)


def dev_loss(method, block_size, smoothing=0.0):
    model, dev = count_model(method, block_size, smoothing)
    return makemlp.nll(model, *dev)


def stored_counts(block_size):
    """How many counts that are not zero a Kneser-Ney model keeps."""
    return sum(int((counts > 0).sum()) for counts in count_model("kneser_ney", block_size)[0].counts)


def first_bigram_loss():
    """The loss of lesson 01's network before training: logits from standard random numbers, seed 1."""
    names = makemlp.load_names()
    X, Y = makemlp.build_dataset(names, makemlp.Vocabulary(names), block_size=1)
    W = torch.randn(27, 27, generator=torch.Generator().manual_seed(1))
    return makemlp.nll(lambda X: W[X[:, 0]], X, Y)
