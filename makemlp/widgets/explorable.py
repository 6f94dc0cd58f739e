"""An explorable in a notebook (floor 5): the page that draws, and ipywidgets that turn its hyperparameters."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence

import ipywidgets as widgets
from IPython.display import display

from makemlp import live
from makemlp.figures.base import Picture

WIDGET = "application/vnd.jupyter.widget-view+json"


class Explorable:
    """A view of `makemlp.live` as a notebook shows it.

    The page draws by itself and brings its own controls, so it needs no kernel. Where `turned` names sliders, sliders
    of ipywidgets stand in for them while a kernel runs: the browser keeps them and the page's equal (jslink), and
    Python sees them too.

    Parameters
    ----------
    view, data, controls : what `makemlp.live.page` takes.
    still : the pictures that stay where scripts don't run.
    turned : names of sliders among `controls`.

    Attributes
    ----------
    controls : dict of str to an ipywidgets slider, those of `turned`; move one by its `value`.
    """

    def __init__(
        self,
        view: str,
        data: Mapping,
        controls: Sequence[Mapping],
        still: Iterable[Picture],
        turned: Sequence[str] = (),
    ):
        self._view, self._data, self._specs = view, data, controls
        self._still = "<br>".join(picture.to_html() for picture in still)
        self._link = uuid.uuid4().hex if turned else ""
        self.controls = {spec["name"]: _slider(spec) for spec in controls if spec["name"] in turned}
        self._block = _block(self._link, self.controls) if turned else None

    def __repr__(self) -> str:
        """What a page that shows text alone has in its place, and what nbval compares."""
        return f"Controls: {', '.join(spec['name'] for spec in self._specs)}. Run this cell to use them."

    def to_html(self) -> str:
        """The explorable as a piece of HTML that needs neither a kernel nor a network."""
        return live.page(self._view, self._data, self._specs, self._still, self._link)

    def _repr_html_(self) -> str:
        return self.to_html()

    def _ipython_display_(self) -> None:
        if self._block is not None:
            # In an output of its own and with no other form, so that nothing of it is left where its model is gone.
            view = {"version_major": 2, "version_minor": 0, "model_id": self._block.model_id}
            display({WIDGET: view}, raw=True)
        display({"text/html": self.to_html(), "text/plain": repr(self)}, raw=True)


def _slider(spec: Mapping) -> widgets.Widget:
    """The slider of ipywidgets for a control of the page."""
    shared = {"description": spec["label"], "value": spec["value"], "readout": False}
    shared["layout"] = widgets.Layout(width="100%")
    if spec.get("log"):
        ends = {name: math.log10(spec[name]) for name in ("min", "max")}
        return widgets.FloatLogSlider(**shared, **ends, step=spec["step"])
    kind = widgets.IntSlider if isinstance(spec["step"], int) else widgets.FloatSlider
    return kind(**shared, min=spec["min"], max=spec["max"], step=spec["step"])


def _row(name: str, slider: widgets.Widget) -> widgets.VBox:
    """A slider below its name and its number, which is a box of its own: it commits however it is left."""
    whole = isinstance(slider, widgets.IntSlider)
    number = (widgets.IntText if whole else widgets.FloatText)(value=slider.value, layout=widgets.Layout(width="6.5em"))
    link = widgets.jslink((slider, "value"), (number, "value"))
    head = widgets.HBox(
        [widgets.Label(slider.description), number], layout=widgets.Layout(justify_content="space-between")
    )
    row = widgets.VBox([head, slider])
    row.add_class(f"makemlp-turns-{name}")
    row.link = link  # a link lives as long as Python keeps it
    return row


def _block(link: str, sliders: Mapping[str, widgets.Widget]) -> widgets.Box:
    """The sliders beside places for the picture and the other controls; hidden until the page has moved them there."""
    rest = widgets.HTML('<div class="makemlp-rest"></div>')  # for the controls that are none of ipywidgets
    turned = widgets.VBox([*(_row(name, slider) for name, slider in sliders.items()), rest])
    turned.add_class("makemlp-turned")
    holds = widgets.HTML('<div class="makemlp-slot"></div>')
    holds.add_class("makemlp-holds")
    block = widgets.Box([turned, holds], layout=widgets.Layout(display="none"))
    for name in ("makemlp-block", f"makemlp-block-{link}"):
        block.add_class(name)
    return block
