"""When two results agree, and how one is shown."""

import math

import numpy as np
import pytest
import torch

from makemlp.checking.comparing import EXACT_SUMS, THREE_DECIMALS, compare, first_difference, show
from makemlp.checking.drawing import Draws

T = torch.tensor


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (T([1.0, 2.0]), T([1.0, 2.00001])),
        (T([1.0, math.nan]), T([1.0, math.nan])),
        (T([1.0], dtype=torch.float64), T([1.0])),
        (T([1], dtype=torch.int32), T([1])),
        (T(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (7.0, 7),
        (np.int64(7), 7),
        (math.nan, math.nan),
        ([1, (2.0, T([3]))], (1, [2.0, T([3])])),
        ({"b": 2, "a": 1}, {"a": 1, "b": 2}),
        ("a", "a"),
        (None, None),
    ],
)
def test_these_agree(got, want):
    assert compare(got, want, EXACT_SUMS) is None


@pytest.mark.parametrize(
    ("got", "want", "kind"),
    [
        (T([100_001]), T([100_000]), "value"),  # a count has no tolerance
        (100_001, 100_000, "value"),
        (T([1.0, 2.001]), T([1.0, 2.0]), "value"),
        (T([math.nan]), T([1.0]), "value"),
        (math.nan, 1.0, "value"),
        (T([1]), T([1.0]), "dtype"),
        (T([True]), T([1]), "dtype"),
        (T([[1.0]]), T([1.0]), "shape"),
        (T([1.0, 2.0]), 1.0, "shape"),
        ([1.0], T([1.0]), "type"),
        (True, 1, "type"),
        (T(True), 1, "type"),
        ("1", 1, "type"),
        (1, "1", "type"),
        (1, True, "type"),
        ((1, 2), {"a": 1}, "type"),
        (5, [5], "type"),
        ([1, 2], [1], "length"),
        ({"a": 1}, {"b": 1}, "keys"),
        ({"a": [1, 2.0]}, {"a": [1, 2.1]}, "value"),
        (None, 1, "nothing"),
    ],
)
def test_these_differ_and_in_what(got, want, kind):
    assert compare(got, want, EXACT_SUMS) == kind


def test_three_decimals_are_enough_cut_or_rounded():
    for given in (1.609, 1.61, 1.6094):
        assert compare(given, math.log(5), THREE_DECIMALS) is None
    assert compare(1.611, math.log(5), THREE_DECIMALS) == "value"


def test_a_value_is_shown_in_few_words():
    assert show(T([[1.0, 0.12345], [2.0, 3.0]])) == "[[1, 0.1235], [2, 3]]"
    assert show(torch.zeros(4, 5)) == "a tensor of shape (4, 5)"
    assert show({"a": 12_345, "b": (1.5, "x")}) == "{'a': 12,345, 'b': (1.5, 'x')}"
    assert len(show(list(range(1000)))) < 160


def test_the_first_difference_is_found_inside_a_pair():
    want = torch.arange(20.0).view(4, 5)
    got = want.clone()
    got[2, 3] = 0.0
    assert first_difference((want, got), (want, want), EXACT_SUMS) == "; they differ first at [2, 3], 0 for 13"
    assert first_difference(want, want, EXACT_SUMS) == ""


def test_draws_are_the_same_for_the_same_seed():
    one, two, other = Draws(1), Draws(1), Draws(2)
    assert one.names(5) == two.names(5) != other.names(5)
    assert torch.equal(one.normal(3), two.normal(3)) and one.integer(2, 2) == 2
    assert set(Draws(0).integers(3, 200).tolist()) == {0, 1, 2}
