"""One more worker on a study (floor 4): it takes trials until there are enough, or it is told to stop."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import optuna

from makemlp.data import Vocabulary, load_names, split
from makemlp.tuning.storages import GRACE, PATIENCE, lost, masked, on_disk, open_storage, retry
from makemlp.tuning.study import BUDGET, Objective, file_beside, finished, in_words, open_study, standing

SETBACKS = 3  # so often in a row a trial may be lost with its connection, or to another worker


class Stopped(KeyboardInterrupt):
    """The worker was told to stop; optuna marks the trial under way as failed, as for any interrupt."""


class Interruptible(Objective):
    """An objective that a signal stops while it trains, but never while the storage writes.

    Attributes
    ----------
    stopping : whether a signal came.
    number : the number of the trial under way.
    """

    stopping, number, _training = False, None, False

    def __call__(self, trial: optuna.Trial) -> float:
        self.number = trial.number
        trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
        return super().__call__(trial)

    def fit(self, *, report, **settings):
        def quietly(loss: float, part: int) -> None:
            self._training = False
            report(loss, part)
            self._train()

        try:
            self._train()
            return super().fit(report=quietly, **settings)
        finally:
            self._training = False

    def _train(self) -> None:
        self._training = True
        if self.stopping:
            raise Stopped

    def rest(self, seconds: float) -> None:
        """Wait before the next try, unless a signal comes."""
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            time.sleep(0.05)

    def stop(self) -> None:
        self.stopping = True
        if self._training:
            raise Stopped


def work(study: optuna.Study, objective: Interruptible, trials: int | None, seconds: float | None) -> None:
    """Take one trial after the other; no new one when there were enough, the time is over or a signal came."""
    began, done, setbacks = time.monotonic(), 0, 0
    while not objective.stopping and (trials is None or done < trials):
        if seconds is not None and time.monotonic() - began >= seconds:
            break
        objective.number = None
        try:
            study.optimize(objective, n_trials=1, callbacks=[_say])
        except Stopped:
            retry(study, _trial(study, objective.number))
            print(f"Stopped: trial {objective.number} is queued again.", flush=True)
            return
        except Exception as error:
            setbacks += 1
            done += _after_a_setback(error, study, objective.number, last=setbacks > SETBACKS)
            objective.rest(2.0 ** (setbacks - 1))
        else:
            done, setbacks = done + 1, 0
    if objective.stopping:
        print("Stopped between two trials.", flush=True)


def _after_a_setback(error: Exception, study: optuna.Study, number: int | None, last: bool) -> bool:
    """Say what came between, if one can go on after it. Whether the trial under way was over by then."""
    if _taken(error):
        print(f"Trial {number} was given to another worker meanwhile.", flush=True)
        if last:
            raise ValueError(
                f"The last {SETBACKS + 1} trials were given to other workers, because this one was silent too long: "
                "raise --grace, or run fewer workers on this machine."
            ) from None
        return False
    if not lost(error):
        raise error
    if on_disk(error):
        _hand_on(study, number)
        raise error
    if last:
        raise error
    return _after_a_loss(study, number)


def _taken(error: Exception) -> bool:
    """Whether the others took the trial for abandoned: this machine slept, or was cut off, for that long."""
    is_over = isinstance(error, ValueError) and re.fullmatch(r"Cannot tell a [A-Z]+ trial\.", str(error))
    return isinstance(error, optuna.exceptions.UpdateFinishedTrialError) or bool(is_over)


def _hand_on(study: optuna.Study, number: int | None) -> None:
    """Queue the trial that a full disk or a removed file made fail, if that can be written."""
    with contextlib.suppress(Exception):  # it can't; then the trial is silent from now on, and taken for abandoned
        if number is not None and _trial(study, number).state.name == "FAIL":
            retry(study, _trial(study, number))


def _after_a_loss(study: optuna.Study, number: int | None) -> bool:
    """The server went in the middle of a transaction. Whether the trial under way was over by then."""
    if number is None:
        print("The connection was lost between two trials.", flush=True)
        return False
    trial = _trial(study, number)
    if trial.state.name in ("COMPLETE", "PRUNED"):
        _say(study, trial)
        return True
    if trial.state.name == "RUNNING":  # nobody trains it any more: others need not wait until it looks abandoned
        study.tell(number, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
        trial = _trial(study, number)
    if trial.state.name == "FAIL":
        retry(study, trial)
    print(f"The connection was lost in trial {number}; it will be tried again.", flush=True)
    return False


def _trial(study: optuna.Study, number: int) -> optuna.trial.FrozenTrial:
    return study.get_trials(deepcopy=False)[number]


def _say(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    end = f"dev {trial.value:.4f}" if trial.state.name == "COMPLETE" else trial.state.name.lower()
    print(f"trial {trial.number}: {end}", flush=True)


def said(study: optuna.Study) -> str:
    """How a study stands, in a sentence."""
    counts = ", ".join(f"{number} {what}" for what, number in standing(study).items() if number or what == "done")
    done = [row for row in finished(study) if not row["pruned"]]
    if not done:
        return f"{counts}."
    best = min(done, key=lambda row: row["dev"])
    settings = ", ".join(f"{name} {best[name]:.3g}" for name in best if name not in ("number", "pruned", "dev"))
    return f"{counts}; best dev {best['dev']:.4f} by trial {best['number']}: {settings}."


def _objective(options: argparse.Namespace, storage: optuna.storages.BaseStorage) -> Interruptible:
    """The objective of lesson 06, on the names and with the budget that were asked for; or with the study's budget."""
    names = load_names(options.names)
    train, dev, _ = split(names, unique=options.unique)
    budget = options.budget
    if budget is None:
        kept = {summary.study_name: summary.user_attrs for summary in storage.get_all_studies()}
        budget = float(kept.get(options.study, {}).get("budget", BUDGET))
    return Interruptible(train, dev, Vocabulary(names), budget)


def run_worker(options: argparse.Namespace) -> None:
    storage = open_storage(options.storage, options.grace, options.patience, lambda said: print(said, flush=True))
    with in_words(options.storage):
        objective = _objective(options, storage)
        seed = random.SystemRandom().randrange(2**31)  # workers that begin together must not try the same
        study = open_study(objective, storage, options.study, seed)

        def stop(signum: int, frame: object) -> None:
            if hasattr(storage, "patience"):
                storage.patience.hurry.set()  # whoever stops a worker does not wait for a server
            objective.stop()

        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, stop)
        print(f"Worker {os.getpid()} on study '{options.study}' at {masked(options.storage)}.", flush=True)
        work(study, objective, options.trials, options.seconds)
        print(said(study), flush=True)


def run_status(options: argparse.Namespace) -> None:
    storage = open_storage(options.storage, only_read=True)
    with in_words(options.storage):
        names = [study.study_name for study in storage.get_all_studies()]
        if options.study not in names:
            there = ", ".join(names) or "none"
            raise ValueError(f"{masked(options.storage)} has no study '{options.study}': there is {there}.")
        print(said(optuna.load_study(storage=storage, study_name=options.study)))


class Parser(argparse.ArgumentParser):
    """One whose complaints about the command line quote no password of a URL in it."""

    def __init__(self, arguments: Sequence[str], **options: object):
        super().__init__(**options)
        self._arguments = arguments

    def error(self, message: str) -> NoReturn:
        for argument in sorted(self._arguments, key=len, reverse=True):
            for quoted in (argument, argument.partition("=")[2]):
                if "://" in quoted or "@" in quoted:
                    message = message.replace(repr(quoted), repr(masked(quoted))).replace(quoted, masked(quoted))
        super().error(message)


def number(least: float, whole: bool = False) -> Callable[[str], float]:
    """A type for argparse: a finite number that is not below the least one."""

    def read(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = math.nan
        if not least <= value < math.inf:
            raise argparse.ArgumentTypeError(f"pass a {'whole ' * whole}number from {least} on, not {masked(text)!r}")
        return value

    return read


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, also after a signal; 1 with one sentence on stderr when the study can't be worked on."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = Parser(arguments, prog="python -m makemlp.tuning", description="A study that many machines share.")
    verbs = parser.add_subparsers(
        required=True, metavar="worker|status", parser_class=lambda **options: Parser(arguments, **options)
    )
    worker = verbs.add_parser("worker", help="take trials of a study until told to stop")
    status = verbs.add_parser("status", help="say how a study stands")
    for verb, run in ((worker, run_worker), (status, run_status)):
        verb.set_defaults(run=run)
        forms = "sqlite:///…, journal:///… or postgresql://… (the file runs/study.db)"
        verb.add_argument("--storage", metavar="URL", help=forms)
        verb.add_argument("--study", default="makemlp", metavar="NAME", help="its name there (makemlp)")
    silence = f"seconds until a silent trial is tried again ({GRACE})"
    worker.add_argument("--trials", type=number(1, whole=True), help="end after so many trials")
    worker.add_argument("--seconds", type=number(0), help="begin no trial after so many seconds")
    worker.add_argument(
        "--names", metavar="FILE", help="a file, one name per line, or a list that ships (the list that is set)"
    )
    worker.add_argument("--unique", action="store_true", help="keep each name once before splitting")
    worker.add_argument("--budget", type=float, help="multiplications and additions per trial (the study's)")
    worker.add_argument("--grace", type=number(4, whole=True), default=GRACE, help=silence)
    worker.add_argument("--patience", type=number(0), default=PATIENCE, help="seconds to wait for a lost server (120)")
    options = parser.parse_args(arguments)
    try:
        options.storage = options.storage or file_beside(options.run is run_worker, getattr(options, "names", None))
        options.run(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
