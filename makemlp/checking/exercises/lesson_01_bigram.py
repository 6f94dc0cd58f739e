"""The exercises of lesson 01 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
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
    overall = [sum(column) / float(N.sum()) for column in N.T.tolist()]
    return torch.tensor([[count / sum(row) for count in row] if sum(row) else overall for row in N.tolist()])


def _filled(N: Tensor, empty: Tensor) -> Tensor:
    """The rows divided by their sums, and something else in those that have none."""
    return torch.where(N.sum(1, keepdim=True) > 0, N / N.sum(1, keepdim=True), empty)


def _divided(N: Tensor, sums: Tensor) -> Tensor:
    """Each row divided by something else than its sum; those without a count are right."""
    return torch.where(N.sum(1, keepdim=True) > 0, N / sums, N.sum(0) / N.sum())


def _normalise_cases(draws: Draws) -> list[tuple]:
    def case(rows: int, columns: int) -> Tensor:
        N = draws.integers(9, rows, columns) + 1
        N[draws.integers(rows, draws.integer(0, rows - 1))] = 0
        return N

    first = [torch.tensor([[1.0, 3.0], [2.0, 2.0], [0.0, 0.0]]), torch.tensor([[1, 2, 4]])]
    first += [torch.tensor([[5.0, 1.0], [0.0, 0.0]]), torch.tensor([[0, 0, 0], [6, 1, 1], [1, 8, 1]])]
    squares = [case(n, n).float() for n in range(2, 12)]
    others = [case(draws.integer(2, 6), draws.integer(2, 6)) for _ in range(10)]
    return [(N,) for N in first + squares + others]


NORMALISE = Exercise(
    number="01.3",
    name="normalise",
    reference=normalise,
    cases=_normalise_cases,
    mistakes=(
        Mistake(
            "keepdim missing",
            lambda N: _divided(N, N.sum(1)),
            "A missing keepdim: the sums of the rows form a row themselves, so each column is divided by "
            "another row's sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda N: torch.where(N.sum(0, keepdim=True) > 0, N / N.sum(0, keepdim=True), N.sum(0) / N.sum()),
            "The sum runs over the wrong axis: now every column adds up to one, and every row should.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "divided by everything",
            lambda N: _divided(N, N.sum()),
            "The rows are divided by the sum of the whole table: divide each by its own sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "mean for sum",
            lambda N: _divided(N, N.float().mean(1, keepdim=True)),
            "Each row is divided by its mean, and so adds up to the number of its columns: divide by the sum.",
            "01 Three names by hand",
        ),
        Mistake(
            "0 divided by 0",
            lambda N: N / N.sum(1, keepdim=True),
            "A row without a count is divided by 0, which gives nan: find these rows, and put the shares of the whole "
            "table there.",
            "01 What was never seen",
        ),
        Mistake(
            "empty rows stay 0",
            lambda N: _filled(N, torch.tensor(0.0)),
            "A row without a count is left at 0, so it adds up to 0 and not to one: it gets the shares of the whole "
            "table.",
            "01 What was never seen",
        ),
        Mistake(
            "empty rows uniform",
            lambda N: _filled(N, torch.tensor(1 / N.shape[1])),
            "A row without a count is uniform: all rows together know more, because some symbols come more often than "
            "others.",
            "01 What was never seen",
        ),
        Mistake(
            "rows weighted alike",
            lambda N: _filled(N, normalise(N)[N.sum(1) > 0].mean(0)),
            "The empty row gets the mean of the other rows' shares, which weighs a row with few counts like one with "
            "many: add up the counts first, then divide.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "counts for shares",
            lambda N: _filled(N, N.sum(0).float()),
            "The empty row gets the counts of the whole table: divide them by their sum, as every row.",
            "01 Three names by hand",
        ),
        Mistake(
            "all rows pulled",
            lambda N: (N + N.sum(0) / N.sum()) / (N.sum(1, keepdim=True) + 1),
            "The shares of the whole table are added to every row: rows with counts are to keep exactly their own.",
            "01 What was never seen",
        ),
        Mistake(
            "all rows alike",
            lambda N: (N.sum(0) / N.sum()).expand(N.shape),
            "Every row got the shares of the whole table: only a row without a count needs them.",
            "01 Three names by hand",
        ),
        Mistake(
            "shares of how names begin",
            lambda N: _filled(N, N[0] / N[0].sum()),
            "The empty row gets the shares of the first row, which says how names begin: add up all rows.",
            "01 All the names",
        ),
    ),
    hints=(
        "The sums of the rows, (rows, 1), say which rows are empty. The sums of the columns say how often each symbol "
        "came in all.",
        "N / N.sum(1, keepdim=True) is right where the sum is above 0, and nan where it is 0. The shares of the whole "
        "table are N.sum(0) / N.sum().",
        "torch.where(condition, one, other) takes one where the condition is met, and other where it isn't.",
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

# 01.5 excess_loss


def excess_loss(W: Tensor, N: Tensor) -> float:
    excess = 0.0
    for logits, counts in zip(W.double().tolist(), N.tolist(), strict=True):
        log_sum = math.log(sum(math.exp(z) for z in logits))
        excess += sum(n * (math.log(n / sum(counts)) - z + log_sum) for z, n in zip(logits, counts, strict=True) if n)
    return excess / float(N.sum())


def _mean(N: Tensor, log_p: Tensor) -> Tensor:
    """The mean of −log p over the pairs in N; pairs that never came count as 0, also where p is 0."""
    return -(N * log_p)[N > 0].sum() / N.sum()


def _shares(N: Tensor) -> Tensor:
    return N / N.sum(1, keepdim=True).clamp(min=1)


def _excess(W: Tensor, N: Tensor, log_p: Tensor | None = None, lowest: Tensor | None = None) -> Tensor:
    """The loss above the lowest, with another logarithm of p in the one or the other."""
    return _mean(N, W.log_softmax(1) if log_p is None else log_p) - _mean(
        N, _shares(N).log() if lowest is None else lowest
    )


def _rows_alike(W: Tensor, N: Tensor) -> Tensor:
    seen = N.sum(1) > 0
    each = [_excess(w[None], n[None]) for w, n in zip(W[seen], N[seen], strict=True)]
    return torch.stack(each).mean()


def _loss_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        size = draws.integer(2, 8)
        N = draws.integers(9, size, size) * (draws.uniform(size, size) < 0.7)
        N[0, 0], N[1, 1] = 1 + draws.integer(0, 8), 0
        if size > 2:
            N[draws.integer(2, size - 1)] = 0
        return draws.normal(size, size), N.float()

    first = [(torch.zeros(2, 2), torch.tensor([[0.0, 1.0], [2.0, 0.0]]))]
    first.append((torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([[1.0, 1.0], [3.0, 1.0]])))
    return first + [case() for _ in range(20)]


EXCESS_LOSS = Exercise(
    number="01.5",
    name="excess_loss",
    reference=excess_loss,
    cases=_loss_cases,
    mistakes=(
        Mistake(
            "0 times infinity",
            lambda W, N: (
                -(N * W.log_softmax(1)).sum() / N.sum() + (N * (N / N.sum(1, keepdim=True)).log()).sum() / N.sum()
            ),
            "A pair that never came has the share 0, whose log is −∞, and 0 · ∞ is nan: it costs nothing, so leave "
            "it out.",
            "01 What was never seen",
        ),
        Mistake(
            "lowest loss not subtracted",
            lambda W, N: _mean(N, W.log_softmax(1)),
            "This is the loss of W: the lowest loss, that of the counts' own shares, is still to be subtracted.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "only the lowest loss",
            lambda W, N: _mean(N, _shares(N).log()),
            "This is the lowest loss, that of the counts' own shares: how far above it is W?",
            "01 Maximum likelihood",
        ),
        Mistake(
            "sign",
            lambda W, N: -_excess(W, N),
            "The sign is the other way round: no table is below the counts' own shares, so the result is never "
            "negative.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "sum for mean",
            lambda W, N: _excess(W, N) * N.sum(),
            "This is the sum over all pairs: the loss is their mean, so divide by N.sum().",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "rows weighted alike",
            _rows_alike,
            "Every row counts alike here: a row that was seen more often has more pairs in the mean.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "binary logarithm",
            lambda W, N: _excess(W, N) / math.log(2),
            "The logarithm is the binary one: the loss is in nats, with the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "logits taken for logarithms",
            lambda W, N: _excess(W, N, log_p=W),
            "The logits are taken for logarithms of probabilities: log Σ exp of the row is still to be subtracted.",
            "01 The same model as a neural network",
        ),
        Mistake(
            "shares of all pairs",
            lambda W, N: _excess(W, N, lowest=(N / N.sum()).log()),
            "The counts are divided by the sum of the whole table: the best row holds the shares of that row.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda W, N: _excess(W, N, log_p=W.log_softmax(0)),
            "The softmax runs over the wrong axis: each row of W is one distribution.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "one added",
            lambda W, N: _excess(W, N, lowest=((N + 1) / (N + 1).sum(1, keepdim=True)).log()),
            "The lowest loss is that of smoothed counts, which is not the lowest: take the shares as they are, and "
            "leave out the pairs that never came.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "uniform for the lowest",
            lambda W, N: _excess(W, N, lowest=torch.full_like(N, 1 / len(N)).log()),
            "The loss is compared with that of knowing nothing: the lowest is that of the counts' own shares.",
            "01 Maximum likelihood",
        ),
        Mistake(
            "divided by the cells",
            lambda W, N: _excess(W, N) * N.sum() / N.numel(),
            "The sum is divided by the number of cells: divide by the number of pairs, N.sum().",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "The loss of W on all pairs: each cell's −log p, weighed by how often that pair was counted.",
        "No table has a lower loss than the counts' own shares. It is the same mean with these in the place of p.",
        "A pair that never came has log 0 = −∞. It weighs 0 and costs nothing: take only the cells with N > 0.",
    ),
)

# 01.6 gradient


def gradient(W: Tensor, N: Tensor, strength: float) -> Tensor:
    result = torch.zeros_like(W)
    for i, row in enumerate(W.softmax(1)):
        for j, p in enumerate(row):
            result[i, j] = (N[i].sum() * p - N[i, j]) / N.sum() + strength * 2 * W[i, j] / W.numel()
    return result


def _of_the_loss(W: Tensor, N: Tensor) -> Tensor:
    return (N.sum(1, keepdim=True) * W.softmax(1) - N) / N.sum()


def _pull(W: Tensor, strength: float) -> Tensor:
    return 2 * strength * W / W.numel()


def _gradient_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]]), 0.5)]

    def case(n: int) -> tuple:
        return draws.normal(n, n), draws.integers(9, n, n).float() + torch.eye(n), draws.integer(1, 8) / 4

    return first + [case(draws.integer(2, 7)) for _ in range(20)]


GRADIENT = Exercise(
    number="01.6",
    name="gradient",
    reference=gradient,
    cases=_gradient_cases,
    forbidden=AUTOGRAD,
    mistakes=(
        Mistake(
            "sign",
            lambda W, N, strength: -_of_the_loss(W, N) + _pull(W, strength),
            "The sign of the loss's part is the other way round: p − onehot, what the model said minus what came.",
            "01 The gradient by hand",
        ),
        Mistake(
            "sign of everything",
            lambda W, N, strength: -gradient(W, N, strength),
            "This is the step of a descent, minus the gradient: the gradient itself points uphill.",
            "01 The gradient by hand",
        ),
        Mistake(
            "sum for mean",
            lambda W, N, strength: _of_the_loss(W, N) * N.sum() + _pull(W, strength),
            "The loss's part is the gradient of the sum over all pairs: the loss is their mean, so divide by N.sum().",
            "01 The gradient by hand",
        ),
        Mistake(
            "rows weighted alike",
            lambda W, N, strength: W.softmax(1) - N / N.sum(1, keepdim=True) + _pull(W, strength),
            "All rows count alike here: a row that was seen more often pulls harder, times its sum over N.sum().",
            "01 The gradient by hand",
        ),
        Mistake(
            "times seen left out",
            lambda W, N, strength: (W.softmax(1) - N) / N.sum() + _pull(W, strength),
            "p is taken once and the counts many times: each of the row's pairs has a p, so multiply p by the row's "
            "sum.",
            "01 The gradient by hand",
        ),
        Mistake(
            "keepdim missing",
            lambda W, N, strength: (N.sum(1) * W.softmax(1) - N) / N.sum() + _pull(W, strength),
            "A missing keepdim: each column of p is multiplied by another row's sum.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "rows not weighted",
            lambda W, N, strength: W.softmax(1) - N / N.sum() + _pull(W, strength),
            "Every row's p counts once: row i was used N[i].sum() times of N.sum(), so weight its p by that share.",
            "01 The gradient by hand",
        ),
        Mistake(
            "pull left out",
            lambda W, N, strength: _of_the_loss(W, N),
            "The pull is left out: the squares grow with W, too, and their slope belongs to the gradient.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "2 left out",
            lambda W, N, strength: _of_the_loss(W, N) + strength * W / W.numel(),
            "The slope of a square w² is 2w: the 2 is left out.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "sum of the squares",
            lambda W, N, strength: _of_the_loss(W, N) + 2 * strength * W,
            "The pull is that of the sum of the squares: it is their mean, so divide by the number of W's cells.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "pull divided by the pairs",
            lambda W, N, strength: _of_the_loss(W, N) + 2 * strength * W / N.sum(),
            "The pull is divided by the number of pairs: it is the mean over W's cells, whatever was counted.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "pull divided by the rows",
            lambda W, N, strength: _of_the_loss(W, N) + 2 * strength * W / len(W),
            "The pull is divided by the number of rows: the mean is over all cells, W.numel() of them.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "pull away from 0",
            lambda W, N, strength: _of_the_loss(W, N) - _pull(W, strength),
            "The pull goes away from 0: large numbers cost more, so the slope has the sign of W.",
            "01 Smoothing by weight decay",
        ),
        Mistake(
            "squares themselves",
            lambda W, N, strength: _of_the_loss(W, N) + strength * (W**2).mean(),
            "The mean of the squares itself is added: the gradient wants its slope, one number for each cell of W.",
            "01 The gradient by hand",
        ),
    ),
    hints=(
        "A sum's gradient is the sum of the gradients. The loss's part is p − onehot(answer) for every pair.",
        "Row i was used N[i].sum() times, and its onehots add up to the counts N[i].",
        "One cell's part of the mean of the squares is w² / W.numel(). Its slope is 2w / W.numel().",
    ),
)

EXERCISES = (ONE_ROW, COUNT_PAIRS, NORMALISE, SOFTMAX, EXCESS_LOSS, GRADIENT)
