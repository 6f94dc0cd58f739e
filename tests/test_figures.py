"""Every picture equals its baseline in figures/, and says in words what it shows."""

import inspect
import re
from pathlib import Path

import pytest
from PIL import Image

from makemlp import figures, gallery
from makemlp.gallery import GALLERY

BASELINES = Path(__file__).parents[1] / "figures"


def _compared(name):
    # 5 of 255, root mean square: room for another version's anti-aliasing and for the baselines' reduced colours,
    # not for a bar or a word that moved.
    mark = pytest.mark.mpl_image_compare(
        baseline_dir=str(BASELINES),
        filename=f"{name}.png",
        tolerance=5,
        style="default",
        savefig_kwargs={"dpi": "figure"},
    )
    return pytest.param(name, marks=mark, id=name)


@pytest.mark.parametrize("name", [_compared(name) for name in GALLERY])
def test_picture_equals_its_baseline(name):
    return GALLERY[name]()


def test_every_baseline_is_drawn_by_code():
    assert {path.stem for path in BASELINES.glob("*.png")} == set(GALLERY)


def test_every_figure_function_stands_in_the_gallery():
    drawn = inspect.getsource(gallery)
    functions = [
        name
        for name, value in vars(figures).items()
        if hasattr(value, "__wrapped__") and value.__module__ == figures.__name__
    ]
    assert len(functions) >= 13
    assert [name for name in functions if f"figures.{name}(" not in drawn] == []


@pytest.mark.parametrize("name", GALLERY)
def test_alt_text_is_computed_and_labelled(name):
    picture = GALLERY[name]()
    assert len(picture.alt) > 50 and re.search(r"\d", picture.alt)
    assert repr(picture) == picture.alt
    for axes in picture.axes:
        if axes.axison and axes.get_xticks().size and name not in ("anatomy", "architecture", "architecture_direct"):
            assert axes.get_xlabel(), f"{name} has an axis without a label"


def test_alt_text_follows_the_data():
    small, large = figures.architecture(hidden_dim=100), figures.architecture(hidden_dim=200)
    assert "3,481 parameters" in small.alt and "6,881 parameters" in large.alt


def test_picture_is_sent_with_its_alt_text_and_width():
    bundle = figures.architecture()._repr_mimebundle_()
    assert bundle["text/plain"] in bundle["text/html"]
    assert "width: 1000px" in bundle["text/html"] and "image/png" not in bundle


def test_alt_text_is_escaped():
    picture = figures.architecture()
    picture.alt = 'a < b & "c"'
    assert 'alt="a &lt; b &amp; &quot;c&quot;"' in picture.to_html()


def test_a_picture_does_not_depend_on_the_readers_settings():
    import matplotlib

    before = figures.loss_curve({"run": [3.0, 2.0]}).to_png()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "lines.linewidth": 9}):
        assert figures.loss_curve({"run": [3.0, 2.0]}).to_png() == before


def test_text_is_no_smaller_than_the_prose():
    for name in GALLERY:
        sizes = [text.get_fontsize() for text in GALLERY[name]().findobj(lambda a: hasattr(a, "get_fontsize"))]
        assert min(sizes) >= 10, name


def test_baselines_are_of_the_size_that_is_shown():
    for name in GALLERY:
        width, height = Image.open(BASELINES / f"{name}.png").size
        assert (width, height) == tuple(round(150 * inch) for inch in GALLERY[name]().get_size_inches())
