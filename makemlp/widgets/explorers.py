"""What moves in lessons 00 to 04 (floor 5)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.counts import METHODS, CountModel, smooth
from makemlp.data import Vocabulary, build_dataset, load_names
from makemlp.data.spelling import spelled
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.widgets.explorable import Explorable


def explore_sampling(
    model: Callable[[Tensor], Tensor], vocab: Vocabulary, n: int = 24, names: Sequence[str] | None = None
) -> Explorable:
    """The next character's dice, and names rolled with them, while you drag: temperature, top-k, top-p, a beginning.

    Parameters
    ----------
    model : an MLP, or any model that looks back two characters or fewer.
    n : how many names.
    names : the real ones, which are marked; by default the list that is set.

    Source: lesson 00; lesson 08 explains it.
    """
    real = load_names() if names is None else names
    data = {"model": live.packed_model(model, vocab), "itos": vocab.itos, "n": n, "names": live.packed_words(set(real))}
    controls = [
        live.slider("temperature", "temperature", 1.0, 0.1, 3.0, 0.05, digits=2),
        live.slider("top_k", "top-k", len(vocab), 1, len(vocab), 1, digits=0),
        live.slider("top_p", "top-p", 1.0, 0.05, 1.0, 0.05, digits=2),
        live.text("prefix", "begins with", ""),
        live.button("again", "Draw again"),
    ]
    still = figures.next_character(model, vocab), figures.made_up_names(sample(model, vocab, n, seed=0), 1.0)
    return Explorable("sampling", data, controls, still)


def explore_smoothing(counts: Tensor, vocab: Vocabulary) -> Explorable:
    """Two rows of the bigram table while you drag what is added to every count, and names drawn through the table.

    Parameters
    ----------
    counts : (vocab_size, vocab_size), how often each character (row) is followed by each (column).

    Source: lesson 01.
    """
    usual = [vocab.itos[int(row)] for row in counts.sum(1).argsort(descending=True, stable=True)]
    most, fewest = next(symbol for symbol in usual if symbol != vocab.itos[0]), usual[-1]
    controls = [
        live.slider("alpha", "added to each count", 1.0, 0.01, 1e5, 0.05, log=True),
        live.choice("symbol", "after", most, vocab.itos),
        live.choice("beside", "and after", fewest, vocab.itos),
        live.text("name", "a name's way through the table", ""),
        live.button("step", "Draw the next letter"),
    ]
    data = {"counts": live.packed(counts), "itos": vocab.itos}
    still = [figures.smoothing(counts, vocab, 1.0, symbol) for symbol in (most, fewest)]
    return Explorable("smoothing", data, controls, still, turned=["alpha"])


DESCENT = 1000  # steps that can be looked at


def explore_descent(counts: Tensor, vocab: Vocabulary, start: Tensor) -> Explorable:
    """A matrix of random numbers turning into the counts while you drag the steps of gradient descent, and the rate.

    Parameters
    ----------
    counts : (vocab_size, vocab_size), how often each character (row) is followed by each (column).
    start : (vocab_size, vocab_size), the logits to begin with.

    Source: lesson 01.
    """
    controls = [
        live.slider("steps", "steps", 0, 0, DESCENT, 1, digits=0),
        live.slider("rate", "learning rate", 50.0, 0.5, 500.0, 0.05, log=True),
    ]
    data = {"itos": vocab.itos, "most": DESCENT, "counts": live.packed(counts), "start": live.packed(start)}
    tables = smooth(counts, 0.0), start.softmax(1)
    still = figures.two_tables(*tables, vocab, ("the counts", "before the first step"))
    return Explorable("descent", data, controls, [still], turned=["rate"])


# Powers of ten of the smoothing at which the losses of tables are computed; the page draws a smooth curve through them.
LOWEST, HIGHEST, STEP = -3.0, 2.0, 0.25


def explore_count_tables(
    train: Sequence[str], dev: Sequence[str], vocab: Vocabulary, longest: int = 10, lecture: float | None = None
) -> Explorable:
    """Train and dev loss of count tables of every context length while you drag the smoothing.

    Kneser-Ney on dev is drawn as well, to compare with, and `lecture` draws a line at the lecture's loss.

    Source: lesson 02.
    """
    losses = _count_losses(tuple(train), tuple(dev), vocab, longest)
    curves = {
        method: {split: live.packed(losses[split][method]) for split in ("train", "dev")}
        for method in ("add", "interpolate", "kneser_ney")
    }
    controls = [
        live.slider("block_size", "context length", min(3, longest), 0, longest, 1, digits=0),
        live.slider("smoothing", "smoothing", 0.1, 10**LOWEST, 10**HIGHEST, 0.025, log=True),
        live.choice("method", "method", "add", METHODS),
    ]
    data = {"longest": longest, "lecture": lecture, "lowest": LOWEST, "step": STEP, **curves}
    at = round((-1.0 - LOWEST) / STEP)  # the smoothing of 0.1 that the slider opens with
    opened = {split: losses[split]["add"][at].tolist() for split in ("train", "dev")}
    mark = (min(3, longest), opened["dev"][min(3, longest)])
    still = figures.nll_by_context(
        opened | {"Kneser-Ney, dev": losses["dev"]["kneser_ney"].tolist()}, mark=mark, lecture=lecture
    )
    return Explorable("count_tables", data, controls, [still], turned=["block_size", "smoothing"])


@functools.lru_cache(maxsize=1)  # a cell that is run again finds them here
def _count_losses(
    train: tuple[str, ...], dev: tuple[str, ...], vocab: Vocabulary, longest: int
) -> dict[str, dict[str, Tensor]]:
    """For train and dev and each method the losses: (places of the smoothing, longest + 1); Kneser-Ney (longest + 1,).

    What a table says of an example rests on two numbers for each length: how often its answer followed the context,
    and how often anything did. They are looked up once, and every smoothing is computed from them.
    """
    examples = {"train": build_dataset(train, vocab, longest), "dev": build_dataset(dev, vocab, longest)}
    model = CountModel(len(vocab), longest, method="kneser_ney").fit(*examples["train"])
    smoothings = 10.0 ** torch.arange(LOWEST, HIGHEST + STEP / 2, STEP)
    found = {}
    for split, (X, Y) in examples.items():
        counted = list(_looked_up(model, X, Y))
        found[split] = {
            "add": torch.stack([_added(counted, s, len(vocab)) for s in smoothings]),
            "interpolate": torch.stack([_interpolated(counted, s, len(vocab)) for s in smoothings]),
            "kneser_ney": torch.tensor(model.nll_by_length(X, Y)),
        }
    return found


def _looked_up(model: CountModel, X: Tensor, Y: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """For each length: the answers' counts (N,), the contexts' counts (N,), 0 where unseen, and which are padded."""
    for length, (row, seen) in enumerate(model._walk(X, model.block_size)):
        counts = model.counts[length]
        yield counts[row, Y] * seen, counts.sum(1)[row] * seen, model._padded(length)[row] & seen


def _added(counted: Sequence[tuple[Tensor, Tensor, Tensor]], smoothing: Tensor, vocab_size: int) -> Tensor:
    """The losses (lengths,) of tables with `smoothing` added to every cell."""
    return torch.stack([-((c + smoothing) / (t + smoothing * vocab_size)).log().mean() for c, t, _ in counted])


def _interpolated(counted: Sequence[tuple[Tensor, Tensor, Tensor]], smoothing: Tensor, vocab_size: int) -> Tensor:
    """The losses (lengths,) of tables that ask ever shorter contexts; a second boundary says nothing new."""
    p, losses = torch.full_like(counted[0][0], 1 / vocab_size), []
    for c, t, padded in counted:
        p = torch.where(padded, p, (c + smoothing * p) / (t + smoothing))
        losses.append(-p.log().mean())
    return torch.stack(losses)


def explore_architecture(vocab_size: int) -> Explorable:
    """The network with its vectors, the parameter count and the comparison with a count table while you drag the sizes.

    Source: lesson 03.
    """
    sizes = {"block_size": 3, "emb_dim": 2, "hidden_dim": 100}
    controls = [
        live.slider("block_size", "block_size", sizes["block_size"], 1, 16, 1, digits=0),
        live.slider("emb_dim", "emb_dim", sizes["emb_dim"], 1, 60, 1, digits=0),
        live.slider("hidden_dim", "hidden_dim", sizes["hidden_dim"], 10, 1000, 10, digits=0),
        live.check("direct", "direct connections", False),
    ]
    still = figures.architecture(vocab_size, **sizes), figures.size_comparison(vocab_size, **sizes)
    return Explorable("architecture", {"vocab_size": vocab_size}, controls, still, turned=list(sizes))


def explore_prediction(model: MLP, vocab: Vocabulary, prefix: str = "") -> Explorable:
    """Type the beginning of a name and see every tensor on the way to the next character, beside another beginning's.

    Source: lesson 04.
    """
    prefix = spelled(prefix, vocab.itos)
    other = vocab.itos[1] + prefix[1:] if prefix else ""
    controls = [
        live.text("prefix", "the name so far", prefix),
        live.text("beside", "compared with", other),
        live.slider("w1", "W1 times", 1.0, 0.0, 5.0, 0.05, digits=2),
        live.slider("w2", "W2 times", 1.0, 0.0, 5.0, 0.05, digits=2),
    ]
    data = {"model": live.packed_model(model, vocab), "itos": vocab.itos}
    return Explorable("prediction", data, controls, [figures.anatomy(model, vocab, prefix)])
