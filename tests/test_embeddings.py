"""Floor 2: distances, groups, neighbours, PCA and Procrustes, against cases by hand and plain specifications."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp.embeddings import align, alike, distances, group_distance, neighbours, pca, permutation_test

EVERY_TIME_THE_SAME = settings(deadline=None, derandomize=True, max_examples=40)

TRIANGLE = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
LINE = torch.tensor([[0.0], [1.0], [5.0], [9.0]])


def cloud(n, dims, seed=0):
    """Random points in double precision, wider in the first dimension than in the last."""
    points = torch.randn(n, dims, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return points * torch.linspace(3, 1, dims, dtype=torch.float64)


clouds = st.builds(cloud, st.integers(3, 30), st.integers(1, 12), st.integers(0, 10**6))


def random_turn(dims, seed, mirrored):
    """An orthogonal matrix (dims, dims) with determinant 1, or -1 when mirrored."""
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((dims, dims)))[0]
    if (np.linalg.det(turn) < 0) != mirrored:
        turn[0] *= -1
    return torch.from_numpy(turn)


# Distances


def test_distances_of_a_triangle_by_hand():
    assert distances(TRIANGLE).tolist() == [[0, 3, 4], [3, 0, 5], [4, 5, 0]]


@EVERY_TIME_THE_SAME
@given(clouds)
def test_distances_are_those_of_the_plain_loop(points):
    expected = [[math.dist(a, b) for b in points.tolist()] for a in points.tolist()]
    assert torch.allclose(distances(points), torch.tensor(expected, dtype=torch.float64))


def test_points_that_nearly_touch_keep_their_distance():
    """A distance by way of squares and products would lose it to rounding."""
    points = torch.full((30, 2), 1000.0)
    points[1, 0] += 0.25
    assert distances(points)[0, 1] == 0.25


def test_group_distance_by_hand():
    assert group_distance(distances(TRIANGLE), [0, 1, 2]) == 4
    assert group_distance(distances(TRIANGLE), [2, 0]) == 4
    assert group_distance(distances(LINE), torch.tensor([0, 1, 3])) == pytest.approx((1 + 9 + 8) / 3)


@EVERY_TIME_THE_SAME
@given(clouds, st.data())
def test_neighbours_are_the_nearest_others(points, data):
    k = data.draw(st.integers(1, len(points) - 1))
    for i, near in enumerate(neighbours(distances(points), k).tolist()):
        others = sorted(set(range(len(points))) - {i}, key=lambda j: math.dist(points[i], points[j]))
        assert near == others[:k]


def test_neighbours_by_hand_and_without_changing_the_distances():
    distance = distances(LINE)
    before = distance.clone()
    assert neighbours(distance, 2).tolist() == [[1, 2], [0, 2], [1, 3], [2, 1]]
    assert torch.equal(distance, before)


def test_alike_is_who_points_the_same_way_however_far():
    """(4, 2) is farther from (1, 0) than (0, 1) is, and points more in its direction."""
    near, cosines = alike(torch.tensor([[1.0, 0.0], [0.0, 1.0], [4.0, 2.0], [-1.0, 0.0]]), [0, 3], 3)
    assert near.tolist() == [[2, 1, 3], [1, 2, 0]]
    assert cosines[0].tolist() == pytest.approx([2 / 5**0.5, 0, -1])


def test_points_at_one_place_are_neighbours_but_not_of_themselves():
    near = neighbours(distances(torch.tensor([[0.0], [0.0], [0.0], [1.0]])), 3)
    assert all(i not in row for i, row in enumerate(near.tolist()))


# The permutation test


def exact(distance, members):
    """The share of all groups of this size that are as close."""
    limit = group_distance(distance, members) * (1 + 1e-9)
    groups = list(itertools.combinations(range(len(distance)), len(members)))
    return sum(bool(group_distance(distance, list(group)) <= limit) for group in groups) / len(groups)


@pytest.mark.parametrize(("members", "share"), [([0, 1], 1 / 6), ([1, 2], 3 / 6), ([0, 3], 1), ([0, 1, 2], 1 / 4)])
def test_p_of_four_points_on_a_line_by_hand(members, share):
    """Distances 1, 5, 9, 4, 8, 4; of the groups of three the first is the closest."""
    p, by_chance = permutation_test(distances(LINE), members, times=20_000)
    assert p == pytest.approx(share, abs=0.015) and exact(distances(LINE), members) == share
    assert len(by_chance) == 20_000


@pytest.mark.parametrize("seed", range(5))
def test_p_is_near_the_share_of_all_groups(seed):
    distance = distances(cloud(9, 2, seed))
    assert permutation_test(distance, [1, 4, 6], times=4000)[0] == pytest.approx(exact(distance, [1, 4, 6]), abs=0.04)


def test_p_is_uniform_where_there_is_nothing_to_find():
    """Of 400 clouds in which the group is like any other, about a tenth each has p in each tenth."""
    g = torch.Generator().manual_seed(0)
    tests = [permutation_test(distances(torch.randn(12, 2, generator=g)), [0, 1, 2, 3], 99) for _ in range(400)]
    tenths = torch.histc(torch.tensor([p for p, _ in tests]), bins=10, min=0, max=1)
    assert (tenths - 40).abs().max() < 4 * 40**0.5
    assert sum(p <= 0.05 for p, _ in tests) == pytest.approx(20, abs=14)


def test_p_is_never_zero_and_one_for_the_widest_group():
    close = torch.tensor([[0.0], [0.001], [50.0], [70.0], [100.0], [120.0], [150.0], [170.0]])
    assert permutation_test(distances(close), [0, 1], times=9, seed=3)[0] >= 1 / 10
    assert permutation_test(distances(close), [0, 7])[0] == 1


def test_the_same_group_in_another_order_counts():
    """A sum in another order is rounded otherwise, and three of three points can only be drawn in another order."""
    for seed in range(20):
        distance = distances(cloud(3, 2, seed).float())
        assert permutation_test(distance, [2, 0, 1], times=50)[0] == 1


def test_a_group_at_one_place_is_as_close_as_another_at_one_place():
    two_and_two = distances(torch.tensor([[0.0], [0.0], [5.0], [5.0]]))
    assert permutation_test(two_and_two, [0, 1])[0] == pytest.approx(2 / 6, abs=0.02)


def test_p_depends_on_the_seed_alone():
    distance = distances(cloud(9, 2))
    first, again, other = (permutation_test(distance, [0, 1], times=200, seed=seed)[1] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


# PCA


def test_pca_of_a_cross_by_hand():
    cross = torch.tensor([[3.0, 3.0], [-3.0, -3.0], [1.0, -1.0], [-1.0, 1.0]])
    projected, shares = pca(cross + 7)
    assert shares.tolist() == pytest.approx([0.9, 0.1])
    assert projected[:2, 0].tolist() == pytest.approx([18**0.5, -(18**0.5)], abs=1e-5)
    assert projected[2:, 1].abs().tolist() == pytest.approx([2**0.5, 2**0.5], abs=1e-5)


@EVERY_TIME_THE_SAME
@given(clouds)
def test_pca_agrees_with_numpy(points):
    projected, shares = pca(points, min(points.shape))
    centred = points.numpy() - points.numpy().mean(0)
    widths = np.linalg.svd(centred, compute_uv=False) ** 2
    assert shares.tolist() == pytest.approx(widths / widths.sum(), abs=1e-9)
    assert shares.sum().item() == pytest.approx(1) and (shares.diff() <= 1e-12).all()
    # Each direction's variance is its share, directions don't vary together, and no distance has changed.
    covariance = projected.T @ projected / (centred**2).sum()
    assert torch.allclose(covariance, torch.diag(shares), atol=1e-9)
    assert torch.allclose(distances(projected), distances(points), atol=1e-9)


@EVERY_TIME_THE_SAME
@given(clouds)
def test_pca_takes_one_of_two_opposite_directions_always(points):
    """Its directions don't change when the order of the points does."""
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    projected, shares = pca(points, 1)
    turned, again = pca(points[order], 1)
    assert torch.allclose(shares, again, atol=1e-9)
    if len(shares) == 1 or shares[0] - shares[1] > 1e-3:  # else either direction may come first
        assert torch.allclose(projected[order], turned, atol=1e-5)


def test_the_largest_component_of_a_direction_is_positive():
    for sign in (1.0, -1.0):
        points = sign * torch.tensor([[-4.0, 1.0], [4.0, -1.0], [0.0, 0.1]])
        assert (pca(points)[0][:, 0] * points[:, 0]).sum() > 0


# Procrustes


@EVERY_TIME_THE_SAME
@given(
    clouds,
    st.integers(0, 10**6),
    st.booleans(),
    st.floats(0.01, 100),
    st.floats(-50, 50),
)
def test_align_undoes_any_turn_mirror_size_and_shift(points, seed, mirrored, size, shift):
    moved = size * points @ random_turn(points.shape[1], seed, mirrored) + shift
    aligned, residual = align(moved, points)
    assert residual == pytest.approx(0, abs=1e-9)
    assert torch.allclose(aligned, points, atol=1e-6)


@EVERY_TIME_THE_SAME
@given(clouds, st.integers(0, 10**6))
def test_the_residual_is_what_numpy_leaves_and_the_same_both_ways(points, seed):
    other = cloud(*points.shape, seed + 1)
    aligned, residual = align(points, other)
    a, b = (x.numpy() - x.numpy().mean(0) for x in (points, other))
    singular = np.linalg.svd(a.T @ b, compute_uv=False)
    assert residual == pytest.approx(1 - singular.sum() ** 2 / ((a**2).sum() * (b**2).sum()), abs=1e-9)
    assert residual == pytest.approx(((aligned - other) ** 2).sum().item() / (b**2).sum(), abs=1e-9)
    assert residual == pytest.approx(align(other, points)[1], abs=1e-9)
    assert 0 <= residual <= 1


@pytest.mark.parametrize("dims", [2, 3])
def test_no_other_turn_or_size_is_better(dims):
    points, other = cloud(10, dims, 1), cloud(10, dims, 2)
    residual = align(points, other)[1]
    a, b = points - points.mean(0), other - other.mean(0)
    for seed in range(200):
        turned = a @ random_turn(dims, seed, mirrored=seed % 2 == 1)
        for size in (0.3, 0.7, 1.0, 1.5):
            assert ((size * turned - b) ** 2).sum() / (b**2).sum() >= residual - 1e-9


def test_a_mirrored_triangle_comes_back():
    mirrored = 2 * TRIANGLE @ torch.tensor([[0.0, 1.0], [1.0, 0.0]]) + 5
    aligned, residual = align(mirrored, TRIANGLE)
    assert torch.allclose(aligned, TRIANGLE, atol=1e-5) and residual == pytest.approx(0, abs=1e-6)


# What can't be done is said in a sentence


@pytest.mark.parametrize("function", [distances, pca, lambda points: align(points, points)])
@pytest.mark.parametrize(
    ("points", "said"),
    [
        (torch.zeros(5), r"shape \(5,\)"),
        (torch.zeros(1, 2), r"shape \(1, 2\).*two rows or more"),
        (torch.tensor([[0.0, math.nan], [1.0, 2.0]]), "not numbers"),
        (torch.tensor([[0.0, math.inf], [1.0, 2.0]]), "not numbers"),
        (torch.ones(4, 2), "at the same place"),
    ],
)
def test_what_is_no_cloud_is_refused(function, points, said):
    with pytest.raises(ValueError, match=said) as caught:
        function(points)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("other", [torch.rand(3, 3), torch.rand(4, 2)])
def test_clouds_of_two_shapes_are_refused(other):
    with pytest.raises(ValueError, match=r"shapes \(3, 2\) and \(\d, \d\): pass clouds of the same points"):
        align(TRIANGLE, other)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([1], "two different points or more"),
        ([], "two different points or more"),
        ([1, 1], "each once"),
        ([0, 1, 1], "each once"),
        ([0, 4], "numbered from 0 to 3"),
        ([-1, 0], "numbered from 0 to 3"),
    ],
)
def test_what_is_no_group_is_refused(members, said):
    with pytest.raises(ValueError, match=said):
        permutation_test(distances(LINE), members)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: permutation_test(distances(LINE), [0, 1], times=0), "times is 0: pass a whole number, 1 or more"),
        (lambda: permutation_test(distances(LINE), [0, 1], times=1e4), r"times is 10000.0: pass a whole number"),
        (lambda: neighbours(distances(LINE), 0), "k is 0: pass a whole number, from 1 to 3"),
        (lambda: neighbours(distances(LINE), 4), "k is 4: pass a whole number, from 1 to 3"),
        (lambda: alike(LINE, [0], 4), "k is 4: pass a whole number, from 1 to 3"),
        (lambda: pca(TRIANGLE, 3), "dims is 3: pass a whole number, from 1 to 2"),
        (lambda: pca(TRIANGLE[:2].repeat(1, 4), 3), "dims is 3: pass a whole number, from 1 to 2"),
    ],
)
def test_a_number_out_of_range_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
