"""What the claims of lessons 07 and 07b in facts.toml are decided by: small trainings, each done once."""

import functools

import torch

from makemlp import MLP, Vocabulary, build_dataset, load_names, split, train
from makemlp.embeddings import align, distances, permutation_test
from makemlp.gallery import _maps  # eight seeds, as in the lesson


@functools.cache
def _examples():
    names = load_names()
    vocab = Vocabulary(names)
    return vocab, *build_dataset(split(names)[0], vocab)


def starts():
    """The random C of the lesson's eight seeds."""
    return [MLP(27, emb_dim=2, hidden_dim=100, seed=seed).C.detach() for seed in range(8)]


def sheared(points, onto):
    """The residual when any matrix may be laid on the points, and a shift."""
    wide = torch.cat([points, torch.ones(len(points), 1)], dim=1)  # (n, dims + 1)
    rest = wide @ torch.linalg.lstsq(wide, onto).solution - onto
    return ((rest**2).sum() / ((onto - onto.mean(0)) ** 2).sum()).item()


def gains_of_shearing():
    """By how much shearing lowers the lesson's three mean residuals: own start, seed 0, shuffled."""
    maps, g = _maps(1.0), torch.Generator().manual_seed(0)
    shuffled = [maps[0][torch.randperm(27, generator=g)] for _ in maps]
    for targets in (starts(), [maps[0]] * 8, shuffled):
        both = list(zip(maps[1:], targets[1:], strict=True))
        yield (sum(align(*pair)[1] for pair in both) - sum(sheared(*pair) for pair in both)) / 7


@functools.cache
def own_minibatches(seeds=3):
    """The residuals of small-start maps that were each trained on minibatches of their own, laid upon the first."""
    vocab, X, Y = _examples()
    maps = []
    for seed in range(seeds):
        model = MLP(len(vocab), emb_dim=2, hidden_dim=100, seed=seed)
        with torch.no_grad():
            model.C.mul_(0.01)
        train(model, X, Y, seed=seed)
        maps.append(model.C.detach())
    return [align(points, maps[0])[1] for points in maps[1:]]


def vowels_by_direction():
    """The vowel test's p for each seed when every row is as long as every other."""
    vowels = [ord(s) - ord("a") for s in "aeiou"]
    rows = [torch.nn.functional.normalize(C - C.mean(0)) for C in _maps(1.0)]
    return [permutation_test(distances(C[1:]), vowels, times=2000)[0] for C in rows]
