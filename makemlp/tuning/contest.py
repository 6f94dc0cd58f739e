"""TPE beside random search (floor 4): what the sampler of lesson 06's study is worth.

    python -m makemlp.tuning.contest    run the studies that the stored table lacks (all: some minutes), and store them

Both samplers get the same space, as many trials, and the same budget for each; no trial is given up early, or the
budgets would differ. The table is kept in ``makemlp/measured/contest.jsonl``, one line per sampler and seed.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from makemlp.data import Vocabulary, bundled_names, split
from makemlp.tuning.study import Objective, _optuna

STORED = Path(__file__).parents[1] / "measured" / "contest.jsonl"
SAMPLERS = {"random": "RandomSampler", "TPE": "TPESampler"}
SEEDS = range(3)
TRIALS = 30


def play(label: str, seed: int, objective: Objective, trials: int = TRIALS) -> dict:
    """One study of `trials` trials by one sampler.

    Returns
    -------
    dict
        ``sampler``, ``seed``, ``dev`` (each trial's dev loss, in order) and ``again``, the dev loss of the best trial's
        settings from another start, which was chosen by nothing.
    """
    optuna = _optuna()
    sampler = getattr(optuna.samplers, SAMPLERS[label])(seed=seed)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.NopPruner())
    study.optimize(objective, n_trials=trials)
    again = objective.fit(**study.best_params, seed=1)[1]
    losses = [round(trial.value, 4) for trial in study.trials]
    return {"sampler": label, "seed": seed, "dev": losses, "again": round(again, 4)}


def stored() -> list[dict]:
    """Every study of the table, in the order in which they were run."""
    return [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()] if STORED.exists() else []


def main() -> None:
    """Run and store what is not there yet."""
    names = bundled_names()
    train, dev, _ = split(names)
    objective = Objective(train, dev, Vocabulary(names))
    done = {(line["sampler"], line["seed"]): line for line in stored()}
    for which in [(label, seed) for seed in SEEDS for label in SAMPLERS]:
        if which not in done:
            done[which] = play(*which, objective)
            print(json.dumps(done[which]), flush=True)
            STORED.write_text(
                "".join(json.dumps(line) + "\n" for line in done.values()), encoding="utf-8", newline="\n"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
