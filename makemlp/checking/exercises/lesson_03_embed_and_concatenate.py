"""The exercises of lesson 03 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake
from makemlp.mlp import count_parameters

# 03.1 bag


def bag(X: Tensor, vocab_size: int) -> Tensor:
    result = torch.zeros(len(X), vocab_size)
    for i, row in enumerate(X.tolist()):
        for index in row:
            result[i, index] += 1 / len(row)
    return result


def _one_hot(X: Tensor, vocab_size: int) -> Tensor:
    return torch.eye(vocab_size)[X]  # (N, block_size, vocab_size)


def _bag_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[1, 0, 1, 1]]), 3), (torch.tensor([[2]]), 5)]
    sizes = [(draws.integer(1, 6), draws.integer(1, 4), draws.integer(2, 9)) for _ in range(20)]
    return first + [(draws.integers(vocab_size, n, block_size), vocab_size) for n, block_size, vocab_size in sizes]


BAG = Exercise(
    number="03.1",
    name="bag",
    reference=bag,
    cases=_bag_cases,
    strict=True,
    mistakes=(
        Mistake(
            "repeats counted once",
            lambda X, vocab_size: (bag(X, vocab_size) > 0) / X.shape[1],
            "A character that a context holds twice is counted once: adding to a row with a list of indices adds once "
            "to each cell, however often it is named. Add up one-hot rows.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "which, not how often",
            lambda X, vocab_size: (bag(X, vocab_size) > 0).float(),
            "This says which characters the context holds, and not how often: each adds a share of 1/block_size every "
            "time it is there.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "sum for mean",
            lambda X, vocab_size: bag(X, vocab_size) * X.shape[1],
            "These are counts, so `@ C` gives the sum of the embeddings: for the mean, divide by block_size.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "divided by the symbols",
            lambda X, vocab_size: bag(X, vocab_size) * X.shape[1] / vocab_size,
            "The counts are divided by vocab_size: the mean is over the positions, and there are block_size of them.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "classes from the data",
            lambda X, vocab_size: bag(X, int(X.max()) + 1),
            "The width is taken from the largest index in X, so a batch without the last characters gets too few "
            "columns: it must be vocab_size.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "off by one",
            lambda X, vocab_size: bag(X, vocab_size).roll(-1, dims=-1),
            "The shares stand one place too far to the left: indices count from 0, where the boundary has its place.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "positions kept",
            lambda X, vocab_size: _one_hot(X, vocab_size),
            "Each position still has a row of its own: take their mean, so that one row per context is left.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "positions end to end",
            lambda X, vocab_size: _one_hot(X, vocab_size).flatten(1),
            "The positions stand end to end: the bag doesn't know positions, so take the mean over them.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "mean over the contexts",
            lambda X, vocab_size: _one_hot(X, vocab_size).mean(0),
            "The mean runs over the contexts, which are dimension 0: the positions are dimension 1.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "mean over the symbols",
            lambda X, vocab_size: _one_hot(X, vocab_size).mean(2),
            "The mean runs over the symbols, where each row has a single 1: the positions are dimension 1.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "one bag for all",
            lambda X, vocab_size: _one_hot(X, vocab_size).mean((0, 1)),
            "All contexts are in one bag: each context gets a row of its own.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "last position only",
            lambda X, vocab_size: _one_hot(X, vocab_size)[:, -1],
            "Only the last position counts: all positions of a context share the row.",
            "03 A lookup is a matrix product",
        ),
    ),
    hints=(
        "`onehot @ C` is the lookup. What comes out if you add up the one-hot rows of a context before `@ C`?",
        "F.one_hot(X, num_classes=vocab_size).float() has the shape (N, block_size, vocab_size).",
        "The mean over the positions is the mean over dimension 1.",
    ),
)

# 03.2 window


def window(names: list[str], stoi: dict[str, int], block_size: int, after: int = 0) -> tuple[Tensor, Tensor]:
    return _slide(names, stoi, block_size, after)


def _slide(
    names: list[str],
    stoi: dict[str, int],
    block_size: int,
    after: int,
    end: bool = True,
    late: int = 0,
    cut: bool = True,
    ahead: Callable[[list[int]], list[int]] = lambda indices: indices,
) -> tuple[Tensor, Tensor]:
    """The window over the line of a name, padded at both ends, with a switch for each way to get it wrong."""
    X, Y = [], []
    lines = [[stoi[s] for s in name] + [0] for name in names]
    for line in lines if cut else [list(chain(*lines))]:
        padded = [0] * block_size + line + [0] * after
        for j in range(len(line) if end else len(line) - 1):
            place = j + block_size
            seen = ahead(padded[place + 1 - late : place + 1 - late + after])
            X.append(padded[j:place] + seen)
            Y.append(padded[place])
    width = block_size + after
    return torch.tensor(X, dtype=torch.int64).view(len(Y), width), torch.tensor(Y, dtype=torch.int64)


def _unpadded(names: list[str], stoi: dict[str, int], block_size: int, after: int) -> tuple[Tensor, Tensor]:
    """Only the examples whose whole context stands in the name."""
    X, Y = [], []
    for name in names:
        line = [stoi[s] for s in name] + [0]
        for i in range(block_size, len(line) - after):
            X.append(line[i - block_size : i] + line[i + 1 : i + 1 + after])
            Y.append(line[i])
    return torch.tensor(X, dtype=torch.int64).view(len(Y), block_size + after), torch.tensor(Y, dtype=torch.int64)


def _looked_ahead(names: list[str], stoi: dict[str, int], block_size: int, after: int) -> tuple[Tensor, Tensor]:
    """A window of block_size + after characters before, as if it slid further back."""
    return window(names, stoi, block_size + after)


def _one_list(names: list[str], stoi: dict[str, int], block_size: int, after: int) -> tuple[Tensor, Tensor]:
    """Each context is the last one of its name, as when one list is appended and changed."""
    parts = [window([name], stoi, block_size, after) for name in names]
    return torch.cat([X[-1:].expand(len(X), -1) for X, _ in parts]), torch.cat([Y for _, Y in parts])


def _window_cases(draws: Draws) -> list[tuple]:
    def case(names: list[str], block_size: int, after: int) -> tuple:
        symbols = [".", *sorted(set("".join(names)))]
        return names, {s: i for i, s in enumerate(symbols)}, block_size, after

    first = [case(["ab"], 2, 1), case(["a"], 3, 0), case(["ab", "ba"], 1, 2), case(["ab", "ab"], 2, 1)]
    return first + [case(draws.names(draws.integer(1, 5)), draws.integer(1, 4), draws.integer(0, 3)) for _ in range(30)]


WINDOW = Exercise(
    number="03.2",
    name="window",
    reference=window,
    cases=_window_cases,
    strict=True,
    mistakes=(
        Mistake(
            "answer in its own context",
            lambda *given: _slide(*given, late=1),
            "The part after holds the character that is to be guessed (a leak, by an off-by-one): it begins one place "
            "behind it.",
            "04 The sliding window",
        ),
        Mistake(
            "end forgotten",
            lambda *given: _slide(*given, end=False),
            "The boundary at the end is forgotten: the last example of a name asks for the 0, or no name would ever "
            "end.",
            "04 The sliding window",
        ),
        Mistake(
            "ends not padded",
            _unpadded,
            "Only whole windows give examples: beyond both ends of a name the context is filled with zeros, the "
            "boundary.",
            "04 The sliding window",
        ),
        Mistake(
            "names run together",
            lambda *given: _slide(*given, cut=False),
            "The context of one name runs over into its neighbours: fill it with zeros anew for each name, at both "
            "ends.",
            "04 The sliding window",
        ),
        Mistake(
            "looked back, not ahead",
            _looked_ahead,
            "The additional characters are those further back: take the ones that come after the answer.",
            "04 The sliding window",
        ),
        Mistake(
            "after, newest first",
            lambda *given: _slide(*given, ahead=lambda indices: indices[::-1]),
            "The characters after the answer are the wrong way round: they stand as one reads.",
            "04 The sliding window",
        ),
        Mistake(
            "after before before",
            lambda names, stoi, block_size, after: (
                window(names, stoi, block_size, after)[0].roll(after, dims=1),
                window(names, stoi, block_size, after)[1],
            ),
            "The characters after the answer stand first: the ones before it come first, as one reads.",
            "04 The sliding window",
        ),
        Mistake(
            "nothing ahead",
            lambda names, stoi, block_size, after: window(names, stoi, block_size),
            "This is the lesson's window: `after` characters behind the answer belong to the context, too.",
            "04 The sliding window",
        ),
        Mistake(
            "X and Y swapped",
            lambda *given: _slide(*given)[::-1],
            "X and Y are the wrong way round: return the contexts first, then the answers.",
            "04 The sliding window",
        ),
        Mistake(
            "one list for all",
            _one_list,
            "One list is appended again and again and then changed, so that all rows of a name show its last state: "
            "append a new list each time.",
            "04 The sliding window",
        ),
        Mistake(
            "first name only",
            lambda names, *others: window(names[:1], *others),
            "Only the first name gives examples: the return stands inside the loop, one level too deep.",
            "04 The sliding window",
        ),
        Mistake(
            "names' own order",
            lambda names, *others: window([name[::-1] for name in names], *others),
            "The names are read from their end: the window slides from the first character to the last.",
            "04 The sliding window",
        ),
    ),
    hints=(
        "Take 'ab' with 2 before and 1 after by hand: [0, 0, b] → a, [0, a, 0] → b, [a, b, 0] → 0.",
        "Write each name as one line of indices with zeros at both ends: block_size of them, the name, the 0 that is "
        "an answer, and `after` more.",
        "The answers stand at the places block_size, block_size + 1, …; a context is the slice before such a place "
        "plus the slice that begins behind it.",
    ),
)

# 03.3 concatenate


def concatenate(emb: Tensor, n: int) -> Tensor:
    rows = [[torch.cat(list(context[i : i + n])) for i in range(0, len(context), n)] for context in emb]
    return torch.stack([torch.stack(row) for row in rows])


def _joined(emb: Tensor, n: int) -> Tensor:
    return emb.reshape(len(emb), -1, n * emb.shape[2])


def _concatenate_cases(draws: Draws) -> list[tuple]:
    def case(moved: bool = False) -> tuple:
        batch, groups, n, width = (draws.integer(1, 4) for _ in range(4))
        if moved:  # as C[X.T] swapped back gives it: the same numbers, but not one after another in memory
            return draws.normal(groups * n, batch, width).transpose(0, 1), n
        return draws.normal(batch, groups * n, width), n

    first = [(torch.arange(1.0, 9.0).view(1, 4, 2), 2), (torch.arange(24.0).view(2, 6, 2), 3)]
    first += [(draws.normal(1, 1, 3), 1), (draws.normal(2, 4, 3).transpose(1, 2).mT.contiguous(), 4)]
    moved = (draws.normal(4, 3, 2).transpose(0, 1), 2)
    return [*first, *[case() for _ in range(18)], moved, *[case(moved=True) for _ in range(6)]]


CONCATENATE = Exercise(
    number="03.3",
    name="concatenate",
    reference=concatenate,
    cases=_concatenate_cases,
    mistakes=(
        Mistake(
            "transposed view",
            lambda emb, n: _joined(emb.transpose(0, 1).reshape(emb.shape), n),
            "A transposed view: the shape is right, but the rows mix different contexts, because reshape reads the "
            "swapped dimensions in their new order.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "numbers interleaved",
            lambda emb, n: emb.unflatten(1, (-1, n)).transpose(2, 3).flatten(2),
            "The neighbours are interleaved, first numbers first: a character's numbers should stay side by side.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "not neighbours",
            lambda emb, n: emb.unflatten(1, (n, -1)).transpose(1, 2).flatten(2),
            "Positions that lie far apart are joined: each row of the result holds n neighbours.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "view of scattered memory",
            lambda emb, n: emb.view(len(emb), -1, n * emb.shape[2]),
            "Right where memory is in order, but `view` stops where it is not, as after a transpose: flatten or "
            "reshape copies if it has to.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "neighbours added up",
            lambda emb, n: emb.unflatten(1, (-1, n)).sum(2),
            "The neighbours are added up, not put end to end, so 'ab' and 'ba' give the same numbers.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "mean of the neighbours",
            lambda emb, n: emb.unflatten(1, (-1, n)).mean(2),
            "The neighbours are averaged: put them end to end, so that none is lost.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "all positions joined",
            lambda emb, n: emb.flatten(1),
            "All positions of a context are joined, which is the lesson's concatenation: here only n at a time are, "
            "and a dimension for the groups is left.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "n groups",
            lambda emb, n: emb.reshape(len(emb), n, -1),
            "There are n groups: n is how many positions are in a group.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "groups overlap",
            lambda emb, n: emb.unfold(1, n, 1).transpose(2, 3).flatten(2),
            "The groups overlap: each position belongs to one group, so the next one begins n positions on.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "newest first",
            lambda emb, n: emb.unflatten(1, (-1, n)).flip(2).flatten(2),
            "The neighbours are joined in reverse: the oldest character's numbers come first.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "groups stacked",
            lambda emb, n: _joined(emb, n).flatten(0, 1),
            "The groups of all contexts stand in one long list: keep dimension 0 for the contexts.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "two neighbours only",
            lambda emb, n: torch.cat([emb[:, ::2], emb[:, 1::2]], dim=2),
            "This joins two neighbours, whatever n is.",
            "03 Three ways to concatenate",
        ),
    ),
    hints=(
        "One group alone: torch.cat([emb[0, 0], emb[0, 1], …, emb[0, n - 1]]) puts its rows end to end.",
        "In memory the numbers of neighbours stand one after another already: only the shape has to say how to read "
        "them. Which shape has the result?",
        "reshape(N, block_size // n, n * emb_dim) copies where a view is impossible.",
    ),
)

# 03.4 neuron


def neuron() -> dict:
    C, w, b = torch.tensor([[0.0, 0.0], [2.0, -1.0], [0.5, 1.0], [-1.0, 3.0]]), torch.tensor([0.2, 0.4, 1.0, -0.3]), 0.3
    return _neuron(C, w, b, [2, 3])


def _neuron(C: Tensor, w: Tensor, b: float, context: list[int]) -> dict:
    flat = torch.cat([C[i] for i in context])
    total = float(flat @ w + b)
    return {"inputs": flat.tolist(), "sum": total, "output": float(torch.tensor(total).tanh())}


def _other_neuron(w: tuple = (0.2, 0.4, 1.0, -0.3), b: float = 0.3, context: tuple = (2, 3)) -> dict:
    C = torch.tensor([[0.0, 0.0], [2.0, -1.0], [0.5, 1.0], [-1.0, 3.0]])
    return _neuron(C, torch.tensor(w), b, list(context))


NEURON = Exercise(
    number="03.4",
    name="neuron",
    reference=neuron,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "bias left out",
            lambda: _other_neuron(b=0.0),
            "The bias is left out: add 0.3 to the sum before the tanh.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "order swapped",
            lambda: _other_neuron(context=(3, 2)),
            "The characters are the wrong way round: the older one, b, comes first.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "rows counted from one",
            lambda: _other_neuron(context=(1, 2)),
            "The rows of C count from 0, the boundary's: b has index 2 and c has 3.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "tanh left out",
            lambda: neuron() | {"output": neuron()["sum"]},
            "The tanh is left out: the unit's output is the tanh of the sum.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "a minus lost",
            lambda: _other_neuron(w=(0.2, 0.4, 1.0, 0.3)),
            "A minus is lost: the last weight is −0.3.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "sign of the output",
            lambda: neuron() | {"output": -neuron()["output"]},
            "The output's sign is lost: the tanh of a number below 0 is below 0.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "bias after the tanh",
            lambda: neuron() | {"sum": neuron()["sum"] - 0.3, "output": math.tanh(neuron()["sum"] - 0.3) + 0.3},
            "The bias is added after the tanh: it belongs to the sum.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "weights left out",
            lambda: _other_neuron(w=(1.0, 1.0, 1.0, 1.0)),
            "The inputs are added up without their weights.",
            "03 A toy network, all on paper",
        ),
    ),
    hints=(
        "b is row 2 of C and c is row 3: put the two rows end to end, b's first.",
        "Multiply the four inputs with the four weights, one by one, and add up; then add the bias.",
        "The output is math.tanh of the sum.",
    ),
)

# 03.5 sizes

ASKED = {  # vocab_size, block_size, emb_dim, hidden_dim
    "small": (30, 4, 5, 60),
    "wide": (30, 2, 8, 300),
    "words": (5000, 3, 20, 50),
}


def sizes() -> dict:
    return _sizes(lambda *asked: sum(count_parameters(*asked).values()))


def _sizes(count) -> dict:
    return {name: count(*asked) for name, asked in ASKED.items()}


def _without(*left_out: str):
    """The sizes when the tensors `left_out` are not counted."""
    return lambda: _sizes(lambda *asked: sum(n for name, n in count_parameters(*asked).items() if name not in left_out))


SIZES = Exercise(
    number="03.5",
    name="sizes",
    reference=sizes,
    mistakes=(
        Mistake(
            "both biases left out",
            _without("b1", "b2"),
            "The biases are left out: each hidden unit and each logit has one, hidden_dim + vocab_size in all.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "bias of the hidden layer left out",
            _without("b1"),
            "The bias of the hidden layer is left out: b1 has hidden_dim numbers.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "bias of the last layer left out",
            _without("b2"),
            "The bias of the last layer is left out: b2 has vocab_size numbers.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "embedding table left out",
            _without("C"),
            "The table of embeddings is left out: C is learned too, vocab_size rows of emb_dim numbers.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "n for n - 1",
            lambda: _sizes(lambda V, b, m, h: sum(count_parameters(V, b + 1, m, h).values())),
            "This counts one position too many: the paper's n holds the answer too, and block_size is n − 1.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "a table for each position",
            lambda: _sizes(lambda V, b, m, h: sum(count_parameters(V, b, m, h).values()) + (b - 1) * V * m),
            "C is counted once for each position, but all positions share one table.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "one position only",
            lambda: _sizes(lambda V, b, m, h: sum(count_parameters(V, 1, m, h).values())),
            "W1 has a row for each number of the concatenation, block_size * emb_dim of them, not emb_dim.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "last layer left out",
            _without("W2", "b2"),
            "The last layer is left out: it has hidden_dim weights and a bias for each symbol.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "hidden layer left out",
            _without("W1", "b1"),
            "The hidden layer is left out: it has block_size * emb_dim weights and a bias for each unit.",
            "03 Counting parameters by hand",
        ),
        Mistake(
            "biases counted once",
            lambda: _sizes(lambda V, b, m, h: sum(count_parameters(V, b, m, h).values()) - V - h + 2),
            "Each layer's bias is counted as one number: it has one for each of the layer's outputs.",
            "03 Counting parameters by hand",
        ),
    ),
    hints=(
        "Five tensors: C, W1, b1, W2, b2. Write rows times columns beside each.",
        "W1 has block_size * emb_dim rows and hidden_dim columns; W2 has hidden_dim rows and vocab_size columns.",
        "The small one: 30·5 + 20·60 + 60 + 60·30 + 30. Add it up, and do the others in the same way.",
    ),
)

# 03.6 paper_size


def paper_size(V: int, n: int, m: int, h: int, direct: bool) -> int:
    return sum(count_parameters(V, n - 1, m, h, direct).values())


def _paper_cases(draws: Draws) -> list[tuple]:
    first = [(4, 3, 2, 5, False), (4, 3, 2, 5, True)]
    drawn = [(*(draws.integer(2, 60) for _ in range(4)), bool(draws.integer(0, 1))) for _ in range(20)]
    return first + drawn


PAPER_SIZE = Exercise(
    number="03.6",
    name="paper_size",
    reference=paper_size,
    cases=_paper_cases,
    mistakes=(
        Mistake(
            "n for n - 1",
            lambda V, n, m, h, direct: paper_size(V, n + 1, m, h, direct),
            "Your n is taken for the length of the context, but the paper's n holds the answer too: the context has "
            "n − 1 words.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "always direct",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, True),
            "The direct connections are counted even when there are none: without them the nm of the formula is only "
            "m.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "never direct",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, False),
            "The direct connections are left out: they add (n − 1)m weights for each of the |V| logits.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "direct connections with a row too many",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, direct) + direct * V * m,
            "The direct connections are counted with n positions for n − 1: of the formula's nm, one m is the table's "
            "own.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "biases left out",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, direct) - V - h,
            "The biases are left out: |V| for the logits and h for the hidden units, the two 1s in the formula.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "embedding table left out",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, direct) - V * m,
            "The table C is left out: |V| m numbers.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "bias of the direct connections",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, direct) + direct * V,
            "The direct connections get a bias of their own: the logits have one already.",
            "03 In the paper's symbols",
        ),
        Mistake(
            "direct connections to the hidden units",
            lambda V, n, m, h, direct: paper_size(V, n, m, h, False) + direct * (n - 1) * m * h,
            "The direct connections lead to the hidden units here: they lead to the |V| logits.",
            "03 In the paper's symbols",
        ),
    ),
    hints=(
        "Without direct connections: C has |V|m, the hidden layer h(1 + (n − 1)m), the last layer |V|(1 + h).",
        "Direct connections join each of the (n − 1)m embedding numbers to each of the |V| logits.",
        "V * (1 + m + h) + h * (1 + (n - 1) * m), and with direct connections V * (n - 1) * m more.",
    ),
)

EXERCISES = (BAG, WINDOW, CONCATENATE, NEURON, SIZES, PAPER_SIZE)
