"""Every figure of three digits or more in prose is earned: printed by the lesson, set in its code, or recomputed."""

import json
import math
import re
import sys

import pytest
import torch
from lessons import LESSONS, ROOT

import makemlp
from makemlp import ablation
from makemlp.checking import exercises

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FACTS = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))["fact"]
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


def recomputed(expression, figure):
    """What a Python expression gives, with as many decimals as the prose writes."""
    value = eval(expression, {"math": math, **vars(makemlp), **globals()})
    return f"{value:.{len(figure.partition('.')[2])}f}"


def shown_by(lesson):
    """All that a lesson's code cells print and say."""
    return "\n".join("\n".join(cell.texts) + "\n" + cell.source for cell in lesson.code)


@pytest.mark.parametrize("lesson", LESSONS, ids=repr)
def test_every_figure_in_a_lesson_is_earned(lesson):
    shown = shown_by(lesson)
    known = {fact["figure"] for fact in FACTS if lesson.path.stem in fact["where"]}
    unearned = [
        (cell.number, figure)
        for cell in lesson.prose
        for figure in figures_in(cell.source)
        if figure not in known and not earned(figure, shown)
    ]
    assert unearned == []


def test_every_figure_in_the_readme_is_earned():
    known = {fact["figure"] for fact in FACTS if "README" in fact["where"]}
    # An image's alt text is computed; test_pictures.py compares it.
    readme = re.sub(r"```.*?```|<img [^>]*>", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert [figure for figure in figures_in(readme) if figure not in known] == []


DOCS = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_figure_in_the_docs_is_earned(page):
    known = {fact["figure"] for fact in FACTS if f"docs/{page.stem}" in fact["where"]}
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
    losses = next(stored for stored in ablation.table() if stored["row"] == row)[what]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['figure']}: {fact['says']}")
def test_fact(fact):
    assert recomputed(fact["python"], fact["figure"]) == plain(fact["figure"])


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['figure']}: {fact['says']}")
def test_fact_is_used(fact):
    for where in fact["where"]:
        prose = None
        if where == "README" or where.startswith("docs/"):
            prose = (ROOT / f"{where}.md").read_text(encoding="utf-8")
        for lesson in LESSONS:
            if lesson.path.stem == where:
                prose = "\n".join(cell.source for cell in lesson.prose)
        assert fact["figure"] in prose, f"{fact['figure']} no longer stands in {where}"


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
