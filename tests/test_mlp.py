"""Floor 2: the MLP, its size, and its gradients by hand."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP, count_parameters, trace
from makemlp.scoring import nll

EVERY_TIME_THE_SAME = settings(deadline=None, derandomize=True, max_examples=40)

sizes = st.fixed_dictionaries(
    {
        "vocab_size": st.integers(1, 30),
        "block_size": st.integers(1, 6),
        "emb_dim": st.integers(1, 8),
        "hidden_dim": st.integers(1, 40),
        "direct": st.booleans(),
    }
)


def some_contexts(vocab_size, block_size, n=20):
    return torch.randint(vocab_size, (n, block_size), generator=torch.Generator().manual_seed(1))


def a_model(direct, **options):
    """A small model in which no tensor is zero, so that none can be left out unseen."""
    model = MLP(vocab_size=7, block_size=3, emb_dim=4, hidden_dim=5, direct=direct, **options)
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.add_(0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(i)))
    return model


# Size


def test_parameters_by_hand():
    # C 27 * 2, W1 (3 * 2) * 100, b1 100, W2 100 * 27, b2 27; 54 + 600 + 100 + 2,700 + 27 = 3,481
    small = count_parameters(27, 3, 2, 100)
    assert small == {"C": 54, "W1": 600, "b1": 100, "W2": 2_700, "b2": 27} and sum(small.values()) == 3_481
    # 270 + 6,000 + 200 + 5,400 + 27 = 11,897
    assert sum(count_parameters(27, 3, 10, 200).values()) == 11_897
    assert count_parameters(27, 3, 10, 200, direct=True)["W"] == 810  # (3 * 10) * 27


@EVERY_TIME_THE_SAME
@given(sizes)
def test_parameters_are_the_models_and_the_papers(sizes):
    counts = count_parameters(**sizes)
    assert counts == {name: p.numel() for name, p in MLP(**sizes).named_parameters()}
    # Bengio et al. 2003: |V|(1 + nm + h) + h(1 + (n - 1)m), where n counts the predicted word too.
    V, n, m, h = sizes["vocab_size"], sizes["block_size"] + 1, sizes["emb_dim"], sizes["hidden_dim"]
    without_direct = 0 if sizes["direct"] else V * (n - 1) * m
    assert sum(counts.values()) == V * (1 + n * m + h) + h * (1 + (n - 1) * m) - without_direct


# Forward


@pytest.mark.parametrize("direct", [False, True])
def test_forward_is_the_arithmetic_of_the_paper(direct):
    model, X = a_model(direct), some_contexts(7, 3)
    p = {name: tensor.detach().double().numpy() for name, tensor in model.named_parameters()}
    expected = []
    for context in X.tolist():
        x = np.concatenate([p["C"][i] for i in context])  # (12,)
        y = p["b2"] + np.tanh(p["b1"] + x @ p["W1"]) @ p["W2"]  # (7,)
        expected.append(y + x @ p["W"] if direct else y)
    np.testing.assert_allclose(model(X).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_direct_connection_adds_the_embeddings_times_w():
    with_it, X = a_model(True), some_contexts(7, 3)
    without = MLP(7, 3, 4, 5)
    without.load_state_dict({name: p for name, p in with_it.state_dict().items() if name != "W"})
    torch.testing.assert_close(with_it(X) - without(X), with_it.C[X].flatten(1) @ with_it.W)


@EVERY_TIME_THE_SAME
@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 8), st.integers(0, 9))
def test_view_is_cat_of_the_embeddings(vocab_size, block_size, emb_dim, n):
    C, X = torch.randn(vocab_size, emb_dim), some_contexts(vocab_size, block_size, n)
    emb = C[X]  # (n, block_size, emb_dim)
    view = emb.view(n, block_size * emb_dim)
    assert torch.equal(view, torch.cat([C[X[:, i]] for i in range(block_size)], dim=1))
    assert torch.equal(view, torch.cat(emb.unbind(1), dim=1))
    assert torch.equal(view, emb.flatten(1)) and view.data_ptr() == emb.data_ptr()


@pytest.mark.parametrize("direct", [False, True])
def test_trace_gives_every_tensor_on_the_way(direct):
    model, X = a_model(direct), some_contexts(7, 3)
    steps = trace(model, X)
    assert {name: tuple(step.shape) for name, step in steps.items()} == {
        "emb": (20, 3, 4),
        "h": (20, 5),
        "logits": (20, 7),
        "probs": (20, 7),
    }
    assert torch.equal(steps["logits"], model(X)) and not steps["logits"].requires_grad
    assert torch.equal(steps["emb"][2, 1], model.C[X[2, 1]])
    onwards = steps["h"] @ model.W2 + model.b2 + (steps["emb"].flatten(1) @ model.W if direct else 0)
    torch.testing.assert_close(onwards, steps["logits"])
    torch.testing.assert_close(steps["probs"], steps["logits"].exp() / steps["logits"].exp().sum(1, keepdim=True))


# The start


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize(
    ("names", "block_size", "emb_dim", "hidden_dim"),
    [(["ab", "ba"], 1, 1, 1), (["emma", "olivia", "ava"], 3, 2, 100), (["太郎", "花子", "emma"], 8, 30, 1000)],
)
def test_the_first_loss_is_that_of_knowing_nothing(names, block_size, emb_dim, hidden_dim, direct):
    vocab = Vocabulary(names)
    model = MLP(len(vocab), block_size, emb_dim, hidden_dim, direct)
    assert nll(model, *build_dataset(names, vocab, block_size)) == pytest.approx(math.log(len(vocab)), abs=0.1)


def test_the_seed_decides_the_start():
    one, same, other = (MLP(27, seed=seed).state_dict() for seed in (5, 5, 6))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert [name for name in one if not torch.equal(one[name], other[name])] == ["C", "W1", "W2"]


def test_a_model_leaves_the_global_random_numbers_alone():
    before = torch.get_rng_state()
    MLP(27)
    assert torch.equal(before, torch.get_rng_state())


# Backward


@pytest.mark.parametrize("direct", [False, True])
def test_gradients_by_hand_are_autograds(direct):
    model, X = a_model(direct).double(), some_contexts(7, 3)
    Y = some_contexts(7, 1)[:, 0]
    F.cross_entropy(model(X), Y).backward()
    with torch.no_grad():
        steps = trace(model, X)
        flat, h = steps["emb"].flatten(1), steps["h"]  # (N, 12), (N, 5)
        d_logits = (steps["probs"] - F.one_hot(Y, 7)) / len(Y)  # (N, 7), p - onehot
        d_sum = d_logits @ model.W2.T * (1 - h**2)  # (N, 5), through the tanh
        d_flat = d_sum @ model.W1.T + (d_logits @ model.W.T if direct else 0)  # (N, 12)
        by_hand = {
            # A character that stands in several places gets the sum of what comes back to each.
            "C": torch.zeros_like(model.C).index_add_(0, X.flatten(), d_flat.view(-1, 4)),
            "W1": flat.T @ d_sum,
            "b1": d_sum.sum(0),
            "W2": h.T @ d_logits,
            "b2": d_logits.sum(0),
        }
        if direct:
            by_hand["W"] = flat.T @ d_logits
    autograds = {name: p.grad for name, p in model.named_parameters()}
    assert by_hand.keys() == autograds.keys()
    for name in by_hand:
        torch.testing.assert_close(by_hand[name], autograds[name], msg=lambda text, name=name: f"{name}: {text}")


# What is refused


@pytest.mark.parametrize("name", ["vocab_size", "block_size", "emb_dim", "hidden_dim"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None])
def test_a_bad_size_is_named(name, value):
    good = {"vocab_size": 27, "block_size": 3, "emb_dim": 2, "hidden_dim": 10}
    with pytest.raises(ValueError, match=f"^{name} is {value!r}: .* whole number of 1 or more"):
        MLP(**{**good, name: value})
