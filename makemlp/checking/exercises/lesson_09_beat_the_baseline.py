"""The exercises of lesson 09 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake, Trial
from makemlp.counts import CountModel, interpolate
from makemlp.data import Vocabulary, build_dataset, bundled_names, split

# 09.1 perplexities

LOSS, BITS = 1.8, 3.0


def perplexities() -> dict:
    return {
        "1.8 nats": math.exp(LOSS),
        "3 bits": 2**BITS,
        "0.1 less": math.exp(-0.1),
        "to halve it": math.log(2),
    }


PERPLEXITIES = Exercise(
    number="09.1",
    name="perplexities",
    reference=perplexities,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "bits for nats",
            lambda: perplexities() | {"1.8 nats": 2**LOSS},
            "A loss in nats is taken for one in bits: perplexity is e to the power of nats.",
            "09 Which change was it?",
        ),
        Mistake(
            "nats for bits",
            lambda: perplexities() | {"3 bits": math.exp(BITS)},
            "A loss in bits is taken for one in nats: perplexity is 2 to the power of bits.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "difference for factor",
            lambda: perplexities() | {"0.1 less": math.exp(LOSS) - math.exp(LOSS - 0.1)},
            "This is by how much the perplexity falls from one loss: asked is the factor, the same for every loss.",
            "09 Which change was it?",
        ),
        Mistake(
            "0.1 taken off the perplexity",
            lambda: perplexities() | {"0.1 less": 0.9},
            "A tenth of a nat is taken for a tenth of the perplexity: the factor is e to the power of the difference.",
            "09 Which change was it?",
        ),
        Mistake(
            "factor upside down",
            lambda: perplexities() | {"0.1 less": math.exp(0.1)},
            "This is the factor of a loss that rises: one that falls makes the perplexity smaller.",
            "09 Which change was it?",
        ),
        Mistake(
            "loss halved",
            lambda: perplexities() | {"to halve it": LOSS / 2},
            "Half the loss is not half the perplexity: how many nats are a factor of 2?",
            "09 Which change was it?",
        ),
        Mistake(
            "a bit for nats",
            lambda: perplexities() | {"to halve it": 1.0},
            "1 bit halves it; asked is for nats, of which a bit has fewer.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "loss plus one",
            lambda: perplexities() | {"1.8 nats": 2.8},
            "The loss is added to 1, which is e to its power only for small numbers.",
            "09 Which change was it?",
        ),
        Mistake(
            "power of three",
            lambda: perplexities() | {"3 bits": 9.0},
            "3 is squared: 2 is raised to the power of the bits.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "Perplexity is e to the power of the loss in nats, or 2 to the power of the loss in bits: the same number.",
        "exp(a − 0.1) / exp(a) does not depend on a.",
        "To halve it, the factor e to the power of −x has to be 1/2.",
    ),
)

# 09.2 start_at_shares

NEAR = 0.05  # nats above the loss of equal logits that W2 may cost


def start_at_shares(hidden_dim: int, counts: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    return _start(hidden_dim, counts, seed)


def _start(
    hidden_dim: int, counts: Tensor, seed: int, scale: float = 0.01, b2: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """A last layer with another bias; the larger the numbers of W2, the worse it begins."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(hidden_dim, len(counts), generator=g) * scale, counts.log() if b2 is None else b2


def _start_measured(layer: tuple, hidden_dim: int, counts: Tensor, seed: int) -> dict:
    W2, b2 = (part.float() for part in layer)
    shapes, vocab_size = [list(W2.shape), list(b2.shape)], len(counts)
    excess = math.nan
    if shapes[0] == [hidden_dim, vocab_size]:
        h = Draws(seed).normal(2000, hidden_dim).tanh()  # (2000, hidden_dim), as in a fresh model
        excess = F.cross_entropy(h @ W2, Draws(seed + 1).integers(vocab_size, 2000)).item() - math.log(vocab_size)
    return {
        "shapes of W2 and b2": shapes,
        "what W2 adds to the loss": _band(excess),
        "numbers of W2 are alike": 2 * len(W2.unique()) < W2.numel(),
        "softmax of b2": b2.double().softmax(-1),
    }


def _band(excess: float) -> str:
    bounds = ((NEAR, f"at most {NEAR}"), (1.0, f"between {NEAR} and 1"), (math.inf, "more than 1"))
    return next((words for bound, words in bounds if excess <= bound), "no number")


START_AT_SHARES = Exercise(
    number="09.2",
    name="start_at_shares",
    reference=start_at_shares,
    cases=lambda draws: [
        (hidden_dim, draws.integers(30, vocab_size) + 1, draws.integer(0, 1000))
        for hidden_dim, vocab_size in ((50, 10), (100, 30), (200, 30), (300, 64))
    ],
    measure=_start_measured,
    strict=True,
    mistakes=(
        Mistake(
            "not scaled",
            lambda *given: _start(*given, scale=1.0),
            "W2 is about as large as randn gives it, so the logits are large and the model is sure of nonsense: scale "
            "it down.",
            "04 The loss at the start",
        ),
        Mistake(
            "not scaled enough",
            lambda *given: _start(*given, scale=given[0] ** -0.5),
            "W2 is scaled down, but what it adds to the logits is not yet close to 0 (dividing by √hidden_dim alone "
            "leaves it about as large as the units): make it smaller still.",
            "04 The loss at the start",
        ),
        Mistake(
            "all alike",
            lambda *given: _start(*given, scale=0.0),
            "The loss is right, but all numbers of W2 are the same: from zeros, no gradient reaches the layer below in "
            "the first step. Small random numbers do both.",
            "04 The loss at the start",
        ),
        Mistake(
            "zeros for the bias",
            lambda hidden_dim, counts, seed: _start(hidden_dim, counts, seed, b2=torch.zeros(len(counts))),
            "b2 is the same for all symbols, so the loss starts at ln(vocab_size): let b2 know which symbols are "
            "frequent.",
            "04 The loss at the start",
        ),
        Mistake(
            "shares for logarithms",
            lambda hidden_dim, counts, seed: _start(hidden_dim, counts, seed, b2=counts / counts.sum()),
            "b2 holds the shares themselves: logits are logarithms, and softmax takes exp of them.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "counts for logarithms",
            lambda hidden_dim, counts, seed: _start(hidden_dim, counts, seed, b2=counts.float()),
            "b2 holds the counts themselves: logits are logarithms of counts, and softmax takes exp of them.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "sign",
            lambda hidden_dim, counts, seed: _start(hidden_dim, counts, seed, b2=-counts.log()),
            "The rare symbols are the likeliest: b2 is log p, and −log p is the loss.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "binary logarithm",
            lambda hidden_dim, counts, seed: _start(hidden_dim, counts, seed, b2=counts.log2()),
            "The logarithm is the binary one: softmax takes powers of e, so the natural one turns back into shares.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "dimensions swapped",
            lambda hidden_dim, counts, seed: (_start(hidden_dim, counts, seed)[0].T.contiguous(), counts.log()),
            "W2 is the wrong way round: h @ W2 needs (hidden_dim, vocab_size).",
            "04 Forward, step by step",
        ),
    ),
    hints=(
        "If W2 is small, the logits are nearly b2, whatever the hidden units are.",
        "softmax(b2) is to be the shares of the counts. softmax takes exp and divides by the sum: what does it need?",
        "W2: torch.randn(hidden_dim, len(counts), generator=g) times a small number such as 0.01.",
    ),
)

# 09.3 with_direct


def with_direct(X: Tensor, C: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, tables: Tensor) -> Tensor:
    rows = []
    for context in X.tolist():
        h = torch.tanh(torch.cat([C[i] for i in context]) @ W1 + b1)
        rows.append(h @ W2 + b2 + sum(tables[position, i] for position, i in enumerate(context)))
    return torch.stack(rows)


def _direct(
    of: Callable[[Tensor, Tensor], Tensor], inside: Callable[[Tensor], Tensor] = torch.tanh
) -> Callable[..., Tensor]:
    """The network with another direct part, which `of` makes of the tables and X, or other hidden units."""

    def logits(X: Tensor, C: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, tables: Tensor) -> Tensor:
        return inside(C[X].flatten(1) @ W1 + b1) @ W2 + b2 + of(tables, X)

    return logits


def _looked_up(tables: Tensor, X: Tensor) -> Tensor:
    """Each position's row of its own table: (N, block_size, vocab_size)."""
    return torch.stack([table[column] for table, column in zip(tables, X.T, strict=True)], dim=1)


def _direct_cases(draws: Draws) -> list[tuple]:
    def case(n: int, block_size: int, emb_dim: int, hidden_dim: int, vocab_size: int) -> tuple:
        inputs = block_size * emb_dim
        shapes = [(vocab_size, emb_dim), (inputs, hidden_dim), (hidden_dim,), (hidden_dim, vocab_size), (vocab_size,)]
        X, numbers = draws.integers(vocab_size, n, block_size), [draws.normal(*shape) for shape in shapes]
        return X, *numbers, draws.normal(block_size, vocab_size, vocab_size)

    network = [torch.zeros(2, 1), torch.zeros(2, 1), torch.zeros(1), torch.zeros(1, 2), torch.tensor([0.5, 0.0])]
    tables = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]])
    by_hand = (torch.tensor([[0, 1]]), *network, tables)
    same = [case(draws.integer(2, 4), 2, size, 2 * size, 2 * size) for size in (1, 2, 3)]
    others = [case(*(draws.integer(2, 5) for _ in range(5))) for _ in range(10)]
    return [by_hand, *same, *others, case(3, 3, 2, 4, 3)]


WITH_DIRECT = Exercise(
    number="09.3",
    name="with_direct",
    reference=with_direct,
    cases=_direct_cases,
    mistakes=(
        Mistake(
            "direct part left out",
            _direct(lambda tables, X: torch.tensor(0.0)),
            "The direct part is not there: each position adds a row of its table to the logits.",
            "03 The architecture",
        ),
        Mistake(
            "hidden layer left out",
            lambda X, C, W1, b1, W2, b2, tables: b2 + _looked_up(tables, X).sum(1),
            "Only the direct part is there: it is added to what the hidden layer gives.",
            "03 The architecture",
        ),
        Mistake(
            "first table for all",
            _direct(lambda tables, X: tables[0][X].sum(1)),
            "Every position looks into the first table: each has a table of its own, because a character two places "
            "back says something else than the last one.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "last position only",
            _direct(lambda tables, X: tables[-1][X[:, -1]]),
            "Only the last character is connected: all positions are, each by its own table.",
            "03 The architecture",
        ),
        Mistake(
            "tables in reverse",
            _direct(lambda tables, X: _looked_up(tables.flip(0), X).sum(1)),
            "The tables are taken in reverse: the first table belongs to the oldest character.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "all tables, all characters",
            _direct(lambda tables, X: tables[:, X].sum((0, 2))),
            "Every character looks into every table: tables[:, X] pairs all with all. Pair each position with its own "
            "table.",
            "01 Drawing names",
        ),
        Mistake(
            "columns for rows",
            _direct(lambda tables, X: _looked_up(tables.transpose(1, 2), X).sum(1)),
            "The tables' columns are taken: the row belongs to the character that is there, and holds a number for "
            "each that may come.",
            "01 Three names by hand",
        ),
        Mistake(
            "mean for sum",
            _direct(lambda tables, X: _looked_up(tables, X).mean(1)),
            "The rows are averaged: they are added up, as in the product of one-hot rows with a matrix.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "direct part squashed",
            _direct(lambda tables, X: _looked_up(tables, X).sum(1).tanh()),
            "The direct part goes through a tanh: it is linear.",
            "03 The architecture",
        ),
        Mistake(
            "direct part as probabilities",
            _direct(lambda tables, X: _looked_up(tables, X).softmax(2).sum(1)),
            "The tables' rows go through a softmax: they are logits already, and one softmax comes at the very end.",
            "03 The architecture",
        ),
        Mistake(
            "bias doubled",
            lambda X, C, W1, b1, W2, b2, tables: with_direct(X, C, W1, b1, W2, 2 * b2, tables),
            "The bias b2 is added twice: the logits have one, which both ways share.",
            "03 The architecture",
        ),
        Mistake(
            "relu for tanh",
            _direct(lambda tables, X: _looked_up(tables, X).sum(1), torch.relu),
            "The hidden units use ReLU: these of lesson 04 have tanh.",
            "04 Forward, step by step",
        ),
        Mistake(
            "bias of the last layer left out",
            lambda X, C, W1, b1, W2, b2, tables: with_direct(X, C, W1, b1, W2, 0 * b2, tables),
            "The bias b2 is left out: the logits have one.",
            "04 Forward, step by step",
        ),
    ),
    hints=(
        "First lesson 04's network: C[X].flatten(1), the hidden layer, the logits.",
        "Position 0 adds tables[0][X[:, 0]], of shape (N, vocab_size). What does position 1 add?",
        "A loop over the positions does it; or tables[torch.arange(block_size), X], which pairs each with its own "
        "table, and a sum over dimension 1.",
    ),
)

# 09.4 dropout


def dropout(h: Tensor, count: int, u: Tensor) -> Tensor:
    return h * _kept(count, u) * _enlarged(count, u)


def _ranks(u: Tensor) -> Tensor:
    """The place of each number in its row, from the smallest, which has 0."""
    return u.argsort(1).argsort(1)


def _kept(count: int, u: Tensor) -> Tensor:
    return _ranks(u) >= count


def _enlarged(count: int, u: Tensor) -> float:
    return u.shape[1] / (u.shape[1] - count)


def _over_all_rows(h: Tensor, count: int, u: Tensor) -> Tensor:
    ranks = u.flatten().argsort().argsort().view_as(u)
    return h * (ranks >= count * len(u)) * _enlarged(count, u)


def _dropout_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        rows, width = draws.integer(2, 6), draws.integer(4, 8)
        return draws.normal(rows, width), draws.integer(1, width - 1), draws.uniform(rows, width)

    first = (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), 1, torch.tensor([[0.9, 0.1, 0.3, 0.5]]))
    return [first, *(case() for _ in range(20)), (draws.normal(3, 4), 0, draws.uniform(3, 4))]


DROPOUT = Exercise(
    number="09.4",
    name="dropout",
    reference=dropout,
    cases=_dropout_cases,
    mistakes=(
        Mistake(
            "a threshold for a count",
            lambda h, count, u: h * (u >= count / u.shape[1]) * _enlarged(count, u),
            "A threshold drops now more, now fewer numbers: compare each number's place in its row with count.",
            "09 Dropout",
        ),
        Mistake(
            "order for places",
            lambda h, count, u: h * (u.argsort(1) >= count) * _enlarged(count, u),
            "argsort says which number stands at each place, and asked is the place of each number: take the argsort "
            "of it once more.",
            "09 Dropout",
        ),
        Mistake(
            "not enlarged",
            lambda h, count, u: h * _kept(count, u),
            "Units are dropped, but the others are not enlarged: without dropout, sums would then be larger than in "
            "training.",
            "09 Dropout",
        ),
        Mistake(
            "largest dropped",
            lambda h, count, u: h * _kept(count, -u) * _enlarged(count, u),
            "The numbers with the largest u are dropped: it is those with the smallest.",
            "09 Dropout",
        ),
        Mistake(
            "dropped for kept",
            lambda h, count, u: h * ~_kept(count, u) * u.shape[1] / max(count, 1),
            "count numbers are kept instead of dropped.",
            "09 Dropout",
        ),
        Mistake(
            "divided by the share that is dropped",
            lambda h, count, u: h * _kept(count, u) * u.shape[1] / count if count else h * math.inf,
            "The kept units are divided by the share that is dropped: divide by the share that stays, "
            "(width − count) / width.",
            "09 Dropout",
        ),
        Mistake(
            "made smaller",
            lambda h, count, u: h * _kept(count, u) / _enlarged(count, u),
            "The kept units are made smaller: they stand for the dropped ones, too, so divide by the share that stays.",
            "09 Dropout",
        ),
        Mistake(
            "counted over all rows",
            _over_all_rows,
            "The smallest numbers of the whole table are dropped, so one row may lose all and another none: count in "
            "each row.",
            "09 Dropout",
        ),
        Mistake(
            "along the columns",
            lambda h, count, u: h * (u.argsort(0).argsort(0) >= count) * _enlarged(count, u),
            "The places are counted along the columns: each row, one example, loses count of its numbers, so sort "
            "along dimension 1.",
            "09 Dropout",
        ),
        Mistake(
            "mask for result",
            lambda h, count, u: _kept(count, u) * _enlarged(count, u),
            "This is the enlarged mask: multiply it with h.",
            "09 Dropout",
        ),
        Mistake(
            "nothing dropped",
            lambda h, count, u: h * _enlarged(count, u),
            "Nothing is dropped: the count numbers with the smallest u become 0.",
            "09 Dropout",
        ),
    ),
    hints=(
        "In a row of u, the number at place 0 is the smallest. u.argsort(1).argsort(1) gives the place of each number.",
        "A number is dropped with the chance count / width. By what must the others be multiplied, so that each keeps "
        "its mean?",
        "h * (u.argsort(1).argsort(1) >= count), times width / (width - count), where width is h.shape[1].",
    ),
)

# 09.5 residual


def residual(h: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> Tensor:
    return _added(h, Ws, bs)


def _added(
    h: Tensor,
    Ws: list[Tensor],
    bs: list[Tensor],
    read: Callable[[list[Tensor]], Tensor] = sum,
    own: Callable[[Tensor, Tensor], Tensor] = lambda h, sums: F.gelu(sums),
) -> Tensor:
    """The parts of the last h. A layer reads what `read` makes of the parts below; `own` is what it adds to that."""
    parts = [h]
    for W, b in zip(Ws, bs, strict=True):
        below = read(parts)
        parts.append(own(below, below @ W + b))
    return torch.stack(parts)


def _with_own(own: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    return lambda h, Ws, bs: _added(h, Ws, bs, own=own)


def _reading(read: Callable[[list[Tensor]], Tensor]) -> Callable:
    return lambda h, Ws, bs: _added(h, Ws, bs, read=read)


def _residual_cases(draws: Draws) -> list[tuple]:
    def case(n: int, hidden_dim: int, layers: int) -> tuple:
        Ws = [0.7 * draws.normal(hidden_dim, hidden_dim) for _ in range(layers)]
        return draws.normal(n, hidden_dim), Ws, [draws.normal(hidden_dim) for _ in range(layers)]

    first = [(torch.tensor([[1.0, 2.0]]), [torch.zeros(2, 2)], [torch.zeros(2)]), case(1, 2, 1)]
    return first + [case(draws.integer(1, 4), draws.integer(1, 5), draws.integer(2, 4)) for _ in range(15)]


RESIDUAL = Exercise(
    number="09.5",
    name="residual",
    reference=residual,
    cases=_residual_cases,
    mistakes=(
        Mistake(
            "sums for parts",
            lambda h, Ws, bs: residual(h, Ws, bs).cumsum(0),
            "These are the sums up to each layer: asked is what each layer adds to them.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "last h alone",
            lambda h, Ws, bs: residual(h, Ws, bs).sum(0),
            "This is the last h, the sum of all parts: return the parts.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "no shortcut",
            _reading(lambda parts: parts[-1]),
            "Each layer reads only what the layer below added: it reads the sum of all parts below, as the shortcut "
            "hands it on.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "first input read",
            _reading(lambda parts: parts[0]),
            "Every layer reads the first h: the second reads what the first has added to.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "only the layer below added",
            _reading(lambda parts: sum(parts[:1] + parts[1:][-1:])),
            "Each layer reads the first h and what the layer below added: what earlier layers added is still there.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "first h left out",
            lambda h, Ws, bs: residual(h, Ws, bs)[1:],
            "The first h is missing: it is a part of the last one, too.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "added before GELU",
            _with_own(lambda h, sums: F.gelu(h + sums)),
            "h is added inside GELU: what a layer adds is F.gelu of its sums alone.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "GELU left out",
            _with_own(lambda h, sums: sums),
            "GELU is left out: layers without a bend are one linear layer together.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "tanh for GELU",
            _with_own(lambda h, sums: sums.tanh()),
            "The layers use tanh: F.gelu is asked for.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "relu for GELU",
            _with_own(lambda h, sums: sums.relu()),
            "The layers use ReLU: F.gelu is asked for.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "bias left out",
            lambda h, Ws, bs: residual(h, Ws, [torch.zeros_like(b) for b in bs]),
            "The biases are left out: each layer has h @ W + b.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "weights transposed",
            lambda h, Ws, bs: residual(h, [W.T for W in Ws], bs),
            "The weights are transposed: h @ W, as W is given, not W.T.",
            "09 Deeper, with a shortcut",
        ),
        Mistake(
            "first layer only",
            lambda h, Ws, bs: residual(h, Ws[:1], bs[:1]),
            "Only the first layer is there: the return stands inside the loop, one level too deep.",
            "09 Deeper, with a shortcut",
        ),
    ),
    hints=(
        "Keep a list of parts, at first [h]. Which of them does the next layer read?",
        "A layer reads the sum of all parts below it, and its own part is F.gelu(below @ W + b).",
        "torch.stack(parts) makes one tensor of a list of tensors.",
    ),
)

# 09.6 soft_targets


def soft_targets(tables: list[Tensor], strengths: list[float]) -> Tensor:
    return _chained(tables, strengths)


def _normalised(table: Tensor) -> Tensor:
    return table / table.sum(1, keepdim=True)


def _uniform(table: Tensor) -> Tensor:
    return torch.full_like(table, 1 / table.shape[1])


def _chained(
    tables: list[Tensor],
    strengths: list[float],
    targets: Callable[[Tensor, Tensor, float], Tensor] = interpolate,
) -> Tensor:
    """Each table's targets are the teacher of the next; `targets` takes counts, teacher and strength."""
    teacher = _uniform(tables[0])
    for counts, strength in zip(tables, strengths, strict=True):
        teacher = targets(counts, teacher, strength)
    return teacher


def _by(targets: Callable[[Tensor, Tensor, float], Tensor]) -> Callable:
    return lambda tables, strengths: _chained(tables, strengths, targets)


def _no_uniform(tables: list[Tensor], strengths: list[float]) -> Tensor:
    teacher = _normalised(tables[0])
    for counts, strength in list(zip(tables, strengths, strict=True))[1:]:
        teacher = interpolate(counts, teacher, strength)
    return teacher


def _targets_cases(draws: Draws) -> list[tuple]:
    def case(length: int) -> tuple:
        rows, vocab_size = draws.integer(2, 5), draws.integer(3, 6)
        tables = [draws.integers(6, rows, vocab_size).float() for _ in range(length)]
        tables[-1][0] = 0  # a context that never came
        return tables, [draws.choice((0.5, 2.0, 5.0)) for _ in tables]

    first = ([torch.tensor([[3.0, 1.0]]), torch.tensor([[0.0, 1.0]])], [2.0, 1.0])
    square = [draws.integers(6, 3, 3).float() for _ in range(3)]
    return [first, (square, [0.5, 2.0, 5.0]), case(1), *(case(draws.integer(2, 4)) for _ in range(15))]


SOFT_TARGETS = Exercise(
    number="09.6",
    name="soft_targets",
    reference=soft_targets,
    cases=_targets_cases,
    mistakes=(
        Mistake(
            "never normalised",
            _by(lambda counts, teacher, strength: counts + strength * teacher),
            "These are counts, seen and imagined: divide each row by its sum, at each step.",
            "09 A teacher who counts",
        ),
        Mistake(
            "normalised at the end alone",
            lambda tables, strengths: _normalised(
                _chained(tables, strengths, lambda counts, teacher, strength: counts + strength * teacher)
            ),
            "Only the last sum is normalised. A teacher expects probabilities, so each table's targets must sum to one "
            "before they teach the next.",
            "09 A teacher who counts",
        ),
        Mistake(
            "last table alone",
            lambda tables, strengths: soft_targets(tables[-1:], strengths[-1:]),
            "Only the last table is asked: its teacher is made from the tables before it.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "longest first",
            lambda tables, strengths: soft_targets(tables[::-1], strengths[::-1]),
            "The chain runs from the longest context to the shortest: the first table teaches the second, and the last "
            "one's targets are returned.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "no uniform teacher",
            _no_uniform,
            "The first table has no teacher here: its teacher expects every symbol alike, 1 / vocab_size.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "ones for the first teacher",
            lambda tables, strengths: soft_targets(tables, [strengths[0] * tables[0].shape[1], *strengths[1:]]),
            "The first teacher sums to vocab_size in each row, as ones do: it expects 1 / vocab_size of each symbol.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "weighted by the counts",
            _by(lambda counts, teacher, strength: _normalised(_normalised(counts) + strength * teacher)),
            "The teacher weighs the same however often a context was seen: add strength examples to the counts "
            "themselves, not to their shares.",
            "09 A teacher who counts",
        ),
        Mistake(
            "teacher not asked",
            _by(lambda counts, teacher, strength: _normalised(counts + strength)),
            "The same is added to every cell, as in lesson 02's first cure: share the strength out as the teacher "
            "says.",
            "02b Ask the shorter context",
        ),
        Mistake(
            "wrong axis",
            _by(
                lambda counts, teacher, strength: (
                    (counts + strength * teacher) / (counts + strength * teacher).sum(0, keepdim=True)
                )
            ),
            "Columns are divided by their sums: each row, one context, has to sum to one.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "strengths left out",
            lambda tables, strengths: soft_targets(tables, [1.0] * len(tables)),
            "Each teacher adds one example whatever its strength: multiply its probabilities by it.",
            "09 A teacher who counts",
        ),
        Mistake(
            "one strength for all",
            lambda tables, strengths: soft_targets(tables, strengths[:1] * len(tables)),
            "The first strength is used for all tables: each has its own.",
            "09 A teacher who counts",
        ),
        Mistake(
            "softmax for a sum",
            _by(lambda counts, teacher, strength: (counts + strength * teacher).softmax(1)),
            "A softmax is for logits: counts are made probabilities by dividing by their sum.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "One step is lesson 09's: add strength * teacher to the counts, and divide each row by its sum (keepdim=True).",
        "Begin with a teacher of which every number is 1 / vocab_size, in the shape of a table.",
        "In a loop over zip(tables, strengths): teacher = the targets of this step.",
    ),
)

# 09.7 mix


def mix(one: Tensor, other: Tensor, weights: Tensor) -> Tensor:
    share = weights.double()[:, None]
    p, q = one.double().log_softmax(1), other.double().log_softmax(1)
    return torch.logaddexp(share.log() + p, (1 - share).log() + q).float()


def _probabilities(one: Tensor, other: Tensor, weights: Tensor) -> Tensor:
    """The mixture by probabilities, as nearly everyone writes it, in which very small ones become 0."""
    share = weights[:, None]
    return share * one.softmax(1) + (1 - share) * other.softmax(1)


def _mix_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        rows, vocab_size = draws.integer(2, 5), draws.integer(2, 6)
        weights = torch.tensor([draws.choice((0.2, 0.3, 0.6, 0.8)) for _ in range(rows)])
        return draws.normal(rows, vocab_size), 2 * draws.normal(rows, vocab_size), weights

    first = (torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, math.log(3)]]), torch.tensor([0.5]))
    far = torch.tensor([[0.0, -2000.0, 1.0], [1.0, 0.0, -3000.0]])
    square = (draws.normal(3, 3), draws.normal(3, 3), torch.tensor([0.2, 0.7, 0.9]))
    large = (100 + draws.normal(2, 3), draws.normal(2, 3), torch.tensor([0.3, 0.6]))
    ends = (draws.normal(2, 4), draws.normal(2, 4), torch.tensor([0.0, 1.0]))
    far_ends = (far, 1.5 * far.flip(1), torch.tensor([0.0, 1.0]))  # a weight of almost 0 is not 0 here
    tiny = (far, 1.5 * far, torch.tensor([0.3, 0.6]))
    return [first, square, large, ends, far_ends, tiny, *(case() for _ in range(14))]


MIX = Exercise(
    number="09.7",
    name="mix",
    reference=mix,
    cases=_mix_cases,
    mistakes=(
        Mistake(
            "minus infinity",
            lambda *asked: _probabilities(*asked).log(),
            "A very small probability has become 0, and its logarithm −∞: stay with logarithms, where "
            "torch.logaddexp(a, b) is the logarithm of exp(a) + exp(b).",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "weights along the symbols",
            lambda one, other, weights: (weights * one.softmax(1) + (1 - weights) * other.softmax(1)).log(),
            "The weights stand along the symbols, or do not fit: weights has one number per row, so make it a column, "
            "weights[:, None].",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "one weight for all rows",
            lambda one, other, weights: _probabilities(one, other, weights[:1].expand(len(one))).log(),
            "The first weight is used for every row: each row has its own.",
            "09 Two are better",
        ),
        Mistake(
            "logits averaged",
            lambda one, other, weights: weights[:, None] * one + (1 - weights[:, None]) * other,
            "The logits are averaged, which multiplies the chances: where one model is sure that a symbol can't come, "
            "the other is not heard. Average the probabilities.",
            "09 Two are better",
        ),
        Mistake(
            "log-probabilities averaged",
            lambda one, other, weights: (
                weights[:, None] * one.log_softmax(1) + (1 - weights[:, None]) * other.log_softmax(1)
            ),
            "The logarithms of the probabilities are averaged: average first, then take the logarithm.",
            "09 Two are better",
        ),
        Mistake(
            "averaged in logarithms, then normalised",
            lambda one, other, weights: (weights[:, None] * one + (1 - weights[:, None]) * other).log_softmax(1),
            "The average is taken of logits or logarithms and normalised then, which is a product of powers: average "
            "the probabilities.",
            "09 Two are better",
        ),
        Mistake(
            "weights swapped",
            lambda one, other, weights: _probabilities(other, one, weights).log(),
            "The weights are swapped: they are the first model's shares.",
            "09 Two are better",
        ),
        Mistake(
            "no logarithm",
            _probabilities,
            "These are probabilities: the loss takes logits, so return their logarithm.",
            "09 Two are better",
        ),
        Mistake(
            "exp for softmax",
            lambda one, other, weights: (weights[:, None] * one.exp() + (1 - weights[:, None]) * other.exp()).log(),
            "Logits are exponentiated and averaged, but not normalised: each model's row needs its own softmax, or the "
            "one with larger logits speaks louder.",
            "09 Two are better",
        ),
        Mistake(
            "weights left out",
            lambda one, other, weights: _probabilities(one, other, torch.full_like(weights, 0.5)).log(),
            "Both models count half whatever the weights.",
            "09 Two are better",
        ),
        Mistake(
            "summed, not averaged",
            lambda one, other, weights: (one.softmax(1) + other.softmax(1)).log(),
            "The probabilities are added without weights, so that they sum to two.",
            "09 Two are better",
        ),
        Mistake(
            "second left out",
            lambda one, other, weights: one.log_softmax(1),
            "The second model is left out.",
            "09 Two are better",
        ),
    ),
    hints=(
        "weights[:, None] is a column, so that each row has its own weight. First mix one.softmax(1) and "
        "other.softmax(1) by it.",
        "The logarithm of w · p is log w + log p, and log_softmax gives log p also where p is too small to be held.",
        "torch.logaddexp(log w + log p, log(1 − w) + log q) is the logarithm of the sum.",
    ),
)

# 09.8 challenge: beat a dev loss in a given time

SECONDS = 20.0
BARS = (2.114, 1.983, 1.95)  # nats on dev: what to stay below for one, two and three stars
LEAST_GAP = 0.03  # nats from train to dev: the course's own models have 0.045 and more, and 0.02 or less if given dev
BANDS = (1, 2, 5, 10, SECONDS)  # seconds, for a line that stays the same from run to run
PART = 4096  # contexts at once


@lru_cache(maxsize=1)
def _given() -> tuple[list[str], list[str], Vocabulary]:
    """The lecture's train and dev names, and the vocabulary."""
    names = bundled_names()
    train, dev, _ = split(names)
    return train, dev, Vocabulary(names)


@lru_cache(maxsize=3)
def _examples(block_size: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Those of train and of dev."""
    train, dev, vocab = _given()
    return build_dataset(train, vocab, block_size), build_dataset(dev, vocab, block_size)


def challenge(train_names: list[str], vocab: Vocabulary) -> CountModel:
    return _counted(train_names, vocab, 3)


def _counted(names: list[str], vocab: Vocabulary, block_size: int, **options: Any) -> CountModel:
    options = options or {"method": "kneser_ney"}
    return CountModel(len(vocab), block_size, **options).fit(*build_dataset(names, vocab, block_size))


class _Changed:
    """A model whose logits another function gives."""

    def __init__(self, block_size: int, logits: Callable[[Tensor], Tensor]):
        self.block_size, self.logits = block_size, logits

    def __call__(self, X: Tensor) -> Tensor:
        return self.logits(X)


def _changed(change: Callable[[Tensor], Tensor]) -> Callable:
    """A bigram whose logits are changed by `change`."""

    def train(train_names: list[str], vocab: Vocabulary) -> _Changed:
        model = _counted(train_names, vocab, 1)
        return _Changed(1, lambda X: change(model(X)))

    return train


def _run(answer: Callable, train_names: list[str], vocab: Vocabulary) -> dict:
    """Let the answer train; the processor time it took, the loss on train, and the logits on dev."""
    began = time.process_time()
    model = answer(train_names, vocab)
    seconds = time.process_time() - began
    if not callable(model) or not hasattr(model, "block_size"):
        return {"came": type(model).__name__, "callable": callable(model)}
    if hasattr(model, "eval"):
        model.eval()  # without dropout
    (X, Y), (X_dev, _) = _examples(model.block_size)
    on_train, logits = _logits(model, X), _logits(model, X_dev)
    fits = on_train.shape == (len(Y), len(vocab))
    return {
        "seconds": seconds,
        "train": F.cross_entropy(on_train, Y).item() if fits else math.nan,
        "logits": logits,
    }


@torch.no_grad()
def _logits(model: Callable[[Tensor], Tensor], X: Tensor) -> Tensor:
    return torch.cat([model(part) for part in X.split(PART)]).float()


def _score(seen: dict) -> tuple[str, str]:
    """The kind of verdict and a sentence, from what `_run` saw."""
    if "came" in seen:
        return _no_model(seen)
    _, (_, Y) = _examples(1)
    logits, wanted = seen["logits"], (len(Y), len(_given()[2]))
    if tuple(logits.shape) != wanted:
        return "shape", f"The logits for dev have shape {tuple(logits.shape)}; wanted is {wanted}."
    if seen["seconds"] > SECONDS:
        return "time", f"It took {seen['seconds']:.0f} s of processor time, and {SECONDS:g} are allowed: train less."
    loss = round(F.cross_entropy(logits, Y).item(), 3)
    slip = _slip(logits, loss, loss - seen["train"])
    if slip:
        return slip, f"It has {loss:.3f} nats on dev and {seen['train']:.3f} on train."
    return "met", f"{loss:.3f} nats on dev: {_stars(loss, seen['seconds'])}"


def _no_model(seen: dict) -> tuple[str, str]:
    if seen["came"] == "NoneType":
        return "nothing", "Your function returns nothing: end it with a return of the model."
    if seen["callable"]:
        return "no block_size", f"A {seen['came']} came."
    return "type", f"A model is wanted, which maps contexts to logits, and a {seen['came']} came."


def _slip(logits: Tensor, loss: float, gap: float) -> str | None:
    """The known mistake that shows in the logits or the losses."""
    if math.isnan(loss):
        return "not a number"
    if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(len(logits)), atol=1e-3):
        return "probabilities for logits"
    if math.isinf(loss):
        return "impossible"
    if loss >= BARS[0]:
        return "not below the table"
    return "learned dev" if gap < LEAST_GAP else None


def _stars(loss: float, seconds: float) -> str:
    """The stars, in how much time, and what the next one takes."""
    stars = sum(loss < bar for bar in BARS)
    band = next(band for band in BANDS if seconds <= band)
    more = f"; the next star is below {BARS[stars]:g}" if stars < len(BARS) else ""
    return f"{'★' * stars}{'☆' * (len(BARS) - stars)} in {band:g} s or less{more}."


CHALLENGE = Exercise(
    number="09.8",
    name="challenge",
    reference=challenge,
    cases=lambda draws: [(_given()[0], _given()[2])],
    trial=Trial(_run, _score, SECONDS),
    mistakes=(
        Mistake(
            "probabilities for logits",
            _changed(lambda logits: logits.softmax(1)),
            "The model gives probabilities where logits are wanted, and softmax would be taken twice: return their "
            "logarithm.",
            "09 Two are better",
        ),
        Mistake(
            "learned dev",
            lambda train_names, vocab: _counted(train_names + _given()[1], vocab, 3),
            "The model knows dev as well as train, and no honest one does: learn from train_names only, and use dev to "
            "choose, not to train.",
            "02 Keep some names back",
        ),
        Mistake(
            "not a number",
            _changed(lambda logits: (logits.softmax(1) - 1).log()),
            "The logits hold nan or +∞: a run that diverged, or the logarithm of a negative number.",
            "05 Bracketing by hand",
        ),
        Mistake(
            "impossible",
            lambda train_names, vocab: _counted(train_names, vocab, 3, method="add", smoothing=0.0),
            "Something came that the model held to be impossible, with a logit of −∞, so the loss is infinite: leave "
            "every symbol a little.",
            "01 What was never seen",
        ),
        Mistake(
            "not below the table",
            _changed(lambda logits: logits),
            f"This is not yet below {BARS[0]:g}, the count table of three characters: look further back, or train "
            f"longer.",
            "02b The honest baseline",
        ),
        Mistake(
            "no block_size",
            lambda train_names, vocab: lambda X: torch.zeros(len(X), len(vocab)),
            "The model does not say how far it looks back: give it a block_size, as MLP and CountModel have.",
            "09 Two are better",
        ),
    ),
    hints=(
        'CountModel(len(vocab), 5, method="kneser_ney").fit(*build_dataset(train_names, vocab, 5)) earns a star.',
        "Lesson 09's Mixture averages two models, even two tables of different lengths.",
        "A DeepMLP with the table as its teacher, mixed with the table, can earn the third. Fewer steps take less "
        "time.",
    ),
)

EXERCISES = (PERPLEXITIES, START_AT_SHARES, WITH_DIRECT, DROPOUT, RESIDUAL, SOFT_TARGETS, MIX, CHALLENGE)
