"""An exercise solved in a real JupyterLab, by typing into the page.

One exercise stands for all: what each check says of right and wrong answers is for tests/test_checking_answers.py.
"""

import json
import re

import pytest

from makemlp.checking import find
from makemlp.checking.exercises import of_lesson

from .lab import RED, REPOSITORY, Lesson, cells_of

NAME, EXERCISE = "01_bigram", "normalise"
SOLUTIONS = REPOSITORY / "exercises" / "solutions"


@pytest.fixture
def sheet(desk):
    """Opens the exercises as they are now, in a kernel of their own."""
    opened = []

    def open_again():
        desk.close()
        for one in opened:
            one.close()
        desk.server.end_kernels()
        opened.append(Lesson(desk.browser, desk.server, NAME, folder="exercises"))
        opened[-1].open()
        return opened[-1]

    yield open_again
    opened[-1].close()
    desk.server.end_kernels()


def place_of(sheet, part):
    return [cell["id"] for cell in sheet.cells].index(f"{NAME[:2]}-{part}")


def checked(sheet):
    """Run the setup, the answer and the check as they stand, and read what is shown below the check."""
    for part in ("setup", f"{EXERCISE}-answer", f"{EXERCISE}-check"):
        sheet.run(place_of(sheet, part))
    return shown(sheet)


def shown(sheet):
    """What stands below the check, and whether it is marked as wrong."""
    below = sheet.cell(place_of(sheet, f"{EXERCISE}-check")).locator(".jp-Cell-outputArea")
    return re.sub(r"\s+", " ", below.inner_text()).strip(), bool(below.locator(RED).count())


def is_green(sheet):
    """Whether the sign below the check is green: of red, green and blue, green is by far the strongest."""
    sign = sheet.cell(place_of(sheet, f"{EXERCISE}-check")).locator(".jp-OutputArea-output span", has_text="✓")
    red, green, blue = map(int, re.findall(r"\d+", sign.evaluate("sign => getComputedStyle(sign).color"))[:3])
    return green > 2 * max(red, blue)


def test_exercise_is_solved_by_typing(sheet):
    """Open, wrong, right; and what was typed is there again after saving, closing and opening."""
    page, exercise = sheet(), find(EXERCISE)
    answer = place_of(page, f"{EXERCISE}-answer")
    says, red = checked(page)
    assert red and says.startswith(f"… {exercise.title}: still open.")

    right = next(cell["source"] for cell in cells_of(NAME, SOLUTIONS) if cell["id"] == page.cells[answer]["id"])
    wrong = right.replace("N.sum(1", "N.sum(0")
    page.write(answer, wrong)
    says, red = checked(page)
    made = next(mistake for mistake in exercise.mistakes if mistake.name == "sum over the wrong axis")
    assert red and says.startswith(f"✗ {exercise.title}: {made.says}")
    page.screenshot("exercise-wrong")

    page.write(answer, right)
    assert checked(page) == (f"✓ {exercise.title}: right on {len(exercise.inputs())} inputs.", False)
    assert is_green(page)
    page.screenshot("exercise-solved")
    page.run(place_of(page, "progress"))
    progress = page.cell(place_of(page, "progress")).locator(".jp-Cell-outputArea").inner_text()
    assert f"1 of {len(of_lesson(NAME[:2]))} met" in progress and f"✓ {exercise.title}: met" in progress
    assert not page.errors()

    solved = shown(page)
    page.save()
    assert "".join(json.loads(page.file.read_text(encoding="utf-8"))["cells"][answer]["source"]) == right
    page = sheet()
    assert page.text(answer) == right and shown(page) == solved
    assert checked(page) == solved and not page.errors()
