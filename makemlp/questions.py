"""The questions and flashcards at the end of each lesson (floor 4).

They are kept as data, one file per lesson in ``makemlp/quizzes``: "questions", each of one of three types, and "cards".
They are written as text that unfolds. Where scripts run, `makemlp.live` turns this text into questions that answer and
cards to turn over, without a kernel; where none run, the text stays.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from makemlp import live

FILES = {path.stem.partition("_")[0]: path for path in sorted((Path(__file__).parent / "quizzes").glob("*.json"))}


def quiz(lesson: str) -> Sheet:
    """The questions at the end of a lesson; each choice says why it is right or wrong.

    Parameters
    ----------
    lesson : the lesson's number as text, "00" to "10"; a second part has a letter, "10b".

    Returns
    -------
    Sheet
        What a notebook shows as the last value of a cell: choices and boxes that answer, or text that unfolds where a
        page runs no scripts.

    Raises
    ------
    ValueError
        if there is no lesson of that number.

    Source: the end of every lesson, 00 to 10.
    """
    questions = _read(lesson)["questions"]
    pages = [_question_page(number, question) for number, question in enumerate(questions, start=1)]
    how = "Choose an answer to read what is said of it."
    return Sheet(f"Quiz of lesson {lesson}: {len(questions)} questions.", "answer them", how, "\n".join(pages))


def cards(lesson: str) -> Sheet:
    """The flashcards of a lesson: a question on the front, the answer on the back.

    It takes, returns and raises the same as `quiz`. A press or the space bar turns a card over, and Enter brings
    the next; where a page runs no scripts, a press on a front unfolds its back.

    Source: the end of every lesson, 00 to 10.
    """
    deck = _read(lesson)["cards"]
    page = "\n".join(_fold(_words(card["front"]), _words(card["back"])) for card in deck)
    summary = f"{len(deck)} cards of lesson {lesson}."
    return Sheet(summary, "turn them over", "Press a card for its other side.", page)


class Sheet:
    """Questions or cards as a notebook shows them: text that unfolds, and the script that makes it answer.

    What is stored with a notebook of the repository is the text alone, the same in every run and on every machine.
    """

    def __init__(self, summary: str, aim: str, how: str, page: str):
        self._summary = f"{summary} Run this cell to {aim}."
        self._page = f'<div class="makemlp makemlp-sheet">\n<p>{html.escape(summary)} {how}</p>\n{page}\n</div>'

    def __repr__(self) -> str:
        return self._summary

    def _repr_html_(self) -> str:
        return live.sheet(self._page)


def _read(lesson: str) -> dict:
    if str(lesson) not in FILES:
        raise ValueError(f"There is no quiz for lesson {lesson!r}: pass one of {', '.join(map(repr, FILES))}.")
    return json.loads(FILES[str(lesson)].read_text(encoding="utf-8"))


# As text that unfolds


def _words(text: str) -> str:
    """Plain text as HTML; `code` and *stress* are marked as in Markdown."""
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", re.sub("`(.+?)`", r"<code>\1</code>", html.escape(text)))


def _verdict(answer: dict) -> str:
    """Why an answer is right or wrong, with a sign, as colours alone don't tell everybody."""
    return f"{'✓' if answer.get('correct') else '✗'} {_words(answer['feedback'])}"


def _fold(summary: str, inside: str) -> str:
    return f"<details><summary>{summary}</summary>{inside}</details>"


def _question_page(number: int, question: dict) -> str:
    lines = ['<div class="makemlp-question">', f"<p><b>{number}.</b> {_words(question['question'])}</p>"]
    if "code" in question:
        lines.append(f"<pre>{html.escape(question['code'])}</pre>")
    if question["type"] == "numeric":
        *numbers, otherwise = question["answers"]
        answers = [_number_page(answer) for answer in numbers]
        lines += [_fold("Hint", _words(otherwise["feedback"])), _fold("Answer", f"<ul>{''.join(answers)}</ul>")]
    else:
        lines += [_fold(_words(answer["answer"]), _verdict(answer)) for answer in question["answers"]]
    return "\n".join([*lines, "</div>"])  # so that a changed question is one changed line of the notebook


def _number_page(answer: dict) -> str:
    low, high = answer["range"] if "range" in answer else (answer["value"],) * 2
    shown = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f'<li data-low="{low}" data-high="{high}"><b>{shown}:</b> {_verdict(answer)}</li>'
