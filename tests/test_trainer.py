"""Floor 5: the live trainer's engine in Python, without a browser. What the page does is seen in tests/browser."""

import json
import math
import os
import signal
import threading
import time

import nbformat
import pytest
import torch
from nbclient import NotebookClient

from makemlp import MLP, Vocabulary, build_dataset, explore_training, nll, sample
from makemlp.training import Run
from makemlp.widgets import trainer as module

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
TRAIN, DEV = NAMES[:6], NAMES[6:]
VOCAB = Vocabulary(NAMES)


@pytest.fixture
def trainer():
    trainer = explore_training(TRAIN, DEV, VOCAB, steps=1_000_000)
    yield trainer
    halt(trainer)


def until(condition):
    """Wait for what must come sooner or later; ten minutes are only there so that a fault does not hang the tests."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def halt(trainer):
    trainer.pause()
    until(lambda: trainer._thread is None or not trainer._thread.is_alive())


def steps(trainer):
    return len(trainer.losses)


def told(trainer):
    """What the page is told."""
    return json.loads(trainer._letter.value)["report"]


def test_nothing_runs_before_start(trainer):
    report = told(trainer)
    assert trainer._thread is None and report["steps"] == 0 and not report["going"]
    assert report["means"] == report["dev"] == [] and [step for step, _ in report["names"]] == [0]
    start = MLP(len(VOCAB), emb_dim=2, hidden_dim=64)
    assert report["flat"] == pytest.approx(start.C.flatten().tolist(), abs=1e-5)


def test_start_trains_and_reports_until_pause(trainer):
    trainer.controls["start"].click()
    until(lambda: told(trainer)["steps"] > 300)
    assert told(trainer)["going"]
    trainer.controls["start"].click()
    halt(trainer)
    report = told(trainer)
    assert report["steps"] == steps(trainer) and not report["going"] and not report["lost"]
    assert trainer.losses[-1] < trainer.losses[0]
    assert report["dev"][0][0] == 250 and report["dev"][-1][0] == steps(trainer)
    assert [step for step, _ in report["names"]][:2] == [0, 100]


def test_the_report_says_what_the_model_is(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 20)
    halt(trainer)
    report, X, Y = told(trainer), *build_dataset(DEV, VOCAB)
    assert report["dev"][-1][1] == pytest.approx(nll(trainer.model, X, Y), abs=2e-5)
    assert report["flat"] == pytest.approx(trainer.model.C.flatten().tolist(), abs=1e-5)
    made = sample(trainer.model, VOCAB, module.NAMES, seed=0, max_length=module.LONGEST)
    assert report["names"][-1] == [steps(trainer), ", ".join(name or "(empty)" for name in made)]


def test_it_takes_the_steps_of_the_engine():
    trainer = explore_training(TRAIN, DEV, VOCAB, steps=50)
    trainer.controls["batch_size"].value = 16
    trainer.start()
    until(lambda: not trainer._thread.is_alive())
    run = Run([MLP(len(VOCAB), emb_dim=2, hidden_dim=64)], *build_dataset(TRAIN, VOCAB), [0.02], 16)
    for _ in range(50):
        run.step()
    assert trainer.losses == [loss.item() for loss in run.losses]


def test_start_goes_on_from_where_it_stood(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 20)
    halt(trainer)
    first = list(trainer.losses)
    trainer.start()
    until(lambda: steps(trainer) > len(first))
    assert trainer.losses[: len(first)] == first


def test_rate_and_batch_size_act_on_the_run_under_way(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    run = trainer.run
    trainer.controls["rate"].value = 1e-4
    trainer.controls["batch_size"].value = 32.00000001  # a slider of exponents is not exact
    assert trainer.run is run
    assert run.optimizer.learning_rates.item() == pytest.approx(1e-4) and run.batches.batch_size == 32
    done = steps(trainer)
    until(lambda: told(trainer)["steps"] > done)
    assert (told(trainer)["rate"], told(trainer)["batch_size"]) == (pytest.approx(1e-4), 32)


@pytest.mark.parametrize(("name", "end"), [("emb_dim", 20), ("hidden_dim", 8), ("hidden_dim", 304)])
def test_another_size_begins_anew_and_goes_on(trainer, name, end):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    before = told(trainer)["run"]
    trainer.controls[name].value = end
    assert (trainer.model.C.shape[1], trainer.model.W1.shape[1])[name == "hidden_dim"] == end
    until(lambda: steps(trainer) > 5)
    halt(trainer)
    report = told(trainer)
    assert report["run"] == before + 1 and report[name] == end and report["steps"] == steps(trainer)
    assert len(report["flat"]) == 2 * len(VOCAB)


def test_reset_stops_and_begins_anew(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    trainer.controls["reset"].click()
    halt(trainer)
    assert steps(trainer) == 0 == told(trainer)["steps"] and not told(trainer)["going"]


def test_divergence_ends_the_run_and_start_begins_anew(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 50)
    halt(trainer)
    good = trainer._names
    trainer.run.optimizer.learning_rates.fill_(1e30)
    trainer.start()
    until(lambda: told(trainer)["lost"])
    halt(trainer)
    assert trainer._names == good  # what is lost makes up nothing
    trainer.start()  # with the slider's own rate again
    until(lambda: steps(trainer) > 5 and not told(trainer)["lost"])


def test_numbers_that_are_none_are_told_as_nothing():
    assert module._told([1.0, math.nan, math.inf, 0.1234567]) == [1.0, None, None, 0.12346]


@pytest.mark.parametrize("n", [0, 1, 400, 401, 1000])
def test_a_long_run_is_told_in_few_means(n):
    losses = torch.rand(n).tolist()
    per, means = module.thinned(losses, 400)
    assert per == {0: 1, 1: 1, 400: 1, 401: 2, 1000: 4}[n] and len(means) == n // per
    assert means == pytest.approx([sum(losses[i : i + per]) / per for i in range(0, n - per + 1, per)])


def test_a_run_ends_by_itself():
    trainer = explore_training(TRAIN, DEV, VOCAB, steps=30)
    for _ in range(2):  # the second time from the beginning
        trainer.start()
        until(lambda: not trainer._thread.is_alive())
        assert steps(trainer) == 30 == told(trainer)["steps"] and not told(trainer)["going"]


def test_one_trainer_trains_at_a_time(trainer):
    """Above all, a cell that is run again pauses the trainer that it made before."""
    trainer.start()
    until(lambda: steps(trainer) > 5)
    other = explore_training(TRAIN, DEV, VOCAB, steps=1_000_000)
    until(lambda: not trainer._thread.is_alive())
    assert not told(trainer)["going"]
    trainer.start()
    other.start()
    until(lambda: not trainer._thread.is_alive() and steps(other) > 5)
    halt(other)


def test_start_while_the_paused_thread_still_reports(trainer):
    """A person who pauses and starts again at once must not be left with a run that stands still."""
    trainer.start()
    until(lambda: steps(trainer) > 5)
    reporting, gate, look = threading.Event(), threading.Event(), trainer._step

    def slow(wanted):
        done = look(wanted)
        if not done:
            reporting.set()
            gate.wait()
        return done

    trainer._step = slow
    trainer.pause()
    until(reporting.is_set)
    trainer.start()
    gate.set()
    done = steps(trainer)
    until(lambda: steps(trainer) > done + 5 and told(trainer)["going"])


TRAINS = f"""
import makemlp, time
trainer = makemlp.explore_training({TRAIN}, {DEV}, makemlp.Vocabulary({NAMES}), steps=1_000_000)
display(trainer)
trainer.start()
while len(trainer.losses) < 5:
    time.sleep(0.01)
"""
PAUSED = "trainer._thread.join(600); print(trainer._thread.is_alive(), trainer._wanted.is_set())"


@pytest.mark.skipif(os.name == "nt", reason="a kernel is interrupted by a signal here")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_the_stop_button_pauses_it(busy):
    """Whether a cell is running or not."""
    notebook = nbformat.v4.new_notebook()
    client = NotebookClient(notebook, timeout=600, allow_errors=True)

    def run(source):
        cell = nbformat.v4.new_code_cell(source)
        notebook.cells.append(cell)
        client.execute_cell(cell, len(notebook.cells) - 1)
        return "".join(output.get("text", output.get("ename", "")) for output in cell.outputs)

    with client.setup_kernel():
        run(TRAINS)
        if busy:
            stop = "import os, signal, threading\nthreading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            assert "KeyboardInterrupt" in run(stop + "time.sleep(600)")
        else:
            pid = int(run("import os; print(os.getpid())"))
            for _ in range(600):  # until the handler is there, which it is soon after the cell has ended
                os.kill(pid, signal.SIGINT)
                time.sleep(0.1)
                if run("print(trainer._wanted.is_set())").strip() == "False":
                    break
        assert run(PAUSED).strip() == "False False"
