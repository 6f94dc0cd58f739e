"""The quizzes and flashcards of every lesson, by themselves in a page.

In JupyterLab they are answered in test_lessons.py.
"""

import pytest

import makemlp
from makemlp import live
from makemlp.questions import FILES, _read

from .lab import NOTEBOOKS, cells_of, watched_page
from .sheets import choose, number_of, plain, read_as, said_by, shown, type_in
from .test_book import axe_script, faults
from .test_live import HEAD, PHONE, SMALLEST

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("lesson_name", LESSONS)
def test_every_lesson_ends_with_its_quiz_and_its_cards(lesson_name):
    code = [cell["source"] for cell in cells_of(lesson_name) if cell["cell_type"] == "code"]
    assert code[-2:] == [f'makemlp.{call}("{number_of(lesson_name)}")' for call in ("quiz", "cards")]


# --- in a page of their own ---


@pytest.fixture(scope="module")
def page(browser):
    with watched_page(browser, viewport=PHONE) as page:
        yield page


@pytest.fixture
def opened(page, tmp_path):
    def open_page(html):
        (tmp_path / "page.html").write_text(HEAD + html, encoding="utf-8")
        page.goto((tmp_path / "page.html").as_uri())
        return page

    return open_page


def html_of(number):
    return makemlp.quiz(number)._repr_html_() + makemlp.cards(number)._repr_html_()


@pytest.mark.parametrize("number", FILES)
def test_every_answer_says_why(opened, number):
    page = opened(html_of(number))
    boxes, questions = shown(page, ".makemlp-question"), _read(number)["questions"]
    assert boxes.count() == len(questions) and not page.locator("details").count()
    for question, box in zip(questions, boxes.all(), strict=True):
        assert plain(box.locator("p").first.inner_text()).endswith(plain(read_as(question["question"])))
        for answer in question["answers"]:
            (type_in if question["type"] == "numeric" else choose)(box, answer)
            sign = "✓" if answer.get("correct") else "✗"
            assert said_by(box).startswith(f"{sign} {read_as(answer['feedback'])}")
    score = page.locator(".makemlp-score").inner_text()
    # Each answer was tried, so each question is solved, and only those whose first answer is right are without a miss.
    assert score.startswith(f"{len(questions)} of {len(questions)} questions solved, 0 without a miss. All done.")


@pytest.mark.parametrize("number", FILES)
def test_right_answers_alone_are_without_a_miss(opened, number):
    page = opened(html_of(number))
    questions = _read(number)["questions"]
    for done, (question, box) in enumerate(zip(questions, shown(page, ".makemlp-question").all(), strict=True)):
        assert page.locator(".makemlp-score").inner_text().startswith(f"{done} of {len(questions)} questions solved")
        for answer in question["answers"]:
            if answer.get("correct"):
                (type_in if question["type"] == "numeric" else choose)(box, answer)
    assert f"{len(questions)} without a miss" in page.locator(".makemlp-score").inner_text()


@pytest.mark.parametrize("number", FILES)
def test_cards_show_both_sides_and_fit(opened, number):
    page = opened(html_of(number))
    card, deck = page.locator(".makemlp-card"), _read(number)["cards"]
    for place, sides in enumerate(deck, start=1):
        for side in ("front", "back"):
            kind = "Question" if side == "front" else "Answer"
            assert plain(card.inner_text()) == f"{kind} {plain(read_as(sides[side]))}"
            card.click()
        assert page.get_by_text(f"{place} of {len(deck)}").first.is_visible()
        page.get_by_role("button", name="Next").click()
    assert page.locator(".makemlp-place").inner_text() == f"1 of {len(deck)}"  # after the last comes the first
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


def test_axe_finds_nothing_and_no_text_is_small(opened):
    page = opened(html_of("03"))
    page.locator("label").first.click()
    page.locator(".makemlp-question label").nth(5).click()
    page.evaluate(axe_script())
    rules = {"rules": {rule: {"enabled": False} for rule in ("page-has-heading-one", "region")}}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page, rules) == [], scheme
    sizes = "all => all.map(node => parseFloat(getComputedStyle(node).fontSize))"
    assert min(page.locator(".makemlp-sheet *").evaluate_all(sizes)) >= SMALLEST


def test_what_is_no_number_and_what_no_answer_takes_get_the_hint(opened):
    page = opened(html_of("03"))
    box = page.locator(".makemlp-question:has(input[type=text])").first
    hint = next(q for q in _read("03")["questions"] if q["type"] == "numeric")["answers"][-1]["feedback"]
    field = box.get_by_role("textbox")
    for typed, words in (("many", "✗ That is not a number. "), ("", "✗ That is not a number. "), ("−7", "✗ ")):
        field.fill(typed)
        box.get_by_role("button", name="Check").click()
        assert said_by(box) == f"{words}{read_as(hint)}"
    field.fill("1,602")
    field.press("Enter")
    assert said_by(box).startswith("✓")


def test_groups_boxes_and_the_turned_card_have_names_and_are_announced(opened):
    page = opened(html_of("03"))
    for question, box in zip(_read("03")["questions"], page.locator(".makemlp-question").all(), strict=True):
        words = plain(read_as(question["question"]))
        if question["type"] == "numeric":
            assert words in plain(box.get_by_role("textbox").get_attribute("aria-label"))
        else:
            kind = "radiogroup" if question["type"] == "multiple_choice" else "group"
            assert box.get_attribute("role") == kind and words in plain(box.get_attribute("aria-label"))
        assert box.locator(".makemlp-said").get_attribute("role") == "status"
    spoken, card = page.locator(".makemlp-spoken"), page.locator(".makemlp-card")
    assert spoken.get_attribute("role") == "status" and spoken.text_content() == ""
    card.press("Space")
    assert plain(spoken.text_content()).startswith("Answer 1 of ")


def test_two_of_a_kind_leave_each_other_alone(opened):
    page = opened(html_of("00") * 2)
    page.locator("label").first.click()
    solved = page.locator(".makemlp-said:not(:empty)")
    assert solved.count() == 1 and page.locator("input:checked").count() == 1
    page.locator(".makemlp-card").first.press("Enter")
    assert [text.split()[0] for text in page.locator(".makemlp-place").all_inner_texts()] == ["2", "1"]


def test_in_a_frame_as_colab_has_them_and_without_scripts(opened, page, browser, tmp_path):
    inside = (HEAD + html_of("00")).replace("&", "&amp;").replace('"', "&quot;")
    page.set_content(f'<iframe sandbox="allow-scripts" width="700" height="600" srcdoc="{inside}">')
    frame = page.frame_locator("iframe")
    frame.locator("label").first.click()
    frame.locator(".makemlp-said:not(:empty)").wait_for()
    still = browser.new_context(java_script_enabled=False).new_page()
    (tmp_path / "still.html").write_text(HEAD + live.stored(html_of("00")), encoding="utf-8")
    still.goto((tmp_path / "still.html").as_uri())
    still.locator("summary").first.click()
    assert still.locator("details[open]").count() == 1 and not still.locator("input").count()
    still.close()
