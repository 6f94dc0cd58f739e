"""The questions and flashcards at the end of each lesson (floor 4).

They are kept as data, one file per lesson in ``makemlp/quizzes``: "questions" in the format of jupyterquiz, "cards" in
that of jupytercards. If these libraries are installed, they show them. If not, or on a page that can't run anything,
the same questions are shown as text that unfolds.
"""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import ipywidgets as widgets
from IPython.utils.capture import capture_output

from makemlp.figures.base import BLUE, ORANGE

FILES = {path.stem.partition("_")[0]: path for path in sorted((Path(__file__).parent / "quizzes").glob("*.json"))}

# Each is dark enough for white letters on it.
QUIZ_COLORS = {
    "--jq-multiple-choice-bg": "#345995",
    "--jq-many-choice-bg": "#7a4a9e",
    "--jq-numeric-bg": "#345995",
    "--jq-numeric-input-bg": "#404040",
    "--jq-numeric-input-label": "inherit",
    "--jq-correct-color": "#00805f",
    "--jq-incorrect-color": "#c24e00",
    "--jq-text-color": "#ffffff",
}
CARD_COLORS = {"front_colors": [BLUE], "back_colors": ["#404040"], "text_colors": ["#ffffff"]}

# Runs a library's script once its place is on the page. Three things are fixed for it:
# - Keys pressed here are not JupyterLab's, which would edit or leave the cell; and Tab has to lead out of the cards.
# - Both libraries lay formulas out by the page's MathJax, and fetch another from the network when that one is not to
#   their taste. There are no formulas here, so they are told that there is no MathJax.
# - What is said of an answer is announced by screen readers.
SCRIPT = """(function start() {
const box = document.getElementById("PLACE");
if (!box) return setTimeout(start, 100);
box.addEventListener("keydown", event => { if (event.key === "Tab") event.stopPropagation(); }, true);
box.addEventListener("keydown", event => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); });
let MathJax;
LIBRARY
document.getElementById("PLACE-text").remove();
for (const said of box.querySelectorAll(".Feedback")) said.setAttribute("role", "status");
for (const number of box.querySelectorAll(".Input-text")) number.setAttribute("aria-label", "Your number, then Enter");
})();"""


def quiz(lesson: str) -> Sheet:
    """The questions at the end of a lesson; each choice says why it is right or wrong.

    Parameters
    ----------
    lesson : the lesson's number as text, "00" to "09"; a second part has a letter, "00b".

    Returns
    -------
    Sheet
        What a notebook shows as the last value of a cell: buttons and boxes by the library jupyterquiz. If that is not
        installed, text that unfolds.

    Raises
    ------
    ValueError
        if there is no lesson of that number.

    Source: the end of every lesson, 00 to 09.
    """
    questions = _read(lesson)["questions"]

    def show() -> None:
        from jupyterquiz import display_quiz

        display_quiz([_marked_up(question) for question in questions], colors=QUIZ_COLORS)

    pages = [_question_page(number, question) for number, question in enumerate(questions, start=1)]
    summary = f"Quiz of lesson {lesson}: {len(questions)} questions. Run this cell to answer them."
    return Sheet(summary, "\n<br/>".join(pages), "jupyterquiz", show)


def cards(lesson: str) -> Sheet:
    """The flashcards of a lesson: a question on the front, the answer on the back.

    It takes, returns and raises the same as `quiz`. The library jupytercards shows cards to turn over (the space bar
    turns one, Enter goes on). If that is not installed, a click on a front unfolds its back.

    Source: the end of every lesson, 00 to 09.
    """
    deck = _read(lesson)["cards"]

    def show() -> None:
        from jupytercards import display_flashcards

        sides = [{side: _words(card[side]) for side in ("front", "back")} for card in deck]
        display_flashcards(sides, known_widgets=False, **CARD_COLORS)

    page = "\n".join(_fold(_words(card["front"]), _words(card["back"])) for card in deck)
    return Sheet(f"{len(deck)} cards of lesson {lesson}. Run this cell to turn them over.", page, "jupytercards", show)


class Sheet:
    """Questions or cards as a notebook shows them: live by their library, or as text that unfolds.

    What is stored with a notebook is the text alone, which is the same in every run and on every machine.
    """

    def __init__(self, summary: str, page: str, library: str, show: Callable[[], None]):
        self._summary, self._library, self._show = summary, library, show
        fix = f"If this stays a list, run <code>%pip install {library}</code> in a new cell, then this one again."
        self._page = f"<p>{html.escape(summary)} {fix}</p>\n{page}"

    def __repr__(self) -> str:
        return self._summary

    def _repr_mimebundle_(self, **options: object) -> dict:
        shown = {"text/plain": self._summary, "text/html": self._page}
        if find_spec(self._library) is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": _live(self._page, self._show).model_id}
            shown["application/vnd.jupyter.widget-view+json"] = view
        return shown


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
    lines = [f"<p><b>{number}.</b> {_words(question['question'])}</p>"]
    if "code" in question:
        lines.append(f"<pre>{html.escape(question['code'])}</pre>")
    if question["type"] == "numeric":
        *numbers, otherwise = question["answers"]
        answers = [f"<li>{_number(answer)}: {_verdict(answer)}</li>" for answer in numbers]
        lines += [_fold("Hint", _words(otherwise["feedback"])), _fold("Answer", f"<ul>{''.join(answers)}</ul>")]
    else:
        lines += [_fold(_words(answer["answer"]), _verdict(answer)) for answer in question["answers"]]
    return "\n".join(lines)  # so that a changed question is one changed line of the notebook


def _number(answer: dict) -> str:
    low, high = answer["range"] if "range" in answer else (answer["value"],) * 2
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


# Live


def _marked_up(question: dict) -> dict:
    """A question as jupyterquiz takes it, which reads every text as HTML."""
    marked = {"answer_cols": 1, **question, "question": _words(question["question"])}
    if "code" in question:
        marked["code"] = html.escape(question["code"])
    marked["answers"] = [
        {**answer, "feedback": _verdict(answer)} | ({"answer": _words(answer["answer"])} if "answer" in answer else {})
        for answer in question["answers"]
    ]
    return marked


def _live(page: str, show: Callable[[], None]) -> widgets.Output:
    """A widget with what a library displays; where its script can't run, the widget keeps showing `page`."""
    with capture_output() as captured:
        show()
    parts = [output.data for output in captured.outputs]
    place = f"makemlp-{uuid.uuid4().hex}"
    box = f"""<div id="{place}"><style>
#{place} :is(.flip-container:focus-visible, .MCButton:focus-within) {{ outline: 3px solid {ORANGE} !important; }}
#{place} .next:not(.hide) {{ color: inherit; opacity: 1; white-space: nowrap; }}
#{place} .Feedback {{ color: inherit; }}
#{place} code {{ background: none; color: inherit; }}
</style><div id="{place}-text">{page}</div>{"".join(part.get("text/html", "") for part in parts)}</div>"""
    library = "".join(part.get("application/javascript", "") for part in parts)
    script = SCRIPT.replace("PLACE", place).replace("LIBRARY", library)
    outputs = [{"text/html": box}, {"application/javascript": script}]
    return widgets.Output(outputs=[{"output_type": "display_data", "data": data, "metadata": {}} for data in outputs])
