"""The explorables in a page by itself, without a kernel or a network: they answer while the hand moves.

Pictures per second and first reactions are printed, and written to build/alive.txt. They are not judged: how fast a
machine is depends on what else it does. What is judged is that the last picture is that of the last value.
"""

import copy
import json
import re
import statistics

import pytest
import torch

import makemlp
from makemlp import CountModel, Mixture, Vocabulary, build_dataset, live

from .alive import ARGUMENTS, COUNTED, FRAMES, LETTERS, MODEL, NAMES, SPELLER, TABLE, VOCAB, WRITERS
from .lab import BUILD, watched_page
from .test_book import axe_script, faults

PHONE, CELL = {"width": 390, "height": 844}, {"width": 836, "height": 679}  # a cell of JupyterLab at 1280 × 800
SMALLEST = 12  # pixels of text

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>
<meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width">
<style>body { margin: 0; background: Canvas }</style><main>"""

# Notes every picture: when it was on the screen, and the state that it shows.
LISTEN = """() => {
    window.seen = [];
    document.querySelector('.makemlp').addEventListener('drawn', event => {
        const {state, title, alt, picture, ...numbers} = event.detail;
        window.latest = {state, title, alt, ...numbers};
        const entry = {state, at: null};
        window.seen.push(entry);
        setTimeout(() => entry.at = performance.now());  // after the frame in which it is painted
    });
    document.querySelector('.makemlp-stage').style.marginRight = '1px';  // another width is another picture
    return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

# Moves a slider as a hand does, a little for each frame of the screen, for a second.
SWEEP = """async (range) => {
    const {min, max, step} = range, places = 60, moved = [];
    window.seen.length = 0;
    for (let i = 1; i <= places; i++) {
        await new Promise(requestAnimationFrame);
        const before = range.value;
        range.value = Number(min) + (max - min) * (i % 2 ? i : places - i) / places;
        if (range.value === before) continue;
        moved.push(performance.now());
        range.dispatchEvent(new Event('input', {bubbles: true}));
    }
    await new Promise(done => setTimeout(done, 150));
    const at = window.seen.map(picture => picture.at), seconds = (at.at(-1) - moved[0]) / 1000;
    const reactions = moved.map(moment => at.find(time => time >= moment) - moment);
    return {pictures: at.length, seconds, reactions};
}"""


@pytest.fixture(scope="module")
def records():
    found = {}
    yield found
    lines = [f"{'explorable':24} {'pictures/s':>10} {'reaction ms':>12} {'p95 ms':>7}"]
    for name, (rate, reactions) in found.items():
        p95 = statistics.quantiles(reactions, n=20, method="inclusive")[-1]
        lines.append(f"{name:24} {rate:10.1f} {statistics.median(reactions):12.1f} {p95:7.1f}")
    BUILD.mkdir(exist_ok=True)
    (BUILD / "alive.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n" + "\n".join(lines))


@pytest.fixture
def page(browser):
    """A page that notes what goes wrong in it."""
    with watched_page(browser, viewport=CELL) as page:
        yield page


@pytest.fixture
def opened(page, tmp_path):
    """Opens an explorable in the page; it is alive when this returns."""

    def open_page(explorer):
        file = tmp_path / "page.html"
        file.write_text(HEAD + (explorer if isinstance(explorer, str) else explorer.to_html()), encoding="utf-8")
        page.goto(file.as_uri())
        page.locator(".makemlp-frame").first.wait_for()
        page.evaluate(LISTEN)
        return page

    return open_page


def explorer(name):
    return getattr(makemlp, name)(*ARGUMENTS[name])


def latest(page):
    """State, words and numbers of the last picture."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return json.loads(
        page.evaluate("() => JSON.stringify(window.latest, (k, v) => ArrayBuffer.isView(v) ? [...v] : v)")
    )


def press(page, drawing, x, y):
    """Press a place of a drawing, from its left (from its right where x is negative) and its top.

    Each change makes a new drawing, in the next frame of the screen: what was asked of the old one may be gone.
    """
    width = latest(page) and page.locator(drawing).evaluate("drawing => drawing.clientWidth")
    page.locator(drawing).click(position={"x": x if x >= 0 else width + x, "y": y})


def number(text):
    return float(text.replace(",", "").replace("−", "-"))


each = pytest.mark.parametrize("name", ARGUMENTS)


@each
def test_it_is_alive_and_the_still_picture_is_gone(opened, name):
    page = opened(explorer(name))
    drawings = page.locator(".makemlp-stage svg[role=img]")
    assert drawings.count() and not page.locator(".makemlp-still").is_visible()
    assert all(len(alt) >= 30 for alt in drawings.evaluate_all("all => all.map(svg => svg.getAttribute('aria-label'))"))


@each
def test_sliders_by_mouse_by_keyboard_and_typed(opened, name):
    page = opened(explorer(name))
    for row in page.locator(".makemlp-slider:not([hidden])").all():
        if row.locator("input[type=range]").is_enabled():
            operate(page, row)


def operate(page, row):
    """Slider, number box, spoken value and picture always agree, however the value came."""
    slider, box = row.locator("input[type=range]"), row.locator("input[type=text]")
    key = name_of(page, row.locator("label").inner_text())

    def agree(what):
        value = latest(page)["state"][key]
        assert number(box.input_value()) == pytest.approx(value, rel=6e-3, abs=6e-3), f"{key} {what}"
        assert slider.get_attribute("aria-valuetext").startswith(box.input_value()), f"{key} {what}"
        return value

    slider.focus()
    ends = []
    for press in ("End", "Home"):
        page.keyboard.press(press)
        ends.append(agree(press))
    assert ends[0] > ends[1]
    place = slider.bounding_box()
    page.mouse.move(place["x"] + 9, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + place["height"] / 2, steps=6)
    page.mouse.up()
    assert ends[1] < agree("dragged") < ends[0]
    middle = box.input_value()
    for leave in ("Tab", "Enter"):
        slider.focus()
        page.keyboard.press("Home")
        agree("Home")
        box.fill(middle)
        box.press(leave)
        agree(f"typed, {leave}")
        assert box.input_value() == middle
    box.fill("nonsense")
    box.press("Tab")
    assert box.input_value() == middle  # what is shown is what is drawn
    agree("nonsense typed")


def name_of(page, label):
    """The state's name of a control."""
    content = json.loads(page.locator(".makemlp script").first.text_content())
    return next(control["name"] for control in content["controls"] if control["label"] == label)


@each
def test_it_answers_while_the_hand_moves(opened, name, records):
    page = opened(explorer(name))
    rates, reactions = [], []
    for slider in page.locator(".makemlp-slider:not([hidden]) input[type=range]:enabled").all():
        found = slider.evaluate(SWEEP)
        rates.append(found["pictures"] / found["seconds"])
        reactions += found["reactions"]
        box = slider.locator("xpath=..").locator("input[type=text]").input_value()
        key = name_of(page, slider.locator("xpath=..").locator("label").inner_text())
        assert number(box) == pytest.approx(latest(page)["state"][key], rel=6e-3, abs=6e-3)
    if rates:
        records[name] = min(rates), reactions


@each
def test_it_fits_a_cell_and_a_phone(opened, name):
    page = opened(explorer(name))
    height = page.evaluate("() => document.querySelector('.makemlp').scrollHeight")
    assert height <= CELL["height"], f"{height} pixels high"
    sizes = """() => [...document.querySelectorAll('.makemlp-frame *')]
        .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
        .map(node => [parseFloat(getComputedStyle(node).fontSize), node.textContent.slice(0, 40)])"""
    for size in (CELL, PHONE):
        page.set_viewport_size(size)
        latest_size = page.evaluate(
            "() => new Promise(done => setTimeout(() => done(document.documentElement.scrollWidth), 100))"
        )
        assert latest_size <= size["width"]
        assert [words for pixels, words in page.evaluate(sizes) if pixels < SMALLEST] == []


@each
def test_axe_finds_nothing_in_light_and_dark(opened, name):
    page = opened(explorer(name))
    page.evaluate(axe_script())
    rules = {"rules": {rule: {"enabled": False} for rule in ("page-has-heading-one", "region")}}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page, rules) == [], scheme


def test_a_name_from_right_to_left_is_isolated_or_it_would_turn_the_words_around_it(opened):
    vocab = Vocabulary(["محمد", "علي"])
    page = opened(makemlp.explore_smoothing(torch.ones(len(vocab), len(vocab)), vocab))
    words = page.locator(".makemlp-frame").evaluate("frame => frame.textContent")
    letters = re.findall("[\u0621-\u064a]+", words)
    assert letters and letters == re.findall("\u2068([\u0621-\u064a]+)\u2069", words)


@each
def test_texts_that_a_model_cannot_read_get_a_sentence(opened, name):
    if name == "explore_words":
        return  # its box is not read by a model: it finds a word, as is seen below
    page = opened(explorer(name))
    message = page.locator(".makemlp-message")
    for box in page.locator(".makemlp-text input").all():
        box.fill("ab")
        before = latest(page)
        box.fill("a☃b")
        page.wait_for_timeout(60)
        assert re.search(r"can't read '☃' \(character 2 of 'a☃b'\)", message.inner_text())
        assert latest(page) == before  # the last good picture stays, and so does what was typed
        assert box.input_value() == "a☃b"
        for typed in ("AB", "Ãb"):
            box.fill(typed)
            page.wait_for_timeout(60)
            assert message.inner_text() == "Read as 'ab', in the letters that the model knows."
            assert {**latest(page), "state": 0} == {**before, "state": 0}
        box.fill("a.b")
        page.wait_for_timeout(60)
        assert "marks where names begin and end" in message.inner_text()
        box.fill("")
        page.wait_for_timeout(60)
        assert message.inner_text().strip() == ""


@each
def test_what_changes_is_announced_once_the_hand_rests(opened, name):
    page = opened(explorer(name))
    spoken = page.locator(".makemlp-spoken")
    assert spoken.text_content() == ""  # nothing is said of a page that is only opened
    row = ".makemlp-row:not([hidden])"
    kinds = ("input[type=range]", ":is(input[type=text], select)", "button")
    found = [page.locator(f"{row} {kind}:enabled") for kind in kinds]
    control = next((some for some in found if some.count()), found[-1]).first
    if not control.count():
        return  # it is moved by Python alone
    control.focus()
    page.wait_for_timeout(400)  # as long as anybody looks at a name of the game
    for key in {"range": ("End", "Home"), "button": ("Enter",)}.get(control.get_attribute("type"), "b"):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)
    assert spoken.text_content() == latest(page)["alt"] != ""


def test_all_views_in_one_page_as_the_book_has_them(opened, page):
    """One script and one style for all; two of a kind leave each other alone."""
    parts = [live.stored(explorer(name).to_html()) for name in [*ARGUMENTS, *ARGUMENTS]]
    opened(f"{''.join(parts)}<style>{live.style()}</style><script type='module'>{live.script()}</script>")
    assert page.locator(".makemlp-frame").count() == 2 * len(ARGUMENTS) == page.locator("[data-alive]").count()


def test_without_scripts_the_picture_stands(browser, tmp_path):
    page = browser.new_context(java_script_enabled=False).new_page()
    (tmp_path / "page.html").write_text(HEAD + explorer("explore_smoothing").to_html(), encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    assert page.locator(".makemlp-still img").first.is_visible() and not page.locator(".makemlp-frame").count()
    page.close()


def test_in_a_frame_as_colab_has_them(opened, page):
    """Colab shows an output in a frame of another origin, with scripts and without anything else of the page's."""
    inside = (HEAD + explorer("explore_sampling").to_html()).replace("&", "&amp;").replace('"', "&quot;")
    page.set_content(
        f'<iframe sandbox="allow-scripts allow-forms allow-downloads" width="800" height="600" srcdoc="{inside}">'
    )
    frame = page.frame_locator("iframe")
    frame.locator(".makemlp-names li").first.wait_for()
    frame.locator("input[type=range]").first.press("Home")
    assert frame.locator("input[type=range]").first.get_attribute("aria-valuetext") == "0.10"


# --- what each view shows, against PyTorch ---


def close(found, wanted):
    torch.testing.assert_close(torch.tensor(found).double(), wanted.detach().double().view(-1), rtol=1e-5, atol=1e-5)


def turn(page, label, value):
    box = page.get_by_label(f"{label}, number")
    box.fill(str(value))
    box.press("Enter")


def test_smoothing_shows_the_rows(opened):
    page = opened(explorer("explore_smoothing"))
    turn(page, "added to each count", 2.5)
    page.get_by_label("after", exact=True).select_option("b")
    shown = latest(page)
    wanted = makemlp.smooth(COUNTED.counts[1], 2.5)
    close(shown["rows"][0], wanted[VOCAB.stoi["b"]])
    close(shown["rows"][1], wanted[VOCAB.itos.index(shown["state"]["beside"])])
    apart = float((wanted[VOCAB.stoi["b"]] - 1 / len(VOCAB)).abs().sum() / 2)
    assert f"'b' ({COUNTED.counts[1][VOCAB.stoi['b']].sum():,.0f} examples): {apart:.3f} from uniform" in shown["alt"]


def test_smoothing_says_the_loss_of_a_name_and_opens_a_row_that_is_pressed(opened):
    page = opened(explorer("explore_smoothing"))
    page.get_by_label("a name's way").fill("dab")
    wanted = makemlp.nll_by_name(COUNTED, VOCAB, ["dab"])  # it adds 1 to each count, and so does the view as it opens
    page.get_by_text(f"loss {wanted.item() / 4:.3f} per character").wait_for()
    press(page, ".table", 18 + 6, 18 + 12 * 2.5)  # the third row
    assert latest(page)["state"]["symbol"] == VOCAB.itos[2] == page.get_by_label("after", exact=True).input_value()


def test_a_name_is_drawn_through_the_table_letter_by_letter(opened):
    page = opened(explorer("explore_smoothing"))
    box, rows = page.get_by_label("a name's way"), makemlp.smooth(COUNTED.counts[1], 1.0)
    name = ""
    for _ in range(60):
        page.get_by_role("button", name="Draw the next letter").click()
        walk = latest(page)["walk"]
        last, drawn = (VOCAB.stoi[name[-1]] if name else 0), box.input_value()
        if walk["ended"]:
            assert drawn == name and f"the dice drew the end ({100 * rows[last, 0]:.1f}%)" in walk["words"]
            break
        assert drawn[:-1] == name
        letter = VOCAB.stoi[drawn[-1]]
        assert walk["words"] == (
            f"From row '{VOCAB.itos[last]}' the dice drew '{drawn[-1]}' ({100 * rows[last, letter]:.1f}%)."
        )
        name = drawn
    else:
        raise AssertionError("sixty letters and no end")
    page.get_by_role("button", name="Draw the next letter").click()
    latest(page)
    assert len(box.input_value()) <= 1  # another name begins
    box.fill("dab")
    assert latest(page)["walk"] is None


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_descent_takes_the_steps_that_autograd_takes(opened, steps):
    counts, _, start = ARGUMENTS["explore_descent"]
    page = opened(explorer("explore_descent"))
    turn(page, "learning rate", 2.5)
    turn(page, "steps", steps)
    W = start.double().requires_grad_()
    for _ in range(steps):
        loss = -(counts * W.log_softmax(1)).sum() / counts.sum()
        (gradient,) = torch.autograd.grad(loss, W)
        W = (W - 2.5 * gradient).detach().requires_grad_()
    shown = latest(page)
    close(shown["probs"], W.softmax(1))
    assert shown["loss"] == pytest.approx((-(counts * W.log_softmax(1)).sum() / counts.sum()).item(), abs=1e-5)
    apart = (W.softmax(1) - makemlp.smooth(counts, 0)).abs().max().item()
    assert f"{100 * apart:.1f}%" in shown["alt"]


def test_descent_arrives_at_the_counts(opened):
    page = opened(explorer("explore_descent"))
    turn(page, "learning rate", 2)
    turn(page, "steps", 1000)
    page.wait_for_function("() => window.latest.title.startsWith('step 1,000')")
    assert latest(page)["apart"] < 0.05
    press(page, ".twin", 16 + 6, 16 + 6)
    page.get_by_text("'.' after '.': W says").wait_for()


def test_sampling_shows_the_dice_and_names_of_them(opened):
    page = opened(explorer("explore_sampling"))
    turn(page, "temperature", 0.7)
    turn(page, "top-k", 3)
    page.get_by_label("begins with").fill("Da")
    shown = latest(page)
    logits = MODEL(torch.tensor([[0, *VOCAB.encode("da")]]))[0]
    kept = logits.masked_fill(makemlp.rank(logits) > 3, float("-inf"))
    close(shown["probs"], (kept / 0.7).softmax(0))
    turn(page, "top-p", 0.5)
    nucleus = makemlp.sampling.nucleus((kept / 0.7).softmax(0), 0.5)
    close(latest(page)["probs"], nucleus / nucleus.sum())
    shown = latest(page)
    assert len(shown["names"]) == 6 and all(name.startswith("da") for name in shown["names"])
    page.get_by_role("button", name="Draw again").click()
    assert latest(page)["names"] != shown["names"]


def test_sampling_marks_the_real_names(opened):
    page = opened(explorer("explore_sampling"))
    page.get_by_label("begins with").fill("dab")
    page.wait_for_timeout(300)
    marks = page.locator(".makemlp-names li").all_inner_texts()
    assert all(text.startswith("●") == (text.lstrip("● ") in makemlp_names()) for text in marks)


def makemlp_names():
    return set(ARGUMENTS["explore_sampling"][3])


@pytest.mark.parametrize("method", ["add", "interpolate", "kneser_ney"])
@pytest.mark.parametrize("smoothing", [0.1, 0.237, 41.0])
def test_count_tables_show_what_the_models_score(opened, method, smoothing):
    """Between the places that Python computed too."""
    page = opened(explorer("explore_count_tables"))
    page.get_by_label("method").select_option(method)
    if method != "kneser_ney":
        turn(page, "smoothing", smoothing)
    turn(page, "context length", 2)
    shown = latest(page)
    model = CountModel(len(VOCAB), 4, smoothing, method).fit(*build_dataset(NAMES[:6], VOCAB, 4))
    for split, names in (("train", NAMES[:6]), ("dev", NAMES[6:])):
        wanted = model.nll_by_length(*build_dataset(names, VOCAB, 4))
        assert shown[split] == pytest.approx(wanted, abs=0.002)  # small tables bend more than the lesson's
    assert re.match(rf"2 characters: dev {shown['dev'][2]:.3f}", shown["title"])
    assert page.get_by_label("smoothing", exact=True).is_disabled() == (method == "kneser_ney")
    press(page, ".losses", -12, 100)  # the longest context
    assert latest(page)["state"]["block_size"] == 4


@pytest.mark.parametrize("direct", [False, True])
def test_architecture_counts_as_python_does(opened, direct):
    page = opened(explorer("explore_architecture"))
    sizes = {"block_size": 5, "emb_dim": 7, "hidden_dim": 120}
    for name, size in sizes.items():
        turn(page, name, size)
    page.get_by_label("direct connections").set_checked(direct)
    counts = makemlp.count_parameters(len(VOCAB), **sizes, direct=direct)
    assert latest(page)["counts"] == counts
    assert latest(page)["title"].startswith(f"{sum(counts.values()):,} parameters; a count table of 5 characters has")


def test_prediction_shows_every_number_of_the_model(opened):
    page = opened(explorer("explore_prediction"))
    page.get_by_label("the name so far").fill("dab")
    page.get_by_label("compared with").fill("bab")
    X = torch.tensor([VOCAB.encode("dab"), VOCAB.encode("bab")])
    shown, wanted = latest(page), makemlp.trace(MODEL, X)
    close(shown["probs"], wanted["probs"][0])
    close(shown["h"], wanted["h"][0])
    assert shown["moved"] == int(((wanted["h"][0] - wanted["h"][1]).abs() > 0.5).sum())
    turn(page, "W1 times", 3)
    turn(page, "W2 times", 0)
    shown = latest(page)
    sums = 3 * (wanted["emb"][0].flatten() @ MODEL.W1) + MODEL.b1
    close(shown["h"], sums.tanh())
    close(shown["probs"], MODEL.b2.softmax(0))
    press(page, ".units", 4, 4)
    said = f"Unit 1: tanh({sums[0].item():.2f}) = {sums[0].tanh().item():.2f}"
    page.get_by_text(said.replace("-", "−")).wait_for()


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_mixture_scores_as_python_does(opened, weight):
    page = opened(explorer("explore_mixture"))
    turn(page, "network's share", weight)
    wanted = makemlp.nll(Mixture(MODEL, TABLE, weight), *build_dataset(NAMES[6:], VOCAB, 4))
    assert latest(page)["loss"] == pytest.approx(wanted, abs=1e-5)


def test_a_name_of_the_mixture_is_told_when_its_point_is_pointed_at(opened):
    page = opened(explorer("explore_mixture"))
    name = NAMES[6:][0]
    network, counts = (makemlp.nll_by_name(model, VOCAB, [name]).item() for model in (MODEL, TABLE))
    # Its point, from the axes' ends: the numbers at 0 and at the farthest are where the dashed line begins and ends.
    dashed = page.locator(".names line[stroke-dasharray]")
    left, bottom, right, top = (float(dashed.get_attribute(end)) for end in ("x1", "y1", "x2", "y2"))
    most = max(makemlp.nll_by_name(model, VOCAB, NAMES[6:]).max().item() for model in (MODEL, TABLE))
    x, y = left + counts / most * (right - left), bottom + network / most * (top - bottom)
    press(page, ".names", x + 3, y - 3)
    assert latest(page)["told"] == f"'{name}': the network {network:.1f} nats, the table {counts:.1f}."
    assert page.locator(".names .strong").text_content() == name
    page.mouse.move(1, 1)
    assert latest(page)["told"] == ""


@pytest.mark.parametrize("name", ["", "dab", "Bobadada"])
def test_a_name_is_scored_and_ranked(opened, name):
    page = opened(explorer("explore_name"))
    page.get_by_label("a name").fill(name)
    shown, wanted = latest(page), makemlp.score_name(MODEL, VOCAB, name.lower())[0]
    close(shown["losses"], wanted)
    nlls = makemlp.nll_by_name(MODEL, VOCAB, NAMES)
    assert shown["likelier"] == int((nlls < wanted.sum() - 1e-3).sum())
    assert f"{wanted.sum().item():.1f} nats, {wanted.mean().item():.1f} per character" in shown["title"]


@pytest.mark.parametrize("name", ["", "dab", "oddb", "babababada"])
def test_every_writer_scores_the_name_and_each_can_be_seen_through(opened, name):
    """The table looks back seven characters: it comes as what it counted, and the page does the smoothing."""
    page = opened(explorer("explore_name"))
    page.wait_for_function("() => Object.keys(window.latest?.totals ?? {}).length === 3")
    page.get_by_label("a name").fill(name)
    for label, model in WRITERS.items():
        page.get_by_label("in the eyes of").select_option(label)
        shown, wanted = latest(page), makemlp.score_name(model, VOCAB, name)[0]
        close(shown["losses"], wanted)
        assert shown["totals"][label] == pytest.approx(wanted.sum().item(), abs=1e-4)
        assert f"{label} {shown['totals'][label]:.1f}" in page.locator(".makemlp-note").first.inner_text()
        assert shown["likelier"] == int((makemlp.nll_by_name(model, VOCAB, NAMES) < wanted.sum() - 1e-3).sum())


def test_a_letter_that_is_pressed_takes_its_place_in_the_name(opened):
    page = opened(explorer("explore_name"))
    page.get_by_label("a name").fill("dab")
    press(page, ".strip", 62 + 46 * 1.5, 15)  # the likeliest second letter
    likeliest = MODEL(torch.tensor([[0, 0, VOCAB.stoi["d"]]])).argmax().item()
    assert page.get_by_label("a name").input_value() == ("d" if likeliest == 0 else f"d{VOCAB.itos[likeliest]}b")


def game_page(opened):
    """The game, and its ten names with whether each is real."""
    page = opened(explorer("explore_real_or_made_up"))
    return page, latest(page)["names"]


def answer(page, real):
    page.wait_for_timeout(350)  # as long as anybody looks at a name
    page.get_by_role("button", name="Real" if real else "Made up").click()
    return latest(page)


def test_the_game_counts_and_says_what_luck_and_the_model_would_get(opened):
    page, names = game_page(opened)
    height = page.evaluate("() => document.documentElement.scrollHeight")
    for place, (name, real) in enumerate(names):
        assert page.locator(".makemlp-asked").inner_text() == name
        shown = answer(page, real == (place != 3))  # all right but the fourth
        assert shown["answered"] == [other != 3 for other in range(place + 1)]
        said = f"{'✗ Wrong' if place == 3 else '✓ Right'}: '{name}' is {'in the list' if real else 'made up'}."
        assert page.locator(".makemlp-note").inner_text().startswith(said)
    nll = makemlp.nll_by_name(SPELLER, LETTERS, [name for name, _ in names])
    rarer = nll >= nll.sort()[0][5]
    assert shown["rival"] == sum(bool(rare) == real for rare, (_, real) in zip(rarer, names, strict=True))
    # Ten of the 1,024 ways to toss ten coins have nine right, and one has ten.
    assert shown["title"] == "9 of 10 right" and "9 or more in 1.1% of games" in shown["alt"] and shown["best"] == 6
    assert page.evaluate("() => document.documentElement.scrollHeight") == height  # nothing pushed the page
    for button in ("Real", "Made up"):
        assert page.get_by_role("button", name=button, exact=True).is_disabled()
    assert page.evaluate("() => document.activeElement.textContent") == "Other names"
    page.keyboard.press("Enter")
    again = latest(page)
    assert again["answered"] == [] and not {name for name, _ in again["names"]} & {name for name, _ in names}


def test_a_double_click_answers_once(opened):
    """The second press would be an answer to a name that nobody has read."""
    page, _ = game_page(opened)
    page.wait_for_timeout(350)
    page.get_by_role("button", name="Real").dblclick()
    assert len(latest(page)["answered"]) == 1


@pytest.mark.parametrize("symbol", VOCAB.itos)
def test_neighbours_are_in_order(opened, symbol):
    page = opened(explorer("explore_neighbours"))
    page.get_by_label("nearest to", exact=True).select_option(symbol)
    here = VOCAB.itos.index(symbol)
    distance = makemlp.embeddings.distances(MODEL.C.detach())[here]
    assert latest(page)["order"] == [i for i in distance.argsort(stable=True).tolist() if i != here]


def test_a_letter_of_the_map_is_chosen_by_a_press(opened):
    page = opened(explorer("explore_neighbours"))
    for place in (1, 2, 3):
        letter = page.locator(".map .letter").nth(place)
        letter.wait_for()  # the picture is drawn anew after each press
        symbol = letter.text_content()
        letter.click(force=True)
        page.wait_for_function("symbol => window.latest.state.symbol === symbol", arg=symbol)


def test_a_word_is_found_by_typing_and_seen_closer(opened):
    page = opened(explorer("explore_words"))
    C, vocab, _, count = ARGUMENTS["explore_words"]
    box, letters = page.get_by_label("find a word", exact=True), page.locator(".map .letter, .map circle")
    box.fill(" Cat")
    near, _ = makemlp.embeddings.alike(C[:count], [vocab.itos.index("cat")], count - 1)
    assert latest(page)["order"] == near[0].tolist()
    everything = letters.count()
    page.get_by_label("zoom, number").fill("16")
    page.get_by_label("zoom, number").press("Enter")
    assert latest(page)["state"]["zoom"] == 16
    assert everything > letters.count() >= 1 and "cat" in letters.all_text_contents()
    box.fill("xylophone")
    page.get_by_text("'xylophone' is none of the 8 words on the map").wait_for()
    assert latest(page)["title"].startswith("Nearest to 'cat'")


def predicted(prefix, C=None):
    """What the model predicts after it (vocab_size,), with other embeddings where they are given."""
    model = copy.deepcopy(MODEL)
    if C is not None:
        model.C.data.copy_(C)
    return model(torch.tensor([[0, 0, 0, *VOCAB.encode(prefix)][-3:]])).softmax(1)[0].detach()


@pytest.mark.parametrize("symbol", [s for s in VOCAB.itos if s != "."])
def test_a_letter_is_exchanged_for_another(opened, symbol):
    page = opened(explorer("explore_letters"))
    page.get_by_label("its last letter becomes", exact=True).select_option(symbol)
    shown, before, after = latest(page), predicted("ab"), predicted("a" + symbol)
    close(shown["after"], after)
    assert shown["share"] == pytest.approx((before - after).abs().sum().item() / 2, abs=1e-5)
    moved = float(page.get_by_label("its place to the right, number").input_value().replace("−", "-"))
    assert moved == pytest.approx(MODEL.C[VOCAB.stoi[symbol], 0].item(), abs=0.006)


def test_a_letter_that_is_dragged_takes_its_vector_along(opened):
    page = opened(explorer("explore_letters"))
    latest(page)
    letter, other = (page.locator(".map .letter", has_text=re.compile(f"^{one}$")) for one in "od")
    letter.hover(force=True)
    page.mouse.down()
    other.hover(force=True)  # dragged to there
    page.mouse.up()
    shown, C = latest(page), MODEL.C.detach().clone()
    assert shown["state"]["instead"] == "o"
    C[VOCAB.stoi["o"]] = torch.tensor([shown["state"]["right"], shown["state"]["up"]])
    assert (C[VOCAB.stoi["o"]] - C[VOCAB.stoi["d"]]).abs().max() < 0.2
    close(shown["after"], predicted("ao", C))
    assert "one letter moved" in shown["title"]
    page.get_by_role("button", name="Put all letters back").click()
    close(latest(page)["after"], predicted("ao"))


def test_snapshots_play_to_their_end_and_pause(opened):
    page = opened(explorer("explore_snapshots"))
    assert latest(page)["title"] == "step 20: loss 1.100"
    page.evaluate("() => { window.seen.length = 0; }")
    page.get_by_role("button", name="Play or pause").click()
    page.wait_for_function("() => window.seen.length > 5 && window.latest.state.step === 20")
    page.wait_for_timeout(600)  # and there it stays
    steps = page.evaluate("() => window.seen.map(picture => picture.state.step)")
    # The first picture is drawn before the press is answered; then each frame once, in order.
    assert (
        list(dict.fromkeys(steps[1:])) == sorted(FRAMES) and page.get_by_label("step", exact=True).input_value() == "20"
    )
    turn(page, "step", 10)
    shown = latest(page)
    assert shown["at"] == 5 and shown["title"] == "step 10: loss 2.000"
    way = (FRAMES[10].C - FRAMES[0].C).norm(dim=1).mean().item()
    assert f"the symbols are {way:.1f} from where they began" in shown["alt"]
    page.locator(".map .letter").nth(1).click(force=True)
    far = (FRAMES[10].C - FRAMES[0].C).norm(dim=1)[1].item()
    page.get_by_text(f"'{VOCAB.itos[1]}' is {far:.2f} from where it began.").wait_for()


def point_at(page, name, number):
    """Put the pointer on a mark of the drawing, and press it."""
    place = page.locator(f".board {name}").nth(number).bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    return latest(page)


def test_a_run_that_is_pointed_at_says_its_settings(opened):
    """Without a kernel the newest is ringed, and no slider is there that would do nothing."""
    page = opened(explorer("explore_tuning"))
    assert latest(page)["run"] == 1 and latest(page)["title"] == "run 2 of 2: dev 2.000"
    assert not page.locator(".makemlp-slider:visible").count()
    assert page.locator(".makemlp-message").inner_text().endswith("to train more runs: the sliders need Python.")
    assert point_at(page, "circle[r='4']", 0)["run"] == 0
    note = page.locator(".makemlp-note").inner_text()
    assert note.startswith("Run 1: 300 parameters, train 2.100, dev 2.200")
    assert "below none of the lines" in latest(page)["alt"] and "Lowest dev: run 2 with 2.000" in latest(page)["alt"]
    assert point_at(page, "circle[r='4']", 1)["run"] == 1 and "steps 50" in page.locator(".makemlp-note").inner_text()


def test_a_line_that_no_run_has_reached_stands_above_the_axis(opened):
    page = opened(makemlp.explore_tuning(*ARGUMENTS["explore_tuning"][:-1], {"the lowest": 1.75}))
    heights = "all => all.map(line => line.y1.baseVal.value)"
    [height] = page.locator(".board line[stroke-dasharray]").evaluate_all(heights)
    numbers = page.locator(".board text").filter(has_text=re.compile(r"^\d+$"))
    below = numbers.evaluate_all("all => all.map(text => text.y.baseVal[0].value)")
    assert below and height < min(below)  # the runs' numbers stand below the axis


def test_a_trial_that_is_pointed_at_is_ringed_against_each_setting(opened):
    page = opened(explorer("explore_study"))
    first = latest(page)
    assert (first["trial"], first["finished"]) == (2, 4)  # the best
    assert first["title"] == "4 of 8 trials finished; best so far 2.300"
    assert first["alt"].startswith("4 trials of a study, 1 of them given up early: 3 done, 0 running, 1 pruned")
    assert page.locator(".board circle[r='7']").count() == 3
    said = point_at(page, "circle[r='4']", 0)
    assert said["trial"] == 0
    assert page.locator(".makemlp-note").last.inner_text() == "Trial 0: dev 2.500, block_size 2, learning_rate 0.001"
    assert page.locator(".board text", has_text="×").count() == 3  # the one that was given up, in three panels


def test_a_mark_without_its_letter_stands_on_a_circle(opened):
    """A vowel of Thai, which no font has together with a quotation mark, and which a list of choices cuts off."""
    vocab = Vocabulary(["\u0e28\u0e34\u0e23\u0e34"])
    counts = CountModel(len(vocab), 1).fit(*build_dataset(["\u0e28\u0e34\u0e23\u0e34"], vocab, 1)).counts[1]
    page = opened(makemlp.explore_smoothing(counts, vocab))
    shown = page.locator("option").evaluate_all("all => all.map(one => [one.value, one.textContent])")
    assert ["\u0e34", "◌\u0e34"] in shown and ["\u0e28", "\u0e28"] in shown
