"""The exercises of lesson 03 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake
from makemlp.mlp import count_parameters

# 03.1 one_hot


def one_hot(X: Tensor, vocab_size: int) -> Tensor:
    result = torch.zeros(*X.shape, vocab_size)
    for i, row in enumerate(X.tolist()):
        for position, index in enumerate(row):
            result[i, position, index] = 1.0
    return result


def _one_hot_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[1, 0]]), 3), (torch.tensor([[2]]), 5)]
    sizes = [(draws.integer(1, 6), draws.integer(1, 4), draws.integer(2, 9)) for _ in range(20)]
    return first + [(draws.integers(vocab_size, n, block_size), vocab_size) for n, block_size, vocab_size in sizes]


ONE_HOT = Exercise(
    number="03.1",
    name="one_hot",
    reference=one_hot,
    cases=_one_hot_cases,
    strict=True,
    mistakes=(
        Mistake(
            "whole numbers",
            lambda X, vocab_size: one_hot(X, vocab_size).long(),
            "The ones and zeros are whole numbers, which can't be multiplied with the float numbers of C: end with "
            ".float().",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "classes from the data",
            lambda X, vocab_size: one_hot(X, int(X.max()) + 1),
            "The width is taken from the largest index in X, so a batch without the last characters gets too few "
            "columns: it must be vocab_size.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "off by one",
            lambda X, vocab_size: one_hot(X, vocab_size).roll(-1, dims=-1),
            "The 1 stands one place too far to the left: indices count from 0, where the boundary has its place.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "positions flattened",
            lambda X, vocab_size: one_hot(X, vocab_size).flatten(0, 1),
            "All positions stand in one long list, and which context they belong to is lost: keep a dimension for "
            "contexts and one for positions.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "positions added up",
            lambda X, vocab_size: one_hot(X, vocab_size).sum(1),
            "The positions of a context are added up, so 'ab' and 'ba' look the same: give each position a row of its "
            "own.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "dimensions swapped",
            lambda X, vocab_size: one_hot(X, vocab_size).transpose(1, 2),
            "The last two dimensions are swapped: the symbols come last, so that `@ C` sums over them.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "ones and zeros swapped",
            lambda X, vocab_size: 1 - one_hot(X, vocab_size),
            "The ones and zeros are swapped: only the symbol's own place holds a 1.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "one row per context",
            lambda X, vocab_size: one_hot(X, vocab_size).flatten(1),
            "The positions of a context are put end to end: keep a dimension for the positions.",
            "03 A lookup is a matrix product",
        ),
        Mistake(
            "first position only",
            lambda X, vocab_size: one_hot(X, vocab_size)[:, 0],
            "Only the first position of each context is there: every position gets a row.",
            "03 A lookup is a matrix product",
        ),
    ),
    hints=(
        "The result has one dimension more than X: (N, block_size, vocab_size).",
        "Begin with zeros of that shape and put a 1 at each index; or compare X[..., None] with "
        "torch.arange(vocab_size).",
        "The library has F.one_hot(X, num_classes=…), which gives whole numbers: make them floats.",
    ),
)

# 03.2 window


def window(names: list[str], stoi: dict[str, int], block_size: int) -> tuple[Tensor, Tensor]:
    return _slide(names, stoi, block_size)


def _slide(
    names: list[str],
    stoi: dict[str, int],
    block_size: int,
    end: bool = True,
    late: bool = False,
    fresh: bool = True,
    newest_first: bool = False,
) -> tuple[Tensor, Tensor]:
    """The sliding window, with a switch for each way to get it wrong."""
    X, Y, context = [], [], [0] * block_size
    for name in names:
        if fresh:
            context = [0] * block_size
        for index in [stoi[s] for s in name] + [0] * end:
            moved = [*context, index][1:]
            X.append(moved if late else context)
            Y.append(index)
            context = moved
    X = [row[::-1] for row in X] if newest_first else X
    return torch.tensor(X, dtype=torch.int64).view(len(Y), block_size), torch.tensor(Y, dtype=torch.int64)


def _unpadded(names: list[str], stoi: dict[str, int], block_size: int) -> tuple[Tensor, Tensor]:
    X, Y = [], []
    for name in names:
        indices = [stoi[s] for s in name] + [0]
        for i in range(len(indices) - block_size):
            X.append(indices[i : i + block_size])
            Y.append(indices[i + block_size])
    return torch.tensor(X, dtype=torch.int64).view(len(Y), block_size), torch.tensor(Y, dtype=torch.int64)


def _one_list(names: list[str], stoi: dict[str, int], block_size: int) -> tuple[Tensor, Tensor]:
    """Each context is the last one of its name, as when one list is appended and changed."""
    parts = [window([name], stoi, block_size) for name in names]
    after = [torch.cat([X[-1:], Y[-1:, None]], dim=1)[:, 1:].expand(len(Y), -1) for X, Y in parts]
    return torch.cat(after), torch.cat([Y for _, Y in parts])


def _window_cases(draws: Draws) -> list[tuple]:
    def case(names: list[str], block_size: int) -> tuple:
        symbols = [".", *sorted(set("".join(names)))]
        return names, {s: i for i, s in enumerate(symbols)}, block_size

    first = [case(["ab"], 2), case(["a"], 3), case(["ab", "ba"], 1), case(["ab", "ab"], 2)]
    return first + [case(draws.names(draws.integer(1, 5)), draws.integer(1, 4)) for _ in range(30)]


WINDOW = Exercise(
    number="03.2",
    name="window",
    reference=window,
    cases=_window_cases,
    strict=True,
    mistakes=(
        Mistake(
            "off by one",
            lambda *given: _slide(*given, late=True),
            "Each context already holds the character that is to be guessed (an off-by-one): note the example first, "
            "then move the window.",
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
            "start not padded",
            _unpadded,
            "A name's first characters are never asked for: the window has to start full of zeros, the boundary.",
            "04 The sliding window",
        ),
        Mistake(
            "names run together",
            lambda *given: _slide(*given, fresh=False),
            "The context of one name runs over into the next: fill it with zeros anew for each name.",
            "04 The sliding window",
        ),
        Mistake(
            "newest first",
            lambda *given: _slide(*given, newest_first=True),
            "The contexts are the wrong way round: the oldest character stands on the left, as one reads.",
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
            "append a copy, or make a new list by context[1:] + [index].",
            "04 The sliding window",
        ),
        Mistake(
            "first name only",
            lambda names, stoi, block_size: window(names[:1], stoi, block_size),
            "Only the first name gives examples: the return stands inside the loop, one level too deep.",
            "04 The sliding window",
        ),
        Mistake(
            "names' own order",
            lambda names, stoi, block_size: window([name[::-1] for name in names], stoi, block_size),
            "The names are read from their end: the window slides from the first character to the last.",
            "04 The sliding window",
        ),
    ),
    hints=(
        "Take 'ab' with a block_size of 2 by hand: [0, 0] → a, [0, a] → b, [a, b] → 0.",
        "For each name begin with context = [0] * block_size, and walk over its indices and a 0 at the end.",
        "In each turn: append the context to X and the index to Y, then context = context[1:] + [index].",
    ),
)

# 03.3 concatenate


def concatenate(emb: Tensor) -> Tensor:
    return torch.stack([torch.cat(list(context)) for context in emb])


def _concatenate_cases(draws: Draws) -> list[tuple]:
    first = [torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.arange(8.0).view(2, 2, 2), draws.normal(1, 1, 3)]
    shapes = [[draws.integer(1, 5) for _ in range(3)] for _ in range(20)]
    plain = [draws.normal(*shape) for shape in shapes]
    # As C[X.T] swapped back gives it: the same numbers, but not one after another in memory.
    moved = [draws.normal(b, n, m).transpose(0, 1) for n, b, m in [[3, 2, 4], *shapes[:5]]]
    return [(emb,) for emb in first + plain + moved]


CONCATENATE = Exercise(
    number="03.3",
    name="concatenate",
    reference=concatenate,
    cases=_concatenate_cases,
    mistakes=(
        Mistake(
            "transposed view",
            lambda emb: emb.transpose(0, 1).reshape(len(emb), -1),
            "A transposed view: the shape is right, but the rows mix different contexts, because reshape reads the "
            "swapped dimensions in their new order.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "numbers interleaved",
            lambda emb: emb.transpose(1, 2).reshape(len(emb), -1),
            "The positions are interleaved, first numbers first: a character's numbers should stay side by side.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "view of scattered memory",
            lambda emb: emb.view(len(emb), -1),
            "Right where memory is in order, but `view` stops where it is not, as after a transpose: flatten or "
            "reshape copies if it has to.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "positions added up",
            lambda emb: emb.sum(1),
            "The positions are added up, not put end to end, so 'ab' and 'ba' give the same input.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "contexts stacked",
            lambda emb: torch.cat(torch.unbind(emb, 1), dim=0),
            "The positions are stacked on top of each other: join them along dimension 1, so that each "
            "context has one row.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "two positions only",
            lambda emb: torch.cat([emb[:, 0], emb[:, 1]], dim=1),
            "This joins two positions, whatever block_size is: use unbind, or flatten.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "newest first",
            lambda emb: emb.flip(1).flatten(1),
            "The positions are joined in reverse: the oldest character's numbers come first.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "batch flattened too",
            lambda emb: emb.flatten(),
            "All contexts stand in one long row: keep dimension 0, flatten(1).",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "mean of the positions",
            lambda emb: emb.mean(1),
            "The positions are averaged: put them end to end, so that none is lost.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "last position only",
            lambda emb: emb[:, -1],
            "Only the newest position is there: all of them are put end to end.",
            "03 Three ways to concatenate",
        ),
    ),
    hints=(
        "One context alone: torch.cat([emb[0, 0], emb[0, 1], …]) puts its rows end to end.",
        "For the whole batch, join along dimension 1 the list that torch.unbind(emb, dim=1) makes.",
        "emb.flatten(1) leaves dimension 0 as it is and lays the others end to end.",
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

EXERCISES = (ONE_HOT, WINDOW, CONCATENATE, NEURON, SIZES, PAPER_SIZE)
