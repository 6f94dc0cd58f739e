"""The game "real or made up?": what it shows, how it counts, and that no press can spoil it."""

import html
import re

import pytest
import torch

import makemlp
from makemlp import CountModel, Vocabulary, build_dataset, load_names, sample
from makemlp.widgets.names import Game, deal, luck

NAMES = load_names()[:3000]
VOCAB = Vocabulary(NAMES)
MODEL = CountModel(len(VOCAB), 3, 0.1).fit(*build_dataset(NAMES, VOCAB, 3))
QUESTION = "Is this name in the list, or made up by the model?"


@pytest.fixture
def clock(monkeypatch):
    """The time that the game reads, in a list of one."""
    now = [100.0]
    monkeypatch.setattr("makemlp.widgets.names.time.monotonic", lambda: now[0])
    return now


def opened(**options) -> Game:
    return makemlp.explore_real_or_made_up(MODEL, VOCAB, NAMES, **options)


def texts(game) -> tuple[str, str, list[str]]:
    """The line of the name, the verdict, and the earlier verdicts."""
    line, verdict, earlier = (
        html.unescape(re.sub("<(?!br)[^>]*>", "", part.value)) for part in (game._name, game._message, game._picture)
    )
    return line, verdict, earlier.split("<br>") if earlier else []


def shown(game) -> str:
    return re.fullmatch(r"\d+ of 10: (.+)", texts(game)[0])[1]


def press(game, clock, button):
    clock[0] += 1
    game.controls[button].click()


def play(game, clock, right):
    """Answer ten times, as often right as said; returns the names."""
    names = []
    for place in range(10):
        name = shown(game)
        names.append(name)
        press(game, clock, "real" if (name in NAMES) == (place < right) else "made_up")
    return names


def test_a_game_by_hand(clock):
    game = opened()
    first = shown(game)
    assert texts(game) == (f"1 of 10: {first}", QUESTION, [])
    press(game, clock, "real")
    second, real = shown(game), first in NAMES
    verdict = f"{'Right' if real else 'Wrong'}: {first} is {'in the list' if real else 'made up'}."
    assert texts(game) == (f"2 of 10: {second}", f"{verdict} {int(real)} of 1 right.", [])
    press(game, clock, "made_up")
    assert texts(game)[0].startswith("3 of 10: ") and texts(game)[2] == [verdict]


@pytest.mark.parametrize(
    ("right", "said"),
    [  # binomial: 1 and 11 and 56 and 176 and 1,013 and 1,024 of 1,024
        (10, "10 of 10 right. Guessing gets 5 on average, and 10 or more in 0.1% of games."),
        (9, "9 of 10 right. Guessing gets 5 on average, and 9 or more in 1.1% of games."),
        (8, "8 of 10 right. Guessing gets 5 on average, and 8 or more in 5.5% of games."),
        (7, "7 of 10 right. Guessing gets 5 on average, and 7 or more in 17.2% of games."),
        (2, "2 of 10 right. Guessing gets 5 on average, and 2 or more in 98.9% of games."),
        (0, "0 of 10 right. Guessing gets 5 on average, and 0 or more in 100.0% of games."),
    ],
)
def test_after_ten_the_score_and_what_guessing_would_get(right, said, clock):
    game = opened()
    play(game, clock, right)
    line, verdict, earlier = texts(game)
    assert line == f"{right} of 10 right" and said in verdict and verdict.endswith("Press Reset for other names.")
    assert len(earlier) == 9 and sum(text.startswith("Right") for text in earlier) + ("Right" in verdict) == right


def test_after_ten_no_press_counts_and_reset_begins_anew(clock):
    game = opened()
    names = play(game, clock, 6)
    over = texts(game)
    press(game, clock, "real")
    clock[0] += 1
    game.answer(real=False)  # a button would swallow an exception
    assert texts(game) == over
    press(game, clock, "reset")
    assert texts(game)[1:] == (QUESTION, [])
    assert not set(play(game, clock, 3)) & set(names)
    assert texts(game)[0] == "3 of 10 right"


def test_reset_in_mid_game(clock):
    game = opened()
    press(game, clock, "real")
    press(game, clock, "reset")
    assert texts(game)[0].startswith("1 of 10: ") and texts(game)[2] == []


def test_a_double_press_answers_once(clock):
    """The second press would be an answer to a name that nobody has read."""
    game = opened()
    clock[0] += 1
    for _ in range(5):
        game.controls["real"].click()
        clock[0] += 0.05
    assert texts(game)[0].startswith("2 of 10: ")
    press(game, clock, "real")
    assert texts(game)[0].startswith("3 of 10: ")


def test_hundreds_of_presses_in_any_order_do_no_harm(clock):
    game = opened()
    generator = torch.Generator().manual_seed(0)
    for step in torch.rand(300, generator=generator).tolist():
        clock[0] += step
        game.controls[("real", "made_up", "reset")[int(step * 10) % 3]].click()
        line, _, earlier = texts(game)
        assert re.fullmatch(r"\d+ of 10(: \w+| right)", line) and len(earlier) <= 9


@pytest.mark.parametrize("seed", range(30))
def test_names_are_dealt_fairly(seed):
    dealt = deal(MODEL, VOCAB, NAMES, 10, 1.0, seed)
    names = [name for name, _ in dealt]
    assert len(set(names)) == 10 and all(names)
    assert [name in NAMES for name in names] == [real for _, real in dealt]
    assert dealt == deal(MODEL, VOCAB, NAMES, 10, 1.0, seed)


def test_neither_length_nor_number_tells():
    dealt = [pair for seed in range(150) for pair in deal(MODEL, VOCAB, NAMES, 10, 1.0, seed)]
    real, made_up = ([len(name) for name, kind in dealt if kind == which] for which in (True, False))
    assert abs(len(real) - 750) < 60  # three standard deviations of 1,500 coins
    # What the model makes up is of other lengths: the mean is more than half a letter away.
    plain = [len(name) for name in sample(MODEL, VOCAB, 3000, seed=0) if name not in NAMES]
    assert abs(sum(plain) / len(plain) - sum(real) / len(real)) > 0.25
    assert abs(sum(real) / len(real) - sum(made_up) / len(made_up)) < 0.2


@pytest.mark.parametrize("seed", range(10))
def test_a_real_name_that_the_list_repeats_comes_once(seed):
    dealt = deal(MODEL, VOCAB, NAMES[:12] * 50, 8, 1.0, seed)
    assert len({name for name, _ in dealt}) == 8


def test_a_model_that_only_repeats_is_refused():
    vocab = Vocabulary(["ab", "ba"])
    parrot = CountModel(len(vocab), 2, 0).fit(*build_dataset(["ab", "ba"], vocab, 2))
    with pytest.raises(ValueError, match=r"made up only 0 names that are not in the list .* the game needs 10"):
        makemlp.explore_real_or_made_up(parrot, vocab, ["ab", "ba"])


def test_a_reset_that_finds_no_names_keeps_the_game(clock, monkeypatch):
    game = opened()
    names = play(game, clock, 4)
    monkeypatch.setattr("makemlp.widgets.names.sample", lambda *args, **options: [])
    press(game, clock, "reset")
    assert texts(game)[0] == "4 of 10 right" and "made up only 0 names" in texts(game)[1]
    assert [name for name, _ in game._names] == names


def test_the_seed_decides_the_names(clock):
    assert shown(opened()) == shown(opened()) != shown(opened(seed=7))


def test_a_temperature_reaches_the_model(monkeypatch):
    asked = []

    def spy(*args, **options):
        asked.append(options["temperature"])
        return sample(*args, **options)

    monkeypatch.setattr("makemlp.widgets.names.sample", spy)
    opened(temperature=0.7)
    assert asked == [0.7]


def test_two_games_leave_each_other_alone(clock):
    left, right = opened(), opened()
    press(left, clock, "real")
    assert texts(right)[0].startswith("1 of 10") and texts(left)[0].startswith("2 of 10")


def test_markup_in_a_name_stays_text(clock):
    names = [f"<b>{letter}" for letter in "acdefghijklmno"]
    vocab = Vocabulary(names)
    model = CountModel(len(vocab), 1, 1.0).fit(*build_dataset(names, vocab, 1))
    game = makemlp.explore_real_or_made_up(model, vocab, names, temperature=0.8)
    for _ in range(10):
        assert "<b>" not in game._name.value + game._message.value + game._picture.value
        press(game, clock, "real")


def test_repr_names_the_controls():
    assert repr(opened()) == "Controls: real, made_up, reset. Run this cell to use them."


@pytest.mark.parametrize(("right", "rounds", "chance"), [(0, 4, 1), (2, 2, 1 / 4), (2, 3, 1 / 2), (10, 10, 1 / 1024)])
def test_luck_by_hand(right, rounds, chance):
    assert luck(right, rounds) == chance
