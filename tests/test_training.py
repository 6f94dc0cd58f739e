"""Floor 3: the minibatch loop."""

import math

import pytest
import torch

from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.scoring import nll
from makemlp.training import train

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


def test_training_needs_examples():
    with pytest.raises(ValueError, match="train got no examples"):
        train(a_model(), X[:0], Y[:0])


def test_divergence_says_at_which_step_and_what_to_try():
    with pytest.raises(
        ValueError, match=r"loss became (nan|inf) at step \d+ with learning rate 1e\+30: lower the rate"
    ):
        train(a_model(), X, Y, learning_rate=1e30)
