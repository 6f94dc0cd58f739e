"""The models that beat the count tables: their parts against PyTorch's own, and runs that learn, stop and diverge."""

import copy
import json
import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from interrupts import stopped

from makemlp import (
    MLP,
    CountModel,
    DeepMLP,
    Mixture,
    Objective,
    Vocabulary,
    ablation,
    build_dataset,
    load_names,
    nll,
    train_deep,
)
from makemlp.deep import drop
from makemlp.training import Batches

NAMES = load_names()[:200]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB, 5)
COUNTS = CountModel(len(VOCAB), 3, method="kneser_ney").fit(*build_dataset(NAMES, VOCAB, 3))
SIZES = {"block_size": 5, "emb_dim": 4, "hidden_dim": 24}


def a_model(**more):
    return DeepMLP(len(VOCAB), **SIZES | more)


# --- dropout ---


def test_dropout_keeps_the_mean_and_switches_off_its_share():
    h = torch.full((500, 400), 3.0)
    out = drop(h, 0.3, torch.Generator().manual_seed(0))
    assert out.unique().tolist() == pytest.approx([0.0, 3.0 / 0.7])
    assert (out == 0).float().mean() == pytest.approx(0.3, abs=0.005) and out.mean() == pytest.approx(3.0, abs=0.03)
    assert torch.equal(drop(h, 0.0, torch.Generator()), h)


def test_dropout_is_on_while_training_only():
    model = a_model(dropout=0.5)
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))


# --- DeepMLP ---


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_forward_is_the_formula_in_the_docstring(layers):
    model = a_model(layers=layers).eval()
    h = F.gelu(model.C[X].flatten(1) @ model.W[0] + model.b[0])
    for W, b in list(zip(model.W, model.b, strict=True))[1:]:
        h = h + F.gelu(F.linear(h, W.T, b))
    torch.testing.assert_close(model(X), F.linear(h, model.W_out.T, model.b_out))
    assert len(model.W) == layers and model(X).shape == (len(X), len(VOCAB))


def test_it_starts_at_the_loss_of_knowing_nothing():
    for seed in range(3):
        assert nll(a_model(seed=seed).eval(), X, Y) == pytest.approx(math.log(len(VOCAB)), abs=0.1)


def test_the_seed_decides_start_and_dropout():
    one, same, other = (a_model(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one(X), same(X)) and not torch.equal(one(X), other(X))


@pytest.mark.parametrize("size", ["block_size", "emb_dim", "hidden_dim", "layers"])
def test_a_size_of_zero_is_named(size):
    with pytest.raises(ValueError, match=f"^{size} is 0: an MLP needs a whole number of 1 or more there"):
        a_model(**{size: 0})


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
def test_a_dropout_that_is_no_share_is_named(dropout):
    with pytest.raises(
        ValueError,
        match=r"^dropout is .*: pass the share of units to switch off, from 0 to below 1\.$",
    ):
        train_deep(a_model(dropout=dropout), X, Y, steps=1)


# --- train_deep ---


def test_training_learns_and_ends_in_eval():
    model = a_model()
    losses = train_deep(model, X, Y, steps=120, batch_size=256)
    assert len(losses) == 120 and nll(model, X, Y) < 2.4 < losses[0] and not model.training


def test_any_model_may_be_trained_and_the_seed_decides():
    runs = [train_deep(MLP(len(VOCAB), 5, seed=1), X, Y, steps=10, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_first_step_is_adamw_on_the_batch():
    ours, theirs = a_model(dropout=0.0), a_model(dropout=0.0)
    train_deep(ours, X, Y, steps=1, batch_size=64, weight_decay=0.3, seed=4)
    contexts, targets, weights = Batches(X, Y, len(VOCAB), 64, seed=4).draw()
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.01 * 5 / 9, betas=(0.9, 0.99), weight_decay=0.3)
    # One of two places of the schedule: half a cosine, 4/9 of the way down from the peak.
    optimizer.param_groups[0]["lr"] = 0.01 * 0.5 * (1 + math.cos(math.pi * (0.5 - 0.1) / 0.9))
    (F.cross_entropy(theirs(contexts), targets, reduction="none") @ weights).backward()
    optimizer.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_a_strong_teacher_is_what_the_pupil_becomes():
    pupil = a_model(dropout=0.0)
    train_deep(pupil, X, Y, steps=400, teacher=COUNTS, strength=1e6, weight_decay=0.0)
    with torch.no_grad():
        p, q = pupil(X).softmax(1), COUNTS(X).softmax(1)
    plain = a_model(dropout=0.0)
    train_deep(plain, X, Y, steps=400, weight_decay=0.0)
    with torch.no_grad():
        r = plain(X).softmax(1)
    assert (p - q).abs().sum(1).mean() < 0.6 * (r - q).abs().sum(1).mean()


def test_soft_targets_are_imagined_examples():
    """Counts of a context, plus so many examples shared out as the teacher says: checked for the context of a start."""
    seen = []

    class Watch(torch.nn.Module):
        vocab_size = len(VOCAB)

        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(len(VOCAB)))

        def forward(self, contexts):
            seen.append(contexts)
            return self.w.repeat(len(contexts), 1)

    everything = 10_000  # more examples than there are, so each batch holds every context
    [loss] = train_deep(Watch(), X, Y, steps=1, batch_size=everything, teacher=COUNTS, strength=2.0)
    # A uniform guess costs that, whatever the targets. The loss is a sum of rounded weights.
    assert loss == pytest.approx(math.log(len(VOCAB)), rel=1e-5)
    assert len(seen[0]) == len(X.unique(dim=0))


def test_a_run_that_diverges_says_so_and_leaves_the_model():
    model = a_model()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=r"The run diverged at step \d+ with learning rate 1e\+30: lower the rate"):
        train_deep(model, X, Y, steps=50, learning_rate=1e30)
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items()) and not model.training


def trained_until_the_stop_button(press):
    model, drawn, draw = a_model(), [], Batches.draw

    def stop(batches):
        drawn.append(1)
        if len(drawn) > 30:
            press()
        return draw(batches)

    Batches.draw = stop
    losses = train_deep(model, X, Y, steps=100)
    return losses, nll(model, X, Y), model.training


def test_an_interrupt_keeps_what_was_learned():
    (losses, reached, training), printed = stopped(trained_until_the_stop_button)
    assert len(losses) == 30 and "Stopped at step 30 of 100" in printed
    assert reached < losses[0] - 0.2 and not training


# --- Mixture ---


def test_a_mixture_is_between_its_models_and_each_at_its_end():
    network = MLP(len(VOCAB), 5)
    p, q = network(X).softmax(1).detach(), COUNTS(X).exp()
    for weight in (0.0, 0.25, 1.0):
        torch.testing.assert_close(Mixture(network, COUNTS, weight)(X).exp(), weight * p + (1 - weight) * q)
    assert Mixture(network, COUNTS).block_size == 5 and Mixture(COUNTS, COUNTS).block_size == 3


def test_each_model_sees_the_characters_that_it_wants():
    short, long = MLP(len(VOCAB), 2), MLP(len(VOCAB), 5)
    mixed = Mixture(short, long, 1.0)
    torch.testing.assert_close(mixed(X).exp(), short(X[:, -2:]).softmax(1))


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_0_to_1_is_refused(weight):
    with pytest.raises(ValueError, match=r"^weight is .*: it is the first model's share, so pass 0 to 1\.$"):
        Mixture(COUNTS, COUNTS, weight)


# --- the ablation table ---


def test_every_run_of_every_row_is_stored():
    done = {(line["row"], line["split"], line["seed"]) for line in ablation.stored()}
    assert done == {which for label in ablation.ALL for which in ablation.runs(label)}
    assert [row["row"] for row in ablation.table()] == list(ablation.RECIPES)


def test_what_is_left_out_is_compared_with_the_full_model_by_the_same_seeds():
    rows = ablation.left_out()
    assert [row["row"] for row in rows] == list(ablation.LEFT_OUT)
    assert rows[0]["lecture"] == next(row for row in ablation.table() if row["row"] == ablation.FULL)["lecture"]
    seeds = {
        label: [s for name, split, s in map(tuple, ablation.runs(label)) if split == "lecture"]
        for label in ablation.LEFT_OUT.values()
    }
    assert all(own == list(ablation.SEEDS) for own in seeds.values())


@pytest.mark.parametrize("label", ablation.WITHOUT)
def test_each_recipe_without_a_part_differs_from_the_full_model_in_that_part(label, monkeypatch):
    """Trained for no steps, the models differ by their size, their start or what they make of the same start."""
    monkeypatch.setattr(ablation, "train_deep", lambda model, *examples, **settings: settings)
    full, model = (ablation.ALL[which](NAMES, VOCAB, 1) for which in (ablation.FULL, label))
    if label == "without weight decay":
        assert ablation.WITHOUT[label].keywords["weight_decay"] == 0
        return
    model.train(), full.train()
    X = build_dataset(NAMES, VOCAB, 8)[0][:, 8 - model.block_size :]
    same_sizes = [p.shape for p in model.parameters()] == [p.shape for p in full.parameters()]
    assert not same_sizes or not torch.allclose(model(X), full(X))


def test_test_losses_stand_for_the_chosen_rows_only():
    assert {line["row"] for line in ablation.stored() if "test" in line} == set(ablation.TESTED)


@pytest.mark.parametrize("label", [label for label in ablation.RECIPES if label.startswith(("counts", "Kneser"))])
@pytest.mark.parametrize("split", ablation.SPLITS)
def test_rows_that_are_cheap_are_measured_again(label, split):
    stored = next(line for line in ablation.stored() if (line["row"], line["split"]) == (label, split))
    again = ablation.measure(label, split, stored["seed"], look=True)
    for what in ("numbers", "dev", "test"):
        assert again.get(what) == pytest.approx(stored.get(what), abs=1e-4)


def test_a_row_of_the_network_is_measured_again():
    """The quickest of them; other machines round otherwise, so to a hundredth."""
    stored = next(line for line in ablation.stored() if line["row"] == "the lecture's MLP, 1,000 steps")
    again = ablation.measure(stored["row"], stored["split"], stored["seed"])
    assert again["dev"] == pytest.approx(stored["dev"], abs=0.01) and again["numbers"] == stored["numbers"]


def test_the_studys_row_is_what_an_objective_trains():
    settings = {**ablation.STUDY, "budget": 1e9}
    model = ablation.studied(NAMES, VOCAB, 0, **settings)
    objective = Objective(NAMES, NAMES, VOCAB, budget=settings.pop("budget"))
    assert nll(model, *build_dataset(NAMES, VOCAB, model.block_size)) == objective.fit(**settings)[1]


def test_the_test_set_stays_shut_unless_asked():
    label = "Kneser-Ney of 5 characters"
    assert "test" not in ablation.measure(label, "lecture", 101)
    assert "test" not in ablation.measure("Kneser-Ney of 3 characters", "lecture", 101, look=True)


def test_a_row_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="The table has no row 'wider': pass one of counts of 1"):
        ablation.retrain(["wider"])


def test_retraining_stores_what_came_and_nothing_else(tmp_path, monkeypatch, capsys):
    path = tmp_path / "table.jsonl"
    monkeypatch.setattr(ablation, "STORED", path)
    monkeypatch.setattr(
        ablation, "measure", lambda label, split, seed, look: {"row": label, "split": split, "seed": seed}
    )
    assert ablation.table() == []
    ablation.retrain(["… dropout of a half"])
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["split"], line["seed"]) for line in lines] == [
        ("lecture", 101),
        ("lecture", 102),
        ("lecture", 103),
        ("unique", 101),
    ]
    ablation.retrain()
    everything = len(path.read_text(encoding="utf-8").splitlines())
    capsys.readouterr()
    ablation.retrain()
    assert capsys.readouterr().out == "" and everything == sum(len(ablation.runs(label)) for label in ablation.ALL)


def test_an_interrupt_in_the_first_optimizers_import_leaves_it_whole():
    """A signal in the middle of what PyTorch imports for its first optimizer; the next call must find all of it.

    It comes late in SymPy: parts that are whole by then stay, and would not be bound to their package again.
    """
    source = """
import importlib.abc, signal, sys
import torch
from makemlp.deep import adamw

class Stop(importlib.abc.MetaPathFinder):
    pressed = False
    def find_spec(self, name, path, target=None):
        if name == "sympy.geometry" and not self.pressed:
            Stop.pressed = True
            signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # off where pytest was started in the background
weight = [torch.nn.Parameter(torch.zeros(2))]
sys.meta_path.insert(0, Stop())
try:
    adamw(weight, lr=0.1)
except KeyboardInterrupt:
    print("stopped")
print(type(adamw(weight, lr=0.1)).__name__, Stop.pressed)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("AdamW "), done.stderr
    assert ("stopped" in done.stdout) == done.stdout.rstrip().endswith("True")  # another PyTorch may import nothing
