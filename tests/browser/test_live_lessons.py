"""The explorables in JupyterLab: in each lesson, turned by ipywidgets, and on the next day without a kernel."""

import re
import subprocess
import sys

import nbformat
import pytest

from .alive import is_alive
from .lab import SCREENS, Lesson, explorers_in, new_page, until
from .test_lessons import EVERYWHERE

ALIVE = [(name, label) for name, label in EVERYWHERE if is_alive(label)]
WATCHERS = [(name, label) for name, label in ALIVE if "explore_study" in label]
TUNERS = [(name, label) for name, label in ALIVE if "explore_tuning" in label]
LISTEN = """cell => {
    cell.told = [];
    cell.addEventListener('drawn', event => {
        const {state, title, training} = event.detail;
        cell.drawn = state;
        cell.told.push({title, training: Boolean(training), at: performance.now()});
    });
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
    turned = lesson.value(f"[name for name, it in Out{prompt}.controls.items() if hasattr(it, 'value')]")
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
    """Move the slider of ipywidgets by mouse, to a place that it does not have now, where training is not long."""
    row = cell.locator(f".makemlp-turns-{key}")
    knob, track = (row.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base"))
    here = (knob["x"] + knob["width"] / 2 - track["x"]) / track["width"]
    there = 0.1 if key == "steps" else 0.3 if here > 0.5 else 0.8
    y = track["y"] + track["height"] / 2
    lesson.page.mouse.move(knob["x"] + knob["width"] / 2, y)
    lesson.page.mouse.down()
    lesson.page.mouse.move(track["x"] + track["width"] * there, y, steps=8)
    lesson.page.mouse.up()
    lesson.settle()
    until(lesson.page, lambda: drawn(cell))


def drawn(cell):
    return cell.evaluate("cell => cell.drawn")


@pytest.mark.parametrize(("name", "label"), TUNERS)
def test_a_slider_that_is_let_go_trains(lesson, label):
    """It says so at once, counts the steps, and the run is on the board; a second one is cancelled, and is not."""
    cell, known = cell_of(lesson, label), lesson.errors()
    it = f"Out{cell.locator('.jp-InputPrompt').first.inner_text().strip(' :')}"
    title, button = cell.locator(".makemlp-title"), cell.locator("button.widget-button")

    def board():
        return lesson.value(f"[row.get('hidden_dim') for row in {it}._board.rows]")

    until(lesson.page, lambda: button.inner_text() == "Train")  # what other tests began has ended
    before = board()
    lesson.page.evaluate("() => window.addEventListener('pointerup', () => { window.released = performance.now() })")
    cell.evaluate("cell => { cell.told.length = 0; }")
    drag(lesson, cell, "hidden_dim")
    until(lesson.page, lambda: len(board()) > len(before) and button.inner_text() == "Train")
    told = cell.evaluate("cell => cell.told")
    said = [one["title"] for one in told]
    held = next(i for i, one in enumerate(said) if one.startswith("let go to train"))
    waits = next(i for i, one in enumerate(said) if one == "about to train")
    steps = next(i for i, one in enumerate(said) if re.match(r"step \d+ of ", one))
    assert held < waits < steps and any(one["training"] for one in told)
    busy = told[waits]["at"] - lesson.page.evaluate("window.released")
    print(f"busy sign {busy:.0f} ms after the release, first step {told[steps]['at'] - told[waits]['at']:.0f} ms later")
    until(lesson.page, lambda: re.fullmatch(r"run (\d+) of \1: dev \d\.\d{3}", title.inner_text()))
    assert board()[-1] == lesson.value(f"{it}.controls['hidden_dim'].value")
    assert cell.locator(".makemlp-frame").count() == 1 and not cell.locator(".makemlp-still").is_visible()

    recorded = board()
    steps_box = cell.locator(".makemlp-turns-steps input[type=number]")
    steps_box.fill("1000")
    steps_box.press("Enter")
    until(lesson.page, lambda: lesson.value(f"{it}.sent['running'] is not None"))
    lesson.screenshot(f"{lesson.name}-{label}-trains")
    button.click()
    message = cell.locator(".makemlp-message")
    until(lesson.page, lambda: "so this run is not on the board" in message.inner_text())
    assert board() == recorded and button.inner_text() == "Train"
    assert lesson.errors() == known


@pytest.mark.parametrize(("name", "label"), WATCHERS)
def test_study_is_watched(lesson, label):
    """While a worker in another process takes two trials, the page counts them; the kernel is free all the while."""
    cell, known = cell_of(lesson, label), lesson.errors()
    title, button = cell.locator(".makemlp-title"), cell.locator("button.widget-button")

    def finished():
        return int(re.fullmatch(r"(\d+) of 40 trials finished; best so far \d\.\d{3}", title.inner_text())[1])

    before = finished()
    assert before >= 25
    button.click()
    until(lesson.page, lambda: button.inner_text() == "Stop")
    command = [sys.executable, "-m", "makemlp.tuning", "worker", "--trials", "2"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while worker.poll() is None:
        lesson.page.wait_for_timeout(50)
    until(lesson.page, lambda: finished() >= before + 2)
    assert cell.locator(".board").get_attribute("aria-label").startswith(f"{finished()} trials of a study")
    lesson.screenshot(f"{lesson.name}-{label}-watches")
    lesson.settle()  # the kernel answers at once
    button.click()
    until(lesson.page, lambda: button.inner_text() == "Watch")
    message = cell.locator(".makemlp-message").inner_text()
    assert worker.returncode == 0 and not message.strip() and lesson.errors() == known


@pytest.fixture
def tomorrow(browser, lab_server):
    """A notebook with an explorable that was run and saved, opened again when its kernel is gone."""
    sources = [
        "import makemlp, torch\nmakemlp.explore_smoothing(torch.ones(3, 3), makemlp.Vocabulary(['ab']))",
        "board = makemlp.Scoreboard('tomorrow.jsonl')\nnames = ['ab', 'ba', 'aba']\n"
        "tuner = makemlp.explore_tuning(names, names, makemlp.Vocabulary(names), board, {'a': 2.0})\ntuner",
        "tuner.controls['hidden_dim'].value = 20",
        "tuner._thread.join(600) if tuner._thread else None",
        'makemlp.quiz("00")',
        'makemlp.cards("00")',
    ]
    (lab_server.root / "notebooks" / "tomorrow.jsonl").unlink(missing_ok=True)
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)], metadata=kernel)
    nbformat.write(notebook, lab_server.root / "notebooks" / "tomorrow.ipynb")
    today = Lesson(browser, lab_server, "tomorrow")
    today.open()
    today.run_all()
    today.page.locator(".makemlp-block .makemlp-frame").first.wait_for()
    today.page.get_by_text("run 2 of 2").wait_for()
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
    tomorrow.get_by_text("model not found").first.wait_for(state="attached")
    assert not any(words.is_visible() for words in tomorrow.get_by_text("model not found").all())
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


def test_the_next_day_the_last_run_stands_and_no_slider_that_would_do_nothing(tomorrow):
    cell = tomorrow.locator(".jp-Notebook .jp-Cell").nth(1)
    cell.locator(".makemlp-frame svg").first.wait_for()
    assert cell.locator(".makemlp-title").inner_text().startswith("run 2 of 2: dev ")
    assert "hidden_dim 20" in cell.locator(".makemlp-note").inner_text()
    assert "the sliders need Python" in cell.locator(".makemlp-message").inner_text()
    assert not cell.locator("input:visible, button.widget-button:visible, .noUi-handle:visible").count()
