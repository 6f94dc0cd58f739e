"""What is written down outlives the kernel, and a look at the test set is never free."""

import json

import pytest
import torch

from makemlp import CountModel, Scoreboard, Vocabulary, build_dataset, evaluate_on_test, nll
from makemlp.scoreboard import flattery, runs_folder

NAMES = ["ada", "bob", "abba", "dodo"]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB, 2)
MODEL = CountModel(len(VOCAB), 2).fit(X, Y)


def test_runs_outlive_the_kernel(tmp_path):
    board = Scoreboard(tmp_path / "new" / "board.jsonl")
    assert len(board) == 0 and repr(board) == "0 runs in board.jsonl"
    board.add(dev=2.5, hidden_dim=100, note="zoë")
    board.add(dev=2.25, hidden_dim=200)
    again = Scoreboard(tmp_path / "new" / "board.jsonl")
    assert again.rows == board.rows and len(again) == 2
    assert [row["dev"] for row in again.best()] == [2.25, 2.5] and [row["dev"] for row in again.best(1)] == [2.25]
    assert repr(again).splitlines() == [
        "2 runs in board.jsonl, the best first:",
        "  dev 2.250  hidden_dim 200",
        "  dev 2.500  hidden_dim 100, note zoë",
    ]


def test_two_kernels_may_write_on_one_board(tmp_path):
    one, other = Scoreboard(tmp_path / "b"), Scoreboard(tmp_path / "b")
    one.add(dev=2.0)
    other.add(dev=3.0)
    assert [row["dev"] for row in Scoreboard(tmp_path / "b").rows] == [2.0, 3.0]


def test_the_board_stands_beside_the_notebook_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("MAKEMLP_RUNS")
    monkeypatch.chdir(tmp_path)
    Scoreboard().add(dev=1.0)
    assert (tmp_path / "runs" / "scoreboard.jsonl").is_file()
    monkeypatch.setenv("MAKEMLP_RUNS", str(tmp_path / "elsewhere"))
    assert runs_folder() == tmp_path / "elsewhere" and len(Scoreboard()) == 0


@pytest.mark.parametrize("line", ["{half a li", "[1]", "7"])
def test_a_line_that_is_no_run_is_named(tmp_path, line):
    path = tmp_path / "board.jsonl"
    path.write_text(f'{{"dev": 2.0}}\n{line}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"board.jsonl', line 2: this is not a run: fix or delete the line\.$"):
        Scoreboard(path)
    assert line in path.read_text(encoding="utf-8")


def test_a_board_that_cannot_be_written_or_read_says_so(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"can't be read|can't be written"):
        Scoreboard(tmp_path / "file" / "board.jsonl").add(dev=1.0)
    with pytest.raises(ValueError, match="can't be read"):
        Scoreboard(tmp_path)


# --- the vault ---


def test_looks_are_counted_for_each_test_set(tmp_path, capsys):
    path = tmp_path / "looks.jsonl"
    first = evaluate_on_test(MODEL, X, Y, path)
    assert first == nll(MODEL, X, Y) and capsys.readouterr().out.startswith("Look 1 at this test set: ")
    shorter = CountModel(len(VOCAB), 1).fit(*build_dataset(NAMES, VOCAB, 1))
    # The same names in another window are the same test set.
    evaluate_on_test(shorter, *build_dataset(NAMES, VOCAB, 1), path)
    said = capsys.readouterr().out
    assert said.startswith("Look 2 at this test set.") and f"only the first, {first:.3f}, was chosen by nothing" in said
    evaluate_on_test(MODEL, *build_dataset(NAMES[:2], VOCAB, 2), path)
    assert capsys.readouterr().out.startswith("Look 1 ")
    assert len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]) == 3


def test_no_look_without_a_trace(tmp_path):
    with pytest.raises(ValueError, match=r"can't be read|can't be written"):
        evaluate_on_test(MODEL, X, Y, tmp_path)


# --- flattery ---


def test_nothing_chosen_flatters_nobody_and_more_tries_flatter_more():
    g = torch.Generator().manual_seed(1)
    table, lengths = torch.rand(32, 400, generator=g) * 6, torch.full((400,), 6)
    gaps = [flattery(table, lengths, k, 40) for k in (1, 4, 32)]
    assert abs(gaps[0]) < 0.01 < gaps[1] < gaps[2]
    # The best of 32 means of 40 uniform numbers: 2.07 standard errors of 0.289 / sqrt(40) below the middle.
    assert gaps[2] == pytest.approx(2.07 * 0.289 / 40**0.5, rel=0.15)


def test_flattery_by_hand():
    """Two models of which each is better on one of two names: whichever is chosen looks better than it is."""
    table, lengths = torch.tensor([[1.0, 3.0], [3.0, 1.0]]), torch.tensor([1, 1])
    assert flattery(table, lengths, 2, 1, times=10) == 2.0
