"""Verbs for the quizzes and cards below a lesson's last cells."""

import re


def number_of(name):
    """A lesson's number: "04" for 04_build_the_model, "00b" for 00b_refresher."""
    return name.partition("_")[0]


def below(lesson, call):
    """The output of the cell that calls `makemlp.quiz` or `makemlp.cards` for its own lesson."""
    source = f'makemlp.{call}("{number_of(lesson.name)}")'
    places = [place for place, cell in enumerate(lesson.cells) if cell["source"] == source]
    area = lesson.cell(places[-1]).locator(".jp-Cell-outputArea")
    area.scroll_into_view_if_needed()
    return area


def shown(area, selector):
    found = area.locator(selector)
    found.first.wait_for()
    return found


def read_as(text):
    """A text of the data as a page shows it."""
    return re.sub("[`*]", "", text)


def plain(text):
    return re.sub(r"\s+", " ", text).strip()


def choose(box, answer):
    labels = box.locator("label")
    texts = [plain(text) for text in labels.all_inner_texts()]
    labels.nth(texts.index(read_as(answer["answer"]))).click()


def type_in(box, answer):
    """A number that the answer takes; for all others, one that none takes."""
    number = answer["range"][0] if "range" in answer else answer.get("value", 99999)
    field = box.get_by_role("textbox", name="Your number")
    field.click()
    field.fill("")
    field.press_sequentially(str(number))
    field.press("Enter")


def said_by(box):
    """What a question says of the last answer."""
    return plain(box.locator(".makemlp-said").inner_text())
