"""The trainer's two engines, the page's and Python's, and the view that draws both."""

# ruff: noqa: F811  (fixtures are arguments by their names)

import itertools
import json
import os
import signal

import nbformat
import pytest
import torch

import makemlp
from makemlp import MLP, build_dataset, live, nll, split, training
from makemlp.training import Batches, Run, group

from .alive import NAMES, VOCAB
from .lab import Lesson, new_page, until
from .test_live import HEAD, latest, opened, page, turn  # noqa: F401

TRAIN, DEV = NAMES[:6], NAMES[6:]
SIZES = {"vocab_size": len(VOCAB), "block_size": 3, "emb_dim": 2, "hidden_dim": 64}


def trainer(steps=10_000):
    return makemlp.explore_training(TRAIN, DEV, VOCAB, {"low": 1.0}, steps)


def of_the_lesson(**settings):
    names = makemlp.load_names()[::8]
    train, dev, _ = split(names)
    return makemlp.explore_training(train, dev, makemlp.Vocabulary(names), {"low": 2.0}, **settings)


@pytest.fixture
def js(page):
    """Evaluates an expression with what trainer.js has at hand; `given` are its variables."""
    page.goto("about:blank")
    source = "\n".join(map(live.module, (*live.SHARED, "trainer")))

    def evaluate(expression, **given):
        code = f"""given => {{
            {source}
            const {{{", ".join(["none", *given])}}} = given;
            const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
            return JSON.stringify({expression}, plain);
        }}"""
        return json.loads(page.evaluate(code, given))

    return evaluate


def run_of(page):
    return latest(page)["run"]


def until_rest(page):
    page.wait_for_function("() => window.latest?.run.steps > 0 && !window.latest.run.going", timeout=600_000)
    return run_of(page)


def until_steps(page, steps):
    page.wait_for_function("steps => window.latest?.run.steps > steps", arg=steps, timeout=600_000)


# --- the page's engine, against Python's ---


def test_the_page_follows_pythons_engine_step_by_step(opened, page, js, monkeypatch):
    """A whole run in the page's worker. Then Python begins at the same start, and its batches at the same places."""
    start = js("newModel(sizes, 1)", sizes=SIZES)
    shares = js("Array.from({length: 25}, randomNumbers(1))")
    opened(trainer(steps=25))
    page.get_by_role("button", name="Start").click()
    found = until_rest(page)
    assert page.workers or pytest.fail("it trained in the page's own time")
    model = MLP(**SIZES)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.tensor(start[name]).view(parameter.shape))
    draws = iter(shares)
    monkeypatch.setattr(training, "even_places", lambda n, batch_size, g: _places(n, batch_size, next(draws)))
    run = Run([model], *build_dataset(TRAIN, VOCAB), [0.02], 128)
    for _ in range(25):
        run.step()
    run.write_back()
    assert found["per"] == 1 and found["steps"] == 25
    assert found["means"] == pytest.approx([loss.item() for loss in run.losses], abs=1e-5)
    assert found["dev"] == [[25, pytest.approx(nll(model, *build_dataset(DEV, VOCAB)), abs=1e-5)]]
    assert found["flat"] == pytest.approx(model.C.flatten().tolist(), abs=1e-4)


def _places(n, batch_size, share):
    return (share + torch.arange(batch_size, dtype=torch.float64)) * (n / batch_size)


def test_it_builds_the_examples_that_python_builds(js):
    found = js("group(names, itos, 3)", names=TRAIN, itos=VOCAB.itos)
    contexts, counts = group(*build_dataset(TRAIN, VOCAB), len(VOCAB))
    assert found["contexts"] == contexts.tolist()
    assert list(itertools.chain(*found["shares"])) == pytest.approx((counts / counts.sum(1, True)).flatten().tolist())
    assert found["ends"] == counts.sum(1).cumsum(0).tolist()


@pytest.mark.parametrize("batch_size", [1, 16, 500])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9999])
def test_it_draws_the_batch_that_python_draws(js, monkeypatch, batch_size, share):
    code = "drawEvenly(group(names, itos, 3), batch_size, share)"
    found = js(code, names=TRAIN, itos=VOCAB.itos, batch_size=batch_size, share=share)
    monkeypatch.setattr(training, "even_places", lambda n, batch_size, g: _places(n, batch_size, share))
    wanted = Batches(*build_dataset(TRAIN, VOCAB), len(VOCAB), batch_size, 0).draw()
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other.flatten().tolist(), abs=1e-6)


def test_a_new_model_has_the_spread_of_pythons(js):
    sizes = {"vocab_size": 27, "block_size": 3, "emb_dim": 20, "hidden_dim": 300}
    found, wanted = js("newModel(sizes, 3)", sizes=sizes), MLP(**sizes)
    for name, parameter in wanted.named_parameters():
        numbers, parameter = torch.tensor(found[name]), parameter.detach()
        assert numbers.numel() == parameter.numel()
        if parameter.std() > 0:  # 540 numbers or more, whose spread is known to 4 %
            assert numbers.std() / parameter.std() == pytest.approx(1, abs=0.2)
            assert abs(numbers.mean()) < 0.2 * parameter.std()
        else:
            assert not numbers.any()


@pytest.mark.parametrize("n", [0, 1, 400, 401, 1000])
def test_a_long_run_is_told_in_few_means_as_python_tells_it(js, n):
    losses = torch.rand(n, dtype=torch.float64).tolist()
    found = js("thinned(given_losses, 400)", given_losses=losses)
    per, means = makemlp.widgets.trainer.thinned(losses, 400)
    assert (found["per"], found["means"]) == (per, pytest.approx(means))


# --- where a page may not have everything ---


# What VS Code's notebooks set where `notebook.experimental.enableCsp` is on (src/vs/workbench/contrib/notebook/browser/
# view/renderers/backLayerWebView.ts), without its own origins. A worker is a child there, and none may be a blob.
VS_CODE = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src https: http: data:; font-src https:; connect-src https:; child-src https: data:"
)


@pytest.mark.parametrize("policy", ["worker-src 'none'", "worker-src blob:", VS_CODE])
def test_a_strict_policy_leaves_it_training(browser, tmp_path, policy):
    """Where no worker may be, the page trains in slices, and goes on answering."""
    page = new_page(browser)
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    (tmp_path / "page.html").write_text(HEAD.replace("<main>", f"{head}<main>") + trainer().to_html(), encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    page.get_by_role("button", name="Start").click()
    title = page.locator(".makemlp-title")
    page.wait_for_function("() => /^step [1-9].*dev/.test(document.querySelector('.makemlp-title').textContent)")
    assert bool(page.workers) == (policy == "worker-src blob:")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Start").wait_for()
    page.wait_for_timeout(200)  # long enough for a slice
    rested = title.inner_text()
    page.wait_for_timeout(300)
    assert title.inner_text() == rested
    page.close()


def test_it_trains_in_a_frame_as_colab_has_them(opened, page):
    inside = (HEAD + trainer().to_html()).replace("&", "&amp;").replace('"', "&quot;")
    page.set_content(f'<iframe sandbox="allow-scripts allow-forms" width="800" height="600" srcdoc="{inside}">')
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Start").click()
    frame.locator(".makemlp-title", has_text="dev").wait_for()


# --- the view ---


def test_start_pause_reset(opened, page):
    opened(trainer())
    before = latest(page)
    assert before["title"] == f"step 0: a blind guess has a loss of {torch.tensor(len(VOCAB)).log():.3f}"
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Pause").wait_for()
    until_steps(page, 300)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Start").wait_for()
    rested = until_rest(page)
    assert [step for step, _ in rested["names"]][:2] == [0, 100] and rested["names"][-1][0] == rested["steps"]
    assert rested["dev"][0][0] == 250 and rested["dev"][-1][0] == rested["steps"]
    assert rested["flat"] != before["run"]["flat"] and rested["means"][-1] < rested["means"][0]
    page.get_by_role("button", name="Start").click()
    until_steps(page, rested["steps"])
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => window.latest.run.steps === 0 && !window.latest.run.going")
    assert run_of(page)["run"] == rested["run"] + 1
    assert page.get_by_role("button", name="Start").is_visible()


def test_moves_of_sliders_are_marked_and_act(opened, page):
    opened(trainer())
    turn(page, "batch_size", 64)
    page.get_by_role("button", name="Start").click()
    until_steps(page, 20)
    turn(page, "learning rate", 0.001)
    page.wait_for_function("() => window.latest.run.marks.length")
    [mark] = run_of(page)["marks"]  # what was turned before the start is none
    assert mark["name"] == "rate" and mark["value"] == 0.001 and mark["step"] >= 20
    page.locator(".makemlp-stage text", has_text="rate 0.001").wait_for()
    assert run_of(page)["batch_size"] == 64
    turn(page, "hidden_dim", 128)  # another model, from its beginning, and still running
    page.wait_for_function("run => window.latest.run.run > run", arg=1)
    until_steps(page, 20)
    now = run_of(page)
    assert now["going"] and now["hidden_dim"] == 128 and now["marks"] == []
    turn(page, "emb_dim", 3)
    page.get_by_text("the first two of the 3 numbers").wait_for()


def test_a_run_that_is_lost_says_so_and_what_to_do(opened, page):
    opened(of_the_lesson())
    turn(page, "learning rate", 1)
    page.get_by_role("button", name="Start").click()
    message = page.locator(".makemlp-message", has_text="Lower the learning rate, and press Reset.")
    message.wait_for(timeout=600_000)
    assert "a blind guess has 3.30: the steps are too large" in message.inner_text()


def test_a_run_that_came_to_its_end_begins_anew(opened, page):
    opened(trainer(steps=20))
    for number in (1, 2):
        page.get_by_role("button", name="Start").click()
        page.wait_for_function("run => window.latest?.run.run === run && window.latest.run.steps === 20", arg=number)
        page.get_by_text("These were all 20 steps. Start begins anew.").wait_for()


def test_neither_the_first_steps_nor_a_spike_flatten_the_curve(js):
    settled = [8.0, 3.0, 2.6] + 200 * [2.3]
    for means in (settled, [*settled[:100], 40.0, *settled[100:]]):
        low, high = js("range(means, [2.0], 3.3)", means=means)
        assert 1.8 < low < 2.0 and 2.3 < high < 2.5
    assert js("range(means, [2.0], 3.3)", means=[*settled, 20.0])[1] > 20  # where the run is now, is always seen
    assert js("range(means, [2.0], 3.3)", means=[])[1] > 3.3
    assert js("range(means, [2.0], 3.3)", means=[2.5, None, 2.4])[1] < 2.6


# --- Python's engine, in JupyterLab ---

SOURCE = f"""import makemlp
trainer = makemlp.explore_training({TRAIN}, {DEV}, makemlp.Vocabulary({NAMES}), {{"low": 1.0}}, 1_000_000)
trainer"""


@pytest.fixture(scope="module")
def notebook(desk):
    """A notebook with a trainer in its only cell, opened; the lesson that another test left open is closed."""
    desk.close()
    desk.server.end_kernels()
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)], metadata=kernel)
    nbformat.write(notebook, desk.server.root / "notebooks" / "trainer.ipynb")
    lab = Lesson(desk.browser, desk.server, "trainer")
    lab.open()
    yield lab
    lab.close()
    desk.server.end_kernels()


@pytest.fixture
def lab(notebook):
    """The notebook, its cell run anew: a trainer that has not begun."""
    notebook.run(0)
    listen(notebook)
    return notebook


def listen(lab):
    lab.page.locator(".makemlp-block .makemlp-frame").wait_for()
    lab.page.evaluate("""() => {
        window.latest = null;  // of the trainer before
        document.querySelector('.makemlp').addEventListener('drawn', event => {
            const {run, engine} = event.detail;
            window.latest = {run, engine};
        });
    }""")


def wait(lab, condition):
    lab.page.wait_for_function(f"() => window.latest && (({{run, engine}}) => {condition})(window.latest)")


def button(lab, name):
    return lab.page.get_by_role("button", name=name, exact=True)


def test_in_a_notebook_python_trains_and_the_page_draws(lab):
    button(lab, "Start").click()
    wait(lab, "engine === 'kernel' && run.going && run.steps > 50")
    box = lab.page.locator(".makemlp-turns-rate input[type=number]")
    box.fill("0.001")
    box.press("Tab")
    wait(lab, "run.rate === 0.001 && run.marks.length === 1")
    assert lab.value("trainer.run.optimizer.learning_rates.item()") == pytest.approx(0.001)
    sizes = lab.page.locator(".makemlp-turns-hidden_dim input[type=number]")
    sizes.fill("128")
    sizes.press("Tab")  # another model, from its beginning, and still running
    wait(lab, "run.hidden_dim === 128 && run.going && run.steps > 50 && !run.marks.length")
    assert lab.value("trainer.model.W1.shape[1]") == 128
    lab.screenshot("trainer-in-a-notebook")
    button(lab, "Pause").click()
    wait(lab, "!run.going")
    steps = lab.page.evaluate("() => window.latest.run.steps")
    assert steps == lab.value("len(trainer.losses)")
    means = lab.page.evaluate("() => window.latest.run.means")
    assert means == lab.value("[round(x, 5) for x in makemlp.widgets.trainer.thinned(trainer.losses, 400)[1]]")
    button(lab, "Start").click()
    lab.page.wait_for_function("steps => window.latest.run.steps > steps", arg=steps)
    button(lab, "Reset").click()
    wait(lab, "!run.going && run.steps === 0")
    button(lab, "Start").wait_for()
    assert not lab.errors()


@pytest.mark.skipif(os.name == "nt", reason="a process is stopped by a signal here")
def test_a_kernel_that_does_not_answer_is_said_to_be_busy(lab):
    kernel = lab.value("__import__('os').getpid()")
    os.kill(kernel, signal.SIGSTOP)
    try:
        button(lab, "Start").click()
        button(lab, "Pause").wait_for()
        lab.page.get_by_text("The kernel has not answered yet").wait_for()
    finally:
        os.kill(kernel, signal.SIGCONT)
    wait(lab, "engine === 'kernel' && run.going && run.steps > 50")
    lab.page.get_by_text("The kernel has not answered yet").wait_for(state="detached")


def test_the_notebooks_stop_button_pauses_it(lab):
    button(lab, "Start").click()
    wait(lab, "run.going && run.steps > 50")
    lab.menu("Kernel", "Interrupt Kernel")
    wait(lab, "!run.going")
    button(lab, "Start").wait_for()
    assert lab.value("trainer._thread.is_alive()") is False


def test_its_cell_may_be_run_again_and_its_kernel_may_go(lab):
    button(lab, "Start").click()
    wait(lab, "run.going && run.steps > 50")
    lab.value("globals().__setitem__('first', trainer)")
    lab.run(0)
    until(lab.page, lambda: not lab.value("first._thread.is_alive()"))
    listen(lab)
    button(lab, "Start").click()
    wait(lab, "engine === 'kernel' && run.steps > 50")
    # So ipywidgets marks what is left of a kernel. A real restart makes the server take two minutes to end.
    mark = "slider => slider.classList.add('jupyter-widgets-disconnected')"
    lab.page.locator(".makemlp-block .widget-slider").first.evaluate(mark)
    wait(lab, "engine === 'page' && run.steps === 0")
    assert not lab.page.locator(".makemlp-block").locator("visible=true").count()
    button(lab, "Start").click()  # the page goes on by itself
    wait(lab, "engine === 'page' && run.going && run.steps > 50")
    assert lab.page.locator(".makemlp-controls").get_by_label("learning rate, number").is_visible()
