"""What every lesson keeps to: stored from one clean run, in the course's rhythm, teaching what the package holds."""

import ast
import itertools
import json
import re
import statistics
from collections import defaultdict
from pathlib import Path

import pytest
from lessons import LESSONS, ROOT

import makemlp
from makemlp import counts, data, deep, embeddings, mixture, mlp, sampling, scoreboard, scoring, training

EXPECTED = [
    "00_start_here",
    "00b_refresher",
    "01_bigram",
    "02_count_table_explosion",
    "02b_kneser_ney",
    "03_embed_and_concatenate",
    "04_build_the_model",
    "04b_train_the_model",
    "05_learning_rate_sweep",
    "06_tune_on_the_dev_split",
    "07_see_the_embeddings",
    "07b_what_training_found",
    "08_sample_names",
    "09_beat_the_baseline",
    "10_words",
    "10b_which_words_are_alike",
]

# What a lesson builds in the open and the package holds from then on.
TAUGHT = {
    "Vocabulary": data,
    "draw": sampling,
    "smooth": counts,
    "split": data,
    "interpolate": counts,
    "kneser_ney": counts,
    "estimate_discounts": counts,
    "count_parameters": mlp,
    "MLP": mlp,
    "sgd": training,
    "learning_rate_at": training,
    "adam_step": training,
    "film": training,
    "even_places": training,
    "rank": sampling,
    "nucleus": sampling,
    "score_name": sampling,
    "bootstrap": scoring,
    "compare": scoring,
    "novelty": sampling,
    "flattery": scoreboard,
    "drop": deep,
    "DeepMLP": deep,
    "Mixture": mixture,
    "distances": embeddings,
    "group_distance": embeddings,
    "permutation_test": embeddings,
    "align": embeddings,
    "pca": embeddings,
    "neighbours": embeddings,
}

# What a lesson builds in the open and the package computes in pieces, so that a long list needs no more memory: the
# lesson's definition is the specification, and a test compares what the two give.
SPECIFIED = ("nll", "nll_by_name")

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=repr)


def test_the_lessons_are_there():
    assert [lesson.path.stem for lesson in LESSONS] == EXPECTED


# --- stored from one clean run ---


def plain(source):
    """A cell's text as Python; a line of IPython's, such as %pip, counts as `pass`."""
    return re.sub(r"^(\s*)%", r"\1pass  # %", source, flags=re.M)


def parse(source):
    """A cell's syntax tree."""
    return ast.parse(plain(source))


@every_lesson
def test_stored_from_one_clean_run(lesson):
    assert [cell.raw["execution_count"] for cell in lesson.code] == list(range(1, len(lesson.code) + 1))
    kinds = [output["output_type"] for cell in lesson.code for output in cell.raw["outputs"]]
    assert "error" not in kinds
    # Without outputs nbval would have nothing to compare.
    assert sum(bool(cell.raw["outputs"]) for cell in lesson.code) > len(lesson.code) / 2


@every_lesson
def test_every_cell_that_shows_something_has_its_output(lesson):
    for cell in lesson.code:
        prints = any(isinstance(node, ast.Expr) and "print(" in ast.unparse(node) for node in parse(cell.source).body)
        if prints or re.search(r"^(makemlp\.)?(figures\.|explore_)\w+\(", cell.source, re.M):
            assert cell.raw["outputs"], f"cell {cell.number} shows nothing"


@every_lesson
def test_nothing_of_the_authors_machine_is_stored(lesson):
    stored = json.dumps([cell.raw["outputs"] for cell in lesson.code])
    stored = re.sub(r";base64,[\w+/=]+", "", stored)  # any letters may follow each other in a picture
    assert not re.search(r"/(home|root|tmp|work|Users)/|0x[0-9a-f]{6,}", stored)
    assert set(lesson.raw["metadata"]) == {"kernelspec", "language_info"}
    assert "application/vnd.jupyter.widget-view+json" not in stored
    assert '"name": "stderr"' not in stored
    words = [text.split() for cell in lesson.code for text in cell.texts]
    assert max(len(" ".join(some)) for some in words) < 1500  # nobody reads a whole table of floats
    ids = [cell.raw["id"] for cell in lesson.cells]
    assert len(set(ids)) == len(ids)


@every_lesson
def test_every_picture_has_alt_text(lesson):
    images = re.findall(r"<img [^>]*>", "".join(cell.html for cell in lesson.code))
    assert images
    for image in images:
        assert len(re.search(r'alt="([^"]*)"', image)[1]) > 50
    assert not any("image/png" in output.get("data", {}) for cell in lesson.code for output in cell.raw["outputs"])


def asserts(cell):
    """Whether a code cell holds an assert statement or a call of `expect`, at its top or inside a loop or function."""
    nodes = list(ast.walk(parse(cell.source)))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    expects = any("expect" in (getattr(one, "attr", ""), getattr(one, "id", "")) for one in called)
    return expects or any(isinstance(node, ast.Assert) for node in nodes)


@every_lesson
def test_an_ignored_output_is_held_by_an_assertion(lesson):
    """What nbval doesn't compare, the cell itself asserts, or the next code cell, or one before the next text."""
    for place, cell in enumerate(lesson.code):
        if "nbval-ignore-output" in cell.tags:
            after = lesson.code[place + 1 :]
            same = [other for i, other in enumerate(after) if not i or other.number == cell.number + i + 1]
            assert any(map(asserts, [cell, *same])), f"cell {cell.number}"


# --- how a lesson reads ---


@every_lesson
def test_frame(lesson):
    first, last = lesson.cells[0].source, lesson.cells[-1].source
    assert first.startswith("# ")
    for part in ("**You will be able to:**", "**You need:**", "**Time:**"):
        assert part in first
    headings = [m for cell in lesson.prose for m in re.findall(r"^(#+) (.+)", cell.source, re.M)]
    assert [level for level, _ in headings].count("#") == 1
    assert {level for level, _ in headings} <= {"#", "##"}
    titles = [title for _, title in headings]
    assert len(set(titles)) == len(titles)
    assert "Recap" in titles
    if lesson.path.stem != "00_start_here":
        assert titles[-2:] == ["Recap", "Check yourself"]
        assert "**Before:**" in last
    assert sum("**Predict:**" in cell.source for cell in lesson.prose) >= 2


def minutes(lesson):
    return re.search(r"\*\*Time:\*\* (?:about )?(\d+)", lesson.cells[0].source)[1]


def minutes_by_rule(lesson):
    """About how long a lesson takes. It is a rule of thumb, because no learner has been timed: a minute to read 130
    words or 8 lines of code, and a quarter of a minute to run a cell and look at what it shows."""
    read = [cell for cell in lesson.code if "for-the-tests" not in cell.tags]
    words, lines = sum(cell.words for cell in lesson.prose), sum(len(cell.lines) for cell in read)
    return words / 130 + lines / 8 + len(read) / 4


@every_lesson
def test_a_lesson_takes_as_long_as_it_says_and_an_hour_at_most(lesson):
    """One that takes longer is cut in two, as 04 and 04b are."""
    said, taken = int(minutes(lesson)), minutes_by_rule(lesson)
    assert abs(said - taken) <= 0.2 * taken, f"it says {said} minutes, and by the rule it takes {taken:.0f}"
    assert max(said, round(taken)) <= 60, f"it says {said} minutes, and by the rule it takes {taken:.0f}"


@pytest.mark.parametrize("place", ["README.md", "notebooks/00_start_here.ipynb"])
def test_the_course_maps_say_what_the_lessons_say(place):
    """Every lesson is on the map, in order, with the minutes that it gives itself."""
    text = (ROOT / place).read_text(encoding="utf-8")
    rows = re.findall(r"\| \[[^]]+\]\((?:notebooks/)?(\w+)\.ipynb\) \|[^|]*\| (\d+) \|", text)
    expected = [(lesson.path.stem, minutes(lesson)) for lesson in LESSONS]
    assert rows == expected[-len(rows) :] and len(rows) >= len(LESSONS) - 1  # lesson 00 need not list itself


def test_the_lessons_are_a_chain():
    """Each leads to the next and back, but that the refresher may be passed by."""
    way = [lesson.path.name for lesson in LESSONS if not lesson.path.stem.startswith("00b")]
    ends = {lesson.path.name: lesson.cells[-1].source for lesson in LESSONS}
    for here, after in itertools.pairwise(way):
        assert re.search(rf"\*\*Next:\*\* \[[^]]+\]\({after}\)", ends[here]), here
        assert re.search(rf"\*\*Before:\*\* \[[^]]+\]\({here}\)", ends[after]), after


COUNTS = {word: count for count, word in enumerate(["four", "five", "six", "seven", "eight", "nine", "ten"], 4)}


def numbers(text):
    """The exercises that a sentence names, such as "1 to 4 and 6"."""
    spans = re.findall(r"\b(\d+)(?: to (\d+))?\b", text)
    return {number for first, last in spans for number in range(int(first), int(last or first) + 1)}


@every_lesson
def test_a_lesson_and_its_exercises_agree_on_which_are_for_it(lesson):
    """A lesson in two parts shares its exercises between them, and both say so."""
    sentence = re.search(r"\*\*Practise:\*\* \[.*?\]\((.*?)\)(.*)", lesson.cells[-1].source)
    if not sentence:
        return
    cells = json.loads((ROOT / "notebooks" / sentence[1]).read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    titles = {int(found[1]) for text in texts if (found := re.match(r"## (\d+)\. ", text))}
    (needed,) = re.findall(r"\*\*You need:\*\*(.*)", texts[0])
    if all_of_them := re.search(r"all (\w+) now", sentence[2]):
        assert COUNTS[all_of_them[1]] == len(titles)
    now = numbers(re.split("Number|Leave|the others", sentence[2])[0])
    assert now <= titles
    after = needed.partition(f"/{lesson.path.name})")[2]  # what is said of this part, and then of the other one
    if now and after.startswith(" for exercises"):
        assert now == numbers(after.partition("[")[0])
    elif now:
        assert now.isdisjoint(numbers(after.partition("[")[0]))


@every_lesson
def test_first_code_cell_is_the_same_everywhere(lesson):
    assert lesson.code[0].source == LESSONS[0].code[0].source
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    repository = re.search(r'Repository = "(.+)"', project)[1]
    assert f"git+{repository}" in lesson.code[0].source


def answers(lesson):
    """The code cells between a Predict and the next text: what answers it."""
    asked = False
    for cell in lesson.cells:
        if cell.kind == "markdown":
            asked = "**Predict:**" in cell.source
        elif asked:
            yield cell


@every_lesson
def test_the_answer_to_a_predict_is_out_of_sight(lesson):
    """Neither a stored output gives it away, nor a bound in an assert that stands open."""
    for cell in answers(lesson):
        hidden = cell.raw["metadata"].get("jupyter", {})
        assert not cell.raw["outputs"] or hidden.get("outputs_hidden"), cell.number
        assert hidden.get("source_hidden") or not re.search(r"^\s*(assert |(makemlp\.)?expect\()", cell.source, re.M), (
            cell.number
        )


@every_lesson
def test_rhythm(lesson):
    read = [cell for cell in lesson.code if "for-the-tests" not in cell.tags]
    sizes = [len(cell.lines) for cell in read]
    assert statistics.median(sizes) <= 5 and max(sizes) <= 30
    assert 0.9 <= len(lesson.prose) / len(read) <= 1.6
    for cell in lesson.prose:
        assert cell.words <= (90 if "<details>" in cell.source else 60), cell.source[:60]


@every_lesson
def test_no_code_of_widgets_or_figures(lesson):
    source = "\n".join(cell.source for cell in lesson.code)
    assert not re.search(r"import (matplotlib|ipywidgets)|from (matplotlib|ipywidgets)|plt\.", source)


@every_lesson
def test_static_first_then_the_slider(lesson):
    explorers = [i for i, cell in enumerate(lesson.code) if re.search(r"\bexplore_\w+\(", cell.source)]
    assert explorers or lesson.number.endswith("b")  # a second part may do without
    for i in explorers:
        earlier = "\n".join(cell.source for cell in lesson.code[max(0, i - 4) : i])
        opens = (lesson.number, i) == ("00", 1)  # the toy stands before all else, and its picture is within
        assert "figures." in earlier or opens, "no static picture before the explorer"
        assert lesson.code[i].texts and "Run this cell" in lesson.code[i].texts[-1]


@every_lesson
def test_shapes_are_said(lesson):
    """Every matrix product, lookup and concatenation line ends in a shape comment or prints what it made."""
    for cell in lesson.code:
        for line in cell.source.splitlines():
            if re.search(r"= (?!F\.).*( @ |C\[|torch\.cat\(|\.flatten\(1\)|\.view\()", line) and "assert" not in line:
                assert re.search(r"# .*\(", line), f"cell {cell.number}: {line}"


# --- taught once, imported after ---


def definitions(source):
    """The functions and classes at the top of some code, by name."""
    return {node.name: node for node in parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def bare(node):
    """A definition's syntax tree as text, without docstrings and type annotations (a lesson spares its reader
    both), and without the check of where tensors are."""
    node = ast.parse(ast.unparse(node)).body[0]
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part) is not None:
            part.body = part.body[1:]
        if isinstance(part, ast.FunctionDef):
            part.returns = None
            part.decorator_list = [one for one in part.decorator_list if not ast.unparse(one).startswith("places.")]
            for argument in part.args.args + part.args.kwonlyargs:
                argument.annotation = None
    return ast.dump(node)


def defined_in_lessons():
    found = defaultdict(list)
    for lesson in LESSONS:
        for cell in lesson.code:
            for name, node in definitions(cell.source).items():
                found[name].append((lesson.path.stem, node))
    return found


def packaged(name, module):
    return definitions(Path(module.__file__).read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize("name", TAUGHT)
def test_taught_definition_equals_the_packaged_one(name):
    """A class of the package may have methods that no lesson shows."""
    (where,) = defined_in_lessons()[name]
    ours = packaged(name, TAUGHT[name])
    if isinstance(ours, ast.ClassDef):
        shown = {part.name for part in where[1].body if isinstance(part, ast.FunctionDef)}
        ours.body = [part for part in ours.body if not isinstance(part, ast.FunctionDef) or part.name in shown]
    assert bare(where[1]) == bare(ours)


@pytest.mark.parametrize("name", TAUGHT)
def test_the_packaged_definition_names_the_lesson_that_teaches_it(name):
    (where,) = defined_in_lessons()[name]
    named = re.search(r"Source: lesson (\w+)", getattr(TAUGHT[name], name).__doc__ or "")
    assert named is None or named[1] == where[0].partition("_")[0]


def test_nothing_else_of_the_package_is_taught_in_another_form():
    """A lesson may not define a name that the package exports, unless it is compared above."""
    assert {name for name in defined_in_lessons() if name in makemlp.__all__} <= {*TAUGHT, *SPECIFIED}


def test_nothing_is_taught_twice():
    assert [name for name, where in defined_in_lessons().items() if len(where) > 1] == []


def test_the_comparison_sees_a_difference():
    one = definitions("def f(x: int) -> int:\n    'doc'\n    return x + 1")["f"]
    same = definitions("def f(x):\n    return x + 1")["f"]
    other = definitions("def f(x):\n    return x + 2")["f"]
    assert bare(one) == bare(same) != bare(other)


def test_the_taught_score_equals_the_packaged_one():
    """On more examples than a piece holds."""
    import torch
    import torch.nn.functional as F

    scope = {"torch": torch, "F": F, "build_dataset": makemlp.build_dataset}
    for name in SPECIFIED:
        ((_, node),) = defined_in_lessons()[name]
        exec(ast.unparse(node), scope)
    names = makemlp.load_names()[:900]
    vocab = makemlp.Vocabulary(names)
    X, Y = makemlp.build_dataset(names, vocab, 3)
    model = makemlp.MLP(len(vocab), 3, 4, 8)
    assert len(X) > 2 * scoring.PIECE
    assert makemlp.nll(model, X, Y) == pytest.approx(scope["nll"](model, X, Y), rel=1e-6)
    torch.testing.assert_close(
        makemlp.nll_by_name(model, vocab, names), scope["nll_by_name"](model, vocab, names), rtol=1e-6, atol=1e-6
    )


def test_the_taught_loop_equals_the_packaged_build_dataset():
    """The lesson's loop is the specification; the package computes the same without it."""
    import torch

    cells = [cell.source for lesson in LESSONS for cell in lesson.code]
    source = next(source for source in cells if "def build_dataset_loop" in source)
    scope = {"torch": torch}
    exec(source, scope)
    names = [*makemlp.load_names()[:300], "a", "zoë"]
    vocab = makemlp.Vocabulary(names)
    for block_size in (1, 3, 8):
        ours = makemlp.build_dataset(names, vocab, block_size)
        loop = scope["build_dataset_loop"](names, vocab, block_size)
        assert all(torch.equal(a, b) for a, b in zip(ours, loop, strict=True))
