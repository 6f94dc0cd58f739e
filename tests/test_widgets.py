"""Floor 5: what trains in the kernel when a slider is let go, without a browser.

The other explorers are tested in test_live.py, test_trainer.py and test_watching.py.
"""

import json
import os
import re
import threading
import time
from types import SimpleNamespace

import alive
import jupyter_client
import pytest

import makemlp
from makemlp import MLP, Scoreboard, Vocabulary, build_dataset
from makemlp.training import Run
from makemlp.widgets.tuning import SETTINGS, Tuner

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
VOCAB = Vocabulary(NAMES)


def test_every_explorer_is_tested():
    explorers = {name for name in dir(makemlp) if name.startswith("explore_")}
    assert explorers == set(alive.ARGUMENTS)


def opened(board) -> Tuner:
    return makemlp.explore_tuning(NAMES[:6], NAMES[6:], VOCAB, board, {"low": 0.1, "high": 9.0})


@pytest.fixture
def board(tmp_path):
    board = Scoreboard(tmp_path / "board.jsonl")
    board.add(dev=1.0, note="a row of the learner's own, without a train loss")
    board.add(dev=2.5, train=2.4, parameters=300)
    return board


@pytest.fixture
def tuner(board):
    tuner = opened(board)
    yield tuner
    tuner.pause()
    until(lambda: not tuner.at_work())


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves when it is told to; what waits for it looks at it all the time."""
    clock = SimpleNamespace(now=0.0, sleep=time.sleep)
    clock.monotonic = clock.perf_counter = lambda: clock.now
    monkeypatch.setattr("makemlp.widgets.tuning.time", clock)
    return clock


@pytest.fixture
def gate(monkeypatch):
    """Training stands still at step 7 until the gate is opened."""
    gate = SimpleNamespace(reached=threading.Event(), opened=threading.Event())
    whole = Run.step

    def step(run, share):
        if len(run.losses) == 7:
            gate.reached.set()
            assert gate.opened.wait(60)
        return whole(run, share)

    monkeypatch.setattr(Run, "step", step)
    yield gate
    gate.opened.set()


def until(condition):
    """Wait for what must come sooner or later; a minute is only there so that a fault does not hang the tests."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def let_go(tuner, wait=True, **values):
    for name, value in values.items():
        tuner.controls[name].value = value
    if wait:
        until(lambda: not tuner.at_work())


def trained(board):
    return [row["hidden_dim"] for row in board.rows if "hidden_dim" in row]


def test_it_opens_with_the_board_and_trains_nothing(tuner, board):
    assert len(board) == 2 and not tuner.at_work()
    assert tuner.sent["rows"] == [{"dev": 2.5, "train": 2.4, "parameters": 300}] and tuner.sent["newest"] == 0
    assert repr(tuner) == (
        "Controls: block_size, emb_dim, hidden_dim, steps, learning_rate, train. Run this cell to use them."
    )


def test_an_empty_board_gets_a_first_run(tmp_path):
    board = Scoreboard(tmp_path / "empty.jsonl")
    assert [row["steps"] for row in opened(board).sent["rows"]] == [300] == [row["steps"] for row in board.rows]


def test_a_released_slider_trains_and_writes_the_run_down(tuner, board):
    let_go(tuner, hidden_dim=20)
    row = board.rows[-1]
    assert {name: row[name] for name in SETTINGS} == tuner.sent["asked"] and row["hidden_dim"] == 20
    model = MLP(len(VOCAB), 3, 2, 20)
    makemlp.train(model, *build_dataset(NAMES[:6], VOCAB), steps=300, learning_rate=0.02)
    assert row["dev"] == makemlp.nll(model, *build_dataset(NAMES[6:], VOCAB))
    assert row["parameters"] == sum(p.numel() for p in model.parameters())
    assert Scoreboard(board.path).rows == board.rows and len(board) == 3
    shown = tuner.sent["rows"][tuner.sent["newest"]]
    assert shown["dev"] == round(row["dev"], 4) and shown["hidden_dim"] == 20 and not tuner.sent["running"]


def test_settings_that_were_tried_are_shown_and_not_trained_again(tuner, board):
    let_go(tuner, hidden_dim=20)
    let_go(tuner, hidden_dim=30)
    let_go(tuner, hidden_dim=20)
    assert trained(board) == [20, 30] and tuner.sent["newest"] == 1
    assert tuner.sent["note"] == "These settings are on the board already: run 2."


def test_progress_is_sent_while_it_trains(tuner, gate, monkeypatch):
    monkeypatch.setattr(Tuner, "TOLD", 0.0)
    let_go(tuner, wait=False, hidden_dim=20)
    assert tuner.sent["waiting"] and tuner.controls["train"].description == "Cancel"
    assert gate.reached.wait(60)
    assert tuner.sent["step"] == 7 and 0 < tuner.sent["loss"] < 10 and tuner.sent["running"]["hidden_dim"] == 20
    gate.opened.set()
    until(lambda: not tuner.at_work())
    assert tuner.sent["step"] == 300 and tuner.controls["train"].description == "Train"


def test_of_many_that_wait_the_newest_is_trained(tuner, board, gate, monkeypatch):
    monkeypatch.setattr(Tuner, "SETTLED", 0.0)
    let_go(tuner, wait=False, hidden_dim=20)
    assert gate.reached.wait(60)
    for hidden_dim in (30, 40, 50):
        let_go(tuner, wait=False, hidden_dim=hidden_dim)
    assert tuner.sent["waiting"] and tuner.sent["running"]["hidden_dim"] == 20
    gate.opened.set()
    until(lambda: not tuner.at_work())
    assert trained(board) == [20, 50]


def test_five_presses_of_an_arrow_key_are_one_run(tuner, board, clock):
    for hidden_dim in (110, 120, 130, 140, 150):
        clock.now += 0.9 * Tuner.SETTLED  # a hand that presses on
        let_go(tuner, wait=False, hidden_dim=hidden_dim)
        until(lambda hidden_dim=hidden_dim: (tuner.sent["running"] or {}).get("hidden_dim") == hidden_dim)
    until(lambda: tuner.sent["step"] == 300)
    assert tuner.at_work() and not trained(board)  # however short a run is, it stands a moment first
    clock.now += Tuner.SETTLED
    until(lambda: not tuner.at_work())
    assert trained(board) == [150]


@pytest.mark.parametrize("stop", ["button", "pause"])
def test_a_run_that_is_stopped_is_not_recorded_and_trained_anew_when_asked_for_again(tuner, board, gate, stop):
    let_go(tuner, wait=False, hidden_dim=20)
    assert gate.reached.wait(60)
    let_go(tuner, wait=False, hidden_dim=30)  # what waits is given up, too
    tuner.controls["train"].click() if stop == "button" else tuner.pause()
    gate.opened.set()
    until(lambda: not tuner.at_work())
    assert tuner.sent["note"] == (
        "Stopped after 8 of 300 steps, so this run is not on the board. Move a slider or press Train."
    )
    assert not trained(board) and not tuner.sent["running"]
    tuner.controls["train"].click()  # what the sliders say
    until(lambda: not tuner.at_work())
    let_go(tuner, hidden_dim=20)
    assert trained(board) == [30, 20] and not tuner.sent["note"]


def test_what_only_waits_can_be_cancelled(tuner, board, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)  # one that has not come to it yet
    let_go(tuner, wait=False, hidden_dim=20)
    tuner.controls["train"].click()
    tuner._work()
    assert tuner.sent["note"] == "Nothing was trained. Move a slider or press Train." and not trained(board)


def test_a_rate_that_is_too_high_is_named_and_gets_no_row(tuner, board, monkeypatch):
    monkeypatch.setattr("makemlp.training.HOPELESS", 0.0)
    let_go(tuner, learning_rate=0.5)
    assert re.match(r"The run diverged at step 0 with learning rate 0.5: lower the rate", tuner.sent["note"])
    assert len(board) == 2


def test_the_rate_that_is_shown_is_the_one_that_is_trained(tuner, board):
    let_go(tuner, learning_rate=10**-1.7)
    assert board.rows[-1]["learning_rate"] == 0.02


def test_a_board_that_cannot_be_written_is_said(tuner, board):
    board.path.unlink()
    board.path.mkdir()
    let_go(tuner, hidden_dim=20)
    assert "can't be written" in tuner.sent["note"] and not trained(board)


def test_the_last_state_is_kept_for_a_day_without_a_kernel(tuner, board, monkeypatch):
    kept = []
    monkeypatch.setattr("makemlp.widgets.explorable.display", lambda data, **how: None)
    monkeypatch.setattr("makemlp.widgets.explorable.update_display", lambda data, **how: kept.append(data))
    tuner._ipython_display_()
    let_go(tuner, hidden_dim=20)
    until(lambda: kept)
    stored = json.loads(re.search(r'<script type="application/json">(.*?)</script>', kept[-1]["text/html"], re.S)[1])
    assert stored["data"]["sent"] == tuner.sent and len(stored["data"]["sent"]["rows"]) == 2
    assert all(control["kernel"] for control in stored["controls"])  # no slider that would do nothing


def test_a_cell_that_is_run_again_stops_what_its_first_run_trains(board, gate, monkeypatch):
    monkeypatch.setattr("makemlp.widgets.explorable._cell", lambda: "one")
    first = opened(board)
    let_go(first, wait=False, hidden_dim=20)
    assert gate.reached.wait(60)
    again = opened(board)
    gate.opened.set()
    until(lambda: not first.at_work())
    assert not trained(board) and not again.at_work()


OPEN = """
import makemlp
from makemlp.training import Run

names = ["ada", "bob", "abba", "dodo"]
board = makemlp.Scoreboard("board.jsonl")
tuner = makemlp.explore_tuning(names[:3], names[3:], makemlp.Vocabulary(names), board, {})
whole, tuner.at_seven = Run.step, False

def step(run, share):
    while len(run.losses) == 7 and not tuner._stopped.is_set():
        tuner.at_seven = True
    return whole(run, share)

Run.step = step
"""


@pytest.mark.skipif(os.name == "nt", reason="a kernel is interrupted by a signal here")
def test_the_kernels_interrupt_stops_it_when_no_cell_runs(tmp_path):
    manager, client = jupyter_client.manager.start_new_kernel(startup_timeout=900, cwd=str(tmp_path))

    def value(source, expression="0"):
        reply = client.execute(source, user_expressions={"it": expression}, reply=True, timeout=900)["content"]
        assert reply["status"] == "ok", reply
        return reply["user_expressions"]["it"]["data"]["text/plain"]

    try:
        value(OPEN)
        value("tuner.controls['hidden_dim'].value = 20")
        until(lambda: value("", "tuner.at_seven") == "True")

        def stopped():  # one that comes before the last message is done with stops nothing
            manager.interrupt_kernel()
            time.sleep(0.2)
            return value("", "tuner.at_work()") == "False"

        until(stopped)
        assert "Stopped after 8 of 300 steps, so this run is not on the board." in value("", "tuner.sent['note']")
        assert value("", "[row['hidden_dim'] for row in board.rows]") == "[100]"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
