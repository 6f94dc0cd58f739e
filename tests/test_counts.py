"""Floor 2: count tables, and the three ways to smooth them."""

import math
from collections import Counter, defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp.counts import METHODS, CountModel, estimate_discounts, interpolate, kneser_ney, smooth
from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.scoring import nll

EVERY_TIME_THE_SAME = settings(deadline=None, derandomize=True, max_examples=40)

any_names = st.lists(
    st.text(st.sampled_from("abé太🙂") | st.characters(exclude_characters="."), max_size=7), min_size=1
)
toy_names = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=30)
tables = st.lists(st.lists(st.integers(0, 6), min_size=5, max_size=5).filter(any), min_size=1, max_size=6)
distributions = st.lists(st.integers(1, 9), min_size=5, max_size=5).map(lambda row: torch.tensor(row) / sum(row))


@pytest.fixture(scope="module")
def names():
    return load_names()


def fitted(names, block_size, vocab=None, **options):
    vocab = vocab or Vocabulary(names)
    return CountModel(len(vocab), block_size, **options).fit(*build_dataset(names, vocab, block_size))


def contexts(names, length):
    """The plain specification: what follows each context, {context: Counter of next characters}."""
    table = defaultdict(Counter)
    for name in names:
        padded = "." * length + name + "."
        for i in range(len(name) + 1):
            table[padded[i : i + length]][padded[i + length]] += 1
    return table


# The three ways, by hand


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0, [1 / 4, 3 / 4, 0]),
        (1, [2 / 7, 4 / 7, 1 / 7]),  # 1 + 1, 3 + 1, 0 + 1, of 4 + 3
        (1e9, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_smooth_by_hand(alpha, expected):
    assert smooth(torch.tensor([[1.0, 3.0, 0.0]]), alpha).tolist() == [pytest.approx(expected, abs=1e-6)]


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        (0, [1 / 4, 3 / 4, 0]),
        (2, [2 / 6, 3.5 / 6, 0.5 / 6]),  # 1 + 2 * 0.5, 3 + 2 * 0.25, 0 + 2 * 0.25, of 4 + 2
        (1e9, [0.5, 0.25, 0.25]),
    ],
)
def test_interpolate_by_hand(strength, expected):
    counts, shorter = torch.tensor([[1.0, 3.0, 0.0]]), torch.tensor([[0.5, 0.25, 0.25]])
    assert interpolate(counts, shorter, strength).tolist() == [pytest.approx(expected, abs=1e-6)]


def test_kneser_ney_by_hand():
    counts, shorter = torch.tensor([[1.0, 5.0, 0.0, 2.0]]), torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    discounts = torch.tensor([0.0, 0.5, 0.75, 1.5])
    # left:  1 - 0.5, 5 - 1.5, 0, 2 - 0.75; taken 0.5 + 1.5 + 0.75 = 2.75 in all, shared out by `shorter`; of 8
    expected = [(0.5 + 0.275) / 8, (3.5 + 0.55) / 8, 0.825 / 8, (1.25 + 1.1) / 8]
    assert kneser_ney(counts, shorter, discounts).tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # n = 4, 2, 1, 1: Y = 4 / (4 + 4) = 0.5;  1 - 2Y 2/4 = 0.5;  2 - 3Y 1/2 = 1.25;  3 - 4Y 1/1 = 1
        ([0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 7, 9], [0, 0.5, 1.25, 1]),
        # n = 1, 1, 4, 4: Y = 1/3;  1 - 2Y = 1/3;  2 - 3Y 4/1 = -2, which would be an addition;  3 - 4Y = 5/3
        ([1, 2, 3, 3, 3, 3, 4, 4, 4, 4], [0, 1 / 3, 0.5, 5 / 3]),
        ([1, 1, 2, 3, 5], [0, 0.5, 0.5, 0.5]),  # no cell holds 4
        ([0, 0], [0, 0.5, 0.5, 0.5]),
    ],
)
def test_estimated_discounts_by_hand(cells, expected):
    assert estimate_discounts(torch.tensor([cells])).tolist() == pytest.approx(expected)


@EVERY_TIME_THE_SAME
@given(tables, distributions, st.floats(0, 100))
def test_every_row_sums_to_one_and_none_is_negative(table, shorter, strength):
    counts = torch.tensor(table, dtype=torch.float32)
    for probs in (
        smooth(counts, strength),
        interpolate(counts, shorter, strength),
        kneser_ney(counts, shorter, estimate_discounts(counts)),
    ):
        torch.testing.assert_close(probs.sum(-1), torch.ones(len(table)))
        assert (probs >= 0).all()


# Counting


@EVERY_TIME_THE_SAME
@given(any_names, st.integers(0, 6))
def test_counts_are_those_of_a_plain_loop(names, block_size):
    vocab = Vocabulary([*names, "a"])  # two symbols or more, even if all names are empty
    model = fitted(names, block_size, vocab, smoothing=0)
    for length in range(block_size + 1):
        table = contexts(names, length)
        rows = {context: [follows[s] for s in vocab.itos] for context, follows in table.items()}
        assert sorted(model.counts[length].tolist()) == sorted(rows.values())
        # Each row is found under its own context: unsmoothed, the model says count / total.
        X = torch.tensor([[vocab.stoi[s] for s in context] for context in rows], dtype=torch.int64)
        counts = torch.tensor(list(rows.values()))
        torch.testing.assert_close(model(X, length).exp(), counts / counts.sum(1, keepdim=True))
        assert model.seen(X, length).all()


def test_the_table_of_lesson_01_is_counts_1(names):
    vocab = Vocabulary(names)
    table = fitted(names, 2, vocab).counts[1]
    assert table.shape == (27, 27)
    assert table.sum() == 229_804 == sum(len(name) + 1 for name in names)
    pairs = Counter(pair for name in names for pair in zip("." + name, name + ".", strict=True))
    assert table.tolist() == [[pairs[a, b] for b in vocab.itos] for a in vocab.itos]


def test_seen_says_which_contexts_have_a_row():
    # Of the contexts in "ab" with two characters, only "..", ".a" and "ab" were there; "b" alone was, "bb" was not.
    model = fitted(["ab"], 2)
    X = torch.tensor([[0, 0], [0, 1], [1, 2], [2, 2], [2, 1], [2, 0]])
    assert model.seen(X).tolist() == [True, True, True, False, False, False]
    assert model.seen(X, 1).all() and model.seen(X, 0).all()


def test_nothing_changes_the_examples():
    X, Y = build_dataset(["ab", "abba", "b"], Vocabulary(["ab"]), 3)
    X_before, Y_before = X.clone(), Y.clone()
    model = CountModel(3, 3).fit(X, Y)
    for method in METHODS:
        model.smooth(0.5, method)
        model(X), model(X, 1), model.seen(X), model.nll_by_length(X, Y)
    assert torch.equal(X, X_before) and torch.equal(Y, Y_before)


def test_smoothing_anew_forgets_the_smoothing_before(names):
    X, _ = build_dataset(names[1000:1050], vocab := Vocabulary(names), 3)
    model = fitted(names[:500], 3, vocab, smoothing=0.1, method="kneser_ney")
    for method in METHODS:
        assert torch.equal(model.smooth(0.3, method)(X), fitted(names[:500], 3, vocab, smoothing=0.3, method=method)(X))
    model.smooth(2.0)
    assert (model.smoothing, model.method) == (2.0, METHODS[-1])


# Predicting


@pytest.mark.parametrize("smoothing", [0, 1])
def test_add_knows_nothing_after_an_unseen_context(smoothing):
    model = fitted(["aa", "ab"], 2, smoothing=smoothing)
    torch.testing.assert_close(model(torch.tensor([[2, 2]])).exp(), torch.full((1, 3), 1 / 3))


def test_interpolation_by_hand():
    # "ab", "b": after nothing a, b, ., b, . each with its share of 5, and 3 imagined examples spread over 3 symbols:
    # a (1 + 1) / 8, b and . (2 + 1) / 8. After "b" twice ".": (2 + 3 * 3/8) / 5 for ".". "bb" was never seen.
    model = fitted(["ab", "b"], 2, smoothing=3, method="interpolate")
    nothing = [3 / 8, 2 / 8, 3 / 8]
    after_b = [(2 + 3 * nothing[0]) / 5, 3 * nothing[1] / 5, 3 * nothing[2] / 5]
    X = torch.tensor([[2, 2]])
    for length, expected in enumerate([nothing, after_b, after_b]):
        assert model(X, length).exp().tolist() == [pytest.approx(expected)]


@EVERY_TIME_THE_SAME
@given(toy_names, st.sampled_from(METHODS), st.sampled_from([0, 0.01, 1, 50]), st.integers(0, 4))
def test_predictions_sum_to_one_after_any_context(names, method, smoothing, block_size):
    vocab = Vocabulary(["abc"])
    model = fitted(names, block_size, vocab, method=method, smoothing=smoothing)
    X = torch.cartesian_prod(*[torch.arange(4)] * max(block_size, 1)).view(-1, max(block_size, 1))  # all there are
    for length in range(block_size + 1):
        torch.testing.assert_close(model(X, length).exp().sum(1), torch.ones(len(X)))


@pytest.mark.parametrize("method", METHODS)
def test_a_shorter_context_is_that_of_a_smaller_model(names, method):
    vocab = Vocabulary(names)
    model = fitted(names[:2000], 5, vocab, smoothing=0.5, method=method)
    X, _ = build_dataset(names[2000:2200], vocab, 5)  # seen and unseen contexts
    assert 0 < model.seen(X).sum() < len(X)
    for length in range(6):
        small = fitted(names[:2000], length, vocab, smoothing=0.5, method=method)
        torch.testing.assert_close(model(X, length), small(X))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", [slice(500), slice(1000, 1200)], ids=["train", "dev"])
def test_nll_by_length_is_the_nll_at_each_length(names, method, part):
    vocab = Vocabulary(names)
    model = fitted(names[:500], 6, vocab, smoothing=0.2, method=method)
    X, Y = build_dataset(names[part], vocab, 6)
    expected = [nll(lambda X, n=n: model(X, n), X, Y) for n in range(7)]
    assert model.nll_by_length(X, Y) == pytest.approx(expected, rel=1e-5)


@EVERY_TIME_THE_SAME
@given(toy_names, st.sampled_from(METHODS), st.sampled_from([0, 0.1, 3]))
def test_no_model_goes_below_the_entropy_of_its_training_names(names, method, smoothing):
    vocab = Vocabulary(names)
    X, Y = build_dataset(names, vocab, 4)
    losses = CountModel(len(vocab), 4, smoothing, method).fit(X, Y).nll_by_length(X, Y)
    for length, loss in enumerate(losses):
        rows = contexts(names, length).values()
        entropy = -sum(c * math.log(c / row.total()) for row in rows for c in row.values()) / len(Y)
        assert loss >= entropy - 1e-5
        if smoothing == 0 and method != "kneser_ney":  # a Kneser-Ney model always gives something up
            assert loss == pytest.approx(entropy, abs=1e-5)


# Kneser-Ney, written a second time from Chen and Goodman (1998): strings, dicts and recursion


class PlainKneserNey:
    """Interpolated modified Kneser-Ney. A name has one start sign, and no context reaches back beyond it."""

    def __init__(self, names, longest, symbols):
        self.longest, self.symbols = longest, symbols
        seen = [defaultdict(Counter) for _ in range(longest + 1)]
        for name in names:
            text = "." + name + "."
            for end in range(1, len(text)):
                for start in range(max(0, end - longest), end + 1):
                    seen[end - start][text[start:end]][text[end]] += 1
        # Below the longest, a pair counts once for each different character before it; the start sign has none.
        self.tables = [defaultdict(Counter) for _ in range(longest)] + [seen[longest]]
        for length in range(longest):
            for context in seen[length + 1]:
                for symbol in seen[length + 1][context]:
                    self.tables[length][context[1:]][symbol] += 1
            for context in seen[length]:
                if context.startswith("."):
                    self.tables[length][context] = seen[length][context]
        self.discounts = [self._discounts(table) for table in self.tables]

    @staticmethod
    def _discounts(table):
        n = Counter(count for row in table.values() for count in row.values())
        if not all(n[k] for k in (1, 2, 3, 4)):
            return [0, 0.5, 0.5, 0.5]
        y = n[1] / (n[1] + 2 * n[2])
        estimate = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
        return [0] + [d if d > 0 else 0.5 for d in estimate]

    def prob(self, symbol, history):
        """Of `symbol` after `history`, the name so far with its start sign."""
        return self._prob(symbol, history[max(0, len(history) - self.longest) :])

    def _prob(self, symbol, context):
        shorter = self._prob(symbol, context[1:]) if context else 1 / len(self.symbols)
        row, discounts = self.tables[len(context)].get(context), self.discounts[len(context)]
        if not row:
            return shorter
        gamma = sum(discounts[min(count, 3)] for count in row.values())
        return (row[symbol] - discounts[min(row[symbol], 3)] + gamma * shorter) / row.total()


def agrees_with_plain_kneser_ney(train, asked, block_size):
    vocab = Vocabulary(train + asked)
    plain = PlainKneserNey(train, block_size, vocab.itos)
    histories = sorted({"." + name[:end] for name in asked for end in range(len(name) + 1)})
    X = torch.tensor([([0] * block_size + vocab.encode(h[1:]))[len(h) - 1 :] for h in histories], dtype=torch.int64)
    expected = torch.tensor([[plain.prob(symbol, history) for symbol in vocab.itos] for history in histories])
    model = fitted(train, block_size, vocab, method="kneser_ney")
    torch.testing.assert_close(model(X).exp(), expected, atol=1e-5, rtol=1e-4)
    return plain


@pytest.mark.parametrize("block_size", [0, 1, 2, 3, 5])
def test_kneser_ney_agrees_with_a_plain_one_on_real_names(names, block_size):
    plain = agrees_with_plain_kneser_ney(names[:400], names[200:220] + names[-20:], block_size)
    if block_size > 1:  # the discounts are estimated ones, not the fallback
        assert plain.discounts[block_size] != [0, 0.5, 0.5, 0.5] != plain.discounts[block_size - 1]


@EVERY_TIME_THE_SAME
@given(toy_names, toy_names, st.integers(0, 4))
def test_kneser_ney_agrees_with_a_plain_one_on_toy_names(train, asked, block_size):
    agrees_with_plain_kneser_ney(train, asked, block_size)


# What is refused

NAN, INF = float("nan"), float("inf")
X, Y = build_dataset(["ab", "b"], Vocabulary(["ab"]), 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CountModel(3, -1), "block_size 0 or more; got 3, -1"),
        (lambda: CountModel(1, 2), "vocab_size must be 2 or more and .*; got 1, 2"),
        (lambda: CountModel(3, 2, smoothing=-1), "smoothing is -1: .*pass 0 or more"),
        (lambda: CountModel(3, 2, smoothing=NAN), "smoothing is nan"),
        (lambda: CountModel(3, 2, smoothing=INF), "smoothing is inf"),
        (lambda: CountModel(3, 2, method="good_turing"), "no smoothing method 'good_turing': pass one of add, interp"),
        (lambda: CountModel(3, 3).fit(X, Y), r"shape \(5, 2\), but .* looks back 3 characters: pass \(N, 3\)"),
        (lambda: CountModel(3, 2).fit(X[0], Y), r"shape \(2,\), but"),
        (lambda: CountModel(3, 2).fit(X[:0], Y[:0]), "fit got no examples"),
        (lambda: CountModel(2, 2).fit(X, Y), r"X holds index 2, but vocab_size is 2: pass len\(vocab\)"),
        (lambda: CountModel(2, 1).fit(torch.zeros(1, 1, dtype=torch.int64), torch.tensor([2])), "Y holds index 2"),
        (lambda: CountModel(3, 2).fit(X, Y)(X[:, 1:]), r"shape \(5, 1\), but .* looks back 2 characters"),
        (lambda: CountModel(3, 2).fit(X, Y)(X, 3), "length is 3: this CountModel looks back 0 to 2 characters"),
        (lambda: CountModel(3, 2).fit(X, Y).seen(X, -1), "length is -1: this CountModel looks back 0 to 2"),
        (lambda: CountModel(3, 2).fit(X, Y).smooth(-0.5), "smoothing is -0.5"),
        (lambda: CountModel(3, 2).fit(X, Y).smooth(1, "none"), "no smoothing method 'none'"),
        (lambda: CountModel(3, 2)(X), r"counted nothing yet: call fit\(X, Y\) first"),
        (lambda: CountModel(3, 2).smooth(1), "counted nothing yet"),
        (lambda: CountModel(3, 2).seen(X), "counted nothing yet"),
        (lambda: CountModel(3, 2).nll_by_length(X, Y), "counted nothing yet"),
    ],
)
def test_what_a_count_model_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_refused_smoothing_leaves_the_model_as_it_was():
    model = CountModel(3, 2, 0.5, "interpolate").fit(X, Y)
    before = model(X)
    for smoothing, method in [(-1, "add"), (1, "none")]:
        with pytest.raises(ValueError):
            model.smooth(smoothing, method)
    assert (model.smoothing, model.method) == (0.5, "interpolate")
    assert torch.equal(model(X), before)
