"""Floor 3: the engine, against autograd and PyTorch's own Adam."""

import io
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from interrupts import stopped

from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.scoring import nll
from makemlp.training import Batches, Run, Stack, film, group, learning_rate_at, progress, train, train_many

NAMES = load_names()[:50]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB, 3)


def a_model():
    return MLP(len(VOCAB), block_size=3, emb_dim=5, hidden_dim=50)


def test_training_lowers_the_loss():
    model = a_model()
    before = nll(model, X, Y)
    losses = train(model, X, Y, steps=200, batch_size=64)
    assert before == pytest.approx(math.log(len(VOCAB)), abs=0.1) and losses[0] > 2.8
    # Fifty names are soon known half by heart: far below ln 27 = 3.3, and above nothing at all.
    assert 0.3 < nll(model, X, Y) < 2.3
    assert len(losses) == 200


def test_the_seed_decides_the_minibatches():
    one, same, other = (train(a_model(), X, Y, steps=12, seed=seed) for seed in (1, 1, 2))
    assert one == same != other


def test_training_leaves_the_examples_and_the_global_random_numbers_alone():
    X_before, Y_before, state = X.clone(), Y.clone(), torch.get_rng_state()
    train(a_model(), X, Y, steps=12)
    assert torch.equal(X, X_before) and torch.equal(Y, Y_before) and torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 11, 20])  # the rate's rise has a corner case at 10
def test_any_number_of_steps_will_do(steps):
    losses = train(a_model(), X, Y, steps=steps, batch_size=8)
    assert len(losses) == steps and all(map(math.isfinite, losses))


@pytest.mark.parametrize("name", ["steps", "batch_size", "learning_rate"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_number_that_is_not_above_0_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} is {value}: it must be above 0"):
        train(a_model(), X, Y, **{name: value})


def test_a_film_is_the_run_of_train_with_a_copy_every_few_steps():
    filmed, trained = a_model(), a_model()
    begun = [p.clone() for p in filmed.parameters()]
    frames, losses = film(filmed, X, Y, steps=12, every=5)
    assert losses == train(trained, X, Y, steps=12, learning_rate=0.02)
    assert list(frames) == [0, 5, 10]
    assert all(map(torch.equal, frames[0].parameters(), begun))
    halfway = a_model()
    run = Run([halfway], X, Y, learning_rates=[0.02])
    for step in range(10):
        run.step(learning_rate_at(step, 12))
    run.write_back()
    assert all(map(torch.equal, frames[10].parameters(), halfway.parameters()))
    assert not torch.equal(frames[5].C, frames[10].C)


@pytest.mark.parametrize("every", [0, 13, 2.5])
def test_a_film_needs_steps_from_copy_to_copy(every):
    with pytest.raises(ValueError, match=f"every is {every}: pass a whole number, from 1 to 12"):
        film(a_model(), X, Y, steps=12, every=every)


def test_training_needs_examples():
    with pytest.raises(ValueError, match="train got no examples"):
        train(a_model(), X[:0], Y[:0])


def test_divergence_says_at_which_step_and_what_to_try():
    model = a_model()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=r"diverged at step 1 with learning rate 1e\+30: lower the rate"):
        train(model, X, Y, learning_rate=1e30)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


# --- the engine against autograd and PyTorch's own Adam ---


def reference_losses(model, steps, batch_size, rate, seed):
    """The same batches, written plainly: cross-entropy by autograd, torch.optim.Adam, the same schedule."""
    batches = Batches(X, Y, len(VOCAB), batch_size, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.99), eps=1e-8)
    losses = []
    for step in range(steps):
        contexts, targets, weights = batches.draw()
        loss = (F.cross_entropy(model(contexts), targets, reduction="none") * weights).sum()
        for group_ in optimizer.param_groups:
            group_["lr"] = rate * learning_rate_at(step, steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("direct", [False, True])
def test_engine_equals_autograd_and_adam_step_by_step(direct):
    one, other = (MLP(len(VOCAB), 3, 4, 30, direct=direct, seed=3) for _ in range(2))
    ours = train(one, X, Y, steps=25, batch_size=64, learning_rate=0.02, seed=5)
    # float32 rounds at 6e-8; 25 steps of Adam, which divides small numbers by small numbers, lose three digits.
    assert ours == pytest.approx(reference_losses(other, 25, 64, 0.02, 5), abs=1e-4)


@pytest.mark.parametrize("direct", [False, True])
def test_closed_form_gradients_equal_autograds(direct):
    models = [MLP(len(VOCAB), 3, 4, 30, direct=direct, seed=seed) for seed in (0, 1)]
    for model in models:  # away from the start, where W2 is nearly zero
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(7)))
    stack = Stack(models)
    contexts, targets, weights = Batches(X, Y, len(VOCAB), 40, 0).draw()
    losses = stack.step(contexts, targets, weights)
    for model, loss, gradient in zip(models, losses, stack.gradient, strict=True):
        plain = (F.cross_entropy(model(contexts), targets, reduction="none") * weights).sum()
        expected = torch.cat([g.flatten() for g in torch.autograd.grad(plain, list(model.parameters()))])
        assert loss.item() == pytest.approx(plain.item(), abs=1e-5)
        assert torch.allclose(gradient, expected, atol=1e-6)


def test_many_models_end_as_each_alone():
    rates = [0.003, 0.01, 0.03]
    together = [MLP(len(VOCAB), 3, 4, 30, seed=seed) for seed in range(3)]
    alone = [MLP(len(VOCAB), 3, 4, 30, seed=seed) for seed in range(3)]
    losses = train_many(together, X, Y, learning_rates=rates, steps=30, batch_size=64)
    assert losses.shape == (3, 30)
    for model, rate, row in zip(alone, rates, losses, strict=True):
        assert train(model, X, Y, steps=30, batch_size=64, learning_rate=rate) == pytest.approx(row.tolist(), abs=1e-4)


def test_one_that_diverges_leaves_the_others_alone():
    models = [MLP(len(VOCAB), 3, 4, 30, seed=0) for _ in range(2)]
    before = [p.clone() for p in models[1].parameters()]
    losses = train_many(models, X, Y, learning_rates=[0.01, 1e30], steps=20, batch_size=64)
    assert losses[0].isfinite().all() and losses[0, -1] < losses[0, 0]
    assert losses[1, 0].isfinite() and losses[1, 1:].isinf().all()
    assert all(torch.equal(p, q) for p, q in zip(models[1].parameters(), before, strict=True))


def trained_until_the_stop_button(press):
    model, drawn, draw = a_model(), [], Batches.draw

    def draw_ten(self):
        drawn.append(1)
        if len(drawn) > 10:
            press()
        return draw(self)

    Batches.draw = draw_ten
    losses = train(model, X, Y, steps=50)
    return losses, nll(model, X, Y)


def test_an_interrupt_keeps_what_was_learned():
    (losses, reached), printed = stopped(trained_until_the_stop_button)
    assert len(losses) == 10 and reached < losses[0] - 0.1
    assert printed.startswith("Stopped at step 10 of 50")


# --- batches ---


def test_group_by_hand():
    names = ["ava", "eva"]  # '..a..' '.av' 'ava' 'va.' '..e' '.ev' 'eva' 'va.' with two characters of context
    vocab = Vocabulary(names)
    contexts, counts = group(*build_dataset(names, vocab, 2), len(vocab))
    found = {vocab.decode(c): row.tolist() for c, row in zip(contexts, counts, strict=True)}
    #                          .  a  e  v
    assert found["va"] == [2, 0, 0, 0]
    assert found[".."] == [0, 1, 1, 0]
    assert len(found) == 6 and counts.sum() == 8


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_a_batch_is_a_fair_sample(batch_size):
    batches = Batches(X, Y, len(VOCAB), batch_size, seed=1)
    total = torch.zeros(len(batches.contexts))
    for _ in range(400):
        contexts, targets, weights = batches.draw()
        assert len(contexts) <= batch_size and weights.sum() == pytest.approx(1, abs=1e-5)
        assert torch.allclose(targets.sum(1), torch.ones(len(targets)))
        rows = (batches.contexts[None] == contexts[:, None]).all(2).float().argmax(1)
        total[rows] += weights
    expected = group(X, Y, len(VOCAB))[1].sum(1) / len(X)
    # Even distances keep each context within one place of its share: 1/batch_size a batch, less over 400 of them.
    assert (total / 400 - expected).abs().max() < 4 / (batch_size * 400**0.5)


def test_a_batch_of_everything_has_no_noise():
    batches = Batches(X, Y, len(VOCAB), len(X), seed=1)
    losses = {round(Stack([a_model()]).step(*batches.draw()).item(), 5) for _ in range(3)}
    assert len(losses) == 1 and losses.pop() == pytest.approx(nll(a_model(), X, Y), abs=1e-4)


# --- bad input ---


@pytest.mark.parametrize(
    ("models", "rates", "sentence"),
    [
        ([], [], "train_many got no models"),
        ([a_model(), MLP(len(VOCAB), 3, 5, 51)], [0.1, 0.1], "models of different sizes"),
        ([a_model()], [0.1, 0.2], "There are 1 models and 2 learning rates"),
        ([MLP(len(VOCAB), 4, 5, 50)], [0.1], "contexts have 3 characters and the model's block_size is 4"),
    ],
)
def test_models_that_cannot_be_stacked_are_refused(models, rates, sentence):
    with pytest.raises(ValueError, match=sentence):
        train_many(models, X, Y, learning_rates=rates)


def test_the_schedule_by_hand():
    # 9 steps: step i stands at (i + 1) / 10 of the way. The rise ends at the first, and half a cosine spans the rest.
    shares = [learning_rate_at(step, 9) for step in range(9)]
    assert shares[0] == pytest.approx(1.0)
    assert shares[3] == pytest.approx(0.5 * (1 + math.cos(math.pi / 3)))  # (0.4 - 0.1) / 0.9 = a third
    assert shares[-1] == pytest.approx(0.5 * (1 + math.cos(math.pi * 8 / 9))) and shares[-1] > 0
    assert learning_rate_at(0, 99) == pytest.approx(0.1)  # 1 % of the way is a tenth of the rise


@pytest.mark.parametrize(
    ("X_", "Y_", "sentence"),
    [
        (X, Y[:-1], "contexts in X and"),
        (X + 20, Y, "symbols or more and the model"),
    ],
)
def test_examples_that_do_not_fit_are_refused(X_, Y_, sentence):
    with pytest.raises(ValueError, match=sentence):
        train(a_model(), X_, Y_, steps=1)


@pytest.mark.parametrize("name", ["steps", "batch_size"])
def test_counts_are_whole(name):
    with pytest.raises(ValueError, match=f"{name} is 2.5: it must be a whole number"):
        train(a_model(), X, Y, **{name: 2.5})


@pytest.mark.parametrize(("module", "written"), [("ipykernel.iostream", "out"), ("io", "err")])
def test_progress_is_never_red_in_a_notebook_nor_among_a_commands_results(module, written, monkeypatch):
    """In a kernel the bar comes by standard output; elsewhere by standard error."""
    stream = type("Stream", (io.StringIO,), {"__module__": module})
    streams = {"out": stream(), "err": stream()}
    monkeypatch.setattr(sys, "stdout", streams["out"])
    monkeypatch.setattr(sys, "stderr", streams["err"])
    with progress(range(3), unit="step", disable=False) as bar:
        bar.display()  # without the two seconds
    assert [name for name, stream in streams.items() if "0/3" in stream.getvalue()] == [written]
