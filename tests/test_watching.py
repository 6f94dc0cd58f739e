"""Floor 5: a study that is watched, without a browser."""

import asyncio
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
    """How many trials the page counts, those that there are none of left out."""
    return {what: number for what, number in watcher.sent["counts"].items() if number}


def message(watcher):
    return watcher.sent["note"]


async def until(condition):
    """Wait for what must come sooner or later; a minute is only there so that a fault does not hang the tests."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)


def test_a_study_without_trials_has_no_picture_yet(study):
    watcher = explore_study(study)
    assert counts(watcher) == {} and watcher.sent["rows"] == [] and "<img" not in watcher.to_html()
    assert repr(watcher) == "Controls: watch. Run this cell to use them."


def test_outside_of_a_notebook_a_press_looks_once(study):
    watcher = explore_study(study, trials=10)
    tune(study, OBJECTIVE, trials=3)
    watcher.controls["watch"].click()
    assert counts(watcher) == {"done": 3} and not watcher.watching()
    assert min(row["dev"] for row in watcher.sent["rows"]) == study.best_value
    assert set(watcher.sent["rows"][0]) == {"number", "pruned", "dev", *study.best_params}
    assert watcher.controls["watch"].description == "Watch"
    assert 'alt="3 trials of a study, 0 of them given up early.' in explore_study(study).to_html()


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
    assert counts(explore_study(study)) == {"done": 1, "running": 1, "pruned": 1, "failed": 1, "waiting": 1}


def test_it_looks_until_there_are_enough(study):
    async def notebook():
        watcher = explore_study(study, trials=2, every=0.01)
        watcher.controls["watch"].click()
        assert watcher.controls["watch"].description == "Stop"
        tune(study, OBJECTIVE, trials=1)
        await until(lambda: counts(watcher) == {"done": 1})
        assert watcher.watching()
        tune(study, OBJECTIVE, trials=1)
        await until(lambda: not watcher.watching())
        assert counts(watcher) == {"done": 2} and watcher.controls["watch"].description == "Watch"
        assert message(watcher) == "" and not watcher.sent["watching"]

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
        assert counts(watcher) == {}

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
    seen = counts(watcher), watcher.sent["rows"]
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
    assert (counts(watcher), watcher.sent["rows"]) == seen != ({}, [])
    watcher.start()
    assert message(watcher) == ""


def test_a_cell_that_is_run_again_stops_its_first_watcher(study, monkeypatch):
    async def notebook():
        monkeypatch.setattr("makemlp.widgets.explorable._cell", lambda: "one")
        first = explore_study(study, every=0.01)
        first.start()
        again = explore_study(study, every=0.01)
        await until(lambda: not first.watching())
        again.start()
        assert again.watching()
        again.pause()

    asyncio.run(notebook())


def test_settings_that_are_no_numbers_or_not_in_all_trials_are_left_out():
    objective = optuna.create_study()
    objective.optimize(lambda trial: told(trial, trial.suggest_categorical("kind", ["a"])), n_trials=2)
    watcher = explore_study(objective)
    assert [set(row) for row in watcher.sent["rows"]] == [{"number", "pruned", "dev", "size"}] * 2


def told(trial, kind):
    size = trial.suggest_int("size", 1, 3)
    if trial.number:
        trial.suggest_float("rate", 0.0, 1.0)
    trial.report(2.0, 1)
    return float(size)


def test_a_study_that_cannot_be_read_at_first_opens_with_a_sentence(study, monkeypatch):
    def away(**rest):
        raise optuna.exceptions.StorageInternalError("An exception is raised") from OSError("Connection refused")

    study.kept_at = "postgresql://me:s3cr3t@host/study"
    monkeypatch.setattr(study, "get_trials", away)
    watcher = explore_study(study)
    assert message(watcher).startswith("No server answers") and counts(watcher) == {}


def test_what_was_seen_is_kept_for_a_day_without_a_kernel(study, monkeypatch):
    kept = []
    monkeypatch.setattr("makemlp.widgets.explorable.Explorable.keep", lambda self: kept.append(dict(self.sent)))

    async def notebook():
        watcher = explore_study(study, trials=1, every=0.01)
        watcher.start()
        tune(study, OBJECTIVE, trials=1)
        await until(lambda: not watcher.watching())

    asyncio.run(notebook())
    assert len(kept[-1]["rows"]) == 1 and not kept[-1]["watching"]
