"""Embeddings on a map (floor 3): lessons 07 and 07b."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.embeddings import align, distances, neighbours, pca
from makemlp.figures.base import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    how_close,
    letter_map,
    literal,
    marks,
    picture,
    quoted,
    ring,
    shown,
)
from makemlp.mlp import MLP
from makemlp.sampling import sample

NUMBERS = {"xlabel": "first number", "ylabel": "second number"}


def flattened(points: Tensor) -> Tensor:
    """Points (n, dims) as (n, 2): along their two widest directions, when there are more."""
    return pca(points)[0] if points.shape[1] > 2 else torch.nn.functional.pad(points, (0, 2 - points.shape[1]))


def _width(points: Tensor) -> float:
    """How far a cloud (n, 2) reaches, across or upwards, whichever is more."""
    return float((points.amax(0) - points.amin(0)).max())


@picture(6.0, 5.6)
def embedding_map(fig: Figure, points: Tensor, vocab: Vocabulary) -> str:
    """Each symbol at its point, of `points` (vocab_size, 2)."""
    letter_map(fig.subplots(), points, vocab, gap=0.05 * _width(points), title=marks(vocab), **NUMBERS)
    farthest = shown(vocab.itos[int((points - points.mean(0)).norm(dim=1).argmax())])
    close = how_close(points, vocab)
    return f"Map of {len(vocab)} symbols: {close}. Farthest from the middle is '{farthest}'."


@picture(8.0, 3.0)
def chance_histogram(fig: Figure, by_chance: Tensor, true: float) -> str:
    """Mean distances within groups drawn at random, `by_chance` (times,), with the true group's marked."""
    axes = fig.subplots()
    axes.hist(by_chance.numpy(), bins=60, color=GREY)
    axes.axvline(true, color=ORANGE, linewidth=2.5)
    axes.annotate(f" the group: {true:.2f}", (true, 0.9), xycoords=("data", "axes fraction"), color=INK)
    axes.set(xlabel="mean distance within a group", ylabel="groups drawn")
    share = float((by_chance <= true).float().mean())
    few = f"{share:.0%}" if share >= 0.01 else "less than 1%"
    low, high = by_chance.min(), by_chance.max()
    return (
        f"Histogram of the mean distance within each of {len(by_chance):,} groups drawn at random, from {low:.1f} to "
        f"{high:.1f}. A line marks the group in question at {true:.1f}: {few} of the others lie to its left."
    )


@picture(10.0, 4.8)
def snapshot(fig: Figure, frames: Mapping[int, MLP], losses: Sequence[float], vocab: Vocabulary, step: int) -> str:
    """A run at one of its steps: the loss until then, names of that moment, and each symbol's way over the map.

    `frames` holds copies of the model by the steps it had taken, `losses` the whole run's. The axes are the same for
    every step. More than two numbers per symbol are drawn along the two widest directions of all frames together.
    """
    if step not in frames:
        raise ValueError(f"There is no frame of step {step}: choose one of {', '.join(map(str, frames))}.")
    ways = torch.stack([model.C.detach() for model in frames.values()])  # (frames, vocab_size, emb_dim)
    ways = flattened(ways.flatten(0, 1)).view(len(frames), len(vocab), 2)
    until = ways[: list(frames).index(step) + 1]
    left, right = fig.subplots(1, 2, width_ratios=(4, 5))
    left.plot(losses, color=GREY, linewidth=0.8, alpha=0.5)  # pale, to be known from the other in grey
    left.plot(losses[: step + 1], color=BLUE)
    left.set(xlabel="step", ylabel="loss (nats per character)", title=f"step {step}")
    names = sample(frames[step], vocab, 3, seed=0, max_length=20)
    made = literal("\n".join(["it makes up", *names]))
    left.text(0.98, 0.97, made, transform=left.transAxes, ha="right", va="top")
    right.plot(*until.permute(2, 0, 1).numpy(), color=BLUE, linewidth=0.7, alpha=0.5)
    limit = 1.1 * float(ways.abs().max())
    letter_map(right, until[-1], vocab, limit, title="embeddings, and the way they came", **NUMBERS)
    now = losses[min(step, len(losses) - 1)]
    way = float((until[-1] - until[0]).norm(dim=1).mean())
    return (
        f"At step {step} the loss is {now:.2f}; the symbols are {way:.1f} from where they began, on average. "
        f"Names it makes up: {', '.join(names)}."
    )


@picture(10.0, 5.6)
def seed_maps(fig: Figure, maps: Sequence[Tensor], vocab: Vocabulary) -> str:
    """Small maps (vocab_size, 2), one for each seed, side by side."""
    columns = min(4, len(maps))
    panels = fig.subplots(math.ceil(len(maps) / columns), columns, squeeze=False).flatten()
    for seed, axes in enumerate(panels[: len(maps)]):
        letter_map(axes, maps[seed], vocab, gap=0.07 * _width(maps[seed]), title=f"seed {seed}")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
    for axes in panels[len(maps) :]:
        axes.set_axis_off()
    said = "; ".join(f"seed {seed}: {how_close(points, vocab)}" for seed, points in enumerate(maps))
    return f"{len(maps)} maps of {len(vocab)} symbols. {said}."


@picture(10.0, 5.2)
def seed_spread(fig: Figure, aligned: Mapping[str, Tensor], vocab: Vocabulary) -> str:
    """Where each seed puts each symbol: clouds (seeds, vocab_size, 2) that were aligned, a panel for each label.

    A symbol is written at its mean place, with a line to its place under each seed. The farthest twentieth of the lines
    run out of the frame, or a few of them would press all letters into a heap.
    """
    panels = fig.subplots(1, len(aligned), squeeze=False)[0]
    said = []
    for axes, (label, maps) in zip(panels, aligned.items(), strict=True):
        middle = maps.mean(0)  # (vocab_size, 2)
        for points in maps:
            axes.plot(*torch.stack([points, middle]).permute(2, 0, 1).numpy(), color=BLUE, linewidth=0.5, alpha=0.6)
            axes.plot(*points.T, ".", color=BLUE, markersize=3, alpha=0.6)
        reach = float(torch.quantile((maps - middle.mean(0)).abs().amax(dim=2), 0.95))
        reach = max(reach, 1.15 * float((middle - middle.mean(0)).abs().max()))  # no letter leaves it
        letter_map(axes, middle, vocab, gap=0.09 * reach, title=label, **NUMBERS)
        x, y = middle.mean(0).tolist()
        axes.set_aspect("equal", adjustable="box")  # the limits are given, so it is the frame that gives way
        axes.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach))
        wander = (maps - middle).norm(dim=2).mean() / (middle - middle.mean(0)).norm(dim=1).mean()
        said.append(f"{label}: {wander:.1f}")
    return (
        f"Mean places of {len(vocab)} symbols over {len(next(iter(aligned.values())))} seeds, with a line to each "
        f"seed's own. How far a seed's place is from the mean one, as a share of the map's size: {'; '.join(said)}."
    )


@picture(10.0, 3.4)
def turning(fig: Figure, points: Tensor, onto: Tensor, vocab: Vocabulary) -> str:
    """How `align` lays `points` (vocab_size, 2) upon `onto`, in four panels, with what still differs in each.

    First both are put around 0 and made equally large; then the cloud is mirrored, where that helps, and turned in
    three parts. A line leads from each symbol, which is written at its place in `onto`, to its place in the cloud.
    """
    cloud, target = (C - C.mean(0) for C in (points, onto))
    cloud = cloud * (target.norm() / cloud.norm())
    U, _, Vh = torch.linalg.svd(cloud.T @ target)
    mirror = torch.tensor([[1.0, 0.0], [0.0, float(torch.det(U @ Vh).sign())]])
    (cosine, sine), _ = (mirror @ U @ Vh).tolist()
    whole = math.atan2(sine, cosine)
    mirrored = "mirrored, " if mirror[1, 1] < 0 else ""
    said = []
    for axes, part in zip(fig.subplots(1, 4), (None, 1 / 3, 2 / 3, 1), strict=True):
        turn = torch.eye(2)
        if part is not None:
            cosine, sine = math.cos(part * whole), math.sin(part * whole)
            turn = mirror @ torch.tensor([[cosine, sine], [-sine, cosine]])
        moved = align(points, onto)[0] - onto.mean(0) if part == 1 else cloud @ turn  # (vocab_size, 2)
        residual = float(((moved - target) ** 2).sum() / (target**2).sum())
        what = "as it was" if part is None else f"{mirrored}turned by {abs(math.degrees(part * whole)):.0f}°"
        axes.plot(*torch.stack([target, moved]).permute(2, 0, 1).numpy(), color=BLUE, linewidth=0.8)
        axes.plot(*moved.T, ".", color=BLUE, markersize=5)
        letter_map(axes, target, vocab, 1.2 * float(target.abs().max()), gap=0.07 * _width(target))
        axes.set(xticks=[], yticks=[], title=f"{what}\nresidual {residual:.2f}")
        axes.spines[:].set_visible(True)
        said.append(f"{what} {residual:.2f}")
    return f"{len(vocab)} symbols of one map are laid upon those of another. The residual: {'; '.join(said)}."


@picture(9.0, 4.0)
def two_seeds(fig: Figure, measures: Mapping[str, tuple[Tensor, Tensor]]) -> str:
    """The same pairs of letters measured in two networks (pairs,) each: a panel and a correlation for each measure."""
    panels = fig.subplots(1, len(measures), squeeze=False)[0]
    said = []
    for axes, (label, (one, other)) in zip(panels, measures.items(), strict=True):
        r = float(torch.corrcoef(torch.stack([one, other]))[0, 1])
        axes.plot(one, other, "o", color=BLUE, markersize=4, alpha=0.5)
        axes.set(title=f"{label}: correlation {r:.2f}", xlabel="in the network of one seed", ylabel="of another")
        said.append(f"{label} {r:.2f}")
    pairs = len(next(iter(measures.values()))[0])
    return f"{pairs} pairs of letters in two networks, as dots. Correlation: {', '.join(said)}."


@picture(8.0, 3.2)
def explained_variance(fig: Figure, shares: Mapping[str, Tensor]) -> str:
    """Each direction's share of the variance (dims,), as bars beside each other for each label."""
    axes = fig.subplots()
    width = 0.8 / len(shares)
    looks = itertools.cycle(zip((BLUE, ORANGE, GREEN), ("", "///", "..."), strict=True))
    said = []
    for place, ((label, share), (color, hatch)) in enumerate(zip(shares.items(), looks, strict=False)):
        x = np.arange(1, len(share) + 1) + width * (place - (len(shares) - 1) / 2)
        two = f"{float(share[:2].sum()):.0%}"
        bars = {"color": color, "hatch": hatch, "edgecolor": "white"}
        axes.bar(x, 100 * share.numpy(), width, label=f"{label}: {two} in the first two", **bars)
        said.append(f"{label} {two}")
    longest = max(len(share) for share in shares.values())
    axes.set(xlabel="direction, widest first", ylabel="share of the variance (%)", xticks=range(1, longest + 1))
    axes.legend(loc="best")
    return f"Bars of each direction's share of the variance. In the first two together: {', '.join(said)}."


@picture(10.0, 4.6)
def nearest(fig: Figure, C: Tensor, vocab: Vocabulary, symbol: str, k: int = 8) -> str:
    """A symbol's nearest others in all dimensions of C (vocab_size, emb_dim), and where a flat map has them."""
    here, distance, flat = vocab.itos.index(symbol), distances(C), flattened(C)
    near = neighbours(distance, min(k, len(vocab) - 1))[here].tolist()
    left, right = fig.subplots(1, 2, width_ratios=(4, 5))
    left.barh([quoted(vocab.itos[i]) for i in near], distance[here, near].numpy(), color=BLUE)
    left.invert_yaxis()
    left.set(
        xlabel=f"distance in {C.shape[1]} dimensions", ylabel="symbol", title=literal(f"nearest to '{shown(symbol)}'")
    )
    for i in near[:3]:
        right.plot(*flat[[here, i]].T, color=BLUE, linewidth=1.2)
    ring(right, *flat[here].tolist(), size=22)
    labels = {
        "xlabel": "widest direction",
        "ylabel": "second widest",
        "title": "on a flat map: lines to the first three",
    }
    letter_map(right, flat, vocab, gap=0.06 * _width(flat), **labels)
    both = set(near[:3]) & set(neighbours(distances(flat), len(near[:3]))[here].tolist())
    first = ", ".join(f"'{shown(vocab.itos[i])}'" for i in near[:3])
    return (
        f"Nearest to '{shown(symbol)}' in {C.shape[1]} dimensions are {first}. "
        f"On the flat map {len(both)} of these are among its three nearest."
    )
