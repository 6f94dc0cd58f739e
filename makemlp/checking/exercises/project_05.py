"""The project of lesson 05 (floor 3): a trainer of one's own, from the gradients to a model that is scored on dev."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.checking.comparing import Tolerance
from makemlp.checking.drawing import Draws
from makemlp.checking.exercises.lesson_03_embed_and_concatenate import window
from makemlp.checking.exercises.lesson_04_build_the_model import start
from makemlp.checking.exercises.lesson_05_learning_rate_sweep import minibatches, schedule
from makemlp.checking.parts import entries, parts, whose
from makemlp.checking.specification import AUTOGRAD, Exercise, Mistake, Trial
from makemlp.data import Vocabulary, build_dataset, bundled_names, split

Parameters = list[Tensor]
OPTIMIZERS = ("torch.optim.*",)
LINES = ("loss", "dlogits", "dW2", "db2", "dh", "dtotal", "dW1", "db1", "dflat", "dC")

# 05.6 backward_pass


def backward_pass(X: Tensor, Y: Tensor, C: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> dict:
    return _backward(X, Y, C, W1, b1, W2, b2)


def _backward(
    X: Tensor,
    Y: Tensor,
    C: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    mean: bool = True,
    sign: float = 1.0,
    slope: Callable[[Tensor, Tensor], Tensor] = lambda h, total: 1 - h**2,
    bias: Callable[[Tensor], Tensor] = lambda rows: rows.sum(0),
    collect: bool = True,
) -> dict:
    """The loss and every gradient on the way back, with a switch for each way to get it wrong."""
    flat = C[X].flatten(1)
    total = flat @ W1 + b1
    h = torch.tanh(total)
    logits = h @ W2 + b2
    dlogits = sign * (logits.softmax(1) - F.one_hot(Y, len(b2)))
    dlogits = dlogits / len(Y) if mean else dlogits
    dh = dlogits @ W2.T
    dtotal = dh * slope(h, total)
    dflat = dtotal @ W1.T
    dC, arrived = torch.zeros_like(C), dflat.view(-1, C.shape[1])
    if collect:
        dC.index_add_(0, X.flatten(), arrived)
    else:
        for row, one in zip(X.flatten().tolist(), arrived, strict=True):
            dC[row] = one
    return {
        "loss": F.cross_entropy(logits, Y).item(),
        "dlogits": dlogits,
        "dW2": h.T @ dlogits,
        "db2": bias(dlogits),
        "dh": dh,
        "dtotal": dtotal,
        "dW1": flat.T @ dtotal,
        "db1": bias(dtotal),
        "dflat": dflat,
        "dC": dC,
    }


def _backward_cases(draws: Draws) -> list[tuple]:
    def case(n: int, vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int) -> tuple:
        X, Y = draws.integers(vocab_size, n, block_size), draws.integers(vocab_size, n)
        inputs = block_size * emb_dim
        shapes = ((vocab_size, emb_dim), (inputs, hidden_dim), (hidden_dim,), (hidden_dim, vocab_size), (vocab_size,))
        return X, Y, *(draws.normal(*shape) for shape in shapes)

    sizes = [(2, 3, 2, 1, 2), (1, 2, 1, 2, 3)]
    sizes += [(draws.integer(3, 9), draws.integer(3, 5), *(draws.integer(2, 4) for _ in range(3))) for _ in range(10)]
    zeros = (torch.tensor([[0], [1]]), torch.tensor([0, 1]), *map(torch.zeros, ((2, 1), (1, 2), (2,), (2, 2), (2,))))
    return [*(case(*size) for size in sizes), zeros]


def _other(**switches: Any) -> Callable:
    return lambda *tensors: _backward(*tensors, **switches)


BACKWARD_PASS = Exercise(
    number="05.6",
    name="backward_pass",
    reference=backward_pass,
    cases=_backward_cases,
    forbidden=AUTOGRAD,
    measure=entries(*LINES),
    mistakes=(
        Mistake(
            "sum for mean",
            _other(mean=False),
            "The loss is a mean over the N examples, so dlogits is divided by N, and all that follows from it is.",
            "04b Backward by hand",
        ),
        Mistake(
            "onehot minus p",
            _other(sign=-1.0),
            "The signs are reversed: the gradient of the logits is p − onehot.",
            "04b Backward by hand",
        ),
        Mistake(
            "slope of the tanh left out",
            _other(slope=lambda h, total: torch.ones_like(h)),
            "dtotal equals dh: on the way back through the tanh each number is multiplied by the slope, 1 − h².",
            "04b Backward by hand",
        ),
        Mistake(
            "tanh taken twice",
            _other(slope=lambda h, total: 1 - torch.tanh(h) ** 2),
            "The slope is computed from tanh(h), but h is the tanh already: the slope is 1 − h².",
            "04b Backward by hand",
        ),
        Mistake(
            "slope before the tanh",
            _other(slope=lambda h, total: 1 - total**2),
            "The slope is computed from what goes into the tanh: it is 1 − h², with the output h.",
            "04b Backward by hand",
        ),
        Mistake(
            "bias averaged",
            _other(bias=lambda rows: rows.mean(0)),
            "The biases' gradients are means over the rows: they are sums, because the division by N was made in "
            "dlogits.",
            "04b Backward by hand",
        ),
        Mistake(
            "only the last place kept",
            _other(collect=False),
            "A character that stands in several places gets the gradient of one place only: `dC[X] = …` and "
            "`dC[X] += …` keep the last one, and index_add_ adds them all.",
            "04b Backward by hand",
        ),
    ),
    hints=(
        "Write the forward pass first and keep flat, total, h and logits. Then go back through it, one line at a time.",
        "Each matrix product gives two lines. For a = b @ W they are dW = b.T @ da and db = da @ W.T.",
        "The embeddings: dC begins as zeros, and dC.index_add_(0, X.flatten(), dflat.view(-1, emb_dim)) collects.",
    ),
)

# 05.7 finite_difference


def finite_difference(loss_of: Callable[[Tensor], float], p: Tensor, step: float) -> Tensor:
    return _difference(loss_of, p, step)


def _difference(
    loss_of: Callable, p: Tensor, step: float, up: float = 1, down: float = 1, width: float = 2, back: bool = True
) -> Tensor:
    slopes, flat = torch.zeros_like(p), p.view(-1)
    for i in range(len(flat)):
        was = flat[i].item()
        flat[i] = was + up * step
        higher = loss_of(p)
        flat[i] = was - down * step
        slopes.view(-1)[i] = (higher - loss_of(p)) / (width * step)
        if back:
            flat[i] = was
    return slopes


def _all_at_once(loss_of: Callable, p: Tensor, step: float) -> Tensor:
    return torch.full_like(p, (loss_of(p + step) - loss_of(p - step)) / (2 * step))


def _moved_in_place(answer: Callable, weights: Tensor, p: Tensor, step: float) -> Any:
    """Try it on the loss Σ weights · p³, which knows nothing of tensors that were changed by mistake."""
    p = p.clone()
    found = answer(lambda q: (weights * q**3).sum().item(), p, step)
    return None if found is None else {"slopes": found, "p afterwards": p}


def _difference_cases(draws: Draws) -> list[tuple]:
    def case(*shape: int) -> tuple:
        return draws.normal(*shape).double(), draws.normal(*shape).double(), draws.choice((0.5, 0.1, 0.01))

    small = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[2.0]], dtype=torch.float64), 0.5
    return [small, case(3, 2), case(1, 4)] + [case(draws.integer(1, 3), draws.integer(2, 4)) for _ in range(8)]


FINITE_DIFFERENCE = Exercise(
    number="05.7",
    name="finite_difference",
    reference=finite_difference,
    cases=_difference_cases,
    use=_moved_in_place,
    in_place=("p",),  # moved and put back
    measure=entries("slopes", "p afterwards"),
    tolerance=Tolerance(1e-6, 1e-8, "float64 has fifteen digits, and a difference over a step of 0.01 keeps nine"),
    mistakes=(
        Mistake(
            "up only",
            lambda loss_of, p, step: _difference(loss_of, p, step, down=0, width=1),
            "This moves each number up only: up and down together cancel most of the error that the step makes.",
            "04b Backward by hand",
        ),
        Mistake(
            "not halved",
            lambda loss_of, p, step: _difference(loss_of, p, step, width=1),
            "From down to up are two steps, so the difference is divided by 2 · step.",
            "04b Backward by hand",
        ),
        Mistake(
            "not put back",
            lambda loss_of, p, step: _difference(loss_of, p, step, back=False),
            "A number that was moved stays moved, so p is another afterwards and the later slopes are taken elsewhere: "
            "put back what it was.",
            "04b Backward by hand",
        ),
        Mistake(
            "all moved at once",
            _all_at_once,
            "All numbers are moved at once, so each slope is their sum: move one, and leave the others.",
            "04b Backward by hand",
        ),
        Mistake(
            "reversed",
            lambda loss_of, p, step: -_difference(loss_of, p, step),
            "The sign is reversed: it is the loss above minus the loss below.",
            "04b Backward by hand",
        ),
    ),
    hints=(
        "One number at a time: p.view(-1) shows p as one row, and what is written into it is written into p.",
        "Keep what it was, was = flat[i].item(). Set it to was + step, then to was − step, then back to was.",
    ),
)

# 05.8 adam


def adam(parameters: Parameters) -> Callable[[Parameters, float], None]:
    return _adam(parameters)


def _adam(
    parameters: Parameters,
    first: int = 1,
    beta1: float = 0.9,
    beta2: float = 0.99,
    correct: bool = True,
    root: bool = True,
    squared: Callable[[Tensor, Tensor], Tensor] = lambda gradient, mean: gradient**2,
    sign: float = 1.0,
    only: int | None = None,
    epsilon: float = 1e-8,
) -> Callable[[Parameters, float], None]:
    """Adam on these parameters, with a switch for each way to get it wrong."""
    averages = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    done = [first - 1]

    @torch.no_grad()
    def step(gradients: Parameters, rate: float) -> None:
        done[0] += 1
        for p, gradient, (mean, square) in list(zip(parameters, gradients, averages, strict=True))[:only]:
            mean.mul_(beta1).add_((1 - beta1) * gradient)
            square.mul_(beta2).add_((1 - beta2) * squared(gradient, mean))
            up, down = (1 - beta1 ** done[0], 1 - beta2 ** done[0]) if correct else (1.0, 1.0)
            size = square / down
            p -= sign * rate * mean / up / ((size.sqrt() if root else size) + epsilon)

    return step


def _descent(parameters: Parameters) -> Callable:
    @torch.no_grad()
    def step(gradients: Parameters, rate: float) -> None:
        for p, gradient in zip(parameters, gradients, strict=True):
            p -= rate * gradient

    return step


def _recorded(parameters: Parameters) -> Callable:
    """While PyTorch records."""

    def step(gradients: Parameters, rate: float) -> None:
        for p, gradient in zip(parameters, gradients, strict=True):
            p -= rate * gradient

    return step


def _scaled_in_place(parameters: Parameters) -> Callable:
    move = _adam(parameters)

    def step(gradients: Parameters, rate: float) -> None:
        move(gradients, rate)
        for gradient in gradients:
            gradient.mul_(0.1)

    return step


def _stepped(answer: Callable, parameters: Parameters, gradients: list[Parameters], rates: list[float]) -> Any:
    """Where two models are after these steps, by two optimizers in turn: nothing may pass from one to the other.

    The second has parameters as those of a `Module` are, which require grad. The tensors count, whatever becomes of the
    list that lends them.
    """
    models = [[p.clone() for p in parameters], [p.clone().requires_grad_() for p in parameters]]
    steps = [answer(list(model)) for model in models]
    for step in steps:
        if not callable(step):
            raise TypeError(f"adam is to return a function step(gradients, rate), and a {type(step).__name__} came")
    after, kept = [], True
    for now, rate in zip(gradients, rates, strict=True):
        for step, factor in zip(steps, (1.0, -2.0), strict=True):
            lent = [factor * gradient for gradient in now]
            step(lent, rate)
            kept = kept and all(map(torch.equal, lent, [factor * gradient for gradient in now]))
        after.append([p.clone() for p in models[0]])
    found = {"after one step": after[0], "after all steps": after[-1], "another model": models[1]}
    return found | {"gradients": "as they were" if kept else "changed"}


def _adam_cases(draws: Draws) -> list[tuple]:
    def case(steps: int, *shapes: tuple[int, ...]) -> tuple:
        gradients = [[draws.normal(*shape) for shape in shapes] for _ in range(steps)]
        return [draws.normal(*shape) for shape in shapes], gradients, [draws.integer(1, 9) / 100 for _ in range(steps)]

    first = ([torch.tensor([1.0, 2.0])], [[torch.tensor([0.001, -5.0])]], [0.1])
    unused = ([torch.tensor([1.0, 2.0])], [[torch.tensor([0.0, g])] for g in (1.0, -2.0)], [0.1, 0.1])  # a row of C
    return [first, case(2, (2,)), unused] + [case(draws.integer(3, 8), (2, 1), (2,)) for _ in range(6)]


ADAM = Exercise(
    number="05.8",
    name="adam",
    reference=adam,
    cases=_adam_cases,
    use=_stepped,
    forbidden=OPTIMIZERS,
    measure=entries("after one step", "after all steps", "another model", "gradients"),
    tolerance=Tolerance(1e-4, 1e-5, "Adam's first steps divide by a root, which doubles float32's relative error"),
    mistakes=(
        Mistake(
            "not made up for the zeros",
            lambda parameters: _adam(parameters, correct=False),
            "The averages begin at 0 and are too small at first: divide the mean by 1 − 0.9ᵗ and the square by "
            "1 − 0.99ᵗ.",
            "05 Adam in six lines",
        ),
        Mistake(
            "steps counted from 0",
            lambda parameters: _adam(parameters, first=0),
            "At the first step t is 0 here, so 1 − 0.9ᵗ is 0 and the step divides by it: count from 1.",
            "05 Adam in six lines",
        ),
        Mistake(
            "no root",
            lambda parameters: _adam(parameters, root=False),
            "The average of the squares is used as it is: its root is a gradient's usual size.",
            "05 Adam in six lines",
        ),
        Mistake(
            "square of the mean",
            lambda parameters: _adam(parameters, squared=lambda gradient, mean: mean**2),
            "The second average is of the squared mean: it is of the squared gradient.",
            "05 Adam in six lines",
        ),
        Mistake(
            "long memory",
            lambda parameters: _adam(parameters, beta2=0.999),
            "The second average forgets a thousandth per step, as in the paper. Lesson 05 and this task take 0.99, "
            "because runs here are short.",
            "05 Adam in six lines",
        ),
        Mistake(
            "averages swapped",
            lambda parameters: _adam(parameters, beta1=0.99, beta2=0.9),
            "The two memories are swapped: 0.9 is for the mean of the gradient and 0.99 for that of its square.",
            "05 Adam in six lines",
        ),
        Mistake(
            "plain descent",
            _descent,
            "This is plain descent: Adam divides the running mean of the gradient by the root of the running mean of "
            "its square.",
            "05 Adam in six lines",
        ),
        Mistake(
            "uphill",
            lambda parameters: _adam(parameters, sign=-1.0),
            "The step goes uphill: subtract it.",
            "05 Adam in six lines",
        ),
        Mistake(
            "not in place",
            lambda parameters: lambda gradients, rate: None,
            "The parameters are as they were: `p = p - …` makes a new tensor, and the model keeps the old one. "
            "`p -= …` changes the tensor itself.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "first parameter only",
            lambda parameters: _adam(parameters, only=1),
            "Only the first parameter moves: every one has averages and a gradient of its own.",
            "05 Adam in six lines",
        ),
        Mistake(
            "no epsilon",
            lambda parameters: _adam(parameters, epsilon=0.0),
            "Where all gradients were 0, as in a row of C that no example used, 0 is divided by 0, which is nan: add "
            "10⁻⁸ to the root.",
            "05 Adam in six lines",
        ),
        Mistake(
            "without no_grad",
            _recorded,
            "The parameters of the second model require grad, as those of a Module do, and PyTorch lets nobody change "
            "these in place while it records: put the step into `with torch.no_grad():`.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "gradients changed",
            _scaled_in_place,
            "The parameters are right, but step changes the gradients that it is given: `gradient *= …` works in "
            "place, and `gradient * …` makes a new tensor.",
            "05 Adam in six lines",
        ),
    ),
    hints=(
        "Inside adam, make two lists of zeros (torch.zeros_like(p) for each p) and a count. Then define step, which "
        "uses them, and return it.",
        "A function inside may change lists of the outer one. To count, write nonlocal t in step, then t += 1.",
        "mean.mul_(0.9).add_(0.1 * gradient), the same with 0.99 for gradient**2. Then divide each by 1 − betaᵗ. Move "
        "p inside `with torch.no_grad():`, because a real model's parameters require grad.",
    ),
)

# 05.9 fit


PARTS = {
    "window": window,
    "start": start,
    "minibatches": minibatches,
    "schedule": schedule,
    "backward_pass": backward_pass,
    "adam": adam,
}
NAMES = ("dC", "dW1", "db1", "dW2", "db2")


def fit(
    parameters: Parameters, X: Tensor, Y: Tensor, steps: int, batch_size: int, rate: float, parts: SimpleNamespace
) -> list[float]:
    return _fit(parameters, X, Y, steps, batch_size, rate, parts)


def _fit(
    parameters: Parameters,
    X: Tensor,
    Y: Tensor,
    steps: int,
    batch_size: int,
    rate: float,
    parts: SimpleNamespace,
    seed_of: Callable[[int], int] = lambda epoch: epoch,
    epochs: int | None = None,
    share: Callable | None = None,
    again: bool = False,
    only: int | None = None,
) -> list[float]:
    """The training loop, with a switch for each way to get it wrong."""
    share = share or (lambda step: parts.schedule(step, steps, max(1, steps // 10)))
    move, losses, epoch = parts.adam(parameters), [], 0
    while len(losses) < steps and (epochs is None or epoch < epochs):
        for batch in parts.minibatches(len(X), batch_size, seed_of(epoch))[:only]:
            if len(losses) == steps:
                break
            move = parts.adam(parameters) if again else move
            found = parts.backward_pass(X[batch], Y[batch], *parameters)
            move([found[name] for name in NAMES], rate * share(len(losses)))
            losses.append(found["loss"])
        epoch += 1
    return losses


def _other_fit(**switches: Any) -> Callable:
    return lambda *asked: _fit(*asked, **switches)


def _late(parameters: Parameters, X: Tensor, Y: Tensor, steps: int, *more: Any) -> list[float]:
    *_, given = more
    return _fit(parameters, X, Y, steps, *more, share=lambda step: given.schedule(step + 1, steps, max(1, steps // 10)))


def _copies(parameters: Parameters, *asked: Any) -> list[float]:
    return _fit([p.clone() for p in parameters], *asked)


def _fitted(
    answer: Callable, n: int, vocab_size: int, steps: int, batch_size: int, rate: float, seed: int
) -> dict | None:
    """Let it train a small network on made-up examples: its losses, and where the parameters are afterwards."""
    g = torch.Generator().manual_seed(seed)
    X, Y = torch.randint(vocab_size, (n, 2), generator=g), torch.randint(vocab_size, (n,), generator=g)
    parameters = start(vocab_size, 2, 2, 4, seed)  # the tensors count, and not the list that lends them
    losses = answer(list(parameters), X, Y, steps, batch_size, rate, SimpleNamespace(**PARTS))
    if losses is None:
        return None
    losses = [float(loss) for loss in losses]
    return {"losses": losses, **dict(zip(("C", "W1", "b1", "W2", "b2"), parameters, strict=True))}


def _fit_cases(draws: Draws) -> list[tuple]:
    sizes = [(6, 3, 2, 4, 0.1), (7, 4, 25, 3, 0.05), (7, 4, 4, 3, 0.05)]
    sizes += [(draws.integer(9, 30), 5, draws.integer(12, 40), draws.integer(3, 8), 0.03) for _ in range(3)]
    return [(*size, draws.integer(0, 1000)) for size in sizes]


FIT = Exercise(
    number="05.9",
    name="fit",
    reference=fit,
    cases=_fit_cases,
    use=_fitted,
    forbidden=(*AUTOGRAD, *OPTIMIZERS),
    in_place=("parameters",),
    measure=entries("losses", "C", "W1", "b1", "W2", "b2"),
    tolerance=Tolerance(1e-3, 1e-4, "forty steps multiply what float32 rounds by some hundreds"),
    mistakes=(
        Mistake(
            "the same order each epoch",
            _other_fit(seed_of=lambda epoch: 0),
            "Every epoch has the same batches: give minibatches another seed for each, 0 for the first, then 1.",
            "05 All the data, or a handful?",
        ),
        Mistake(
            "one epoch only",
            _other_fit(epochs=1),
            "The loop ends with the first epoch: draw new minibatches as long as there are steps to take.",
            "05 Your own trainer",
        ),
        Mistake(
            "first batch only",
            _other_fit(only=1),
            "Each epoch takes its first batch and no other: walk over all that minibatches gives.",
            "05 Your own trainer",
        ),
        Mistake(
            "no schedule",
            _other_fit(share=lambda step: 1.0),
            "The rate stays the same: at each step multiply it by parts.schedule(step, steps, warm_up).",
            "05 Decay",
        ),
        Mistake(
            "schedule one step late",
            _late,
            "The schedule is one step ahead: the first step is step 0.",
            "05 Decay",
        ),
        Mistake(
            "a new optimizer each step",
            _other_fit(again=True),
            "Adam is made anew at each step and remembers nothing: make it once, before the loop.",
            "05 Adam in six lines",
        ),
        Mistake(
            "copies trained",
            _copies,
            "The losses are right, but the parameters are as they were: train the tensors that were given, no copies.",
            "05 All the data, or a handful?",
        ),
    ),
    hints=(
        "Before the loop: move = parts.adam(parameters), a list for the losses, and the epoch 0.",
        "As long as len(losses) < steps: for each batch of this epoch's minibatches, stop if there are enough; else "
        "one backward_pass on X[batch] and Y[batch], one move, one loss. Then the next epoch.",
        'move([found[name] for name in ("dC", "dW1", "db1", "dW2", "db2")], rate * share)',
    ),
)

# 05.10 own_model

BAR = 2.16  # nats on dev
SECONDS = 40.0  # of processor time; the course's own answer takes 4
TRAINER = PARTS | {"fit": fit}


@lru_cache(maxsize=1)
def _given() -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    """The examples of train and of dev with three characters of context, and vocab_size."""
    names = bundled_names()
    vocab, (train, dev, _) = Vocabulary(names), split(names)
    return *build_dataset(train, vocab), *build_dataset(dev, vocab), len(vocab)


def own_model(X: Tensor, Y: Tensor, vocab_size: int, parts: SimpleNamespace) -> Parameters:
    parameters = parts.start(vocab_size, X.shape[1], 10, 200, 0)
    parts.fit(parameters, X, Y, 1500, 512, 0.02, parts)
    return parameters


def _trained(answer: Callable) -> dict | None:
    """Let it train on the lecture's train names; the parameters that it returns, and whose parts it was given."""
    X, Y, _, _, vocab_size = _given()
    given, own = parts(TRAINER)
    made = answer(X, Y, vocab_size, given)
    if made is None:
        return None
    made = [torch.as_tensor(p).detach() for p in made]
    return {"parameters": made, "own": own}


def logits_of(parameters: Parameters, X: Tensor) -> Tensor:
    """What a trained network says after the contexts X (N, block_size): (N, vocab_size)."""
    C, W1, b1, W2, b2 = (p.float() for p in parameters)
    return torch.tanh(C[X].flatten(1) @ W1 + b1) @ W2 + b2


def dev_loss(parameters: Parameters) -> float:
    """In nats per character."""
    _, _, X, Y, _ = _given()
    return F.cross_entropy(logits_of(parameters, X), Y).item()


def _misfit(made: Any) -> str | None:
    """What is wrong with the form of the five tensors, if anything is."""
    vocab_size = _given()[4]
    if not isinstance(made, list) or len(made) != 5 or not all(isinstance(p, Tensor) for p in made):
        return f"{len(made) if isinstance(made, list) else 'No'} tensors came."
    shapes = [tuple(p.shape) for p in made]
    emb_dim, hidden_dim = (shapes[0] + (0, 0))[1], (shapes[1] + (0, 0))[1]
    wanted = [(vocab_size, emb_dim), (3 * emb_dim, hidden_dim), (hidden_dim,), (hidden_dim, vocab_size), (vocab_size,)]
    return None if shapes == wanted and min(emb_dim, hidden_dim) else f"The shapes {shapes} came."


def _judged(seen: dict) -> tuple[str, str]:
    if misfit := _misfit(seen["parameters"]):
        return "shape", f"Wanted are C, W1, b1, W2 and b2, in this order, for three characters of context. {misfit}"
    loss = dev_loss(seen["parameters"])
    shown = f"{loss:.3f} nats on dev."
    if math.isnan(loss) or math.isinf(loss):
        return "diverged", shown
    if loss > math.log(_given()[4]) - 0.2:
        return "not trained", shown
    if loss > BAR:
        return "not there yet", shown
    own = [name for name in TRAINER if name in seen["own"]]
    return "met", f"{shown} {whose(TRAINER, own)}"


def _settings(steps: int, rate: float, batch_size: int = 512) -> Callable:
    def train(X: Tensor, Y: Tensor, vocab_size: int, parts: SimpleNamespace) -> Parameters:
        parameters = list(parts.start(vocab_size, X.shape[1], 10, 50, 0))
        parts.fit(parameters, X, Y, steps, batch_size, rate, parts)
        return parameters

    return train


OWN_MODEL = Exercise(
    number="05.10",
    name="own_model",
    reference=own_model,
    cases=lambda draws: [()],
    trial=Trial(_trained, _judged, SECONDS, lambda seen: {"dev": dev_loss(seen["parameters"])}),
    forbidden=(*AUTOGRAD, *OPTIMIZERS),
    mistakes=(
        Mistake(
            "diverged",
            lambda *asked: [torch.full_like(p, math.nan) for p in _settings(0, 0.0)(*asked)],
            "The run diverged: take a smaller rate.",
            "05 Bracketing by hand",
        ),
        Mistake(
            "not trained",
            _settings(0, 0.03),
            "The model is about as good as knowing nothing: did fit change the tensors that you return?",
            "05 Your own trainer",
        ),
        Mistake(
            "not there yet",
            _settings(100, 0.02),
            f"This learns, but it is not yet at {BAR}: take more steps, larger batches or more hidden units, and "
            f"sweep the rate.",
            "05 Use the rate",
        ),
    ),
    hints=(
        "Two calls and a return: parts.start gives the five tensors, parts.fit trains them in place.",
        "emb_dim 10 and hidden_dim 200 were the lesson's sizes. With random batches of 512 it takes more than its 300 "
        "steps.",
        "1,500 steps of 512 at a rate of 0.02 reach 2.15.",
    ),
)

EXERCISES = (BACKWARD_PASS, FINITE_DIFFERENCE, ADAM, FIT, OWN_MODEL)
