"""Floor 3: drawing an index, whole names, and what a model thinks of a name."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp.counts import METHODS, CountModel
from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.mlp import MLP
from makemlp.sampling import draw, novelty, nucleus, rank, sample, score_name
from makemlp.scoring import nll, nll_by_name

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


def fixed(*probs):
    """A model that predicts the same after every context."""

    def model(X):
        return torch.tensor(probs).log().repeat(len(X), 1)

    model.block_size = 2
    return model


AB = Vocabulary(["ab"])  # . a b
ABC = Vocabulary(["abc"])  # . a b c

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


# The likeliest only


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([1.0, 3.0, 2.0], [3, 1, 2]),
        ([0.0, -math.inf, 5.0, -1.0], [2, 4, 1, 3]),
        ([7.0, 7.0, 8.0, 7.0], [2, 3, 1, 4]),  # of equals the lower index is first
        ([[0.1, 0.9], [0.6, 0.4]], [[2, 1], [1, 2]]),
    ],
)
def test_rank_by_hand(logits, expected):
    assert rank(torch.tensor(logits)).tolist() == expected


def test_ties_go_by_index_however_many():
    assert rank(torch.zeros(3, 300)).tolist() == [list(range(1, 301))] * 3


@pytest.mark.parametrize(
    ("top_k", "expected"),
    [(1, {"b"}), (2, {"b", "c"}), (3, {"", "b", "c"}), (4, {"", "a", "b", "c"}), (99, {"", "a", "b", "c"})],
)
def test_top_k_keeps_the_likeliest_and_of_equals_the_first(top_k, expected):
    model = fixed(0.2, 0.2, 0.35, 0.25)  # the end and a are equal
    names = sample(model, ABC, 400, top_k=top_k, seed=0, max_length=1)
    assert set(names) == expected


def test_top_k_leaves_the_odds_of_what_is_kept():
    names = sample(fixed(0.1, 0.2, 0.3, 0.4), ABC, 7000, top_k=2, seed=0, max_length=1)
    assert abs(names.count("c") / 7000 - 4 / 7) < 0.02 and names.count("b") + names.count("c") == 7000


@each_model
def test_top_k_of_all_changes_nothing(model):
    assert sample(model, VOCAB, 9, top_k=len(VOCAB), seed=4) == sample(model, VOCAB, 9, seed=4)


@each_model
@pytest.mark.parametrize("top_k", [1, 3])
def test_every_character_is_of_the_top_k(model, top_k):
    names = sample(model, VOCAB, 30, top_k=top_k, prefix="jo", seed=4, max_length=20)
    ranks = [score_name(model, VOCAB, name)[1][2 : None if len(name) < 20 else -1] for name in names]
    assert torch.cat(ranks).max() == top_k
    assert (len(set(names)) == 1) == (top_k == 1)


# As few as hold a share of the probability


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.1, [0, 0, 0.5, 0]),  # the likeliest is kept though it holds more
        (0.5, [0, 0, 0.5, 0]),
        (0.6, [0, 0, 0.5, 0.25]),
        (0.75, [0, 0, 0.5, 0.25]),
        (0.8, [0.125, 0, 0.5, 0.25]),  # of equals the lower index is first
        (0.9, [0.125, 0.125, 0.5, 0.25]),
        (1.0, [0.125, 0.125, 0.5, 0.25]),
    ],
)
def test_nucleus_by_hand(p, expected):
    probs = torch.tensor([[0.125, 0.125, 0.5, 0.25], [0.0, 1.0, 0.0, 0.0]])  # eighths, so that sums are exact
    assert nucleus(probs, p).tolist() == [expected, [0, 1, 0, 0]]


@EVERY_TIME_THE_SAME
@given(weights, st.floats(2**-10, 1))
def test_a_nucleus_holds_its_share_and_none_of_it_can_be_spared(weights, p):
    probs = torch.tensor(weights, dtype=torch.float64)
    probs /= probs.sum()
    kept = nucleus(probs, p)
    assert kept.sum() >= p - 1e-9 and (kept > 0).any()
    assert kept.sum() - kept[kept > 0].min() < p + 1e-9
    assert kept[kept > 0].min() >= probs[kept == 0].max() if (kept == 0).any() else True


@pytest.mark.parametrize(
    ("top_p", "expected"), [(0.35, {"b"}), (0.36, {"b", "c"}), (0.61, {"", "b", "c"}), (0.81, {"", "a", "b", "c"})]
)
def test_top_p_keeps_as_few_as_hold_it(top_p, expected):
    names = sample(fixed(0.2, 0.2, 0.35, 0.25), ABC, 400, top_p=top_p, seed=0, max_length=1)
    assert set(names) == expected


def test_top_p_leaves_the_odds_of_what_is_kept():
    names = sample(fixed(0.1, 0.2, 0.3, 0.4), ABC, 7000, top_p=0.65, seed=0, max_length=1)
    assert abs(names.count("c") / 7000 - 4 / 7) < 0.02 and names.count("b") + names.count("c") == 7000


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 0.5}, {"b", "c"}),  # 1, 4, 9 and 16 of 30: c alone holds 0.53, with b 0.83
        ({"temperature": 10.0}, {"a", "b", "c"}),  # nearly 1/4 each
        ({"top_k": 2}, {"b", "c"}),  # of the two kept c holds 4/7, with b all
        ({"top_k": 1}, {"c"}),
    ],
)
def test_top_p_comes_after_temperature_and_top_k(options, expected):
    assert set(sample(fixed(0.1, 0.2, 0.3, 0.4), ABC, 400, top_p=0.6, seed=0, max_length=1, **options)) == expected


@each_model
def test_top_p_of_all_changes_nothing(model):
    assert sample(model, VOCAB, 9, top_p=1.0, seed=4) == sample(model, VOCAB, 9, seed=4)


@pytest.mark.parametrize("top_p", [0, -0.5, 1.01, float("nan")])
def test_a_top_p_that_is_no_share(top_p):
    with pytest.raises(ValueError, match=f"top_p is {top_p}: it is a share .* above 0 and at most 1"):
        sample(MODELS["MLP"], VOCAB, top_p=top_p)


# A name's score


def test_score_name_by_hand():
    losses, ranks = score_name(fixed(0.5, 0.25, 0.25), AB, "ba")
    assert losses.tolist() == pytest.approx([math.log(4), math.log(4), math.log(2)])
    assert ranks.tolist() == [3, 2, 1]  # b, a, and the end


def test_score_name_looks_at_the_context():
    model, vocab = counted(["ada", "ava", "eva"], 1, smoothing=0)
    losses, ranks = score_name(model, vocab, "ava")
    assert (-losses).exp().tolist() == pytest.approx([2 / 3, 1 / 5, 1, 3 / 5])  # lesson 01 has these by hand
    assert ranks.tolist() == [1, 3, 1, 1]  # d and v are equal after a, and d is first


@each_model
def test_a_names_nll_is_the_sum_of_its_characters(model):
    names = ["", "a", *NAMES[:20]]
    whole = nll_by_name(model, VOCAB, names)
    assert whole.tolist() == pytest.approx([score_name(model, VOCAB, name)[0].sum().item() for name in names])
    X, Y = build_dataset(names, VOCAB, model.block_size)
    assert whole.sum().item() == pytest.approx(len(X) * nll(model, X, Y))


def test_the_chances_of_all_names_sum_to_one():
    model = fixed(0.5, 0.3, 0.2)
    names = ["".join(letters) for length in range(12) for letters in itertools.product("ab", repeat=length)]
    # Of every name 1 in 2 ends at each character, so 1 in 4,096 is longer than 11.
    assert (-nll_by_name(model, AB, names)).exp().sum().item() == pytest.approx(1 - 2**-12)


def test_samples_come_as_often_as_their_score_says():
    model, _ = counted(NAMES, 1, smoothing=0.1)
    names = sample(model, VOCAB, 20_000, seed=0)
    for name in ("a", "an", "ma"):
        chance = (-score_name(model, VOCAB, name)[0].sum()).exp().item()
        assert abs(names.count(name) / 20_000 - chance) < 4 * (chance / 20_000) ** 0.5


def test_what_a_model_holds_impossible_scores_infinite():
    model, vocab = counted(["ab", "ab"], 1, smoothing=0)
    assert nll_by_name(model, vocab, ["ab", "ba", "b"]).tolist() == [0, math.inf, math.inf]


@pytest.mark.parametrize("score", [score_name, lambda model, vocab, name: nll_by_name(model, vocab, ["ann", name])])
@pytest.mark.parametrize(("name", "message"), [("jö", "'ö' .* is not in the vocabulary"), ("a.b", "'a.b' holds '.'")])
def test_a_name_that_cannot_be_scored(score, name, message):
    with pytest.raises(ValueError, match=message):
        score(MODELS["MLP"], VOCAB, name)


def test_no_names_have_no_score():
    with pytest.raises(ValueError, match="empty list of names"):
        nll_by_name(MODELS["MLP"], VOCAB, [])


# Memorised or made


def test_novelty_by_hand():
    samples = ["ann", "ann", "bob", "cat", "dan", "eve", "eve", "eve"]
    shares = novelty(samples, train=["ann", "bob", "ann"], dev=["bob", "dan"])  # bob is in both
    assert shares == {"train": 3 / 8, "dev": 1 / 8, "new": 4 / 8}


def test_novelty_of_nothing_is_refused():
    with pytest.raises(ValueError, match="novelty got no samples: pass at least one name"):
        novelty([], ["ann"], ["bob"])


# What is refused


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_a_temperature_that_is_not_above_0(temperature):
    with pytest.raises(ValueError, match=f"temperature is {temperature}: .* pass a number above 0"):
        sample(MODELS["MLP"], VOCAB, temperature=temperature)


@pytest.mark.parametrize("top_k", [0, -1, 2.5, "3"])
def test_a_top_k_that_is_no_number_of_characters(top_k):
    with pytest.raises(ValueError, match=f"top_k is {top_k!r}: it counts characters, so pass a whole number"):
        sample(MODELS["MLP"], VOCAB, top_k=top_k)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("jø", r"'ø' \(character 2 of 'jø'\) is not in the vocabulary: use only abc"),
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
