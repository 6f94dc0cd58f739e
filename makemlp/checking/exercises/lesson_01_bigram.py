"""The exercises of lesson 01 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import AUTOGRAD, Exercise, Mistake

# 01.1 one_row

TOY = ("dana", "nada", "and")


def one_row() -> dict:
    return _one_row()


def _one_row(start: str = ".", end: str = ".", surprise: Callable = lambda p: -math.log(p)) -> dict:
    """The answers for 'a' followed by 'd', with a switch for each way to get them wrong."""
    pairs = [pair for name in TOY for pair in zip(start + name, name + end, strict=False)]
    count, total = pairs.count(("a", "d")), sum(this == "a" for this, _ in pairs)
    return {"count": count, "row": total, "p": count / total, "nll": surprise(count / total)}


ONE_ROW = Exercise(
    number="01.1",
    name="one_row",
    reference=one_row,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "boundary forgotten",
            lambda: _one_row(end=""),
            "The boundary is forgotten: a name that ends in a has the pair a., which belongs to row a.",
            "01 Three names by hand",
        ),
        Mistake(
            "binary logarithm",
            lambda: _one_row(surprise=lambda p: -math.log2(p)),
            "The logarithm is the binary one: nats take the natural logarithm, math.log.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "decimal logarithm",
            lambda: _one_row(surprise=lambda p: -math.log10(p)),
            "The logarithm is the decimal one: nats take the natural logarithm, math.log.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "minus left out",
            lambda: _one_row(surprise=math.log),
            "The minus is left out: log p is below 0, and a surprise is a number above 0.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "divided by all pairs",
            lambda: one_row() | {"p": 1 / 14, "nll": math.log(14)},
            "The count is divided by all pairs: divide by the pairs of row a, because only they say what follows an a.",
            "01 Three names by hand",
        ),
        Mistake(
            "pair reversed",
            lambda: {"count": 2, "row": 3, "p": 2 / 3, "nll": math.log(3 / 2)},
            "This is the pair da: the row belongs to the character that comes first, here a.",
            "01 Three names by hand",
        ),
    ),
    hints=(
        "Write out the pairs of each name with a dot at both ends: dana has .d, da, an, na, a. – five of them.",
        "Row a is all the pairs that begin with a; count them, and the ad among them.",
        "p is count / row, and nll is −log p with the natural logarithm.",
    ),
)

# 01.2 count_pairs


def count_pairs(names: list[str], stoi: dict[str, int]) -> Tensor:
    return _count_pairs(names, stoi)


def _count_pairs(
    names: list[str], stoi: dict[str, int], start: bool = True, end: bool = True, cut: bool = True
) -> Tensor:
    """The counts, with a switch for each boundary and for the cut between names."""
    N = torch.zeros(len(stoi), len(stoi))
    for text in names if cut else ["".join(names)]:
        symbols = "." * start + text + "." * end
        for this, following in pairwise(symbols):
            N[stoi[this], stoi[following]] += 1
    return N


def _count_cases(draws: Draws) -> list[tuple]:
    def case(names: list[str]) -> tuple:
        return names, {s: i for i, s in enumerate([".", *sorted(set("".join(names)))])}

    first = [case(["ab"]), case(["a"]), case(["ab", "ab"]), case(["aab", "ba"])]
    return first + [case(draws.names(draws.integer(1, 12))) for _ in range(25)]


COUNT_PAIRS = Exercise(
    number="01.2",
    name="count_pairs",
    reference=count_pairs,
    cases=_count_cases,
    strict=True,
    mistakes=(
        Mistake(
            "transposed",
            lambda names, stoi: count_pairs(names, stoi).T,
            "The table is transposed: the row is the character that comes first, the column the one that follows.",
            "01 Three names by hand",
        ),
        Mistake(
            "both boundaries forgotten",
            lambda names, stoi: _count_pairs(names, stoi, start=False, end=False),
            "The boundary is forgotten at both ends: a name of k characters gives k + 1 pairs.",
            "01 Three names by hand",
        ),
        Mistake(
            "start forgotten",
            lambda names, stoi: _count_pairs(names, stoi, start=False),
            "The boundary at the start is forgotten: row 0 tells how names begin.",
            "01 Three names by hand",
        ),
        Mistake(
            "end forgotten",
            lambda names, stoi: _count_pairs(names, stoi, end=False),
            "The boundary at the end is forgotten: without column 0 no name would ever end.",
            "01 Three names by hand",
        ),
        Mistake(
            "names run together",
            lambda names, stoi: _count_pairs(names, stoi, cut=False),
            "The names run together: the end of one name and the beginning of the next are no pair, because boundaries "
            "stand between them.",
            "01 Three names by hand",
        ),
        Mistake(
            "set, not added",
            lambda names, stoi: (count_pairs(names, stoi) > 0).float(),
            "Each pair is counted once at most: add 1 to its cell (+= 1), do not set it to 1.",
            "01 Three names by hand",
        ),
        Mistake(
            "a name's repeats counted once",
            lambda names, stoi: sum((count_pairs([name], stoi) > 0).float() for name in names),
            "A pair that a name holds twice is counted once: `N[xs, ys] += 1` with lists of indices adds 1 to each "
            "cell, however often it is named. Use N.index_put_(…, accumulate=True), or a loop.",
            "01 Three names by hand",
        ),
        Mistake(
            "first name only",
            lambda names, stoi: count_pairs(names[:1], stoi),
            "Only the first name is counted: the return stands inside the loop, one level too deep.",
            "01 Three names by hand",
        ),
        Mistake(
            "boundaries doubled",
            lambda names, stoi: count_pairs([".".join([name, ""]) for name in names], stoi),
            "Each name has one boundary too many, so that the table counts a dot after a dot: a name begins and ends "
            "with one.",
            "01 Three names by hand",
        ),
        Mistake(
            "already divided",
            lambda names, stoi: count_pairs(names, stoi) / count_pairs(names, stoi).sum(1, keepdim=True),
            "These are probabilities: the counts themselves are asked for.",
            "01 Three names by hand",
        ),
    ),
    hints=(
        "Begin with torch.zeros(len(stoi), len(stoi)).",
        'For each name, walk over the neighbours of "." + name + ".": zip(symbols, symbols[1:]).',
        "N[stoi[this], stoi[following]] += 1",
    ),
)

# 01.3 normalise


def normalise(N: Tensor) -> Tensor:
    return torch.tensor([[count / sum(row) for count in row] for row in N.tolist()])


def _normalise_cases(draws: Draws) -> list[tuple]:
    first = [torch.tensor([[1.0, 3.0], [2.0, 2.0]]), torch.tensor([[1, 0, 4]]), torch.tensor([[5.0], [2.0]])]
    squares = [draws.integers(20, n, n) + 1.0 for n in range(2, 12)]
    others = [draws.integers(9, draws.integer(2, 6), draws.integer(2, 6)) + 1 for _ in range(10)]
    return [(N,) for N in first + squares + others]


NORMALISE = Exercise(
    number="01.3",
    name="normalise",
    reference=normalise,
    cases=_normalise_cases,
    mistakes=(
        Mistake(
            "keepdim missing",
            lambda N: N / N.sum(1),
            "A missing keepdim: the sums of the rows form a row themselves, so each column is divided by "
            "another row's sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda N: N / N.sum(0, keepdim=True),
            "The sum runs over the wrong axis: now every column adds up to one, and every row should.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "divided by everything",
            lambda N: N / N.sum(),
            "The whole table adds up to one, and each row should: sum along dimension 1 only.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "softmax",
            lambda N: N.float().softmax(1),
            "This is a softmax, which is for logits: counts are only divided by their sum.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "divided by the largest",
            lambda N: N / N.amax(1, keepdim=True),
            "Each row is divided by its largest number, and so adds up to more than one: divide by the sum.",
            "01 Three names by hand",
        ),
        Mistake(
            "mean for sum",
            lambda N: N / N.float().mean(1, keepdim=True),
            "Each row is divided by its mean, and so adds up to the number of its columns: divide by the sum.",
            "01 Three names by hand",
        ),
        Mistake(
            "square root",
            lambda N: N / (N.float() ** 2).sum(1, keepdim=True).sqrt(),
            "Each row is divided by its length, the root of the sum of squares: divide by the plain sum.",
            "01 Three names by hand",
        ),
    ),
    hints=(
        "N.sum(1) has shape (rows,), one number per row. What shape does a column of divisors have?",
        "keepdim=True keeps the dimension that was summed: (rows, 1).",
    ),
)

# 01.4 softmax


def softmax(logits: Tensor) -> Tensor:
    rows = []
    for row in logits.tolist():
        weights = [math.exp(z - max(row)) for z in row]
        rows.append([weight / sum(weights) for weight in weights])
    return torch.tensor(rows)


def _softmax_cases(draws: Draws) -> list[tuple]:
    small = [torch.tensor([[0.0, 0.0]]), torch.tensor([[900.0, 900.0]]), torch.tensor([[0.0, 1.0], [2.0, 0.0]])]
    usual = [2 * draws.normal(draws.integer(1, 6), draws.integer(1, 6)) for _ in range(15)]
    squares = [draws.normal(n, n) for n in range(2, 6)]
    large = torch.tensor([[100.0, 99.0, 98.0], [-200.0, -201.0, -199.0]])
    opposite = torch.tensor([[900.0, -900.0], [0.0, 1.0]])  # no float64, and no other number than the largest, helps
    return [(logits,) for logits in [*small, *usual, *squares, large, 300 * draws.normal(4, 5), opposite]]


SOFTMAX = Exercise(
    number="01.4",
    name="softmax",
    reference=softmax,
    cases=_softmax_cases,
    forbidden=("*softmax*", "softmin", "scaled_dot_product_attention"),
    mistakes=(
        Mistake(
            "overflow",
            lambda logits: logits.exp() / logits.exp().sum(1, keepdim=True),
            "Right for small logits, but exp of a large one overflows: subtract each row's largest logit first, which "
            "changes no probability.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "one shift for all rows",
            lambda logits: (logits - logits.max()).exp() / (logits - logits.max()).exp().sum(1, keepdim=True),
            "The largest logit of the whole table is subtracted, so a row that lies far below it becomes 0/0: "
            "subtract each row's own.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda logits: logits.softmax(0),
            "The sum runs over the wrong axis: each row must add up to one, not each column.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "keepdim missing",
            lambda logits: (
                (logits - logits.amax(1, keepdim=True)).exp() / (logits - logits.amax(1, keepdim=True)).exp().sum(1)
            ),
            "A missing keepdim: the sums form a row, so each column is divided by another row's sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "divided by everything",
            lambda logits: logits.flatten().softmax(0).view(logits.shape),
            "The whole table adds up to one, and each row should.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "logarithms",
            lambda logits: logits.log_softmax(1),
            "These are the logarithms of the probabilities: take exp, or leave the last log away.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "values forgotten",
            lambda logits: logits - logits.max(1, keepdim=True),
            "`logits.max(1)` gives two things, the values and where they stand: take .values, or use amax.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "signs turned",
            lambda logits: (-logits).softmax(1),
            "The signs are turned: the largest logit must get the largest probability.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "not divided",
            lambda logits: (logits - logits.amax(1, keepdim=True)).exp(),
            "The powers are not divided by their sum: each row must add up to one.",
            "01 The same model as a neural network",
        ),
    ),
    hints=(
        "First without care: counts = logits.exp(), then divide each row by its sum, with keepdim.",
        "Subtracting the same number from all logits of a row changes nothing. Which number makes every exp safe?",
        "shifted = logits - logits.max(1, keepdim=True).values",
    ),
)

# 01.5 bigram_loss


def bigram_loss(W: Tensor, xs: Tensor, ys: Tensor) -> float:
    losses = []
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        row = W[x].tolist()
        losses.append(math.log(sum(math.exp(z) for z in row)) - row[y])
    return sum(losses) / len(losses)


def _loss_cases(draws: Draws) -> list[tuple]:
    first = [(torch.zeros(2, 2), torch.tensor([0]), torch.tensor([1]))]
    first.append((torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([0, 1]), torch.tensor([1, 1])))

    def case() -> tuple:
        size, count = draws.integer(2, 8), draws.integer(2, 30)
        return 2 * draws.normal(size, size), draws.integers(size, count), draws.integers(size, count)

    return first + [case() for _ in range(20)]


BIGRAM_LOSS = Exercise(
    number="01.5",
    name="bigram_loss",
    reference=bigram_loss,
    cases=_loss_cases,
    mistakes=(
        Mistake(
            "sum for mean",
            lambda W, xs, ys: F.cross_entropy(W[xs], ys, reduction="sum"),
            "This is the sum over all pairs: the loss is their mean, so that it doesn't grow with the number of names.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "probabilities where logits are wanted",
            lambda W, xs, ys: F.cross_entropy(W[xs].softmax(1), ys),
            "The softmax is taken twice: F.cross_entropy wants logits and does the softmax itself.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "logits taken for probabilities",
            lambda W, xs, ys: -W[xs, ys].log().mean(),
            "The logits are taken for probabilities: W holds any numbers, so a softmax of each row comes first.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "logits taken for logarithms",
            lambda W, xs, ys: -W[xs, ys].mean(),
            "The logits are taken for logarithms of probabilities: log Σ exp of the row is still to be subtracted.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "binary logarithm",
            lambda W, xs, ys: F.cross_entropy(W[xs], ys) / math.log(2),
            "The logarithm is the binary one: the loss is in nats, with the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "every answer for every row",
            lambda W, xs, ys: -W.log_softmax(1)[xs][:, ys].mean(),
            "P[xs][:, ys] picks every answer for every row; P[xs, ys] picks one cell per pair.",
            "01 Drawing names",
        ),
        Mistake(
            "pairs reversed",
            lambda W, xs, ys: F.cross_entropy(W[ys], xs),
            "The pairs are the wrong way round: xs choose the row, ys the column.",
            "01 Drawing names",
        ),
        Mistake(
            "minus left out",
            lambda W, xs, ys: -F.cross_entropy(W[xs], ys),
            "The minus is left out: the loss is the mean of −log p.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "logarithm of the mean",
            lambda W, xs, ys: -W.softmax(1)[xs, ys].mean().log(),
            "This is the logarithm of the mean probability: take the logarithm of each first, then the mean.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda W, xs, ys: -W.log_softmax(0)[xs, ys].mean(),
            "The softmax runs over the wrong axis: each row of W is one distribution.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "divided by the symbols",
            lambda W, xs, ys: F.cross_entropy(W[xs], ys, reduction="sum") / len(W),
            "The sum is divided by the number of symbols: divide by the number of pairs.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "logarithm left out",
            lambda W, xs, ys: -W.softmax(1)[xs, ys].mean(),
            "The logarithm is left out: this is minus the mean probability.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "W[xs] has a row of logits for each pair. Softmax turns each row into probabilities.",
        "From each row pick the probability of the answer: probs[torch.arange(len(ys)), ys].",
        "Then −log, then the mean. Or F.cross_entropy(W[xs], ys), which does all of it.",
    ),
)

# 01.6 gradient


def gradient(W: Tensor, N: Tensor) -> Tensor:
    result = torch.zeros_like(W)
    for i, row in enumerate(W.softmax(1)):
        for j, p in enumerate(row):
            result[i, j] = (N[i].sum() * p - N[i, j]) / N.sum()
    return result


def _gradient_cases(draws: Draws) -> list[tuple]:
    first = [(torch.zeros(2, 2), torch.tensor([[0.0, 1.0], [3.0, 0.0]]))]
    sizes = [draws.integer(2, 7) for _ in range(20)]
    return first + [(draws.normal(n, n), draws.integers(9, n, n).float() + torch.eye(n)) for n in sizes]


GRADIENT = Exercise(
    number="01.6",
    name="gradient",
    reference=gradient,
    cases=_gradient_cases,
    forbidden=AUTOGRAD,
    mistakes=(
        Mistake(
            "sign",
            lambda W, N: -gradient(W, N),
            "The sign is the other way round: p − onehot, what the model said minus what came.",
            "01 The gradient by hand",
        ),
        Mistake(
            "sum for mean",
            lambda W, N: gradient(W, N) * N.sum(),
            "This is the gradient of the sum over all pairs: the loss is their mean, so divide by N.sum().",
            "01 The gradient by hand",
        ),
        Mistake(
            "rows weighted alike",
            lambda W, N: W.softmax(1) - N / N.sum(1, keepdim=True),
            "All rows count alike here: a row that was seen more often pulls harder, times its sum over N.sum().",
            "01 The gradient by hand",
        ),
        Mistake(
            "times seen left out",
            lambda W, N: (W.softmax(1) - N) / N.sum(),
            "p is taken once and the counts many times: each of the row's pairs has a p, so multiply p by the row's "
            "sum.",
            "01 The gradient by hand",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda W, N: (N.sum(1, keepdim=True) * W.softmax(0) - N) / N.sum(),
            "The softmax runs over the wrong axis: each row of W is one distribution.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "keepdim missing",
            lambda W, N: (N.sum(1) * W.softmax(1) - N) / N.sum(),
            "A missing keepdim: each column of p is multiplied by another row's sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "rows not weighted",
            lambda W, N: W.softmax(1) - N / N.sum(),
            "Every row's p counts once: row i was used N[i].sum() times of N.sum(), so weight its p by that share.",
            "01 The gradient by hand",
        ),
        Mistake(
            "softmax left out",
            lambda W, N: (N.sum(1, keepdim=True) * W.exp() - N) / N.sum(),
            "exp alone makes no probabilities: divide each row by its sum, which is the softmax.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "sums of the columns",
            lambda W, N: (N.sum(0)[:, None] * W.softmax(1) - N) / N.sum(),
            "The rows are weighted by the columns' sums: a row was used as often as its own counts add up to, "
            "N.sum(1).",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "logits for probabilities",
            lambda W, N: (N.sum(1, keepdim=True) * W - N) / N.sum(),
            "The logits themselves are taken for p: a softmax of each row comes first.",
            "01 The same model as a neural network",
        ),
    ),
    hints=(
        "One pair's gradient is p − onehot(answer), in the row of its first character.",
        "Row i was used N[i].sum() times, and its onehots add up to the counts N[i].",
        "(N.sum(1, keepdim=True) * W.softmax(1) - N) / N.sum()",
    ),
)

EXERCISES = (ONE_ROW, COUNT_PAIRS, NORMALISE, SOFTMAX, BIGRAM_LOSS, GRADIENT)
