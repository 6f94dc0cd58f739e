"""The checks are checked: every wrong answer is refused with the hint meant for it, every right one passes.

All answers to an exercise are tried in one test, which costs little; it says which of them failed.
"""

import math
import re
from collections import Counter
from itertools import combinations
from zlib import crc32

import pytest
import torch
from answers import ANSWERS, EXERCISES, SOLUTIONS
from lessons import LESSONS

from makemlp.checking import exercises, find
from makemlp.checking.comparing import compare
from makemlp.checking.core import _compared, _same, _specified, blur, examine, judge
from makemlp.checking.observing import Stop, observe
from makemlp.checking.plain import plain
from makemlp.checking.specification import SEEDS

GENERAL = {
    *("nothing", "type", "dtype", "shape", "length", "keys", "value", "raised", "arguments"),
    *("changes its input", "not the same twice", "forbidden", "seed ignored", "order of a set"),
}
SMALL = [one for name, module in vars(exercises).items() if name.startswith("lesson_") for one in module.EXERCISES]
every_exercise = pytest.mark.parametrize("exercise", exercises.of_lesson(), ids=lambda one: one.name)


def drawn(exercise, text=""):
    """A seed that is not among those of the notebook's check, as the grader draws one: two for each exercise."""
    return None if exercise.trial else len(SEEDS) + crc32(exercise.name.encode()) % 1000 + crc32(text.encode()) % 2


def answers(exercise, right):
    return [one for one in ANSWERS if one.exercise == exercise.name and (one.kind == "met") == right]


@every_exercise
def test_wrong_answers_are_refused_with_their_hint(exercise):
    failed = []
    for answer in answers(exercise, right=False):
        verdict = examine(exercise, answer.function(), drawn(exercise, answer.source))
        assert verdict.text.startswith(f"✗ {exercise.title}: ")
        assert "\n" not in verdict.text and len(verdict.text) < 900 and "Traceback" not in verdict.text
        if verdict.kind != answer.kind:
            failed.append((answer.kind, verdict.kind, answer.source))
    assert not failed


@every_exercise
def test_right_answers_pass_whatever_their_style(exercise):
    failed = []
    for answer in answers(exercise, right=True):
        verdict = examine(exercise, answer.function(), drawn(exercise, answer.source))
        if not verdict.met:
            failed.append((verdict.text, answer.source))
    assert not failed


@every_exercise
def test_the_catalogue_is_large_enough(exercise):
    kinds = Counter(answer.kind for answer in ANSWERS if answer.exercise == exercise.name)
    assert kinds["met"] >= 4
    assert kinds.total() - kinds["met"] >= (12 if exercise in SMALL else 4)
    known = {mistake.name for mistake in exercise.mistakes}
    assert len(known) == len(exercise.mistakes) >= 3 and not known & (GENERAL | {"met", "open"})
    assert known <= set(kinds), "every known mistake is made in the catalogue"
    assert set(kinds) <= known | GENERAL | {"met"}


def test_the_catalogue_counts_each_answer_once():
    assert len({(answer.exercise, answer.source) for answer in ANSWERS}) == len(ANSWERS)
    right = sum(answer.kind == "met" for answer in ANSWERS)
    assert right >= 400 and len(ANSWERS) - right >= 900


@every_exercise
def test_the_specification_meets_its_own_check(exercise):
    seen = observe(exercise, exercise.reference, watched=False)
    assert judge(exercise, seen).met
    if not exercise.trial:  # which has no other inputs
        seen += observe(exercise, exercise.reference, drawn(exercise), watched=False)
    assert not any(isinstance(one.value, Stop) for one in seen)  # two that stop alike would count as agreeing
    assert exercise.tolerance.why and len(exercise.hints) >= 2


@every_exercise
def test_the_inputs_tell_every_mistake_from_every_other(exercise):
    for seed in dict.fromkeys((None, drawn(exercise))):
        seen = [observe(exercise, mistake.wrong, seed, watched=False) for mistake in exercise.mistakes]
        kinds = [judge(exercise, one, seed).kind for one in seen]
        assert kinds == [mistake.name for mistake in exercise.mistakes]
    if exercise.trial:
        return
    for one, other in combinations(exercise.mistakes, 2):
        pairs = zip(_compared(exercise, one.wrong, None), _compared(exercise, other.wrong, None), strict=True)
        assert not all(_same(blur(left), blur(right), exercise) for left, right in pairs), (one.name, other.name)


# What each notebook prints as its example: the arguments, and what comes out. Those of pencil exercises have none.
T = torch.tensor
HALF = [[1.0, 0.0], [4.0, 0.0], [1.0, 4.0], [3.2, 2.0]]
TEXT, OTHER_TEXT = "the cat saw the dog . the cat ran .", "the cat saw the cat and the cat saw me"
PRINTED = {
    "count_pairs": ((["ab"], {".": 0, "a": 1, "b": 2}), T([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])),
    "normalise": ((T([[1.0, 3.0], [2.0, 2.0], [0.0, 0.0]]),), T([[0.25, 0.75], [0.5, 0.5], [0.375, 0.625]])),
    "softmax": ((T([[900.0, 900.0]]),), T([[0.5, 0.5]])),
    "excess_loss": ((torch.zeros(2, 2), T([[0.0, 1.0], [2.0, 0.0]])), math.log(2)),
    "gradient": (
        (T([[0.0, 0.0], [1.0, 1.0]]), T([[0.0, 1.0], [3.0, 0.0]]), 0.5),
        T([[0.125, -0.125], [-0.125, 0.625]]),
    ),
    "units": (([math.log(2), 3 * math.log(2)], [3, 1]), {"bits": 1.5, "perplexity": 2**1.5}),
    "bag": ((T([[1, 0, 1, 1]]), 3), T([[0.25, 0.75, 0.0]])),
    "window": ((["ab"], {".": 0, "a": 1, "b": 2}, 2, 1), (T([[0, 0, 2], [0, 1, 0], [1, 2, 0]]), T([1, 2, 0]))),
    "concatenate": ((torch.arange(1.0, 9.0).view(1, 4, 2), 2), T([[[1.0, 2, 3, 4], [5, 6, 7, 8]]])),
    "paper_size": ((4, 3, 2, 5, True), 73),
    "tanh_gradient": ((T([[0.0, 1.0]]), T([[1.0, 2.0]]), 2.0), T([[2.0, 3.0]])),
    "cross_entropy": ((T([[0.0, 500.0]]), T([0])), 500.0),
    "spaced_rates": ((0.01, 1.0, 3), T([0.01, 0.1, 1.0])),
    "choose_rate": ((T([-2.0, -1.0, 0.0]), T([3.0, 2.5, 2.7])), 10**-1.5),
    "schedule": ((5, 8, 2), 0.5 + math.sqrt(0.125)),
    "leaked": ((["emma", "ann", "bo", "bo"], ["ann", "liz"], ["liz", "max"]), ["ann", "liz"]),
    "diagnose": (([2.45, 2.05, 1.6], [2.47, 2.1, 2.5]), ["under", "fine", "over"]),
    "real_gain": (([2.2, 2.21], [2.15]), False),
    "steps_within": ((100_000, 10, 2, 3, 5, 4), 33),
    "nearest": ((T(HALF), "abcd", "a", 2), "db"),
    "mean_distance": ((T([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [9.0, 9.0]]), [0], [1, 2]), 3.5),
    "p_value": ((T([1.0, 1.5, 2.0, 0.5]), 1.0), 0.6),
    "over_seeds": (
        (T([[[0.0], [1.0], [3.0]], [[0.0], [4.0], [2.0]]]),),
        T([[0, 1, 1.125], [1, 0, 0.875], [1.125, 0.875, 0]]),
    ),
    "shape_of": ((T([[1.0, 5], [4, 5], [1, 1], [4, 1]]),), T([[-0.3, 0.4], [0.3, 0.4], [-0.3, -0.4], [0.3, -0.4]])),
    "explained": ((T([[4.0, 3.0], [-2.0, -3.0], [2.0, -1.0], [0.0, 1.0]]), 1), 0.9),
    "with_temperature": ((T([[2.0, 1.0, 0.0]]), 0.5), T([[2.0, 1.0, 0.0]]).div(0.5).softmax(1)),
    "draw_by_hand": ((T([0.5, 0.25, 0.25]), T([0.1, 0.6, 0.75])), T([0, 1, 2])),
    "rank_of": ((T([[1.0, 3.0, 2.0, 0.0]]), T([2])), T([2])),
    "name_nll": (("a", {".": 0, "a": 1}, torch.zeros(2, 2, 2)), 2 * math.log(2)),
    "new_share": ((["ada", "ada", "xyz"], ["ada", "eva"]), 0.5),
    "with_direct": (
        (
            *(T([[0, 1]]), torch.zeros(2, 1), torch.zeros(2, 1), torch.zeros(1), torch.zeros(1, 2), T([0.5, 0.0])),
            T([[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]]),
        ),
        T([[31.5, 42.0]]),
    ),
    "dropout": ((T([[1.0, 2.0, 3.0, 4.0]]), 1, T([[0.9, 0.1, 0.3, 0.5]])), T([[4 / 3, 0.0, 4.0, 16 / 3]])),
    "residual": ((T([[1.0, 2.0]]), [torch.zeros(2, 2)], [torch.zeros(2)]), T([[[1.0, 2.0]], [[0.0, 0.0]]])),
    "soft_targets": (([T([[3.0, 1.0]]), T([[0.0, 1.0]])], [2.0, 1.0]), T([[1 / 3, 2 / 3]])),
    "word_numbers": ((TEXT.split(), 2), {".": 0, "<unk>": 1, "the": 2, "cat": 3}),
    "trigram_share": ((OTHER_TEXT.split(), ("the", "cat"), "saw"), 2 / 3),
    "best_weight": ((T([0.9, 0.3]), T([0.1, 0.8])), 0.75),
    "nearest_words": (
        (T([[1.0, 0.0], [0.9, 0.8], [5.0, 1.0], [-2.0, 0.5]]), ["cat", "dog", "house", "ran"], "cat", 2),
        ["house", "dog"],
    ),
    "mix": ((torch.zeros(1, 2), T([[0.0, math.log(3)]]), T([0.5])), T([[0.375, 0.625]]).log()),
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_example_is_among_the_inputs(name):
    exercise, (arguments, result) = find(name), PRINTED[name]
    places = [
        i for i, one in enumerate(exercise.inputs()) if compare(plain(one), arguments, exercise.tolerance) is None
    ]
    given = _specified(exercise, exercise.reference, None)
    assert places and compare(given[places[0]], result, exercise.tolerance) is None


# The same of projects and repairs, whose example is all of an input: what is between … is left to the check.
SMALL_COUNTS = {"": {"a": 3, "b": 1}, "a": {"a": 1, "b": 1}}
PRINTED_BY_STAGES = {
    "tally": [(T([0, 1, 0]), T([1, 0, 1]), 2)],
    "descend_by_hand": [(T([[1.0, 3.0], [2.0, 2.0]]), 1, 1.0)],
    "prepare": [(["Ada", " ada", "eva"], ...)],
    "count_contexts": [(["ab"], 1)],
    "continuation_counts": [(find("count_contexts").reference(["igh"] * 5 + ["agh"], 2), 2)],
    "kn_probability": [("", "b", SMALL_COUNTS, 0.5, 3), ("a", "b", SMALL_COUNTS, 0.5, 3)],
    "position_means": [(T([[0, 1], [0, 1]]), ...)],
    "backward_pass": [(..., ..., *(torch.zeros(*size) for size in ((2, 1), (1, 2), (2,), (2, 2), (2,))))],
    "finite_difference": [(..., T([[2.0]]).double(), 0.5)],
    "adam": [([T([1.0, 2.0])], [[T([0.001, -5.0])]], [0.1])],
    "fit": [(7, ..., 4, 3, ..., ...)],
    "fair_gap": [([2.2, 2.3], [2.1, 2.4])],
    "draw_settings": [({"rate": (0.001, 0.1), "hidden_dim": [50, 100]}, ..., ...)],
    "winner": [([{"rate": 0.01, "dev": 2.2}, {"rate": 0.03, "dev": 2.1}], ..., [1, 2])],
    "steered": [(T([0.5, 0.3, 0.15, 0.05]).log(), 1.0, 4, 0.7)],
    "read_list": [("Eva\nada\nAnne-Marie\nADA", "ademnrvi")],
}


@pytest.mark.parametrize("name", PRINTED_BY_STAGES)
def test_the_printed_example_of_a_stage_is_among_its_inputs(name):
    exercise = find(name)
    for printed in PRINTED_BY_STAGES[name]:
        assert any(
            all(p is ... or compare(plain(i), p, exercise.tolerance) is None for i, p in zip(one, printed, strict=True))
            for one in exercise.inputs()
        ), printed


def test_each_exercise_that_prints_a_whole_example_is_among_these():
    """The others print none: by pencil, with results that chance decides, or for part of the arguments."""
    without = {"split_examples", "forward", "start", "minibatches", "split_unique", "best_setting", "top_k"}
    without |= {"start_at_shares", "challenge"} | {one.name for one in SMALL if one.cases is None}
    assert set(PRINTED) | without == {one.name for one in SMALL} and not set(PRINTED) & without
    # These say in words what the check does, or print what another test holds (the card's facts).
    without = {"choose_and_report", "run_study", "own_sampler", "scored", "write_card"}
    stages = {one.name for one in exercises.of_lesson() if one not in SMALL and not one.trial}
    assert set(PRINTED_BY_STAGES) | without == stages and not set(PRINTED_BY_STAGES) & without


@pytest.mark.parametrize("name", ["split_examples", "start", "minibatches", "split_unique", "start_at_shares"])
def test_the_seed_decides_the_result_and_it_alone(name):
    calls = find(name).calls()
    assert calls["other seeds"] and len({arguments[-1] for arguments in calls["other seeds"]}) > 1
    kinds = {answer.kind for answer in ANSWERS if answer.exercise == name}
    assert {"seed ignored", "not the same twice"} <= kinds or name == "split_unique"


@pytest.mark.parametrize("name", ["softmax", "gradient", "cross_entropy"])
def test_what_a_task_forbids_is_refused_when_it_is_called(name):
    exercise = find(name)
    forbidden = answers(exercise, right=False)
    assert sum(answer.kind == "forbidden" for answer in forbidden) >= 4 and exercise.forbidden
    (task,) = [cell for one in EXERCISES for cell in one.cells if cell.raw["id"].endswith(f"-{name}-task")]
    assert re.search(r"[Ww]ithout calling|Don't (call|build)", task.source)
    for one in SMALL:
        (task,) = [cell for book in EXERCISES for cell in book.cells if cell.raw["id"].endswith(f"-{one.name}-task")]
        assert bool(re.search(r"[Ww]ithout calling|Don't (call|build)", task.source)) == bool(one.forbidden)


@every_exercise
def test_every_mistake_points_to_a_heading_that_is_there(exercise):
    for mistake in exercise.mistakes:
        lesson, _, heading = mistake.see.partition(" ")
        (notebook,) = [one for one in LESSONS if one.number == lesson]
        assert f"## {heading}" in [line for cell in notebook.prose for line in cell.source.splitlines()]


def test_numbers_and_names_are_unique_and_each_lesson_has_four():
    everything = exercises.of_lesson()
    assert len({one.name for one in everything}) == len({one.number for one in everything}) == len(everything)
    for lesson in exercises.LESSONS:
        numbers = [one.number for one in exercises.of_lesson(lesson)]
        assert numbers == [f"{lesson}.{i}" for i in range(1, len(numbers) + 1)] and len(numbers) >= 4


# The notebooks


@pytest.mark.parametrize("notebook", EXERCISES, ids=repr)
def test_a_notebook_holds_its_lessons_exercises(notebook):
    lesson = notebook.path.stem[:2]
    names = [one.name for one in exercises.of_lesson(lesson)]
    cells = {cell.raw["id"]: cell for cell in notebook.cells}
    assert notebook.path.stem in [one.path.stem for one in LESSONS]
    order = [cell.raw["id"].split("-")[1] for cell in notebook.cells if cell.raw["id"].endswith("-task")]
    assert order == names
    for number, name in enumerate(names, start=1):
        assert cells[f"{lesson}-{name}-task"].source.startswith(f"## {number}. ")
        answer = cells[f"{lesson}-{name}-answer"].source
        assert answer.startswith(f"def {name}(") and 'raise NotImplementedError("' in answer
        assert cells[f"{lesson}-{name}-check"].source == f'check("{name}", {name})'
        assert cells[f"{lesson}-{name}-hint"].source.startswith(f'# hint("{name}")')
    prose = "".join(cell.source for cell in notebook.prose)
    assert "*(warm-up" in prose and "pencil" in prose
    assert notebook.code[0].source == LESSONS[0].code[0].source


@pytest.mark.parametrize("notebook", EXERCISES, ids=repr)
def test_an_open_notebook_stores_nothing_that_looks_solved(notebook):
    for cell in notebook.code:
        assert not cell.raw["outputs"] and cell.raw["execution_count"] is None
        # nbval must not compare what a learner's own run has stored: only raising decides.
        if cell.raw["id"].endswith(("-answer", "-hint", "-check", "-progress")):
            assert "nbval-ignore-output" in cell.tags


def test_every_exercise_notebook_has_its_solution():
    assert [one.path.name for one in EXERCISES] == [one.path.name for one in SOLUTIONS]
    assert [one.path.stem[:2] for one in EXERCISES] == list(exercises.LESSONS)


@pytest.mark.parametrize("solution", SOLUTIONS, ids=repr)
def test_a_solution_equals_its_exercise_but_for_the_answers(solution):
    (notebook,) = [one for one in EXERCISES if one.path.name == solution.path.name]
    kept = [cell for cell in solution.cells if not cell.raw["id"].endswith("-discussion")]
    assert [cell.raw["id"] for cell in kept] == [cell.raw["id"] for cell in notebook.cells]
    for ours, theirs in zip(kept, notebook.cells, strict=True):
        if ours.raw["id"].endswith("-answer"):
            assert ours.source != theirs.source and ours.source.splitlines()[0] == theirs.source.splitlines()[0]
        else:
            expected = theirs.source.replace("](../", "](../../").replace("](README.md)", "](../README.md)")
            assert ours.source == expected
        assert ours.tags == theirs.tags


@pytest.mark.parametrize("solution", SOLUTIONS, ids=repr)
def test_a_solution_is_stored_solved_and_discussed(solution):
    cells = {cell.raw["id"]: cell for cell in solution.cells}
    lesson = solution.path.stem[:2]
    for exercise in exercises.of_lesson(lesson):
        (printed,) = cells[f"{lesson}-{exercise.name}-check"].texts
        assert printed.startswith(f"\x1b[1;32m✓\x1b[0m {exercise.title}: right") and printed.count("\n") == 1
        assert 25 <= len(cells[f"{lesson}-{exercise.name}-discussion"].source.split()) <= 90
