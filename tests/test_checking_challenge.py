"""The open challenge: scored by its loss on dev and its time, in a notebook and where a class is graded."""

import json

import pytest
import torch
from answers import SOLUTIONS

from makemlp import nll, split
from makemlp.checking import find, wire
from makemlp.checking import grade as grading
from makemlp.checking.core import examine, judge
from makemlp.checking.exercises import lesson_09_beat_the_baseline as beating
from makemlp.checking.observing import observe

CHALLENGE = find("challenge")


def test_it_hands_out_the_lectures_train_names_and_keeps_dev():
    ((train, vocab),) = CHALLENGE.inputs()
    names, (own_train, dev, _) = beating.bundled_names(), split(beating.bundled_names())
    assert train == own_train and len(vocab) == len(set("".join(names))) + 1
    assert beating._given()[1] == dev


def test_the_loss_is_that_of_nll():
    model = CHALLENGE.reference(*CHALLENGE.inputs()[0])
    (seen,) = observe(CHALLENGE, lambda train_names, vocab: model)
    X, Y = beating._examples(model.block_size)[1]
    text = judge(CHALLENGE, [seen]).text
    assert text.startswith(f"✓ 09.8 challenge: right, {nll(model, X, Y):.3f} nats on dev: ★☆☆ in 1 s or less; ")
    assert "\n" not in text and len(text) <= 100


@pytest.mark.parametrize(
    ("loss", "seconds", "says"),
    [
        (2.113, 0.3, "★☆☆ in 1 s or less; the next star is below 1.983."),
        (1.983, 1.7, "★☆☆ in 2 s or less; the next star is below 1.983."),
        (1.982, 10.0, "★★☆ in 10 s or less; the next star is below 1.95."),
        (1.949, 19.9, "★★★ in 20 s or less."),
    ],
)
def test_each_bar_earns_a_star(loss, seconds, says):
    assert beating._stars(loss, seconds) == says


def test_the_bars_are_the_tables_of_lesson_02():
    train, _, vocab = beating._given()
    added = beating._counted(train, vocab, 3, method="add", smoothing=0.1)
    for model, bar in ((added, beating.BARS[0]), (beating._counted(train, vocab, 5), beating.BARS[1])):
        assert round(nll(model, *beating._examples(model.block_size)[1]), 3) == bar


def test_what_takes_too_long_is_refused(monkeypatch):
    clock = iter([100.0, 120.5])
    monkeypatch.setattr(beating.time, "process_time", lambda: next(clock))
    verdict = examine(CHALLENGE, CHALLENGE.reference)
    assert verdict.kind == "time"
    assert "It took 20 s of processor time, and 20 are allowed" in verdict.text


def test_dropout_is_off_when_it_is_scored():
    class Model(torch.nn.Module):
        block_size = 1

        def forward(self, X):
            assert not self.training
            return torch.zeros(len(X), len(beating._given()[2]))

    assert examine(CHALLENGE, lambda train_names, vocab: Model()).kind == "not below the table"


def test_it_is_tried_once():
    calls = []

    def challenge(train_names, vocab):
        calls.append(len(train_names))
        return CHALLENGE.reference(train_names, vocab)

    assert examine(CHALLENGE, challenge).met
    assert calls == [len(beating._given()[0])]


def test_the_judge_scores_what_passed_between_the_processes():
    seen = observe(CHALLENGE, CHALLENGE.reference)
    assert judge(CHALLENGE, wire.read(wire.write(seen))) == judge(CHALLENGE, seen)


def test_a_class_can_take_the_challenge(tmp_path):
    (solution,) = [one for one in SOLUTIONS if one.path.name.startswith("09")]
    forged = json.loads(json.dumps(solution.raw))
    (answer,) = [cell for cell in forged["cells"] if cell["id"] == "09-challenge-answer"]
    answer["source"] = (
        "torch.nn.functional.cross_entropy = lambda *_: torch.tensor(1.9)\n"
        "def challenge(train_names, vocab):\n    return MLP(len(vocab))\n"
    )
    for name, raw in (("good", solution.raw), ("forged", forged)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(raw), encoding="utf-8")
    rows = {row.learner: row for row in grading.grade(tmp_path, tmp_path / "out")}
    assert rows["good"].met == len(rows["good"].verdicts)
    found = {learner: {one.name: verdict for one, verdict in row.verdicts} for learner, row in rows.items()}
    assert found["good"]["challenge"].text.startswith("✓ 09.8 challenge: right, 1.981 nats on dev: ★★☆ in ")
    assert rows["forged"].met == rows["good"].met - 1 and found["forged"]["challenge"].kind == "not below the table"
