"""How good a model is (floor 2): one number for any model of the course, and how far chance may have moved it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.data import Vocabulary, build_dataset, places

PIECE = 2048  # examples that are scored at once, so that memory doesn't grow with their number


@places.precise
@torch.no_grad()
def log_prob(model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor) -> Tensor:
    """The log-probability that a model gives each of the answers Y after its context in X.

    Parameters
    ----------
    model : anything that maps contexts (N, block_size) to logits (N, vocab_size). If it has a method
        ``log_prob(X, Y)``, which gives the same at less cost, that is asked instead.
    X : (N, block_size) int64
    Y : (N,) int64

    Returns
    -------
    Tensor (N,), in nats; -inf where the model held the answer to be impossible.

    Raises
    ------
    ValueError
        where X and Y are no indices of that form, or not as many.

    Source: lesson 10.
    """
    places.check_examples(X, Y)
    ask = getattr(model, "log_prob", None) or (lambda X, Y: -F.cross_entropy(model(X), Y, reduction="none"))
    found, done = None, 0
    for some, answers in zip(X.split(PIECE), Y.split(PIECE), strict=True):
        part = ask(some, answers)
        if found is None:  # all at once: small results between large ones would keep these from being used again
            found = part.new_empty(len(X))
        found[done : done + len(part)] = part
        done += len(part)
    return found


@places.precise
@torch.no_grad()
def nll(model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor) -> float:
    """Mean negative log-likelihood of the answers Y after the contexts X, in nats per character, or per word.

    It is computed in pieces, so that a long list needs no more memory than a short one.

    Parameters
    ----------
    model : anything that maps contexts (N, block_size) to logits (N, vocab_size); log-probabilities are logits too. Or
        a model with a method ``log_prob(X, Y)``, as `log_prob` says.
    X : (N, block_size) int64
    Y : (N,) int64

    Returns
    -------
    float
        0 for a model that is always sure and right, ln(vocab_size) for one that knows nothing,
        inf for one that held an answer to be impossible.

    Source: lesson 02.
    """
    return -log_prob(model, X, Y).mean().item()


@places.on_cpu
@torch.no_grad()
def nll_by_name(model: Callable[[Tensor], Tensor], vocab: Vocabulary, names: Sequence[str]) -> Tensor:
    """The NLL of every name as a whole: the sum over its characters and its end.

    Parameters
    ----------
    model : maps contexts (N, model.block_size) to logits (N, len(vocab)).

    Returns
    -------
    (len(names),), in nats; ``(-nll_by_name(…)).exp()`` is the chance that the model makes up just that name.

    Raises
    ------
    ValueError
        if there are no names, or a character is not in the vocabulary.

    Source: lesson 02b.
    """
    X, Y = build_dataset(names, vocab, model.block_size)  # (N, block_size), (N,)
    losses = -log_prob(model, X, Y)  # (N,)
    lengths = [len(name) + 1 for name in names]
    sums = torch.stack([part.sum() for part in losses.split(lengths)])
    return sums.to(torch.get_default_dtype())  # also of a model of other floats, so that two models can be compared


@places.on_cpu
def bootstrap(losses: Tensor, lengths: Tensor, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Between which bounds a mean loss per character lies for 95 of 100 lists of names drawn from these.

    Each list has as many names as there are, drawn with replacement: some come twice, others not at all. How much the
    mean changes from list to list shows how much of it is luck with the names.

    Parameters
    ----------
    losses : (names,), each name's loss, summed over its characters and its end; or a difference of two such losses.
    lengths : (names,), over how many characters each was summed.
    draws : how many lists are drawn.

    Returns
    -------
    low, high : in nats per character.

    Source: lesson 02b. The method is Efron's (1979).
    """
    g = torch.Generator().manual_seed(seed)
    means = []
    for _ in range(draws):
        some = torch.randint(len(losses), (len(losses),), generator=g)  # (names,) which names this list has
        means.append(losses[some].sum() / lengths[some].sum())
    low, high = torch.stack(means).quantile(torch.tensor([0.025, 0.975])).tolist()
    return low, high


@places.on_cpu
def compare(
    a: Callable[[Tensor], Tensor], b: Callable[[Tensor], Tensor], vocab: Vocabulary, names: Sequence[str]
) -> tuple[float, float, float]:
    """By how much model `a` is better than model `b` on these names, and how far luck with the names may move that.

    Both models meet the same names, so what makes a name hard for both cancels: the interval of the difference is
    narrower than that of either loss.

    Parameters
    ----------
    a, b : each maps contexts (N, model.block_size) to logits (N, len(vocab)); their block_size may differ.

    Returns
    -------
    lead, low, high : b's loss minus a's, in nats per character, and the bounds of its 95 % interval. If 0 lies between
        the bounds, these names can't tell which model is better. Not finite if a model held an answer to be impossible.

    Raises
    ------
    ValueError
        if there are no names, or a character is not in the vocabulary.

    Source: lesson 02b.
    """
    lengths = torch.tensor([len(name) + 1 for name in names])  # (names,)
    leads = nll_by_name(b, vocab, names) - nll_by_name(a, vocab, names)  # (names,)
    return (leads.sum() / lengths.sum()).item(), *bootstrap(leads, lengths)
