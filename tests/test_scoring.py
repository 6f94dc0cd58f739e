"""One number for any model, and how far luck with the names may move it."""

import math
import subprocess
import sys

import pytest
import torch

from makemlp.counts import CountModel
from makemlp.data import Vocabulary, build_dataset, load_names, split
from makemlp.scoring import bootstrap, compare, nll, nll_by_name

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


# --- how far luck with the names may move it ---


def certain(chance, block_size=1):
    """A model that gives the first two symbols their chances and the others the rest, whatever came before."""

    def model(X):
        return torch.tensor([chance, 1 - chance]).log().repeat(len(X), 1)

    model.block_size = block_size
    return model


ONE = Vocabulary(["a"])  # . a


def test_bootstrap_of_names_that_are_alike_leaves_no_room():
    assert bootstrap(torch.tensor([4.0, 2.0, 6.0]), torch.tensor([2, 1, 3])) == (2.0, 2.0)


def test_bootstrap_of_many_names_is_what_theory_says():
    """Of independent losses the mean's interval is 1.96 standard errors to each side."""
    g = torch.Generator().manual_seed(3)
    losses = 2 + torch.randn(2000, generator=g)
    low, high = bootstrap(losses, torch.ones(2000), draws=4000)
    error = losses.std().item() / math.sqrt(2000)
    assert low == pytest.approx(losses.mean().item() - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(losses.mean().item() + 1.96 * error, abs=0.2 * error)


def test_bootstrap_counts_characters_not_names():
    """A long name weighs as much as its characters: here two short ones of 1 nat and a long one of 3 per character."""
    low, high = bootstrap(torch.tensor([1.0, 1.0, 30.0]), torch.tensor([1, 1, 10]), draws=2000)
    assert low == 1.0 and high == 3.0


def test_bootstrap_is_the_same_for_the_same_seed_and_no_other():
    losses, lengths = torch.arange(50.0), torch.ones(50)
    assert bootstrap(losses, lengths, 50) == bootstrap(losses, lengths, 50) != bootstrap(losses, lengths, 50, seed=1)


def test_compare_by_hand():
    """Names "a" and "aa": with chance c of the end, and 1 - c of an a, they cost -log(1 - c) - log c and so on."""
    lead, low, high = compare(certain(0.5), certain(0.2), ONE, ["a", "aa"])
    one, two = (
        (-math.log(0.8) - math.log(0.2)) - 2 * math.log(2),
        (-2 * math.log(0.8) - math.log(0.2)) - 3 * math.log(2),
    )
    assert lead == pytest.approx((one + two) / 5)
    bounds = sorted([one / 2, two / 3])
    assert (low, high) == pytest.approx(bounds, abs=1e-6)


def test_compare_turned_round_is_its_negative():
    there = compare(certain(0.3), certain(0.4), ONE, ["a", "aa"] * 9)
    back = compare(certain(0.4), certain(0.3), ONE, ["a", "aa"] * 9)
    assert back[0] == -there[0] and back[1] == pytest.approx(-there[2]) and back[2] == pytest.approx(-there[1])


def test_compare_takes_models_of_different_memory():
    assert compare(certain(0.3, block_size=1), certain(0.3, block_size=5), ONE, ["a", "aaa"]) == (0.0, 0.0, 0.0)


def test_the_interval_of_a_difference_is_narrower_than_that_of_a_loss():
    names = load_names()
    vocab = Vocabulary(names)
    train, dev, _ = split(names)
    tables = [CountModel(len(vocab), n, 0.1).fit(*build_dataset(train, vocab, n)) for n in (2, 3)]
    lengths = torch.tensor([len(name) + 1 for name in dev])
    low, high = bootstrap(nll_by_name(tables[1], vocab, dev), lengths)
    lead, least, most = compare(tables[1], tables[0], vocab, dev)
    assert 0.12 < lead < 0.14 and 0 < least < lead < most and most - least < high - low


def test_compare_needs_names():
    with pytest.raises(ValueError, match="names"):
        compare(certain(0.3), certain(0.4), ONE, [])


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has used at most is read as Linux gives it")
def test_a_long_list_needs_no_more_memory_than_its_losses():
    code = """
import resource, torch
from makemlp import MLP, nll
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB
model, X = MLP(27, block_size=3, emb_dim=10, hidden_dim=200), torch.zeros(500_000, 3, dtype=torch.int64)
nll(model, X[:100_000], X[:100_000, 0])
before = most()
nll(model, X, X[:, 0])
print(most() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 20  # MB; it was 42 when small results stood between large ones
