"""The game "real or made up?": which names it deals. How it is played is seen in tests/browser/test_live.py."""

import base64
import json
import re

import pytest
import torch
from alive import LETTERS as VOCAB
from alive import LONGER as NAMES
from alive import SPELLER as MODEL

import makemlp
from makemlp import CountModel, Vocabulary, build_dataset, sample
from makemlp.widgets.names import GAMES, ROUNDS, deal


def dealt_by(page: str) -> list[tuple[str, bool]]:
    packed = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1])["data"]["names"]
    lines = base64.b64decode(packed.removeprefix("base64,")).decode("utf-8").split("\n")
    return [(line[1:], line[0] == "+") for line in lines]


def opened(**options):
    return dealt_by(makemlp.explore_real_or_made_up(MODEL, VOCAB, NAMES, **options).to_html())


@pytest.mark.parametrize("seed", range(5))
def test_names_are_dealt_fairly(seed):
    dealt = deal(MODEL, VOCAB, NAMES, ROUNDS, 1.0, seed)
    names = [name for name, _ in dealt]
    assert len(set(names)) == GAMES * ROUNDS and all(names)
    assert [name in NAMES for name in names] == [real for _, real in dealt]
    assert dealt == deal(MODEL, VOCAB, NAMES, ROUNDS, 1.0, seed)


def test_neither_length_nor_number_tells():
    dealt = [pair for seed in range(15) for pair in deal(MODEL, VOCAB, NAMES, ROUNDS, 1.0, seed)]
    real, made_up = ([len(name) for name, kind in dealt if kind == which] for which in (True, False))
    assert abs(len(real) - 750) < 60  # three standard deviations of 1,500 coins
    # What the model makes up is of other lengths: the mean is more than a quarter of a letter away.
    plain = [len(name) for name in sample(MODEL, VOCAB, 3000, seed=0) if name not in NAMES]
    assert abs(sum(plain) / len(plain) - sum(real) / len(real)) > 0.25
    assert abs(sum(real) / len(real) - sum(made_up) / len(made_up)) < 0.2


def test_a_real_name_that_the_list_repeats_comes_once():
    dealt = deal(MODEL, VOCAB, NAMES[:40] * 50, 8, 1.0, 0)
    assert len({name for name, _ in dealt}) == len(dealt)


def test_fewer_names_make_fewer_games_and_each_is_whole():
    dealt = deal(MODEL, VOCAB, NAMES[:25], ROUNDS, 1.0, 0)
    assert len(dealt) == 2 * ROUNDS


def test_a_model_that_only_repeats_is_refused():
    vocab = Vocabulary(["ab", "ba"])
    parrot = CountModel(len(vocab), 2, 0).fit(*build_dataset(["ab", "ba"], vocab, 2))
    with pytest.raises(ValueError, match=r"made up only 0 names that are not in the list .* the game needs 10"):
        makemlp.explore_real_or_made_up(parrot, vocab, ["ab", "ba"])


def test_the_seed_decides_the_names():
    assert opened() == opened() != opened(seed=7)


def test_a_temperature_reaches_the_model(monkeypatch):
    asked = []

    def spy(*args, **options):
        asked.append(options["temperature"])
        return sample(*args, **options)

    monkeypatch.setattr("makemlp.widgets.names.sample", spy)
    opened(temperature=0.7)
    assert asked == [0.7]


def test_markup_in_a_name_stays_text():
    names = [f"<b>{letter}{other}" for letter in "acdefghijklmno" for other in "pqr"]
    vocab = Vocabulary(names)
    model = CountModel(len(vocab), 1, 1.0).fit(*build_dataset(names, vocab, 1))
    page = makemlp.explore_real_or_made_up(model, vocab, names, temperature=0.8).to_html()
    assert "<b>" not in page and any(name.startswith("<b>") for name, _ in dealt_by(page))


def test_the_models_numbers_are_each_names_own():
    page = makemlp.explore_real_or_made_up(MODEL, VOCAB, NAMES).to_html()
    packed = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1])["data"]["nlls"]
    nlls = torch.frombuffer(bytearray(base64.b64decode(packed.removeprefix("base64,"))), dtype=torch.float32)
    torch.testing.assert_close(nlls, makemlp.nll_by_name(MODEL, VOCAB, [name for name, _ in dealt_by(page)]))
