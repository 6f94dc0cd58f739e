"""An explorable in a notebook (floor 5): the page that draws, and ipywidgets that turn its hyperparameters."""

from __future__ import annotations

import html
import json
import math
import signal
import threading
import uuid
import weakref
from collections.abc import Iterable, Mapping, Sequence

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display, update_display

from makemlp import live
from makemlp.figures.base import Picture

WIDGET = "application/vnd.jupyter.widget-view+json"

_of_cell = weakref.WeakValueDictionary()  # the last that each cell made, by the cell; it can `pause`
_at_work: weakref.WeakSet[Explorable] = weakref.WeakSet()  # what the kernel's interrupt stops


class Explorable:
    """A view of `makemlp.live` as a notebook shows it.

    The page draws by itself and brings its own controls, so it needs no kernel. Where `turned` names sliders, sliders
    of ipywidgets stand in for them while a kernel runs: the browser keeps them and the page's equal (jslink), and
    Python sees them too.

    What only Python can compute, such as a training, is given to the view by `send`. Its module finds it as
    `frame.sent`, and whether a kernel is there as `frame.linked`. A button reaches Python as any of ipywidgets does;
    one that the page brings, too, is hidden, and `frame.press` presses it.

    Parameters
    ----------
    view, data, controls : what `makemlp.live.page` takes.
    still : the pictures that stay where scripts don't run.
    turned : names of sliders among `controls`.
    buttons : buttons that Python answers, by name the words on them.
    sent : what is sent at first; None for a view that Python sends nothing.

    Attributes
    ----------
    controls : dict of str to an ipywidgets widget, the sliders of `turned` and the `buttons`; move a slider by its
        `value`.
    sent : dict of str to all that was sent, the newest of each name.
    """

    KEEPS = True  # whether a page without a kernel is given what was sent; not where it computes the same by itself

    def __init__(
        self,
        view: str,
        data: Mapping,
        controls: Sequence[Mapping],
        still: Iterable[Picture],
        turned: Sequence[str] = (),
        buttons: Mapping[str, str] | None = None,
        sent: Mapping | None = None,
    ):
        self._view, self._data, self._specs, self.sent = view, data, controls, dict(sent or {})
        self._still = "<br>".join(picture.to_html() for picture in still)
        specs = [spec for spec in controls if spec["name"] in turned]
        sliders = {spec["name"]: _slider(spec) for spec in specs}
        own = [spec["name"] for spec in controls]
        pressed = {name: _button(name, words, name in own) for name, words in (buttons or {}).items()}
        self.controls = sliders | pressed
        self._letter = None if sent is None else widgets.Textarea(layout=widgets.Layout(display="none"))
        self._sending, self._display = threading.Lock(), None
        rows = [_row(spec, sliders[spec["name"]]) for spec in specs]
        self._link = uuid.uuid4().hex if self.controls else ""
        self._block = _block(self._link, rows, pressed, self._letter) if self.controls else None
        self.send()

    def __repr__(self) -> str:
        """What a page that shows text alone has in its place, and what nbval compares."""
        names = dict.fromkeys([*(spec["name"] for spec in self._specs), *self.controls])
        return f"Controls: {', '.join(names)}. Run this cell to use them."

    def to_html(self) -> str:
        """The explorable as a piece of HTML that needs neither a kernel nor a network."""
        data = self._data if self._letter is None or not self.KEEPS else {**self._data, "sent": _finite(self.sent)}
        return live.page(self._view, data, self._specs, self._still, self._link)

    def _repr_html_(self) -> str:
        return self.to_html()

    def _ipython_display_(self) -> None:
        if self._block is not None:
            # In an output of its own and with no other form, so that nothing of it is left where its model is gone.
            view = {"version_major": 2, "version_minor": 0, "model_id": self._block.model_id}
            display({WIDGET: view}, raw=True)
        self._display = uuid.uuid4().hex
        display(self._forms(), raw=True, display_id=self._display)

    def _forms(self) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def send(self, **what: object) -> None:
        """Give the view other numbers (texts, lists, dicts), each in place of the last of its name; from any thread.

        The view sees the newest state and not every one, so send the whole of what it draws. What is no finite number
        arrives as null.
        """
        if self._letter is None:
            return
        with self._sending:
            self.sent |= what
            self._letter.value = json.dumps(_finite(self.sent), ensure_ascii=False)

    def keep(self) -> None:
        """Write the cell's output anew, so that what was sent until now stands in the notebook when it is saved."""
        if self._display is not None:
            update_display(self._forms(), raw=True, display_id=self._display)

    def pause(self) -> None:
        """Stop what goes on by itself; here nothing does. May be called from any thread."""

    def _take_over(self) -> None:
        """Pause what an earlier run of this cell made: nobody sees it any more."""
        cell = _cell()
        if cell is not None:
            if cell in _of_cell:
                _of_cell[cell].pause()
            _of_cell[cell] = self

    def _heed_interrupts(self) -> None:
        """From now on the kernel's interrupt calls `pause`, too, whether a cell is running or not.

        While a cell runs, the interrupt ends the cell, and we hear of that when it has ended. While none runs, a kernel
        ignores interrupts, so we take them then.
        """
        _at_work.add(self)
        shell = get_ipython()
        if not hasattr(shell, "kernel"):  # no notebook
            return
        if _ended not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", _ended)
        # What a control calls may run in another thread, and only the main one may set a handler.
        shell.kernel.io_loop.add_callback(_listen)


def _pause_all() -> None:
    for explorable in list(_at_work):
        explorable.pause()


def _ended(result: object) -> None:
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        _pause_all()


def _interrupted(*what: object) -> None:
    # In the loop's own time, as this may come in the middle of anything; and so that it wakes a loop that waits.
    get_ipython().kernel.io_loop.asyncio_loop.call_soon_threadsafe(_pause_all)


def _listen() -> None:
    """Take the interrupts that come between the kernel's messages; in a message, a handler would be gone with it."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupted)
    elif handler is not _interrupted:
        get_ipython().kernel.io_loop.call_later(0.05, _listen)


def _cell() -> str | None:
    """The notebook's cell that is being run, where the page tells which."""
    try:
        return get_ipython().get_parent()["metadata"]["cellId"]
    except (AttributeError, KeyError, TypeError):
        return None


def _finite(what: object) -> object:
    """The same with None for numbers that JSON does not have."""
    if isinstance(what, Mapping):
        return {name: _finite(value) for name, value in what.items()}
    if isinstance(what, Sequence) and not isinstance(what, str):
        return [_finite(value) for value in what]
    return None if isinstance(what, float) and not math.isfinite(what) else what


def _slider(spec: Mapping) -> widgets.Widget:
    """The slider of ipywidgets for a control of the page."""
    shared = {"value": spec["value"], "readout": False}
    shared |= {"layout": widgets.Layout(width="100%"), "continuous_update": not spec.get("release")}
    if spec.get("log"):
        ends = {name: math.log10(spec[name]) for name in ("min", "max")}
        return widgets.FloatLogSlider(**shared, **ends, step=spec["step"])
    kind = widgets.IntSlider if isinstance(spec["step"], int) else widgets.FloatSlider
    return kind(**shared, min=spec["min"], max=spec["max"], step=spec["step"])


def _button(name: str, words: str, hidden: bool) -> widgets.Button:
    button = widgets.Button(description=words, layout=widgets.Layout(display="none") if hidden else widgets.Layout())
    button.add_class(f"makemlp-press-{name}")
    return button


def _row(spec: Mapping, slider: widgets.Widget) -> widgets.VBox:
    """A slider below its name and its number, which is a box of its own: it commits however it is left.

    The name is HTML and not a Label or a description, because ipywidgets 7 gives those to MathJax 2. JupyterLab 4 has
    MathJax 3, so each of them left an error on the console of a lesson with formulas.
    """
    whole = isinstance(slider, widgets.IntSlider)
    number = (widgets.IntText if whole else widgets.FloatText)(value=slider.value, layout=widgets.Layout(width="6.5em"))
    link = widgets.jslink((slider, "value"), (number, "value"))
    head = widgets.HBox(
        [widgets.HTML(html.escape(spec["label"])), number], layout=widgets.Layout(justify_content="space-between")
    )
    row = widgets.VBox([head, slider])
    row.add_class(f"makemlp-turns-{spec['name']}")
    row.link = link  # a link lives as long as Python keeps it
    return row


def _block(
    link: str,
    rows: Sequence[widgets.Widget],
    buttons: Mapping[str, widgets.Button],
    letter: widgets.Textarea | None,
) -> widgets.Box:
    """The sliders beside places for the picture and the other controls; hidden until the page has moved them there."""
    rest = widgets.HTML('<div class="makemlp-rest"></div>')  # for the controls that are none of ipywidgets
    pressed = [widgets.HBox(list(buttons.values()))] if buttons else []
    turned = widgets.VBox([*rows, *pressed, rest])
    turned.add_class("makemlp-turned")
    sent = "" if letter is None else ' data-sent="1"'
    holds = widgets.HTML(f'<div class="makemlp-slot" data-turned="{len(rows)}"{sent}></div>')
    holds.add_class("makemlp-holds")
    block = widgets.Box([turned, holds], layout=widgets.Layout(display="none"))
    if letter is not None:
        letter.add_class("makemlp-sent")
        block.children += (letter,)
    for name in ("makemlp-block", f"makemlp-block-{link}"):
        block.add_class(name)
    return block
