"""Floor 4's `live` and the explorables of floor 5: what Python packs, and what of it is kept with a notebook.

How they behave in a page is seen in tests/browser/test_live.py.
"""

import base64
import functools
import html
import json
import math
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import ipywidgets
import nbformat
import pytest
import torch
from alive import ARGUMENTS, COUNTED, FRAMES, MODEL, NAMES, READER, STORY, VOCAB

import makemlp
from makemlp import MLP, CountModel, build_dataset, live
from makemlp.widgets.explorable import WIDGET, Explorable

ROOT = Path(__file__).parents[1]
JAVASCRIPT = sorted(live.FOLDER.glob("*.js"))
MOST_LINES = 3031  # of JavaScript, so that a person can read it all

each_explorer = pytest.mark.parametrize("name", ARGUMENTS)


def opened(name) -> Explorable:
    return getattr(makemlp, name)(*ARGUMENTS[name])


@functools.cache
def page_of(name) -> str:
    """What an explorer shows, drawn once for all that look at it."""
    return opened(name).to_html()


def content(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1])


# --- what is packed ---


def unpacked(text):
    head, _, rest = text.partition(",")
    assert head == "base64"
    return torch.frombuffer(bytearray(base64.b64decode(rest)), dtype=torch.float32)


def test_numbers_come_back():
    numbers = torch.randn(3, 5)
    assert torch.equal(unpacked(live.packed(numbers)).view(3, 5), numbers)
    assert torch.equal(unpacked(live.packed(numbers.T)), numbers.T.flatten())  # row by row, however it lies in memory
    assert unpacked(live.packed([0.5, 2])).tolist() == [0.5, 2.0] and live.packed([]) == "base64,"


def test_words_come_back():
    packed = live.packed_words(["zoë", "ada", "zoë"]).removeprefix("base64,")
    assert zlib.decompress(base64.b64decode(packed)).decode("utf-8").split("\n") == ["ada", "zoë", "zoë"]


def test_an_mlp_goes_with_its_weights():
    packed = live.packed_model(MODEL, VOCAB)
    assert (packed["kind"], packed["block_size"], packed["emb_dim"], packed["hidden_dim"]) == ("mlp", 3, 2, 20)
    assert set(packed["tensors"]) == {"C", "W1", "b1", "W2", "b2"}
    assert torch.equal(unpacked(packed["tensors"]["W1"]), MODEL.W1.flatten())


def test_an_mlp_of_the_learners_own_class_goes_with_its_weights_too():
    """Lesson 04 builds the class in the notebook; it is another class than the package's."""
    own = torch.nn.Module()
    own.block_size = MODEL.block_size
    for name, parameter in MODEL.named_parameters():
        own.register_parameter(name, parameter)
    assert live.packed_model(own, VOCAB) == live.packed_model(MODEL, VOCAB)


@pytest.mark.parametrize(("block_size", "rows"), [(0, len(VOCAB)), (1, len(VOCAB)), (2, len(VOCAB) ** 2)])
def test_another_model_goes_as_a_table(block_size, rows):
    model = CountModel(len(VOCAB), block_size).fit(*build_dataset(NAMES, VOCAB, block_size))
    table = unpacked(live.packed_model(model, VOCAB)["tensors"]["table"]).view(rows, len(VOCAB))
    torch.testing.assert_close(table[1], model(torch.tensor([[0, 1][2 - block_size :]], dtype=torch.int64))[0])


def test_a_model_that_a_page_cannot_hold_gets_a_sentence():
    model = CountModel(len(VOCAB), 8).fit(*build_dataset(NAMES, VOCAB, 8))
    with pytest.raises(ValueError, match=r"looks back 8 characters.*pass an MLP"):
        live.packed_model(model, VOCAB)
    with pytest.raises(ValueError, match="The model predicts 9 symbols and the vocabulary has 5"):
        live.packed_model(MLP(9), VOCAB)


# --- the modules ---


def test_modules_are_few_and_short():
    lines = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in JAVASCRIPT}
    assert set(live.SHARED) < set(lines) and sum(lines.values()) <= MOST_LINES


@pytest.mark.parametrize("view", live.VIEWS)
def test_a_view_exports_a_function_of_its_name(view):
    source = (live.FOLDER / f"{view}.js").read_text(encoding="utf-8")
    assert re.findall(r"^export (?:async )?function (\w+)\(_?frame, data\)", source, re.M) == [view]
    assert not re.search(r"^(import|export) ", live.script([view]), re.M)


def test_no_module_asks_the_network():
    text = "".join(path.read_text(encoding="utf-8") for path in live.FOLDER.iterdir() if path.is_file())
    assert set(re.findall(r"\w+://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|eval\(|innerHTML", text)


def test_the_style_is_one_tag():
    assert "<" not in live.style()  # `stored` takes the tag away


def biome():
    """The formatter's command: installed, or fetched once by node's own package runner."""
    if shutil.which("biome"):
        return ["biome"]
    if not shutil.which("npx"):
        pytest.skip("the JavaScript's formatter needs node, which is not on this machine")
    return ["npx", "--yes", "@biomejs/biome@2.6.8"]


def test_javascript_is_formatted_and_linted():
    done = subprocess.run(
        [*biome(), "check", "makemlp/live"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if "npm error" in done.stderr:
        pytest.skip("the JavaScript's formatter could not be fetched")
    assert done.returncode == 0, done.stdout + done.stderr


# --- an explorable in a notebook ---


def test_the_table_covers_all_explorables():
    made = {name for name in dir(makemlp) if name in ARGUMENTS}
    assert made == set(ARGUMENTS) and {opened(name)._view for name in made} == set(live.VIEWS)


@each_explorer
def test_the_picture_and_its_words_stand_where_scripts_do_not_run(name):
    page = page_of(name)
    still = page.partition('<script type="application/json">')[0]
    alts = re.findall(r'<img alt="([^"]{30,})" [^>]*src="data:image/png;base64,[\w+/=]{500,}">', still)
    assert alts and "<svg" not in page.partition('<script type="module">')[0]


@each_explorer
def test_every_number_of_the_machine_is_in_base64(name):
    """So that a notebook's comparison passes over it: what is left is whole numbers and the controls' own."""

    def numbers(thing):
        if isinstance(thing, dict | list):
            for part in thing.values() if isinstance(thing, dict) else thing:
                yield from numbers(part)
        elif isinstance(thing, float):
            yield thing

    assert not [number for number in numbers(content(page_of(name))["data"]) if round(number, 4) != number]


@each_explorer
def test_what_is_stored_is_the_same_in_every_run(name):
    one, other = page_of(name), opened(name).to_html()
    kept = live.stored(one)
    assert kept == live.stored(other) and "<style>" not in kept and "module" not in kept and "data-link" not in kept
    assert content(kept) == content(one) and "makemlp-still" in kept
    assert live.stored(kept) == kept and len(kept) < len(one)


@each_explorer
def test_nbval_reads_a_fresh_page_as_the_stored_one(name):
    rules = re.findall(r"^regex: (.*)\nreplace: ?(.*)$", (ROOT / "tests" / "nbval_sanitize.cfg").read_text(), re.M)

    def sanitised(text):
        for regex, replace in rules:
            text = re.sub(regex, replace, text)
        return text

    page = page_of(name)
    assert sanitised(page) == sanitised(live.stored(page))
    assert sanitised(page) != sanitised(page.replace('"controls"', '"contorls"'))  # what a reader sees is compared


@each_explorer
def test_repr_is_short_and_stable(name):
    explorer = opened(name)
    said = repr(explorer)
    names = dict.fromkeys([control["name"] for control in content(page_of(name))["controls"]])
    names |= dict.fromkeys(explorer.controls)  # its buttons
    assert said == repr(opened(name)) == f"Controls: {', '.join(names)}. Run this cell to use them."


@each_explorer
def test_every_control_says_what_it_is_and_stands_within_its_ends(name):
    controls = content(page_of(name))["controls"]
    labels = [control["label"] for control in controls]
    assert all(labels) and len(set(labels)) == len(labels)
    for control in controls:
        if control["kind"] == "slider":
            assert control["min"] <= control["value"] <= control["max"] and control["step"] > 0
        elif control["kind"] == "choice":
            assert control["value"] in [value for value, _ in control["options"]]


@each_explorer
def test_ipywidgets_turn_what_they_are_to_turn(name):
    explorer = opened(name)
    controls = content(page_of(name))["controls"]
    specs = {control["name"]: control for control in controls if control["kind"] == "slider"}
    sliders = {key: slider for key, slider in explorer.controls.items() if key in specs}
    for key, slider in sliders.items():
        assert slider.value == pytest.approx(specs[key]["value"])
        assert [slider.min, slider.max] == pytest.approx(ends_of(slider, specs[key]))
    for widget in family(explorer._block) if explorer.controls else ():
        # The browser is only ever asked for a widget that ships with ipywidgets.
        assert widget._model_module == "@jupyter-widgets/controls" and type(widget).__module__.startswith("ipywidgets")
        # ipywidgets 7 has the words of these set by MathJax 2, and JupyterLab 4 has MathJax 3.
        described = not isinstance(widget, ipywidgets.Button) and getattr(widget, "description", "")
        assert not isinstance(widget, ipywidgets.Label) and not described
    if sliders:
        words = [widget.value for widget in family(explorer._block) if isinstance(widget, ipywidgets.HTML)]
        assert {html.escape(specs[key]["label"]) for key in sliders} <= set(words)


def ends_of(slider, spec):
    ends = [spec["min"], spec["max"]]
    return [math.log10(end) for end in ends] if isinstance(slider, ipywidgets.FloatLogSlider) else ends


def family(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from family(child)


@each_explorer
def test_a_notebook_is_shown_the_page_and_beside_it_the_widgets_alone(name, monkeypatch):
    shown = []
    monkeypatch.setattr("makemlp.widgets.explorable.display", lambda data, **how: shown.append(data))
    explorer = opened(name)
    explorer._ipython_display_()
    *blocks, page = shown
    assert set(page) == {"text/html", "text/plain"} and page["text/plain"] == repr(explorer)
    # With no other form, so that a stored notebook has nothing of it.
    assert [set(block) for block in blocks] == ([{WIDGET}] if explorer.controls else [])


def with_letter(**sent):
    controls = [live.slider("steps", "steps", 3, 1, 9, 1, kernel=True, release=True)]
    still = makemlp.figures.mixture([0.0, 1.0], [2.0, 3.0], (0.0, 2.0))
    return Explorable("mixture", {}, controls, [still], turned=["steps"], buttons={"stop": "Stop"}, sent=sent)


def letter_of(explorer):
    """What the page reads: the text area of its block."""
    areas = [widget for widget in family(explorer._block) if isinstance(widget, ipywidgets.Textarea)]
    return json.loads(areas[0].value)


def test_python_sends_the_view_a_state():
    explorer = with_letter(step=0, losses=[])
    assert letter_of(explorer) == {"step": 0, "losses": []}
    explorer.send(step=2, losses=(3.0, float("inf")))
    explorer.send(step=3)
    assert letter_of(explorer) == {"step": 3, "losses": [3.0, None]}
    # What stands in the notebook when it is opened without a kernel.
    assert content(explorer.to_html())["data"] == {"sent": letter_of(explorer)}
    assert set(explorer.controls) == {"steps", "stop"} and not explorer.controls["steps"].continuous_update
    assert repr(explorer) == "Controls: steps, stop. Run this cell to use them."


def test_what_was_sent_is_kept_in_the_cells_output(monkeypatch):
    shown, again = [], []
    monkeypatch.setattr("makemlp.widgets.explorable.display", lambda data, **how: shown.append(how))
    monkeypatch.setattr("makemlp.widgets.explorable.update_display", lambda data, **how: again.append((data, how)))
    explorer = with_letter(step=0)
    explorer.keep()
    assert not again  # it is on no page yet
    explorer._ipython_display_()
    explorer.send(step=1)
    explorer.keep()
    ((forms, how),) = again
    assert how == shown[-1] and content(forms["text/html"])["data"]["sent"] == {"step": 1}


def test_refresh_keeps_the_page_and_drops_the_widget(tmp_path):
    cells = [
        nbformat.v4.new_code_cell(
            "import makemlp, torch\nmakemlp.explore_smoothing(torch.ones(3, 3), makemlp.Vocabulary(['ab']))"
        )
    ]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    done = subprocess.run([sys.executable, ROOT / "tools" / "refresh.py", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    text = output.data["text/html"]
    assert (
        text == live.stored(text)
        and 'data-view="smoothing"' in text
        and output.data["text/plain"].startswith("Controls")
    )


# --- each explorer ---


def alts(explorer):
    return [html.unescape(alt) for alt in re.findall(r'<img alt="([^"]*)"', explorer.to_html())]


def test_smoothing_opens_on_the_rows_with_most_and_with_fewest_examples():
    explorer = opened("explore_smoothing")
    totals = COUNTED.counts[1].sum(1)
    chosen = [spec["value"] for spec in content(explorer.to_html())["controls"] if spec["kind"] == "choice"]
    assert (
        totals[VOCAB.itos.index(chosen[0])] == totals[1:].max() and totals[VOCAB.itos.index(chosen[1])] == totals.min()
    )
    assert [f"what follows '{symbol}'" in alt for symbol, alt in zip(chosen, alts(explorer), strict=True)] == [
        True,
        True,
    ]
    assert torch.equal(unpacked(content(explorer.to_html())["data"]["counts"]), COUNTED.counts[1].flatten())


def test_sampling_knows_the_real_names():
    data = content(page_of("explore_sampling"))["data"]
    words = zlib.decompress(base64.b64decode(data["names"].removeprefix("base64,"))).decode("utf-8").split("\n")
    assert words == sorted(NAMES)
    bundled = content(makemlp.explore_sampling(MODEL, VOCAB).to_html())["data"]["names"]
    assert len(bundled) > 50_000


@pytest.mark.parametrize("method", ["add", "interpolate"])
@pytest.mark.parametrize("place", [0, 8, 20])
def test_count_tables_hold_what_the_models_score(method, place):
    train, dev, longest = NAMES[:6], NAMES[6:], 4
    data = content(page_of("explore_count_tables"))["data"]
    smoothing = 10 ** (data["lowest"] + place * data["step"])
    model = CountModel(len(VOCAB), longest, smoothing, method).fit(*build_dataset(train, VOCAB, longest))
    kneser_ney = CountModel(len(VOCAB), longest, method="kneser_ney").fit(*build_dataset(train, VOCAB, longest))
    for split, names in (("train", train), ("dev", dev)):
        losses = unpacked(data[method][split]).view(-1, longest + 1)
        assert len(losses) == 21
        assert losses[place].tolist() == pytest.approx(
            model.nll_by_length(*build_dataset(names, VOCAB, longest)), abs=1e-5
        )
        wanted = kneser_ney.nll_by_length(*build_dataset(names, VOCAB, longest))
        assert unpacked(data["kneser_ney"][split]).tolist() == pytest.approx(wanted, abs=1e-5)


def test_a_cell_that_is_run_again_shares_its_tables():
    from makemlp.widgets.explorers import _count_losses

    before = _count_losses.cache_info().hits
    for _ in range(3):
        opened("explore_count_tables")
    assert _count_losses.cache_info().hits >= before + 2


def test_the_mixture_knows_where_names_end():
    ends = unpacked(content(page_of("explore_mixture"))["data"]["ends"])
    assert ends.tolist() == [len(name) + 1 for name in NAMES[6:]]


def test_the_mixture_takes_whole_sentences_and_tells_how_they_begin():
    text = f"{STORY} the dog saw {'a cat ' * 20}. a dog".split()
    X, Y = makemlp.build_dataset(text, READER, 2)
    table = makemlp.CountModel(len(READER), 1, 1.0).fit(X, Y)
    network = makemlp.WordMLP(len(READER), 2, emb_dim=3, hidden_dim=4, cutoffs=())
    data = content(makemlp.explore_mixture(network, table, X, Y, READER, unit="sentence").to_html())["data"]
    assert unpacked(data["ends"]).tolist() == [6, 6, 4, 44] and len(unpacked(data["network"])) == len(Y) - 2
    torch.testing.assert_close(unpacked(data["counts"]), makemlp.log_prob(table, X, Y)[:-2].exp())
    told = base64.b64decode(data["names"].removeprefix("base64,")).decode("utf-8").split("\n")
    assert told[:3] == ["a dog saw a cat", "the cat saw the dog", "a dog ran"]
    assert told[3].startswith("the dog saw a cat") and told[3].endswith(" …") and len(told[3]) <= 38


def test_snapshots_are_stepped_through_in_order_whatever_order_they_came_in():
    frames = dict(sorted(FRAMES.items(), reverse=True))
    page = makemlp.explore_snapshots(frames, [3.0 - 0.1 * step for step in range(20)], VOCAB).to_html()
    assert content(page) == content(page_of("explore_snapshots"))
    data = content(page)["data"]
    assert (
        data["steps"] == sorted(FRAMES)
        and unpacked(data["ways"]).view(11, len(VOCAB), 2)[5].tolist() == FRAMES[10].C.tolist()
    )
    made = base64.b64decode(data["names"].removeprefix("base64,")).decode("utf-8").split("\n")
    assert made == [", ".join(makemlp.sample(model, VOCAB, 6, seed=0, max_length=20)) for model in FRAMES.values()]


def test_no_frames_get_a_sentence():
    with pytest.raises(ValueError, match="got no frames: pass copies of the model"):
        makemlp.explore_snapshots({}, [], VOCAB)


@pytest.mark.parametrize("emb_dim", [1, 2, 5])
def test_snapshots_and_neighbours_of_any_emb_dim(emb_dim):
    frames = {step: MLP(len(VOCAB), emb_dim=emb_dim, hidden_dim=4, seed=step) for step in (0, 1)}
    ways = content(makemlp.explore_snapshots(frames, [3.0], VOCAB).to_html())["data"]["ways"]
    assert len(unpacked(ways)) == 2 * len(VOCAB) * 2
    data = content(makemlp.explore_neighbours(frames[0].C.detach(), VOCAB).to_html())["data"]
    assert len(unpacked(data["flat"])) == 2 * len(VOCAB)
    assert len(unpacked(data["near"])) == len(unpacked(data["measure"])) == len(VOCAB) * (len(VOCAB) - 1)


def test_a_words_nearest_go_with_it_and_a_word_that_is_not_there_gets_a_sentence():
    C, vocab, word, count = ARGUMENTS["explore_words"]
    data = content(makemlp.explore_words(C, vocab, word, 5).to_html())["data"]
    assert data["itos"] == vocab.itos[:5] and data["k"] == 4
    near, cosines = makemlp.embeddings.alike(C[:5], range(5), 4)
    assert torch.equal(unpacked(data["near"]).view(5, 4), near.float())
    torch.testing.assert_close(unpacked(data["measure"]).view(5, 4), cosines)
    with pytest.raises(ValueError, match="'xylophone' is not among the 8 most frequent words"):
        makemlp.explore_words(C, vocab, "xylophone", count)


def test_a_name_that_the_model_cannot_read_is_refused_as_the_page_opens():
    with pytest.raises(ValueError, match=r"holds '\.', the sign that marks where names begin and end"):
        makemlp.explore_name(MODEL, VOCAB, NAMES, "a.b")
