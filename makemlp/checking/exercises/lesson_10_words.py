"""The exercises of lesson 10 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 10.1 two_steps

GROUP, YAK, EMU, THE = 0.2, 0.1, 0.4, 0.5  # yak and emu are within the group


def two_steps() -> dict:
    return {"yak": GROUP * YAK, "nats of emu": -math.log(GROUP * EMU), "nats of the": -math.log(THE), "logits": 3.6}


TWO_STEPS = Exercise(
    number="10.1",
    name="two_steps",
    reference=two_steps,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "added",
            lambda: two_steps() | {"yak": GROUP + YAK},
            "The two probabilities are added: the group *and* then the word must come, so multiply.",
            "10 Two short questions",
        ),
        Mistake(
            "within the group only",
            lambda: two_steps() | {"yak": YAK},
            "This is yak's probability if the group has come: the group itself has to come first.",
            "10 Two short questions",
        ),
        Mistake(
            "group forgotten",
            lambda: two_steps() | {"nats of emu": -math.log(EMU)},
            "These are emu's nats within the group: the answer to the first question costs nats as well.",
            "10 Two short questions",
        ),
        Mistake(
            "nats of a sum",
            lambda: two_steps() | {"nats of emu": -math.log(GROUP + EMU)},
            "The probabilities are added before the logarithm: multiply them, or add their nats.",
            "10 Two short questions",
        ),
        Mistake(
            "bits for nats",
            lambda: two_steps() | {"nats of emu": -math.log2(GROUP * EMU)},
            "These are bits: nats belong to the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "sign kept",
            lambda: two_steps() | {"nats of the": math.log(THE)},
            "The logarithm of a probability is negative: its nats are minus that.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "a frequent word asked twice",
            lambda: two_steps() | {"nats of the": -math.log(THE * (1 - GROUP))},
            "'the' stands in the first question for itself: its probability there is all of it.",
            "10 Two short questions",
        ),
        Mistake(
            "both questions always",
            lambda: two_steps() | {"logits": 6.0},
            "The second question is asked only when the group comes: weigh its logits by the group's probability.",
            "10 Two short questions",
        ),
        Mistake(
            "first question forgotten",
            lambda: two_steps() | {"logits": 0.6},
            "These are the second question's logits alone: the first is asked every time.",
            "10 Two short questions",
        ),
    ),
    hints=(
        "A rarer word comes if its group comes, and then the word within it: 0.2 of the times, and of these 0.1.",
        "The nats of a product are the nats of its factors, added.",
        "Three logits every time, and three more in the share of times that the group comes.",
    ),
)

# 10.2 word_numbers


def word_numbers(words: list[str], min_count: int) -> dict[str, int]:
    return _numbered(words, min_count)


def _numbered(
    words: list[str],
    min_count: int,
    order: Callable[[Counter, str], tuple] = lambda often, word: (-often[word], word),
    above: int = 0,
    first: tuple[str, ...] = (".", "<unk>"),
) -> dict[str, int]:
    """The vocabulary with the words sorted by `order`; those that occur `above` more than min_count times are in it."""
    often = Counter(words)
    frequent = [word for word, count in often.items() if count >= min_count + above and word not in first]
    return {word: i for i, word in enumerate([*first, *sorted(frequent, key=lambda word: order(often, word))])}


def _as_they_come(words: list[str], min_count: int) -> dict[str, int]:
    often = Counter(words)
    return {word: i for i, word in enumerate([".", "<unk>", *(w for w in often if w != "." and often[w] >= min_count)])}


def _ties_as_they_come(words: list[str], min_count: int) -> dict[str, int]:
    frequent = [w for w, count in Counter(words).most_common() if count >= min_count and w != "."]
    return {word: i for i, word in enumerate([".", "<unk>", *frequent])}


def _word_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        pool = [*draws.names(7), "."]
        words = [draws.choice(pool) for _ in range(draws.integer(25, 40))]
        return words + [draws.name(5) + "x" for _ in range(3)] + ["."] * 3, draws.integer(2, 3)

    return [(["the", "cat", "saw", "the", "dog", ".", "the", "cat", "ran", "."], 2), *(case() for _ in range(15))]


WORD_NUMBERS = Exercise(
    number="10.2",
    name="word_numbers",
    reference=word_numbers,
    cases=_word_cases,
    mistakes=(
        Mistake(
            "one too many needed",
            lambda words, min_count: _numbered(words, min_count, above=1),
            "A word that occurs exactly min_count times is missing: it is frequent enough.",
            "10 Rare words become one",
        ),
        Mistake(
            "nothing merged",
            lambda words, min_count: _numbered(words, 1),
            "Rare words have numbers of their own: those that occur less often than min_count are to be left out.",
            "10 Rare words become one",
        ),
        Mistake(
            "rarest first",
            lambda words, min_count: _numbered(words, min_count, lambda often, word: (often[word], word)),
            "The rarest come first: after . and <unk> the most frequent word has number 2.",
            "10 Rare words become one",
        ),
        Mistake(
            "by the alphabet",
            lambda words, min_count: _numbered(words, min_count, lambda often, word: (word,)),
            "The words are in the alphabet's order: sort them by how often they occur, the most frequent first.",
            "10 Rare words become one",
        ),
        Mistake(
            "as they come",
            _as_they_come,
            "The words are numbered as they come in the text: sort them by how often they occur.",
            "10 Rare words become one",
        ),
        Mistake(
            "ties as they come",
            _ties_as_they_come,
            "Words that are equally frequent stand as they come in the text: put these in the alphabet's order.",
            "10 Rare words become one",
        ),
        Mistake(
            "ties from z to a",
            lambda words, min_count: {
                word: i
                for i, word in enumerate(
                    [".", "<unk>"]
                    + [
                        w
                        for _, w in sorted(((c, w) for w, c in Counter(words).items()), reverse=True)
                        if Counter(words)[w] >= min_count and w != "."
                    ]
                )
            },
            "Words that are equally frequent stand from z to a: the alphabet's order is asked for.",
            "10 Rare words become one",
        ),
        Mistake(
            "no unknown",
            lambda words, min_count: _numbered(words, min_count, first=(".",)),
            "<unk> has no number: it stands for every rare word, and is number 1.",
            "10 Rare words become one",
        ),
        Mistake(
            "unknown first",
            lambda words, min_count: _numbered(words, min_count, first=("<unk>", ".")),
            "<unk> and the full stop have changed places: the full stop is the boundary, so it is number 0.",
            "10 Rare words become one",
        ),
    ),
    hints=(
        "collections.Counter(words) counts every word at once.",
        "Leave the full stop out of the sorting: it has number 0 however often it occurs.",
        "sorted(frequent, key=lambda word: (-often[word], word)) sorts by how often, then by the alphabet.",
    ),
)

# 10.3 trigram_share


def trigram_share(words: list[str], context: tuple[str, str], word: str) -> float:
    followers = _followers(words, context)
    return followers[word] / followers.total() if followers else 0.0


def _followers(words: list[str], context: tuple[str, ...]) -> Counter:
    """What follows a context in the text, and how often."""
    table, n = defaultdict(Counter), len(context)
    for i in range(n, len(words)):
        table[tuple(words[i - n : i])][words[i]] += 1
    return table[tuple(context)]


def _share(followers: Counter, word: str) -> float:
    return followers[word] / followers.total() if followers else 0.0


def _skipping(words: list[str], context: tuple[str, str], word: str) -> float:
    """What comes anywhere after both words, in either of the next two places."""
    places = [i for i in range(len(words) - 2) if tuple(words[i : i + 2]) == tuple(context)]
    return sum(word in words[i + 2 : i + 4] for i in places) / len(places) if places else 0.0


def _end_counted(words: list[str], context: tuple[str, str], word: str) -> float:
    pairs = Counter(pairwise(words))
    return _followers(words, context)[word] / pairs[tuple(context)] if pairs[tuple(context)] else 0.0


def _trigram_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        words = [draws.choice("abc") for _ in range(draws.integer(12, 30))]
        i = draws.integer(0, len(words) - 3)
        context = tuple(words[-2:]) if draws.integer(0, 2) == 0 else tuple(words[i : i + 2])
        return words, context, draws.choice("abc")

    text = ["the", "cat", "saw", "the", "cat", "and", "the", "cat", "saw", "me"]
    never = (text, ("the", "dog"), "saw")
    return [(text, ("the", "cat"), "saw"), never, (text, ("saw", "me"), "and"), *(case() for _ in range(25))]


TRIGRAM_SHARE = Exercise(
    number="10.3",
    name="trigram_share",
    reference=trigram_share,
    cases=_trigram_cases,
    forbidden=("*zeros*", "*ones*", "*empty*", "*full*", "bincount"),
    mistakes=(
        Mistake(
            "last word only",
            lambda words, context, word: _share(_followers(words, context[1:]), word),
            "Only the last word of the context was looked at: that is a table of pairs.",
            "10 Holes in the tables",
        ),
        Mistake(
            "context reversed",
            lambda words, context, word: trigram_share(words, context[::-1], word),
            "The context's words have changed places: the first of them comes first in the text.",
            "10 Holes in the tables",
        ),
        Mistake(
            "a count",
            lambda words, context, word: float(_followers(words, context)[word]),
            "This is how often it came: divide by how often anything came after the context.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "share of all trigrams",
            lambda words, context, word: _followers(words, context)[word] / (len(words) - 2),
            "The count is divided by that of all trigrams of the text: divide by those that begin with the context.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "the text's end counted",
            _end_counted,
            "The context was also counted where the text ends after it: nothing follows there, so it is no example.",
            "10 Train, dev, test",
        ),
        Mistake(
            "equal where nothing was seen",
            lambda words, context, word: (
                trigram_share(words, context, word) if _followers(words, context) else 1 / len(set(words))
            ),
            "After a context that never came, every word has the same share here: 0.0 is asked for.",
            "10 Holes in the tables",
        ),
        Mistake(
            "a place too far",
            lambda words, context, word: _share(
                Counter(words[i + 3] for i in range(len(words) - 3) if tuple(words[i : i + 2]) == tuple(context)), word
            ),
            "This looks one word too far: what stands directly after the context is asked for.",
            "04 The sliding window",
        ),
        Mistake(
            "either of the next two",
            _skipping,
            "The word counts here if it is either of the next two: only the next one is asked for.",
            "04 The sliding window",
        ),
        Mistake(
            "the context's share",
            lambda words, context, word: sum(_followers(words, context).values()) / (len(words) - 2),
            "This is how often the context comes, whatever follows: divide the word's count by that of the context.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "A dictionary from each pair of words to a Counter of what followed holds only what was seen.",
        "zip(words, words[1:], words[2:]) goes through the text three words at a time.",
        "Divide by the sum of the context's own counts, and give 0.0 where it has none.",
    ),
)

# 10.4 best_weight

WEIGHTS = torch.arange(21) / 20


def best_weight(p: Tensor, q: Tensor) -> float:
    return _least(lambda w: -(w * p + (1 - w) * q).log().mean())


def _least(loss: Callable[[Tensor], Tensor], weights: Tensor = WEIGHTS) -> float:
    """The weight with the lowest loss; of equal ones the first."""
    return weights[int(torch.stack([loss(w) for w in weights]).argmin())].item()


def _weight_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        n, better = draws.integer(20, 60), draws.integer(1, 4) / 2
        return draws.uniform(n) ** better * 0.98 + 0.01, draws.uniform(n) * 0.98 + 0.01

    return [(torch.tensor([0.9, 0.3]), torch.tensor([0.1, 0.8])), *(case() for _ in range(25))]


BEST_WEIGHT = Exercise(
    number="10.4",
    name="best_weight",
    reference=best_weight,
    cases=_weight_cases,
    mistakes=(
        Mistake(
            "the worst",
            lambda p, q: _least(lambda w: (w * p + (1 - w) * q).log().mean()),
            "This weight has the highest loss: was the minus sign of the log-likelihood left out?",
            "10 Two are better",
        ),
        Mistake(
            "the other's weight",
            lambda p, q: best_weight(q, p),
            "This is q's share: the weight of p is asked for.",
            "09 Two are better",
        ),
        Mistake(
            "logarithms mixed",
            lambda p, q: _least(lambda w: -(w * p.log() + (1 - w) * q.log()).mean()),
            "The logarithms are mixed instead of the probabilities: their mean is a straight line in the weight, so an "
            "end always wins.",
            "09 Two are better",
        ),
        Mistake(
            "mean before the logarithm",
            lambda p, q: _least(lambda w: -(w * p + (1 - w) * q).mean()),
            "The probabilities were averaged over the answers, without a logarithm: take each answer's logarithm "
            "first.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "the loss",
            lambda p, q: min((-(w * p + (1 - w) * q).log().mean()).item() for w in WEIGHTS),
            "This is the lowest loss: the weight that gives it is asked for.",
            "10 Two are better",
        ),
        Mistake(
            "tenths only",
            lambda p, q: _least(lambda w: -(w * p + (1 - w) * q).log().mean(), WEIGHTS[::2]),
            "Only tenths were tried: the steps are to be a twentieth.",
            "10 Two are better",
        ),
        Mistake(
            "always equal parts",
            lambda p, q: 0.5,
            "Equal parts are one choice of 21: try them all.",
            "10 Two are better",
        ),
        Mistake(
            "number for weight",
            lambda p, q: round(20 * best_weight(p, q)),
            "This is which of the 21 it is: the weight itself is asked for.",
            "10 Two are better",
        ),
    ),
    hints=(
        "For one weight the loss is -(w * p + (1 - w) * q).log().mean().",
        "Compute it for all 21 weights, and find the place of the smallest.",
        "min(weights, key=loss) gives the weight, not the loss.",
    ),
)

# 10.5 nearest_words


def nearest_words(C: Tensor, words: list[str], word: str, k: int) -> list[str]:
    return _sorted_by(_cosines)(C, words, word, k)


def _cosines(C: Tensor, row: Tensor) -> Tensor:
    return C @ row / (C.norm(dim=1) * row.norm())


def _sorted_by(how_near: Callable[[Tensor, Tensor], Tensor], itself: bool = False) -> Callable[..., list[str]]:
    """The k words for whose rows `how_near` is largest."""

    def find(C: Tensor, words: list[str], word: str, k: int) -> list[str]:
        near = how_near(C, C[words.index(word)])  # (n,)
        order = [words[i] for i in near.argsort(descending=True).tolist()]
        return [one for one in order if itself or one != word][:k]

    return find


def _nearest_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        n = draws.integer(7, 10)
        C = draws.normal(n, draws.integer(3, 5)) * (0.3 + 2 * draws.uniform(n, 1)) + 0.4  # lengths that differ
        words = draws.names(n)
        return C, words, draws.choice(words), draws.integer(2, 4)

    by_hand = torch.tensor([[1.0, 0.0], [0.9, 0.8], [5.0, 1.0], [-2.0, 0.5]])
    return [(by_hand, ["cat", "dog", "house", "ran"], "cat", 2), *(case() for _ in range(25))]


NEAREST_WORDS = Exercise(
    number="10.5",
    name="nearest_words",
    reference=nearest_words,
    cases=_nearest_cases,
    mistakes=(
        Mistake(
            "itself included",
            _sorted_by(_cosines, itself=True),
            "The word itself is in the list: its cosine is 1, so leave it out.",
            "10b Who is near whom?",
        ),
        Mistake(
            "distance for cosine",
            _sorted_by(lambda C, row: -(C - row).norm(dim=1)),
            "These are the nearest by distance: the cosine doesn't mind how long the rows are.",
            "10b Who is near whom?",
        ),
        Mistake(
            "not divided",
            _sorted_by(lambda C, row: C @ row),
            "The products are not divided by the rows' lengths, so long rows seem near: divide by both lengths.",
            "10b Who is near whom?",
        ),
        Mistake(
            "divided by the square",
            _sorted_by(lambda C, row: C @ row / (C**2).sum(1)),
            "The products are divided by the squared lengths: take the root.",
            "10b Who is near whom?",
        ),
        Mistake(
            "farthest",
            _sorted_by(lambda C, row: -_cosines(C, row)),
            "These have the smallest cosines: sort from the largest down.",
            "10b Who is near whom?",
        ),
        Mistake(
            "opposite counts as near",
            _sorted_by(lambda C, row: _cosines(C, row).abs()),
            "The cosines' signs are gone: −1 is the opposite direction, and the farthest there is.",
            "10b Who is near whom?",
        ),
        Mistake(
            "numbers for words",
            lambda C, words, word, k: [words.index(one) for one in nearest_words(C, words, word, k)],
            "These are the words' numbers: look each up in words.",
            "10b Who is near whom?",
        ),
        Mistake(
            "one too few",
            lambda C, words, word, k: nearest_words(C, words, word, k)[: k - 1],
            "There is one too few: the word itself took a place among the k, so leave it out before you cut.",
            "10b Who is near whom?",
        ),
        Mistake(
            "place by place",
            lambda C, words, word, k: [one for one in words if one != word][:k],
            "These are the first k words as they stand: sort them by cosine first.",
            "10b Who is near whom?",
        ),
    ),
    hints=(
        "The cosine of rows a and b is (a @ b) / (a.norm() * b.norm()).",
        "torch.nn.functional.normalize(C, dim=1) divides each row by its length; then one matrix product does.",
        "Sort from the largest cosine down, skip the word itself, then take k.",
    ),
)

EXERCISES = (TWO_STEPS, WORD_NUMBERS, TRIGRAM_SHARE, BEST_WEIGHT, NEAREST_WORDS)
