"""When two results agree, and how one is shown."""

import functools
import itertools
import math
import re
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from numbers import Real

import numpy as np
import pytest
import torch

from makemlp.checking import find, observing, wire
from makemlp.checking.comparing import (
    EXACT_SUMS,
    THREE_DECIMALS,
    compare,
    difference,
    first_difference,
    show,
    what_came,
)
from makemlp.checking.core import examine, judge
from makemlp.checking.drawing import Draws
from makemlp.checking.observing import Seen, observe
from makemlp.checking.plain import plain

T = torch.tensor


RIGHT = [
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
    # In any form
    ([1.0, 2.0], T([1.0, 2.0])),
    (((1, 2), (3, 4)), T([[1.0, 2.0], [3.0, 4.0]])),
    ([T([1.0, 2.0]), T([3.0, 4.0])], T([[1.0, 2.0], [3.0, 4.0]])),
    ([T(1.0), 2], T([1.0, 2.0])),
    (np.array([[1, 2]]), T([[1, 2]])),
    (np.array([1.0, 2.0], dtype=">f8"), T([1.0, 2.0])),
    (T([1.0, 2.0]), [1.0, 2]),
    (np.array([1.0, 2.0]), (1.0, 2.0)),
    (np.array(["a", "b"]), ["a", "b"]),
    (T([[1.0], [2.0]]), [T([1.0]), T([2.0])]),
    (T([1]), T([1.0])),
    (T([1.0, 1 / 3], dtype=torch.float16), T([1.0, 1 / 3])),
    (T([1 / 3], dtype=torch.bfloat16), 1 / 3),
    (T([1.0, 2.0], requires_grad=True) * 1, [1.0, 2.0]),
    (torch.eye(2).to_sparse(), torch.eye(2)),
    (Fraction(1, 3), 1 / 3),
    (Fraction(14, 2), 7),
    (Decimal("0.25"), 0.25),
    (Decimal(7), 7),
    ([Fraction(1, 2), Decimal("0.5"), np.float32(0.5), T(0.5)], [0.5] * 4),
    (np.bool_(True), True),
    (T(False), False),
    (np.str_("a"), "a"),
    (range(3), [0, 1, 2]),
    ({"a": 1}.values(), [1]),
    (deque([1, 2]), [1, 2]),
    (defaultdict(int, a=1), {"a": 1}),
    (OrderedDict(a=1), {"a": 1}),
]


@pytest.mark.parametrize(("got", "want"), RIGHT)
def test_these_agree(got, want):
    assert compare(plain(got), plain(want), EXACT_SUMS) is None


@pytest.mark.parametrize(
    ("got", "want", "kind"),
    [
        (T([100_001]), T([100_000]), "value"),  # a count has no tolerance
        (100_001, 100_000, "value"),
        (T([1.0, 2.001]), T([1.0, 2.0]), "value"),
        (T([1.0, 2.02], dtype=torch.float16), T([1.0, 2.0]), "value"),
        (T([math.nan]), T([1.0]), "value"),
        (T([2]), T([1.0]), "dtype"),
        (T([True]), T([0]), "dtype"),
        (T([[1.0]]), T([1.0]), "shape"),
        (T([1.0, 2.0]), 1.0, "shape"),
        ([[1.0], [2.0, 3.0]], T([1.0]), "type"),
        (["a"], T([1.0]), "type"),
        ({1.0, 2.0}, [1.0, 2.0], "type"),  # its order says nothing
        (True, 1, "type"),
        (T(True), 1, "type"),
        (1, True, "type"),
        ("1", 1, "type"),
        (1, "1", "type"),
        ((1, 2), {"a": 1}, "type"),
        (5, [5], "type"),
        ([1, 2], [1], "length"),
        ({"a": 1}, {"b": 1}, "keys"),
        ({"a": [1, 2.0]}, {"a": [1, 2.1]}, "value"),
        (None, 1, "nothing"),
        ({"a": None}, {"a": 1}, "nothing"),
    ],
)
def test_these_differ_and_in_what(got, want, kind):
    assert compare(plain(got), plain(want), EXACT_SUMS) == kind


@pytest.mark.parametrize(
    ("got", "want", "kind"),
    [([1.0], T([1.0]), "type"), (T([1]), T([1.0]), "dtype"), (T([True]), T([1]), "dtype"), (T([1.0]), T([1]), "dtype")],
)
def test_where_the_form_is_asked_for_it_counts(got, want, kind):
    assert compare(got, want, EXACT_SUMS, strict=True) == kind
    assert compare(got, want, EXACT_SUMS) is None


def test_a_difference_says_where_it_is():
    found = difference({"a": [1, "2"]}, {"a": [1, 2]}, EXACT_SUMS)
    assert (found.kind, found.place, found.got, found.want) == ("type", "['a'][1]", "2", 2)


class Failing:
    """A class of a learner's, of which nothing works."""

    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __len__ = __iter__ = __eq__ = __bool__ = __getattr__ = __repr__
    __hash__ = None


def hostile(base, error):
    """An object of a class of which every method raises this, which need not be an `Exception`."""

    def fail(*_, **__):
        raise error

    methods = ("__repr__", "__eq__", "__hash__", "__float__", "__int__", "__len__", "__iter__", "__bool__", "__array__")
    asked = (*methods, "__getattr__", "items", "keys", *getattr(base, "__abstractmethods__", ()))
    return type("Hostile", (base,), dict.fromkeys(asked, fail))()


class Claims:
    """It says that it is True, and that it equals everything."""

    __class__ = property(lambda self: bool)

    def __eq__(self, other):
        return True

    __hash__ = None


async def coroutine():
    return 1


def itself():
    values = [1]
    values.append(values)
    return values


def nested():
    values = []
    for _ in range(5000):
        values = [values]
    return values


def objects():
    values = np.empty(1, dtype=object)
    values[0] = Failing()
    return values


ODD = {
    "a generator": lambda: (i for i in range(3)),
    "one without end": itertools.count,
    "an iterator": lambda: iter([1]),
    "a coroutine": coroutine,
    "a failing class": Failing,
    "a list with one": lambda: [1, Failing()],
    "a dict with one": lambda: {"a": Failing()},
    "a list that holds itself": itself,
    "5,000 lists in lists": nested,
    "a long list": lambda: [0] * 2_000_000,
    "a meta tensor": lambda: torch.ones(2, device="meta"),
    "a complex tensor": lambda: torch.ones(2, dtype=torch.complex64),
    "a large tensor": lambda: torch.zeros(1).expand(10_000_000),
    "a complex number": lambda: 1j,
    "a large number": lambda: 10**6000,
    "bytes": lambda: b"x",
    "a class": lambda: dict,
    "a function": lambda: len,
    "a module": lambda: math,
    "an array of objects": objects,
    "a date": lambda: np.datetime64("2020-01-01"),
    "a set": lambda: {1},
    "a nan": lambda: Decimal("nan"),
    "an infinity": lambda: Decimal("Infinity"),
    "a signal": lambda: Decimal("sNaN"),
    "tensors of many lengths": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "a model": lambda: torch.nn.Linear(2, 2),
    "not implemented": lambda: NotImplementedError,
    "what claims to be True": Claims,
    **{
        f"a {base.__name__} that raises {error.__name__}": functools.partial(hostile, base, error)
        for base in (object, Mapping, Real, float)
        for error in (SystemExit, GeneratorExit)
    },
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_an_answer_gives_becomes_plain_data(name):
    value = plain(ODD[name]())
    assert show(value) and what_came(value) and len(show(value)) < 200
    assert compare(value, 7, EXACT_SUMS) and compare(7, value, EXACT_SUMS)
    again = wire.read(wire.write([Seen(value)]))[0].value
    assert show(again) == show(value)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "exercise", ["units", "window", "split_unique", "excess_loss", "minibatches", "leaked", "real_gain"]
)
def test_whatever_an_answer_gives_gets_a_sentence(exercise, name):
    given = ODD[name]()
    verdict = examine(find(exercise), lambda *arguments: given)
    assert not verdict.met and verdict.kind in (
        "type",
        "length",
        "shape",
        "keys",
        "value",
        "dtype",
        "not the same twice",
    ), verdict
    assert "\n" not in verdict.text and len(verdict.text) < 900
    assert not re.search(r"Error|Traceback|pickle|makemlp/|object at 0x", verdict.text), verdict.text


class Wordless(BaseException):
    def __str__(self):
        raise SystemExit


class Trap:
    """A callable that fails when it is asked for its code."""

    def __call__(self, *_):
        raise ValueError(Wordless())

    def __getattr__(self, name):
        raise SystemExit


def raises(*_):
    raise Wordless


def named(*_):
    raise type("Bad\nname " * 100, (Exception,), {})


@pytest.mark.parametrize("answer", [raises, named, Trap()], ids=["raises", "named", "trap"])
def test_an_exception_without_words_is_told_all_the_same(answer):
    verdict = examine(find("bag"), answer)
    assert verdict.kind == "raised" and "your answer stopped with" in verdict.text
    assert "\n" not in verdict.text and len(verdict.text) < 400


def test_an_answer_may_close_the_page_and_print_without_an_end():
    def answer(X, vocab_size):
        print("x" * 10_000_000)
        sys.stdout.close()
        print("after")
        return 7

    heard = []
    assert judge(find("bag"), observe(find("bag"), answer, heard=heard)).kind == "type"
    assert {len(one.getvalue()) for one in heard} == {observing.MOST_HEARD}


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
    assert first_difference((want, got), (want, want), EXACT_SUMS) == (
        "; they differ first at [2, 3]: 0 came, 13 is wanted"
    )
    assert first_difference(want, want, EXACT_SUMS) == ""


def test_draws_are_the_same_for_the_same_seed():
    one, two, other = Draws(1), Draws(1), Draws(2)
    assert one.names(5) == two.names(5) != other.names(5)
    assert torch.equal(one.normal(3), two.normal(3)) and one.integer(2, 2) == 2
    assert set(Draws(0).integers(3, 200).tolist()) == {0, 1, 2}
