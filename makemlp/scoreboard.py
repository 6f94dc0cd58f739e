"""What was tried (floor 3): every run and every look at the test set, in files that a restart leaves alone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from makemlp.checkpoints import fingerprint
from makemlp.scoring import nll


def runs_folder() -> Path:
    """Where runs are kept: the folder `runs` beside the notebook, or the one that MAKEMLP_RUNS names."""
    return Path(os.environ.get("MAKEMLP_RUNS") or "runs")


class Scoreboard:
    """Runs and their losses in a file, one line per run, so that they are still there after the kernel ends.

    Parameters
    ----------
    path : the file, by default ``runs/scoreboard.jsonl``. If it exists, its runs are on the board.

    Attributes
    ----------
    rows : list of dict, the oldest first; each has at least ``dev``, a loss in nats per character.

    Raises
    ------
    ValueError
        if the file can't be read or written, or one of its lines is not a run.

    Source: lesson 06.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self.path = Path(path) if path is not None else runs_folder() / "scoreboard.jsonl"
        self.rows = _read_lines(self.path)

    def add(self, *, dev: float, **what: object) -> dict:
        """Write down a run: its dev loss, and what else you pass. Returns its row."""
        row = {**what, "dev": float(dev), "when": time.strftime("%Y-%m-%d %H:%M")}
        _append_line(self.path, row)
        self.rows.append(row)
        return row

    def best(self, n: int = 5) -> list[dict]:
        """The n runs with the lowest dev losses."""
        return sorted(self.rows, key=lambda row: row["dev"])[:n]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        lines = [f"{len(self)} runs in {self.path.name}" + (", the best first:" if self.rows else "")]
        for row in self.best():
            rest = ", ".join(f"{name} {value}" for name, value in row.items() if name not in ("dev", "when"))
            lines.append(f"  dev {row['dev']:.3f}  {rest}")
        return "\n".join(lines)


def evaluate_on_test(
    model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor, path: str | os.PathLike | None = None
) -> float:
    """The loss on the test set. The look is written down in a file.

    Parameters
    ----------
    model : maps contexts (N, block_size) to logits (N, vocab_size).
    X, Y : (N, block_size) and (N,) int64, the test set's examples. Sets with another Y are other sets.
    path : where looks are written down, by default ``runs/test_looks.jsonl``.

    Returns
    -------
    float
        in nats per character. It also prints how often this set was looked at.

    Raises
    ------
    ValueError
        if the look can't be written down; then no loss is shown.

    Source: lesson 06.
    """
    path = Path(path) if path is not None else runs_folder() / "test_looks.jsonl"
    which = fingerprint(Y)
    earlier = [look for look in _read_lines(path) if look.get("set") == which]
    loss = nll(model, X, Y)
    _append_line(path, {"set": which, "loss": loss, "when": time.strftime("%Y-%m-%d %H:%M")})
    if earlier:
        print(
            f"Look {len(earlier) + 1} at this test set. The lowest of several looks flatters: only the first, "
            f"{earlier[0]['loss']:.3f}, was chosen by nothing that was seen here."
        )
    else:
        print("Look 1 at this test set: whatever you change because of it, the next look will flatter.")
    return loss


def flattery(table: Tensor, lengths: Tensor, k: int, size: int, times: int = 500, seed: int = 0) -> float:
    """By how much the best of k models looks better on the names that it was chosen on than on the others.

    Parameters
    ----------
    table : (models, names), the loss of each model on each name, summed over its characters.
    lengths : (names,), the characters of each name.
    k : how many models are compared, drawn at random.
    size : how many names they are compared on, drawn at random.
    times : how many such draws the mean is over.

    Returns
    -------
    float
        in nats per character, about 0 for k = 1.

    Source: lesson 06.
    """
    g = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(times):
        some, rest = torch.randperm(len(lengths), generator=g).tensor_split([size])
        who = torch.randperm(len(table), generator=g)[:k]
        scores = table[who][:, some].sum(1) / lengths[some].sum()  # (k,)
        best = who[scores.argmin()]
        total += (table[best, rest].sum() / lengths[rest].sum() - scores.min()).item()
    return total / times


def _read_lines(path: Path) -> list[dict]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' can't be read ({error}): pass another path.") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise ValueError(f"'{path}', line {number}: this is not a run: fix or delete the line.")
        rows.append(row)
    return rows


def _append_line(path: Path, row: dict) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ValueError(f"'{path}' can't be written ({error.strerror}): pass another path.") from None
