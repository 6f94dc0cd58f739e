"""What was tried (floor 3): every run and every look at the test set, in files that a restart leaves alone."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from makemlp.checkpoints import fingerprint
from makemlp.data import path_of
from makemlp.data.setting import list_tag
from makemlp.scoring import nll


def runs_folder() -> Path:
    """Where runs are kept: the folder `runs` beside the notebook, or the one that MAKEMLP_RUNS names."""
    return Path(os.environ.get("MAKEMLP_RUNS") or "runs")


def writable_runs_folder() -> Path:
    """As `runs_folder`; but where the folder beside the notebook can't be written, a temporary one, which is said once.

    It sets MAKEMLP_RUNS for this process and those that it starts, so that all of them use the same folder.
    """
    folder = runs_folder()
    nearest = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if os.environ.get("MAKEMLP_RUNS") or os.access(nearest, os.W_OK):
        return folder
    os.environ["MAKEMLP_RUNS"] = tempfile.mkdtemp(prefix="makemlp-runs-")
    print(
        f"'{folder.absolute()}' can't be written, so what you run is kept in '{runs_folder()}', which may be gone "
        f"tomorrow: set the environment variable MAKEMLP_RUNS to a folder of yours to keep it."
    )
    return runs_folder()


def of_this_list(file: str, names: str | os.PathLike | None = None) -> str:
    """The name of a file of runs for the list of names that is set, or for the one in the file `names`.

    It is ``study.db`` for the bundled names, and such as ``study-my_list-1f0c9a2b.db`` for another list, so that the
    runs of two lists never meet.
    """
    stem, dot, extension = file.rpartition(".")
    return "-".join(filter(None, (stem, list_tag(names)))) + dot + extension


class Scoreboard:
    """Runs and their losses in a file, one line per run, so that they are still there after the kernel ends.

    Parameters
    ----------
    path : the file, by default ``runs/scoreboard.jsonl``; where another list of names is set, one that has that list
        in its name. If it exists, its runs are on the board.

    Attributes
    ----------
    rows : list of dict, the oldest first; each has at least ``dev``, a loss in nats per character.

    Raises
    ------
    ValueError
        if the file can't be read or written, one of its lines is not a run, or what is to be written down is no
        number, text or list of them.

    Source: lesson 06.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self._beside = path is None
        self.path = runs_folder() / of_this_list("scoreboard.jsonl") if path is None else path_of(path)
        self.rows = _read_lines(self.path, "dev")

    def add(self, *, dev: float, **what: object) -> dict:
        """Write down a run: its dev loss, and what else you pass. Returns its row."""
        try:
            loss = float(dev)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"dev is {dev!r:.60}: pass the loss as one number.") from None
        if self._beside:
            self.path = writable_runs_folder() / self.path.name
        row = {**what, "dev": loss, "when": time.strftime("%Y-%m-%d %H:%M")}
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
    name, which = "test_looks.jsonl", fingerprint(Y)
    looks = _read_lines(runs_folder() / name if path is None else path_of(path), "loss")
    earlier = [look for look in looks if look.get("set") == which]
    loss = nll(model, X, Y)
    path = writable_runs_folder() / name if path is None else Path(path)
    _append_line(path, {"set": which, "loss": loss, "when": time.strftime("%Y-%m-%d %H:%M")})
    if earlier:
        print(
            f"Look {len(earlier) + 1} at this test set. The lowest of several looks flatters. Only the first, "
            f"{earlier[0]['loss']:.3f}, is fair, because nothing had been chosen by looking at these names."
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


def _read_lines(path: Path, number: str) -> list[dict]:
    """The rows in a file; each has at least this number."""
    if path.exists() and not path.is_file():
        raise ValueError(f"'{path}' can't be read, because it is no file: pass another path.")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' can't be read ({error}): pass another path.") from None
    rows = []
    # Only "\n" ends a row: a name may hold what `splitlines` also takes for an end, such as U+2028.
    for place, line in enumerate(text.removesuffix("\n").split("\n") if text else [], start=1):
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            row = None
        if not isinstance(row, dict) or type(row.get(number)) not in (int, float):
            raise ValueError(f"'{path}', line {place}: this is not a run: fix or delete the line.")
        rows.append(row)
    return rows


def _append_line(path: Path, row: dict) -> None:
    """Write a row at the end of the file, whole or not at all."""
    try:
        line = json.dumps(row).encode() + b"\n"  # in ASCII: half a surrogate pair, which a name may hold, has no UTF-8
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The run can't be written down ({error}): pass numbers, texts and lists of them.") from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            if file.write(line) < len(line):  # the disk is full
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise ValueError(f"'{path}' can't be written ({error.strerror}): pass another path.") from None
