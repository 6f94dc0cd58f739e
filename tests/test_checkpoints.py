"""Runs and models in files: gone on with as if nothing had happened, and every bad file met by one sentence."""

import os
import random
import re
from pathlib import Path

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

DAMAGED = r"^'.*' is not a checkpoint, or it is incomplete or damaged: check the path, or train again\.$"


def test_every_cut_of_a_file_gets_one_sentence(tmp_path):
    path = tmp_path / "model.pt"
    save_model(a_model(), VOCAB, path)
    whole = path.read_bytes()
    for length in [*range(0, 300, 31), *range(300, len(whole), 997), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=DAMAGED):
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

    checkpoints.write(tmp_path / "x.pt", {"kind": "model", "trap": Trap()})  # its checksum is right
    with pytest.raises(ValueError, match=DAMAGED):
        load_model(tmp_path / "x.pt", VOCAB)
    assert not (tmp_path / "sprung").exists()


def test_a_run_is_no_model_and_a_missing_file_is_named(tmp_path):
    train(a_model(), X, Y, steps=1, checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="is not a checkpoint of a model: pass"):
        load_model(tmp_path / "run.pt", VOCAB)
    with pytest.raises(ValueError, match=r"There is no checkpoint '.*gone.pt'"):
        load_model(tmp_path / "gone.pt", VOCAB)


def test_a_flipped_bit_in_any_byte_is_refused(tmp_path):
    """No damaged file loads as other weights: a bit of every byte is flipped, and one of them at a time."""
    path = tmp_path / "model.pt"
    save_model(MLP(3, block_size=1, emb_dim=1, hidden_dim=1), Vocabulary(["ab"]), path)
    whole, draw = path.read_bytes(), random.Random(0)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=DAMAGED):
            load_model(path, Vocabulary(["ab"]))
    assert len(whole) > 2000


@pytest.mark.parametrize("change", ["doubled", "swapped", "one more byte", "of another file"])
def test_what_is_not_as_it_was_written_is_refused(tmp_path, change):
    path, other = tmp_path / "model.pt", tmp_path / "other.pt"
    save_model(a_model(), VOCAB, path)
    save_model(models(2)[1], VOCAB, other)
    whole = path.read_bytes()
    changed = {
        "doubled": whole * 2,
        "swapped": whole[100:] + whole[:100],
        "one more byte": whole + b"0",
        "of another file": whole[:-64] + other.read_bytes()[-64:],
    }
    path.write_bytes(changed[change])
    with pytest.raises(ValueError, match=DAMAGED):
        load_model(path, VOCAB)


STATE = {name: torch.zeros(2, 2) for name in ("C", "W1", "b1", "W2", "b2")}
MALFORMED = {
    "nothing more": {},
    "no state": {"symbols": VOCAB.itos},
    "state of another kind": {"symbols": VOCAB.itos, "state": 5},
    "a state without names": {"symbols": VOCAB.itos, "state": {}},
    "sizes that do not fit": {"symbols": VOCAB.itos, "state": STATE},
    "no dimensions": {"symbols": VOCAB.itos, "state": {**STATE, "C": torch.tensor(1.0)}},
    "an embedding of no numbers": {"symbols": VOCAB.itos, "state": {**STATE, "C": torch.zeros(3, 0)}},
    "no characters": {"symbols": None, "state": STATE},
    "numbers for characters": {"symbols": [1, 2], "state": STATE},
}


@pytest.mark.parametrize("contents", MALFORMED.values(), ids=MALFORMED)
def test_malformed_contents_get_the_sentence(tmp_path, contents):
    checkpoints.write(tmp_path / "x.pt", {"kind": "model", **contents})
    with pytest.raises(ValueError, match=DAMAGED):
        load_model(tmp_path / "x.pt", VOCAB)


@pytest.mark.parametrize("part", ["settings", "parameters", "optimizer", "generator", "losses"])
def test_a_run_with_a_malformed_part_gets_the_sentence(tmp_path, part):
    path = tmp_path / "run.pt"
    train(a_model(), X, Y, steps=2, checkpoint=path)
    contents = checkpoints.read(path, "run")
    for wrong in (None, 5):
        checkpoints.write(path, {**contents, part: wrong})
        with pytest.raises(ValueError, match=DAMAGED):
            train(a_model(), X, Y, steps=2, checkpoint=path)


@pytest.mark.parametrize("path", [5, None, b"x", ["x"], "a\0b"])
def test_what_is_no_path_gets_a_sentence(path):
    for use in (lambda: load_model(path, VOCAB), lambda: save_model(a_model(), VOCAB, path)):
        with pytest.raises(ValueError, match=r"^(A path is wanted, and .* came: pass|The path .* holds a NUL).*\.$"):
            use()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there, and devices have no path")
def test_a_link_stays_a_link_and_a_device_stays_a_device(tmp_path):
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "model.pt", tmp_path / "disk" / "model.pt"
    link.symlink_to(target)
    for seed in (0, 1):  # the second time the file is there
        save_model(models(2)[seed], VOCAB, link)
        assert link.is_symlink() and target.is_file() and len(list(tmp_path.rglob("*.pt*"))) == 2
    assert torch.equal(load_model(link, VOCAB).W1, models(2)[1].W1)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for odd in ("pipe", "null", "disk"):
        before = os.lstat(tmp_path / odd)
        with pytest.raises(ValueError, match=r"can't be written \(what stands there is no file\): pass another path"):
            save_model(a_model(), VOCAB, tmp_path / odd)
        with pytest.raises(ValueError, match=r"There is no checkpoint|is a folder: pass the path of a checkpoint"):
            load_model(tmp_path / odd, VOCAB)
        assert os.lstat(tmp_path / odd).st_mode == before.st_mode


def test_what_a_killed_writer_left_is_swept_away(tmp_path):
    path = tmp_path / "model.pt"
    stale, fresh, mine = (
        tmp_path / name for name in (f"model.pt.{'a' * 16}.part", f"model.pt.{'b' * 16}.part", "x.part")
    )
    for file in (stale, fresh, mine):
        file.write_bytes(b"half")
    os.utime(stale, (0, 0))
    os.utime(mine, (0, 0))
    save_model(a_model(), VOCAB, path)
    assert not stale.exists() and fresh.exists() and mine.exists()  # another may be about to write the fresh one


def test_a_failed_write_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_model(a_model(), VOCAB, path)
    before = path.read_bytes()

    def full(file, raw):
        with file.open("wb") as half:
            half.write(raw[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ValueError, match=r"can't be written .*No space left"):
        save_model(a_model(), VOCAB, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
