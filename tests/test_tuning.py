"""Studies: what was found can be found again, an interrupt loses nothing, and strangers are refused."""

import builtins
import math
import sys

import pytest
from interrupts import stopped

from makemlp import MLP, Vocabulary, build_dataset, load_names, nll
from makemlp.tuning import SPACE, Objective, affordable_steps, finished, open_study, tune

optuna = pytest.importorskip("optuna")

NAMES = load_names()[:200]
VOCAB = Vocabulary(NAMES)
TRAIN, DEV = NAMES[:160], NAMES[160:]
SETTINGS = {"block_size": 3, "emb_dim": 4, "hidden_dim": 20, "batch_size": 64, "learning_rate": 0.02}


@pytest.fixture
def objective():
    return Objective(TRAIN, DEV, VOCAB, budget=1e9)


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{(tmp_path / 'study.db').as_posix()}"


def test_larger_models_get_fewer_steps_for_the_same_budget():
    small, large = (affordable_steps(27, 3, 10, hidden, 512, budget=1e10) for hidden in (50, 500))
    # 6 multiplications and additions for each weight and example (a product forward, two backward), and 2e7 a step.
    assert small == int(1e10 / (6 * 512 * (30 * 50 + 50 * 27) + 2e7)) and large < small / 3
    assert affordable_steps(27, 8, 32, 500, 1024, budget=1) == 4  # a step for each report


def test_an_objective_is_the_dev_loss_of_a_model_that_it_returns(objective):
    model, loss = objective.fit(**SETTINGS)
    assert loss == nll(model, *build_dataset(DEV, VOCAB)) and loss < math.log(len(VOCAB)) - 0.3
    assert objective.fit(**SETTINGS)[1] == loss != objective.fit(**SETTINGS, seed=1)[1]


def test_reports_come_in_equal_parts_and_the_last_is_the_loss(objective):
    reports = []
    loss = objective.fit(**SETTINGS, report=lambda loss, part: reports.append((part, loss)))[1]
    assert [part for part, _ in reports] == [1, 2, 3, 4] and reports[-1][1] == loss < reports[0][1]


def test_a_run_that_diverges_is_worth_nothing(objective):
    assert objective.fit(**{**SETTINGS, "learning_rate": 1e6})[1] == math.inf


def test_the_best_of_a_study_can_be_trained_again(objective, storage):
    study = open_study(objective, storage)
    tune(study, objective, trials=6)
    assert [row["number"] for row in finished(study)] == list(range(6))
    for row in finished(study):
        for name, (low, high) in SPACE.items():
            assert low <= row[name] <= high
    best = min((row for row in finished(study) if not row["pruned"]), key=lambda row: row["dev"])
    assert study.best_value == best["dev"] == objective.fit(**study.best_params)[1]
    model = MLP(len(VOCAB), *(study.best_params[name] for name in ("block_size", "emb_dim", "hidden_dim")))
    assert study.best_trial.user_attrs["parameters"] == sum(p.numel() for p in model.parameters())


def tuned_until_the_stop_button(press, objective, storage):
    stop = lambda study, trial: press() if trial.number == 2 else None  # noqa: E731
    tune(open_study(objective, storage), objective, trials=9, callbacks=[stop])


def test_an_interrupted_study_goes_on_from_its_file(objective, storage):
    printed = stopped(tuned_until_the_stop_button, objective, storage)[1]
    assert printed == "Stopped; 3 finished trials are kept.\n"
    study = open_study(objective, storage)  # as after a restart
    first = finished(study)
    tune(study, objective, trials=3)
    rows = finished(study)
    assert rows[:3] == first and [row["number"] for row in rows] == list(range(6))
    # A sampler that began with its first seed again would repeat the first trials.
    assert len({row["learning_rate"] for row in rows}) == 6


def tuned_until_the_stop_button_in_mid_trial(press, objective, storage):
    Objective.fit = lambda *rest, **settings: press()
    tune(open_study(objective, storage), objective, trials=2)


def test_an_interrupt_in_mid_trial_keeps_those_before(objective, storage):
    study = open_study(objective, storage)
    tune(study, objective, trials=2)
    printed = stopped(tuned_until_the_stop_button_in_mid_trial, objective, storage)[1]
    assert printed == "Stopped; 2 finished trials are kept.\n"
    assert [trial.state.name for trial in study.trials][2:] == ["FAIL"]


def test_a_trial_far_behind_is_given_up(objective, storage, monkeypatch):
    study = open_study(objective, storage)
    tune(study, objective, trials=5)
    parts = []

    def hopeless(self, report, **settings):
        for part in range(1, 5):
            parts.append(part)
            report(50.0, part)

    monkeypatch.setattr(Objective, "fit", hopeless)
    tune(study, objective, trials=1)
    assert parts == [1] and finished(study)[-1]["pruned"] and finished(study)[-1]["dev"] == 50.0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (Objective(TRAIN[:-1], DEV, VOCAB, 1e9), "other names"),
        (Objective(TRAIN[:-1], [TRAIN[-1], *DEV], VOCAB, 1e9), "other names"),
        (Objective(TRAIN, DEV, VOCAB, 2e9), "another budget"),
    ],
)
def test_a_study_of_something_else_is_refused(objective, storage, other, says):
    open_study(objective, storage)
    with pytest.raises(ValueError, match=f"The study 'makemlp' that is kept there has {says}: pass another name."):
        open_study(other, storage)
    open_study(other, storage, name="mine")


def test_a_study_of_another_space_is_refused(objective, storage, monkeypatch):
    open_study(objective, storage)
    monkeypatch.setitem(SPACE, "hidden_dim", (50, 5000))
    with pytest.raises(ValueError, match="another search space"):
        open_study(objective, storage)


def test_without_optuna_one_sentence_says_what_to_do(objective, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name == "optuna":
            raise ImportError
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "optuna")
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match="A study needs optuna: run '%pip install optuna' in a cell"):
        open_study(objective)
