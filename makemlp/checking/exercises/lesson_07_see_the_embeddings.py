"""The exercises of lessons 07 and 07b (floor 3): what each asks for, and the mistakes that it knows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from makemlp.checking.comparing import THREE_DECIMALS
from makemlp.checking.drawing import LETTERS, Draws
from makemlp.checking.specification import Exercise, Mistake

# 07.1 nearest


def nearest(points: Tensor, symbols: str, symbol: str, k: int) -> str:
    return _first(lambda gaps: gaps.norm(dim=1))(points, symbols, symbol, k)


def _first(how_far: Callable[[Tensor], Tensor], last: bool = False, itself: bool = False) -> Callable[..., str]:
    """The k symbols for which `how_far` is least (or most), from each point's difference to the one asked for."""

    def find(points: Tensor, symbols: str, symbol: str, k: int) -> str:
        far = how_far(points - points[symbols.index(symbol)])  # (n,)
        order = [symbols[i] for i in far.argsort(descending=last).tolist()]
        return "".join(one for one in order if itself or one != symbol)[:k]

    return find


def _by_product(points: Tensor, symbols: str, symbol: str, k: int) -> str:
    products = points @ points[symbols.index(symbol)]  # (n,)
    return "".join(symbols[i] for i in products.argsort(descending=True).tolist() if symbols[i] != symbol)[:k]


def _nearest_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        symbols = LETTERS[: draws.integer(6, 10)]
        points = draws.normal(len(symbols), draws.integer(2, 5)) + 1  # a cloud beside 0, where products mislead
        return points, symbols, draws.choice(symbols), draws.integer(1, 4)

    by_hand = torch.tensor([[1.0, 0.0], [4.0, 0.0], [1.0, 4.0], [3.2, 2.0]])
    return [(by_hand, "abcd", "a", 2), (by_hand, "abcd", "b", 1), *(case() for _ in range(20))]


NEAREST = Exercise(
    number="07.1",
    name="nearest",
    reference=nearest,
    cases=_nearest_cases,
    mistakes=(
        Mistake(
            "itself included",
            _first(lambda gaps: gaps.norm(dim=1), itself=True),
            "The symbol is its own nearest here, at a distance of 0: leave it out.",
            "07b Ten numbers",
        ),
        Mistake(
            "farthest",
            _first(lambda gaps: gaps.norm(dim=1), last=True),
            "These are the farthest: sort the distances from the smallest up.",
            "07b Ten numbers",
        ),
        Mistake(
            "numbers for symbols",
            lambda points, symbols, symbol, k: [symbols.index(one) for one in nearest(points, symbols, symbol, k)],
            "These are the symbols' numbers: look each up in symbols, and join them.",
            "07b Ten numbers",
        ),
        Mistake(
            "nearest last",
            lambda *asked: nearest(*asked)[::-1],
            "The symbols are right, but the nearest comes last: begin with it.",
            "07b Ten numbers",
        ),
        Mistake(
            "product for distance",
            _by_product,
            "A product of two rows is large when both are long and point the same way: that isn't how close they are, "
            "so subtract the rows and take the length.",
            "07 How close is close?",
        ),
        Mistake(
            "differences added up",
            _first(lambda gaps: gaps.abs().sum(1)),
            "The differences are added up without their squares: that is the way along the streets, and the straight "
            "one is the root of the sum of squares.",
            "07 How close is close?",
        ),
        Mistake(
            "signs kept",
            _first(lambda gaps: gaps.sum(1)),
            "The differences are added up with their signs, so that one to the left makes up for one to the right: "
            "square them first.",
            "07 How close is close?",
        ),
        Mistake(
            "place by place",
            lambda points, symbols, symbol, k: "".join(one for one in symbols if one != symbol)[:k],
            "These are the first k symbols as they stand: sort them by distance first.",
            "07b Ten numbers",
        ),
        Mistake(
            "one too few",
            lambda points, symbols, symbol, k: nearest(points, symbols, symbol, k)[: k - 1],
            "There is one too few: the symbol itself took a place among the k, so leave it out before you cut.",
            "07b Ten numbers",
        ),
    ),
    hints=(
        "points - points[i] is every row less row i. How long is each of these differences?",
        "distances.argsort() gives the places from the nearest on; the symbol itself is among them, at 0.",
        'Skip the symbol itself, take k, and join them: "".join(…).',
    ),
)

# 07.2 mean_distance


def mean_distance(points: Tensor, members: list[int], others: list[int]) -> float:
    return _mean_of(points, members, others, math.hypot)


def _pairs(members: list[int], others: list[int]) -> list[tuple[int, int]]:
    """One of each, but no symbol with itself; what is in both groups comes there and back, as the mean wants it."""
    return [(i, j) for i in members for j in others if i != j]


def _mean_of(points: Tensor, members: list[int], others: list[int], size: Callable[..., float]) -> float:
    """The mean over all pairs when `size` makes a distance of the differences."""
    rows = points.tolist()
    gaps = [[a - b for a, b in zip(rows[i], rows[j], strict=True)] for i, j in _pairs(members, others)]
    return sum(size(*gap) for gap in gaps) / len(gaps)


def _from_far(
    combine: Callable[[list[float], int, int], float],
) -> Callable[[Tensor, list[int], list[int]], float]:
    """What `combine` makes of the distances of all pairs and the sizes of both groups."""

    def made(points: Tensor, members: list[int], others: list[int]) -> float:
        rows = points.tolist()
        far = [math.dist(rows[i], rows[j]) for i, j in _pairs(members, others)]
        return combine(far, len(members), len(others))

    return made


def _middles(points: Tensor, members: list[int], others: list[int]) -> float:
    return (points[members].mean(0) - points[others].mean(0)).norm().item()


def _to_the_middle(points: Tensor, members: list[int], others: list[int]) -> float:
    return (points[members] - points[others].mean(0)).norm(dim=1).mean().item()


def _nearest_of(points: Tensor, members: list[int], others: list[int]) -> float:
    rows = points.tolist()
    return sum(min(math.dist(rows[i], rows[j]) for j in others if j != i) for i in members) / len(members)


def _side_by_side(points: Tensor, members: list[int], others: list[int]) -> float:
    pairs = list(zip(members, others, strict=False))
    return sum(math.dist(points[i].tolist(), points[j].tolist()) for i, j in pairs) / len(pairs)


def _mean_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        n = draws.integer(6, 9)
        order = torch.randperm(n, generator=draws.generator).tolist()
        cut, shared = draws.integer(2, n - 3), draws.integer(0, 2)
        return draws.normal(n, draws.integer(1, 4)), order[:cut], order[cut - shared :]

    by_hand = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [9.0, 9.0]])
    return [(by_hand, [0], [1, 2]), (by_hand, [0, 1], [1, 2]), *(case() for _ in range(15))]


MEAN_DISTANCE = Exercise(
    number="07.2",
    name="mean_distance",
    reference=mean_distance,
    cases=_mean_cases,
    mistakes=(
        Mistake(
            "zeros counted",
            _from_far(lambda far, k, m: sum(far) / (k * m)),
            "A symbol of both groups has the distance 0 to itself, and these zeros make the mean too small: they are "
            "no pairs, so leave them out of the number, too.",
            "07 How close is close?",
        ),
        Mistake(
            "inside the first group",
            lambda points, members, others: (
                mean_distance(points, members * 2, members * 2) if members[1:] else math.nan
            ),
            "These are the distances inside the first group: take one symbol of each group.",
            "07 How close is close?",
        ),
        Mistake(
            "all in one group",
            lambda points, members, others: mean_distance(points, *([list(dict.fromkeys(members + others))] * 2)),
            "Both groups are thrown together: take one symbol of each group.",
            "07 How close is close?",
        ),
        Mistake(
            "sum for mean",
            _from_far(lambda far, k, m: sum(far)),
            "This is the sum over all pairs: divide by how many there are, or large groups never look close.",
            "07 How close is close?",
        ),
        Mistake(
            "divided by the members",
            _from_far(lambda far, k, m: sum(far) / k),
            "The sum is divided by the size of the first group: divide it by the number of pairs.",
            "07 How close is close?",
        ),
        Mistake(
            "divided by both sizes added",
            _from_far(lambda far, k, m: sum(far) / (k + m)),
            "The sum is divided by the number of symbols: divide it by the number of pairs, which is a product.",
            "07 How close is close?",
        ),
        Mistake(
            "squares averaged",
            _from_far(lambda far, k, m: sum(x**2 for x in far) / len(far)),
            "These are squared distances: take the root of each before the mean.",
            "07 How close is close?",
        ),
        Mistake(
            "between the middles",
            _middles,
            "This is how far the groups' middles are from each other: two groups that lie through each other have the "
            "same middle, and yet their symbols are apart.",
            "07 How close is close?",
        ),
        Mistake(
            "to the middle",
            _to_the_middle,
            "This is how far the first group's symbols are from the middle of the second: how far are they from each "
            "of its symbols?",
            "07 How close is close?",
        ),
        Mistake(
            "Manhattan distance",
            lambda *given: _mean_of(*given, lambda *gap: sum(map(abs, gap))),
            "The differences are added up without their squares: that is the way along the streets, and the straight "
            "one is the root of the sum of squares.",
            "07 How close is close?",
        ),
        Mistake(
            "largest for mean",
            _from_far(lambda far, k, m: max(far)),
            "This is the largest distance: the mean over all pairs is asked for.",
            "07 How close is close?",
        ),
        Mistake(
            "only the nearest",
            _nearest_of,
            "Each symbol is paired with the nearest one of the other group only: every one of the first and every one "
            "of the second are a pair.",
            "07 How close is close?",
        ),
        Mistake(
            "side by side in the lists",
            _side_by_side,
            "Only what stands at the same place of both lists is paired: every one of the first and every one of the "
            "second are a pair.",
            "07 How close is close?",
        ),
    ),
    hints=(
        "With i running over the members and j over the others, each pair comes once. Which pairs don't count?",
        "Or a table: points[members][:, None] − points[others][None] has a row for each member and a column for each "
        "other.",
        "A symbol of both groups has a 0 in that table, which adds nothing to the sum. By how many do you divide?",
    ),
)

# 07.3 p_value


def p_value(by_chance: Tensor, observed: float) -> float:
    return (1 + _as_close(by_chance, observed)) / (1 + len(by_chance))


def _as_close(by_chance: Tensor, observed: float) -> int:
    return sum(one <= observed for one in by_chance.tolist())


def _p_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        by_chance = draws.integers(20, draws.integer(9, 200)) / 4
        return by_chance, draws.integer(0, 20) / 4  # quarters, so that some are equal

    by_hand = torch.tensor([1.0, 1.5, 2.0, 0.5])
    return [(by_hand, 1.0), (by_hand, 0.25), *(case() for _ in range(20))]


P_VALUE = Exercise(
    number="07.3",
    name="p_value",
    reference=p_value,
    cases=_p_cases,
    mistakes=(
        Mistake(
            "without the group itself",
            lambda by_chance, observed: _as_close(by_chance, observed) / len(by_chance),
            "The group itself is left out, so p may come out as 0, which no number of draws can show: add 1 above and "
            "below.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "farther instead of closer",
            lambda by_chance, observed: (1 + (by_chance >= observed).sum().item()) / (1 + len(by_chance)),
            "This counts the groups that are at least as far apart: a close group has a small distance, so count those "
            "that are not above it.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "equal ones left out",
            lambda by_chance, observed: (1 + (by_chance < observed).sum().item()) / (1 + len(by_chance)),
            "Groups that are exactly as close are not counted: they are as close, too, so <=.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "count for share",
            lambda by_chance, observed: 1 + _as_close(by_chance, observed),
            "This is a count: p is a share, so divide by the number of groups.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "one added above only",
            lambda by_chance, observed: (1 + _as_close(by_chance, observed)) / len(by_chance),
            "The group itself is counted above but not below, so that p can be more than 1.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "one added below only",
            lambda by_chance, observed: _as_close(by_chance, observed) / (1 + len(by_chance)),
            "The group itself is counted below but not above, though it is as close as itself.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "all but p",
            lambda by_chance, observed: 1 - p_value(by_chance, observed),
            "This is 1 − p, the share of groups that are not as close.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "two added below",
            lambda by_chance, observed: (1 + _as_close(by_chance, observed)) / (2 + len(by_chance)),
            "2 is added below: your group is one more, so 1.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "percent",
            lambda by_chance, observed: 100 * p_value(by_chance, observed),
            "This is in percent: p lies between 0 and 1.",
            "07 Would luck do as well?",
        ),
    ),
    hints=(
        "(by_chance <= observed) is True where a random group is as close.",
        "How many are as close, with the group itself? Of how many, with it?",
    ),
)

# 07.4 over_seeds


def over_seeds(maps: Tensor) -> Tensor:
    seeds, n, _ = maps.shape
    total = torch.zeros(n, n, dtype=torch.float64)
    for cloud in maps.tolist():
        table = [[math.dist(one, other) for other in cloud] for one in cloud]
        usual = sum(map(sum, table)) / (n * (n - 1))
        total += torch.tensor(table, dtype=torch.float64) / usual
    return total.float() / seeds


def _distances(points: Tensor) -> Tensor:
    """(…, n, dims) to (…, n, n)."""
    return (points.unsqueeze(-2) - points.unsqueeze(-3)).norm(dim=-1)


def _scaled(tables: Tensor) -> Tensor:
    """Each table (seeds, n, n) divided by its own mean over two different symbols."""
    n = tables.shape[-1]
    return tables / (tables.sum((1, 2), keepdim=True) / (n * (n - 1)))


def _maps_cases(draws: Draws) -> list[tuple]:
    by_hand = torch.tensor([[[0.0], [1.0], [3.0]], [[0.0], [4.0], [2.0]]])
    sizes = [(draws.integer(2, 4), draws.integer(5, 7), draws.integer(1, 3)) for _ in range(10)]
    scales = [1 + 4 * draws.uniform(size[0], 1, 1) for size in sizes]
    return [(by_hand,), *((scale * draws.normal(*size),) for size, scale in zip(sizes, scales, strict=True))]


OVER_SEEDS = Exercise(
    number="07.4",
    name="over_seeds",
    reference=over_seeds,
    cases=_maps_cases,
    mistakes=(
        Mistake(
            "sizes left as they are",
            lambda maps: _distances(maps).mean(0),
            "The largest map decides: divide each table by its own mean distance before you take the mean.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "divided after the mean",
            lambda maps: _scaled(_distances(maps).mean(0)[None])[0],
            "The division comes after the mean over the seeds, where the largest map has decided already: divide each "
            "table before.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "zeros counted",
            lambda maps: _distances(maps).div(_distances(maps).mean((1, 2), keepdim=True)).mean(0),
            "The mean of a table counts the zeros of its diagonal, which are no pairs: n symbols have n · (n − 1) "
            "distances to others.",
            "07 How close is close?",
        ),
        Mistake(
            "maps as long as one",
            lambda maps: _distances(maps / maps.norm(dim=(1, 2), keepdim=True)).mean(0),
            "Each map is divided by its own length: divide its table by its mean distance.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "divided by the largest",
            lambda maps: (_distances(maps) / _distances(maps).amax((1, 2), keepdim=True)).mean(0),
            "Each table is divided by its largest distance: divide by its mean distance.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "maps averaged",
            lambda maps: _scaled(_distances(maps.mean(0))[None])[0],
            "The maps are averaged, and then measured: but each seed turns its map another way, and the mean of turned "
            "maps is a heap in the middle. Measure each, then take the mean.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "sum for mean",
            lambda maps: _scaled(_distances(maps)).sum(0),
            "This is the sum over the seeds: divide by how many there are.",
            "07b Ten numbers",
        ),
        Mistake(
            "first seed only",
            lambda maps: _scaled(_distances(maps))[0],
            "Only the first seed is measured: a map of one run shows that run, its random start included.",
            "07 Other seeds",
        ),
        Mistake(
            "last seed only",
            lambda maps: _scaled(_distances(maps))[-1],
            "Only the last seed is measured: the mean is over all of them.",
            "07 Other seeds",
        ),
        Mistake(
            "squares averaged",
            lambda maps: _scaled(_distances(maps) ** 2).mean(0),
            "These are squared distances: take the root of each sum before the mean.",
            "07 How close is close?",
        ),
        Mistake(
            "every seed by itself",
            lambda maps: _scaled(_distances(maps)),
            "There is still a table for each seed: take their mean.",
            "07b Ten numbers",
        ),
        Mistake(
            "Manhattan distance",
            lambda maps: _scaled((maps.unsqueeze(2) - maps.unsqueeze(1)).abs().sum(-1)).mean(0),
            "The differences are added up without their squares: the straight distance is the root of the sum of "
            "squares.",
            "07 How close is close?",
        ),
    ),
    hints=(
        "For one map C: (C[:, None] - C[None]).norm(dim=2) is its table of distances.",
        "Its mean distance: the table's sum divided by n · (n − 1), because the n zeros of the diagonal are no pairs.",
        "Divide each table by its own, then stack them and take the mean over dimension 0.",
    ),
)

# 07.5 shape_of


def shape_of(points: Tensor) -> Tensor:
    return _to_size_one(points - points.mean(0))


def _to_size_one(points: Tensor) -> Tensor:
    return points / (points**2).sum().sqrt()


def _shape_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        n, dims = draws.integer(4, 9), draws.integer(2, 4)
        return (draws.integer(1, 9) * (draws.normal(n, dims) * torch.arange(1.0, dims + 1) + draws.normal(dims)),)

    return [(torch.tensor([[1.0, 5.0], [4.0, 5.0], [1.0, 1.0], [4.0, 1.0]]),), *(case() for _ in range(15))]


SHAPE_OF = Exercise(
    number="07.5",
    name="shape_of",
    reference=shape_of,
    cases=_shape_cases,
    mistakes=(
        Mistake(
            "not moved",
            _to_size_one,
            "The cloud is where it was: first subtract its middle.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "size kept",
            lambda points: points - points.mean(0),
            "The cloud is moved, but has its old size: divide by the root of the sum of all squares.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "one mean for all",
            lambda points: _to_size_one(points - points.mean()),
            "One mean of all numbers is subtracted: the middle has a number for each column, mean(0).",
            "07 Turn one map onto another",
        ),
        Mistake(
            "mean of each row",
            lambda points: _to_size_one(points - points.mean(1, keepdim=True)),
            "Each row loses its own mean, which bends the shape: the middle is the mean over the points, mean(0).",
            "07 Turn one map onto another",
        ),
        Mistake(
            "columns by themselves",
            lambda points: (points - points.mean(0)) / ((points - points.mean(0)) ** 2).sum(0).sqrt(),
            "Each column is divided by its own size, so a long cloud becomes a round one: one size for all keeps the "
            "shape.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "rows by themselves",
            lambda points: (points - points.mean(0)) / (points - points.mean(0)).norm(dim=1, keepdim=True),
            "Each row is divided by its own length, so all points lie on a circle: one size for all keeps the shape.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "root left out",
            lambda points: (points - points.mean(0)) / ((points - points.mean(0)) ** 2).sum(),
            "The cloud is divided by the sum of the squares: it is the root of it that makes them add up to 1.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "size of the old place",
            lambda points: (points - points.mean(0)) / (points**2).sum().sqrt(),
            "The size is measured before the cloud was moved, so it has the way from 0 in it: move first.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "largest for size",
            lambda points: (points - points.mean(0)) / (points - points.mean(0)).abs().max(),
            "The largest number becomes 1: it is the sum of the squares that is to be 1.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "mean square",
            lambda points: _to_size_one(points - points.mean(0)) * points.numel() ** 0.5,
            "The mean of the squares is 1 here: their sum is to be 1.",
            "07 Turn one map onto another",
        ),
    ),
    hints=(
        "Two steps: put the middle at 0, then make the squares add up to 1.",
        "points.mean(0) is the middle, a number for each column.",
        "(centred**2).sum() is what the squares add up to. By what must each number be divided to make it 1?",
    ),
)

# 07.6 explained


def explained(points: Tensor, dims: int) -> float:
    return _explained(points - points.mean(0), slice(dims))


def _explained(points: Tensor, which: slice, power: int = 2) -> float:
    """The share of some directions, from a cloud as it stands."""
    sizes = torch.linalg.svdvals(points.double()) ** power
    return (sizes[which].sum() / sizes.sum()).item()


def _columns(points: Tensor, dims: int) -> float:
    spread = points.var(0)
    return (spread[:dims].sum() / spread.sum()).item()


def _explained_cases(draws: Draws) -> list[tuple]:
    def case() -> tuple:
        width = draws.integer(3, 6)
        stretched = draws.normal(draws.integer(8, 12), width) * (1 + 2 * draws.uniform(width))
        return stretched + 2 * draws.normal(width), draws.integer(1, width - 1)

    by_hand = torch.tensor([[4.0, 3.0], [-2.0, -3.0], [2.0, -1.0], [0.0, 1.0]])  # the lesson's cross, moved by (1, 0)
    return [(by_hand, 1), *(case() for _ in range(15))]


EXPLAINED = Exercise(
    number="07.6",
    name="explained",
    reference=explained,
    cases=_explained_cases,
    mistakes=(
        Mistake(
            "not centred",
            lambda points, dims: _explained(points, slice(dims)),
            "The cloud is not centred: the first direction then points from 0 to its middle, which says nothing about "
            "its form.",
            "07b Ten numbers",
        ),
        Mistake(
            "squares left out",
            lambda points, dims: _explained(points - points.mean(0), slice(dims), 1),
            "The singular values are not squared: variance goes with their squares, S**2.",
            "07b Ten numbers",
        ),
        Mistake(
            "one direction only",
            lambda points, dims: _explained(points - points.mean(0), slice(dims - 1, dims)),
            "This is one direction's share: add up those of the first dims directions.",
            "07b Ten numbers",
        ),
        Mistake(
            "what is left",
            lambda points, dims: 1 - explained(points, dims),
            "This is the share of the other directions, which the picture leaves out.",
            "07b Ten numbers",
        ),
        Mistake(
            "columns for directions",
            _columns,
            "These are the first columns of the table: PCA looks for the widest directions, which may lie across them.",
            "07b Ten numbers",
        ),
        Mistake(
            "variance for share",
            lambda points, dims: (torch.linalg.svdvals(points - points.mean(0))[:dims] ** 2).sum().item(),
            "This is not a share yet: divide by the sum over all directions.",
            "07b Ten numbers",
        ),
        Mistake(
            "mean of each row",
            lambda points, dims: _explained(points - points.mean(1, keepdim=True), slice(dims)),
            "Each row loses its own mean: the middle of the cloud is the mean over the points, mean(0).",
            "07b Ten numbers",
        ),
        Mistake(
            "last directions",
            lambda points, dims: _explained(points - points.mean(0), slice(-dims, None)),
            "These are the narrowest directions: singular values come with the widest first.",
            "07b Ten numbers",
        ),
        Mistake(
            "percent",
            lambda points, dims: 100 * explained(points, dims),
            "This is in percent: a share lies between 0 and 1.",
            "07b Ten numbers",
        ),
    ),
    hints=(
        "Subtract the middle, points.mean(0), then torch.linalg.svd or svdvals gives the singular values S.",
        "S**2 says how wide the cloud is along each direction, the widest first.",
        "The first dims of these, as a share of all.",
    ),
)

# 07.7 luck


def luck() -> dict:
    return {"pairs": 10, "as close": 0.2, "p": 0.04, "smallest p": 0.005, "close enough": 9}


LUCK = Exercise(
    number="07.7",
    name="luck",
    reference=luck,
    tolerance=THREE_DECIMALS,
    mistakes=(
        Mistake(
            "pairs counted twice",
            lambda: luck() | {"pairs": 20},
            "Each pair is counted twice, there and back: 5 · 4 / 2.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "group itself left out",
            lambda: luck() | {"as close": 0.1, "p": 7 / 199, "smallest p": 0.0},
            "The group itself is not counted: it is one of all pairs, and one more than the 199 that were drawn.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "one too many",
            lambda: luck() | {"as close": 3 / 11},
            "Among all pairs the group is already there: 1 is added only when groups are drawn.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "counts for shares",
            lambda: luck() | {"as close": 2.0, "p": 8.0, "smallest p": 1.0},
            "These are counts: divide each by how many there are.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "farther instead of closer",
            lambda: luck() | {"as close": 0.9, "p": 193 / 200},
            "These are the pairs that are at least as far apart: close ones are asked for.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "your own not counted",
            lambda: luck() | {"close enough": 10},
            "With 10 random groups as close p is (1 + 10) / 200, which is above 0.05: your own group counts, too.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "pairs with themselves",
            lambda: luck() | {"pairs": 15},
            "Each point is paired with itself here: a pair has two different points.",
            "07 Would luck do as well?",
        ),
    ),
    hints=(
        "The ten distances: 1, 3, 7, 12, 2, 6, 11, 4, 9, 5. Which are not above 2?",
        "With draws, the group itself is added to both: (1 + 7) / (1 + 199).",
        "Of 200 groups, yours among them, at most 5 % may be as close. How many is that, and how many without yours?",
    ),
)

# 07.8 what_changes


def what_changes() -> dict:
    return {
        "row of a": ["turned", "moved", "doubled"],
        "distance of a and e": ["doubled"],
        "nearest to a": [],
        "p of the vowels": [],
        "product of a and e": ["moved", "doubled"],
        "first share of PCA": [],
    }


WHAT_CHANGES = Exercise(
    number="07.8",
    name="what_changes",
    reference=what_changes,
    mistakes=(
        Mistake(
            "p grows with the map",
            lambda: what_changes() | {"p of the vowels": ["doubled"]},
            "On a map twice as large the vowels are twice as far apart, but so is every random group: p stays.",
            "07 Would luck do as well?",
        ),
        Mistake(
            "distance tied to a place",
            lambda: what_changes() | {"distance of a and e": ["moved", "doubled"]},
            "A distance doesn't change when both points are moved alike: what is added to both falls out in the "
            "difference.",
            "07 How close is close?",
        ),
        Mistake(
            "product like a distance",
            lambda: what_changes() | {"product of a and e": ["doubled"]},
            "A product of two rows isn't like a distance: it is measured from 0, so moving the map changes it.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "turning changes the product",
            lambda: what_changes() | {"product of a and e": ["turned", "moved", "doubled"]},
            "The product is made of two lengths and the angle between them, and turning about 0 changes none of these.",
            "07 Turn one map onto another",
        ),
        Mistake(
            "PCA not centred",
            lambda: what_changes() | {"first share of PCA": ["moved"]},
            "PCA begins by subtracting the middle, so it doesn't matter where the map lies.",
            "07b Ten numbers",
        ),
        Mistake(
            "variance for share",
            lambda: what_changes() | {"first share of PCA": ["doubled"]},
            "The variance grows with the map, along all directions alike: their shares stay.",
            "07b Ten numbers",
        ),
        Mistake(
            "row stays",
            lambda: what_changes() | {"row of a": ["moved", "doubled"]},
            "Turning about 0 keeps how far a is from 0, but not its two numbers.",
            "07 Turn one map onto another",
        ),
    ),
    hints=(
        "Try it with a = (1, 0) and e = (0, 2): turned by a quarter they are (0, 1) and (−2, 0).",
        "Which of the six begin with a difference of two rows, or subtract the middle?",
        "Which of them are shares or comparisons, so that a factor falls out?",
    ),
)

EXERCISES = (
    *(NEAREST, MEAN_DISTANCE, P_VALUE, OVER_SEEDS),
    *(SHAPE_OF, EXPLAINED, LUCK, WHAT_CHANGES),
)
