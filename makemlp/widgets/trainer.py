"""A run that is steered while it trains (floor 5): lesson 05."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary, build_dataset
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.training import HOPELESS, Run, group
from makemlp.widgets.explorable import Explorable

POINTS = 400  # of the loss curve, at most
EVERY = 250  # steps between two looks at dev
NAMES, LONGEST = 4, 12  # that are made up at a time; letters

_trainers: weakref.WeakSet[Trainer] = weakref.WeakSet()


class Trainer(Explorable):
    """A run that trains while its sliders are dragged: start, pause, reset.

    The page trains by itself where there is no kernel. While a kernel runs, this class trains, with the engine of
    `makemlp.training`, and the page draws what it reports. The rate and the batch size act from the next step on;
    another size of the model begins it anew. Steps are taken by a thread of its own, so that the kernel stays free for
    other cells. One trainer trains at a time: a new one, or one that is started, pauses the others. The notebook's stop
    button pauses it, too.

    Attributes
    ----------
    model : the MLP as it stood at the last report.
    losses : list of float, each step's minibatch loss.
    dev : list of (step, dev loss).
    """

    FRAME = 0.1  # seconds between two reports
    KEEPS = False

    def __init__(
        self,
        train: Sequence[str],
        dev: Sequence[str],
        vocab: Vocabulary,
        targets: Mapping[str, float],
        steps: int,
        batch_size: int = 128,
    ):
        self._vocab, self._steps = vocab, steps
        self._examples, self._dev = build_dataset(train, vocab), _grouped(dev, vocab)
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()  # set while the thread is to go on
        self._lock = threading.RLock()  # a slider may ask for another model while a step is under way
        self._number = 0
        specs = [
            live.button("start", "Start"),
            live.button("reset", "Reset"),
            live.slider("rate", "learning rate", 0.02, 1e-4, 1.0, 0.05, log=True),
            live.slider("batch_size", "batch_size", batch_size, 16, 512, math.log10(2), log=True),
            live.slider("emb_dim", "emb_dim", 2, 2, 20, 1, digits=0),
            live.slider("hidden_dim", "hidden_dim", 64, 8, 304, 8, digits=0),
        ]
        data = {
            "itos": vocab.itos,
            "block_size": 3,
            "steps": steps,
            "every": EVERY,
            "most": POINTS,
            "hopeless": HOPELESS,
            "targets": targets,
            "train": live.packed_words(train),
            "dev": live.packed_words(dev),
        }
        start = MLP(len(vocab), emb_dim=2, hidden_dim=64).C.detach()
        turned = ["rate", "batch_size", "emb_dim", "hidden_dim"]
        still, buttons = figures.live_training([], start, vocab), {"start": "Start", "reset": "Reset"}
        super().__init__("trainer", data, specs, [still], turned, buttons, sent={})
        self._take_orders()
        self.reset()
        _pause_others(self)
        _trainers.add(self)

    def _take_orders(self) -> None:
        """Listen to the sliders and the buttons."""
        for name in ("emb_dim", "hidden_dim"):
            self.controls[name].observe(lambda change: self.reset(), "value")
        for name in ("rate", "batch_size"):
            self.controls[name].observe(lambda change: self._adjust(), "value")
        self.controls["start"].on_click(lambda button: self.pause() if self._wanted.is_set() else self.start())
        self.controls["reset"].on_click(lambda button: (self.pause(), self.reset()))

    def start(self) -> None:
        """Go on from where the run stands; from the beginning when it had come to its end."""
        if self._wanted.is_set():
            return
        _pause_others(self)
        self._heed_interrupts()
        with self._lock:
            if self._over():
                self.reset()
        # A flag of its own for each thread: one that was paused and is still reporting can't take the next one's down.
        self._wanted = threading.Event()
        self._wanted.set()
        self._thread = threading.Thread(target=self._work, args=(self._wanted,), daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop after the step under way."""
        self._wanted.clear()

    def reset(self) -> None:
        """Begin anew with a model of the sizes that the sliders say; a run under way goes on with it."""
        with self._lock:
            sizes = {name: self.controls[name].value for name in ("emb_dim", "hidden_dim")}
            self.model, self.run = MLP(len(self._vocab), **sizes), None
            self.losses, self.dev, self._names = [], [], []
            self._number += 1
            self._keep_names()
            self._report()

    def _settings(self) -> dict[str, float]:
        return {"rate": self.controls["rate"].value, "batch_size": round(self.controls["batch_size"].value)}

    def _adjust(self) -> None:
        with self._lock:
            settings = self._settings()
            if self.run is not None:
                self.run.optimizer.learning_rates.fill_(settings["rate"])
                self.run.batches.resize(settings["batch_size"])
            if not self._wanted.is_set():
                self._report()

    def _work(self, wanted: threading.Event) -> None:
        reported = 0.0
        while self._step(wanted):
            if time.monotonic() - reported > self.FRAME:
                self._report()
                reported = time.monotonic()
        with self._lock:
            if wanted is not self._wanted:
                return
            wanted.clear()
            if self.losses:
                self._look_at_dev()
            self._report()

    def _step(self, wanted: threading.Event) -> bool:
        """Take a step, if one is wanted; False when the run is to stop."""
        with self._lock:
            if not wanted.is_set() or self._over():
                return False
            if self.run is None:  # grouping the examples takes a moment: not while a slider is dragged
                settings = self._settings()
                self.run = Run([self.model], *self._examples, [settings["rate"]], settings["batch_size"])
            self.run.step()
            self.losses.append(self.run.losses[-1].item())
            if len(self.losses) % EVERY == 0:
                self._look_at_dev()
            elif len(self.losses) == 100:
                self._keep_names()
            return True

    def _over(self) -> bool:
        return len(self.losses) >= self._steps or self._lost()

    def _lost(self) -> bool:
        return bool(self.losses) and not self.losses[-1] < HOPELESS

    @torch.no_grad()
    def _look_at_dev(self) -> None:
        if self.dev and self.dev[-1][0] == len(self.losses):
            return
        self.run.stack.write_back(torch.tensor([0]))
        contexts, shares, weights = self._dev
        loss = (F.cross_entropy(self.model(contexts), shares, reduction="none") * weights).sum()
        self.dev.append((len(self.losses), loss.item()))
        self._keep_names()

    def _keep_names(self) -> None:
        """What the model makes up now, beside what it made up after 0, 100, 1,000 … steps; once lost, nothing more."""
        if self._lost():
            return
        if self.run is not None:
            self.run.stack.write_back(torch.tensor([0]))
        made = sample(self.model, self._vocab, NAMES, seed=0, max_length=LONGEST)
        kept = [(step, names) for step, names in self._names if step in (0, 100, 1000, 10_000)]
        self._names = [*kept, (len(self.losses), ", ".join(name or "(empty)" for name in made))]

    def _report(self) -> None:
        """Tell the view how the run stands, as the page's own engine does."""
        with self._lock:
            C = self.model.C.detach() if self.run is None else self.run.stack.parameters["C"][0]
            per, means = thinned(self.losses, POINTS)
            report = {
                "run": self._number,
                **self._settings(),
                "emb_dim": C.shape[1],
                "hidden_dim": self.controls["hidden_dim"].value,
                "per": per,
                "means": _told(means),
                "steps": len(self.losses),
                "dev": [(step, *_told([loss])) for step, loss in self.dev],
                "names": self._names,
                "flat": _told(C[:, :2].flatten().tolist()),
                "going": self._wanted.is_set(),
                "lost": self._lost(),
            }
        self.send(report=report)


def explore_training(
    train: Sequence[str],
    dev: Sequence[str],
    vocab: Vocabulary,
    targets: Mapping[str, float] | None = None,
    steps: int = 10_000,
) -> Trainer:
    """Train on the names of `train`, and steer the run: its loss, its embeddings, and names that it makes up.

    Parameters
    ----------
    train, dev : lists of names.
    targets : losses to compare with, by what they are; each gets a line.
    steps : the run ends by itself after so many.

    Source: lesson 05.
    """
    return Trainer(train, dev, vocab, targets or {}, steps)


def thinned(losses: Sequence[float], most: int) -> tuple[int, list[float]]:
    """The losses as at most so many means, each of as many steps; and of how many.

    trainer.js has a function of the same name.
    """
    per = 1
    while len(losses) / per > most:
        per *= 2
    whole = len(losses) // per
    return per, torch.tensor(losses[: whole * per], dtype=torch.float64).view(whole, per).mean(1).tolist()


def _told(numbers: Sequence[float]) -> list[float | None]:
    """In five decimals; what is no number is None, as JSON has no word for it."""
    return [round(number, 5) if math.isfinite(number) else None for number in numbers]


def _grouped(names: Sequence[str], vocab: Vocabulary) -> tuple[Tensor, Tensor, Tensor]:
    """Each context once (U, block_size), the shares of what followed (U, vocab_size), and each one's weight (U,)."""
    contexts, counts = group(*build_dataset(names, vocab), len(vocab))
    totals = counts.sum(1)
    return contexts, counts / totals.unsqueeze(1), totals / totals.sum()


def _pause_others(one: Trainer) -> None:
    for trainer in list(_trainers):
        if trainer is not one:
            trainer.pause()
