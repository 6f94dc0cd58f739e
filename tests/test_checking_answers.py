"""The checks are checked: every wrong answer is refused with the hint meant for it, every right one passes.

All answers to an exercise are tried in one test, which costs little; it says which of them failed.
"""

from collections import Counter
from itertools import combinations
from zlib import crc32

import pytest
from answers import ANSWERS, EXERCISES, SOLUTIONS
from lessons import LESSONS

from makemlp.checking import exercises
from makemlp.checking.core import SEEDS, Stop, _compared, _same, blur, examine, judge, observe

GENERAL = {
    *("nothing", "type", "dtype", "shape", "length", "keys", "value", "raised", "arguments"),
    *("changes its input", "not the same twice", "forbidden", "seed ignored", "order of a set"),
}
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
    assert kinds["met"] >= (4 if not exercise.trial else 2) and kinds.total() - kinds["met"] >= 8
    known = {mistake.name for mistake in exercise.mistakes}
    assert len(known) == len(exercise.mistakes) >= 3 and not known & (GENERAL | {"met", "open"})
    assert known <= set(kinds), "every known mistake is made in the catalogue"
    assert set(kinds) <= known | GENERAL | {"met"}


@every_exercise
def test_the_specification_meets_its_own_check(exercise):
    for one in observe(exercise, exercise.reference, drawn(exercise), watched=False):
        assert not isinstance(one.value, Stop)  # two that stop alike would count as agreeing
    assert judge(exercise, observe(exercise, exercise.reference, None, watched=False)).met
    assert exercise.tolerance.why and len(exercise.hints) >= 2


@every_exercise
def test_the_inputs_tell_every_mistake_from_every_other(exercise):
    for seed in (None, drawn(exercise)):
        seen = [observe(exercise, mistake.wrong, seed, watched=False) for mistake in exercise.mistakes]
        kinds = [judge(exercise, one, seed).kind for one in seen]
        assert kinds == [mistake.name for mistake in exercise.mistakes]
    if exercise.trial:
        return
    for one, other in combinations(exercise.mistakes, 2):
        pairs = zip(_compared(exercise, one.wrong, None), _compared(exercise, other.wrong, None), strict=True)
        assert not all(_same(blur(left), blur(right), exercise) for left, right in pairs), (one.name, other.name)


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
