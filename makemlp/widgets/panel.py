"""What the trainer and the game share (floor 5): controls by name, a message line and a picture."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as widgets

from makemlp.figures.base import ORANGE
from makemlp.widgets.explorable import _cell, _of_cell

WIDE = {"description_width": "11em"}

LAYOUT = widgets.Layout(width="min(36em, 95%)")

# Keys pressed on a control are not JupyterLab's: it would take an arrow key away from a list of choices, and a letter
# typed there to choose would be a command, such as m, which turns the cell into prose.
KEYS = """(function start() {
if (typeof element === "undefined") return;
const panel = (element[0] || element).closest(".widget-vbox");
if (!panel) return setTimeout(start, 100);
panel.addEventListener("keydown", event => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.stopPropagation();
});
})();"""


class Panel(widgets.VBox):
    """What the trainer and the game share: controls by name, a message line and a picture."""

    def __init__(self, controls: dict[str, widgets.Widget], rows: Sequence[widgets.Widget]):
        self.controls = controls
        self._picture, self._message = widgets.HTML(), widgets.HTML()
        super().__init__([*rows, self._message, self._picture, own_keys()])

    def __repr__(self) -> str:
        """What a page without widgets shows in the panel's place, and what nbval compares."""
        return f"Controls: {', '.join(self.controls)}. Run this cell to use them."

    def pause(self) -> None:
        """Stop what goes on by itself; here nothing does."""

    def _take_over(self) -> None:
        """Pause the panel that an earlier run of this cell made: nobody sees it any more."""
        cell = _cell()
        if cell is not None:
            if cell in _of_cell:
                _of_cell[cell].pause()
            _of_cell[cell] = self

    def _say(self, sentence: str) -> None:
        # What is wrong is said in words, not by the colour alone.
        self._message.value = announced(sentence, f"color: {ORANGE}")


def slider(kind: type, description: str, value: float, low: float, high: float, step: float, **extra) -> widgets.Widget:
    return kind(value=value, min=low, max=high, step=step, description=description, style=WIDE, layout=LAYOUT, **extra)


def own_keys() -> widgets.Output:
    """Nothing to see; the script in it keeps the keys that are pressed in a panel to the panel."""
    script = {"output_type": "display_data", "data": {"application/javascript": KEYS}, "metadata": {}}
    return widgets.Output(outputs=[script], layout=widgets.Layout(display="none"))


def announced(sentence: str, style: str) -> str:
    """A line of HTML that screen readers read out when it changes."""
    return f'<div role="status" style="{style}">{html.escape(sentence)}</div>'
