"""TPE beside random search: every study is stored, and is what playing it again gives."""

import pytest

from makemlp import Objective, Vocabulary, load_names, split
from makemlp.tuning import contest

NAMES = load_names()[:300]
VOCAB = Vocabulary(NAMES)
TINY = Objective(NAMES[:200], NAMES[200:], VOCAB, budget=1e7)


def test_every_study_is_stored():
    stored = contest.stored()
    assert [(line["seed"], line["sampler"]) for line in stored] == [
        (seed, label) for seed in contest.SEEDS for label in contest.SAMPLERS
    ]
    assert {len(line["dev"]) for line in stored} == {contest.TRIALS}


@pytest.mark.parametrize("label", contest.SAMPLERS)
def test_a_study_is_the_same_when_it_is_played_again(label):
    one, again = (contest.play(label, 3, TINY, trials=4) for _ in range(2))
    assert one == again and len(one["dev"]) == 4
    assert contest.play(label, 4, TINY, trials=4)["dev"] != one["dev"]


def test_samplers_begin_with_the_same_random_trials():
    """So what differs later is the sampler's doing."""
    random, tpe = (contest.play(label, 0, TINY, trials=10)["dev"] for label in contest.SAMPLERS)
    assert random == tpe
    for seed in contest.SEEDS:
        first, second = (line["dev"][:10] for line in contest.stored() if line["seed"] == seed)
        assert first == second


def test_the_first_trials_of_the_stored_table_are_measured_again():
    """Other machines round otherwise, so to a hundredth."""
    names = load_names()
    train, dev, _ = split(names)
    again = contest.play("random", 0, Objective(train, dev, Vocabulary(names)), trials=2)
    assert again["dev"] == pytest.approx(contest.stored()[0]["dev"][:2], abs=0.01)
