"""Everyone can read the pictures: by ear, in grey, with few colours, on a small screen; and the README's film."""

import ast
import functools
import html
import inspect
import io
import itertools
import re

import numpy as np
import pytest
import torch
from answers import EXERCISES, SOLUTIONS
from colorspacious import cspace_convert, deltaE
from lessons import LESSONS, ROOT
from matplotlib import colormaps
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.text import Text
from pictures import drawn, page_of, png_of
from PIL import Image, ImageChops, ImageStat
from test_figures import same_matplotlib

from makemlp import figures, gallery
from makemlp.figures import base
from makemlp.figures.moving import timeline
from makemlp.gallery import GALLERY, MOVING

README = (ROOT / "README.md").read_text(encoding="utf-8")


every_picture = pytest.mark.parametrize("name", GALLERY)
every_notebook = pytest.mark.parametrize("notebook", LESSONS + EXERCISES + SOLUTIONS, ids=lambda n: str(n.path.stem))

# --- the gallery holds every kind of picture that a notebook draws ---


def drawing_calls(source):
    """Each call of a picture function in some code: its name, and the options that it uses."""
    tree = ast.parse(re.sub(r"^(\s*)%", r"\1pass  # %", source, flags=re.M))
    for node in ast.walk(tree):
        function = getattr(node, "func", None)
        owner = getattr(function, "value", None)
        if "figures" in (getattr(owner, "id", ""), getattr(owner, "attr", "")) and function.attr.islower():
            asked = list(inspect.signature(getattr(figures, function.attr)).parameters.values())[1:]
            given = {p.name for p in asked[: len(node.args)]} | {keyword.arg for keyword in node.keywords}
            yield function.attr, {p.name for p in asked if p.name in given and p.default is not p.empty}


IN_GALLERY = list(drawing_calls(inspect.getsource(gallery)))


@every_notebook
def test_every_picture_of_a_notebook_has_its_kind_in_the_gallery(notebook):
    for cell in notebook.code:
        for name, options in drawing_calls(cell.source):
            assert any(options <= more for other, more in IN_GALLERY if other == name), (cell.number, name, options)


def test_calls_are_found_however_they_are_written():
    assert list(drawing_calls("%pip x\nfigures.loss_curve(a)\nmakemlp.figures.rate_sweep(a, b, dots=True)")) == [
        ("loss_curve", set()),
        ("rate_sweep", {"dots"}),
    ]


# --- alt text ---


def stored_pictures(notebook):
    """The stored outputs of a notebook that show a picture."""
    for cell in notebook.code:
        for output in cell.raw["outputs"]:
            data = output.get("data", {})
            if any(mime.startswith("image/") for mime in data) or re.search(
                "<img|<svg", "".join(data.get("text/html", ""))
            ):
                yield cell, output


@every_notebook
def test_every_stored_picture_says_what_it_shows(notebook):
    for cell, output in stored_pictures(notebook):
        page = "".join(output["data"]["text/html"])
        assert not any(mime.startswith("image/") for mime in output["data"]) and "<svg" not in page
        said = [html.unescape(alt) for alt in re.findall(r'<img alt="([^"]*)"', page)]
        for text in said:
            assert len(text) > 50 and re.search(r"\d", text), f"cell {cell.number}"
        if (
            "data-view=" not in page
        ):  # an explorable holds a picture for each of its parts, and its text names its controls
            assert said == ["".join(output["data"]["text/plain"])] == [output["metadata"]["text/html"]["alt"]]


def test_every_lesson_stores_pictures():
    assert all(list(stored_pictures(lesson)) for lesson in LESSONS)


def readme_images():
    """The alt text of each image in the README, with the name of its file."""
    yield from re.findall(r"!\[([^\]]*)\]\(((?!https:)[^)]*)\)", README)  # badges are another's
    for image in re.findall(r"<img [^>]*>", README):
        yield html.unescape(re.search(r'alt="([^"]*)"', image)[1]), re.search(r'src="([^"]*)"', image)[1]


def test_the_readme_says_what_its_pictures_show():
    images = list(readme_images())
    assert images
    for alt, file in images:
        folder, name = file.split("/")
        assert folder == "figures" and alt == drawn(name.rpartition(".")[0]).alt


# --- colours ---

DEFICIENCIES = (None, "deuteranomaly", "protanomaly", "tritanomaly")
APART = 10  # in CAM02-UCS, whose unit is about what an eye can just tell; for thin lines it takes a multiple


def as_seen(color, deficiency):
    """An sRGB colour as somebody sees it who has the whole of a deficiency (None: nobody's)."""
    rgb = np.array(to_rgb(color))
    if deficiency is None:
        return rgb
    space = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
    return np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)


@functools.cache
def least_distance(one, other):
    """How far apart two colours are in the eyes of those who tell them apart least."""
    pairs = ((as_seen(one, kind), as_seen(other, kind)) for kind in DEFICIENCIES)
    return min(float(deltaE(a, b, input_space="sRGB1", uniform_space="CAM02-UCS")) for a, b in pairs)


def lightness(color):
    return cspace_convert(np.array(to_rgb(color)), "sRGB1", "CAM02-UCS")[..., 0]


PALETTE = [base.BLUE, base.ORANGE, base.GREEN, base.PURPLE, base.GREY, base.INK, "#ffffff"]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(PALETTE, 2)])
def test_the_palette_is_told_apart(one, other):
    assert least_distance(one, other) >= APART


@pytest.mark.parametrize(("red", "green"), [("#d62728", "#2ca02c"), ("#c0504d", "#6a8f3c"), ("#ff0000", "#008000")])
def test_a_red_and_a_green_are_not(red, green):
    assert least_distance(red, green) < APART < least_distance(base.ORANGE, base.BLUE)


def on_white(color, alpha=None):
    """The colour that a reader sees where this one lies on white."""
    *rgb, own = to_rgba(color)
    share = own * (1 if alpha is None else alpha)
    return tuple(round(1 - share * (1 - channel), 3) for channel in rgb)


def labelled(patch, axes):
    """Whether a shape holds text, or stands at a tick that has some."""
    box = patch.get_window_extent()
    if any(
        text.get_text().strip() and box.contains(*text.get_window_extent().get_points().mean(0)) for text in axes.texts
    ):
        return True
    if not isinstance(patch, Rectangle):
        return False
    y = patch.get_center()[1]
    ticks = [*zip(axes.get_yticks(), axes.get_yticklabels(), strict=False)]  # no labels where a neighbour has them
    return any(abs(tick - y) < 1e-6 and re.search("[A-Za-z]", label.get_text()) for tick, label in ticks)


def looks(axes):
    """What an axes draws in colour: (colour, all else by which it can be known), without what has a label on it."""
    for line in axes.lines:
        marker = line.get_marker() if line.get_marker() not in ("None", None, "") else ""
        style = line.get_linestyle() if line.get_linestyle() not in ("None", "") else ""
        filled = line.get_fillstyle() if marker else ""
        if style or marker:
            yield on_white(line.get_color(), line.get_alpha()), ("line", style, marker, filled)
    for shape in axes.patches:
        if isinstance(shape, FancyArrowPatch):
            yield on_white(shape.get_edgecolor()), ("arrow", shape.get_linestyle())
        elif not labelled(shape, axes):
            yield on_white(shape.get_facecolor()), ("bar", shape.get_hatch())
    for collection in axes.collections:
        colors = collection.get_facecolor() if isinstance(collection, PolyCollection) else collection.get_edgecolor()
        for color in colors:
            yield on_white(color), (type(collection).__name__,)
    for text in axes.texts:
        if text.get_bbox_patch():
            yield on_white(text.get_bbox_patch().get_edgecolor()), ("frame", type(text.get_bbox_patch().get_boxstyle()))


@every_picture
def test_colours_that_meet_are_told_apart(name):
    """By those who see fewer colours; and in grey, unless form, line style, hatch or a label on it do it."""
    for axes in drawn(name).axes:
        for (one, by), (other, by_other) in itertools.combinations(set(looks(axes)), 2):
            if one == other:
                continue
            assert by != by_other or abs(lightness(one) - lightness(other)) >= APART, (one, other, by)
            alike = least_distance(one, other) < APART
            assert not alike or by[0] != by_other[0], (one, other, by, by_other)


def test_colours_of_one_form_are_compared():
    """The test above is not blind: it sees lines, bars and frames, and two lines that differ in hue alone fail it."""
    picture = figures.loss_curve({"one": [3.0, 2.0], "two": [3.0, 1.0]})
    one, two = picture.axes[0].lines
    assert len(set(looks(picture.axes[0]))) == 2
    two.set_linestyle(one.get_linestyle())
    (_, by), (_, by_other) = looks(picture.axes[0])
    assert by == by_other and abs(lightness(one.get_color()) - lightness(two.get_color())) < 20
    found = {by[0] for name in GALLERY for axes in drawn(name).axes for _, by in looks(axes)}
    assert found >= {"line", "bar", "arrow", "frame", "LineCollection"}


def test_colour_maps_grow_lighter_or_darker_all_the_way():
    maps = {image.get_cmap().name for name in GALLERY for axes in drawn(name).axes for image in axes.images}
    assert maps == {"Blues", "cividis"}
    for name in maps:
        steps = np.diff(lightness_of_map(name))
        assert (steps > 0).all() or (steps < 0).all()
    assert len(set(np.sign(np.diff(lightness_of_map("jet"))))) > 1


def lightness_of_map(name):
    return cspace_convert(colormaps[name](np.linspace(0, 1, 64))[:, :3], "sRGB1", "CAM02-UCS")[:, 0]


# --- text ---

PROSE = 14  # pixels, of JupyterLab's prose at 100 %
# The bigram table's 27 columns of numbers need a window of 1440 pixels.
NEEDS = {"bigram_table": 988}


def texts(picture):
    return [text for text in picture.findobj(Text) if text.get_visible() and text.get_text().strip()]


@every_picture
def test_text_is_no_smaller_than_the_prose(name):
    """As shown below a cell, in a window of 1280 pixels with the file browser open."""
    picture = drawn(name)
    pixels = base.PIXELS_PER_INCH * picture.get_figwidth()
    shown = min(1, NEEDS.get(name, 100 * base.ROOM) / pixels)
    sizes = {text.get_fontsize() / 72 * base.PIXELS_PER_INCH * shown for text in texts(picture)}
    assert min(sizes) >= PROSE


def luminance(color):
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    """The ratio of WCAG 2: text should have 4.5 or more, a line or a bar 3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def behind(text, axes):
    """The colour that a text stands on."""
    place = text.get_window_extent().get_points().mean(0)
    if text.get_bbox_patch() and text.get_bbox_patch().get_facecolor()[3]:
        return text.get_bbox_patch().get_facecolor()[:3]
    for image in axes.images if axes else []:
        x, y = axes.transData.inverted().transform(place).round().astype(int)
        if 0 <= y < image.get_array().shape[0] and 0 <= x < image.get_array().shape[1]:
            return image.cmap(image.norm(image.get_array()[y, x]))[:3]
    for patch in axes.patches if axes else []:
        if (
            patch.get_facecolor()[3]
            and not isinstance(patch, FancyArrowPatch)
            and patch.get_window_extent().contains(*place)
        ):
            return patch.get_facecolor()[:3]
    return (1.0, 1.0, 1.0)


@every_picture
def test_text_stands_out(name):
    for text in texts(drawn(name)):
        assert contrast(text.get_color(), behind(text, text.axes)) >= 4.5, text


@pytest.mark.parametrize("color", PALETTE[:-1])
def test_lines_and_bars_stand_out(color):
    assert contrast(color, "white") >= 3


@pytest.mark.parametrize("name", ["Blues", "cividis", "Greys"])
def test_text_on_a_cell_stands_out_whatever_its_number(name):
    for color in colormaps[name](np.linspace(0, 1, 256))[:, :3]:
        assert contrast(base.text_on(color), color) >= 4.5


@every_picture
def test_a_picture_brings_its_own_background(name):
    """So that it is read on a dark page as on a light one."""
    image = Image.open(io.BytesIO(png_of(name)))
    assert image.mode == "P" and "transparency" not in image.info
    assert "background: white" in page_of(name) and on_white(drawn(name).get_facecolor()) == (1, 1, 1)


# --- the film ---


def stored(name):
    return Image.open(ROOT / "figures" / f"{name}.gif")


def frame(image, number):
    image.seek(number)
    return image.convert("RGB")


def far_apart(one, other):
    """The root mean square of two pictures' difference, of 255."""
    difference = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")))
    return max(difference.rms)


@functools.cache
def story():
    return gallery._film()


every_film = pytest.mark.parametrize("name", MOVING)


def test_every_film_is_drawn_by_code():
    assert {path.stem for path in (ROOT / "figures").glob("*.gif")} == set(MOVING)


@every_film
def test_a_film_runs_for_ever_and_is_short_and_small(name):
    image = stored(name)
    times = [image.seek(i) or image.info["duration"] for i in range(image.n_frames)]
    assert times == [milliseconds for _, milliseconds, _ in timeline(story())]
    assert 8_000 <= sum(times) <= 12_000 and min(times) >= 50 and image.info["loop"] == 0
    assert (ROOT / "figures" / f"{name}.gif").stat().st_size < 1_500_000


@same_matplotlib
@every_film
def test_a_film_shows_what_the_code_draws(name):
    """Its first frame is the picture of the end; one amid the run is a picture drawn anew for that moment."""
    draw, times = getattr(figures, name), list(timeline(story()))
    for number in (0, len(times) // 2, len(times) - 1):
        anew = draw(story(), times[number][0])
        assert far_apart(frame(stored(name), number), Image.open(io.BytesIO(anew.to_png()))) < 4
    assert far_apart(frame(stored(name), 0), frame(stored(name), len(times) // 2)) > 8


def test_a_film_moves_smoothly_and_ends_where_it_begins():
    moments = [moment for moment, _, _ in timeline(story())]
    assert moments[0] == len(story().steps) - 1 == moments[-1] + 1
    start = moments.index(0)
    assert moments[start:] == list(range(moments[-1] + 1)) and moments[:start] == sorted(moments[:start], reverse=True)
    steps = (story().points[1:] - story().points[:-1]).norm(dim=2)  # (moments - 1, vocab_size)
    width = (story().points.amax((0, 1)) - story().points.amin((0, 1))).max()
    assert float(steps.max() / width) < 0.06


def test_the_film_tells_of_a_run_that_learns():
    film = story()
    assert film.dev[0] == pytest.approx(3.3, abs=0.05) and film.dev[-1] < 2.3
    assert list(film.lines.values()) == pytest.approx([2.47, 1.983], abs=0.002)
    assert film.steps[0] == 0 and film.steps == sorted(film.steps)
    assert set(film.names[-1]) != set(film.names[0]) and all(map(len, film.names))


def test_a_films_words_by_hand():
    toy = figures.Film(
        vocab=base.Vocabulary(["ae"]),
        steps=[0, 9],
        dev=[1.5, 0.5],
        points=torch.tensor([[[0.0, 0], [3, 0], [0, 4]], [[9, 9], [0, 0], [0, 2]]]),
        names=[["x", "y"], ["ae", "ea"]],
        lines={"pairs": 1.25, "tables": 0.25},
    )
    assert toy.alt == (
        "A training run of 9 steps in motion. The dev loss falls from 1.50 to 0.50, beside lines at pairs 1.25, tables "
        "0.25. 3 characters move over a map: at first vowels 5.0 apart on average, all letters 5.0; at the end vowels "
        "2.0 apart on average, all letters 2.0. Names it makes up at first: x, y; at the end: ae, ea."
    )


def test_whoever_wants_less_motion_gets_a_still():
    sources = re.findall(r"<source [^>]*>", README)
    still = [source for source in sources if "prefers-reduced-motion: reduce" in source]
    assert still and all(".png" in source for source in still) and sources[: len(still)] == still
    assert any("max-width" in source and ".gif" in source for source in sources)
