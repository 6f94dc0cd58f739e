"""A run played again, who is near whom, and what a letter does (floor 5): lessons 07, 07b and 10."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from makemlp import figures, live
from makemlp.data import Vocabulary, places
from makemlp.data.spelling import spelled
from makemlp.embeddings import alike, distances, neighbours
from makemlp.figures.embeddings import flattened
from makemlp.mlp import MLP
from makemlp.sampling import sample
from makemlp.widgets.explorable import Explorable

NAMES = 6  # that are made up at each frame
LISTED = 12  # of a word's nearest


def explore_snapshots(frames: Mapping[int, MLP], losses: Sequence[float], vocab: Vocabulary) -> Explorable:
    """A run played again from copies of its model: the loss, some names, and the way of each embedding.

    Parameters
    ----------
    frames : copies of the model by the steps that it had taken; 0 for the start.
    losses : each step's loss, in nats per character.

    Raises
    ------
    ValueError
        without any frames.

    Source: lesson 07.
    """
    if len(frames) == 0:
        raise ValueError("explore_snapshots got no frames: pass copies of the model by the steps it had taken.")
    frames = {step: frames[step] for step in sorted(frames)}
    steps = list(frames)
    ways = torch.stack([model.C.detach() for model in frames.values()])  # (frames, vocab_size, emb_dim)
    made = [", ".join(sample(model, vocab, NAMES, seed=0, max_length=20)) for model in frames.values()]
    data = {
        "itos": vocab.itos,
        "steps": steps,
        "losses": live.packed(losses),
        "ways": live.packed(flattened(ways.flatten(0, 1))),
        "names": live.packed_text(made),
    }
    apart = math.gcd(*(step - steps[0] for step in steps)) or 1
    last = max(steps[-1], steps[0] + apart)
    controls = [
        live.slider("step", "step", steps[-1], steps[0], last, apart, digits=0),
        live.button("play", "Play or pause"),
    ]
    return Explorable("snapshots", data, controls, [figures.snapshot(frames, losses, vocab, steps[-1])])


def explore_letters(model: MLP, vocab: Vocabulary, prefix: str) -> Explorable:
    """Exchange the last letter of `prefix` for another, or move a letter on the map: see how the prediction changes.

    Raises
    ------
    ValueError
        for an empty prefix, or a model whose embeddings are not of two numbers: the map would not be the whole of them.

    Source: lesson 07.
    """
    if model.C.shape[1] != 2:
        raise ValueError(f"explore_letters draws C on a plane, and emb_dim is {model.C.shape[1]}: pass one with 2.")
    if not prefix:
        raise ValueError("explore_letters exchanges the last letter of prefix, which is empty: pass some letters.")
    prefix = spelled(prefix, vocab.itos)
    last, edge = prefix[-1], math.ceil(1.5 * model.C.abs().max().item())
    controls = [
        live.text("typed", "the name so far", prefix),
        live.choice("instead", "its last letter becomes", last, vocab.itos),
        live.slider("right", "its place to the right", 0, -edge, edge, 0.05, digits=2),  # told by the page
        live.slider("up", "its place upwards", 0, -edge, edge, 0.05, digits=2),
        live.button("reset", "Put all letters back"),
    ]
    data = {"model": live.packed_model(model, vocab), "itos": vocab.itos}
    still = [figures.embedding_map(model.C.detach(), vocab), figures.next_character(model, vocab, prefix)]
    return Explorable("letters", data, controls, still)


@places.on_cpu
def explore_neighbours(C: Tensor, vocab: Vocabulary) -> Explorable:
    """Choose a symbol and see how far the others are in all dimensions, and where a flat map has them.

    Parameters
    ----------
    C : (vocab_size, emb_dim), a row for each symbol.

    Source: lesson 07b.
    """
    last, distance = vocab.itos[-1], distances(C)
    near = neighbours(distance, len(C) - 1)  # (vocab_size, vocab_size - 1)
    data = {"by": f"in {C.shape[1]} dimensions", "words": False}
    data |= _listed(vocab.itos, flattened(C), near, distance.gather(1, near))
    controls = [live.choice("symbol", "nearest to", last, vocab.itos)]
    return Explorable("neighbours", data, controls, [figures.nearest(C, vocab, last)])


def explore_words(C: Tensor, vocab: Vocabulary, word: str = "could", count: int = 800) -> Explorable:
    """Find a word on a flat map of the most frequent ones, zoom in on it, and see its nearest by cosine.

    Parameters
    ----------
    C : (vocab_size, emb_dim), a row for each word, the most frequent first.
    word : the one that is chosen at first.
    count : how many words the map has.

    Raises
    ------
    ValueError
        if the word is not among them.

    Source: lesson 10b.
    """
    words = vocab.itos[:count]
    if word not in words:
        raise ValueError(
            f"'{word}' is not among the {len(words)} most frequent words: pass one that is, or more words."
        )
    rows = torch.nn.functional.normalize(C[:count], dim=1)  # (count, emb_dim), each of length 1
    near, cosines = alike(rows, range(len(rows)), min(LISTED, len(rows) - 1))
    data = {"by": "by cosine", "words": True} | _listed(words, flattened(rows), near, cosines)
    controls = [live.text("symbol", "find a word", word), live.slider("zoom", "zoom", 1, 1, 16, 0.1, digits=1)]
    return Explorable("neighbours", data, controls, [figures.word_map(C, vocab, word, count)])


def _listed(itos: Sequence[str], flat: Tensor, near: Tensor, measure: Tensor) -> dict:
    """What the page needs of n points: their places (n, 2), each one's nearest (n, k), and how near they are (n, k)."""
    return {
        "itos": itos,
        "k": near.shape[1],
        "flat": live.packed(flat),
        "near": live.packed(near),
        "measure": live.packed(measure),
    }
