"""The project of lesson 01 (floor 3): the bigram trained by one's own loop, down to the loss of the counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace

import torch
from torch import Tensor

from makemlp.checking.drawing import Draws
from makemlp.checking.parts import parts, whose
from makemlp.checking.specification import AUTOGRAD, Exercise, Mistake, Trial
from makemlp.data import Vocabulary, build_dataset, bundled_names, split

# 01.8 descend_by_hand


def descend_by_hand(N: Tensor, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _descend(N, steps, rate)


def _descend(
    N: Tensor,
    steps: int,
    rate: float,
    sign: float = 1.0,
    whole: bool = True,
    kept: float = 0.0,
    by_row: bool = False,
    late: bool = False,
    first: float = 0.0,
) -> tuple[Tensor, list[float]]:
    """Gradient descent on the counts, with a switch for each way to get it wrong."""
    W, losses, velocity = torch.full_like(N, first).triu(), [], torch.zeros_like(N)
    rows = N.sum(1, keepdim=True)
    for _ in range(steps):
        before = _loss(W, N)
        gradient = rows * W.softmax(1) - N if not by_row else W.softmax(1) - N / rows
        gradient = gradient / N.sum() if whole and not by_row else gradient
        velocity = kept * velocity + gradient
        W = W - sign * rate * velocity
        losses.append(_loss(W, N) if late else before)
    return W, losses


def _loss(W: Tensor, N: Tensor) -> float:
    log_p = W.log_softmax(1)
    return (-torch.where(N > 0, N * log_p, 0.0).sum() / N.sum()).item()  # what never came has no weight


def _descend_cases(draws: Draws) -> list[tuple]:
    def case(size: int, steps: int, rate: float) -> tuple:
        return 1 + draws.integers(9, size, size).float(), steps, rate

    small = torch.tensor([[1.0, 3.0], [2.0, 2.0]]), 1, 1.0
    return [small, case(3, 2, 0.5)] + [case(draws.integer(2, 5), draws.integer(3, 9), 2.0) for _ in range(8)]


DESCEND_BY_HAND = Exercise(
    number="01.8",
    name="descend_by_hand",
    reference=descend_by_hand,
    cases=_descend_cases,
    forbidden=AUTOGRAD,
    mistakes=(
        Mistake(
            "uphill",
            lambda *asked: _descend(*asked, sign=-1.0),
            "The step goes uphill: the gradient points to where the loss grows, so subtract it.",
            "01 The gradient by hand",
        ),
        Mistake(
            "not divided by the pairs",
            lambda *asked: _descend(*asked, whole=False),
            "The gradient is that of the sum: the loss is a mean over all pairs, so divide by N.sum().",
            "01 The gradient by hand",
        ),
        Mistake(
            "rows weigh the same",
            lambda *asked: _descend(*asked, by_row=True),
            "Each row is divided by its own sum, so that rare rows weigh as much as frequent ones: multiply p by the "
            "row's sum, subtract the counts, and divide by all pairs.",
            "01 The gradient by hand",
        ),
        Mistake(
            "gradients added up",
            lambda *asked: _descend(*asked, kept=1.0),
            "Each step moves by the sum of all gradients so far: compute the gradient anew, as zero_grad would.",
            "01 The training loop of PyTorch",
        ),
        Mistake(
            "losses after the step",
            lambda *asked: _descend(*asked, late=True),
            "The losses are those after each step: note the loss first, so that the first one is log vocab_size.",
            "01 The training loop of PyTorch",
        ),
        Mistake(
            "another start",
            lambda *asked: _descend(*asked, first=1.0),
            "W does not begin with zeros everywhere.",
            "01 The same model as a neural network",
        ),
    ),
    hints=(
        "Four lines in the loop: the probabilities of all rows, the loss, the gradient, the step.",
        "The gradient is that of lesson 01: (N.sum(1, keepdim=True) * p − N) / N.sum().",
        "The loss: −(N * p.log()).sum() / N.sum(), or with log_softmax.",
    ),
)

# 01.9 own_bigram

CLOSE = 0.002  # nats above the counts' loss, at most
EXACT = 1e-6  # nats: nearer than this comes only who counts
SECONDS = 20.0  # of processor time; the course's own answer takes a tenth
PARTS = {"descend_by_hand": descend_by_hand}


@lru_cache(maxsize=1)
def _counts() -> Tensor:
    """The pairs of the train names: (vocab_size, vocab_size) float."""
    names = bundled_names()
    vocab = Vocabulary(names)
    X, Y = build_dataset(split(names)[0], vocab, block_size=1)
    counts = torch.bincount(X[:, 0] * len(vocab) + Y, minlength=len(vocab) ** 2)
    return counts.view(len(vocab), len(vocab)).float()


def lowest() -> float:
    """The loss of the count table, in nats per character: no table has a lower one on these pairs."""
    N = _counts().double()
    p = N / N.sum(1, keepdim=True)
    return (-torch.special.xlogy(N, p).sum() / N.sum()).item()


def own_bigram(N: Tensor, parts: SimpleNamespace) -> Tensor:
    W, _ = parts.descend_by_hand(N, 2000, 50.0)
    return W


def _trained(answer: Callable) -> dict | None:
    given, own = parts(PARTS)
    W = answer(_counts().clone(), given)
    return None if W is None else {"W": torch.as_tensor(W).detach(), "own": own}


def _judged(seen: dict) -> tuple[str, str]:
    W, N = seen["W"], _counts().double()
    if W.shape != N.shape:
        return "shape", f"W has shape {tuple(W.shape)}; wanted is {tuple(N.shape)}."
    loss = _loss(W.double(), N)
    shown = f"{loss:.4f} nats, and the counts have {lowest():.4f}."
    if not math.isfinite(loss) or loss - lowest() < EXACT:
        return ("diverged" if math.isnan(loss) else "counted"), shown
    if loss > math.log(len(N)) - 0.1:
        return "not trained", shown
    if loss - lowest() > CLOSE:
        return "not there yet", shown
    return "met", f"{shown} {whose(PARTS, seen['own'])}"


def _row(seen: dict) -> dict:
    """The loss on dev, as every run on the scoreboard has it."""
    names = bundled_names()
    X, Y = build_dataset(split(names)[1], Vocabulary(names), block_size=1)
    log_p = seen["W"].float().log_softmax(1)
    return {"dev": -log_p[X[:, 0], Y].mean().item()}


OWN_BIGRAM = Exercise(
    number="01.9",
    name="own_bigram",
    reference=own_bigram,
    cases=lambda draws: [()],
    trial=Trial(_trained, _judged, SECONDS, _row),
    mistakes=(
        Mistake(
            "counted",
            lambda N, parts: (N / N.sum(1, keepdim=True)).log(),
            "This W was counted and not trained: no descent arrives exactly, because a probability of 0 needs a logit "
            "of −∞.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "diverged",
            lambda N, parts: N * math.nan,
            "W holds nan: take a smaller rate.",
            "01 The training loop of PyTorch",
        ),
        Mistake(
            "not trained",
            lambda N, parts: torch.zeros_like(N),
            "This is about as good as knowing nothing.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "not there yet",
            lambda N, parts: parts.descend_by_hand(N, 100, 50.0)[0],
            f"The loss is to come within {CLOSE} of the counts': take more steps, or larger ones.",
            "01 The training loop of PyTorch",
        ),
    ),
    hints=(
        "parts.descend_by_hand returns two things: W and the losses.",
        "Lesson 01 takes a rate of 50. How far are you after 500 steps, after 1,000?",
    ),
)

EXERCISES = (DESCEND_BY_HAND, OWN_BIGRAM)
