"""What each part of a model is worth (floor 5), by two tables: recipes that grow one after the other, as in the paper's
table, and the full model with one part taken away at a time, in one row two.

    python -m makemlp.ablation           train what the stored tables lack (some forty minutes in all), and store it
    python -m makemlp.ablation LABEL …   train these rows anew
    python -m makemlp.ablation --test …  and look at the test set for the rows that were chosen for it

Both are kept in ``makemlp/measured/ablation.jsonl``, one line per row, split and seed. Seconds are those of the
processor, so that a busy machine doesn't change them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from makemlp.counts import CountModel
from makemlp.data import Vocabulary, build_dataset, bundled_names, split
from makemlp.deep import DeepMLP, drop, train_deep
from makemlp.mixture import Mixture
from makemlp.mlp import MLP
from makemlp.scoring import nll
from makemlp.training import train
from makemlp.tuning import BUDGET, affordable_steps

STORED = Path(__file__).parent / "measured" / "ablation.jsonl"
SEEDS = (101, 102, 103)  # no recipe was chosen with them
SPLITS = {"lecture": False, "unique": True}

Model = Callable[[Tensor], Tensor]


def counts(block_size: int, method: str, names: list[str], vocab: Vocabulary, seed: int) -> Model:
    model = CountModel(len(vocab), block_size, 0.1 if method == "add" else 0.0, method)
    return model.fit(*build_dataset(names, vocab, block_size))


def plain(
    block_size: int,
    steps: int,
    learning_rate: float,
    names: list[str],
    vocab: Vocabulary,
    seed: int,
    direct: bool = False,
) -> Model:
    """The lecture's MLP, trained by the course's engine."""
    model = MLP(len(vocab), block_size, emb_dim=10, hidden_dim=200, direct=direct, seed=seed)
    train(model, *build_dataset(names, vocab, block_size), steps=steps, learning_rate=learning_rate, seed=seed)
    return model


def studied(
    names: list[str],
    vocab: Vocabulary,
    seed: int,
    *,
    block_size: int,
    emb_dim: int,
    hidden_dim: int,
    batch_size: int,
    learning_rate: float,
    budget: float,
) -> Model:
    """The lecture's kind of MLP with the settings that a study of lesson 06 found, trained within its budget."""
    model = MLP(len(vocab), block_size, emb_dim, hidden_dim, seed=seed)
    steps = affordable_steps(len(vocab), block_size, emb_dim, hidden_dim, batch_size, budget)
    examples = build_dataset(names, vocab, block_size)
    train(model, *examples, steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed)
    return model


class WithoutResidual(DeepMLP):
    """Each layer replaces what it is given."""

    def forward(self, X: Tensor) -> Tensor:
        h = self.C[X].flatten(1)  # (N, block_size * emb_dim)
        for W, b in zip(self.W, self.b, strict=True):
            h = self.layer(h, W, b)  # (N, hidden_dim)
        return h @ self.W_out + self.b_out  # (N, vocab_size)


class WithTanh(DeepMLP):
    """tanh in GELU's place."""

    def layer(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        h = (x @ W + b).tanh()  # (N, hidden_dim)
        return drop(h, self.dropout, self.generator) if self.training else h


class WithPlainStart(DeepMLP):
    """Every weight starts as a standard random number, as in the lecture's first version."""

    def random(self, rows: int, columns: int, scale: float) -> nn.Parameter:
        return super().random(rows, columns, scale=1.0)


def deep(
    names: list[str],
    vocab: Vocabulary,
    seed: int,
    *,
    soft: bool = True,
    steps: int = 2400,
    weight_decay: float = 0.1,
    kind: type[DeepMLP] = DeepMLP,
    **sizes: float,
) -> Model:
    """A DeepMLP; with `soft`, one imagined example per context comes from Kneser-Ney of 5 characters."""
    teacher = counts(5, "kneser_ney", names, vocab, seed) if soft else None
    model = kind(len(vocab), seed=seed, **sizes)
    examples = build_dataset(names, vocab, model.block_size)
    train_deep(model, *examples, steps=steps, weight_decay=weight_decay, teacher=teacher, seed=seed)
    return model


def mixed(make: Callable, weight: float, names: list[str], vocab: Vocabulary, seed: int) -> Model:
    """What `make` makes, mixed with Kneser-Ney of 5 characters."""
    return Mixture(make(names, vocab, seed), counts(5, "kneser_ney", names, vocab, seed), weight)


def average(make: Callable, names: list[str], vocab: Vocabulary, seed: int) -> Model:
    """Three models that differ by their seed, at equal parts."""
    one, two, three = (make(names, vocab, seed) for seed in SEEDS)
    return Mixture(Mixture(one, two, 1 / 2), three, 2 / 3)


SMALL = {"hidden_dim": 256, "steps": 800, "dropout": 0.1}  # what lesson 09 trains while one waits
WIDE = {"hidden_dim": 1024, "layers": 1, "steps": 3600, "soft": False}
# What two workers found on one journal file, with ten times lesson 06's budget: the lowest on dev of 79 trials.
STUDY = {
    "block_size": 6,
    "emb_dim": 19,
    "hidden_dim": 411,
    "batch_size": 388,
    "learning_rate": 0.007681716097996071,
    "budget": 10 * BUDGET,
}
STUDY_SAID = 2.0104527473449707  # its dev loss there, with seed 0
small = partial(deep, **SMALL)

# What a row is called, and how its model is made from the names of train. A row that begins with "…" changes one thing
# about the row before it.
RECIPES: dict[str, Callable[[list[str], Vocabulary, int], Model]] = {
    "counts of 1 character, 0.1 added": partial(counts, 1, "add"),
    "counts of 3 characters, 0.1 added": partial(counts, 3, "add"),
    "Kneser-Ney of 3 characters": partial(counts, 3, "kneser_ney"),
    "Kneser-Ney of 5 characters": partial(counts, 5, "kneser_ney"),
    "the lecture's MLP, 1,000 steps": partial(plain, 3, 1000, 0.02),
    "… 10,000 steps": partial(plain, 3, 10_000, 0.01),
    "… context of 8, 6,000 steps": partial(plain, 8, 6000, 0.01),
    "… direct connections": partial(plain, 8, 6000, 0.01, direct=True),
    "the best MLP of a study": partial(studied, **STUDY),
    "1,024 hidden units, 600 steps": partial(deep, **WIDE | {"steps": 600}, dropout=0.0, weight_decay=0.0),
    "… 3,600 steps": partial(deep, **WIDE, dropout=0.0, weight_decay=0.0),
    "… weight decay": partial(deep, **WIDE, dropout=0.0),
    "… dropout of a half": partial(deep, **WIDE, dropout=0.5),
    "two layers of 256, 800 steps": partial(deep, **SMALL | {"dropout": 0.0}, soft=False, kind=WithoutResidual),
    "… dropout of a tenth": partial(small, soft=False, kind=WithoutResidual),
    "… residual connection": partial(small, soft=False),
    "… soft targets": small,
    "… mixed 3 : 2 with Kneser-Ney": partial(mixed, small, 0.6),
    "… the same mixture, hard targets": partial(mixed, partial(small, soft=False), 0.6),
    "all of it, two layers of 512, 2,400 steps": deep,
    "… mixed 3 : 1 with Kneser-Ney": partial(mixed, deep, 0.75),
    "… three networks' average instead": partial(average, deep),
}
# The full model of the second table, and what is taken away from it. The row of the first table that lacks just the
# soft targets is its row here, too.
FULL = "… soft targets"
WITHOUT: dict[str, Callable[[list[str], Vocabulary, int], Model]] = {
    "without the second layer": partial(small, layers=1),
    "without the residual connection": partial(small, kind=WithoutResidual),
    "without dropout": partial(small, dropout=0.0),
    "without soft targets or dropout": partial(small, dropout=0.0, soft=False),  # does one stand in for the other?
    "without weight decay": partial(small, weight_decay=0.0),
    "without GELU: tanh": partial(small, kind=WithTanh),
    "context of 5, not 8": partial(small, block_size=5),
    "without the scaled start": partial(small, kind=WithPlainStart),
}
LEFT_OUT = {"the full model": FULL, "without soft targets": "… residual connection"}
LEFT_OUT |= {label: label for label in WITHOUT}
ALL = RECIPES | WITHOUT
# Rows that are scored on test: each was chosen, on dev, before its own score there was known.
TESTED = (
    "Kneser-Ney of 5 characters",
    "the lecture's MLP, 1,000 steps",
    "the best MLP of a study",
    "all of it, two layers of 512, 2,400 steps",
    "… mixed 3 : 1 with Kneser-Ney",
)


def size(model: Model) -> int:
    """How many numbers a model stores: parameters, or the cells of its tables that are not empty."""
    if isinstance(model, Mixture):
        return size(model.one) + size(model.other)
    if isinstance(model, CountModel):
        tables = model.counts if model.method != "add" else model.counts[-1:]
        return sum(int((table > 0).sum()) for table in tables)
    assert isinstance(model, nn.Module)
    return sum(p.numel() for p in model.parameters())


def measure(label: str, split_name: str, seed: int, look: bool = False) -> dict:
    """Train one row on one split with one seed, and score it on dev; on test, too, if one may `look`."""
    names = bundled_names()
    vocab = Vocabulary(names)
    train_names, dev_names, test_names = split(names, unique=SPLITS[split_name])
    began = time.process_time()
    model = ALL[label](train_names, vocab, seed)
    result = {"row": label, "split": split_name, "seed": seed, "seconds": round(time.process_time() - began, 1)}
    result |= {"numbers": size(model), "dev": _score(model, dev_names, vocab)}
    if look and label in TESTED:
        result["test"] = _score(model, test_names, vocab)
    return result


def _score(model: Model, names: list[str], vocab: Vocabulary) -> float:
    return round(nll(model, *build_dataset(names, vocab, model.block_size)), 4)


def stored() -> list[dict]:
    """Every measurement of both tables, in the order of the recipes."""
    if not STORED.exists():
        return []
    lines = [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]
    order = list(ALL)
    return sorted(lines, key=lambda line: (order.index(line["row"]), list(SPLITS).index(line["split"]), line["seed"]))


def _row(label: str, lines: list[dict]) -> dict:
    """A row of a table, from its measurements."""
    row = {"row": label, "numbers": lines[0]["numbers"]}
    row["seconds"] = sum(line["seconds"] for line in lines) / len(lines)
    for name in SPLITS:
        row[name] = [line["dev"] for line in lines if line["split"] == name]
    row["test"] = [line["test"] for line in lines if line["split"] == "lecture" and "test" in line]
    return row


def _rows(labels: dict[str, str]) -> list[dict]:
    """A row for each of `labels` that was measured: what it is called here, and what it is stored under."""
    lines = stored()
    measured = {name: [line for line in lines if line["row"] == label] for name, label in labels.items()}
    return [_row(name, some) for name, some in measured.items() if some]


def table() -> list[dict]:
    """The rows of the table that grows, each with a list of dev losses for each split, one per seed.

    Returns
    -------
    list of dict
        ``row``, ``numbers``, ``seconds`` (the mean), ``lecture`` and ``unique``; for some rows also ``test``, a list
        of losses on the test set of the lecture's kind of split.

    Source: lesson 09.
    """
    return _rows({label: label for label in RECIPES})


def left_out() -> list[dict]:
    """The rows of the table that takes away: the full model, then the same with one part left out or made smaller (in
    one row, two parts).

    Returns
    -------
    list of dict
        as from `table`, on the lecture's kind of split alone. All rows were trained with the same seeds.

    Source: lesson 09.
    """
    return [row | {"unique": []} for row in _rows(LEFT_OUT)]


def runs(label: str) -> list[tuple[str, str, int]]:
    """The label, split and seed of each run that a row is made of: more for the rows that others are compared with."""
    once = label.startswith(("counts", "Kneser")) or "average" in label  # counting has no seed, an average has three
    unique = 0 if label in WITHOUT else 3 if label in TESTED and not once else 1
    seeds = {"lecture": SEEDS[: 1 if once else 3], "unique": SEEDS[:unique]}
    return [(label, name, seed) for name in SPLITS for seed in seeds[name]]


def retrain(labels: list[str] | None = None, look: bool = False) -> None:
    """Train the rows of these labels, by default those that the stored tables lack, and store what came.

    The test set stays shut unless one may `look`: each look makes the next one worth less.
    """
    for label in labels or []:
        if label not in ALL:
            raise ValueError(f"The table has no row '{label}': pass one of {', '.join(ALL)}.")
    done = {(line["row"], line["split"], line["seed"]): line for line in stored()}
    for which in [which for label in labels or ALL for which in runs(label)]:
        if labels or which not in done:
            done[which] = measure(*which, look=look)
            print(json.dumps(done[which], ensure_ascii=False), flush=True)
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in done.values())
            STORED.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    retrain([label for label in sys.argv[1:] if label != "--test"], look="--test" in sys.argv)
