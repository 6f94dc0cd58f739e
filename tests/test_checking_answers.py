"""The checks are checked: every wrong answer is refused with the hint meant for it, every right one passes."""

from collections import Counter

import pytest
from answers import ANSWERS, EXERCISES, SOLUTIONS
from lessons import LESSONS

from makemlp import checking
from makemlp.checking import exercises
from makemlp.checking.core import Stop, examine, observe

GENERAL = {
    *("nothing", "type", "dtype", "shape", "length", "keys", "value", "raised", "arguments"),
    *("changes its input", "not the same twice"),
}


def seeds(exercise):
    """The challenge has one input, whatever the seed."""
    return range(1 if exercise.trial else 4)


SEEDED = [pytest.param(one, seed, id=f"{one.name}-{seed}") for one in exercises.of_lesson() for seed in seeds(one)]
every_exercise = pytest.mark.parametrize("exercise", exercises.of_lesson(), ids=lambda one: one.name)


@pytest.mark.parametrize("answer", [one for one in ANSWERS if one.kind != "met"], ids=str)
def test_a_wrong_answer_is_refused_with_its_hint(answer):
    exercise = checking.find(answer.exercise)
    verdict = examine(exercise, answer.function())
    assert verdict.kind == answer.kind
    assert verdict.text.startswith(f"✗ {exercise.title}: ") and "\n" not in verdict.text and len(verdict.text) < 900


@pytest.mark.parametrize("answer", [one for one in ANSWERS if one.kind == "met"], ids=str)
def test_a_right_answer_passes_whatever_its_style(answer):
    exercise = checking.find(answer.exercise)
    for seed in seeds(exercise):
        verdict = examine(exercise, answer.function(), seed)
        assert verdict.met, verdict.text


@every_exercise
def test_the_catalogue_is_large_enough(exercise):
    kinds = Counter(answer.kind for answer in ANSWERS if answer.exercise == exercise.name)
    assert kinds["met"] >= 2 and kinds.total() - kinds["met"] >= 4
    known = {mistake.name for mistake in exercise.mistakes}
    assert len(known) == len(exercise.mistakes) >= 3 and not known & (GENERAL | {"met", "open"})
    assert known <= set(kinds), "every known mistake is made in the catalogue"
    assert set(kinds) <= known | GENERAL | {"met"}


@every_exercise
def test_the_specification_meets_its_own_check(exercise):
    for seed in seeds(exercise):
        assert examine(exercise, exercise.reference, seed).met
        for one in observe(exercise, exercise.reference, seed):  # two that stop alike would count as agreeing
            assert not isinstance(one.value, Stop)
            assert exercise.measure is None or exercise.measure(one.value, *one.arguments)
    assert exercise.tolerance.why and len(exercise.hints) >= 2


@pytest.mark.parametrize(("exercise", "seed"), SEEDED)
def test_the_inputs_tell_every_mistake_from_every_other(exercise, seed):
    kinds = [examine(exercise, mistake.wrong, seed).kind for mistake in exercise.mistakes]
    assert kinds == [mistake.name for mistake in exercise.mistakes]


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
