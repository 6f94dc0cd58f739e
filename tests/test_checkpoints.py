"""Runs and models in files: gone on with as if nothing had happened, and every bad file met by one sentence."""

import re

import pytest
import torch
from interrupts import stopped

from makemlp import checkpoints, training
from makemlp.checkpoints import load_model, save_model
from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.training import SGD, Adam, Run, learning_rate_at, train, train_many

NAMES = load_names()[:60]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB)


def models(n=2, **sizes):
    return [MLP(len(VOCAB), emb_dim=4, hidden_dim=20, seed=seed, **sizes) for seed in range(n)]


SETTINGS = {"learning_rates": [0.02, 0.05], "steps": 40, "batch_size": 64, "seed": 3}


@pytest.fixture
def stop_at(monkeypatch):
    """Raise an error, as if the kernel were gone, when a run is about to take a certain step."""

    def arrange(step, error):
        taken = Run.step

        def until(run, share=1.0):
            if len(run.losses) == step:
                raise error
            return taken(run, share)

        monkeypatch.setattr(Run, "step", until)
        return lambda: monkeypatch.setattr(Run, "step", taken)

    return arrange


def run_until_the_stop_button(press, file, optimizer, direct):
    taken = Run.step

    def until(run, share=1.0):
        if len(run.losses) == 17:
            press()
        return taken(run, share)

    Run.step = until
    return train_many(models(direct=direct), X, Y, **SETTINGS, optimizer=optimizer, checkpoint=file)


@pytest.mark.parametrize("optimizer", [Adam, SGD])
@pytest.mark.parametrize("direct", [False, True])
def test_an_interrupted_run_ends_as_if_it_had_never_stopped(tmp_path, optimizer, direct):
    whole, parts = models(direct=direct), models(direct=direct)
    losses = train_many(whole, X, Y, **SETTINGS, optimizer=optimizer)
    first, printed = stopped(run_until_the_stop_button, tmp_path / "run.pt", optimizer, direct)
    assert first.shape == (2, 17) and "Stopped at step 17 of 40" in printed
    again = train_many(parts, X, Y, **SETTINGS, optimizer=optimizer, checkpoint=tmp_path / "run.pt")
    assert torch.equal(losses, again)
    for one, other in zip(whole, parts, strict=True):
        assert all(torch.equal(p, q) for p, q in zip(one.parameters(), other.parameters(), strict=True))


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path, stop_at, monkeypatch):
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)  # after every step
    go_on = stop_at(9, SystemExit())
    with pytest.raises(SystemExit):
        train_many(models(), X, Y, **SETTINGS, checkpoint=tmp_path / "run.pt")
    go_on()
    steps = []
    monkeypatch.setattr(training, "learning_rate_at", lambda step, of: steps.append(step) or learning_rate_at(step, of))
    again = train_many(models(), X, Y, **SETTINGS, checkpoint=tmp_path / "run.pt")
    assert steps == list(range(9, 40))
    assert torch.equal(again, train_many(models(), X, Y, **SETTINGS))


def test_a_finished_run_is_not_run_again(tmp_path, stop_at):
    one, other = a_model(), a_model()
    losses = train(one, X, Y, steps=30, checkpoint=tmp_path / "run.pt")
    stop_at(30, AssertionError("took another step"))
    assert train(other, X, Y, steps=30, checkpoint=tmp_path / "run.pt") == losses
    assert torch.equal(one.W1, other.W1)


def a_model():
    return models(1)[0]


OTHERS = {
    "steps": (lambda p: train(a_model(), X, Y, steps=20, checkpoint=p), "steps 10, not 20"),
    "batch_size": (lambda p: train(a_model(), X, Y, steps=10, batch_size=9, checkpoint=p), "batch_size 512, not 9"),
    "rate": (
        lambda p: train(a_model(), X, Y, steps=10, learning_rate=0.1, checkpoint=p),
        "learning_rates [0.02], not [0.1]",
    ),
    "seed": (lambda p: train(a_model(), X, Y, steps=10, seed=1, checkpoint=p), "seed 0, not 1"),
    "start": (lambda p: train(models(2)[1], X, Y, steps=10, checkpoint=p), "models with another start"),
    "examples": (lambda p: train(a_model(), X[:-1], Y[:-1], steps=10, checkpoint=p), "other examples (names, split or"),
    "sizes": (
        lambda p: train(MLP(len(VOCAB), emb_dim=4, hidden_dim=9), X, Y, steps=10, checkpoint=p),
        f"sizes [[{len(VOCAB)}, 4], [12, 20]",
    ),
    "optimizer": (
        lambda p: train_many(models(1), X, Y, learning_rates=[0.02], steps=10, optimizer=SGD, checkpoint=p),
        "optimizer Adam, not SGD",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path, other):
    path = tmp_path / "run.pt"
    train(a_model(), X, Y, steps=10, checkpoint=path)
    before = path.read_bytes()
    again, difference = OTHERS[other]
    with pytest.raises(ValueError, match=re.escape(difference)) as caught:
        again(path)
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith("pass the same as then, or another path.")
    assert path.read_bytes() == before


def test_another_vocabulary_of_the_same_size_is_other_examples(tmp_path):
    def run(names):
        vocab = Vocabulary(names)
        train(MLP(len(vocab)), *build_dataset(names, vocab), steps=2, checkpoint=tmp_path / "run.pt")

    run(["ab", "ba"])
    with pytest.raises(ValueError, match="other examples"):
        run(["xy", "xx"])


# --- models ---


@pytest.mark.parametrize("direct", [False, True])
def test_a_model_comes_back_as_it_was(tmp_path, direct):
    model = MLP(len(VOCAB), block_size=4, emb_dim=3, hidden_dim=7, direct=direct, seed=5)
    save_model(model, VOCAB, tmp_path / "new folder" / "model.pt")
    back = load_model(tmp_path / "new folder" / "model.pt", VOCAB)
    contexts = build_dataset(NAMES, VOCAB, 4)[0]
    assert torch.equal(model(contexts), back(contexts)) and back.block_size == 4


def test_a_model_of_other_characters_is_refused(tmp_path):
    save_model(a_model(), VOCAB, tmp_path / "model.pt")
    other = Vocabulary(["zoë"])
    with pytest.raises(ValueError, match=r"was trained on the characters .abc.*and the vocabulary has .ozë: build"):
        load_model(tmp_path / "model.pt", other)
    with pytest.raises(ValueError, match=r"predicts \d+ symbols and the vocabulary has 4: pass"):
        save_model(a_model(), other, tmp_path / "model.pt")


# --- files ---


def test_every_cut_of_a_file_gets_one_sentence(tmp_path):
    path = tmp_path / "model.pt"
    save_model(a_model(), VOCAB, path)
    whole = path.read_bytes()
    for length in [*range(0, 300, 31), *range(300, len(whole), 997), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"^'.*' is incomplete or not a checkpoint: delete it, and train again\.$"):
            load_model(path, VOCAB)


@pytest.mark.parametrize("contents", [b"", b"hello", b"\x80\x02K\x01."])
def test_any_other_file_gets_one_sentence(tmp_path, contents):
    (tmp_path / "x.pt").write_bytes(contents)
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_model(tmp_path / "x.pt", VOCAB)


def test_a_file_that_would_run_something_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (type(tmp_path).touch, (tmp_path / "sprung",))

    torch.save({"kind": "model", "trap": Trap()}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match="incomplete or not a checkpoint"):
        load_model(tmp_path / "x.pt", VOCAB)
    assert not (tmp_path / "sprung").exists()


def test_a_run_is_no_model_and_a_missing_file_is_named(tmp_path):
    train(a_model(), X, Y, steps=1, checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="is not a checkpoint of a model: pass"):
        load_model(tmp_path / "run.pt", VOCAB)
    with pytest.raises(ValueError, match=r"There is no checkpoint '.*gone.pt'"):
        load_model(tmp_path / "gone.pt", VOCAB)


def test_a_failed_write_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_model(a_model(), VOCAB, path)
    before = path.read_bytes()

    def full(contents, file):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.torch, "save", full)
    with pytest.raises(ValueError, match=r"can't be written .*No space left"):
        save_model(a_model(), VOCAB, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
