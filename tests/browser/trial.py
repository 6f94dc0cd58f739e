"""Operates one explorer, by mouse or by keyboard alone, and compares each picture with what the model says."""

import json
import re

from .lab import IN_FOCUS, label_of, stop_of

# What to type into a box: something possible, something impossible.
TEXTS = ("anna", "Ж!")

# Sliders beside whose place nothing can be typed: ipywidgets' SelectionSlider takes no notice of it.
WITHOUT_TYPING = {("explore_snapshots", "step")}

# Explorers that remember every run: the same places are answered otherwise the next time.
GROWING = {"explore_tuning"}


class Trial:
    """Operates one explorer and notes what goes wrong, so that one run tells everything."""

    def __init__(self, explorer, latencies=None):
        self.explorer = explorer
        self.lesson = explorer.lesson
        self.latencies = latencies
        self.problems = []
        self.answers = {}
        self.stop = None
        self.photographed = False
        # The buttons that play are moved by another test: what they show is another picture at each moment.
        self.plays = bool(explorer.area.locator(".widget-play").count())

    def by_mouse(self):
        known = self.lesson.errors()
        self.problems += [f"no test knows this control: {html}" for html in self.explorer.strangers()]
        self.problems += [f"the label {text!r} is cut off" for text in self.explorer.cut_labels()]
        if not self.explorer.all_controls():
            self.problems.append("there is no control at all")
        self.compare("as it opens", self.explorer.shown())
        self.explorer.scroll_to_top()
        for kind, attempt in (
            ("slider", self.try_slider),
            ("dropdown", self.try_dropdown),
            ("checkbox", self.try_checkbox),
            ("text", self.try_text),
            ("button", self.try_button),
        ):
            for control in self.explorer.controls(kind):
                attempt(control)
        if not self.photographed:
            self.explorer.screenshot()
        self.problems += dict.fromkeys(line for line in self.lesson.errors() if line not in known)

    def by_keyboard(self):
        """Tab from the cell through all controls, each operated by keys as the focus comes to it."""
        known, cells = self.lesson.errors(), self.lesson.count_cells()
        attempts = {
            "slider": self.key_slider,
            "dropdown": self.key_dropdown,
            "checkbox": self.key_checkbox,
            "text": self.key_text,
            "button": self.key_button,
        }
        self.problems += [f"nothing shows that the focus is on {title}" for title in unseen_stops(self.explorer)]
        # Buttons first: later a slider stands where another draw gives the same names.
        for kind, control in sorted(in_order(self.explorer), key=lambda pair: pair[0] != "button"):
            self.stop = stop_of(control, kind)
            self.explorer.tab_to(self.stop)
            attempts[kind](control, label_of(control))
        if self.lesson.count_cells() != cells:
            self.problems.append("a key that was meant for a control was a command to the notebook")
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
        self.compare(what, after)
        return after

    def compare(self, what, state):
        """The pictures' alternative texts, and the message, are those that belong to where the controls stand."""
        places = json.dumps(state["places"])
        if places not in self.answers or self.explorer.label in GROWING:
            self.answers[places] = self.explorer.model_says(state["places"])
        alts, message = self.answers[places]
        shown = [alt for _, alt in state["pictures"]]
        if alts is not None and shown != alts:
            self.problems.append(f"{what}: the page shows {shown}, the model says {alts}")
        if plain(state["message"]) != plain(message):
            self.problems.append(f"{what}: the page says {state['message']!r}, the model {message!r}")

    def note_effect(self, title, states):
        """Picture or text differ between a control's places, and a picture's alternative text with the picture."""
        if all((state["pictures"], state["text"]) == (states[0]["pictures"], states[0]["text"]) for state in states):
            self.problems.append(f"{title}: neither picture nor text ever changed")
        sources = {tuple(src for src, _ in state["pictures"]) for state in states}
        alts = {tuple(alt for _, alt in state["pictures"]) for state in states}
        if len(sources) > 1 and len(alts) == 1:
            self.problems.append(f"{title}: the pictures differ, their alternative text is always {alts.pop()}")

    # sliders

    def try_slider(self, slider):
        """Both ends and the middle."""
        title = label_of(slider)
        states = [self.explorer.shown()]
        if at_left_end(slider):
            self.drag(slider, title, 1)
        left, right = (self.drag(slider, title, end) for end in (0, 1))
        states += [left, right]
        if many_places(slider):
            states.append(self.drag(slider, title, 0.5))
            self.hurry(slider, title)
        self.note_effect(title, states)

    def drag(self, slider, title, fraction):
        def act():
            first = fraction == 0.5 and not self.photographed
            self.explorer.drag(slider, fraction, halfway=halfway if first else None)

        def halfway():
            self.lesson.settle()
            self.lesson.screenshot(f"{self.lesson.name}-{self.explorer.label}")
            self.photographed = True

        state = self.do(f"{title} dragged to {fraction:.0%}", act)
        self.note_latency(title, fraction)
        return state

    def note_latency(self, control, place):
        latency = self.explorer.latency()
        if latency:
            where = {"lesson": self.lesson.name, "explorer": self.explorer.label, "control": control, "at": place}
            self.latencies.append(where | latency)

    def hurry(self, slider, title):
        """Dragged to and fro without waiting: the picture is that of the slider's last place, which `do` sees."""

        def to_and_fro():
            for fraction in (0, 1, 0.5):
                self.explorer.drag(slider, fraction)

        self.do(f"{title} dragged to and fro", to_and_fro, must_change=False)

    def key_slider(self, slider, title):
        """To both ends, a step from each, and a number typed where it is shown."""
        number = slider.locator(".widget-readout")
        states = [self.key(title, "Home", must_change=not at_left_end(slider))]
        left = number.inner_text()
        states += [self.key(title, "ArrowRight"), self.key(title, "End", must_change=many_places(slider))]
        states += [self.key(title, "ArrowLeft")]
        self.note_effect(title, states)
        if (self.explorer.label.split("-")[0], title) not in WITHOUT_TYPING:
            self.lesson.press("Tab")
            self.lesson.press("ControlOrMeta+a")
            typed = self.do(f"{left} typed at {title}", lambda: self.enter_text(left))
            if typed["places"] != states[0]["places"]:
                self.problems.append(f"{left} typed at {title}: the slider has gone elsewhere")

    def key(self, title, key, **rules):
        """Press a key on the control that has the focus, which stays there."""
        state = self.do(f"{key} pressed at {title}", lambda: self.lesson.press(key), **rules)
        if not self.stop.evaluate(IN_FOCUS):
            self.problems.append(f"{key} pressed at {title}: the focus is lost")
        return state

    def enter_text(self, text):
        self.lesson.page.keyboard.type(text)
        self.lesson.press("Enter")

    # the other controls

    def try_dropdown(self, dropdown):
        title = label_of(dropdown)
        options = dropdown.locator("option").evaluate_all("all => all.map(option => option.label)")
        chosen = dropdown.evaluate("node => node.selectedOptions[0]?.label")
        states = [self.explorer.shown()]
        for option in [*(option for option in options if option != chosen), chosen]:
            what = f"{title} set to {option}"
            states.append(self.do(what, lambda o=option: self.explorer.choose(dropdown, o)))
            self.note_latency(title, option)
        if len(options) > 1:
            self.note_effect(title, states)

    def try_checkbox(self, box):
        title = label_of(box)
        states = [self.do(f"{title} clicked", lambda: self.explorer.click(box)) for _ in range(2)]
        self.note_effect(title, states)

    def key_dropdown(self, dropdown, title):
        """An arrow key, and a letter, which is no command to the notebook."""
        first, last = dropdown.evaluate("node => [node.selectedIndex === 0, node.options[node.length - 1].label[0]]")
        states = [self.key(title, key) for key in (("ArrowDown", "Home") if first else ("ArrowUp", "Home"))]
        states.append(self.key(title, last))
        self.note_effect(title, states)

    def key_checkbox(self, box, title):
        self.note_effect(title, [self.key(title, "Space") for _ in range(2)])

    def try_button(self, button):
        if button.is_enabled() and not self.plays:
            self.pressed(f"button {label_of(button)} clicked", lambda: self.explorer.click(button))
            self.note_latency(label_of(button), "click")

    def key_button(self, button, title):
        if not self.plays:
            self.pressed(f"Enter pressed at {title}", lambda: self.lesson.press("Enter"))

    def pressed(self, what, act):
        """Press a button: another picture, although no control has moved."""
        self.answers.clear()
        self.do(what, act)

    def try_text(self, box):
        title = label_of(box)
        possible, impossible = TEXTS
        self.write(box, title, possible)
        bad = self.write(box, title, impossible, may_complain=True)
        if not is_sentence(bad["message"]):
            self.problems.append(f"{title}: {impossible!r} typed, and no sentence says so: {bad['message']!r}")
        self.write(box, title, possible)

    def key_text(self, box, title):
        possible, _ = TEXTS
        states = [self.key(title, "Backspace", must_change=False)]
        for text in (possible, possible[:2]):
            self.lesson.press("ControlOrMeta+a")
            states.append(self.do(f"{text!r} typed at {title}", lambda t=text: self.enter_text(t)))
        self.note_effect(title, states)

    def write(self, box, title, text, **rules):
        what = f"{text!r} typed into {title}"
        state = self.do(what, lambda: self.explorer.type(box, text), must_change=False, **rules)
        self.note_latency(title, text)
        return state


def at_left_end(slider):
    handle = slider.locator(".noUi-handle").first
    return handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")


def is_sentence(text):
    """Words for a person, not a bare value or an exception's name."""
    return len(text.split()) >= 5 and not re.search(r"Traceback|\b\w+Error\b", text)


def many_places(slider):
    """Whether there is a place between a slider's ends."""
    return slider.locator(".noUi-target").evaluate(
        "node => { const {range, step} = node.noUiSlider.options; return range.max - range.min > 1.5 * step; }"
    )


def plain(text):
    return " ".join(text.split())


def in_order(explorer):
    """(kind, control) of all that can be operated now, as one reads: line by line."""

    def place(pair):
        box = stop_of(pair[1], pair[0]).bounding_box()
        return round(box["y"] / 10), box["x"]

    return sorted(explorer.all_controls(), key=place)


def unseen_stops(explorer):
    """Come to every control by the Tab key; the labels of those that don't show that the focus is on them."""
    explorer.page.mouse.move(0, 0)  # what the mouse is over may look as if it had the focus
    explorer.page.evaluate("() => document.activeElement.blur()")
    stops = [(label_of(control), stop_of(control, kind)) for kind, control in in_order(explorer)]
    without_focus = [look(stop) for _, stop in stops]
    unseen = []
    for (title, stop), before in zip(stops, without_focus, strict=True):
        explorer.tab_to(stop)
        unseen += [title] if look(stop) == before else []
    return unseen


def look(stop):
    """What of an element's style shows that it has the focus."""
    return stop.evaluate(
        "node => { const s = getComputedStyle(node);"
        "return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor].join(); }"
    )
