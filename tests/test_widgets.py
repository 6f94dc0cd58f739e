"""Floor 5: every explorer, without a browser: what a reader does with the controls is done here in Python.

The live trainer, the game and the watched study have tests of their own in test_trainer.py, test_game.py and
test_watching.py.
"""

import html
import itertools
import re
from collections.abc import Iterator

import alive
import ipywidgets
import pytest

import makemlp
from makemlp import MLP, Scoreboard, Vocabulary, build_dataset
from makemlp.scoreboard import runs_folder
from makemlp.widgets.panel import Explorer

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
VOCAB = Vocabulary(NAMES)

# What each explorer is opened with here. A new explorer needs a line, and a test says so.
ARGUMENTS = {
    "explore_tuning": (NAMES[:6], NAMES[6:], VOCAB, Scoreboard, {"none": 3.0}),
}
ELSEWHERE = ("explore_study", *alive.ARGUMENTS)
EXPLORERS = [name for name in dir(makemlp) if name.startswith("explore_") and name not in ELSEWHERE]
each_explorer = pytest.mark.parametrize("name", EXPLORERS)


@pytest.fixture(autouse=True)
def a_clock_that_stands(monkeypatch):
    """Seconds stand in a picture's title, and differ from run to run."""
    monkeypatch.setattr("makemlp.widgets.tuning.time.perf_counter", lambda: 0.0)


def opened(name) -> Explorer:
    boards = (runs_folder() / f"board_{i}.jsonl" for i in itertools.count())
    new_board = next(path for path in boards if not path.exists())
    return getattr(makemlp, name)(*(Scoreboard(new_board) if a is Scoreboard else a for a in ARGUMENTS[name]))


def picture(explorer) -> str:
    return explorer._picture.value


def message(explorer) -> str:
    """What stands in the message line, without its markup."""
    return html.unescape(re.sub("<[^>]*>", "", explorer._message.value))


def moves(control) -> Iterator[tuple[str, object]]:
    """Everything a reader can do with a control but typing, as (trait, value)."""
    if isinstance(control, ipywidgets.FloatSlider):
        yield from (("value", value) for value in (control.min, (control.min + control.max) / 2, control.max))
    elif isinstance(control, ipywidgets.FloatLogSlider):  # its ends are powers of its base
        ends = control.min, (control.min + control.max) / 2, control.max
        yield from (("value", control.base**end) for end in ends)
    elif isinstance(control, ipywidgets.IntSlider):
        yield from (("value", value) for value in (control.min, (control.min + control.max) // 2, control.max))
    else:
        raise AssertionError(f"say here how {type(control)} is moved")


def assert_shows_a_picture(explorer):
    # What the trainer says of the highest rate there is, and the last picture stays.
    assert message(explorer) == "" or message(explorer).startswith("The run diverged at step ")
    images = re.findall(r'<img alt="([^"]+)" [^>]*src="data:image/png;base64,[\w+/=]{500,}">', picture(explorer))
    assert images and all(len(alt) > 30 for alt in images)


def test_the_table_covers_all_explorers():
    assert set(ARGUMENTS) == set(EXPLORERS)


@each_explorer
def test_every_control_may_be_moved_to_any_end(name):
    explorer = opened(name)
    said = repr(explorer)
    assert_shows_a_picture(explorer)
    for control in explorer.controls.values():
        shown = set()
        start = getattr(control, "value", None)
        for trait, value in moves(control):
            setattr(control, trait, value)
            assert_shows_a_picture(explorer)
            shown.add(picture(explorer))
        if start is not None:
            assert len(shown) != 1, f"'{control.description}' changes nothing"
            control.value = start
    assert repr(explorer) == said


@each_explorer
def test_the_corners_hold_too(name):
    """All controls at their first end at once, then all at their last."""
    explorer = opened(name)
    for end in (0, -1):
        for control in explorer.controls.values():
            for trait, value in list(moves(control))[end:][:1]:
                setattr(control, trait, value)
        assert_shows_a_picture(explorer)


@each_explorer
def test_only_core_widgets_are_used(name):
    def family(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from family(child)

    explorer = opened(name)
    for widget in family(explorer):
        # The browser is only ever asked for a widget that ships with ipywidgets, also for the Explorer itself.
        assert widget._model_module == widget._view_module
        assert widget._model_module in ("@jupyter-widgets/controls", "@jupyter-widgets/output")
        assert type(widget).__module__.startswith("ipywidgets") or type(widget) is Explorer
    assert (explorer._model_name, explorer._view_name) == ("VBoxModel", "VBoxView")
    assert set(explorer.controls.values()) < set(explorer.children)


@each_explorer
def test_every_control_says_what_it_is(name):
    descriptions = [control.description for control in opened(name).controls.values()]
    assert all(descriptions) and len(set(descriptions)) == len(descriptions)


@each_explorer
def test_repr_is_short_and_stable(name):
    explorer = opened(name)
    said = repr(explorer)
    assert said == repr(opened(name)) and all(control in said for control in explorer.controls)
    assert "\n" not in said and len(said) <= 110  # ipywidgets cuts what is longer
    assert not re.search(r"0x[0-9a-f]{4}|IPY_MODEL|[0-9a-f]{32}| object at ", said)


@each_explorer
def test_two_explorers_side_by_side_leave_each_other_alone(name):
    left, right = opened(name), opened(name)
    before = picture(right), right._values()
    assert picture(left) == before[0]
    for control in left.controls.values():
        for trait, value in list(moves(control))[:1]:
            setattr(control, trait, value)
    assert (picture(right), right._values()) == before
    right._refresh()
    assert picture(right) == before[0]


def test_a_released_slider_trains_and_writes_the_run_down(tmp_path):
    board = Scoreboard(tmp_path / "board.jsonl")
    board.add(dev=1.0, note="a row of the learner's own, without a train loss")
    explorer = makemlp.explore_tuning(NAMES[:6], NAMES[6:], VOCAB, board, {"low": 0.1, "high": 9.0})
    assert not explorer.controls["hidden_dim"].continuous_update
    explorer.controls["hidden_dim"].value = 20
    assert [row["hidden_dim"] for row in board.rows[1:]] == [100, 20] and len(Scoreboard(board.path)) == 3
    model = MLP(len(VOCAB), 3, 2, 20)
    makemlp.train(model, *build_dataset(NAMES[:6], VOCAB), steps=300, learning_rate=0.02)
    assert board.rows[-1]["dev"] == makemlp.nll(model, *build_dataset(NAMES[6:], VOCAB))
    assert f"Run 2: {board.rows[-1]['parameters']} parameters" in picture(explorer) and "below high" in picture(
        explorer
    )
    # Back to settings that were tried: that run is shown again, and nothing is trained.
    explorer.controls["hidden_dim"].value = 100
    assert len(board) == 3 and "Losses of 2 runs. Run 1:" in picture(explorer)


def test_a_run_that_is_stopped_is_not_recorded_and_trained_anew_when_asked_for_again(tmp_path, monkeypatch):
    board = Scoreboard(tmp_path / "b")
    explorer = makemlp.explore_tuning(NAMES[:6], NAMES[6:], VOCAB, board, {})
    before, whole = picture(explorer), makemlp.training.Run.step

    def stopped(run, share):
        if len(run.losses) == 7:
            raise KeyboardInterrupt
        return whole(run, share)

    with monkeypatch.context() as patch:
        patch.setattr(makemlp.training.Run, "step", stopped)
        explorer.controls["hidden_dim"].value = 20
    assert message(explorer) == (
        "Stopped after 7 of 300 steps, so this run is not on the board. Move a slider to train again."
    )
    assert len(board) == 1 and picture(explorer) == before
    explorer.controls["hidden_dim"].value = 30
    explorer.controls["hidden_dim"].value = 20  # what was stopped is not kept either
    assert [row["hidden_dim"] for row in board.rows] == [100, 30, 20] and not message(explorer)


def test_a_rate_that_is_too_high_is_named_and_the_last_picture_stays(tmp_path, monkeypatch):
    explorer = makemlp.explore_tuning(NAMES[:6], NAMES[6:], VOCAB, Scoreboard(tmp_path / "b"), {})
    before = picture(explorer)
    monkeypatch.setattr("makemlp.training.HOPELESS", 0.0)
    explorer.controls["learning_rate"].value = 0.5
    assert re.match(r"The run diverged at step 0 with learning rate 0.5: lower the rate", message(explorer))
    assert picture(explorer) == before
