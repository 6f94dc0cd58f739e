"""The quizzes and flashcards in a real JupyterLab: answered, turned over, reached and left by keyboard.

Two lessons stand for all, as the code is the same and tests/test_quizzes.py reads every text: the first, and one with a
formula, where the page has a MathJax that the libraries would replace from the network. That no lesson's cells go
wrong, and that a question and a card answer in each, is for test_lessons.py to see.
"""

import re

import pytest

from makemlp.questions import FILES, _read

from .lab import NOTEBOOKS, cells_of, until
from .sheets import below, choose, number_of, read_as, said_by, shown, type_in

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
two_lessons = pytest.mark.parametrize("name", ["00_start_here", "03_embed_and_concatenate"])


@pytest.mark.parametrize("lesson_name", LESSONS)
def test_every_lesson_ends_with_its_quiz_and_its_cards(lesson_name):
    code = [cell["source"] for cell in cells_of(lesson_name) if cell["cell_type"] == "code"]
    assert code[-2:] == [f'makemlp.{call}("{number_of(lesson_name)}")' for call in ("quiz", "cards")]


@two_lessons
def test_quiz_says_why(lesson):
    area = below(lesson, "quiz")
    boxes = shown(area, ".Quiz")
    questions = _read(number_of(lesson.name))["questions"]
    assert boxes.count() == len(questions)
    assert not area.locator("details").count(), "the text that unfolds has not made room"
    for question, box in zip(questions, boxes.all(), strict=True):
        assert read_as(question["question"]) in re.sub(r"\s+", " ", box.inner_text())
        for answer in question["answers"]:
            (type_in if question["type"] == "numeric" else choose)(box, answer)
            sign = "✓" if answer.get("correct") else "✗"
            assert said_by(box).startswith(f"{sign} {read_as(answer['feedback'])}")
    area.evaluate("area => area.closest('.jp-Cell').scrollIntoView({block: 'start'})")
    lesson.screenshot(f"{lesson.name}-quiz")
    assert not lesson.errors()


@two_lessons
def test_choices_are_reached_by_keyboard(lesson):
    """Tab comes to a question, arrows go through its choices, and JupyterLab leaves these keys alone."""
    choices = shown(below(lesson, "quiz"), ".Quiz:has(.MCButton)").first
    choices.locator("input").first.focus()
    focused = "box => box.contains(document.activeElement)"
    said = set()
    for key in ("Space", "ArrowDown", "ArrowDown"):
        lesson.page.keyboard.press(key)
        assert choices.evaluate(focused)
        said.add(choices.locator(".Feedback").inner_text())
    assert len(said) == 3
    outline = choices.locator(".MCButton:focus-within").evaluate("label => getComputedStyle(label).outlineStyle")
    assert outline == "solid"
    lesson.page.keyboard.press("Tab")
    assert not choices.evaluate(focused)
    assert choices.locator(".Feedback").get_attribute("role") == "status"


@two_lessons
def test_cards_turn_over_and_follow_each_other(lesson):
    area = below(lesson, "cards")
    deck = shown(area, ".flip-container")
    cards = _read(number_of(lesson.name))["cards"]
    texts, following = deck.locator(".frontcard .flashcardtext"), area.locator(".next")

    def turned():
        return "flip" in deck.get_attribute("class").split()

    def on_top():
        return [re.sub(r"\s+", " ", text).strip() for text in texts.all_inner_texts()]

    def sides(card):
        return [read_as(card["front"]), read_as(card["back"])]

    def lies(card):
        """Wait until the card has slid to its place, and takes keys again."""
        until(lesson.page, lambda: on_top() == sides(card) and "hide" not in following.get_attribute("class").split())

    lies(cards[0])
    deck.click()
    until(lesson.page, turned)
    deck.evaluate("deck => deck.closest('.jp-Cell').scrollIntoView({block: 'start'})")
    lesson.screenshot(f"{lesson.name}-cards")
    following.click()
    lies(cards[1])
    deck.focus()
    lesson.page.keyboard.press("Space")
    until(lesson.page, turned)
    lesson.page.keyboard.press("Enter")
    lies(cards[2])
    lesson.page.keyboard.press("Tab")
    assert not deck.evaluate("deck => deck.contains(document.activeElement)"), "Tab doesn't lead out of the cards"
    assert not lesson.errors()


@pytest.mark.parametrize("name", ["03_embed_and_concatenate"])
def test_every_card_has_room_for_its_words(lesson):
    deck = shown(below(lesson, "cards"), ".flip-container")
    cards = [card for number in FILES for card in _read(number)["cards"]]
    fits = """(deck, text) => {
        const words = deck.querySelector('.front .flashcardtext'), before = words.innerText;
        words.innerText = text;
        const fits = words.offsetHeight <= words.parentElement.offsetHeight;
        words.innerText = before;
        return fits;
    }"""
    sides = [side for card in cards for side in (card["front"], card["back"])]
    assert [text for text in sides if not deck.evaluate(fits, text)] == []
    assert not deck.evaluate(fits, "word " * 100)
