"""Training (floor 3): many MLPs side by side by gradients in closed form, fast enough for a slider.

Three things make it fast. The gradients are written out, as in lesson 04b. A context that occurs many times is computed
once and compared with all that followed it, as in lesson 05. And models of one shape are stacked, so that one matrix
product serves them all. Lesson 05 builds the same trainer for one model, with autograd for the gradients.
"""

from __future__ import annotations

import copy
import math
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from makemlp import checkpoints
from makemlp.data import places
from makemlp.embeddings import check_count
from makemlp.mlp import MLP

BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8  # Adam's; the short memory of 0.99 suits runs of a few hundred steps
HOPELESS = 100.0  # nats per character: even a confidently wrong start has less, so the run has diverged
WARM_UP = 0.1  # share of the steps in which the learning rate rises
SAVE_EVERY = 10.0  # seconds between two checkpoints of a run


@places.on_cpu
def group(X: Tensor, Y: Tensor, vocab_size: int) -> tuple[Tensor, Tensor]:
    """Each context once, and how often each character followed it.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples.

    Returns
    -------
    contexts : (U, block_size) int64, all different.
    counts : (U, vocab_size) float32; they sum to N.

    Source: lesson 02.
    """
    row = torch.zeros(len(X), dtype=torch.int64)
    for column in X.T.flip(0):
        row = torch.unique(row * vocab_size + column, return_inverse=True)[1]
    contexts = torch.empty(int(row.max()) + 1, X.shape[1], dtype=torch.int64)
    contexts[row] = X
    counts = torch.bincount(row * vocab_size + Y, minlength=len(contexts) * vocab_size)
    return contexts, counts.view(len(contexts), vocab_size).float()


def learning_rate_at(step: int, steps: int) -> float:
    """The schedule, as a share of the highest rate: a straight rise over the first tenth, then half a cosine to 0.

    Source: lesson 05.
    """
    done = (step + 1) / (steps + 1)  # the last step, too, is to move something
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


@places.on_cpu
@places.by_autograd
def sgd(
    model: nn.Module, X: Tensor, Y: Tensor, rates: Iterable[float], batch_size: int = 32, seed: int = 0
) -> list[float]:
    """Plain gradient descent on random minibatches, in place: one step for each learning rate in `rates`.

    Parameters
    ----------
    model : maps contexts (N, block_size) to logits (N, vocab_size).
    X, Y : (N, block_size) and (N,) int64, the examples.
    rates : the learning rates, one per step.

    Returns
    -------
    list of float
        each step's minibatch loss, in nats per character.

    Source: lesson 05; the lecture trains like this at 41:25.
    """
    g = torch.Generator().manual_seed(seed)
    parameters = list(model.parameters())
    losses = []
    for rate in rates:
        batch = torch.randint(len(X), (batch_size,), generator=g)  # (batch_size,)
        loss = F.cross_entropy(model(X[batch]), Y[batch])
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients, strict=True):
                p -= rate * gradient
    return losses


class Stack:
    """K models of one shape as one: every parameter with a first dimension of K, all of them in one block of memory.

    Parameters
    ----------
    models : MLPs of equal sizes.

    Attributes
    ----------
    flat : (K, P) float32, all parameters, one row per model.
    """

    def __init__(self, models: Sequence[MLP]):
        self.models = list(models)
        self.flat = torch.stack([nn.utils.parameters_to_vector(m.parameters()).detach() for m in models])
        self.gradient = torch.zeros_like(self.flat)
        self.parameters = self._named(self.flat)
        self._gradients = self._named(self.gradient)
        self._frozen = [name for name, p in self.models[0].named_parameters() if not p.requires_grad]

    def _named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of `flat` by parameter name, each (K, *shape)."""
        views, start = {}, 0
        for name, p in self.models[0].named_parameters():
            views[name] = flat[:, start : start + p.numel()].view(len(flat), *p.shape)
            start += p.numel()
        return views

    def step(self, contexts: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Losses (K,) on a batch; leaves their gradients in `gradient`.

        Parameters
        ----------
        contexts : (B, block_size) int64
        targets : (B, vocab_size), each row the shares of what followed.
        weights : (B,), what each row counts; they sum to one.

        Source: lesson 04b, backward by hand.
        """
        p, g, K, B = self.parameters, self._gradients, len(self.models), len(contexts)
        emb = p["C"][:, contexts].view(K, B, -1)  # (K, B, block_size * emb_dim)
        h = torch.baddbmm(p["b1"].unsqueeze(1), emb, p["W1"]).tanh_()  # (K, B, hidden_dim)
        logits = torch.baddbmm(p["b2"].unsqueeze(1), h, p["W2"])  # (K, B, vocab_size)
        if "W" in p:
            logits.baddbmm_(emb, p["W"])
        log_probs = logits.log_softmax(2)
        weighted = targets * weights.unsqueeze(1)  # (B, vocab_size)
        losses = -(log_probs * weighted).sum((1, 2))
        dlogits = log_probs.exp_().mul_(weights.unsqueeze(1)).sub_(weighted)  # (K, B, vocab_size)
        torch.bmm(h.mT, dlogits, out=g["W2"])
        torch.sum(dlogits, 1, out=g["b2"])
        dh = dlogits @ p["W2"].mT  # (K, B, hidden_dim)
        dh.addcmul_(dh * h, h, value=-1)  # times 1 - h², the slope of tanh
        torch.bmm(emb.mT, dh, out=g["W1"])
        torch.sum(dh, 1, out=g["b1"])
        demb = dh @ p["W1"].mT  # (K, B, block_size * emb_dim)
        if "W" in p:
            torch.bmm(emb.mT, dlogits, out=g["W"])
            demb.baddbmm_(dlogits, p["W"].mT)
        g["C"].zero_().index_add_(1, contexts.flatten(), demb.view(K, contexts.numel(), -1))
        for name in self._frozen:  # a gradient of 0 moves nothing
            g[name].zero_()
        return losses

    def write_back(self, which: Tensor) -> None:
        """Give the models at the indices `which` (n,) their parameters."""
        for k in which.tolist():
            nn.utils.vector_to_parameters(self.flat[k].clone(), self.models[k].parameters())


def adam_step(
    p: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, step: int, rate: float | Tensor, share: float
) -> None:
    """One step of Adam (Kingma and Ba 2015): `p` and its running averages change in place.

    Parameters
    ----------
    p, gradient : any shape, the same one.
    mean, square : the same shape, zeros before the first step: running averages of the gradient and of its square.
    step : which step this is, counted from 1. The averages begin at 0, which this number makes up for.
    rate : the highest learning rate; a tensor must broadcast against `p`.
    share : of the highest rate, as `learning_rate_at` gives it.

    Source: lesson 05; the paper's algorithm 1.
    """
    mean.lerp_(gradient, 1 - BETA1)
    square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    size = (square / (1 - BETA2**step)).sqrt() + EPSILON
    p -= rate * (share / (1 - BETA1**step)) * (mean / size)


class Adam:
    """`adam_step` on a block of parameters (K, P), with a learning rate for each row.

    Source: lesson 05.
    """

    def __init__(self, flat: Tensor, learning_rates: Tensor):
        self.flat, self.learning_rates = flat, learning_rates.unsqueeze(1)  # (K, P), (K, 1)
        self.mean, self.square = torch.zeros_like(flat), torch.zeros_like(flat)
        self.steps = 0

    def state(self) -> dict[str, Tensor]:
        """The running averages (K, P), to be kept with a checkpoint."""
        return {"mean": self.mean, "square": self.square}

    def restore(self, state: dict[str, Tensor], steps: int) -> None:
        """Go on from what `state` gave after so many steps."""
        self.mean, self.square, self.steps = state["mean"], state["square"], steps

    def step(self, gradient: Tensor, share: float) -> None:
        """Move the parameters down the gradient (K, P), by `share` of the learning rates."""
        self.steps += 1
        adam_step(self.flat, gradient, self.mean, self.square, self.steps, self.learning_rates, share)


class SGD:
    """Plain gradient descent, with the interface of `Adam`.

    Source: lesson 05.
    """

    def __init__(self, flat: Tensor, learning_rates: Tensor):
        self.flat, self.learning_rates = flat, learning_rates.unsqueeze(1)  # (K, P), (K, 1)

    def state(self) -> dict[str, Tensor]:
        """Nothing: plain descent remembers nothing between steps."""
        return {}

    def restore(self, state: dict[str, Tensor], steps: int) -> None:
        """Nothing to restore."""

    def step(self, gradient: Tensor, share: float) -> None:
        """Move the parameters down the gradient (K, P), by `share` of the learning rates."""
        self.flat.sub_(gradient * (self.learning_rates * share))


def even_places(n: int, batch_size: int, g: torch.Generator) -> Tensor:
    """Places in a row of `n` examples, at even distances; the first one is random, and so all of them move together.

    Returns
    -------
    Tensor (batch_size,) float64
        from 0 to n. Every place of the row is equally likely to be hit.

    Source: lesson 05. Survey statisticians call it systematic sampling.
    """
    distance = n / batch_size
    first = torch.rand(1, generator=g, dtype=torch.float64) * distance
    return first + torch.arange(batch_size, dtype=torch.float64) * distance


class Batches:
    """Minibatches of `batch_size` examples, drawn by `even_places` from all examples laid in a row.

    Neighbours in the row share their context. So a batch holds every frequent context about as often as the names do.
    It holds each context once, with the shares of all that ever followed it. That removes most of a minibatch's noise.

    Source: lesson 05.
    """

    def __init__(self, X: Tensor, Y: Tensor, vocab_size: int, batch_size: int, seed: int):
        places.check_examples(X, Y)
        self.contexts, self.counts = group(X, Y, vocab_size)
        totals = self.counts.sum(1)  # (U,)
        self.targets = self.counts / totals.unsqueeze(1)  # (U, vocab_size)
        self.edges = totals.double().cumsum(0)  # (U,) where each context's examples end in the row
        self.generator = torch.Generator().manual_seed(seed)
        self.resize(batch_size)

    def resize(self, batch_size: int) -> None:
        """Draw batches of another size from now on."""
        self.batch_size = batch_size

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Contexts (B, block_size), targets (B, vocab_size) and weights (B,) for `Stack.step`; B <= batch_size."""
        places = even_places(self.edges[-1].item(), self.batch_size, self.generator)  # (batch_size,)
        rows = torch.searchsorted(self.edges, places, right=True)
        rows = rows.clamp_(max=len(self.edges) - 1)  # where rounding steps over the end
        rows, times = rows.unique_consecutive(return_counts=True)
        return self.contexts[rows], self.targets[rows], times / self.batch_size


class Run:
    """K models of one shape in training, one step at a time.

    Parameters
    ----------
    models : K MLPs of equal sizes; `write_back` gives them what was learned.
    X, Y : (N, block_size) and (N,) int64, the examples.
    learning_rates : K numbers.
    optimizer : `Adam` or `SGD`.

    Attributes
    ----------
    losses : list of (K,) tensors, each step's minibatch losses.

    Raises
    ------
    ValueError
        for no models, models of different sizes, no examples, or a number that is not above 0.

    Source: lesson 05.
    """

    def __init__(
        self,
        models: Sequence[MLP],
        X: Tensor,
        Y: Tensor,
        learning_rates: Sequence[float],
        batch_size: int = 512,
        seed: int = 0,
        optimizer: type[Adam] | type[SGD] = Adam,
    ):
        _check(models, X, Y, learning_rates, batch_size)
        self.stack = Stack(models)
        self.optimizer = optimizer(self.stack.flat, torch.tensor(learning_rates, dtype=torch.float32))
        self.batches = Batches(X, Y, models[0].vocab_size, batch_size, seed)
        self.losses: list[Tensor] = []
        self._examples, self._start = (X, Y), checkpoints.fingerprint(self.stack.flat)
        self._asked = {"learning_rates": list(map(float, learning_rates)), "batch_size": batch_size, "seed": seed}

    @torch.no_grad()
    def step(self, share: float = 1.0) -> bool:
        """Take one step with `share` of the learning rates; False when every model has diverged."""
        self.losses.append(self.stack.step(*self.batches.draw()))
        self.optimizer.step(self.stack.gradient, share)
        return bool((self.losses[-1] < HOPELESS).any())

    @torch.no_grad()
    def write_back(self) -> Tensor:
        """Give every model that did not diverge its parameters; returns the losses (K, steps), inf once diverged."""
        losses = torch.stack(self.losses, dim=1) if self.losses else torch.empty(len(self.stack.models), 0)
        diverged = (~(losses < HOPELESS)).cumsum(1) > 0  # (K, steps); nan is not below anything
        losses[diverged] = math.inf
        fine = self.stack.flat.isfinite().all(1) & ~diverged.any(1)
        self.stack.write_back(fine.nonzero().flatten())
        return losses

    def _settings(self) -> dict:
        """What must be the same in a checkpoint, so that the run goes on as if it had never stopped."""
        return {
            "sizes": [list(p.shape) for p in self.stack.models[0].parameters()],
            "examples": checkpoints.fingerprint(*self._examples),
            "start": self._start,
            "optimizer": type(self.optimizer).__name__,
            **self._asked,
        }

    def save(self, path: str | os.PathLike, **settings: float) -> None:
        """Write all that is needed to go on later; `settings` are kept with the run's own."""
        contents = {
            "kind": "run",
            "settings": self._settings() | settings,
            "parameters": self.stack.flat,
            "optimizer": self.optimizer.state(),
            "generator": self.batches.generator.get_state(),
            "losses": torch.stack(self.losses) if self.losses else torch.empty(0, len(self.stack.models)),
        }
        checkpoints.write(path, contents)

    def resume(self, path: str | os.PathLike, **settings: float) -> None:
        """Go on from a checkpoint, as if the run had never stopped. It must be of the same settings and examples."""
        contents = checkpoints.read(path, "run")
        with checkpoints.sound(path):
            kept = dict(contents["settings"])
        for name, now in (self._settings() | settings).items():
            if kept.get(name) != now:
                raise ValueError(
                    f"The run in '{path}' had {_difference(name, kept.get(name), now)}: pass the same as then, or "
                    f"another path."
                )
        with checkpoints.sound(path):
            self.stack.flat.copy_(contents["parameters"].view_as(self.stack.flat))
            self.losses = list(contents["losses"])
            self.optimizer.restore(contents["optimizer"], len(self.losses))
            self.batches.generator.set_state(contents["generator"])


@places.on_cpu
def film(model: MLP, X: Tensor, Y: Tensor, steps: int = 300, every: int = 5) -> tuple[dict[int, MLP], list[float]]:
    """Train a model in place as `train` does at a learning rate of 0.02, and keep a copy of it every few steps.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples.
    steps : of the whole run.
    every : from 1 to `steps`, the steps from one copy to the next.

    Returns
    -------
    frames : the copies, by the steps that they had taken; 0 is the start.
    losses : each step's minibatch loss, in nats per character.

    Raises
    ------
    ValueError
        for a number out of range, no examples, or examples that don't fit the model.

    Source: lesson 07.
    """
    check_count("every", every, steps)
    run = Run([model], X, Y, learning_rates=[0.02])
    frames = {0: copy.deepcopy(model)}
    for step in range(1, steps + 1):
        run.step(learning_rate_at(step - 1, steps))
        if step % every == 0:
            run.write_back()
            frames[step] = copy.deepcopy(model)
    return frames, [loss.item() for loss in run.losses]


@places.on_cpu
def train_many(
    models: Sequence[MLP],
    X: Tensor,
    Y: Tensor,
    *,
    learning_rates: Sequence[float],
    steps: int = 300,
    batch_size: int = 512,
    seed: int = 0,
    optimizer: type[Adam] | type[SGD] = Adam,
    checkpoint: str | os.PathLike | None = None,
) -> Tensor:
    """Train K MLPs of one shape in place, side by side, each with a learning rate of its own.

    All of them see the same minibatches, and each ends as if it had been trained alone. An interrupt (Ctrl-C, or the
    stop button) ends the training early and keeps what was learned.

    Parameters
    ----------
    models : K MLPs of equal sizes; seeds may differ. Parameters with ``requires_grad=False`` stay as they are.
    X, Y : (N, block_size) and (N,) int64, the examples.
    learning_rates : K numbers, the highest rate of each run.
    steps, batch_size : every step looks at `batch_size` examples.
    seed : of the minibatches.
    optimizer : `Adam`, or `SGD` for plain gradient descent.
    checkpoint : a file to save the run in, every ten seconds and at the end. If the file exists, the run goes on from
        it and ends as if it had never stopped.

    Returns
    -------
    Tensor (K, steps done)
        each step's minibatch losses, in nats per character. If a model diverges (100 nats or more, or no number), its
        losses are inf from that step on, and it keeps the parameters that it had before training.

    Raises
    ------
    ValueError
        for no models, models of different sizes, no examples, or a number that is not above 0; for a checkpoint that
        is cut off, or of a run with other settings or examples.

    Source: lesson 05.
    """
    _check_count("steps", steps)
    run = Run(models, X, Y, learning_rates, batch_size, seed, optimizer)
    if checkpoint is not None and Path(checkpoint).exists():
        run.resume(checkpoint, steps=steps)
    saved = time.monotonic()
    try:
        done = len(run.losses)
        for step in progress(range(done, steps), initial=done, total=steps, unit="step"):
            if not run.step(learning_rate_at(step, steps)):
                break
            if checkpoint is not None and time.monotonic() - saved > SAVE_EVERY:
                run.save(checkpoint, steps=steps)
                saved = time.monotonic()
    except KeyboardInterrupt:
        say_stopped(len(run.losses), steps)
    if checkpoint is not None:
        run.save(checkpoint, steps=steps)
    return run.write_back()


@places.on_cpu
def train(
    model: MLP,
    X: Tensor,
    Y: Tensor,
    *,
    steps: int = 300,
    batch_size: int = 512,
    learning_rate: float = 0.02,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
) -> list[float]:
    """Train one MLP in place: `train_many` with K = 1.

    Parameters
    ----------
    learning_rate : the highest rate of the run. The default also serves small batches. For 300 steps of 512 examples,
        lesson 05 finds 0.058, which ends 0.02 nats lower.

    Returns
    -------
    list of float
        each step's minibatch loss, in nats per character.

    Raises
    ------
    ValueError
        as `train_many`; and if the run diverges, with the step and what to try. The model then keeps the parameters
        that it had before.

    Source: lesson 00 uses it as it stands; lesson 05 builds it.
    """
    run = {"steps": steps, "batch_size": batch_size, "seed": seed, "checkpoint": checkpoint}
    losses = train_many([model], X, Y, learning_rates=[learning_rate], **run)[0].tolist()
    if losses and losses[-1] == math.inf:
        raise divergence(losses.index(math.inf), learning_rate)
    return losses


def divergence(step: int, learning_rate: float) -> ValueError:
    """The error that every training loop raises if its run diverges, once the model is restored."""
    return ValueError(
        f"The run diverged at step {step} with learning rate {learning_rate}: lower the rate (the model has its "
        f"parameters from before)."
    )


def progress(*steps: Iterable[int], **options: object) -> tqdm:
    """tqdm's bar, which every loop of the course shows when it takes longer than two seconds.

    A notebook marks what comes by standard error as a warning, in red, so there it comes by standard output. At a
    command line that is kept for the results.
    """
    in_notebook = type(sys.stdout).__module__.startswith("ipykernel.")
    return tqdm(*steps, delay=2, leave=False, file=sys.stdout if in_notebook else sys.stderr, **options)


def say_stopped(done: int, steps: int) -> None:
    """What every training loop prints when it is interrupted."""
    print(
        f"Stopped at step {done} of {steps}. The model keeps what it learned until then, and the cells below use it. "
        f"For the whole run, run the cell again."
    )


def _difference(name: str, then: object, now: object) -> str:
    """In words, how a checkpoint differs."""
    if name in ("examples", "start"):
        return {"examples": "other examples (names, split or vocabulary)", "start": "models with another start"}[name]
    return f"{name} {then}, not {now}"


def _check(models: Sequence[MLP], X: Tensor, Y: Tensor, learning_rates: Sequence[float], batch_size: int) -> None:
    if len(models) == 0:
        raise ValueError("train_many got no models: pass at least one.")
    frozen = {tuple(name for name, p in model.named_parameters() if not p.requires_grad) for model in models}
    if len(frozen) > 1:
        raise ValueError("train_many got models of which different parameters are frozen: freeze the same in all.")
    sizes = {tuple((name, tuple(p.shape)) for name, p in model.named_parameters()) for model in models}
    if len(sizes) > 1:
        raise ValueError("train_many got models of different sizes: only models of one size can be stacked.")
    if len(learning_rates) != len(models):
        raise ValueError(f"There are {len(models)} models and {len(learning_rates)} learning rates: pass one for each.")
    if len(X) == 0:
        raise ValueError("train got no examples: build X and Y from at least one name.")
    places.check_examples(X, Y)
    symbols = 1 + int(max(X.max(), Y.max()))
    if symbols > models[0].vocab_size:
        raise ValueError(
            f"The examples hold {symbols} symbols or more and the model {models[0].vocab_size}: build the model with "
            f"vocab_size=len(vocab)."
        )
    if X.shape[1] != models[0].block_size:
        raise ValueError(
            f"The contexts have {X.shape[1]} characters and the model's block_size is {models[0].block_size}: "
            f"build X with block_size={models[0].block_size}."
        )
    _check_count("batch_size", batch_size)
    for rate in learning_rates:
        if not rate > 0:
            raise ValueError(f"learning_rate is {rate}: it must be above 0.")


def _check_count(name: str, number: int) -> None:
    if not number > 0:
        raise ValueError(f"{name} is {number}: it must be above 0.")
    if number != int(number):
        raise ValueError(f"{name} is {number}: it must be a whole number.")
