"""The exercises of lesson 04 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 04.1 tanh_gradient


def tanh_gradient(h: Tensor, dh: Tensor, scale: float) -> Tensor:
    result = torch.zeros_like(dh)
    for i, row in enumerate(h.tolist()):
        for j, y in enumerate(row):
            result[i, j] = dh[i, j] * scale * (1 - (y / scale) ** 2)
    return result


def _tanh_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 2.0]]), 2.0)]
    first.append((torch.tensor([[0.5, -0.5]]), torch.ones(1, 2), 0.5))

    def case() -> tuple:
        size, scale = (draws.integer(1, 5), draws.integer(1, 5)), draws.choice((0.5, 1.0, 1.5, 2.0, 3.0))
        return scale * (2 * draws.normal(*size)).tanh(), draws.normal(*size), scale

    return first + [case() for _ in range(20)]


TANH_GRADIENT = Exercise(
    number="04.1",
    name="tanh_gradient",
    reference=tanh_gradient,
    cases=_tanh_cases,
    mistakes=(
        Mistake(
            "scale ignored",
            lambda h, dh, scale: dh * (1 - h**2),
            "This is a tanh without a scale: here h is scale times a tanh, so the tanh itself is h / scale.",
            "04b Backward by hand",
        ),
        Mistake(
            "scale not taken out",
            lambda h, dh, scale: dh * scale * (1 - h**2),
            "The scale multiplies the slope, but the slope is 1 − tanh², and the tanh is h / scale.",
            "04b Backward by hand",
        ),
        Mistake(
            "scale not passed on",
            lambda h, dh, scale: dh * (1 - (h / scale) ** 2),
            "The gradient goes back through the tanh and not through the scale: that factor belongs to the chain, too.",
            "04b Backward by hand",
        ),
        Mistake(
            "divided by the scale",
            lambda h, dh, scale: dh * (1 - (h / scale) ** 2) / scale,
            "The gradient is divided by the scale: a sum that moves the tanh a little moves h by scale times as much.",
            "04b Backward by hand",
        ),
        Mistake(
            "scale not squared",
            lambda h, dh, scale: dh * scale * (1 - h**2 / scale),
            "Only h is squared: the tanh is h / scale, and all of it is squared.",
            "04b Backward by hand",
        ),
        Mistake(
            "tanh taken again",
            lambda h, dh, scale: dh * scale * (1 - h.tanh() ** 2),
            "The tanh is taken twice: h is a tanh's output already, times the scale.",
            "04b Backward by hand",
        ),
        Mistake(
            "upstream left out",
            lambda h, dh, scale: scale * (1 - (h / scale) ** 2),
            "This is the slope alone: the chain rule multiplies it by dh, what comes back from above.",
            "04b Backward by hand",
        ),
        Mistake(
            "squared difference",
            lambda h, dh, scale: dh * scale * (1 - h / scale) ** 2,
            "The difference is squared, (1 − t)²: only the tanh is, 1 − t².",
            "04b Backward by hand",
        ),
        Mistake(
            "tanh applied to the gradient",
            lambda h, dh, scale: scale * dh.tanh(),
            "The gradient goes through the tanh itself: backward it is multiplied by the tanh's slope.",
            "04b Backward by hand",
        ),
        Mistake(
            "sign",
            lambda h, dh, scale: -tanh_gradient(h, dh, scale),
            "The sign is the other way round: the tanh rises everywhere, so its slope is above 0.",
            "04b Backward by hand",
        ),
        Mistake(
            "square left out",
            lambda h, dh, scale: dh * scale * (1 - h / scale),
            "The square is left out: the slope of a tanh t is 1 − t².",
            "04b Backward by hand",
        ),
        Mistake(
            "slope of dh",
            lambda h, dh, scale: h * scale * (1 - (dh / scale) ** 2),
            "h and dh are swapped: the slope is made of h, and dh is what arrives.",
            "04b Backward by hand",
        ),
    ),
    hints=(
        "There are two steps: t = tanh(total), then h = scale * t. Go back through the second first.",
        "Back through the scale: dt = scale * dh. Which t was it? h / scale.",
        "Back through the tanh: its slope is 1 − t², number by number.",
    ),
)

# 04.2 forward


def forward(X: Tensor, C: Tensor, Ws: Sequence[Tensor], bs: Sequence[Tensor]) -> Tensor:
    rows = []
    for context in X.tolist():
        row = torch.cat([C[i] for i in context])
        for i, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            row = row @ W + b
            row = row.tanh() if i < len(Ws) - 1 else row
        rows.append(row)
    return torch.stack(rows)


def _through(
    X: Tensor,
    C: Tensor,
    Ws: Sequence[Tensor],
    bs: Sequence[Tensor],
    squeeze: Callable[[Tensor, int], Tensor] = lambda x, _: x.tanh(),
    late: bool = False,
    flat: Callable[[Tensor], Tensor] = lambda emb: emb.flatten(1),
) -> Tensor:
    """The network, with a switch for each way to get it wrong; `squeeze` takes a layer's sums and its number."""
    x = flat(C[X])
    for i, (W, b) in enumerate(zip(Ws[:-1], bs[:-1], strict=True)):
        x = squeeze(x @ W, i) + b if late else squeeze(x @ W + b, i)
    return x @ Ws[-1] + bs[-1]


def _none(bs: Sequence[Tensor]) -> list[Tensor]:
    return [0 * b for b in bs]


def _forward_cases(draws: Draws) -> list[tuple]:
    def case(vocab_size: int, block_size: int, emb_dim: int, hidden: list[int], n: int) -> tuple:
        widths = [block_size * emb_dim, *hidden, vocab_size]
        Ws = [draws.normal(above, below) for above, below in pairwise(widths)]
        X, C = draws.integers(vocab_size, n, block_size), draws.normal(vocab_size, emb_dim)
        return X, C, Ws, [draws.normal(width) for width in widths[1:]]

    def drawn() -> tuple:
        vocab_size, block_size, emb_dim, n = (draws.integer(2, 6) for _ in range(4))
        return case(vocab_size, block_size, emb_dim, [draws.integer(2, 6) for _ in range(draws.integer(1, 4))], n)

    by_hand = (torch.tensor([[0, 1]]), torch.zeros(2, 1), [torch.zeros(2, 3), torch.zeros(3, 3), torch.zeros(3, 2)])
    return [
        (*by_hand, [torch.zeros(3), torch.zeros(3), torch.tensor([1.0, 2.0])]),
        case(2, 1, 1, [1], 1),
        case(3, 2, 2, [2, 2], 2),
        case(3, 2, 2, [3, 3, 3], 4),
        *(drawn() for _ in range(14)),
    ]


FORWARD = Exercise(
    number="04.2",
    name="forward",
    reference=forward,
    cases=_forward_cases,
    mistakes=(
        Mistake(
            "all biases left out",
            lambda X, C, Ws, bs: _through(X, C, Ws, _none(bs)),
            "The biases are left out: each layer adds its own.",
            "04 Forward, step by step",
        ),
        Mistake(
            "biases of the hidden layers left out",
            lambda X, C, Ws, bs: _through(X, C, Ws, [*_none(bs[:-1]), bs[-1]]),
            "The hidden layers' biases are left out: add them before the tanh.",
            "04 Forward, step by step",
        ),
        Mistake(
            "bias of the last layer left out",
            lambda X, C, Ws, bs: _through(X, C, Ws, [*bs[:-1], 0 * bs[-1]]),
            "The last layer's bias is left out: add it to the logits.",
            "04 Forward, step by step",
        ),
        Mistake(
            "tanh left out",
            lambda X, C, Ws, bs: _through(X, C, Ws, bs, lambda x, _: x),
            "The tanh is left out, so that all layers together are no more than one.",
            "03 Why the tanh?",
        ),
        Mistake(
            "tanh in the first layer only",
            lambda X, C, Ws, bs: _through(X, C, Ws, bs, lambda x, i: x if i else x.tanh()),
            "Only the first hidden layer has a tanh: without it the others and the last are no more than one layer.",
            "03 Why the tanh?",
        ),
        Mistake(
            "tanh once, at the end of the hidden layers",
            lambda X, C, Ws, bs: _through(X, C, Ws, bs, lambda x, i: x.tanh() if i == len(Ws) - 2 else x),
            "Only the last hidden layer has a tanh: without it the ones before are no more than one layer.",
            "03 Why the tanh?",
        ),
        Mistake(
            "tanh of the logits",
            lambda *given: forward(*given).tanh(),
            "The logits go through a tanh as well: they may be any numbers, only the hidden layers are squeezed.",
            "04 Forward, step by step",
        ),
        Mistake(
            "probabilities where logits are wanted",
            lambda *given: forward(*given).softmax(1),
            "These are probabilities: logits are wanted, the softmax belongs to the loss.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "transposed view",
            lambda *given: _through(*given, flat=lambda emb: emb.transpose(0, 1).reshape(len(emb), -1)),
            "A transposed view: the shape is right, but rows of different contexts are mixed before the first layer.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "tanh before the bias",
            lambda *given: _through(*given, late=True),
            "The biases are added after the tanh: a bias shifts the sum that is squeezed.",
            "03 A toy network, all on paper",
        ),
        Mistake(
            "relu for tanh",
            lambda *given: _through(*given, lambda x, _: x.relu()),
            "The hidden units use ReLU: this network has tanh.",
            "04 Forward, step by step",
        ),
        Mistake(
            "sigmoid for tanh",
            lambda *given: _through(*given, lambda x, _: x.sigmoid()),
            "The hidden units use the logistic function: this network has tanh.",
            "04 Forward, step by step",
        ),
        Mistake(
            "context reversed",
            lambda X, *parameters: forward(X.flip(1), *parameters),
            "The context is read in reverse: the oldest character's numbers come first.",
            "03 Three ways to concatenate",
        ),
        Mistake(
            "hidden outputs for logits",
            lambda X, C, Ws, bs: forward(X, C, Ws[:-1], bs[:-1]).tanh(),
            "This is the last hidden layer: one more layer, without a tanh, makes logits of it.",
            "04 Forward, step by step",
        ),
    ),
    hints=(
        "C[X] has shape (N, block_size, emb_dim): lay each context's rows end to end, and call the result x.",
        "A loop over zip(Ws, bs) makes x = x @ W + b in every layer. Which layers have a tanh?",
        "All but the last: loop over Ws[:-1] and bs[:-1] with a tanh, then x @ Ws[-1] + bs[-1].",
    ),
)

# 04.3 cross_entropy


def cross_entropy(logits: Tensor, Y: Tensor) -> float:
    losses = []
    for row, y in zip(logits.tolist(), Y.tolist(), strict=True):
        largest = max(row)
        losses.append(largest + math.log(sum(math.exp(z - largest) for z in row)) - row[y])
    return sum(losses) / len(losses)


def _unsafe(logits: Tensor, Y: Tensor) -> Tensor:
    probs = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -probs[torch.arange(len(Y)), Y].log().mean()


def _half_safe(logits: Tensor, Y: Tensor) -> Tensor:
    return -logits.softmax(1)[torch.arange(len(Y)), Y].log().mean()


def _no_keepdim(logits: Tensor, Y: Tensor) -> Tensor:
    shifted = logits - logits.amax(1)
    return (shifted.exp().sum(1).log() - shifted[torch.arange(len(Y)), Y]).mean()


def _cross_entropy_cases(draws: Draws) -> list[tuple]:
    first = [
        (torch.zeros(1, 2), torch.tensor([0])),
        (torch.tensor([[0.0, 500.0]]), torch.tensor([0])),
        (torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([1, 1])),
    ]
    sizes = [(draws.integer(2, 9), draws.integer(2, 7)) for _ in range(15)]
    usual = [(2 * draws.normal(*size), draws.integers(size[1], size[0])) for size in sizes]
    squares = [(draws.normal(n, n), draws.integers(n, n)) for n in (2, 3, 4)]
    large = [
        (torch.tensor([[100.0, 99.0, 98.0], [1.0, 2.0, 3.0]]), torch.tensor([2, 0])),
        (torch.tensor([[0.0, 500.0], [300.0, 0.0]]), torch.tensor([0, 1])),
        (torch.tensor([[0.0, 900.0], [-900.0, 0.0]]), torch.tensor([0, 1])),  # too large for float64, too
    ]
    return [*first, *usual, *squares, *large]


CROSS_ENTROPY = Exercise(
    number="04.3",
    name="cross_entropy",
    reference=cross_entropy,
    cases=_cross_entropy_cases,
    forbidden=("*cross_entropy*", "*_loss*", "kl_div"),
    mistakes=(
        Mistake(
            "overflow",
            _unsafe,
            "Right for small logits, but exp of a large one overflows: subtract the row's largest logit first.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "probability rounded to 0",
            _half_safe,
            "The softmax is safe, but a very small p is rounded to 0 and its logarithm is −∞: don't compute p, use "
            "log p = z − log Σ exp z.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "sum for mean",
            lambda logits, Y: F.cross_entropy(logits, Y, reduction="sum"),
            "This is the sum over the examples: the loss is their mean.",
            "04 Forward, step by step",
        ),
        Mistake(
            "probabilities where logits are wanted",
            lambda logits, Y: F.cross_entropy(logits.softmax(1), Y),
            "The softmax is taken twice: F.cross_entropy wants logits and does the softmax itself.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "binary logarithm",
            lambda logits, Y: F.cross_entropy(logits, Y) / math.log(2),
            "The logarithm is the binary one: the loss is in nats, with the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "every answer for every row",
            lambda logits, Y: -logits.log_softmax(1)[:, Y].mean(),
            "probs[:, Y] picks every answer for every row: probs[torch.arange(N), Y] picks each row its own.",
            "04 Forward, step by step",
        ),
        Mistake(
            "sum over the wrong axis",
            lambda logits, Y: -logits.log_softmax(0)[torch.arange(len(Y)), Y].mean(),
            "The softmax runs over the wrong axis: each row is one distribution.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "mean over all cells",
            lambda logits, Y: F.cross_entropy(logits, Y) / logits.shape[1],
            "The mean runs over all cells: only the answer's cell of each row counts, so divide by N.",
            "04 Forward, step by step",
        ),
        Mistake(
            "minus lost",
            lambda logits, Y: -F.cross_entropy(logits, Y),
            "The minus is lost: the loss is the mean of −log p, a number above 0.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "a little added",
            lambda logits, Y: -(logits.softmax(1)[torch.arange(len(Y)), Y] + 1e-8).log().mean(),
            "A small number is added to p before the logarithm: it hides the −∞, and no loss can be above 18.4 then. "
            "Don't compute p, use log p = z − log Σ exp z.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "keepdim missing",
            _no_keepdim,
            "A missing keepdim: each row loses another row's largest logit.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "logarithm of the mean",
            lambda logits, Y: -logits.double().softmax(1)[torch.arange(len(Y)), Y].mean().log(),
            "This is the logarithm of the mean probability: take the logarithm of each first, then the mean.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "log p of the answer is its logit minus log Σ exp of the row.",
        "log Σ exp z = c + log Σ exp(z − c), for any c: which c keeps exp from overflowing?",
        "torch.logsumexp(logits, 1) is safe, and logits[torch.arange(len(Y)), Y] picks the answers.",
    ),
)

# 04.4 start

NEAR = 0.1  # nats: the gentle start of lesson 04 stays within a tenth of this
Parameters = Sequence[Tensor]


def start(vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, seed: int) -> Parameters:
    return _start()(vocab_size, block_size, emb_dim, hidden_dim, seed)


def _start(table: float = 1.0, first: float | None = None, last: float = 0.01, bias: float = 0.0) -> Callable:
    """A start with these scales of the random numbers in C, W1, W2 and the biases; `first` is one over the root."""

    def begin(vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, seed: int) -> Parameters:
        g = torch.Generator().manual_seed(seed)
        inputs = block_size * emb_dim
        return (
            table * torch.randn(vocab_size, emb_dim, generator=g),
            torch.randn(inputs, hidden_dim, generator=g) * (1 / inputs**0.5 if first is None else first),
            bias * torch.randn(hidden_dim, generator=g),
            torch.randn(hidden_dim, vocab_size, generator=g) * last,
            bias * torch.randn(vocab_size, generator=g),
        )

    return begin


def _keep_b2(*sizes: int) -> Parameters:
    return *start(*sizes)[:4], _start(bias=1.0)(*sizes)[4]


def _start_measured(
    parameters: Parameters, vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, seed: int
) -> dict:
    """What matters of a start, on 500 made-up examples."""
    C, W1, b1, W2, b2 = parameters
    X = torch.randint(vocab_size, (500, block_size), generator=torch.Generator().manual_seed(1))
    Y = torch.arange(len(X)) % vocab_size
    h = (C[X].flatten(1) @ W1 + b1).tanh()  # (500, hidden_dim)
    loss, without = (F.cross_entropy(h @ W2 + b, Y).item() - math.log(vocab_size) for b in (b2, 0 * b2))
    return {
        "shapes": [tuple(p.shape) for p in parameters],
        "the first loss is near log vocab_size": abs(loss) < NEAR,
        "it is without b2": abs(without) < NEAR,
        "a third of the hidden outputs is beyond ±0.97": bool((h.abs() > 0.97).float().mean() > 1 / 3),
        "all embeddings are alike": bool((C - C[0]).abs().max() == 0),
        "all hidden units are alike": bool((h - h[:, :1]).abs().max() < 1e-6),
    }


def _start_cases(draws: Draws) -> list[tuple]:
    return [(*size, draws.integer(0, 10_000)) for size in [(30, 3, 10, 200), (40, 2, 20, 100), (50, 4, 16, 150)]]


START = Exercise(
    number="04.4",
    name="start",
    reference=start,
    cases=_start_cases,
    measure=_start_measured,
    strict=True,
    mistakes=(
        Mistake(
            "confidently wrong",
            _start(first=1.0, last=1.0, bias=1.0),
            "With standard random numbers everywhere the network is confidently wrong, and most hidden units are "
            "saturated: make the last layer small, and divide W1 by the root of its fan-in.",
            "04 The loss at the start",
        ),
        Mistake(
            "last layer too large",
            _start(last=1.0),
            "The last layer is too large: each logit is a sum of hidden_dim random numbers, so W2 must be small, say "
            "times 0.01.",
            "04 The loss at the start",
        ),
        Mistake(
            "bias of the last layer kept",
            _keep_b2,
            "W2 is small but b2 is not, and prefers some characters for no reason: begin with a b2 of 0.",
            "04 The loss at the start",
        ),
        Mistake(
            "saturated",
            _start(first=1.0),
            "The loss begins well, but most hidden units are saturated: divide W1 by the root of its fan-in, "
            "block_size * emb_dim.",
            "04 Saturated units",
        ),
        Mistake(
            "hidden units alike",
            _start(first=0.0),
            "The loss begins well, but all hidden units are alike and would stay so: W1 must be random.",
            "04 Saturated units",
        ),
        Mistake(
            "everything 0",
            _start(table=0.0, first=0.0, last=0.0),
            "With zeros everywhere no gradient reaches C or W1, and nothing is ever told apart: C and W1 must be "
            "random.",
            "04b Backward by hand",
        ),
    ),
    hints=(
        "Each logit should be near 0 at the start: what makes h @ W2 + b2 small, whatever h is?",
        "W2 times 0.01, and biases of 0.",
        "For the hidden layer, sums of block_size * emb_dim products: divide W1 by the root of that number.",
    ),
)

# 04.5 floor

NAMES = ("mia", "max", "leo", "ian")


def floor() -> float:
    return _floor()


def _floor(log: Callable = math.log, alike: bool = False) -> float:
    """The least mean loss on all examples of the names, with switches for the ways to get it wrong."""
    after: dict[str, Counter] = {}
    block_size = 3
    for name in NAMES:
        padded = "." * block_size + name + "."
        for i in range(len(name) + 1):
            after.setdefault(padded[i : i + block_size], Counter())[padded[i + block_size]] += 1
    total, examples = 0.0, sum(counter.total() for counter in after.values())
    for counter in after.values():
        total += sum(c * log(len(counter) if alike else counter.total() / c) for c in counter.values())
    return total / examples


FLOOR = Exercise(
    number="04.5",
    name="floor",
    reference=floor,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "first letter only",
            lambda: (2 * math.log(2) + 2 * math.log(4)) / 16,
            "Only the first letter is counted: after `..m` come i and a, so that context is in doubt too.",
            "04b Overfit five names",
        ),
        Mistake(
            "first letters all different",
            lambda: (4 * math.log(4) + 2 * math.log(2)) / 16,
            "The four first letters are taken as all different: two of them are m, so m has p = 1/2.",
            "04b Overfit five names",
        ),
        Mistake(
            "letters equally likely",
            lambda: _floor(alike=True),
            "The letters after `...` are taken as equally likely: m came twice, i and l once.",
            "04b Overfit five names",
        ),
        Mistake(
            "divided by the names",
            lambda: _floor() * 4,
            "This is the loss per name: the mean runs over all 16 examples, four per name.",
            "04b Overfit five names",
        ),
        Mistake(
            "end forgotten",
            lambda: _floor() * 16 / 12,
            "The ends are forgotten: each name has four examples, the last of which asks for the boundary.",
            "04 The sliding window",
        ),
        Mistake(
            "sum for mean",
            lambda: _floor() * 16,
            "This is the sum over all examples: the loss is their mean.",
            "04b Overfit five names",
        ),
        Mistake(
            "binary logarithm",
            lambda: _floor(log=math.log2),
            "The logarithm is the binary one: the loss is in nats, with the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
    ),
    hints=(
        "Write out all examples with their contexts: which contexts occur with different answers?",
        "After `...` come m, m, l, i; after `..m` come i, a. The best p of each answer is its share.",
        "Add up −log p over these six examples, and divide by all 16.",
    ),
)

EXERCISES = (TANH_GRADIENT, FORWARD, CROSS_ENTROPY, START, FLOOR)
