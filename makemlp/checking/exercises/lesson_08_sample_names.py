"""The exercises of lesson 08 (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from makemlp.checking.comparing import Tolerance
from makemlp.checking.drawing import Draws
from makemlp.checking.specification import Exercise, Mistake

# 08.1 with_temperature


def with_temperature(logits: Tensor, temperature: float) -> Tensor:
    rows = []
    for row in logits.tolist():
        powers = [math.exp((logit - max(row)) / temperature) for logit in row]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows)


def _unsafe(logits: Tensor, temperature: float) -> Tensor:
    powers = (logits / temperature).exp()
    return powers / powers.sum(1, keepdim=True)


def _temperature_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[2.0, 1.0, 0.0]]), 0.5), (torch.tensor([[1.0, 2.0], [3.0, 5.0]]), 2.0)]
    sizes = [(draws.integer(1, 5), draws.integer(2, 6)) for _ in range(20)]
    usual = [(2 * draws.normal(*size), draws.choice((0.3, 0.5, 0.8, 1.5, 3.0))) for size in sizes]
    far = torch.tensor([[900.0, 899.0], [-900.0, -901.0]]), 1.0  # float64 doesn't help, nor does one shift for all
    return [*first, *usual, (torch.tensor([[30.0, 29.9, 0.0]]), 0.1), (draws.normal(2, 3), 1.0), far]


WITH_TEMPERATURE = Exercise(
    number="08.1",
    name="with_temperature",
    reference=with_temperature,
    cases=_temperature_cases,
    strict=True,
    mistakes=(
        Mistake(
            "multiplied",
            lambda logits, temperature: (logits * temperature).softmax(1),
            "The logits are multiplied by the temperature: divide, so that a low one is safe and a high one wild.",
            "08 Temperature",
        ),
        Mistake(
            "softmax twice",
            lambda logits, temperature: (logits.softmax(1) / temperature).softmax(1),
            "The temperature is applied to probabilities, and softmax taken twice: divide the logits.",
            "08 Temperature",
        ),
        Mistake(
            "divided after the softmax",
            lambda logits, temperature: logits.softmax(1) / temperature,
            "The probabilities are divided, so that they no longer sum to one: divide the logits, before the softmax.",
            "08 Temperature",
        ),
        Mistake(
            "temperature left out",
            lambda logits, temperature: logits.softmax(1),
            "The temperature changes nothing here: divide the logits by it.",
            "08 Temperature",
        ),
        Mistake(
            "wrong axis",
            lambda logits, temperature: (logits / temperature).softmax(0),
            "The softmax runs over the rows, so that columns sum to one: each row is one context, softmax(1).",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "temperature squared",
            lambda logits, temperature: (logits / temperature**2).softmax(1),
            "The temperature is applied twice: divide by it once.",
            "08 Temperature",
        ),
        Mistake(
            "logits for probabilities",
            lambda logits, temperature: logits / temperature,
            "These are the divided logits: a softmax makes probabilities of them.",
            "08 Temperature",
        ),
        Mistake(
            "overflow",
            _unsafe,
            "Right for small logits, but a low temperature makes large ones of them, and exp of these overflows: "
            "subtract the row's largest first, or use softmax.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "not divided",
            lambda logits, temperature: ((logits - logits.amax(1, keepdim=True)) / temperature).exp(),
            "The powers are not divided by their sum: each row must add up to one.",
            "04 A softmax that can't overflow",
        ),
    ),
    hints=(
        "At temperature 0.5 the logits 2, 1, 0 become 4, 2, 0. Which operation does that?",
        "Then each row gets a softmax of its own: .softmax(1).",
    ),
)

# 08.2 draw_by_hand


def draw_by_hand(probs: Tensor, u: Tensor) -> Tensor:
    found, length = [], sum(probs.tolist())
    for pin in u.tolist():
        end = 0.0
        for index, p in enumerate(probs.tolist()):
            end += p
            if pin * length < end:
                found.append(index)
                break
    return torch.tensor(found)


def _draw_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        # In 64ths the ends of all stretches are exact, so that a pin can hit one.
        cuts = [0, *sorted(draws.integer(0, 64) for _ in range(draws.integer(1, 5))), 64]
        probs = torch.tensor(cuts).diff() / 64
        pins = torch.tensor([cut for cut in cuts if cut < 64]) / 64
        return probs, torch.cat([pins, draws.integers(1024, 6) / 1024])

    first = [
        (torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.1, 0.6, 0.75])),
        (torch.tensor([0.0, 1.0]), torch.tensor([0.0])),
    ]
    last = torch.tensor([0.25, 1 - 2**-24])  # the second is the largest pin that torch.rand can give
    # Both lines end at 1 - 2**-24; on the second, the last index has no chance.
    short = [(torch.tensor([0.5, 0.25, 0.25 - 2**-24]), last), (torch.tensor([0.5, 0.5 - 2**-24, 0.0]), last)]
    return [*first, *(case() for _ in range(20)), *short]


DRAW_BY_HAND = Exercise(
    number="08.2",
    name="draw_by_hand",
    reference=draw_by_hand,
    cases=_draw_cases,
    strict=True,
    mistakes=(
        Mistake(
            "edge to the left",
            lambda probs, u: torch.searchsorted(probs.cumsum(0), u),
            "A pin right on an edge is given to the stretch that ends there: it belongs to the one that begins, or a "
            "pin at 0 could draw what has no chance.",
            "08 One name by hand",
        ),
        Mistake(
            "probabilities not added up",
            lambda probs, u: (probs <= u[:, None]).sum(1),
            "The pins are compared with the probabilities themselves: lay them end to end first, with cumsum.",
            "08 One name by hand",
        ),
        Mistake(
            "likeliest every time",
            lambda probs, u: probs.argmax().repeat(len(u)),
            "This gives the likeliest index whatever the pin: that is no drawing, every name would be the same.",
            "08 The k likeliest",
        ),
        Mistake(
            "nearest probability",
            lambda probs, u: (probs - u[:, None]).abs().argmin(1),
            "This finds the probability nearest to the pin: the pin is a place on the line, where all of them lie end "
            "to end.",
            "08 One name by hand",
        ),
        Mistake(
            "one too far",
            lambda probs, u: (probs.cumsum(0) <= u[:, None]).sum(1) + 1,
            "Each index is one too large: so many edges as lie at or before the pin, that is the index.",
            "08 One name by hand",
        ),
        Mistake(
            "beyond the end",
            lambda probs, u: (probs.cumsum(0) <= u[:, None]).sum(1),
            "Right, but for a line that rounding has made a little shorter than 1: there the last pin lies beyond the "
            "end, and hits an index that isn't there. Take pins as shares of the length, u times the last edge.",
            "08 One name by hand",
        ),
        Mistake(
            "from the other end",
            lambda probs, u: (probs.cumsum(0) <= 1 - u[:, None]).sum(1),
            "The pins are measured from the right end of the line: 0 is on the left, where index 0 begins.",
            "08 One name by hand",
        ),
        Mistake(
            "all alike",
            lambda probs, u: (u * len(probs)).long(),
            "All stretches are taken as equally long: each is as long as its probability.",
            "08 One name by hand",
        ),
        Mistake(
            "first long enough",
            lambda probs, u: torch.tensor(
                [next((i for i, p in enumerate(probs.tolist()) if p > pin), 0) for pin in u.tolist()]
            ),
            "This is the first probability that is larger than the pin: lay them end to end, and see where the pin "
            "falls.",
            "08 One name by hand",
        ),
    ),
    hints=(
        "probs.cumsum(0) says where each stretch ends.",
        "For one pin: how many of these ends lie at or before it? That is the index.",
        "The line may end a little before 1, so multiply the pins by its length: u * edges[-1].",
        "All pins at once: compare (1, vocab_size) with (N, 1), that is u[:, None], and sum over dimension 1.",
    ),
)

# 08.3 rank_of


def rank_of(logits: Tensor, Y: Tensor) -> Tensor:
    rows = zip(logits.tolist(), Y.tolist(), strict=True)
    return torch.tensor([1 + sum(logit > row[y] for logit in row) for row, y in rows])


def _at(table: Tensor, Y: Tensor) -> Tensor:
    """The entry of each row that Y names."""
    return table.gather(1, Y[:, None]).squeeze(1)


def _rank_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[1.0, 3.0, 2.0, 0.0]]), torch.tensor([2])), (draws.normal(3, 3), torch.tensor([2, 0, 1]))]
    sizes = [(draws.integer(1, 6), draws.integer(2, 8)) for _ in range(20)]
    return first + [(draws.normal(*size), draws.integers(size[1], size[0])) for size in sizes]


RANK_OF = Exercise(
    number="08.3",
    name="rank_of",
    reference=rank_of,
    cases=_rank_cases,
    strict=True,
    mistakes=(
        Mistake(
            "counted from zero",
            lambda logits, Y: rank_of(logits, Y) - 1,
            "The ranks are counted from 0: the likeliest has rank 1.",
            "08 The k likeliest",
        ),
        Mistake(
            "likeliest last",
            lambda logits, Y: rank_of(-logits, Y),
            "The least likely gets rank 1: argsort sorts the smallest first unless told descending=True.",
            "08 The k likeliest",
        ),
        Mistake(
            "order for rank",
            lambda logits, Y: _at(logits.argsort(1, descending=True), Y) + 1,
            "This is the order, which index stands at a place: wanted is at which place an index stands, so sort the "
            "order once more.",
            "08 The k likeliest",
        ),
        Mistake(
            "ranked down the column",
            lambda logits, Y: _at(logits.argsort(0, descending=True).argsort(0), Y) + 1,
            "The ranks compare one symbol in different contexts: each row is ranked by itself, on the last dimension.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "every symbol",
            lambda logits, Y: logits.argsort(1, descending=True).argsort(1) + 1,
            "These are the ranks of all symbols: pick from each row the one of what came, Y.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "index of the likeliest",
            lambda logits, Y: logits.argmax(1),
            "This is which symbol is the likeliest: wanted is the rank of the one that came, Y.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "logit for rank",
            lambda logits, Y: _at(logits, Y).long(),
            "This is the logit of what came: its rank in the row is asked for.",
            "08 The k likeliest",
        ),
        Mistake(
            "counted in the batch",
            lambda logits, Y: (logits.flatten()[None] > _at(logits, Y)[:, None]).sum(1) + 1,
            "The logits of all rows are compared: a rank compares those of its own row.",
            "08 The k likeliest",
        ),
    ),
    hints=(
        "The logit of what came is logits[torch.arange(len(Y)), Y].",
        "A rank is 1 more than how many logits of the same row are larger.",
        "Or sort twice, as lesson 08 does, and pick.",
    ),
)

# 08.4 top_k


def top_k(logits: Tensor, k: int) -> Tensor:
    return _keep(logits, k)


def _keep(logits: Tensor, k: int, others: float = -math.inf, largest: bool = True, dim: int = 1) -> Tensor:
    """Probabilities of the k likeliest, with a switch for each way to get it wrong."""
    order = logits.argsort(dim=dim, descending=largest, stable=True)
    return logits.masked_fill(order.argsort(dim) >= k, others).softmax(1)


def _zeroed(logits: Tensor, k: int) -> Tensor:
    return logits.softmax(1) * (_keep(logits, k) > 0)


def _from_threshold(logits: Tensor, k: int) -> Tensor:
    lowest = logits.sort(1, descending=True).values[:, k - 1 : k]
    return logits.masked_fill(logits < lowest, -math.inf).softmax(1)


def _top_measured(probs: Tensor, logits: Tensor, k: int) -> dict:
    """The probabilities by the logits' order. Which one of equal logits is kept makes no difference to it."""
    likely = probs.argsort(dim=1, descending=True, stable=True)
    order = likely.gather(1, logits.gather(1, likely).argsort(dim=1, descending=True, stable=True))
    return {
        "symbols kept in each row": (probs > 0).sum(1).tolist(),
        "probabilities, that of the largest logit first": probs.gather(1, order),
    }


def _top_cases(draws: Draws) -> list[tuple]:
    first = [(torch.tensor([[1.0, 3.0, 2.0, 0.0]]), 2), (torch.tensor([[0.0, 1.0, 1.0, 2.0], [4.0, 4.0, 4.0, 0.0]]), 2)]
    sizes = [(draws.integer(2, 5), draws.integer(3, 7)) for _ in range(20)]
    usual = [(draws.normal(*size), draws.integer(1, size[1] - 1)) for size in sizes]
    return [*first, *usual, (draws.normal(2, 4), 4), (draws.normal(6, 5), 1)]


TOP_K = Exercise(
    number="08.4",
    name="top_k",
    reference=top_k,
    cases=_top_cases,
    measure=_top_measured,
    mistakes=(
        Mistake(
            "k least likely",
            lambda logits, k: _keep(logits, k, largest=False),
            "The k least likely are kept: sort with the largest first.",
            "08 The k likeliest",
        ),
        Mistake(
            "not shared out",
            _zeroed,
            "The others' probability is gone and the rows no longer sum to one: the k that stay share all of it, so "
            "mask the logits before the softmax, or divide by the new sum.",
            "08 The k likeliest",
        ),
        Mistake(
            "0 for −∞",
            lambda logits, k: _keep(logits, k, others=0.0),
            "The others' logits are set to 0, and e⁰ = 1 is no small weight: −∞ is what gives the probability 0.",
            "08 The k likeliest",
        ),
        Mistake(
            "one too few",
            lambda logits, k: _keep(logits, k - 1),
            "Only k − 1 symbols are kept: the one at place k stays in.",
            "08 The k likeliest",
        ),
        Mistake(
            "ties kept",
            _from_threshold,
            "Where logits are equal, more than k symbols are kept: go by the rank, in which no two are alike.",
            "08 The k likeliest",
        ),
        Mistake(
            "wrong axis",
            lambda logits, k: _keep(logits, k, dim=0),
            "The k likeliest are sought down each column: every row, one context, keeps its own k.",
            "01 A trap: dividing by the wrong sums",
        ),
        Mistake(
            "logits for probabilities",
            lambda logits, k: logits.masked_fill(_keep(logits, k) == 0, -math.inf),
            "These are the masked logits: a softmax makes probabilities of them.",
            "08 The k likeliest",
        ),
        Mistake(
            "one too many",
            lambda logits, k: _keep(logits, k + 1),
            "k + 1 symbols are kept: ranks count from 0, so below k.",
            "08 The k likeliest",
        ),
        Mistake(
            "all kept",
            lambda logits, k: logits.softmax(1),
            "Nothing is left out: all but the k likeliest must have 0.",
            "08 The k likeliest",
        ),
        Mistake(
            "k alike",
            lambda logits, k: (_keep(logits, k) > 0) / k,
            "The k likeliest all get the same: their logits still say how likely each is.",
            "08 The k likeliest",
        ),
    ),
    hints=(
        "Who ranks below k gets the logit −∞, by masked_fill with a tensor of True and False.",
        "The ranks from 0 are logits.argsort(dim=1, descending=True, stable=True).argsort(1).",
        "Then a softmax over each row: −∞ becomes 0, and the others share all.",
    ),
)

# 08.5 name_nll


def name_nll(name: str, stoi: dict[str, int], logits: Tensor) -> float:
    return _nll(name, stoi, logits)


def _nll(
    name: str,
    stoi: dict[str, int],
    logits: Tensor,
    end: bool = True,
    late: bool = False,
    newest_first: bool = False,
    softmax: bool = True,
    skipped: int = 0,
) -> float:
    """A name's NLL, with a switch for each way to get it wrong."""
    rows = (logits.log_softmax(-1) if softmax else logits).tolist()
    context, total = (0, 0), 0.0
    for place, index in enumerate([stoi[s] for s in name] + [0] * end):
        moved = (context[1], index)
        a, b = moved if late else context
        if place >= skipped:
            total -= (rows[b][a] if newest_first else rows[a][b])[index]
        context = moved
    return total


def _product(name: str, stoi: dict[str, int], logits: Tensor) -> float:
    chances, (a, b) = logits.softmax(-1), (0, 0)
    product = torch.tensor(1.0)
    for index in [*(stoi[s] for s in name), 0]:
        product *= chances[a, b, index]
        a, b = b, index
    return -product.log().item()


def _nll_cases(draws: Draws) -> list[tuple]:
    def case(name: str) -> tuple:
        symbols = [".", *sorted(set(name))]
        return name, {s: i for i, s in enumerate(symbols)}, 2 * draws.normal(*[len(symbols)] * 3)

    names = [draws.name(8) for _ in range(20)]
    return [("a", {".": 0, "a": 1}, torch.zeros(2, 2, 2)), case("ab"), *map(case, names), case("abcde" * 60)]


NAME_NLL = Exercise(
    number="08.5",
    name="name_nll",
    reference=name_nll,
    cases=_nll_cases,
    mistakes=(
        Mistake(
            "end forgotten",
            lambda *given: _nll(*given, end=False),
            "The boundary at the end is forgotten: that the name stops there has a probability, too.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "mean for sum",
            lambda name, *model: _nll(name, *model) / (len(name) + 1),
            "This is the mean per character: a whole name's NLL is the sum.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "probability for NLL",
            lambda *given: math.exp(-_nll(*given)),
            "This is the name's probability, the product: the NLL is minus its logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "binary logarithm",
            lambda *given: _nll(*given) / math.log(2),
            "The logarithm is the binary one: an NLL in nats takes the natural logarithm.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "off by one",
            lambda *given: _nll(*given, late=True),
            "Each context already holds the character that is asked for (an off-by-one): add the NLL first, then move "
            "the context on.",
            "04 The sliding window",
        ),
        Mistake(
            "start not padded",
            lambda *given: _nll(*given, skipped=2),
            "The first two characters are never asked for: a name begins after two boundaries, index 0.",
            "04 The sliding window",
        ),
        Mistake(
            "newest first",
            lambda *given: _nll(*given, newest_first=True),
            "The context is the wrong way round: logits[a, b] is for b after a, the newest character second.",
            "04 The sliding window",
        ),
        Mistake(
            "no softmax",
            lambda *given: _nll(*given, softmax=False),
            "Logits are added up as if they were log-probabilities: each row needs a log_softmax first.",
            "04 A softmax that can't overflow",
        ),
        Mistake(
            "minus forgotten",
            lambda *given: -_nll(*given),
            "The minus is forgotten: this is the log-probability, and the NLL is above 0.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "product rounded to 0",
            _product,
            "Right for short names, but the product of many probabilities is rounded to 0 and its logarithm is −∞: add "
            "logarithms instead.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "end twice",
            lambda name, stoi, logits: _nll(name, stoi, logits) - logits[0, 0].log_softmax(0)[0].item(),
            "The boundary is asked for once too often: once, after the last character.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "name from its end",
            lambda name, stoi, logits: _nll(name[::-1], stoi, logits),
            "The name is read from its end.",
            "04 The sliding window",
        ),
    ),
    hints=(
        "Begin with the context (0, 0) and walk over the name's indices and a 0 at the end.",
        "Each turn: subtract logits[a, b].log_softmax(0)[index], then move on, a, b = b, index.",
    ),
)

# 08.6 new_share


def new_share(samples: list[str], train: list[str]) -> float:
    different = set(samples)
    return len(different - set(train)) / len(different)


def _share_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        pool = draws.names(draws.integer(6, 20))
        train = pool[::2]
        # The first is only a part of a train name; the last is there more than once.
        parts = [name[:-1] for name in train if len(name) > 2 and name[:-1] not in pool]
        return [*parts[:1], *(draws.choice(pool) for _ in range(draws.integer(3, 25))), pool[-1], pool[-1]], train

    first = [(["ada", "ada", "xyz"], ["ada", "eva"]), (["ad", "ada", "ad", "b"], ["ada"])]
    return [*first, *(case() for _ in range(20)), (["ada"], ["ada"]), (["b", "c"], ["ada"])]


NEW_SHARE = Exercise(
    number="08.6",
    name="new_share",
    reference=new_share,
    cases=_share_cases,
    mistakes=(
        Mistake(
            "repeats counted",
            lambda samples, train: sum(name not in train for name in samples) / len(samples),
            "A name that was drawn several times counts several times: each different one is to count once.",
            "08 Memorised or made?",
        ),
        Mistake(
            "known for new",
            lambda samples, train: 1 - new_share(samples, train),
            "This is the share that stands in train: wanted is the share that does not.",
            "08 Memorised or made?",
        ),
        Mistake(
            "divided by all samples",
            lambda samples, train: len(set(samples) - set(train)) / len(samples),
            "The different new names are divided by all samples, repeats included: divide by the different ones.",
            "08 Memorised or made?",
        ),
        Mistake(
            "percent",
            lambda samples, train: 100 * new_share(samples, train),
            "This is in percent: a share lies between 0 and 1.",
            "08 Memorised or made?",
        ),
        Mistake(
            "count for share",
            lambda samples, train: len(set(samples) - set(train)),
            "This is how many new names there are: divide by the number of different ones.",
            "08 Memorised or made?",
        ),
        Mistake(
            "part of a name",
            lambda samples, train: sum(name not in " ".join(train) for name in set(samples)) / len(set(samples)),
            "A sample counts as known when it is a part of a train name: compare whole names, with a set.",
            "08 Memorised or made?",
        ),
        Mistake(
            "new in train",
            lambda samples, train: len(set(train) - set(samples)) / len(set(train)),
            "This is the share of train that was not drawn: ask it the other way round.",
            "08 Memorised or made?",
        ),
        Mistake(
            "divided by train",
            lambda samples, train: len(set(samples) - set(train)) / len(set(train)),
            "The new names are divided by those of train: divide by the different samples.",
            "08 Memorised or made?",
        ),
    ),
    hints=(
        "A set keeps each name once: set(samples).",
        "set(samples) - set(train) are the new ones. How many of how many?",
    ),
)

# 08.7 one_in

CHANCES = (1 / 10, 1 / 5, 1 / 4, 1 / 2)


def one_in() -> dict:
    return {
        "ada, nats": -sum(map(math.log, CHANCES)),
        "ada, 1 in": 1 / math.prod(CHANCES),
        "rex, 1 in": 2.0**12,
        "rarer": math.exp(2),
    }


ONE_IN = Exercise(
    number="08.7",
    name="one_in",
    reference=one_in,
    tolerance=Tolerance(1e-3, 1.01e-3, "three decimals are asked for, and e to the power of such an NLL is that close"),
    mistakes=(
        Mistake(
            "end forgotten",
            lambda: one_in() | {"ada, nats": math.log(200), "ada, 1 in": 200.0},
            "The end of ada is left out: that the name stops is one more factor.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "mean for sum",
            lambda: one_in() | {"ada, nats": math.log(400) / 4, "ada, 1 in": 400**0.25},
            "The mean per character is taken: for a whole name the NLL is the sum.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "probabilities added",
            lambda: one_in() | {"ada, nats": -math.log(sum(CHANCES)), "ada, 1 in": 1 / sum(CHANCES)},
            "The probabilities are added: one after another they multiply, and their NLLs add up.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "nats for bits",
            lambda: one_in() | {"rex, 1 in": math.exp(12)},
            "The 12 of rex are bits, each of which halves the chance: take a power of 2.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "bits for nats",
            lambda: one_in() | {"ada, nats": math.log2(400), "rarer": 4.0},
            "Nats are asked for and binary logarithms taken: a nat is a factor of e.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "decimal for natural",
            lambda: one_in() | {"ada, nats": math.log10(400), "rarer": 100.0},
            "The logarithm is the decimal one: an NLL in nats takes the natural one, whose base is e.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "times for plus",
            lambda: one_in() | {"rarer": 2.0},
            "Two nats more are not twice as rare: NLLs add where chances multiply, by e for each nat.",
            "08 What does a model think of a name?",
        ),
        Mistake(
            "bits doubled",
            lambda: one_in() | {"rex, 1 in": 24.0},
            "The bits are multiplied by 2: 2 is raised to them.",
            "01 How good is it? Count → probability → loss",
        ),
        Mistake(
            "squared for e",
            lambda: one_in() | {"rarer": 2 * math.e},
            "The factor is e for each nat, e · e for two.",
            "08 What does a model think of a name?",
        ),
    ),
    hints=(
        "Multiply all four probabilities of ada, the end's too. One in how many is that?",
        "The NLL is the natural logarithm of this number.",
        "A bit is a factor of 2, a nat a factor of e.",
    ),
)

EXERCISES = (WITH_TEMPERATURE, DRAW_BY_HAND, RANK_OF, TOP_K, NAME_NLL, NEW_SHARE, ONE_IN)
