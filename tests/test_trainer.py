"""Floor 5: the live trainer, without a browser."""

import threading
import time

import pytest

from makemlp import Vocabulary, build_dataset, explore_training

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB)


@pytest.fixture
def trainer():
    trainer = explore_training(X, Y, VOCAB, steps=1_000_000)
    yield trainer
    halt(trainer)


def until(condition):
    """Wait for what must come sooner or later; a minute is only there so that a fault does not hang the tests."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def halt(trainer):
    trainer.pause()
    until(lambda: trainer._thread is None or not trainer._thread.is_alive())


def steps(trainer):
    return len(trainer.run.losses)


def test_nothing_runs_before_start(trainer):
    assert steps(trainer) == 0 and trainer._thread is None
    assert "after 0 steps" in trainer._picture.value


def test_start_trains_and_draws_until_pause(trainer):
    before = trainer._picture.value
    trainer.controls["start"].click()
    assert trainer.controls["start"].description == "Pause"
    until(lambda: steps(trainer) > 300 and trainer._picture.value != before)
    trainer.controls["start"].click()
    halt(trainer)
    assert trainer.controls["start"].description == "Start"
    stopped = steps(trainer)
    assert trainer._bar.value == stopped and f"after {stopped} steps" in trainer._picture.value
    assert trainer.run.losses[-1] < trainer.run.losses[0]


def test_start_goes_on_from_where_it_stood(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 20)
    halt(trainer)
    first = [loss.item() for loss in trainer.run.losses]
    trainer.start()
    until(lambda: steps(trainer) > len(first))
    assert [loss.item() for loss in trainer.run.losses[: len(first)]] == first


def test_rate_and_batch_size_act_on_the_run_under_way(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    run = trainer.run
    trainer.controls["rate"].value = 1e-4
    trainer.controls["batch_size"].value = 32
    assert trainer.run is run
    assert run.optimizer.learning_rates.item() == pytest.approx(1e-4) and run.batches.batch_size == 32
    done = steps(trainer)
    until(lambda: steps(trainer) > done)


@pytest.mark.parametrize(("name", "end"), [("emb_dim", 1), ("emb_dim", 20), ("hidden_dim", 10), ("hidden_dim", 300)])
def test_another_size_begins_anew_and_goes_on(trainer, name, end):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    run = trainer.run
    trainer.controls[name].value = end
    assert trainer.run is not run and (trainer.model.C.shape[1], trainer.model.W1.shape[1])[name == "hidden_dim"] == end
    until(lambda: steps(trainer) > 5)
    halt(trainer)
    assert f"after {steps(trainer)} steps" in trainer._picture.value


def test_reset_stops_and_begins_anew(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 5)
    trainer.controls["reset"].click()
    halt(trainer)
    assert steps(trainer) == 0


def test_divergence_is_said_and_the_last_good_picture_stays(trainer):
    trainer.start()
    until(lambda: steps(trainer) > 50)
    halt(trainer)
    good = trainer._picture.value
    trainer.run.optimizer.learning_rates.fill_(1e30)
    trainer.start()
    until(lambda: "diverged at step" in trainer._message.value)
    assert "move the learning rate down" in trainer._message.value and trainer._picture.value == good
    halt(trainer)
    trainer.start()  # with the slider's own rate again
    until(lambda: steps(trainer) > 5 and "diverged" not in trainer._message.value)


def test_a_run_ends_by_itself():
    trainer = explore_training(X, Y, VOCAB, steps=30)
    trainer.start()
    until(lambda: not trainer._thread.is_alive())
    assert steps(trainer) == 30 == trainer._bar.value and trainer.controls["start"].description == "Start"
    trainer.start()  # from the beginning
    until(lambda: not trainer._thread.is_alive())
    assert steps(trainer) == 30


def test_two_trainers_leave_each_other_alone(trainer):
    other = explore_training(X, Y, VOCAB, steps=1_000_000)
    trainer.start()
    other.start()
    until(lambda: steps(trainer) > 20 and steps(other) > 20)
    trainer.controls["rate"].value = 1e-4
    assert other.run.optimizer.learning_rates.item() == pytest.approx(0.02)
    halt(trainer)
    done = steps(other)
    until(lambda: steps(other) > done)
    halt(other)


def test_start_while_the_paused_thread_still_draws(trainer):
    """A person who pauses and starts again at once must not be left with a run that stands still."""
    trainer.FRAME = 1e9  # only the last picture
    trainer.start()
    until(lambda: steps(trainer) > 5)
    drawing, gate, show = threading.Event(), threading.Event(), trainer._show

    def slow():
        drawing.set()
        gate.wait()
        show()

    trainer._show = slow
    trainer.pause()
    until(drawing.is_set)
    trainer.start()
    gate.set()
    done = steps(trainer)
    until(lambda: steps(trainer) > done + 5)
    assert trainer.controls["start"].description == "Pause"


def test_a_cell_that_is_run_again_pauses_its_first_trainer(monkeypatch):
    made = []
    for cell in ("one", "two", "one", None):
        monkeypatch.setattr("makemlp.widgets.panel._cell", lambda cell=cell: cell)
        made.append(explore_training(X, Y, VOCAB, steps=1_000_000))
        made[-1].start()
    first, other, again, unknown = made
    until(lambda: not first._thread.is_alive())
    assert first.controls["start"].description == "Start"
    assert all(trainer._wanted.is_set() for trainer in (other, again, unknown))
    for trainer in (other, again, unknown):
        halt(trainer)
