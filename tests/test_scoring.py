"""Floor 1: one number for any model."""

import math

import pytest
import torch

from makemlp.scoring import nll

X, Y = torch.tensor([[0], [1]]), torch.tensor([1, 2])


def model_of(*rows):
    """A model of one character of context: the row of that character, as logits."""
    return lambda X: torch.tensor(rows).log()[X[:, 0]]


@pytest.mark.parametrize("factor", [1, 10], ids=["probabilities", "not yet divided by their sum"])
def test_nll_by_hand(factor):
    rows = [[0.5 * factor, 0.25 * factor, 0.25 * factor], [0.1, 0.2, 0.7]]
    # the answers' chances are 1/4 and 7/10
    assert nll(model_of(*rows), X, Y) == pytest.approx(-(math.log(0.25) + math.log(0.7)) / 2)


def test_nll_of_a_model_that_is_sure_and_right_is_zero():
    assert nll(model_of([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]), X, Y) == 0


def test_nll_of_an_answer_held_impossible_is_infinite():
    assert nll(model_of([0.0, 1.0, 0.0], [0.5, 0.5, 0.0]), X, Y) == math.inf


@pytest.mark.parametrize("vocab_size", [3, 27, 100])
def test_nll_of_a_model_that_knows_nothing_is_the_log_of_the_vocabulary(vocab_size):
    assert nll(lambda X: torch.zeros(len(X), vocab_size), X, Y) == pytest.approx(math.log(vocab_size))


def test_nll_needs_no_gradient():
    logits = torch.zeros(2, 3, requires_grad=True)
    seen = []
    nll(lambda X: seen.append(logits * 2) or seen[0], X, Y)
    assert not seen[0].requires_grad
