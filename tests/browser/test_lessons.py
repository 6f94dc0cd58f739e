"""Each lesson in a real JupyterLab in a real Chromium, operated as a person would.

One lesson only: `pytest tests/browser -k 01_bigram`. One explorer only: `pytest tests/browser -k explore_smoothing`.
Screenshots go to build/screens, latencies to build/latency.txt.
"""

import re

import pytest

from makemlp.questions import _read

from .alive import is_alive
from .lab import IN_FOCUS, NOTEBOOKS, cells_of, explorers_in, stop_of, stored_alts, until
from .sheets import below, choose, number_of, read_as, said_by, shown, type_in
from .trial import Trial, unseen_stops

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
EVERYWHERE = [(name, label) for name in LESSONS for label in explorers_in(cells_of(name))]
TRAINERS = [(name, label) for name, label in EVERYWHERE if "explore_training" in label]
GAMES = [(name, label) for name, label in EVERYWHERE if "explore_real_or_made_up" in label]
EXPLORERS = [pair for pair in EVERYWHERE if pair not in TRAINERS + GAMES and not is_alive(pair[1])]
SHORTEST_ALT = 30


@pytest.mark.parametrize("name", LESSONS)
def test_run_all_ends_with_no_error_and_no_warning(lesson):
    assert not lesson.faults_of_run, "\n".join(lesson.faults_of_run)


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


@pytest.mark.parametrize(("name", "label"), EXPLORERS)
def test_explorer_obeys_every_control(lesson, label, latencies):
    trial = Trial(lesson.explorer(label), latencies)
    trial.by_mouse()
    assert not trial.problems, "\n".join(trial.problems)


@pytest.mark.parametrize(("name", "label"), EXPLORERS)
def test_keyboard_alone_works_explorer(lesson, label):
    trial = Trial(lesson.explorer(label))
    trial.by_keyboard()
    assert not trial.problems, "\n".join(trial.problems)


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


@pytest.mark.parametrize(("name", "label"), TRAINERS)
def test_trainer_lives(lesson, label):
    """By mouse: it starts, shows how far it is, obeys its sliders while it runs, pauses, goes on, and is reset."""
    trainer = lesson.explorer(label)
    rate, hidden = trainer.controls("slider")[0], trainer.controls("slider")[3]
    start, reset = trainer.controls("button")

    def steps():
        return steps_of(trainer)

    assert steps() == bar_of(trainer) == 0
    trainer.click(start)
    until(trainer.page, lambda: steps() > 200)
    assert bar_of(trainer) > 0
    trainer.drag(rate, 0.3)
    lesson.settle()
    handle = trainer.shown()["places"]["learning rate"]
    assert rate_of(trainer) == pytest.approx(10**handle) and -3 < handle < -2.5
    seen = steps()
    until(trainer.page, lambda: steps() > seen)
    trainer.drag(hidden, 0.9)  # another model, from its beginning, and still running
    lesson.settle()  # until the last of the drag's values has come to the kernel
    until(trainer.page, lambda: 0 < steps() < 2000)
    until(trainer.page, lambda: steps() > 100)
    trainer.screenshot()
    trainer.click(start)
    until(trainer.page, lambda: start.inner_text().strip() == "Start")
    stopped = steps_at_rest(trainer)
    assert stopped > 0 and bar_of(trainer) == pytest.approx(stopped / 10_000, abs=1e-4)
    trainer.page.wait_for_timeout(500)
    assert steps() == stopped
    trainer.click(start)
    until(trainer.page, lambda: steps() > stopped)
    trainer.click(reset)
    until(trainer.page, lambda: steps() == 0)
    assert bar_of(trainer) == 0 and start.inner_text().strip() == "Start"
    assert not trainer.message() and not lesson.errors()


def steps_of(trainer):
    """The steps that the picture tells."""
    return int(re.search(r"after (\d+) steps", trainer.picture()[1])[1])


def steps_at_rest(trainer):
    """The steps of a run that was paused, when its thread has ended and the page shows what that did last."""
    it = trainer.object()
    until(trainer.page, lambda: trainer.lesson.value(f"not {it}._thread.is_alive()"))
    until(trainer.page, lambda: steps_of(trainer) == trainer.lesson.value(f"len({it}.run.losses)"))
    return steps_of(trainer)


def bar_of(trainer):
    """How much of the progress bar is filled, from 0 to 1."""
    return trainer.area.locator(".progress-bar").evaluate("bar => parseFloat(bar.style.width) / 100")


def rate_of(trainer):
    """The learning rate of the run under way."""
    return trainer.lesson.value(f"{trainer.object()}.run.optimizer.learning_rates.item()")


@pytest.mark.parametrize(("name", "label"), TRAINERS)
def test_keyboard_alone_works_trainer(lesson, label):
    """Started, steered while it runs, paused, continued and reset."""
    trainer = lesson.explorer(label)
    rate, batch_size, emb_dim, hidden_dim = (stop_of(slider, "slider") for slider in trainer.controls("slider"))
    start, reset = trainer.controls("button")

    def press(stop, key):
        trainer.tab_to(stop)
        lesson.press(key)
        lesson.settle()
        assert stop.evaluate(IN_FOCUS), f"{key} has lost the focus"

    assert not unseen_stops(trainer)
    press(start, "Enter")
    until(trainer.page, lambda: steps_of(trainer) > 100)
    press(rate, "Home")
    assert rate_of(trainer) == pytest.approx(1e-4)
    for stop, key, what, wanted in (
        (batch_size, "Home", "run.batches.batch_size", 32),
        (emb_dim, "End", "model.C.shape[1]", 20),
        (hidden_dim, "Home", "model.W1.shape[1]", 10),
    ):
        press(stop, key)
        assert lesson.value(f"(lambda model, run: {what})({trainer.object()}.model, {trainer.object()}.run)") == wanted
        until(trainer.page, lambda: steps_of(trainer) > 0)
    press(start, "Space")
    until(trainer.page, lambda: start.inner_text().strip() == "Start")
    stopped = steps_at_rest(trainer)
    trainer.page.wait_for_timeout(300)
    assert steps_of(trainer) == stopped > 0
    press(start, "Enter")
    until(trainer.page, lambda: steps_of(trainer) > stopped)
    press(reset, "Enter")
    until(trainer.page, lambda: steps_of(trainer) == 0 and start.inner_text().strip() == "Start")
    assert bar_of(trainer) == 0 and not trainer.message() and not lesson.errors()
