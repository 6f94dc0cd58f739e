"""Every explorer of the course in one process, with somebody who never stops moving the controls."""

import gc
import random
import threading
import time

import ipywidgets
import optuna
import psutil
import torch

import makemlp
from makemlp import MLP, CountModel, Scoreboard, build_dataset
from makemlp.figures.base import Picture


def open_all() -> dict:
    """Each explorer by its name, on the bundled names and models of the lessons' sizes."""
    names = makemlp.load_names()[:5000]
    vocab = makemlp.Vocabulary(names)
    train, dev, _ = makemlp.split(names)
    X, Y = build_dataset(train, vocab)
    model = MLP(len(vocab))
    makemlp.train(model, X, Y, steps=50)
    table = CountModel(len(vocab), 5, method="kneser_ney").fit(*build_dataset(train, vocab, 5))
    frames = {step: MLP(len(vocab), emb_dim=2, hidden_dim=100, seed=step) for step in range(0, 300, 5)}
    arguments = {
        "explore_architecture": (len(vocab),),
        "explore_count_tables": (train, dev, vocab),
        "explore_descent": (torch.ones(len(vocab), len(vocab)), vocab, torch.zeros(len(vocab), len(vocab))),
        "explore_letters": (frames[0], vocab, "emm"),
        "explore_mixture": (model, table, *build_dataset(dev, vocab, 5)),
        "explore_name": (model, vocab, dev, "ada"),
        "explore_neighbours": (model.C.detach(), vocab),
        "explore_prediction": (model, vocab, "emm"),
        "explore_real_or_made_up": (model, vocab, names),
        "explore_sampling": (model, vocab),
        "explore_smoothing": (torch.ones(len(vocab), len(vocab)), vocab),
        "explore_snapshots": (frames, [3.0] * 300, vocab),
        "explore_training": (train, dev, vocab, {}, 300),
        "explore_study": (optuna.create_study(),),
        "explore_words": (torch.eye(len(vocab)), vocab, "e", 20),
        "explore_tuning": (train, dev, vocab, Scoreboard(), {"none": 2.0}),
    }
    assert set(arguments) == {name for name in dir(makemlp) if name.startswith("explore_")}
    return {name: getattr(makemlp, name)(*arguments[name]) for name in arguments}


def move(control: ipywidgets.Widget, dice: random.Random) -> None:
    """Do with a control what a reader may do."""
    if isinstance(control, ipywidgets.Button):
        control.click()
    elif isinstance(control, ipywidgets.FloatLogSlider):
        control.value = control.base ** dice.uniform(control.min, control.max)
    elif isinstance(control, ipywidgets.FloatSlider):
        control.value = dice.uniform(control.min, control.max)
    elif isinstance(control, ipywidgets.IntSlider):
        control.value = dice.randint(control.min, control.max)
    elif isinstance(control, ipywidgets.Dropdown | ipywidgets.SelectionSlider):
        control.index = dice.randrange(len(control.options))
    elif isinstance(control, ipywidgets.Checkbox):
        control.value = not control.value
    elif isinstance(control, ipywidgets.Text):
        control.value = "".join(dice.choices("aeimnr", k=dice.randint(0, 8)))
    else:
        assert isinstance(control, ipywidgets.Play), control


def weigh() -> dict:
    """What the process holds now: megabytes, and what could pile up."""
    gc.collect()
    return {
        "megabytes": round(psutil.Process().memory_info().rss / 1e6, 1),
        "pictures": sum(isinstance(thing, Picture) for thing in gc.get_objects()),
        "widgets": sum(isinstance(thing, ipywidgets.Widget) for thing in gc.get_objects()),
        "threads": threading.active_count(),
    }


def work(seconds: float, moves: int, weighings: int = 10) -> list[dict]:
    """Move the controls of all explorers at random, and weigh now and then: after so long and so many moves each."""
    dice, explorers, found, moved = random.Random(0), open_all(), [], 0
    moving = [name for name in explorers if explorers[name].controls]  # the others move in the page alone
    began = time.monotonic()
    for turn in range(1, weighings + 1):
        while moved < turn * moves or time.monotonic() < began + turn * seconds:
            move(dice.choice(list(explorers[dice.choice(moving)].controls.values())), dice)
            moved += 1
        found.append({"seconds": round(time.monotonic() - began), "moved": moved, **weigh()})
    for name in ("explore_study", "explore_training", "explore_tuning"):
        explorers[name].pause()
    return found
