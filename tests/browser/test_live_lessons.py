"""The explorables in JupyterLab: in each lesson, turned by ipywidgets, and on the next day without a kernel."""

import re

import nbformat
import pytest

from .alive import is_alive
from .lab import SCREENS, Lesson, explorers_in, new_page, until
from .test_lessons import EVERYWHERE

ALIVE = [(name, label) for name, label in EVERYWHERE if is_alive(label)]
LISTEN = """cell => {
    for (const box of cell.querySelectorAll('.makemlp'))
        box.addEventListener('drawn', event => { cell.drawn = event.detail.state; });
}"""


@pytest.mark.parametrize(("name", "label"), ALIVE)
def test_a_lesson_is_alive(lesson, label):
    """It draws; where ipywidgets turn it, picture, slider and Python agree; nothing is complained of."""
    cell, known = cell_of(lesson, label), lesson.errors()
    frame = cell.locator(".makemlp-frame")
    frame.locator("svg[role=img]").first.wait_for()
    assert not cell.locator(".makemlp-still").is_visible()
    lesson.screenshot(f"{lesson.name}-{label}")
    prompt = cell.locator(".jp-InputPrompt").first.inner_text().strip(" :")
    turned = lesson.value(f"list(Out{prompt}.controls)")
    if turned:
        cell.locator(".makemlp-block").wait_for()
    for key in turned:
        drag(lesson, cell, key)
        value = lesson.value(f"Out{prompt}.controls[{key!r}].value")
        until(lesson.page, lambda key=key, value=value: drawn(cell)[key] == pytest.approx(value, rel=6e-3))
        number = cell.locator(f".makemlp-turns-{key} input[type=number]")
        number.fill(number.input_value())
        assert not cell.locator(f".makemlp-slider label:text-is('{key}')").locator("visible=true").count()
    assert lesson.errors() == known


def cell_of(lesson, label):
    cell = lesson.cell(explorers_in(lesson.cells)[label])
    cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    cell.evaluate(LISTEN)
    return cell


def drag(lesson, cell, key):
    """Move the slider of ipywidgets by mouse, to a place that it does not have now."""
    row = cell.locator(f".makemlp-turns-{key}")
    knob, track = (row.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base"))
    here = (knob["x"] + knob["width"] / 2 - track["x"]) / track["width"]
    y = track["y"] + track["height"] / 2
    lesson.page.mouse.move(knob["x"] + knob["width"] / 2, y)
    lesson.page.mouse.down()
    lesson.page.mouse.move(track["x"] + track["width"] * (0.3 if here > 0.5 else 0.8), y, steps=8)
    lesson.page.mouse.up()
    lesson.settle()
    until(lesson.page, lambda: drawn(cell))


def drawn(cell):
    return cell.evaluate("cell => cell.drawn")


@pytest.fixture
def tomorrow(browser, lab_server):
    """A notebook with an explorable that was run and saved, opened again when its kernel is gone."""
    source = "import makemlp, torch\nmakemlp.explore_smoothing(torch.ones(3, 3), makemlp.Vocabulary(['ab']))"
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    cells = [nbformat.v4.new_code_cell(code) for code in (source, 'makemlp.quiz("00")', 'makemlp.cards("00")')]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, lab_server.root / "notebooks" / "tomorrow.ipynb")
    today = Lesson(browser, lab_server, "tomorrow")
    today.open()
    today.run_all()
    today.page.locator(".makemlp-block .makemlp-frame").wait_for()
    today.save()
    today.close()
    lab_server.end_kernels()
    page = new_page(browser, viewport={"width": 1280, "height": 800})
    page.goto(f"{lab_server.url}/lab/tree/notebooks/tomorrow.ipynb?reset&token={lab_server.token}")
    yield page
    page.close()
    lab_server.end_kernels()


def test_the_next_day_it_moves_without_a_kernel_and_without_an_error(tomorrow):
    tomorrow.locator(".makemlp-frame svg").first.wait_for()
    tomorrow.get_by_text("model not found").wait_for(state="attached")
    assert not tomorrow.get_by_text("model not found").is_visible()
    slider = tomorrow.get_by_label("added to each count", exact=True)
    before = tomorrow.locator(".makemlp-title").first.inner_text()
    slider.press("End")
    until(tomorrow, lambda: tomorrow.locator(".makemlp-title").first.inner_text() != before)
    assert re.match("100,000 added", tomorrow.locator(".makemlp-title").first.inner_text())
    tomorrow.locator(".makemlp-sheet label").first.click()
    said = tomorrow.locator(".makemlp-said:not(:empty)")
    said.wait_for()
    assert re.match("[✓✗] ", said.inner_text())
    card = tomorrow.locator(".makemlp-card")
    card.click()
    until(tomorrow, lambda: card.inner_text().startswith("Answer"))
    tomorrow.screenshot(path=SCREENS / "tomorrow-sheets.png")
