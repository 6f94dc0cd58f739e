"""Every picture equals its baseline in figures/, and says in words what it shows."""

import inspect
import itertools
import math
import re
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from pictures import Stored, drawn
from PIL import Image

from makemlp import MLP, CountModel, Vocabulary, WordVocabulary, build_dataset, figures, gallery
from makemlp.figures import fonts
from makemlp.figures.base import apart, labelled, ring, shown
from makemlp.gallery import GALLERY

BASELINES = Path(__file__).parents[1] / "figures"


def _compared(name):
    # Of 255, root mean square: room for a point a hair's breadth elsewhere, not for a word or an arrow that is missing.
    mark = pytest.mark.mpl_image_compare(baseline_dir=str(BASELINES), filename=f"{name}.png", tolerance=2)
    return pytest.param(name, marks=mark, id=name)


# Another matplotlib lays out text a pixel or two elsewhere; there the alt texts must do.
same_matplotlib = pytest.mark.skipif(
    not matplotlib.__version__.startswith("3.11."), reason="the baselines were drawn by matplotlib 3.11"
)


@same_matplotlib
@pytest.mark.parametrize("name", [_compared(name) for name in GALLERY])
def test_picture_equals_its_baseline(name):
    return Stored(name)


def test_every_baseline_is_drawn_by_code():
    assert {path.stem for path in BASELINES.glob("*.png")} == set(GALLERY)


def test_every_figure_function_stands_in_the_gallery():
    drawn = inspect.getsource(gallery)
    functions = [
        name
        for name, value in vars(figures).items()
        if hasattr(value, "__wrapped__") and value.__module__.startswith(figures.__name__)
    ]
    assert len(functions) >= 13
    assert [name for name in functions if f"figures.{name}(" not in drawn] == []


@pytest.mark.parametrize("name", GALLERY)
def test_alt_text_is_computed_and_labelled(name):
    picture = drawn(name)
    assert len(picture.alt) > 50 and re.search(r"\d", picture.alt)
    assert repr(picture) == picture.alt
    for axes in picture.axes:
        if axes.axison and axes.get_xticks().size and name not in ("anatomy", "architecture", "architecture_direct"):
            assert axes.get_xlabel(), f"{name} has an axis without a label"


def test_alt_text_follows_the_data():
    small, large = figures.architecture(27, hidden_dim=100), figures.architecture(27, hidden_dim=200)
    assert "3,481 parameters" in small.alt and "6,881 parameters" in large.alt


def test_picture_is_sent_with_its_alt_text_and_width():
    bundle, metadata = figures.architecture(27)._repr_mimebundle_()
    assert bundle["text/plain"] in bundle["text/html"]
    assert metadata["text/html"]["alt"] == bundle["text/plain"]
    assert "width: 1000px" in bundle["text/html"] and "image/png" not in bundle


def test_alt_text_is_escaped():
    picture = figures.architecture(27)
    picture.alt = 'a < b & "c"'
    assert 'alt="a &lt; b &amp; &quot;c&quot;"' in picture.to_html()


def test_a_picture_does_not_depend_on_the_readers_settings():
    before = figures.loss_curve({"run": [3.0, 2.0]}).to_png()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "lines.linewidth": 9}):
        assert figures.loss_curve({"run": [3.0, 2.0]}).to_png() == before


def test_text_is_no_smaller_than_the_prose():
    for name in GALLERY:
        sizes = [text.get_fontsize() for text in drawn(name).findobj(lambda a: hasattr(a, "get_fontsize"))]
        assert min(sizes) >= 10, name


def test_baselines_are_of_the_size_that_is_shown():
    for name in GALLERY:
        width, height = Image.open(BASELINES / f"{name}.png").size
        assert (width, height) == tuple(round(150 * inch) for inch in drawn(name).get_size_inches())


# --- alt texts by hand, from data small enough to check ---

TOY = Vocabulary(["ab"])  # . a b
FOUR = torch.tensor([[9.0, 9.0], [0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
KITE = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-2.0, 0.0]])
COUNTS = torch.tensor([[0.0, 4.0, 0.0], [1.0, 0.0, 3.0], [3.0, 0.0, 0.0]])


def certain(symbol):
    """A model that always predicts one symbol."""
    logits = torch.full((3,), -50.0)
    logits[symbol] = 50.0

    def model(X):
        return logits.repeat(len(X), 1)

    model.block_size = 2
    return model


# Counted from aab, ab, ab and b: after the boundary a three times and b once, after a b three times and a once.
TALLY = CountModel(len(TOY), 1, smoothing=0).fit(*build_dataset(["aab", "ab", "ab", "b"], TOY, 1))


def placed(moved):
    """A model whose first two symbols stand (3, 4) times `moved` from where its seed puts them."""
    model = MLP(3, block_size=2, emb_dim=2, hidden_dim=4)
    with torch.no_grad():
        model.C[:2] += moved * torch.tensor([3.0, 4.0])
    return model


ALTS = {
    "next_character": (
        lambda: figures.next_character(certain(2), TOY, "a"),
        "Bar chart of the next character after 'a'. Most likely: 'b' 100%,",
    ),
    "bigram_table": (
        lambda: figures.bigram_table(COUNTS, TOY),
        "The most frequent pair is '.a' with 4; 5 cells are empty.",
    ),
    "curve": (
        lambda: figures.curve([0.0, 1.0, 2.0], [1.0, 0.0, 4.0], {"here": (2.0, 4.0)}, ("x", "loss")),
        "from 0 with 1 to 2 with 4; lowest at 1 with 0. Marked: here at 2 with 4.",
    ),
    "smoothing": (
        # Row a is 1, 0, 3; with 2 added 3, 2, 5 of 10. From a third each: (0.0333 + 0.1333 + 0.1667) / 2 = 17 %.
        lambda: figures.smoothing(COUNTS, TOY, 2.0, "a"),
        "Most likely: 'b' 50%, '.' 30%, 'a' 20%. The bars are 17% away from uniform.",
    ),
    "probability_strip": (
        # 3/4 · 1/4 · 3/4 · 1 = 9/64, which is 1 in 7.1
        lambda: figures.probability_strip(TALLY, TOY, "aab"),
        "'aab', 1 name in 7: a 75% (rank 1), a 25% (rank 2), b 75% (rank 1), the end 100% (rank 1). "
        "The greatest surprise stands at place 2, where it held b to be likeliest.",
    ),
    "name_ranks": (
        lambda: figures.name_ranks(torch.tensor([1.0, 5.0, 2.0, math.inf, 2.5]), "ab", 2.5),
        "half of them at 2.5 nats or less. A line marks 'ab' at 2.5: 2 of 5 names are likelier.",
    ),
    "side_by_side": (
        lambda: figures.side_by_side({"made up": ["ab", "", "b", "a"], "real": ["a"]}, ["a", "b"]),
        "a dot marks the known ones. made up, 2 of 4 with a dot: ab, (empty), • b, • a; real, 1 of 1 with a dot: • a.",
    ),
    "made_up_names": (
        lambda: figures.made_up_names(["ab", "b"], 0.5, 2),
        "2 names made up at temperature 0.50, from the 2 likeliest characters: ab, b.",
    ),
    "loss_curve": (
        lambda: figures.loss_curve({"one": [3.0, 2.5], "two": [4.0, 1.0, 0.5]}, {"floor": 0.25}),
        "Loss curve over 3 steps: one from 3.00 to 2.50; two from 4.00 to 0.50. A line marks floor at 0.25.",
    ),
    "two_tables": (
        lambda: figures.two_tables(torch.eye(3), torch.full((3, 3), 0.25), TOY, ("one", "two")),
        "no cell differs by more than 0.75. The 6 cells that are 0 in the first have up to 0.250 in the second.",
    ),
    "nll_by_context": (
        lambda: figures.nll_by_context({"train": [3.0, 2.0, 1.5], "dev": [3.1, 2.2, 2.6]}, (2, 2.6)),
        "train is lowest at 2 characters with 1.50; dev is lowest at 1 characters with 2.20. "
        "Marked: 2 characters, 2.60.",
    ),
    "table_growth": (
        lambda: figures.table_growth(
            [{"block_size": n, "full": 3**n, "seen": 2 * n + 1, "examples": 9} for n in range(3)]
        ),
        "The rows of a full table grow from 1 to 9.0e+00 at 2 characters; the rows seen in train level off at 5.",
    ),
    "size_comparison": (
        lambda: figures.size_comparison(27, 16, 2, 100),
        "has 2,153,693,963,075,557,766,310,747 cells and the MLP 6,081 parameters; one more character multiplies the "
        "table by 27 and adds 200 numbers",
    ),
    "saturation": (
        lambda: figures.saturation({"half": torch.tensor([[0.98, 0.1], [-0.99, 0.2]])}),
        "where tanh is flat: half 50%.",
    ),
    "tanh_curve": (
        lambda: figures.tanh_curve(),
        "reaches ±0.97 at ±2.09; its slope is 1 in the middle and 0.06 there.",
    ),
    "rate_sweep": (
        lambda: figures.rate_sweep([-2.0, -1.0, 0.0], {"plain": [3.0, 2.0, float("inf")]}, marks={"a third": -0.5}),
        "plain is lowest near 10 to the power -1.0; 1 are off the chart; a line marks a third at 0.32.",
    ),
    "schedule": (lambda: figures.schedule([0.5, 1.0, 0.2]), "over 3 steps: it is highest at step 1"),
    "embedding_map": (
        # The letters stand 3, 4 and 5 apart; y is no vowel here.
        lambda: figures.embedding_map(FOUR, Vocabulary(["aey"])),
        "Map of 4 symbols: vowels 3.0 apart on average, all letters 4.0. Farthest from the middle is '.'.",
    ),
    "chance_histogram": (
        lambda: figures.chance_histogram(torch.tensor([2.0, 3.0, 4.0, 5.0]), 2.0),
        "within each of 4 groups drawn at random, from 2.0 to 5.0. A line marks the group in question at 2.0: 25% of",
    ),
    "snapshot": (
        # Both rows of C have moved by (3, 4), the third stayed: 10/3 on average.
        lambda: figures.snapshot({0: placed(0.0), 2: placed(1.0), 4: placed(9.0)}, [3.0, 2.5, 2.25, 2.0], TOY, 2),
        "At step 2 the loss is 2.25; the symbols are 3.3 from where they began, on average. Names it makes up: ",
    ),
    "seed_maps": (
        lambda: figures.seed_maps([FOUR, 2 * FOUR], Vocabulary(["abe"])),
        "2 maps of 4 symbols. seed 0: vowels 5.0 apart on average, all letters 4.0; seed 1: vowels 10.0 apart on "
        "average, all letters 8.0.",
    ),
    "seed_spread": (
        # Mean places (7, 5) and (3, 5); each seed is 1 beside them, half of the 2 from the middle.
        lambda: figures.seed_spread(
            {"one": torch.tensor([[[7.0, 6.0], [3.0, 6.0]], [[7.0, 4.0], [3.0, 4.0]]])}, Vocabulary(["a"])
        ),
        "Mean places of 2 symbols over 2 seeds, with a line to each seed's own. How far a seed's place is from the "
        "mean one, as a share of the map's size: one: 0.5.",
    ),
    "turning": (
        # The target is the cloud mirrored. As it was, two of its points miss by 2: 8 of a variance of 6.75.
        lambda: figures.turning(KITE, KITE * torch.tensor([1.0, -1.0]), Vocabulary(["abe"])),
        "4 symbols of one map are laid upon those of another. The residual: as it was 1.19; mirrored, turned by 0° "
        "0.00; mirrored, turned by 0° 0.00; mirrored, turned by 0° 0.00.",
    ),
    "two_seeds": (
        lambda: figures.two_seeds({"x": (torch.arange(3.0), torch.tensor([0.0, 2.0, 4.0])), "y": (FOUR[:3, 1],) * 2}),
        "3 pairs of letters in two networks, as dots. Correlation: x 1.00, y 1.00.",
    ),
    "pin": (
        lambda: figures.pin(torch.tensor([0.25, 0.25, 0.5]), TOY, 0.4),
        "The probabilities of 3 symbols end to end on a line. The pin at 0.4 hits 'a', whose stretch goes from 0.25 to "
        "0.50.",
    ),
    "reshaped": (
        lambda: figures.reshaped({"all": torch.tensor([0.25, 0.25, 0.5]), "two": torch.tensor([0.25, 0, 0.5])}, TOY),
        "of 3 symbols. all leaves 3, the likeliest with 50%; two leaves 2, the likeliest with 67%.",
    ),
    "explained_variance": (
        lambda: figures.explained_variance({"x": torch.tensor([0.5, 0.25, 0.25]), "y": torch.tensor([0.6, 0.3, 0.1])}),
        "In the first two together: x 75%, y 90%.",
    ),
    "nearest": (
        # From '.' it is 4.1 to a, of which the flat map shows 1; 2 to b; 3 to c; 3.5 to d, shown as 0.5; e and f
        # make it wide.
        lambda: figures.nearest(
            torch.tensor([[0.0, 0, 0], [1, 0, 4], [2, 0, 0], [0, 3, 0], [0.5, 0, 3.45], [30, 0, 0], [0, 30, 0]]),
            Vocabulary(["abcdef"]),
            ".",
        ),
        "Nearest to '.' in 3 dimensions are 'b', 'c', 'd'. On the flat map 2 of these are among its three nearest.",
    ),
    "live_training": (
        lambda: figures.live_training([3.0, 2.5], torch.eye(3), TOY),
        "Loss curve after 2 steps, the last loss is 2.50, beside a map of 3 embeddings.",
    ),
    "mixture": (
        lambda: figures.mixture([0.0, 0.5, 1.0], [2.0, 1.5, 1.75], (0.25, 1.625)),
        "Counts alone 2.00, network alone 1.75; lowest 1.50 with a share of 0.50. Marked: a share of 0.25 with 1.625.",
    ),
    "ablation": (
        lambda: figures.ablation(
            [
                {"row": "a", "numbers": 9, "seconds": 1.0, "lecture": [2.0, 2.5], "unique": [2.75]},
                {"row": "b", "numbers": 99, "seconds": 2.0, "lecture": [1.5], "unique": []},
            ],
            ("a line", 1.75),
        ),
        "Dev losses of 2 recipes, a mark per seed, and a line at 1.750 for a line. Means of the first and the best: "
        "a 2.250, b 1.500.",
    ),
    "peers": (
        lambda: figures.peers(
            [{"what": "a", "peer": "slow", "ratio": 228.4}, {"what": "b", "peer": "a floor", "ratio": 0.5}]
        ),
        "how many times longer each peer takes. a, against slow: 228; b, against a floor: 0.5.",
    ),
    "train_and_dev": (
        lambda: figures.train_and_dev([5, 10, 50], [2.4, 2.2, 1.6], [2.5, 2.3, 2.6], "hidden_dim", log=True),
        "From 5 to 50, train goes from 2.40 to 1.60; dev is lowest with 2.30 at 10 and ends at 2.60.",
    ),
    "seed_bands": (
        lambda: figures.seed_bands({"a": [2.1, 2.3, 2.2], "b": [1.9]}, "setting"),
        "Dev losses of several seeds for each setting. a: 2.100 to 2.300; b: 1.900 to 1.900.",
    ),
    "scoreboard": (
        lambda: figures.scoreboard(
            [{"train": 2.0, "dev": dev, "parameters": 1234, "seconds": 0.5} for dev in (2.3, 2.1, 2.2)],
            {"high": 2.4, "low": 2.15},
        ),
        "Losses of 3 runs. Run 3: 1,234 parameters, train 2.00, dev 2.20, below high. Lowest dev: run 2 with 2.10.",
    ),
    "study": (
        lambda: figures.study(
            [
                {"number": 0, "pruned": False, "dev": 2.3, "rate": 0.1},
                {"number": 1, "pruned": True, "dev": 2.0, "rate": 0.001},
                {"number": 2, "pruned": False, "dev": 2.1, "rate": 0.02},
            ],
            ["rate"],
        ),
        "3 trials of a study, 1 of them given up early. The best is number 2 with dev 2.100: rate 0.02.",
    ),
    "start_race": (
        lambda: figures.start_race({"one": [20.0, 3.0], "two": [3.0] * 19 + [2.0, 2.5]}),
        "logarithmic scale: one begins at 20.0 and ends at 3.00; two begins at 3.0 and ends at 2.25.",
    ),
    "contest": (
        lambda: figures.contest(
            [
                {"sampler": "a", "dev": [2.5, 2.25]},
                {"sampler": "a", "dev": [2.0, 2.5]},
                {"sampler": "b", "dev": [2.5, 2]},
            ]
        ),
        "After 2 trials, a: mean 2.125, from 2.000 to 2.250; b: mean 2.000, from 2.000 to 2.000.",
    ),
    "seen_before": (
        lambda: figures.seen_before({"letters": [1.0, 0.5], "words": [0.9, 0.25, 0.01]}),
        "letters from 100% of single ones to 50% of pieces of 2; words from 90% of single ones to 1% of pieces of 3.",
    ),
    "word_map": (
        lambda: figures.word_map(FOUR + torch.tensor([1.0, 0.0]), WordVocabulary(["a", "b", "a", "b"], 1), "a", k=2),
        "Map of the 4 most frequent words. Nearest to 'a', by cosine: '<unk>' 1.00, '.' 0.74.",
    ),
    "flattery": (
        lambda: figures.flattery([1, 8], {"9 names": [-0.001, 0.25], "99 names": [0.0, 0.125]}),
        "with their number up to 8. 9 names: -0.001 for 1, +0.250; 99 names: +0.000 for 1, +0.125.",
    ),
}


@pytest.mark.parametrize("name", ALTS)
def test_alt_text_by_hand(name):
    draw, expected = ALTS[name]
    assert expected in draw().alt


def test_a_snapshot_shows_the_loss_and_the_ways_until_its_step_on_the_same_axes():
    frames = {0: placed(0.0), 2: placed(1.0), 4: placed(9.0)}
    early, late = (figures.snapshot(frames, [3.0, 2.5, 2.25, 2.0], TOY, step) for step in (2, 4))
    whole, until = early.axes[0].lines
    assert list(whole.get_ydata()) == [3.0, 2.5, 2.25, 2.0] and list(until.get_ydata()) == [3.0, 2.5, 2.25]
    assert [len(way.get_xdata()) for way in early.axes[1].lines] == [2, 2, 2]
    assert [axes.axis() for axes in early.axes] == [axes.axis() for axes in late.axes]
    (low, high), reach = late.axes[1].get_ylim(), float(frames[4].C.detach().abs().max())
    assert low < -reach and reach < high


def test_a_step_without_a_frame_gets_a_sentence():
    with pytest.raises(ValueError, match="no frame of step 3: choose one of 0, 2"):
        figures.snapshot({0: placed(0.0), 2: placed(1.0)}, [3.0, 2.5], TOY, 3)


def test_a_step_to_the_right_of_a_map_is_as_long_as_one_upwards():
    for picture in map(drawn, ("embedding_map", "live_training", "snapshot")):
        axes = picture.axes[-1]
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        box = axes.get_window_extent()
        assert box.width / (right - left) == pytest.approx(box.height / (high - low), rel=0.01)


def test_anatomy_counts_the_saturated_units():
    model = MLP(3, block_size=2, emb_dim=1, hidden_dim=4)
    with torch.no_grad():
        model.C.fill_(1.0)
        model.W1.copy_(torch.tensor([[5.0, -5.0, 0.1, 0.0], [5.0, -5.0, 0.1, 0.0]]))
    assert "4 hidden units of which 2 are beyond" in figures.anatomy(model, TOY, "a").alt


def test_a_strip_says_what_is_impossible_unlikely_or_too_long():
    assert (
        "'ba', held to be impossible: b 25% (rank 2), a 0% (rank 2)" in figures.probability_strip(TALLY, TOY, "ba").alt
    )
    # 3/4 · (1/4)¹⁰ · 3/4 is 1 in 1,864,135
    assert "1 name in 1,860,000:" in figures.probability_strip(TALLY, TOY, "a" * 11 + "b").alt
    long = figures.probability_strip(certain(2), TOY, "a" * 20).alt
    assert figures.probability_strip(TALLY, TOY, "ab").alt.endswith(
        "(rank 1). Nothing was ever likelier than what came."
    )
    # 50 + 50 nats for each a, and for the end: 2,100 nats are 912 factors of ten
    assert "1 name in 10 to the power 912 (its first 13 characters): a <1% (rank 3), a" in long
    assert long.count("rank") == 13 and "the end" not in long


def test_a_strip_frames_what_came():
    [axes] = figures.probability_strip(TALLY, TOY, "aab").axes
    framed = [box.get_center().round(1).tolist() for box in axes.patches if box.get_linewidth() > 2]
    # 3/4 · 1/4 · 3/4 · 1 = 9/64: ln 7.11 = 1.96 in all, a quarter of it for each of four.
    assert axes.get_title(loc="left") == "'aab': 2.0 nats, 0.5 a character; 1 name in 7"
    # Rank 1 for all but the second a; and the row of the name itself, below the ranks 1 to 3.
    assert framed == [[0, 0], [0, 3.4], [1, 1], [1, 3.4], [2, 0], [2, 3.4], [3, 0], [3, 3.4]]


@pytest.mark.parametrize("nlls", [[1.0, 2.0], [math.inf, math.inf], [1.0, math.inf]])
@pytest.mark.parametrize("nll", [0.5, 900.0, math.inf])
def test_a_name_far_out_stays_in_the_frame(nlls, nll):
    [axes] = figures.name_ranks(torch.tensor(nlls), "ab", nll).axes
    low, high = axes.get_xlim()
    assert low <= axes.lines[0].get_xdata()[0] <= high


# --- lists unlike the bundled one ---


def test_labels_are_nudged_apart_and_no_further():
    points = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.3, 0.0], [5.0, 5.0]])
    places = apart(points, 1.0)
    assert torch.pdist(places).min() > 0.9  # two were at one place, and a third close by
    assert (places - points).norm(dim=1).max() < 1.5 and (places[3] - points[3]).norm() < 0.02
    assert torch.equal(apart(points, 0), points)


MANY = Vocabulary(chr(0x4E00 + i) for i in range(99))


@pytest.mark.parametrize("vocab", [TOY, MANY, Vocabulary(["a$b$", "$x_$", "\\frac$"])], ids=["few", "many", "dollars"])
def test_any_vocabulary_can_be_drawn(vocab):
    V = len(vocab)
    model = MLP(V, block_size=2, emb_dim=2, hidden_dim=5)
    prefix = vocab.itos[-1]
    pictures = [
        figures.next_character(model, vocab, prefix),
        figures.pin(torch.ones(V) / V, vocab, 0.5),
        figures.reshaped({"one": torch.ones(V), "two": torch.ones(V)}, vocab),
        figures.turning(model.C.detach(), -model.C.detach(), vocab),
        figures.made_up_names(vocab.itos[1:] * 2, 1.0),
        figures.bigram_table(torch.ones(V, V), vocab),
        figures.smoothing(torch.ones(V, V), vocab, 1.0, prefix),
        figures.two_tables(torch.ones(V, V), torch.ones(V, V), vocab, ("one", "two")),
        figures.anatomy(model, vocab, prefix),
        figures.live_training([3.0], model.C.detach(), vocab),
        figures.probability_strip(model, vocab, prefix * 3),
        figures.name_ranks(torch.ones(3), prefix * 3, 2.0),
        figures.side_by_side({prefix: vocab.itos[1:]}, vocab.itos[:3]),
        figures.embedding_map(model.C.detach(), vocab),
        figures.snapshot({0: model}, [3.0], vocab, 0),
        figures.seed_maps([model.C.detach()] * 3, vocab),
        figures.seed_spread({"one": model.C.detach().repeat(2, 1, 1)}, vocab),
        figures.nearest(model.C.detach(), vocab, prefix),
    ]
    assert all(len(picture.to_png()) > 1000 for picture in pictures)


@pytest.mark.parametrize("losses", [[0.2, 0.1], [6.0, 5.5], [float("inf"), 5.0]])
def test_losses_of_other_lists_stay_in_the_frame(losses):
    low, high = figures.nll_by_context({"dev": losses}).axes[0].get_ylim()
    assert all(low < loss < high for loss in losses if loss < float("inf"))


def test_one_bad_run_does_not_squeeze_the_others():
    rows = [{"train": dev, "dev": dev, "parameters": 9} for dev in (2.2, 5.5, 2.1)]
    axes = figures.scoreboard(rows, {"best": 2.0}).axes[0]
    assert axes.get_ylim() == pytest.approx((2.05, 2.5))
    marked = [line for line in axes.lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in marked] == [[2]]


def test_a_ring_moves_as_little_as_what_it_marks():
    def drawn(mark, x):
        fig = Figure(figsize=(1, 1), dpi=100)
        axes = fig.add_axes((0, 0, 1, 1), xlim=(0, 100), ylim=(0, 100))
        mark(axes, x, 50.3)
        FigureCanvasAgg(fig).draw()
        return torch.tensor(np.asarray(fig.canvas.buffer_rgba()), dtype=torch.float)

    def largest_jump(mark):
        return max(
            (one - next_).abs().max() for one, next_ in itertools.pairwise(drawn(mark, 50 + i / 20) for i in range(21))
        )

    assert largest_jump(ring) < 40  # of 255, by a twentieth of a pixel
    assert largest_jump(lambda axes, x, y: axes.plot(x, y, "o", markersize=13, fillstyle="none")) > 150


# --- scripts that matplotlib's own font lacks ---


@pytest.fixture
def few_fonts(monkeypatch):
    """Only the fonts that matplotlib brings, on whatever machine."""
    shipped = [font for font in fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(fontManager, "ttflist", shipped)
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [])
    for cache in (fonts._entries, fonts._signs_of):
        cache.cache_clear()
    yield
    for cache in (fonts._entries, fonts._signs_of):
        cache.cache_clear()


def families(picture):
    """The fonts of the texts that need more than the usual one."""
    return {tuple(text.get_fontfamily()) for text in picture.findobj(Text) if len(text.get_fontfamily()) > 1}


def said_by(draw):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        draw()
    return [str(one.message) for one in said]


def test_a_font_that_has_a_sign_is_found_and_the_readers_comes_first(few_fonts):
    sign = "⤀"  # DejaVu Sans has none; STIX and DejaVu Serif have
    picture = figures.made_up_names([sign, "emma"], 1.0)
    assert said_by(picture.to_png) == []
    assert families(picture) == {("DejaVu Sans", "STIXGeneral")} or families(picture) == {
        ("DejaVu Sans", "DejaVu Serif")
    }
    picture = figures.made_up_names([sign, "emma"], 1.0)
    with matplotlib.rc_context({"font.family": "serif", "font.serif": ["DejaVu Serif"]}):
        assert said_by(picture.to_png) == []
    assert families(picture) == {("DejaVu Sans", "DejaVu Serif")}


def test_what_no_font_has_is_said_with_what_to_install(few_fonts):
    told = said_by(figures.made_up_names(["प्रिया", "अंजलि"], 1.0).to_png)
    [said] = [one for one in told if "support Devanagari natively" not in one]  # as matplotlib said before 3.11
    assert "No font on this machine has ं, अ, ज and 7 signs more" in said
    assert "install Noto Sans Devanagari" in said and "apt install fonts-noto-core" in said
    [said] = said_by(figures.made_up_names(["王"], 1.0).to_png)
    assert "has 王, so" in said and "Noto Sans CJK" in said and "fonts-noto-cjk" in said


def test_a_font_that_was_installed_a_moment_ago_is_found(few_fonts, monkeypatch):
    serif = next(font for font in fontManager.ttflist if font.name == "DejaVu Serif")
    monkeypatch.setattr(fontManager, "ttflist", [font for font in fontManager.ttflist if font.name == "DejaVu Sans"])
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [serif.fname, "no/such/font.ttf"])
    assert fonts.lenders("⤀") == ["DejaVu Serif"]


def test_names_from_right_to_left_are_isolated(few_fonts):
    picture = figures.name_ranks(torch.tensor([1.0, 2.0]), "محمد علي", 1.5)
    picture.to_png()
    title = picture.axes[0].get_title(loc="left")
    name = "\u2068محمد علي\u2069" if fonts.SHAPES else "محمد علي"
    assert title == f"'{name}' has 1.5 nats: 1 of 2 names are likelier"
    assert "\u2068" not in picture.alt


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("'\u0e34'", "'◌\u0e34'"),  # a vowel of Thai, which no font has together with a quotation mark
        ("\u0e34", "◌\u0e34"),
        ("'.\u0e28\u0e34' '.\u0e34'", "'.\u0e28\u0e34' '.◌\u0e34'"),
        ("\u2764\ufe0f, \u0301a", "\u2764\ufe0f, ◌\u0301a"),  # what chooses a heart's looks is no mark to see
    ],
)
def test_a_mark_without_its_letter_stands_on_a_circle(text, seen):
    assert fonts.with_bases(text) == seen == fonts.with_bases(seen)


def test_labels_and_titles_have_no_bare_marks(few_fonts):
    vocab = Vocabulary(["a\u0301", "b"])
    model = MLP(len(vocab), 2, 2, 4)
    picture = figures.anatomy(model, vocab, "\u0301")
    picture.to_png()
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == ["'.'", "'◌\u0301'"]
    assert "holds '.◌\u0301'" in picture.axes[0].get_title(loc="left") and "◌" not in picture.alt
    near = figures.nearest(model.C.detach(), vocab, "b", 2)
    near.to_png()
    assert "'◌\u0301'" in [label.get_text() for label in near.axes[0].get_yticklabels()]


@pytest.mark.parametrize(
    ("symbol", "seen"), [(" ", "␣"), ("\u200c", "U+200C"), ("\u0301", "\u0301"), ("a", "a"), ("<unk>", "<unk>")]
)
def test_what_cannot_be_seen_is_shown(symbol, seen):
    assert shown(symbol) == seen


def test_a_space_is_seen_in_bars_and_words():
    picture = figures.pin(torch.tensor([0.1, 0.8, 0.1]), Vocabulary([" a"]), 0.5)
    assert "hits '␣'" in picture.alt and "␣" in [text.get_text() for text in picture.axes[0].texts]


def test_of_many_bars_the_tallest_are_labelled():
    heights = torch.zeros(900)
    heights[[3, 4, 450, 899]] = torch.tensor([0.4, 0.3, 0.2, 0.1])
    chosen = labelled(heights)
    assert {3, 450, 899} <= set(chosen) and 4 not in chosen  # that one stands too close to a taller one
    assert 30 < len(chosen) <= 46 and min(b - a for a, b in itertools.pairwise(chosen)) >= 20
    assert labelled(torch.ones(45)) == list(range(45))


def test_vowels_are_said_to_be_circled_only_where_some_are():
    points = torch.rand(200, 2, generator=torch.Generator().manual_seed(0))
    few, none = (figures.embedding_map(points[:3], Vocabulary([names])) for names in ("ab", "xy"))
    assert few.axes[0].get_title(loc="left") == "vowels circled, the boundary framed"
    assert none.axes[0].get_title(loc="left") == "the boundary framed"
    many = figures.embedding_map(points, Vocabulary(chr(0x4E00 + i) for i in range(199)))
    assert many.axes[0].get_title(loc="left") == "the boundary framed, 150 of 200 symbols written"
    assert len(many.axes[0].texts) == 150
