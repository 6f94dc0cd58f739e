"""A name's score, and a game with made-up ones (floor 5): lesson 08."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary
from makemlp.data.spelling import spelled
from makemlp.sampling import sample, score_name
from makemlp.scoring import nll_by_name
from makemlp.widgets.explorable import Explorable


def explore_name(
    model: Callable[[Tensor], Tensor] | Mapping[str, Callable[[Tensor], Tensor]],
    vocab: Vocabulary,
    names: Sequence[str],
    name: str = "",
) -> Explorable:
    """Type a name and see where a model is surprised, the name's NLL, and its rank among `names`.

    Parameters
    ----------
    model : an MLP, a Kneser-Ney table, or any model that looks back two characters or fewer. Several models, each by a
        word for it, are set side by side; the last is the first to be shown in full.

    Source: lesson 08.
    """
    models = model if isinstance(model, Mapping) else {"model": model}
    nlls = {label: nll_by_name(one, vocab, names) for label, one in models.items()}  # (len(names),) each
    opened, name = list(models)[-1], spelled(name, vocab.itos)
    losses, _ = score_name(models[opened], vocab, name)
    strip = figures.probability_strip(models[opened], vocab, name)
    still = strip, figures.name_ranks(nlls[opened], name, losses.sum().item())
    data = {
        "itos": vocab.itos,
        "models": {label: live.packed_model(one, vocab, large=True) for label, one in models.items()},
        "nlls": {label: live.packed(some) for label, some in nlls.items()},
    }
    controls = [live.text("name", "a name", name)]
    if len(models) > 1:
        controls.append(live.choice("writer", "in the eyes of", opened, list(models)))
    return Explorable("name", data, controls, still)


def explore_real_or_made_up(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    names: Sequence[str],
    temperature: float = 1.0,
    seed: int = 0,
) -> Explorable:
    """A game of ten names, and others after it: which stand in `names`, and which has the model made up?

    Parameters
    ----------
    model : makes the made-up ones.
    temperature : that they are made up at.
    seed : decides which names are shown, in which order.

    Raises
    ------
    ValueError
        where the model makes up too few names that are not in the list.

    Source: lesson 08.
    """
    dealt = deal(model, vocab, names, ROUNDS, temperature, seed)
    shown = [name for name, _ in dealt]
    data = {
        "names": live.packed_text(f"{'+' if real else '-'}{name}" for name, real in dealt),
        "nlls": live.packed(nll_by_name(model, vocab, shown)),
    }
    controls = [live.button("real", "Real"), live.button("made_up", "Made up"), live.button("again", "Other names")]
    still = figures.side_by_side({"which are real?": shown[: ROUNDS // 2], "": shown[ROUNDS // 2 : ROUNDS]})
    return Explorable("game", data, controls, [still])


ROUNDS = 10  # names of a game
GAMES = 10


def deal(
    model: Callable[[Tensor], Tensor],
    vocab: Vocabulary,
    names: Sequence[str],
    rounds: int,
    temperature: float,
    seed: int,
) -> list[tuple[str, bool]]:
    """Names for games and whether each is real: a coin chooses between a real and a made-up name of one length.

    As many whole games of `rounds` names as there are names for, and at most `GAMES`; no name comes twice.
    """
    generator = torch.Generator().manual_seed(seed)
    made_up = sample(model, vocab, 50 * GAMES * rounds, temperature=temperature, seed=seed)
    pairs = list(itertools.islice(_pairs(names, made_up, generator), GAMES * rounds))
    if len(pairs) < rounds:
        raise ValueError(
            f"The model made up only {len(pairs)} names that are not in the list and as long as one of it, and the "
            f"game needs {rounds}: raise the temperature, or pass another model."
        )
    pairs = pairs[: len(pairs) // rounds * rounds]
    coins = torch.rand(len(pairs), generator=generator) < 0.5  # (len(pairs),)
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
