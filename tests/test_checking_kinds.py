"""The kinds of fault that checks have had, each tried on every exercise by changing right answers mechanically."""

import builtins
import copy
import inspect
import math
import random
import sys
import warnings
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from makemlp.checking import exercises, find
from makemlp.checking.comparing import change
from makemlp.checking.core import examine
from makemlp.checking.elsewhere import Elsewhere
from makemlp.checking.observing import _Watch, observe
from makemlp.checking.plain import plain
from makemlp.checking.specification import Trial

EVERY = exercises.of_lesson()
every_exercise = pytest.mark.parametrize("exercise", EVERY, ids=lambda one: one.name)


def few(exercise, count=4):
    """The exercise with its first inputs only."""
    return exercise if exercise.cases is None else replace(exercise, cases=lambda draws: exercise.cases(draws)[:count])


def like(exercise, answer):
    """An answer that takes what the exercise's takes."""
    answer.__signature__ = inspect.signature(exercise.reference)
    return answer


# What is to change in place, and what is to stay

GIVEN = {  # to the answers that are tried once: of the same kinds as the real ones, and small
    "own_bigram": (torch.eye(3), ...),
    "own_kneser_ney": (["ab", "b"], ".ab", ...),
    "own_model": (torch.tensor([[0, 1]]), torch.tensor([1]), 3, ...),
    "own_study": (len, len, ...),
    "challenge": (["ab", "b"], ...),
    "own_names": ("ab\nb", len, ...),
}
TOLD_OTHERWISE = {("winner", "rows"), ("adam", "parameters")}  # by a name of its own; by what it makes of the result
COPIED = {"adam": "not in place", "fit": "copies trained", "run_study": "rows in another list"}


def lent(exercise):
    """An exercise that is tried once, without its training: what counts is what becomes of the arguments."""
    given = GIVEN[exercise.name]
    trial = Trial(lambda answer: [answer(*copy.deepcopy(given))], lambda seen: ("met", ""), 1.0)
    return replace(exercise, trial=trial, cases=lambda draws: [()], reference=like(exercise, lambda *_: 1))


def changes(value):
    """Ways to change a value in place, as far as there are any: each changes it and says whether it did."""
    if isinstance(value, Tensor):
        yield "a number", lambda one: one.view(-1)[-1:].copy_(one.view(-1)[-1:] + 1) if one.is_contiguous() else 0
        if value.is_floating_point():
            yield "its last digits", lambda one: one.mul_(1 + 1e-6)
            yield "its mark", lambda one: one.requires_grad_()
        yield "its shape", lambda one: one.unsqueeze_(0)
    if isinstance(value, list):
        yield "an entry more", lambda one: one.append(one[0] if one else 0)
        yield "an entry less", lambda one: one.pop() if one else one
        yield "its order", lambda one: one.reverse()
        yield "an entry", lambda one: [way(entry) for entry in one[:1] for _, way in list(changes(entry))[:1]]
    if isinstance(value, dict):
        yield "a key more", lambda one: one.update(more=1)
        yield "an entry", lambda one: [way(e) for e in list(one.values())[:1] for _, way in list(changes(e))[:1]]


def given_to_the_answer(exercise):
    """What the answer gets on its first input: not always the input itself."""
    seen = []
    observe(exercise, like(exercise, lambda *given: (seen.append(copy.deepcopy(given)), exercise.reference(*given))[1]))
    return seen[0]


@every_exercise
def test_an_answer_that_changes_what_it_is_given_is_told_so(exercise):
    exercise = lent(exercise) if exercise.trial else few(exercise, 1 if exercise.use else 3)
    first = given_to_the_answer(exercise)
    for place, name in enumerate(exercise.parameters):
        for how in range(len(list(changes(first[place])))):
            changed = []

            def answer(*given, place=place, how=how, changed=changed):
                spared = given if exercise.use else copy.deepcopy(given)
                value, before = exercise.reference(*spared), copy.deepcopy(given[place])
                for _, way in list(changes(given[place]))[how : how + 1]:  # of whole numbers there are fewer ways
                    way(given[place])
                marked = isinstance(before, Tensor) and before.requires_grad != given[place].requires_grad
                changed.append(marked or bool(change(before, given[place])))
                return value

            verdict = examine(exercise, like(exercise, answer))
            if any(changed) and name not in exercise.in_place:
                assert not verdict.met
                if (exercise.name, name) not in TOLD_OTHERWISE:
                    assert verdict.kind == "changes its input", (name, how, verdict.text)
                    assert f"changes its input {name}: " in verdict.text


def test_changes_are_tried_where_there_is_something_to_change():
    kinds = {type(one) for exercise in EVERY for arguments in few(exercise).inputs() for one in arguments}
    assert {Tensor, list, dict} <= kinds
    assert [how for how, _ in changes(torch.ones(2))] == ["a number", "its last digits", "its mark", "its shape"]
    assert set(GIVEN) == {exercise.name for exercise in EVERY if exercise.trial}


@pytest.mark.parametrize("name", COPIED)
def test_what_is_to_change_in_place_is_not_right_on_a_copy(name):
    exercise = few(find(name), 2)

    def on_a_copy(*given):
        return exercise.reference(*[copy.deepcopy(one) if isinstance(one, list) else one for one in given])

    def put_back_into_the_list(*given):
        given[0][:] = copy.deepcopy(given[0])
        return exercise.reference(*given)

    assert examine(exercise, like(exercise, on_a_copy)).kind == COPIED[name]
    if name != "run_study":  # where the list itself is what counts
        assert examine(exercise, like(exercise, put_back_into_the_list)).kind in {COPIED[name], "changes its input"}


def test_no_other_exercise_may_change_what_it_is_given():
    assert {one.name: one.in_place for one in EVERY if one.in_place} == {
        "finite_difference": ("p",),  # which is put back
        "fit": ("parameters",),
        "run_study": ("rows",),
    }


def test_a_small_change_in_something_large_is_shown():
    before = torch.arange(100.0).view(10, 10)
    after = before.clone()
    after[3, 4] += 1e-5
    assert change(before, after).startswith("its entry [3, 4] was 34.0 and is 34.0000")
    names = [f"name {i}" for i in range(100)]
    assert change(names, [*names[:90], "x", *names[91:]]) == "its entry [90] was 'name 90' and is 'x' afterwards"
    assert change(names, names[:]) == "" and change([1], [1, 2]) == "it was [1] and is [1, 2] afterwards"


# What is forbidden

X, ROW = torch.ones(2, 3), torch.tensor([0, 1])


def forward_mode():
    with torch.autograd.forward_ad.dual_level():
        torch.autograd.forward_ad.make_dual(X, X)


def recorded(use):
    """A loss that is recorded, whether or not recording is switched on."""
    with torch.enable_grad():
        W = X.clone().requires_grad_()
        return use(W, (W**2).sum())


def stepped(optimizer):
    p = X.clone()
    p.grad = X
    optimizer([p], lr=0.1).step()


def counted():
    from makemlp import CountModel

    CountModel(3, 1).fit(ROW[:, None], ROW)


WAYS = {
    "softmax": {
        "aten": lambda: torch.ops.aten._softmax(X, 1, False),
        "aten, overload": lambda: torch.ops.aten.softmax.int(X, 1),
        "bare": lambda: torch._softmax(X, 1, False),
        "module": lambda: torch.nn.LogSoftmax(1)(X),
        "distribution": lambda: torch.distributions.Categorical(logits=X).probs,
        "attention": lambda: torch.nn.functional.scaled_dot_product_attention(X[None], X[None], X[None]),
        "by another name": lambda: getattr(X, "soft" + "max")(1),
    },
    "cross_entropy": {
        "aten": lambda: torch.ops.aten.cross_entropy_loss(X, ROW),
        "bare": lambda: torch._C._nn.nll_loss(X, ROW),
        "forward": lambda: torch.ops.aten.nll_loss_forward(X, ROW, None, 1, -100),
        "module": lambda: torch.nn.NLLLoss()(X, ROW),
        "ctc": lambda: torch.nn.functional.ctc_loss(X[None].log_softmax(2), ROW[:, None] + 1, ROW * 0 + 1, ROW * 0 + 1),
    },
    "gradient": {  # torch.func is in the catalogue: importing it takes seconds
        "backward": lambda: recorded(lambda W, loss: loss.backward()),
        "autograd": lambda: recorded(lambda W, loss: torch.autograd.grad(loss, W)),
        "backward of many": lambda: recorded(lambda W, loss: torch.autograd.backward(loss)),
        "forward mode": forward_mode,
        "functional": lambda: torch.autograd.functional.jacobian(lambda W: W**2, X),
    },
    "adam": {name: lambda name=name: stepped(getattr(torch.optim, name)) for name in ("Adam", "SGD", "RMSprop")},
    "own_sampler": {
        "bare": lambda: torch.multinomial(X, 1),
        "distribution": lambda: torch.distributions.Categorical(X).sample(),
    },
    "own_kneser_ney": {"the course's": counted},
    "trigram_share": {"table": lambda: torch.zeros(2, 2, 2), "of X's kind": lambda: X.new_zeros(2)},
}
SAME = {"descend_by_hand": "gradient", "backward_pass": "gradient", "fit": "gradient", "own_model": "adam"}


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in WAYS.items() for way in ways])
def test_what_is_forbidden_is_seen_by_whatever_way_it_is_called(name, way):
    watch = _Watch(find(name).forbidden)
    with watch:
        WAYS[name][way]()
    assert watch.seen


def test_what_is_not_forbidden_is_not_seen():
    for exercise in EVERY:
        watch = _Watch(exercise.forbidden)
        with watch:
            W = X.clone().requires_grad_()
            assert W.requires_grad and len(X.exp().sum(1).log().logsumexp(0, keepdim=True)) == 1
        assert not watch.seen
    forbidding = {exercise.name for exercise in EVERY if exercise.forbidden}
    assert forbidding == WAYS.keys() | SAME.keys()
    assert all(set(find(other).forbidden) <= set(find(name).forbidden) for name, other in SAME.items())


def test_autograd_is_switched_off_where_a_task_says_so():
    with _Watch(find("descend_by_hand").forbidden):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


# The seed

SEEDED = [exercise for exercise in EVERY if exercise.calls()["other seeds"]]
PARTLY = {
    "its last digit": lambda seed: seed % 10,
    "odd or even": lambda seed: seed % 2,
    "without its last digit": lambda seed: seed // 10,
    "at most a hundred": lambda seed: min(seed, 100),
}


@pytest.mark.parametrize("part", PARTLY)
@pytest.mark.parametrize("exercise", SEEDED, ids=lambda one: one.name)
def test_a_seed_that_counts_in_part_is_told(exercise, part):
    place = exercise.parameters.index("seed") if "seed" in exercise.parameters else None
    if place is None:  # the stages that are given their seed by what they call
        assert exercise.name == "fit"
        return

    def answer(*given):
        seed = PARTLY[part](given[place])
        return exercise.reference(*given[:place], seed, *given[place + 1 :])

    assert examine(exercise, like(exercise, answer)).kind == "seed ignored"


@pytest.mark.parametrize("name", ["split_examples", "prepare", "split_unique", "minibatches", "start"])
def test_a_result_that_another_process_would_not_give_is_told(name):
    """By hash of a text, and by the order of a set of texts that were made anew."""
    exercise = find(name)

    def hashed(*given):
        return exercise.reference(*given[:-1], builtins.hash(f"seed {given[-1]}") % 10_000)

    assert examine(exercise, like(exercise, hashed)).kind == "order of a set"

    def in_order_of_a_set(*given):
        names = list({name.strip().lower() for name in given[0]})
        random.Random(given[1]).shuffle(names)
        return names[: int(0.8 * len(names))], names[int(0.8 * len(names)) :]

    if name == "prepare":
        assert examine(exercise, like(exercise, in_order_of_a_set)).kind == "order of a set"


def test_a_text_of_another_process_is_the_same_text():
    text = Elsewhere("Ada Eva")
    assert text == "Ada Eva" and hash(text) != hash("Ada Eva")
    for made in (text.lower(), text[:3], text + "!", "." + text, *text.split(), text.replace("a", "e")):
        assert type(made) is Elsewhere
    assert type(text[0]) is str and {"A": 1}[text[0]] == 1


# The form of a result, and results that are nearly right

CALLED = [exercise for exercise in EVERY if not exercise.trial and not exercise.use]


def each(value, change_one):
    """The value with each number, text and tensor in it changed."""
    if isinstance(value, dict):
        return {key: each(part, change_one) for key, part in value.items()}
    return type(value)(each(part, change_one) for part in value) if type(value) in (list, tuple) else change_one(value)


def fractional(value):
    return value.is_floating_point() if isinstance(value, Tensor) else isinstance(value, float)


def numbers(make):
    """A change of all numbers of Python's that are no truth value, and of no tensor."""
    return lambda value: make(value) if type(value) in (int, float) and math.isfinite(value) else value


FORMS = {
    "of NumPy": lambda one: one.numpy() if isinstance(one, Tensor) else numbers(np.asarray)(one),
    "in lists": lambda one: one.tolist() if isinstance(one, Tensor) else one,
    "twice as long": lambda one: one.double() if fractional(one) and torch.is_tensor(one) else one,
    "fractions": numbers(Fraction),
    "decimals": numbers(Decimal),
    "tensors of one number": numbers(lambda number: torch.tensor([number], dtype=torch.float64)),
    "with a gradient": lambda one: one.clone().requires_grad_() if fractional(one) and torch.is_tensor(one) else one,
    "every other place in memory": lambda one: torch.stack([one, one], -1)[..., 0] if isinstance(one, Tensor) else one,
}


@pytest.mark.parametrize("exercise", CALLED, ids=lambda one: one.name)
def test_a_right_result_may_have_any_form(exercise):
    exercise = few(exercise, 3)
    for form, made in FORMS.items():
        if exercise.strict and form in ("of NumPy", "in lists"):
            continue  # where tensors are asked for
        verdict = examine(exercise, like(exercise, lambda *given, m=made: each(exercise.reference(*given), m)))
        assert verdict.met, (form, verdict.text)


def last_one(value):
    """The value with its very last number or text another one."""
    if isinstance(value, dict):
        return {**value, list(value)[-1]: last_one(value[list(value)[-1]])} if value else value
    if isinstance(value, list | tuple):
        return type(value)([*value[:-1], last_one(value[-1])]) if value else value
    if isinstance(value, Tensor):
        value = value.clone()
        value.view(-1)[-1:] += 1
        return value
    return not value if isinstance(value, bool) else f"{value[:-1]}#" if isinstance(value, str) else value + 1


NEARLY = {
    "the last one": last_one,
    "nothing": lambda value: None,
    "one more round it": lambda value: [value],
    "its text": str,
    "not a number": lambda value: each(value, lambda one: one * math.nan if fractional(one) else one),
}
ONLY_MEASURED = {"start", "start_at_log_vocab", "write_card"}  # where another number may be as good


@pytest.mark.parametrize("exercise", CALLED, ids=lambda one: one.name)
def test_a_result_that_is_nearly_right_is_refused(exercise):
    exercise = few(exercise, 6)
    first = exercise.reference(*exercise.inputs()[0])
    ways = {**NEARLY, "always the first": lambda value: copy.deepcopy(first)}
    for way, spoil in ways.items():
        spoiled = [spoil(exercise.reference(*one)) for one in exercise.inputs()]
        right = [exercise.reference(*one) for one in exercise.inputs()]
        if all(change(plain(a), plain(b)) == "" for a, b in zip(spoiled, right, strict=True)):
            continue  # it changes nothing here
        if exercise.name in ONLY_MEASURED and way in ("the last one", "always the first"):
            continue
        verdict = examine(exercise, like(exercise, lambda *given, s=spoil: s(exercise.reference(*given))))
        assert not verdict.met, way
        assert "Traceback" not in verdict.text and "makemlp/" not in verdict.text and "\n" not in verdict.text


# What is printed beside a verdict


def test_warnings_and_errors_that_are_printed_name_no_file_of_the_check():
    exercise, heard = few(find("softmax")), []

    def softmax(logits):
        torch.ones(1, 2, 3).T  # noqa: B018 - PyTorch warns of it, once per process, with the line that called it
        warnings.warn("look here", stacklevel=1)
        print("in red", file=sys.stderr)
        return logits

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        observe(exercise, softmax, heard=heard)
    said = "".join(one.getvalue() for one in heard)
    assert "UserWarning: look here\n" in said and "in red\n" in said
    assert ".py" not in said
