"""Clouds of points (floor 1): how close, how many directions, how alike; for embeddings, but for any points.

A cloud is a tensor (n, dims), one row per point: an embedding matrix `C`, for example.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def check_points(*clouds: Tensor) -> None:
    """Raise a ValueError that says what keeps `clouds` from being clouds of points (n, dims) of one shape."""
    for points in clouds:
        if points.ndim != 2 or len(points) < 2:
            raise ValueError(f"The points have the shape {tuple(points.shape)}: pass two rows or more, one per point.")
        if not points.isfinite().all():
            raise ValueError("Some points are not numbers: train the model again with a lower learning rate.")
        if (points == points[0]).all():
            raise ValueError("All points stand at the same place: there is nothing to compare.")
        if points.shape != clouds[0].shape:
            shapes = " and ".join(str(tuple(cloud.shape)) for cloud in clouds)
            raise ValueError(f"The clouds have the shapes {shapes}: pass clouds of the same points in the same order.")


def check_group(distance: Tensor, members: Sequence[int]) -> None:
    """Raise a ValueError that says what keeps `members` from being a group of the points of `distance` (n, n)."""
    numbers = [int(i) for i in members]
    if len(set(numbers)) < max(2, len(numbers)):
        raise ValueError(f"The group is {numbers}: pass two different points or more, each once.")
    if min(numbers) < 0 or max(numbers) >= len(distance):
        raise ValueError(f"The group is {numbers}, and the points are numbered from 0 to {len(distance) - 1}.")


def check_count(name: str, number: int, most: int | None = None) -> None:
    """Raise a ValueError that names a number which is not a whole one from 1 to `most`."""
    if not isinstance(number, int) or number < 1 or (most is not None and number > most):
        upper = "1 or more" if most is None else f"from 1 to {most}"
        raise ValueError(f"{name} is {number!r}: pass a whole number, {upper}.")


def distances(points: Tensor) -> Tensor:
    """How far every point is from every other.

    Parameters
    ----------
    points : (n, dims)

    Returns
    -------
    (n, n), with zeros on the diagonal.

    Raises
    ------
    ValueError
        for fewer than two points, points that are not finite, or points all at one place.

    Source: lesson 07.
    """
    check_points(points)
    return (points[:, None] - points[None]).norm(dim=2)  # (n, n)


def group_distance(distance: Tensor, members: Sequence[int]) -> Tensor:
    """The mean distance between any two of a group.

    Parameters
    ----------
    distance : (n, n), as `distances` gives them.
    members : the numbers of the group's points, two or more.

    Returns
    -------
    Tensor of shape ()

    Source: lesson 07.
    """
    inside = distance[members][:, members]  # (k, k), zeros on the diagonal
    return inside.sum() / (len(members) * (len(members) - 1))


def permutation_test(
    distance: Tensor, members: Sequence[int], times: int = 10_000, seed: int = 0
) -> tuple[float, Tensor]:
    """How often a group drawn at random is as close together as the group `members`.

    Parameters
    ----------
    distance : (n, n), as `distances` gives them.
    members : the numbers of the group's points, two or more.
    times : how many groups of the same size to draw.
    seed : of the draws.

    Returns
    -------
    p : the share of groups that are as close; the group itself counts as one more draw, so that p is never 0.
    by_chance : (times,), the mean distance within each group drawn.

    Raises
    ------
    ValueError
        for a group of fewer than two, one that names a point twice or one that is not there, or for no draws.

    Source: lesson 07.
    """
    check_group(distance, members)
    check_count("times", times)
    g = torch.Generator().manual_seed(seed)
    groups = [torch.randperm(len(distance), generator=g)[: len(members)] for _ in range(times)]
    by_chance = torch.stack([group_distance(distance, group) for group in groups])  # (times,)
    limit = group_distance(distance, members) * 1.00001  # a sum in another order is rounded anew
    return (1 + (by_chance <= limit).sum().item()) / (1 + times), by_chance


def neighbours(distance: Tensor, k: int = 3) -> Tensor:
    """Each point's `k` nearest others, the nearest first.

    Parameters
    ----------
    distance : (n, n), as `distances` gives them.
    k : from 1 to n - 1.

    Returns
    -------
    (n, k) int64

    Raises
    ------
    ValueError
        for a k of less than 1 or more than there are others.

    Source: lesson 07b.
    """
    check_count("k", k, len(distance) - 1)
    others = distance.clone().fill_diagonal_(math.inf)  # (n, n), no point is its own neighbour
    return others.argsort(1)[:, :k]


def alike(points: Tensor, chosen: Sequence[int], k: int = 6) -> tuple[Tensor, Tensor]:
    """The `k` others whose rows point most nearly in the direction of each chosen one: by cosine.

    Parameters
    ----------
    points : (n, dims), a row per point; a row of zeros points nowhere, and has a cosine of 0 with all.
    chosen : the numbers of the points asked for, m of them.
    k : from 1 to n - 1.

    Returns
    -------
    near : (m, k) int64, the nearest first.
    cosines : (m, k), from -1 to 1.

    Raises
    ------
    ValueError
        for fewer than two points, points that are not finite, or a k of less than 1 or more than there are others.

    Source: lesson 10b.
    """
    check_points(points)
    check_count("k", k, len(points) - 1)
    directions = torch.nn.functional.normalize(points, dim=1)  # (n, dims), each of length 1
    chosen = torch.as_tensor(chosen)
    cosines = directions[chosen] @ directions.T  # (m, n)
    cosines[torch.arange(len(chosen)), chosen] = -math.inf  # no point is its own neighbour
    cosines, near = cosines.topk(k, dim=1)
    return near, cosines


def pca(points: Tensor, dims: int = 2) -> tuple[Tensor, Tensor]:
    """A cloud seen from the side on which it is widest: principal component analysis.

    Parameters
    ----------
    points : (n, emb_dim)
    dims : how many directions to keep; no more than emb_dim and n.

    Returns
    -------
    projected : (n, dims), the points along the widest directions, their mean at 0.
    shares : (min(n, emb_dim),), each direction's share of the variance, the largest first; they sum to one.

    A direction and its opposite are equally wide; the one whose largest component is positive is taken.

    Raises
    ------
    ValueError
        for fewer than two points, points that are not finite, or points all at one place; for more dims than there
        are.

    Source: lesson 07b.
    """
    check_points(points)
    check_count("dims", dims, min(points.shape))
    centred = points - points.mean(0)  # (n, emb_dim)
    _, S, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    directions = directions * largest.sign()
    return centred @ directions[:dims].T, S**2 / (S**2).sum()


def align(points: Tensor, onto: Tensor) -> tuple[Tensor, float]:
    """Turn, mirror, scale and shift a cloud to lie upon another as well as it can (Procrustes).

    Parameters
    ----------
    points, onto : (n, dims) each, row for row the same things.

    Returns
    -------
    aligned : (n, dims), `points` in their new place.
    residual : what still differs, as a share of the variance of `onto`: 0 when the clouds have one shape, near 1 when
        they have nothing in common. In many dimensions turning can do much, so compare with clouds of shuffled rows.

    Raises
    ------
    ValueError
        for clouds of different shapes, fewer than two points, points that are not finite, or points all at one place.

    Source: lesson 07; Schönemann 1966 for the turning.
    """
    check_points(points, onto)
    moved, target = points - points.mean(0), onto - onto.mean(0)  # (n, dims), both around 0
    U, S, Vh = torch.linalg.svd(moved.T @ target)  # of a matrix (dims, dims)
    size = S.sum() / (moved**2).sum()
    aligned = size * moved @ U @ Vh  # (n, dims)
    residual = ((aligned - target) ** 2).sum() / (target**2).sum()
    return aligned + onto.mean(0), residual.item()
