"""Measure a study that grows: trials an hour of one worker and of two, and what each storage takes of a trial.

    python tools/growth.py            tables, and what docs/many_machines.md quotes: makemlp/measured/growth.json
    QUICK=1 python tools/growth.py    fewer and shorter runs, and nothing is stored

Workers are processes as a person starts them. The cost is that of a trial that trains nothing: asked for, five settings
drawn, reported four times, told. So it holds the sampler's and the pruner's work too; the row "memory" is that alone.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna

import makemlp
from makemlp.tuning import SPACE, Objective, open_study
from makemlp.tuning.storages import open_storage

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from postgresql import Server, programs

QUICK = os.environ.get("QUICK", "") not in ("", "0")
SIZES = (1, 10, 100) if QUICK else (1, 10, 100, 1000)
REPEATS = 5 if QUICK else 15
SECONDS = 20 if QUICK else 90  # of each run of the workers
ROUNDS = 1 if QUICK else 2
STORED = Path("makemlp/measured/growth.json")

names = makemlp.data.bundled_names()
vocab = makemlp.Vocabulary(names)
train, dev, _ = makemlp.split(names)


class Idle(Objective):
    """Trains nothing, and reports losses that nobody prunes."""

    def fit(self, *, report, **settings):
        for part in range(1, 5):
            report(2.0 - part / 10, part)
        return makemlp.MLP(2, 1, 1, 1), 2.0 + random.random()


def finished_trial() -> optuna.trial.FrozenTrial:
    """A trial as a worker leaves it, with settings at random."""
    distributions = {
        name: optuna.distributions.IntDistribution(low, high, log=name != "block_size")
        if isinstance(low, int)
        else optuna.distributions.FloatDistribution(low, high, log=True)
        for name, (low, high) in SPACE.items()
    }
    params = {name: type(low)(random.uniform(low, high)) for name, (low, high) in SPACE.items()}
    return optuna.trial.create_trial(
        value=2.0 + random.random(),
        params=params,
        distributions=distributions,
        intermediate_values=dict.fromkeys(range(1, 5), 3.0),
        user_attrs={"parameters": 1, "worker": "growth"},
    )


@contextmanager
def storages() -> Iterator[dict[str, Callable[[], object]]]:
    """How each storage is opened, fresh, in a scratch folder."""
    with tempfile.TemporaryDirectory() as folder:
        places: dict[str, Callable[[], object]] = {
            "memory": optuna.storages.InMemoryStorage,
            "SQLite": lambda: open_storage(f"sqlite:///{folder}/study.db"),
            "journal": lambda: open_storage(f"journal:///{folder}/study.journal"),
        }
        server = Server("growth") if programs() else None
        if server is None:
            print("No PostgreSQL on this machine: it is left out.")
        else:
            url = f"postgresql://{server.user}:growth@127.0.0.1:{server.port}/study"
            places["PostgreSQL"] = lambda: open_storage(url)
        try:
            yield places
        finally:
            if server is not None:
                server.remove()


def cost(opened: Callable[[], object]) -> dict[str, dict[str, float]]:
    """Milliseconds a trial, median and least of several, and the processor's, by how many finished trials there are."""
    objective, storage, costs = Idle(train, dev, vocab), opened(), {}
    for size in SIZES:
        study = open_study(objective, storage, f"growth {size}")
        study.add_trials([finished_trial() for _ in range(size)])
        times, busy = [], time.process_time()
        for _ in range(REPEATS):
            began = time.perf_counter()
            study.optimize(objective, n_trials=1)
            times.append(1000 * (time.perf_counter() - began))
        busy = 1000 * (time.process_time() - busy) / REPEATS
        costs[str(size)] = {
            "median": round(statistics.median(times), 1),
            "least": round(min(times), 1),
            "processor": round(busy, 1),
        }
    if not isinstance(storage, optuna.storages.InMemoryStorage):
        began = time.perf_counter()
        open_study(objective, opened(), f"growth {SIZES[-1]}").trials  # noqa: B018  (reads them all)
        costs["open"] = {"median": round(1000 * (time.perf_counter() - began), 1)}
    return costs


def an_hour(workers: int) -> tuple[float, float]:
    """Trials an hour of so many workers of lesson 06's study together, and processor seconds a trial.

    Counted from the first trial's start to the end of the last one that was begun in time, so that what Python takes
    to start is no part of it; the processor's seconds hold it.
    """
    with tempfile.TemporaryDirectory() as folder:
        url = f"journal:///{folder}/study.journal"
        command = [sys.executable, "-m", "makemlp.tuning", "worker", "--storage", url, "--seconds", str(SECONDS)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
        said = [worker.communicate()[0] for worker in running]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        trials = open_study(Objective(train, dev, vocab), url).trials
    assert sum(len(re.findall(r"^trial ", text, re.M)) for text in said) == len(trials)
    wall = max(t.datetime_complete for t in trials) - min(t.datetime_start for t in trials)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 3600 * len(trials) / wall.total_seconds(), used / len(trials)


def main() -> None:
    found: dict = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "cost": {}, "hour": {}}
    with storages() as places:
        for label, opened in places.items():
            found["cost"][label] = cost(opened)
            line = ", ".join(f"{size}: {'/'.join(map(str, ms.values()))}" for size, ms in found["cost"][label].items())
            print(f"{label:<10} ms a trial, median/least/processor, by finished trials: {line}", flush=True)
    runs = [(workers, *an_hour(workers)) for _ in range(ROUNDS) for workers in (1, 2)]
    for workers in (1, 2):
        mine = [run for run in runs if run[0] == workers]
        found["hour"][str(workers)] = {
            "trials": round(max(run[1] for run in mine)),
            "cpu": round(min(run[2] for run in mine), 2),
        }
        print(f"{workers} worker(s): {found['hour'][str(workers)]}", flush=True)
    found["ratio"] = round(found["hour"]["2"]["trials"] / found["hour"]["1"]["trials"], 2)
    print(f"two workers: {found['ratio']} times as many trials; load {found['load']} when this began")
    if not QUICK:
        STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
