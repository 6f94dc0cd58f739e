"""Each lesson in a real JupyterLab in a real Chromium, operated as a person would.

One lesson only: `pytest tests/browser -k 01_bigram`. Its explorers are operated in test_live_lessons.py. Screenshots go
to build/screens.
"""

import os
import re

import pytest
from disturbance import ASK_KERNEL, SEED
from nbval.plugin import IPyNbFile

from makemlp.questions import _read

from .alive import is_alive
from .lab import IN_FOCUS, NOTEBOOKS, cells_of, explorers_in, stored_alts, until
from .sheets import below, choose, number_of, read_as, said_by, shown, type_in

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
EVERYWHERE = [(name, label) for name in LESSONS for label in explorers_in(cells_of(name))]
SHORTEST_ALT = 30
one_for_all = pytest.mark.parametrize("name", ["00_start_here"])  # quizzes and cards have the same code everywhere


@pytest.mark.parametrize("name", LESSONS)
def test_run_all_ends_with_no_error_and_no_warning(lesson):
    assert not lesson.faults_of_run, "\n".join(lesson.faults_of_run)


@pytest.mark.parametrize("name", LESSONS)
def test_it_prints_what_is_stored(lesson, request):
    """By nbval's own comparison, so that in CI nbval need not run the lesson once more (conftest.py leaves it out)."""
    if SEED in os.environ:
        assert lesson.value(ASK_KERNEL) == int(os.environ[SEED])
    notebook = IPyNbFile.from_parent(request.session, path=NOTEBOOKS / f"{lesson.name}.ipynb")
    notebook.setup_sanitize_files()
    for cell, outputs in zip(notebook.collect(), lesson.outputs_of_run, strict=True):
        if cell.options["check"]:
            same = cell.compare_outputs(outputs, cell.cell.outputs)
            assert same, "\n".join([cell.cell.source, *cell.comparison_traceback])


@pytest.mark.parametrize("name", LESSONS)
def test_pictures_have_their_alternative_texts(lesson):
    """As stored where the notebook stores it, before anything is run and after; of some length everywhere.

    The answer to a Predict is folded when the notebook is opened, and unfolds when its cell is run.
    """
    stored = [stored_alts(cell) for cell in lesson.cells]
    folded = [cell["metadata"].get("jupyter", {}).get("outputs_hidden", False) for cell in lesson.cells]
    opened = [[] if hidden else alts for alts, hidden in zip(stored, folded, strict=True)]
    assert any(stored) and lesson.alts_as_opened == opened
    alive = [place for label, place in explorers_in(lesson.cells).items() if is_alive(label)]
    for place, (alts, wanted) in enumerate(zip(lesson.alts_of_run, stored, strict=True)):
        if place in alive:  # what is drawn there now is seen in test_live_lessons.py
            assert wanted and not alts, f"cell {place} still shows its picture"
            continue
        if "nbval-ignore-output" in lesson.cells[place]["metadata"].get("tags", []):
            assert len(alts) >= len(wanted), f"cell {place} has lost a picture"
        elif wanted:
            assert alts == wanted, f"cell {place}"
    short = [alt for alts in lesson.alts_of_run for alt in alts if len(alt.strip()) < SHORTEST_ALT]
    assert not short, f"pictures with too short a text: {short}"


@pytest.mark.parametrize("name", LESSONS)
def test_quiz_and_card_answer(lesson):
    """One question by mouse, the next by keyboard; a card turned over by a click, and back by a key."""
    sheet = _read(number_of(lesson.name))
    questions, card = sheet["questions"], sheet["cards"][0]
    first, second = shown(below(lesson, "quiz"), ".makemlp-question").all()[:2]
    answer = questions[0]["answers"][0]
    (type_in if questions[0]["type"] == "numeric" else choose)(first, answer)
    assert read_as(answer["feedback"]) in said_by(first)
    for _ in range(2):  # from a number there is its button on the way
        if not second.evaluate("box => box.contains(document.activeElement)"):
            lesson.press("Tab")
    lesson.page.keyboard.type("99999" if questions[1]["type"] == "numeric" else " ")
    if questions[1]["type"] == "numeric":
        lesson.press("Enter")
    assert any(said_by(second)[2:].startswith(read_as(answer["feedback"])) for answer in questions[1]["answers"])
    cards = below(lesson, "cards")
    deck = shown(cards, ".makemlp-card").first
    assert read_as(card["front"]) in re.sub(r"\s+", " ", deck.inner_text())
    deck.click()
    until(lesson.page, lambda: "turned" in deck.get_attribute("class").split())
    cards.evaluate("area => area.closest('.jp-Cell').focus()")
    for _ in range(5):
        lesson.press("Tab")
        if deck.evaluate(IN_FOCUS):
            break
    lesson.press("Space")
    until(lesson.page, lambda: "turned" not in deck.get_attribute("class").split())
    assert not lesson.errors()


@one_for_all
def test_keys_pressed_on_a_card_never_reach_the_notebook(lesson):
    """After a click too: once Enter went on to the notebook, and wrote lines into the learner's code."""
    area = below(lesson, "cards")
    card = shown(area, ".makemlp-card")
    sources = lesson.page.locator(".jp-Notebook .cm-content")
    before, cells = sources.all_inner_texts(), lesson.count_cells()
    place = area.locator(".makemlp-place")
    card.click()
    until(lesson.page, lambda: "Answer" in card.inner_text())
    area.get_by_role("button", name="Next").click()
    until(lesson.page, lambda: place.inner_text().startswith("2 of"))
    top = "() => document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook').scrollTop"
    scrolled = lesson.page.evaluate(top)
    lesson.page.keyboard.press("Space")
    until(lesson.page, lambda: "Answer" in card.inner_text())
    for key in ("Enter", "ArrowRight", "a", "b", "d", "d", "m", "x", "j", "ArrowLeft"):
        lesson.page.keyboard.press(key)
    until(lesson.page, lambda: place.inner_text().startswith("3 of"))
    assert lesson.page.evaluate(top) == scrolled
    assert (sources.all_inner_texts(), lesson.count_cells()) == (before, cells)
    lesson.page.keyboard.press("Tab")
    assert not card.evaluate("card => card === document.activeElement"), "Tab doesn't lead out of the card"
    lesson.screenshot(f"{lesson.name}-cards")
    assert not lesson.errors()


@one_for_all
def test_choices_are_reached_by_keyboard(lesson):
    """Tab comes to a question, arrows go through its choices, and JupyterLab leaves these keys alone."""
    choices = shown(below(lesson, "quiz"), ".makemlp-question[role=radiogroup]").first
    choices.locator("input").first.focus()
    focused = "box => box.contains(document.activeElement)"
    said = set()
    for key in ("Space", "ArrowDown", "ArrowDown"):
        lesson.page.keyboard.press(key)
        assert choices.evaluate(focused)
        said.add(said_by(choices))
    assert len(said) == 3
    outline = choices.locator("label:focus-within").evaluate("label => getComputedStyle(label).outlineStyle")
    assert outline == "solid"
    lesson.page.keyboard.press("Tab")
    assert not choices.evaluate(focused)
    lesson.screenshot(f"{lesson.name}-quiz")
