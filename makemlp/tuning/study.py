"""The study of lesson 06 (floor 4): let optuna choose settings, judge them on dev, and keep every trial."""

from __future__ import annotations

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from makemlp.checkpoints import fingerprint
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.scoreboard import of_this_list, runs_folder, writable_runs_folder
from makemlp.scoring import nll
from makemlp.training import Run, learning_rate_at, progress

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage

# Where the study looks: from, to. Sizes and rates are spaced by exponents, as ratios matter.
SPACE = {
    "block_size": (3, 8),
    "emb_dim": (2, 32),
    "hidden_dim": (50, 500),
    "batch_size": (128, 1024),
    "learning_rate": (0.003, 0.1),
}
BUDGET = 2e10  # multiplications and additions per trial: about half a second of a laptop's core
STEP_COST = 2e7  # what a step costs besides, in the same coin
REPORTS = 4  # how often a trial says how it stands, the end included


def _optuna():
    try:
        import optuna
    except ImportError:
        raise ImportError("A study needs optuna: run '%pip install optuna' in a cell of the notebook.") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what is to be said, the course says in a sentence
    return optuna


def affordable_steps(
    vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, batch_size: int, budget: float = BUDGET
) -> int:
    """How many training steps of these sizes fit into a budget of multiplications and additions.

    A budget of seconds would give another answer on every machine, and on a busy one every minute.

    Source: lesson 06.
    """
    products = block_size * emb_dim * hidden_dim + hidden_dim * vocab_size
    return max(REPORTS, int(budget / (6 * batch_size * products + STEP_COST)))


class Objective:
    """What a study makes small: the dev loss of an MLP trained within a budget.

    Parameters
    ----------
    train, dev : lists of names.
    budget : multiplications and additions per trial.

    Raises
    ------
    ValueError
        if the budget is no positive and finite number.

    Source: lesson 06.
    """

    def __init__(self, train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, budget: float = BUDGET):
        if not 0 < budget < math.inf:
            raise ValueError(f"The budget is {budget}: pass how many multiplications and additions a trial may take.")
        self.train, self.dev, self.vocab, self.budget = train, dev, vocab, budget

    def __call__(self, trial: optuna.Trial) -> float:
        """One trial: settings from the study's sampler, trained, and given up early if the pruner says so."""
        settings = {name: _suggest(trial, name, *limits) for name, limits in SPACE.items()}

        def report(loss: float, part: int) -> None:
            trial.report(loss, part)
            if part < REPORTS and trial.should_prune():
                raise _optuna().TrialPruned

        model, loss = self.fit(**settings, report=report)
        trial.set_user_attr("parameters", sum(p.numel() for p in model.parameters()))
        return loss

    def fit(
        self,
        block_size: int,
        emb_dim: int,
        hidden_dim: int,
        batch_size: int,
        learning_rate: float,
        report: Callable[[float, int], None] = lambda loss, part: None,
        seed: int = 0,
    ) -> tuple[MLP, float]:
        """Train an MLP of these settings within the budget; returns it and its dev loss.

        The same settings and seed give the same loss, so a study's best can be trained again.
        """
        X, Y = build_dataset(self.train, self.vocab, block_size)
        X_dev, Y_dev = build_dataset(self.dev, self.vocab, block_size)
        model = MLP(len(self.vocab), block_size, emb_dim, hidden_dim, seed=seed)
        steps = affordable_steps(len(self.vocab), block_size, emb_dim, hidden_dim, batch_size, self.budget)
        run = Run([model], X, Y, [learning_rate], batch_size, seed)
        for part in range(1, REPORTS + 1):
            for step in range(steps * (part - 1) // REPORTS, steps * part // REPORTS):
                if not run.step(learning_rate_at(step, steps)):
                    return model, float("inf")
            run.write_back()
            loss = nll(model, X_dev, Y_dev)
            report(loss, part)
        return model, loss

    def identity(self) -> dict[str, str]:
        """What two workers of one study must agree in."""
        text = "\n".join([*self.vocab.itos, "", *self.train, "", *self.dev])
        names = torch.frombuffer(bytearray(text, "utf-8"), dtype=torch.uint8)
        return {"data": fingerprint(names), "space": json.dumps(SPACE), "budget": f"{self.budget:g}"}


def _suggest(trial: optuna.Trial, name: str, low: float, high: float) -> float:
    if isinstance(low, int):
        return trial.suggest_int(name, low, high, log=name != "block_size")
    return trial.suggest_float(name, low, high, log=True)


def open_study(
    objective: Objective, storage: str | BaseStorage | None = None, name: str = "makemlp", seed: int = 0
) -> optuna.Study:
    """A study of this objective: the one that is kept there under this name, or a new one.

    Parameters
    ----------
    storage : where trials are kept: by default the SQLite file ``runs/study.db``; or a URL, ``sqlite:///FILE``,
        ``journal:///FILE`` or ``postgresql://USER@HOST/DATABASE``; or what optuna makes of one.
    seed : of the sampler, a tree-structured Parzen estimator (TPE): after ten random trials it prefers settings like
        those of the better ones. The pruner gives up a trial that stands worse than the median of those before it.
        Workers that begin together need seeds of their own, or they begin with the same trials.

    Raises
    ------
    ValueError
        if the storage can't be used, or the study that is kept there has other names, another search space or another
        budget. No sentence holds a password.
    ImportError
        without optuna.

    Source: lesson 06.
    """
    optuna = _optuna()
    storage = file_beside(make=True) if storage is None else storage
    if isinstance(storage, str):
        from makemlp.tuning.storages import open_storage  # needs optuna

        storage = open_storage(storage, say=print)
    place = getattr(storage, "kept_at", "the storage")
    with in_words(place):
        study = _load_or_create(storage, name, objective.identity())
        first = len(study.trials)
    study.kept_at = place
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna calls the liar experimental
        # With one seed for ever, a study that goes on would draw again what it drew at first. The liar takes trials
        # that others are running for bad ones, so that two workers don't try the same.
        study.sampler = optuna.samplers.TPESampler(seed=seed + first, constant_liar=True)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
    return study


def file_beside(make: bool = False, names: str | os.PathLike | None = None) -> str:
    """The URL of the SQLite file ``runs/study.db`` beside the notebook, where studies are kept by default.

    Where another list of names is set than the bundled one, the file has the list in its name.

    Parameters
    ----------
    make : whether the file is to be written, and so its folder must be there.
    names : a file of names, if not the list that is set.

    Raises
    ------
    ValueError
        with one sentence, if the folder can't be made.
    """
    folder = writable_runs_folder() if make else runs_folder()
    if make:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"The folder '{folder}' can't be made ({error.strerror}): check MAKEMLP_RUNS.") from None
    return f"sqlite:///{(folder / of_this_list('study.db', names)).as_posix()}"


def _load_or_create(storage: BaseStorage, name: str, identity: dict[str, str]) -> optuna.Study:
    """The study of this name, if it agrees with this identity; whoever creates it says what it is of."""
    optuna = _optuna()
    try:
        study = optuna.create_study(storage=storage, study_name=name)
    except optuna.exceptions.DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=name)
        until = time.monotonic() + 5  # its creator may be about to say it
        while not identity.keys() <= study.user_attrs.keys() and time.monotonic() < until:
            time.sleep(0.1)
    kept = study.user_attrs
    for what, here in identity.items():
        if what not in kept:
            study.set_user_attr(what, here)
        elif kept[what] != here:
            other = {"data": "other names", "space": "another search space", "budget": "another budget"}[what]
            raise ValueError(f"The study '{name}' that is kept there has {other}: pass another name.")
    return study


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Turn what a storage's libraries raise into a ValueError with one sentence."""
    from makemlp.tuning.storages import explain, lost

    try:
        yield
    except Exception as error:
        if not lost(error):
            raise
        sentence = explain(error, url)
    else:
        return
    raise ValueError(sentence) from None


def tune(
    study: optuna.Study,
    objective: Objective,
    trials: int,
    callbacks: Sequence[Callable[[optuna.Study, optuna.trial.FrozenTrial], None]] = (),
) -> None:
    """Run so many more trials. An interrupt ends them early; every finished trial is kept.

    Parameters
    ----------
    callbacks : called with the study and the trial after each.

    Raises
    ------
    ValueError
        if the storage is lost on the way.

    Source: lesson 06.
    """
    with progress(total=trials, unit="trial") as bar:

        def tick(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            bar.update()
            if finished(study):
                bar.set_postfix_str(f"best {study.best_value:.3f}")

        try:
            with in_words(getattr(study, "kept_at", "the storage")):
                study.optimize(objective, n_trials=trials, callbacks=[tick, *callbacks])
        except KeyboardInterrupt:
            print(f"Stopped; {len(finished(study))} finished trials are kept.")


def finished(study: optuna.Study) -> list[dict]:
    """The trials that ran to their end or were pruned, the oldest first.

    Returns
    -------
    list of dict
        ``number``, ``pruned``, ``dev`` (the last loss that was reported) and the settings.
    """
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name in ("COMPLETE", "PRUNED") and trial.intermediate_values:
            last = trial.intermediate_values[max(trial.intermediate_values)]
            rows.append({"number": trial.number, "pruned": trial.state.name == "PRUNED", "dev": last, **trial.params})
    return rows


def standing(study: optuna.Study) -> dict[str, int]:
    """How many trials are done, running, pruned, failed and waiting to be tried again."""
    states = {"done": "COMPLETE", "running": "RUNNING", "pruned": "PRUNED", "failed": "FAIL", "waiting": "WAITING"}
    found = [trial.state.name for trial in study.get_trials(deepcopy=False)]
    return {what: found.count(state) for what, state in states.items()}
