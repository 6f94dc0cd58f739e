"""Floor 5: a study that is watched, without a browser."""

import asyncio
import html
import re
import time

import pytest

from makemlp import Objective, Vocabulary, explore_study, open_study, tune

optuna = pytest.importorskip("optuna")

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
OBJECTIVE = Objective(NAMES[:6], NAMES[6:], Vocabulary(NAMES), budget=1e6)


@pytest.fixture
def study(tmp_path):
    return open_study(OBJECTIVE, f"sqlite:///{(tmp_path / 'study.db').as_posix()}")


def counts(watcher):
    return watcher._counts.value


def message(watcher):
    return html.unescape(re.sub("<[^>]*>", "", watcher._message.value))


async def until(condition):
    """Wait for what must come sooner or later; a minute is only there so that a fault does not hang the tests."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)


def test_a_study_without_trials_has_no_picture_yet(study):
    watcher = explore_study(study)
    assert counts(watcher) == "0 done, 0 running, 0 pruned, 0 failed, 0 waiting." and watcher._picture.value == ""
    assert repr(watcher) == "Controls: watch. Run this cell to use them."


def test_outside_of_a_notebook_a_press_looks_once(study):
    watcher = explore_study(study, trials=10)
    tune(study, OBJECTIVE, trials=3)
    watcher.controls["watch"].click()
    assert counts(watcher) == f"3 done, 0 running, 0 pruned, 0 failed, 0 waiting; best so far {study.best_value:.3f}."
    assert 'alt="3 trials of a study, 0 of them given up early.' in watcher._picture.value
    assert watcher._bar.value == 3 and watcher.controls["watch"].description == "Watch"


PRUNED = optuna.trial.TrialState.PRUNED


def like(trial):
    return {"params": trial.params, "distributions": trial.distributions}


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # nobody waits for these trials' signs of life
def test_what_runs_fails_and_is_pruned_is_counted(study):
    tune(study, OBJECTIVE, trials=1)
    study.ask()
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    study.add_trial(optuna.trial.create_trial(state=PRUNED, **like(study.best_trial), intermediate_values={1: 3.0}))
    study.enqueue_trial({})
    assert counts(explore_study(study)).startswith("1 done, 1 running, 1 pruned, 1 failed, 1 waiting; best")


def test_it_looks_until_there_are_enough(study):
    async def notebook():
        watcher = explore_study(study, trials=2, every=0.01)
        watcher.controls["watch"].click()
        assert watcher.controls["watch"].description == "Stop"
        tune(study, OBJECTIVE, trials=1)
        await until(lambda: counts(watcher).startswith("1 done"))
        assert watcher.watching()
        tune(study, OBJECTIVE, trials=1)
        await until(lambda: not watcher.watching())
        assert counts(watcher).startswith("2 done") and watcher.controls["watch"].description == "Watch"
        assert watcher._bar.value == 2 and message(watcher) == ""

    asyncio.run(notebook())


def test_the_button_ends_it_and_begins_it_again(study):
    async def notebook():
        watcher = explore_study(study, every=0.01)
        for started in (True, False, True, False):
            watcher.controls["watch"].click()
            await asyncio.sleep(0.05)
            assert watcher.watching() == started
        tune(study, OBJECTIVE, trials=1)
        await asyncio.sleep(0.1)
        assert counts(watcher).startswith("0 done")

    asyncio.run(notebook())


def test_it_ends_by_itself_when_nothing_comes(study):
    async def notebook():
        watcher = explore_study(study, every=0.01, idle=0.2)
        watcher.start()
        await until(lambda: not watcher.watching())
        assert message(watcher) == "Nothing new for 0 seconds: press Watch to look again."
        assert watcher.controls["watch"].description == "Watch"

    asyncio.run(notebook())


def test_the_loop_stays_free_while_a_storage_is_slow(study, monkeypatch):
    async def notebook():
        watcher = explore_study(study, every=0.01)
        read = study.get_trials
        monkeypatch.setattr(study, "get_trials", lambda **rest: (time.sleep(1.0), read(**rest))[1])
        watcher.start()
        turns, end = 0, time.monotonic() + 0.8
        while time.monotonic() < end:
            await asyncio.sleep(0.01)
            turns += 1
        assert turns > 10  # eighty on a quiet machine; none if reading held the loop
        watcher.pause()

    asyncio.run(notebook())


def test_a_storage_that_is_away_is_said_and_what_was_seen_stays(study, monkeypatch):
    tune(study, OBJECTIVE, trials=1)
    watcher = explore_study(study)
    seen = counts(watcher), watcher._picture.value
    study.kept_at = "postgresql://me:s3cr3t@host/study"

    def away(**rest):
        try:
            raise OSError("connection to server at postgresql://me:s3cr3t@host failed: Connection refused")
        except OSError as error:
            raise optuna.exceptions.StorageInternalError("An exception is raised") from error

    with monkeypatch.context() as patch:
        patch.setattr(study, "get_trials", away)
        watcher.start()
    assert message(watcher) == (
        "No server answers at postgresql://me:***@host/study: see to it that it runs, and check host and port."
    )
    assert (counts(watcher), watcher._picture.value) == seen
    watcher.start()
    assert message(watcher) == ""


def test_a_cell_that_is_run_again_stops_its_first_watcher(study, monkeypatch):
    async def notebook():
        monkeypatch.setattr("makemlp.widgets.panel._cell", lambda: "one")
        first = explore_study(study, every=0.01)
        first.start()
        again = explore_study(study, every=0.01)
        await until(lambda: not first.watching())
        again.start()
        assert again.watching()
        again.pause()

    asyncio.run(notebook())
