"""The projects: what their specifications are held against, and what passes between their stages."""

import os

import pytest
import torch
import torch.nn.functional as F
from answers import ANSWERS, SOLUTIONS, setup
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from makemlp import checking
from makemlp.checking import check, exercises, find, results, wire
from makemlp.checking.core import judge
from makemlp.checking.exercises import project_05
from makemlp.checking.observing import observe
from makemlp.checking.parts import parts, whose


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(checking, "_states", {})
    monkeypatch.setattr(checking, "_rows", {})
    checking.MET.clear()
    yield
    checking.MET.clear()


def test_the_gradients_by_hand_are_those_of_autograd_and_of_finite_differences():
    for case in find("backward_pass").inputs(1):
        X, Y, *parameters = case
        parameters = [p.double().requires_grad_() for p in parameters]

        def loss_of(C, W1, b1, W2, b2, X=X, Y=Y):
            return F.cross_entropy(torch.tanh(C[X].flatten(1) @ W1 + b1) @ W2 + b2, Y)

        exact = torch.autograd.grad(loss_of(*parameters), parameters)
        plain = [p.detach() for p in parameters]
        ours = project_05.backward_pass(X, Y, *plain)
        for place, (name, theirs) in enumerate(zip(project_05.NAMES, exact, strict=True)):
            assert torch.allclose(ours[name], theirs, atol=1e-12)

            def moved(p, place=place, plain=plain):
                return loss_of(*plain[:place], p, *plain[place + 1 :]).item()

            slopes = project_05.finite_difference(moved, plain[place].clone(), 1e-5)
            assert torch.allclose(ours[name], slopes, atol=1e-8)


def test_the_course_s_adam_is_pytorch_s():
    parameters, gradients, rates = find("adam").inputs(2)[-1]
    mine, theirs = ([p.clone() for p in parameters] for _ in range(2))
    step, optimizer = project_05.adam(mine), torch.optim.Adam(theirs, betas=(0.9, 0.99))
    for now, rate in zip(gradients, rates, strict=True):
        step(now, rate)
        optimizer.param_groups[0]["lr"] = rate
        for p, gradient in zip(theirs, now, strict=True):
            p.grad = gradient
        optimizer.step()
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(mine, theirs, strict=True))


def test_a_stage_that_is_open_is_replaced_by_the_course_s():
    def schedule(step, steps, warm_up):
        return project_05.schedule(step, steps, warm_up)

    names = {"adam": project_05.adam, "schedule": project_05.schedule}
    given, own = parts(names)
    assert given.schedule is project_05.schedule and not own and whose(names, own) == "All parts were the course's."
    check("schedule", schedule)
    given, own = parts(names)
    assert given.schedule is schedule and given.adam is project_05.adam
    assert whose(names, own) == "Your own parts: schedule; the course's: adam."
    with pytest.raises(checking.Wrong):
        check("schedule", lambda step, steps, warm_up: 0)
    assert parts(names)[1] == []


@pytest.mark.parametrize("slip", [lambda given: given["schedule"], lambda given: given.schedules])
def test_a_slip_in_asking_for_a_part_is_told(slip):
    given, _ = parts({"schedule": project_05.schedule})
    with pytest.raises(
        (TypeError, AttributeError), match=r"parts\.schedule, with a dot|no 'schedules': it has schedule"
    ):
        slip(given)


def test_a_project_puts_its_loss_on_the_scoreboard_once_it_is_met(monkeypatch, capsys):
    assert results("own_model") == []
    assert "its check is not met" in capsys.readouterr().out
    seen = [observe(find("own_model"), project_05._settings(100, 0.02))[0]]
    monkeypatch.setattr(checking, "observe", lambda *_, **__: seen)
    monkeypatch.setattr(project_05, "BAR", 2.5)
    check("own_model", project_05.own_model)
    (row,) = results("own_model")
    assert row["project"] == "05.10 own_model" and 2.3 < row["dev"] < 2.5
    with pytest.raises(checking.NotYet):
        monkeypatch.undo()
        check("own_model", ...)
    assert results("own_model") == []


def test_the_board_cell_of_an_open_notebook_does_not_fail(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAKEMLP_RUNS", str(tmp_path))
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    cell = "from makemlp import Scoreboard\nfrom makemlp.checking import results\n"
    cell += 'for run in results("own_model"):\n    Scoreboard().add(**run)\nScoreboard()'
    assert shell.run_cell(cell).success
    assert "0 runs" in capsys.readouterr().out


# What a notebook's check says and what the grader says, who tries other inputs, in another process, by text.

BUILT = [
    *(one for name, module in vars(exercises).items() if name.startswith("project_") for one in module.EXERCISES),
    *(one for one in exercises.of_lesson() if one.mistakes[0].name == "not repaired"),
]
SEEDS = range(100, 100 + int(os.environ.get("AGREE_ON", "1")))  # AGREE_ON=100 tries a hundred, which takes an hour
WRONG = 3  # wrong answers that are tried besides the right one; the catalogue's own test tries all, on other seeds


def solved(exercise):
    """The answer of the solutions' notebook."""
    (cell,) = [c for book in SOLUTIONS for c in book.code if c.raw["id"].endswith(f"-{exercise.name}-answer")]
    scope = setup(exercise.number[:2])
    exec(cell.source, scope)
    return scope[exercise.name]


def kinds(exercise, answer, seeds):
    """What the notebook's check says, and what the grader says: there, what was seen passes as text to the judge."""
    seen = observe(exercise, answer)
    yield judge(exercise, seen).kind
    for seed in seeds:
        seen = seen if exercise.trial else observe(exercise, answer, seed)
        yield judge(exercise, wire.read(wire.write(seen)), seed).kind


@pytest.mark.parametrize("exercise", BUILT, ids=lambda one: one.name)
def test_notebook_and_grader_agree(exercise):
    seeds = (None,) if exercise.trial else SEEDS
    assert {*kinds(exercise, solved(exercise), seeds)} == {"met"}
    wrong = [one for one in ANSWERS if one.exercise == exercise.name and one.kind != "met"]
    for one in wrong[:: max(1, len(wrong) // WRONG)]:
        assert {*kinds(exercise, one.function(), seeds)} == {one.kind}
