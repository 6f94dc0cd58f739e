"""Floor 5: the network for words, against PyTorch, a plain loop and itself."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from makemlp import (
    AdaptiveSoftmax,
    CountModel,
    WordMLP,
    WordVocabulary,
    build_dataset,
    load_word_model,
    load_words,
    nll,
    save_word_model,
    split_text,
    train_words,
)
from makemlp.wordmodel import _stretches


@pytest.fixture(scope="module")
def text():
    train, dev, _ = split_text(load_words()[:13_000], (12_000, 900))
    vocab = WordVocabulary(train, 3)
    return vocab, train, dev


def small(vocab_size=90, **settings):
    return WordMLP(vocab_size, 12, 6, 10, near=3, blurs=2, layers=2, cutoffs=(20, 50), **settings)


# The last layer


def test_the_two_questions_are_those_of_pytorch():
    """With the answers' embeddings as weights, PyTorch's adaptive softmax gives the same probabilities."""
    g = torch.Generator().manual_seed(1)
    ours = AdaptiveSoftmax(90, 6, 10, (20, 50), counts=torch.rand(90, generator=g) * 9, generator=g)
    C, h, Y = torch.randn(90, 6, generator=g), torch.randn(200, 10, generator=g), torch.arange(200) % 90
    with torch.no_grad():
        ours.G.copy_(torch.randn(10, 2, generator=g))
    theirs = nn.AdaptiveLogSoftmaxWithLoss(10, 90, [20, 50], div_value=1.0, head_bias=True)
    weights = ours.U @ C.T  # (hidden_dim, vocab_size)
    with torch.no_grad():
        theirs.head.weight.copy_(torch.cat([weights[:, :20], ours.G], 1).T)
        theirs.head.bias.copy_(torch.cat([ours.b[:20], ours.b_group]))
        found = ours(h, C)
        head = F.log_softmax(theirs.head(h), 1)
        for k, (start, end) in enumerate([(20, 50), (50, 90)]):  # PyTorch's groups have no biases
            expected = head[:, [20 + k]] + F.log_softmax(h @ weights[:, start:end] + ours.b[start:end], 1)
            torch.testing.assert_close(found[:, start:end], expected)
        torch.testing.assert_close(found[:, :20], head[:, :20])
        ours.b.data[20:] = 0
        for (first, second), (start, end) in zip(theirs.tail, [(20, 50), (50, 90)], strict=True):
            first.weight.copy_(torch.eye(10))
            second.weight.copy_(weights[:, start:end].T)
        torch.testing.assert_close(ours(h, C), theirs.log_prob(h), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(ours.log_prob(h, C, Y), theirs(h, Y).output, atol=1e-5, rtol=1e-5)


def test_at_the_start_it_predicts_the_words_shares():
    counts = torch.tensor([7.0, 3.0, 1.0, 0.0, 0.0])
    layer = AdaptiveSoftmax(5, 2, 3, (2, 4), counts)
    h = torch.zeros(1, 3)
    torch.testing.assert_close(layer(h, torch.randn(5, 2)).exp()[0], (counts + 1) / 16)


def test_few_words_make_one_group():
    layer = AdaptiveSoftmax(5, 2, 3, (2000, 6000))
    assert layer.sizes == [5]
    h, C, Y = torch.randn(4, 3), torch.randn(5, 2), torch.tensor([0, 4, 2, 1])
    torch.testing.assert_close(layer.log_prob(h, C, Y), layer(h, C)[torch.arange(4), Y])
    torch.testing.assert_close(layer(h, C).exp().sum(1), torch.ones(4))


# The network


def test_it_predicts_as_a_plain_loop():
    model = small().eval()
    X = torch.randint(90, (3, 12), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        model.fade += torch.randn(model.fade.shape)
        model.weight += torch.randn(model.weight.shape)
        for row, words in zip(model.hidden(X), X.tolist(), strict=True):
            emb = [model.C[word] * 6**0.5 for word in words]
            parts = emb[-3:]
            for fade in model.fade.softmax(1):
                means = [fade[k] * model.weight[word].exp() * emb[k] for k, word in enumerate(words)]
                parts.append(sum(means) * 12**0.25)
            h = F.gelu(torch.cat(parts) @ model.W[0] + model.b[0])
            h = h + F.gelu(h @ model.W[1] + model.b[1])
            torch.testing.assert_close(row, h)


@pytest.mark.parametrize("blurs", [0, 2])
def test_a_stretch_gives_what_its_contexts_give(text, blurs):
    vocab, train, _ = text
    model = WordMLP(len(vocab), 12, 6, 10, near=3, blurs=blurs, cutoffs=(20, 50)).eval()
    X, Y = build_dataset(train, vocab, 12)
    words, answers = next(_stretches(X, Y, stretch=7, rows=4, seed=0))
    assert words.shape == (4, 18) and answers.shape == (28,)
    one_by_one = torch.cat([row.unfold(0, 12, 1) for row in words])  # (28, 12)
    torch.testing.assert_close(model.hidden(words), model.hidden(one_by_one))


def test_the_answers_alone_cost_the_same_as_in_a_row():
    model, X, Y = small().eval(), torch.randint(90, (50, 12)), torch.randint(90, (50,))
    torch.testing.assert_close(model.log_prob(X, Y), model(X)[torch.arange(50), Y])
    torch.testing.assert_close(model(X).exp().sum(1), torch.ones(50))


def test_every_parameter_learns():
    model = small(dropout=0.1, word_dropout=0.1)
    model.log_prob(torch.randint(90, (50, 12)), torch.randint(90, (50,))).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"emb_dim": 0}, "emb_dim is 0"),
        ({"near": 6}, "near is 6 and block_size 5"),
        ({"activation": "relu"}, "no activation 'relu'"),
        ({"cutoffs": (50, 20)}, r"cut-offs are \(50, 20\): .*smallest first"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        WordMLP(90, **settings)


# Training


def test_an_epoch_takes_every_stretch_once():
    Y = torch.arange(103)
    X = torch.cat([torch.zeros(2, dtype=torch.int64), Y[:-1]]).unfold(0, 2, 1)
    seen = []
    for (words, answers), _ in zip(_stretches(X, Y, stretch=10, rows=3, seed=0), range(3), strict=False):
        assert words.shape == (3, 11) and torch.equal(words[:, 2:], answers.view(3, 10)[:, :-1])
        seen += answers.tolist()
    assert len(set(seen)) == 90  # nine of the ten stretches, each once


def test_it_learns_what_counting_cannot(text):
    vocab, train, dev = text
    counts = torch.bincount(torch.tensor(vocab.encode(train)), minlength=len(vocab)).float()
    model = WordMLP(len(vocab), 4, 16, 32, counts=counts, cutoffs=(200,), dropout=0.2)
    X, Y = build_dataset(train, vocab, 4)
    X_dev, Y_dev = build_dataset(dev, vocab, 4)
    unigram = CountModel(len(vocab), 0, method="kneser_ney").fit(X, Y)
    shares = nll(unigram, X_dev, Y_dev)
    assert nll(model.eval(), X_dev, Y_dev) == pytest.approx(shares, abs=0.4)
    losses = train_words(model, X, Y, epochs=4, batch_size=256, stretch=8, learning_rate=0.005)
    assert len(losses) == round(4 * 12_000 / 256) and not model.training
    assert nll(model, X_dev, Y_dev) < shares - 0.05
    again = WordMLP(len(vocab), 4, 16, 32, counts=counts, cutoffs=(200,), dropout=0.2)
    assert train_words(again, X, Y, epochs=0.1, batch_size=256, stretch=8, learning_rate=0.005)[0] == losses[0]


def test_names_are_learned_with_stretches_of_one():
    from makemlp import Vocabulary

    names = ["anna", "hannah", "nana"] * 9
    vocab = Vocabulary(names)
    X, Y = build_dataset(names, vocab, 3)
    model = WordMLP(len(vocab), 3, 4, 16)
    train_words(model, X, Y, epochs=60, batch_size=32, stretch=1, learning_rate=0.01)
    assert nll(model, X, Y) < 0.45 < math.log(len(vocab))


def test_an_interrupt_keeps_what_is_learned(text, capsys, monkeypatch):
    """Raised where the loop asks for the rate, so that it reaches the loop and nothing else."""
    vocab, train, _ = text
    X, Y = build_dataset(train, vocab, 4)
    model = WordMLP(len(vocab), 4, 16, 32)
    start = model.C.detach().clone()

    def rate(step, steps):
        if step == 3:
            raise KeyboardInterrupt
        return 1.0

    monkeypatch.setattr("makemlp.wordmodel.learning_rate_at", rate)
    losses = train_words(model, X, Y, epochs=1)
    assert len(losses) == 3 and not torch.equal(model.C, start) and not model.training
    assert "Stopped at step 3 of " in capsys.readouterr().out


def test_a_run_that_diverges_leaves_the_model_as_it_was(text):
    vocab, train, _ = text
    X, Y = build_dataset(train, vocab, 4)
    model = WordMLP(len(vocab), 4, 16, 32)
    start = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(ValueError, match="diverged at step"):
        train_words(model, X, Y, learning_rate=1e20)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), start, strict=True))


@pytest.mark.parametrize(
    ("block_size", "words", "message"),
    [(5, 100, r"shape \(100, 5\) and the model's block_size is 12"), (12, 20, "20 words and a stretch has 32")],
)
def test_what_training_refuses(text, block_size, words, message):
    vocab, train, _ = text
    with pytest.raises(ValueError, match=message):
        train_words(small(len(vocab)), *build_dataset(train[:words], vocab, block_size))


# Files


def test_a_saved_network_predicts_the_same(text, tmp_path):
    vocab, _, dev = text
    model = small(len(vocab), dropout=0.3).eval()
    save_word_model(model, vocab, tmp_path / "network.pt")
    again = load_word_model(vocab, tmp_path / "network.pt")
    assert again.settings == model.settings and not again.training
    X, Y = build_dataset(dev, vocab, 12)
    assert nll(again, X, Y) == pytest.approx(nll(model, X, Y), abs=5e-3)  # stored in half precision
    assert all(p.dtype == torch.float32 for p in again.parameters())
    with pytest.raises(ValueError, match="other words"):
        load_word_model(WordVocabulary(dev, 1), tmp_path / "network.pt")
    with pytest.raises(ValueError, match="pass the vocabulary that the model was built with"):
        save_word_model(model, WordVocabulary(dev, 1), tmp_path / "network.pt")
    with pytest.raises(ValueError, match="no checkpoint"):
        load_word_model(vocab, tmp_path / "other.pt")
