"""Each lesson in a real JupyterLab in a real Chromium, operated as a person would.

One lesson only: `pytest tests/browser -k 01_bigram`. One explorer only: `pytest tests/browser -k explore_smoothing`.
Screenshots and latencies go to build/screens.
"""

import re

import pytest

from .lab import NOTEBOOKS, cells_of, explorers_in, label_of, stop_of

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
EVERYWHERE = [(name, label) for name in LESSONS for label in explorers_in(cells_of(name))]
TRAINERS = [(name, label) for name, label in EVERYWHERE if "explore_training" in label]
GAMES = [(name, label) for name, label in EVERYWHERE if "explore_real_or_made_up" in label]
PLAYERS = [(name, label) for name, label in EVERYWHERE if "explore_snapshots" in label]
EXPLORERS = [pair for pair in EVERYWHERE if pair not in TRAINERS + GAMES]
SHORTEST_ALT = 30

# What to type into a box, as (explorer, label of the box): (possible, impossible). None: nothing is impossible there.
TEXTS = {}
USUAL_TEXTS = ("anna", "Ж!")

# Controls that may change neither picture nor text as the lesson opens, as (explorer, label of the control): reason.
WITHOUT_EFFECT = {}


@pytest.mark.parametrize("name", LESSONS)
def test_run_all_ends_with_no_error_and_no_warning(lesson):
    assert not lesson.faults_of_run, "\n".join(lesson.faults_of_run)


@pytest.mark.parametrize("name", LESSONS)
def test_pictures_have_alternative_texts(lesson):
    short = [alt for alt in lesson.stored_alts + lesson.alts() if len(alt.strip()) < SHORTEST_ALT]
    assert not short, f"pictures with too short a text: {short}"


@pytest.mark.parametrize("name", LESSONS)
def test_pictures_are_there_before_anything_is_run(lesson):
    """A reader who only opens the lesson, and has not told Jupyter to trust it, sees its pictures."""
    assert len(lesson.stored_alts) == lesson.stored_pictures()


@pytest.mark.parametrize(("name", "label"), EXPLORERS)
def test_explorer_obeys_every_control(lesson, label, latencies):
    trial = Trial(lesson.explorer(label), latencies)
    trial.everything()
    assert not trial.problems, "\n".join(trial.problems)


def until(page, condition):
    """Wait for what must come sooner or later."""
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come within half a minute")


@pytest.mark.parametrize(("name", "label"), TRAINERS)
def test_trainer_lives(lesson, label):
    """It starts, obeys its sliders while it runs, pauses, goes on, and is reset."""
    trainer = lesson.explorer(label)
    rate, hidden = trainer.controls("slider")[0], trainer.controls("slider")[3]
    start, reset = trainer.controls("button")

    def steps():
        return int(re.search(r"after (\d+) steps", trainer.picture()[1])[1])

    assert steps() == 0
    trainer.click(start)
    until(trainer.page, lambda: steps() > 200)
    trainer.drag(rate, 0.3)
    seen = steps()
    until(trainer.page, lambda: steps() > seen)
    trainer.drag(hidden, 0.9)  # another model, from its beginning, and still running
    trainer.page.wait_for_timeout(1000)  # until the last of the drag's values has come to the kernel
    until(trainer.page, lambda: 0 < steps() < 2000)
    trainer.screenshot()
    trainer.click(start)
    until(trainer.page, lambda: start.inner_text().strip() == "Start")
    trainer.page.wait_for_timeout(1000)  # the step under way, and the picture of it
    stopped = steps()
    assert stopped > 0
    trainer.page.wait_for_timeout(500)
    assert steps() == stopped
    trainer.click(start)
    until(trainer.page, lambda: steps() > stopped)
    trainer.click(reset)
    until(trainer.page, lambda: steps() == 0)
    assert not trainer.message() and not lesson.errors()


@pytest.mark.parametrize(("name", "label"), GAMES)
def test_game_is_played(lesson, label):
    """Three rounds by mouse, one by keyboard, a double click that counts once, the rest, and a new game."""
    game = lesson.explorer(label)
    real, made_up, reset = game.controls("button")
    assert not game.strangers() and not game.cut_labels()

    def lines():
        return [text.strip() for text in game.area.locator("[role=status]").all_inner_texts()]

    def answer(button, act, rounds):
        """Press a button; the answer is judged, counted, and followed by another name."""
        name = lines()[0].partition(": ")[2]
        game.page.wait_for_timeout(400)  # as long as anybody looks at a name
        act(button)
        lesson.settle()
        line, verdict = lines()
        assert re.match(rf"(Right|Wrong): {name} is (in the list|made up)\. [0-9] of {rounds} right\.", verdict)
        assert rounds == 10 or re.fullmatch(rf"{rounds + 1} of 10: (?!{name}$)[a-z]+", line)

    assert re.fullmatch(r"1 of 10: [a-z]+", lines()[0])
    for rounds, button in enumerate((real, made_up, real), start=1):
        answer(button, game.click, rounds)
    answer(made_up, lambda button: button.press("Enter"), 4)
    assert made_up.evaluate("node => node === document.activeElement")  # the next answer needs no Tab key
    answer(real, lambda button: button.dblclick(), 5)
    game.screenshot()
    for rounds in range(6, 11):
        answer(real, lambda button: button.press(" "), rounds)
    line, verdict = lines()
    assert re.fullmatch(r"\d+ of 10 right", line) and re.search(r"Guessing gets 5 .* in \d+\.\d% of games", verdict)
    game.click(real)  # too late
    lesson.settle()
    assert lines() == [line, verdict]
    lesson.screenshot(f"{lesson.name}-{label}-over")
    game.click(reset)
    lesson.settle()
    assert re.fullmatch(r"1 of 10: [a-z]+", lines()[0]) and not lesson.errors()


@pytest.mark.parametrize(("name", "label"), PLAYERS)
def test_play_moves_slider_and_picture(lesson, label):
    """By keyboard alone: it plays, pauses, and goes on to the end; frames that come too fast don't queue up."""
    player = lesson.explorer(label)
    [slider], play = player.controls("slider"), player.controls("button")[0]
    said, waiting = lesson.errors(), []

    def at():
        """The step that the slider says, and the one that the picture says."""
        waiting.append(len(lesson.traffic.pending))
        return int(player.shown()["readouts"][0]), int(re.search(r"At step (\d+)", player.picture()[1])[1])

    player.press(slider, "End")
    until(player.page, lambda: at()[0] == at()[1] > 0)
    last = at()[0]
    player.press(slider, "Home")
    until(player.page, lambda: at() == (0, 0))
    play.press("Enter")
    until(player.page, lambda: at()[1] > last / 4)
    player.screenshot()
    play.press("Enter")
    lesson.settle()
    stopped = at()
    assert stopped[0] == stopped[1] < last
    player.page.wait_for_timeout(600)
    assert at() == stopped
    play.press("Enter")
    until(player.page, lambda: at() == (last, last))
    assert max(waiting) <= 4, "messages queue up behind the pictures"  # Play and slider: one under way, one to follow
    assert lesson.errors() == said


@pytest.mark.parametrize(("name", "label"), EVERYWHERE)
def test_explorer_is_reached_by_keyboard(lesson, label):
    explorer = lesson.explorer(label)
    stops = [(label_of(control), stop_of(control, kind)) for kind, control in explorer.all_controls()]
    lesson.page.evaluate("() => document.activeElement.blur()")
    plain = [look(stop) for _, stop in stops]
    first = min(stops, key=lambda stop: stop[1].bounding_box()["y"])[1]
    first.focus()
    reached, unseen = set(), []
    for _ in range(4 * len(stops)):  # a slider's number is a stop of its own
        for place, (title, stop) in enumerate(stops):
            if place not in reached and stop.evaluate("node => node === document.activeElement"):
                reached.add(place)
                unseen += [title] if look(stop) == plain[place] else []
        lesson.page.keyboard.press("Tab")
    missed = [title for place, (title, _) in enumerate(stops) if place not in reached]
    assert not missed, f"the Tab key does not come to {missed}"
    assert not unseen, f"nothing shows that the focus is on {unseen}"


def look(stop):
    """What of an element's style shows that it has the focus."""
    return stop.evaluate(
        "node => { const s = getComputedStyle(node);"
        "return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor].join(); }"
    )


class Trial:
    """Operates one explorer and notes what goes wrong, so that one run tells everything."""

    def __init__(self, explorer, latencies):
        self.explorer = explorer
        self.lesson = explorer.lesson
        self.latencies = latencies
        self.problems = []

    def everything(self):
        known = self.lesson.errors()
        self.problems += [f"no test knows this control: {html}" for html in self.explorer.strangers()]
        self.problems += [f"the label {text!r} is cut off" for text in self.explorer.cut_labels()]
        if not self.explorer.all_controls():
            self.problems.append("there is no control at all")
        for slider in self.explorer.controls("slider"):
            self.try_slider(slider)
        self.explorer.screenshot()
        for kind, attempt in (("dropdown", self.try_dropdown), ("checkbox", self.try_checkbox)):
            for control in self.explorer.controls(kind):
                attempt(control)
        for kind, attempt in (("text", self.try_text), ("button", self.try_button)):
            for control in self.explorer.controls(kind):
                attempt(control)
        self.problems += dict.fromkeys(line for line in self.lesson.errors() if line not in known)

    def do(self, what, act, *, must_change=True, may_complain=False):
        """Do something, wait for what comes of it, and note what should not be."""
        before = self.explorer.shown()
        act()
        after = self.explorer.wait_until_changed(before, **({} if must_change else {"seconds": 0}))
        if must_change and after == before:
            self.problems.append(f"{what}: nothing changed")
        if after["message"] and not may_complain:
            self.problems.append(f"{what}: the explorer says {after['message']!r}")
        if after["red"]:
            self.problems.append(f"{what}: red output {after['red'][-300:]!r}")
        if before["pictures"] and not after["pictures"] and not may_complain:
            self.problems.append(f"{what}: the picture is gone")
        return after

    def note_effect(self, title, states):
        """Picture or text differ between a control's places, and a picture's alternative text with the picture."""
        if (self.explorer.label, title) in WITHOUT_EFFECT:
            return
        if all((state["pictures"], state["text"]) == (states[0]["pictures"], states[0]["text"]) for state in states):
            self.problems.append(f"{title}: neither picture nor text ever changed")
        sources = {tuple(src for src, _ in state["pictures"]) for state in states}
        alts = {tuple(alt for _, alt in state["pictures"]) for state in states}
        if len(sources) > 1 and len(alts) == 1:
            self.problems.append(f"{title}: the pictures differ, their alternative text is always {alts.pop()}")

    # sliders

    def try_slider(self, slider):
        """Both ends and the middle by mouse, and a step from each end by arrow key."""
        title = label_of(slider)
        states = [self.explorer.shown()]
        if at_left_end(slider):
            self.drag(slider, title, 1)
        states.append(self.drag(slider, title, 0))
        step = self.press(slider, title, "ArrowRight")
        states += [step, self.press(slider, title, "ArrowLeft")]
        right = self.drag(slider, title, 1)
        states += [right, self.press(slider, title, "ArrowLeft"), self.press(slider, title, "ArrowRight")]
        states += [self.press(slider, title, "Home"), self.press(slider, title, "End")]
        if step["readouts"] != right["readouts"]:  # more than two places, so that there is a middle
            states.append(self.drag(slider, title, 0.5))
            self.hurry(slider, title, states[-1])
        self.note_effect(title, states)

    def drag(self, slider, title, fraction):
        state = self.do(f"{title} dragged to {fraction:.0%}", lambda: self.explorer.drag(slider, fraction))
        latency = self.explorer.latency()
        if latency:
            place = {"lesson": self.lesson.name, "explorer": self.explorer.label, "slider": title, "at": fraction}
            self.latencies.append(place | latency)
        return state

    def press(self, slider, title, key):
        return self.do(f"{title} moved by {key}", lambda: self.explorer.press(slider, key))

    def hurry(self, slider, title, calm):
        """Dragged to and fro without waiting, a slider ends at the picture that it shows when dragged there calmly."""

        def to_and_fro():
            for fraction in (0, 1, 0.5):
                self.explorer.drag(slider, fraction)

        hurried = self.do(f"{title} dragged to and fro", to_and_fro, must_change=False)
        if hurried == calm:
            return
        self.drag(slider, title, 0)
        again = self.drag(slider, title, 0.5)
        if again == calm:  # else the explorer draws by chance, and no two pictures need be equal
            self.problems.append(f"{title} dragged to and fro: the picture is not that of the slider's last place")

    # the other controls

    def try_dropdown(self, dropdown):
        title = label_of(dropdown)
        options = dropdown.locator("option").evaluate_all("all => all.map(option => option.label)")
        chosen = dropdown.evaluate("node => node.selectedOptions[0]?.label")
        states = [self.explorer.shown()]
        for option in [*(option for option in options if option != chosen), chosen]:
            what = f"{title} set to {option}"
            states.append(self.do(what, lambda o=option: self.explorer.choose(dropdown, o), must_change=False))
        if len(options) > 1:
            self.note_effect(title, states)

    def try_checkbox(self, box):
        title = label_of(box)
        states = [self.do(f"{title} clicked", lambda: self.explorer.click(box), must_change=False) for _ in range(2)]
        self.note_effect(title, states)

    def try_button(self, button):
        if button.is_enabled():
            title = label_of(button)
            self.do(f"button {title} clicked", lambda: self.explorer.click(button), must_change=False)

    def try_text(self, box):
        title = label_of(box)
        possible, impossible = TEXTS.get((self.explorer.label, title), USUAL_TEXTS)
        self.write(box, title, possible)
        if impossible is not None:
            bad = self.write(box, title, impossible, may_complain=True)
            if not is_sentence(bad["message"]):
                self.problems.append(f"{title}: {impossible!r} typed, and no sentence says so: {bad['message']!r}")
            self.write(box, title, possible)

    def write(self, box, title, text, **rules):
        what = f"{text!r} typed into {title}"
        return self.do(what, lambda: self.explorer.type(box, text), must_change=False, **rules)


def at_left_end(slider):
    handle = slider.locator(".noUi-handle").first
    return handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")


def is_sentence(text):
    """Words for a person, not a bare value or an exception's name."""
    return len(text.split()) >= 5 and not re.search(r"Traceback|\b\w+Error\b", text)
