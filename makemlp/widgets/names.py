"""A name's score, and a game with made-up ones (floor 5): lesson 08."""

from __future__ import annotations

import html
import itertools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import ipywidgets as widgets
import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary
from makemlp.sampling import sample, score_name
from makemlp.scoring import nll_by_name
from makemlp.widgets.explorable import Explorable
from makemlp.widgets.panel import Panel, announced


def explore_name(
    model: Callable[[Tensor], Tensor], vocab: Vocabulary, names: Sequence[str], name: str = ""
) -> Explorable:
    """Type a name and see where the model is surprised, the name's NLL, and its rank among `names`.

    Parameters
    ----------
    model : an MLP, or any model that looks back two characters or fewer.

    Source: lesson 08.
    """
    nlls = nll_by_name(model, vocab, names)  # (len(names),)
    losses, _ = score_name(model, vocab, name)
    strip = figures.probability_strip(model, vocab, name)
    still = strip, figures.name_ranks(nlls, name, losses.sum().item())
    data = {"model": live.packed_model(model, vocab), "itos": vocab.itos, "nlls": live.packed(nlls)}
    return Explorable("name", data, [live.text("name", "a name", name)], still)


class Game(Panel):
    """Names one after another, and for each two buttons: real or made up?

    Parameters
    ----------
    model : makes the made-up ones.
    names : the list that a real one stands in and a made-up one doesn't.
    temperature : that they are made up at.
    seed : decides which names are shown, in which order.
    """

    ROUNDS = 10
    PAUSE = 0.3  # a press so soon after a name has come is the second half of a double click

    def __init__(
        self,
        model: Callable[[Tensor], Tensor],
        vocab: Vocabulary,
        names: Sequence[str],
        temperature: float = 1.0,
        seed: int = 0,
    ):
        self._deal = lambda seed: deal(model, vocab, names, self.ROUNDS, temperature, seed)
        self._seeds = itertools.count(seed)
        self._name = widgets.HTML()
        controls = {
            "real": widgets.Button(description="Real"),
            "made_up": widgets.Button(description="Made up"),
            "reset": widgets.Button(description="Reset", icon="undo"),
        }
        super().__init__(controls, [self._name, widgets.HBox(list(controls.values()))])
        controls["real"].on_click(lambda button: self.answer(real=True))
        controls["made_up"].on_click(lambda button: self.answer(real=False))
        controls["reset"].on_click(lambda button: self._another())
        self.reset()

    def reset(self) -> None:
        """Begin a new game, with other names."""
        self._names = self._deal(next(self._seeds))
        self._right: list[bool] = []  # for each answer so far, whether it was
        self._show()

    def _another(self) -> None:
        try:
            self.reset()
        except ValueError as error:  # the game that was played stays
            self._say(str(error))

    def answer(self, real: bool) -> None:
        """Take an answer to the name that is shown; none is taken once the game is over."""
        if len(self._right) < self.ROUNDS and time.monotonic() - self._shown > self.PAUSE:
            self._right.append(real == self._names[len(self._right)][1])
            self._show()

    def _show(self) -> None:
        done, right = len(self._right), sum(self._right)
        over = done == self.ROUNDS
        line = f"{right} of {done} right" if over else f"{done + 1} of {self.ROUNDS}: {self._names[done][0]}"
        self._name.value = announced(line, "font-size: 1.6em; line-height: 1.6")
        said = [_verdict(*self._names[i], self._right[i]) for i in range(done)]
        now = (
            [said[-1], f"{right} of {done} right."] if said else ["Is this name in the list, or made up by the model?"]
        )
        if over:
            now.append(
                f"Guessing gets {done / 2:g} on average, and {right} or more in {luck(right, done):.1%} of games. "
                f"Press Reset for other names."
            )
        self._message.value = announced(" ".join(now), "")
        self._picture.value = "<br>".join(map(html.escape, said[:-1][::-1]))  # the earlier ones, the latest on top
        self._shown = time.monotonic()


def _verdict(name: str, real: bool, right: bool) -> str:
    return f"{'Right' if right else 'Wrong'}: {name} is {'in the list' if real else 'made up'}."


def deal(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    names: Sequence[str],
    rounds: int,
    temperature: float,
    seed: int,
) -> list[tuple[str, bool]]:
    """Names for a game and whether each is real: a coin chooses between a real and a made-up name of one length."""
    generator = torch.Generator().manual_seed(seed)
    made_up = sample(model, vocab, 50 * rounds, temperature=temperature, seed=seed)
    pairs = list(itertools.islice(_pairs(names, made_up, generator), rounds))
    if len(pairs) < rounds:
        raise ValueError(
            f"The model made up only {len(pairs)} names that are not in the list and as long as one of it, and the "
            f"game needs {rounds}: raise the temperature, or pass another model."
        )
    coins = torch.rand(rounds, generator=generator) < 0.5  # (rounds,)
    return [(pair[0] if real else pair[1], real) for pair, real in zip(pairs, coins.tolist(), strict=True)]


def _pairs(names: Sequence[str], made_up: Sequence[str], generator: torch.Generator) -> Iterator[tuple[str, str]]:
    """A real and a made-up name of equal length, so that the length tells nothing; no name comes twice."""
    names, known = list(dict.fromkeys(names)), set(names)
    by_length = defaultdict(list)
    for name in dict.fromkeys(made_up):
        if name not in known:
            by_length[len(name)].append(name)
    for i in torch.randperm(len(names), generator=generator).tolist():
        if by_length[len(names[i])]:
            yield names[i], by_length[len(names[i])].pop()


def luck(right: int, rounds: int) -> float:
    """The chance to have `right` or more of `rounds` right by tossing a coin."""
    return sum(math.comb(rounds, k) for k in range(right, rounds + 1)) / 2**rounds


def explore_real_or_made_up(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    names: Sequence[str],
    temperature: float = 1.0,
    seed: int = 0,
) -> Game:
    """A game of ten names: which stand in `names`, and which has the model made up?

    Raises
    ------
    ValueError
        where the model makes up too few names that are not in the list.

    Source: lesson 08.
    """
    return Game(model, vocab, names, temperature, seed)
