"""The questions and cards that end each lesson: complete, fair, recomputed; and the text that the page makes answer.

How they answer is seen in tests/browser/test_quizzes.py.
"""

import html
import json
import re
from html.parser import HTMLParser

import pytest
from lessons import LESSONS
from test_facts import FACTS, earned, figures_in, plain, recomputed, shown_by
from test_lessons import EXPECTED

import makemlp
from makemlp import live, questions

NUMBERS = [name.partition("_")[0] for name in EXPECTED]


def read(number):
    return json.loads(questions.FILES[number].read_text(encoding="utf-8"))


QUESTIONS = [(number, question) for number in NUMBERS for question in read(number)["questions"]]
CARDS = [(number, card) for number in NUMBERS for card in read(number)["cards"]]
PARTS = [answer for _, question in QUESTIONS for answer in question["answers"]] + [card for _, card in CARDS]
RECOMPUTED = [pair for part in PARTS for pair in part.get("python", {}).items()]


def named(value):
    """A test's name: the beginning of what is asked, or of a card's front."""
    return (value.get("question") or value.get("front") or "")[:40] if isinstance(value, dict) else str(value)


every_question = pytest.mark.parametrize(("number", "question"), QUESTIONS, ids=named)
every_card = pytest.mark.parametrize(("number", "card"), CARDS, ids=named)


def texts_of(item):
    """Every text of a question or card that a learner reads."""
    if "front" in item:
        return [item["front"], item["back"]]
    answers = [answer[key] for answer in item["answers"] for key in ("answer", "feedback") if key in answer]
    return [item["question"], *answers]


def expressions_of(item):
    parts = [item] if "front" in item else item["answers"]
    return " ".join(expression for part in parts for expression in part.get("python", {}).values())


# --- what is asked ---


def test_every_lesson_has_its_file_and_every_file_its_lesson():
    assert list(questions.FILES) == NUMBERS
    assert [path.stem for path in questions.FILES.values()] == EXPECTED


@pytest.mark.parametrize("number", NUMBERS)
def test_there_are_enough_of_several_kinds(number):
    content = read(number)
    assert set(content) == {"questions", "cards"}
    enough = (3, 5) if number.endswith("b") else (5, 8)  # a second part adds to what its first part asks
    assert len(content["questions"]) >= enough[0] and len(content["cards"]) >= enough[1]
    kinds = {question["type"] for question in content["questions"]}
    assert kinds <= {"multiple_choice", "many_choice", "numeric"}
    assert len(kinds) >= (2 if number.endswith("b") else 3)
    asked = [question["question"] + question.get("code", "") for question in content["questions"]]
    fronts = [card["front"] for card in content["cards"]]
    assert len(set(asked)) == len(asked) and len(set(fronts)) == len(fronts)


@every_question
def test_question_is_in_its_format(number, question):
    assert set(question) <= {"question", "type", "code", "answers"}
    for answer in question["answers"]:
        kind = {"answer"} if question["type"] != "numeric" else {"type", answer["type"]} - {"default"}
        required = kind | {"feedback"} | ({"correct"} if answer.get("type") != "default" else set())
        assert required <= set(answer) <= required | {"python"}, answer


@every_question
def test_there_is_a_right_answer_and_a_wrong_one(number, question):
    right = sum(answer.get("correct", False) for answer in question["answers"])
    wrong = len(question["answers"]) - right
    assert wrong >= 2
    assert right >= 2 if question["type"] == "many_choice" else right == 1
    if question["type"] == "many_choice":
        assert "hoose all" in question["question"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_right_choice_has_no_fixed_place(number):
    """On a page that can't run anything the choices stand in the order of the file."""
    choices = [q["answers"] for q in read(number)["questions"] if q["type"] == "multiple_choice"]
    places = {[answer["correct"] for answer in answers].index(True) for answers in choices}
    assert len(places) > 1


def test_the_right_choice_is_not_mostly_the_longest():
    """Of three or four choices the longest is the right one about as often as chance would have it."""
    choices = [question["answers"] for _, question in QUESTIONS if question["type"] == "multiple_choice"]
    longest = [max(answers, key=lambda answer: len(answer["answer"]))["correct"] for answers in choices]
    assert sum(longest) / len(longest) < 0.35


@every_question
def test_every_answer_says_why(number, question):
    for answer in question["answers"]:
        assert len(answer["feedback"]) >= (10 if answer.get("correct") else 20)
        empty = r"(no|wrong|incorrect|not (quite|right)|false|try again|right|correct)[.!: ]*$"
        assert not re.match(empty, answer["feedback"], re.I)
    reasons = [answer["feedback"] for answer in question["answers"]]
    assert len(set(reasons)) == len(reasons), "each answer has a reason of its own"


@pytest.mark.parametrize("item", [item for _, item in QUESTIONS + CARDS], ids=named)
def test_texts_are_short_and_plain(item):
    for text in texts_of(item):
        assert 1 <= len(text.split()) <= 60
        assert text == text.strip() and text.count("`") % 2 == 0 and text.count("*") % 2 == 0
        # What a page of a notebook would take for a formula or a link, and stress within code.
        assert "$" not in text and "](" not in text and "<http" not in text
        assert not re.search(r"`[^`]*\*[^`]*`", text)


@every_card
def test_card_is_in_its_format(number, card):
    assert {"front", "back"} <= set(card) <= {"front", "back", "python"}
    assert len(card["front"].split()) <= 25 and len(card["back"].split()) <= 40  # a card has room for a few lines


# --- numbers ---


def span(answer):
    """The numbers that an answer takes, as the page does: from low on, below high."""
    low, high = answer["range"] if "range" in answer else (answer["value"], answer["value"])
    return low, high


def takes(answer, value):
    low, high = span(answer)
    return value == low if low == high else low <= value < high


@every_question
def test_a_number_has_a_hint_and_reasons_for_likely_mistakes(number, question):
    if question["type"] != "numeric":
        return
    *numbers, otherwise = question["answers"]
    assert otherwise["type"] == "default" and len(otherwise["feedback"]) >= 20
    assert [answer["correct"] for answer in numbers].count(False) >= 2
    assert numbers[0]["correct"] and "python" in numbers[0]
    for answer in numbers:
        low, high = span(answer)
        assert low <= high and all(not takes(other, low) for other in numbers if other is not answer)


@pytest.mark.parametrize(("figure", "expression"), RECOMPUTED)
def test_figure_is_recomputed(figure, expression):
    assert recomputed(expression, figure) == plain(figure)
    assert not re.fullmatch(r"[\d._]+", expression), "that would compute nothing"


@every_question
def test_a_recomputed_figure_is_the_one_of_its_answer(number, question):
    for answer in question["answers"]:
        figures = list(answer.get("python", {}))
        if figures and question["type"] == "numeric":
            assert takes(answer, float(plain(figures[0])))
        said = f"{answer.get('answer', '')} {answer['feedback']}".replace("−", "-")
        assert question["type"] == "numeric" or all(earned(figure, said) for figure in figures)


@every_question
def test_every_figure_of_a_question_is_earned(number, question):
    assert unearned(number, question) == []


@every_card
def test_every_figure_of_a_card_is_earned(number, card):
    assert unearned(number, card) == []


def unearned(number, item):
    """Figures of three digits or more that neither the lesson nor a computation beside them gives."""
    name = questions.FILES[number].stem
    given = " ".join([item.get("code", ""), expressions_of(item), *figures_beside(item)])
    lesson = "\n".join(shown_by(lesson) for lesson in LESSONS if lesson.path.stem == name)
    known = {fact["figure"] for fact in FACTS if name in fact["where"]}
    found = [figure for text in texts_of(item) for figure in figures_in(text)]
    return [figure for figure in found if not (earned(figure, given) or figure in known or earned(figure, lesson))]


def figures_beside(item):
    parts = [item] if "front" in item else item["answers"]
    return [figure for part in parts for figure in part.get("python", {})]


def test_an_unearned_figure_is_found():
    card = {"front": "How many?", "back": "Some 123,456 of 48 and 7777.", "python": {"7,777": "7000 + 777"}}
    assert unearned("00", card) == ["123,456"]


# --- how it is shown ---


class Outline(HTMLParser):
    """The tags of a page, with a check that each is closed; the text of each summary; attributes as they come."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.summaries, self.attributes = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes += attributes
        if tag == "summary":
            self.summaries.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "summary" in self.open:
            self.summaries[-1] += data


PLAIN_TAGS = {"div", "p", "b", "em", "pre", "code", "details", "summary", "ul", "li"}


def text_of(sheet):
    """What of a sheet is stored: the text alone."""
    return live.stored(sheet._repr_html_())


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", [makemlp.quiz, makemlp.cards])
def test_what_is_stored_is_text_and_the_same_in_every_run(kind, number):
    first, second = (kind(number)._repr_html_() for _ in range(2))
    assert first == second and "<script" in first and "<style" in first
    kept = live.stored(first)
    assert kept == live.stored(kept) and len(kept) < 7_500
    assert len(first) - len(kept) < 16_000  # what each cell of a learner's own notebook carries to be alive
    outline = Outline(kept)
    assert set(outline.tags) <= PLAIN_TAGS
    assert {name for name, _ in outline.attributes} <= {"class", "data-low", "data-high"}
    said = repr(kind(number))
    assert said == repr(kind(number)) and len(said) < 100 and "Run this cell" in said


@pytest.mark.parametrize("number", NUMBERS)
def test_every_choice_unfolds_to_its_reason(number):
    page = text_of(makemlp.quiz(number))
    content = read(number)["questions"]
    choices = sum(len(question["answers"]) for question in content if question["type"] != "numeric")
    numeric = sum(question["type"] == "numeric" for question in content)
    assert page.count('<div class="makemlp-question">') == len(content)
    assert len(Outline(page).summaries) == choices + 2 * numeric  # a hint and an answer for each number
    signs = [bool(answer["correct"]) for q in content for answer in q["answers"] if answer.get("type") != "default"]
    assert [sign == "✓" for sign in re.findall("[✓✗]", page)] == signs
    words = re.sub(r"<[^>]+>", "", html.unescape(re.sub(r"</?(code|em)>", "", page)))
    for question in content:
        for text in texts_of(question):
            assert re.sub("[`*]", "", text) in words


def test_cards_unfold_from_front_to_back():
    page = text_of(makemlp.cards("00"))
    assert Outline(page).summaries == [card["front"].replace("*", "") for card in read("00")["cards"]]
    assert "<summary>What does the loss say?</summary>How surprised the model is" in page


HOSTILE = "<script>alert(`1`)</script> & \"x\" 'y' <img src=x onerror=alert(1)> *a* < b"
TAME = (
    "&lt;script&gt;alert(<code>1</code>)&lt;/script&gt; &amp; &quot;x&quot; &#x27;y&#x27; "
    "&lt;img src=x onerror=alert(1)&gt; <em>a</em> &lt; b"
)


def test_text_is_text_and_no_markup_of_its_own():
    """A translator's < or & shows as written."""
    question = {
        "question": HOSTILE,
        "code": HOSTILE,
        "type": "multiple_choice",
        "answers": [{"answer": HOSTILE, "correct": True, "feedback": HOSTILE}],
    }
    page = questions._question_page(1, question)
    assert set(Outline(page).tags) <= PLAIN_TAGS and page.count(TAME) == 3
    assert html.escape(HOSTILE) in page


def test_a_range_and_a_value_are_written_for_people_and_for_the_page():
    question = {
        "question": "How many?",
        "type": "numeric",
        "answers": [
            {"type": "value", "value": 2535, "correct": True, "feedback": "Because."},
            {"type": "range", "range": [1200, 1500.5], "correct": False, "feedback": "Too few."},
            {"type": "default", "feedback": "Count."},
        ],
    }
    assert questions._question_page(3, question) == (
        '<div class="makemlp-question">\n<p><b>3.</b> How many?</p>\n<details><summary>Hint</summary>Count.</details>\n'
        '<details><summary>Answer</summary><ul><li data-low="2535" data-high="2535"><b>2,535:</b> ✓ Because.</li>'
        '<li data-low="1200" data-high="1500.5"><b>1,200 to 1,500.5:</b> ✗ Too few.</li></ul></details>\n</div>'
    )


@pytest.mark.parametrize("kind", [makemlp.quiz, makemlp.cards])
@pytest.mark.parametrize("lesson", ["11", "1", 5, "", "05_learning_rate_sweep", None, "*", ["05"]])
def test_an_unknown_lesson_is_refused_in_one_sentence(kind, lesson):
    with pytest.raises(ValueError) as caught:
        kind(lesson)
    message = str(caught.value)
    assert repr(lesson) in message and "'00', '00b', '01'" in message and "'09'" in message
    assert "\n" not in message and message.endswith(".")
