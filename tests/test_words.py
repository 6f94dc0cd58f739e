"""Floor 2: a text as a list of words, its vocabulary, its examples; and that models of characters take it as it is."""

import collections
import math
import subprocess
import sys

import pytest
import torch

from makemlp import (
    CacheModel,
    CountModel,
    Mixture,
    WordVocabulary,
    build_dataset,
    load_words,
    log_prob,
    nll,
    sample,
    score_name,
    split_text,
    words,
)

TEXT = "the cat sat . the dog sat on the cat . a cat , a dog . the end ."
TOKENS = TEXT.split()
VOCAB = WordVocabulary(TOKENS, min_count=2)


# The bundled text


@pytest.fixture(scope="module")
def brown():
    return load_words()


def test_the_bundled_text(brown):
    assert len(brown) == 1_161_192 and len(set(brown)) == 49_815
    assert brown[:6] == ["the", "fulton", "county", "grand", "jury", "said"] and brown[-1] == "."
    vocab = WordVocabulary(brown)
    counts = collections.Counter(brown)
    assert len(vocab) == 16_690 == 1 + sum(count > 3 for count in counts.values())
    assert [counts[word] for word in vocab.itos[2:]] == sorted((counts[w] for w in vocab.itos[2:]), reverse=True)


def test_case_is_kept_on_request():
    assert load_words(lowercase=False)[:2] == ["The", "Fulton"]


def test_a_changed_bundle_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "CORPUS_FILE", tmp_path / "brown.txt.xz")
    for content in (None, b"other"):
        if content:
            words.CORPUS_FILE.write_bytes(content)
        with pytest.raises(ValueError, match="install makemlp again"):
            load_words()


def test_a_word_is_stored_once(brown):
    assert len({id(word) for word in brown}) == 49_815


# A text of one's own


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t go, mother-in-law!", ["Don’t", "go", ",", "mother-in-law", "!"]),
        ("1,000.50 or 3.5%. End.", ["1,000.50", "or", "3.5", "%", ".", "End", "."]),
        ("he said--once -- 'yes'", ["he", "said", "--", "once", "--", "'", "yes", "'"]),
        ("cafe\u0301 हिन्दी भाषा", ["café", "हिन्दी", "भाषा"]),  # an accent, and vowel signs, belong to their letters
        ("我爱你。", ["我", "爱", "你", "。"]),
        ("\ufeffa\r\nb\x85c\u2028d", ["a", "b", "c", "d"]),
        ("", []),
    ],
)
def test_tokenize(text, expected):
    assert words.tokenize(text) == expected


BOOK = """\ufeffThe Project Gutenberg eBook of A Tale
Licence here.
*** START OF THE PROJECT GUTENBERG EBOOK A TALE
OF TWO LINES ***
It was the best of times, it was the worst of times.
*** END OF THE PROJECT GUTENBERG EBOOK A TALE ***
More licence.
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_book_from_gutenberg(tmp_path, newline):
    file = tmp_path / "book.txt"
    file.write_bytes(BOOK.replace("\n", newline).encode())
    expected = ["it", "was", "the", "best", "of", "times", ",", "it", "was", "the", "worst", "of", "times", "."]
    assert load_words(file) == load_words(str(file)) == load_words(text=BOOK) == expected
    assert load_words(file, lowercase=False)[0] == "It"
    file.write_bytes("dix cafés à l'heure, puis un thé ou deux.".encode("cp1252"))
    assert load_words(file, encoding="cp1252")[:4] == ["dix", "cafés", "à", "l'heure"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no file '.*book.txt'"),
        (b"a few words", "holds 3 words: a model needs at least 10"),
        (b"caf\xe9 " * 20, "line 1 is not valid UTF-8: pass encoding='cp1252' if it begins 'café "),
        (b"fine\nfine\n\xff\n", "line 3 is not valid UTF-8"),
        (b"PK\x03\x04", "a ZIP archive: unpack it"),
    ],
)
def test_what_is_refused(tmp_path, content, message):
    file = tmp_path / "book.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_words(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_words("a", text="b"), "both a path and a text"),
        (lambda: load_words(text=["a"]), "pass one text, not a list"),
        (lambda: load_words(TEXT + "\n" + TEXT), "where it expects a path"),
        (lambda: load_words("/"), "'/' is a folder"),
        (lambda: load_words(3), "A path is wanted"),
        (lambda: WordVocabulary(TEXT), "needs a list of words"),
        (lambda: WordVocabulary([]), "needs a list of words"),
        (lambda: WordVocabulary(TOKENS, 0), "min_count is 0: .*pass 1 or more"),
        (lambda: WordVocabulary(TOKENS, 0.5), "min_count is 0.5"),
        (lambda: split_text(TOKENS, (19, 1)), r"sizes \(19, 1\) leave a part of the 20 words empty"),
        (lambda: split_text(TOKENS, (0, 3)), "leave a part"),
        (lambda: build_dataset([], VOCAB), "empty list"),
        (lambda: build_dataset(TEXT, VOCAB), "put it in brackets"),
    ],
)
def test_what_else_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Vocabulary, examples, split


def test_a_vocabulary_by_hand():
    # the 4, "." 4, cat 3, a 2, dog 2, sat 2; the others occur once
    assert VOCAB.itos == [".", "<unk>", "the", "cat", "a", "dog", "sat"]
    assert VOCAB.encode("the end .") == VOCAB.encode(["the", "end", "."]) == [2, 1, 0]
    assert VOCAB.decode(torch.tensor([2, 3, 6, 0])) == "the cat sat ."
    everything = WordVocabulary(TOKENS, min_count=1)
    assert everything.decode(everything.encode(TOKENS)) == TEXT


def test_examples_by_hand():
    X, Y = build_dataset(TOKENS[:5], VOCAB, 2)
    assert X.tolist() == [[0, 0], [0, 2], [2, 3], [3, 6], [6, 0]] and Y.tolist() == [2, 3, 6, 0, 2]
    assert X.dtype == Y.dtype == torch.int64
    assert build_dataset(TOKENS, VOCAB, 0)[0].shape == (len(TOKENS), 0)


def test_long_contexts_need_no_memory():
    X, _ = build_dataset(TOKENS * 1000, VOCAB, 500)
    assert X.shape == (20_000, 500) and X.untyped_storage().nbytes() == 8 * (20_000 + 499)


def test_split_text_keeps_the_order():
    assert split_text(TOKENS, (10, 4)) == (TOKENS[:10], TOKENS[10:14], TOKENS[14:])


# Counting words


def plain_kneser_ney(train, longest, vocab_size):
    """Interpolated modified Kneser-Ney over running text, by dicts (Chen and Goodman 1998)."""
    seen = [collections.defaultdict(collections.Counter) for _ in range(longest + 1)]
    padded = [0] * longest + train
    for end in range(longest, len(padded)):
        for length in range(longest + 1):
            seen[length][tuple(padded[end - length : end])][padded[end]] += 1
    tables = [collections.defaultdict(collections.Counter) for _ in range(longest)] + [seen[longest]]
    for length in range(longest):
        for context, row in seen[length + 1].items():
            for symbol in row:
                tables[length][context[1:]][symbol] += 1

    def discounts(table):
        n = collections.Counter(count for row in table.values() for count in row.values())
        y = n[1] / (n[1] + 2 * n[2])
        return [0] + [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]

    taken = [discounts(table) for table in tables]

    def prob(symbol, context):
        shorter = prob(symbol, context[1:]) if context else 1 / vocab_size
        row, d = tables[len(context)].get(context), taken[len(context)]
        if not row:
            return shorter
        gamma = sum(d[min(count, 3)] for count in row.values())
        return (row[symbol] - d[min(row[symbol], 3)] + gamma * shorter) / row.total()

    return prob


@pytest.fixture(scope="module")
def some(brown):
    """A small text: train and dev, and what counted train."""
    train, dev, _ = split_text(brown[:9000], (8000, 900))
    vocab = WordVocabulary(train, 2)
    return vocab, train, dev, CountModel(len(vocab), 2, method="kneser_ney").fit(*build_dataset(train, vocab, 2))


def test_kneser_ney_of_words_agrees_with_a_plain_one(some):
    vocab, train, dev, model = some
    prob = plain_kneser_ney(vocab.encode(train), 2, len(vocab))
    X, Y = build_dataset(dev, vocab, 2)
    expected = torch.tensor([prob(y, tuple(x)) for x, y in zip(X.tolist(), Y.tolist(), strict=True)])
    torch.testing.assert_close(model.log_prob(X, Y).exp(), expected, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(model(X[:50]).exp().sum(1), torch.ones(50))


def test_a_count_is_how_often_it_was_there(some):
    vocab, train, _, model = some
    ids = vocab.encode(train)
    trigrams = collections.Counter(zip(ids, ids[1:], ids[2:], strict=False))
    X, Y = build_dataset(train, vocab, 2)
    X, Y = torch.cat([X[2:500], X[2:500]]), torch.cat([Y[2:500], Y[3:501]])
    asked = zip(X[:, 0].tolist(), X[:, 1].tolist(), Y.tolist(), strict=True)
    assert model.count(X, Y).tolist() == [trigrams[one] for one in asked]


def test_a_table_with_all_its_zeros_is_refused_where_it_is_too_large():
    X, Y = torch.arange(20_000).view(-1, 1), torch.zeros(20_000, dtype=torch.int64)
    model = CountModel(20_000, 1).fit(X, Y)
    assert model.counts[0].shape == (1, 20_000)
    with pytest.raises(ValueError, match=r"20,000 rows of 20,000 counts.*count\(X, Y, 1\)"):
        model.counts[1]


# One path for words and characters


@pytest.mark.parametrize("method", ["add", "interpolate", "kneser_ney"])
def test_the_answers_alone_cost_the_same_as_in_a_row(some, method):
    vocab, _, dev, counted = some
    X, Y = build_dataset(dev, vocab, 2)
    model = CountModel(len(vocab), 2, 0.1, method)
    model.__dict__ |= {name: counted.__dict__[name] for name in ("_keys", "_cells", "_often", "_names")}
    model.smooth(0.1)
    for length in range(3):
        rows = model(X, length)[torch.arange(len(Y)), Y]
        torch.testing.assert_close(model.log_prob(X, Y, length), rows)
    assert nll(model, X, Y) == pytest.approx(-rows.mean().item(), rel=1e-6)


def test_a_mixture_of_words(some):
    vocab, train, dev, three = some
    two = CountModel(len(vocab), 1, method="kneser_ney").fit(*build_dataset(train, vocab, 1))
    X, Y = build_dataset(dev, vocab, 2)
    mixture = Mixture(two, three, 0.25)
    expected = (0.25 * log_prob(two, X[:, 1:], Y).exp() + 0.75 * log_prob(three, X, Y).exp()).log()
    torch.testing.assert_close(log_prob(mixture, X, Y), expected)
    torch.testing.assert_close(mixture(X)[torch.arange(len(Y)), Y], expected)


def test_sentences_are_sampled(some):
    vocab, _, _, model = some
    sentences = sample(model, vocab, 5, prefix="the jury", seed=1)
    assert all(sentence.startswith("the jury") for sentence in sentences) and len(set(sentences)) > 1
    assert all("." not in sentence.split() for sentence in sentences)


def test_a_sentence_is_scored_word_by_word(some):
    vocab, _, _, model = some
    losses, ranks = score_name(model, vocab, "the jury said it did .")
    indices = torch.tensor(vocab.encode("the jury said it did ."))
    X = torch.tensor([[0, 0], [0, indices[0]]])
    torch.testing.assert_close(losses[:2], -log_prob(model, X, indices[:2]))
    assert losses.shape == ranks.shape == (6,) and ranks[0] <= 3


MANY = """
import resource, torch
from makemlp.scoring import log_prob
torch.set_num_threads(1)
X = torch.zeros(1, 3, dtype=torch.int64).expand(40_000, 3)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
log_prob(lambda X: torch.zeros(len(X), 5_000), X, torch.zeros(40_000, dtype=torch.int64))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource is a module of Unix")
def test_a_long_list_is_scored_in_little_memory():
    """All logits at once would take 800 MB."""
    run = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 300


def test_log_prob_of_nothing_is_nothing():
    model = CountModel(3, 1).fit(torch.tensor([[1]]), torch.tensor([2]))
    assert log_prob(model, torch.zeros(0, 1, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)).shape == (0,)
    assert math.isnan(nll(model, torch.zeros(0, 1, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)))


# A cache


def test_a_cache_by_hand():
    model = CacheModel(5, 4)
    X, Y = torch.tensor([[1, 2, 1, 3], [4, 4, 4, 4]]), torch.tensor([1, 0])
    assert model(X).exp().tolist() == [[0, 0.5, 0.25, 0.25, 0], [0, 0, 0, 0, 1]]
    assert model.log_prob(X, Y).tolist() == [pytest.approx(math.log(0.5)), -math.inf]
    with pytest.raises(ValueError, match="block_size 1 or more"):
        CacheModel(5, 0)
