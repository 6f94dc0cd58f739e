"""What is written down outlives the kernel, and a look at the test set is never free."""

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from makemlp import CountModel, Scoreboard, Vocabulary, build_dataset, evaluate_on_test, nll
from makemlp.scoreboard import flattery, runs_folder
from makemlp.tuning import worker
from makemlp.tuning.study import file_beside

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


NAMES_OF_ALL_KINDS = [
    *(
        "zoë",
        "\u2028",
        "a\u2029b\x85c",
        "\x0b\x0c\x1c\x1d\x1e",
        "\r\n",
        "\t\0",
        "",
        "\ud800",
        "\udc80",
        "😀",
        '"\\',
        "-0",
        "NaN",
    ),
]


@pytest.mark.parametrize("name", NAMES_OF_ALL_KINDS, ids=ascii)
def test_any_name_is_stored_and_read_back(tmp_path, name):
    board = Scoreboard(tmp_path / "b")
    board.add(dev=1.0, name=name, names=[name, {name: None}], **{f"x{name}": 1})
    board.add(dev=2.0, name=name)
    assert Scoreboard(tmp_path / "b").rows == board.rows and board.rows[0]["name"] == name


@given(st.lists(st.text(st.characters(), max_size=4), max_size=4))
def test_all_texts_are_stored_and_read_back(names):
    with tempfile.TemporaryDirectory() as folder:
        board = Scoreboard(Path(folder, "b"))
        for name in names:
            board.add(dev=1.0, name=name)
        assert [row["name"] for row in Scoreboard(Path(folder, "b")).rows] == names


@pytest.mark.parametrize("dev", ["x", None, [1.0], torch.ones(2), {}])
def test_a_loss_is_one_number(tmp_path, dev):
    with pytest.raises(ValueError, match=r"^dev is .*: pass the loss as one number\.$"):
        Scoreboard(tmp_path / "b").add(dev=dev)
    assert not (tmp_path / "b").exists()


def test_what_is_no_data_is_not_written_down(tmp_path):
    itself = []
    itself.append(itself)
    for what in (torch.ones(2), {1, 2}, object(), itself):
        with pytest.raises(ValueError, match=r"^The run can't be written down \(.*\): pass numbers, texts and lists"):
            Scoreboard(tmp_path / "b").add(dev=1.0, what=what)
    assert not (tmp_path / "b").exists()


def test_a_full_disk_leaves_no_half_line(tmp_path):
    resource = pytest.importorskip("resource")
    board = Scoreboard(tmp_path / "b")
    board.add(dev=1.0)
    before, handler = (tmp_path / "b").read_bytes(), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, limits[1]))
        with pytest.raises(ValueError, match=r"'.*b' can't be written \(.*\): pass another path"):
            board.add(dev=2.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "b").read_bytes() == before and len(Scoreboard(tmp_path / "b")) == 1


def test_a_read_only_folder_is_said_once_and_the_lesson_goes_on(tmp_path, monkeypatch, capsys):
    """Root may write everywhere, so the system's refusal is played here."""
    monkeypatch.delenv("MAKEMLP_RUNS")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: not os.path.samefile(path, tmp_path))
    try:
        board = Scoreboard()
        board.add(dev=1.0)
        board.add(dev=2.0)
        assert Scoreboard().rows == board.rows
        study = file_beside(make=True)
        evaluate_on_test(MODEL, X, Y)
        said = capsys.readouterr().out
        assert said.count("set the environment variable MAKEMLP_RUNS to a folder of yours to keep it.") == 1
        assert str(tmp_path / "runs") in said and said.count("\n") == 2  # and the look
        assert study == f"sqlite:///{runs_folder().as_posix()}/study.db" and not list(tmp_path.iterdir())
    finally:
        shutil.rmtree(os.environ.pop("MAKEMLP_RUNS"))


def test_asking_how_a_study_stands_makes_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MAKEMLP_RUNS")
    monkeypatch.chdir(tmp_path)
    assert worker.main(["status"]) == 1
    assert "runs/study.db is not there: check its name." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [5, b"x", "a\0b"])
def test_what_is_no_path_gets_a_sentence(path):
    for use in (lambda: Scoreboard(path), lambda: evaluate_on_test(MODEL, X, Y, path)):
        with pytest.raises(ValueError, match=r"^(A path is wanted, and .* came|The path .* holds a NUL).*\.$"):
            use()


@pytest.mark.parametrize("line", ["{half a li", "[1]", "7", "{}", '{"dev": "low"}', '{"dev": null}', "[" * 100_000])
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
    assert (
        said.startswith("Look 2 at this test set.") and f"Only the first, {first:.3f}, is fair, because nothing" in said
    )
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
