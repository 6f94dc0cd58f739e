"""Floor 3: drawing an index, and whole names."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp.counts import METHODS, CountModel
from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.sampling import draw, sample

EVERY_TIME_THE_SAME = settings(deadline=None, derandomize=True, max_examples=200)

NAMES = load_names()[:200]
VOCAB = Vocabulary(NAMES)


def counted(names, block_size, **options):
    vocab = Vocabulary(names)
    return CountModel(len(vocab), block_size, **options).fit(*build_dataset(names, vocab, block_size)), vocab


def endless():
    """A model that never ends a name."""
    model = MLP(len(VOCAB), block_size=2, emb_dim=2, hidden_dim=4)
    with torch.no_grad():
        model.b2[0] = -1e9
    return model


MODELS = {
    **{f"count {n}": counted(NAMES, n, smoothing=0.1)[0] for n in (0, 1, 3)},
    **{method: counted(NAMES, 3, method=method)[0] for method in METHODS[1:]},
    "MLP": MLP(len(VOCAB), block_size=4, emb_dim=3, hidden_dim=20),
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


# One index


@pytest.mark.parametrize(
    ("u", "expected"),
    # 3, 1 and 1 laid end to end: the stretches end at 0.6, 0.8 and 1 of the line
    [(0, 0), (0.5, 0), (0.599, 0), (0.6001, 1), (0.7, 1), (0.799, 1), (0.8001, 2), (0.999, 2)],
)
def test_draw_by_hand(u, expected):
    assert draw(torch.tensor([3.0, 1.0, 1.0]), torch.tensor([u])) == expected


def test_an_edge_belongs_to_the_stretch_that_begins_there():
    assert draw(torch.tensor([2.0, 1.0, 1.0]), torch.tensor([[0.5], [0.75]])).tolist() == [1, 2]


def test_draw_takes_a_row_each():
    weights, u = torch.tensor([[1.0, 1.0], [3.0, 1.0]]), torch.tensor([[0.6], [0.6]])
    assert draw(weights, u).tolist() == [1, 0]


weights = st.lists(st.just(0.0) | st.floats(2**-20, 2**20, width=32), min_size=1, max_size=9).filter(any)
units = st.integers(0, 2**24 - 1).map(lambda k: k / 2**24)  # all that torch.rand can give in float32


@EVERY_TIME_THE_SAME
@given(weights, st.sampled_from([0.0, 1 - 2**-24]) | units)
def test_draw_never_picks_what_weighs_nothing(weights, u):
    assert weights[draw(torch.tensor(weights), torch.tensor([u]))] > 0


def test_draws_follow_the_weights():
    n, weights = 20_000, torch.tensor([1.0, 2.0, 3.0, 0.0, 4.0])
    u = torch.rand(n, 1, generator=torch.Generator().manual_seed(0))
    counts = draw(weights.expand(n, -1), u).bincount(minlength=5)
    expected = n * weights / weights.sum()
    there = weights > 0
    assert counts[~there].sum() == 0
    # With three degrees of freedom, fair draws stay below 16.3 in 999 of 1,000 cases.
    assert ((counts - expected) ** 2 / expected)[there].sum() < 16.3


# Whole names


@each_model
def test_sample_gives_n_names_decided_by_the_seed(model):
    one, same, other = (sample(model, VOCAB, 15, seed=seed) for seed in (1, 1, 2))
    assert len(one) == 15 and all(set(name) <= set(VOCAB.itos[1:]) for name in one)
    assert one == same != other


@each_model
def test_sample_keeps_the_prefix(model):
    names = sample(model, VOCAB, 10, prefix="mar", seed=0)
    assert all(name.startswith("mar") for name in names) and len(set(names)) > 1


def test_without_a_seed_every_call_is_another():
    assert sample(MODELS["MLP"], VOCAB, 20) != sample(MODELS["MLP"], VOCAB, 20)


def test_no_names_are_no_names():
    assert sample(MODELS["MLP"], VOCAB, 0) == []


@pytest.mark.parametrize(
    ("block_size", "prefix", "expected"),
    [
        (0, "", "aaaaaa"),  # a 5 times, b 3, c 3, the end 4
        (1, "", "bac"),  # after . b 3 of 4, after b always a, after a c 3 of 5, after c always the end
        (1, "a", "ac"),
        (3, "", "bac"),
        (3, "a", "aa"),  # after "..a" always a, after ".aa" always the end
    ],
)
def test_near_temperature_0_the_likeliest_character_follows(block_size, prefix, expected):
    model, vocab = counted(["bac", "bac", "bac", "aa"], block_size)
    assert sample(model, vocab, 9, temperature=1e-3, prefix=prefix, seed=0, max_length=6) == [expected] * 9


@pytest.mark.parametrize("prefix", ["", "jo", "josephine"])
def test_near_temperature_0_an_mlp_takes_its_highest_logit(prefix):
    model, name = MODELS["MLP"], prefix
    while len(name) < 12:
        context = ([0] * model.block_size + VOCAB.encode(name))[len(name) :]
        best = int(model(torch.tensor([context])).argmax())
        if best == 0:
            break
        name += VOCAB.itos[best]
    assert sample(model, VOCAB, 3, temperature=1e-6, prefix=prefix, seed=0, max_length=12) == [name] * 3


def test_a_high_temperature_makes_all_characters_alike():
    model, vocab = counted(["a"] * 999 + ["b"], 1)
    first = [name[:1] for name in sample(model, vocab, 3000, temperature=1e6, seed=0)]
    assert all(900 < first.count(symbol) < 1100 for symbol in ("a", "b", ""))


@pytest.mark.parametrize(("prefix", "length"), [("", 30), ("", 7), ("jo", 7)])
def test_a_name_without_end_is_cut(prefix, length):
    names = sample(endless(), VOCAB, 5, prefix=prefix, seed=0, **({} if length == 30 else {"max_length": length}))
    assert [len(name) for name in names] == [length] * 5


@pytest.mark.parametrize("method", ["add", "interpolate"])
@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
def test_a_model_of_one_name_writes_that_name(block_size, method):
    model, vocab = counted(["ab"], block_size, smoothing=0, method=method)
    assert sample(model, vocab, 50, seed=0) == ["ab"] * 50


# What is refused


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_a_temperature_that_is_not_above_0(temperature):
    with pytest.raises(ValueError, match=f"temperature is {temperature}: .* pass a number above 0"):
        sample(MODELS["MLP"], VOCAB, temperature=temperature)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("jö", r"'ö' \(character 2 of 'jö'\) is not in the vocabulary: use only abc"),
        (".", "'.' holds '.', the sign that marks where names begin and end"),
        ("a.b", "'a.b' holds '.'"),
    ],
)
def test_a_prefix_that_no_name_can_have(prefix, message):
    with pytest.raises(ValueError, match=message):
        sample(MODELS["MLP"], VOCAB, prefix=prefix)


def test_a_model_of_another_vocabulary_is_named():
    with pytest.raises(ValueError, match="The model predicts 9 symbols and the vocabulary has"):
        sample(MLP(9), VOCAB, 2)


def test_predictions_that_are_not_numbers_are_named():
    model = MLP(len(VOCAB))
    with torch.no_grad():
        model.b2.fill_(float("nan"))
    with pytest.raises(ValueError, match="predictions are not numbers"):
        sample(model, VOCAB, 2)
