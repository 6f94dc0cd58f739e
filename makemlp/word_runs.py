"""What networks for words reach on the Brown corpus, in how many seconds, with which seeds (floor 6).

    python -m makemlp.word_runs           train what the stored table lacks (20 minutes of one core for all), store it
    python -m makemlp.word_runs LABEL …   train these rows anew

The table is kept in ``makemlp/measured/words.jsonl``, one line per row and seed. The last row's networks of two seeds
are kept, too, for `load_word_model`. Seconds are those of the processor, so that a busy machine changes them less.
All settings, the weights of the mixtures among them, were chosen on dev.
"""

from __future__ import annotations

import json
import math
import sys
import time
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from makemlp.counts import CacheModel, CountModel
from makemlp.data import WordVocabulary, build_dataset, split_text
from makemlp.scoring import log_prob
from makemlp.wordmodel import KEPT, WordMLP, kept, save_word_model, train_words
from makemlp.words import load_words

Model = CountModel | CacheModel | WordMLP

STORED = Path(__file__).parent / "measured" / "words.jsonl"
SEEDS = (101, 102, 103)

# A row says what its model scores on dev and test alone; "mixed", with the best count model; and "cached", with a cache
# of the last 500 words as well, which the paper's mixtures lack. What is counted, by how many words of context:
COUNTED = {"Kneser-Ney of 1 word": 1, "Kneser-Ney of 2 words": 2, "Kneser-Ney of 4 words": 4}
BEST = "Kneser-Ney of 4 words"  # on dev; what the networks are mixed with
# The settings of a WordMLP, and how it is trained. The first one is trained in lesson 10.
SHORT = {"block_size": 24, "near": 4, "blurs": 1, "emb_dim": 64, "hidden_dim": 128, "cutoffs": (1000, 4000)}
LONG = {"block_size": 128, "near": 4, "blurs": 2, "emb_dim": 96, "hidden_dim": 320, "cutoffs": (800, 3000, 8000)}
NETWORKS: dict[str, tuple[dict, dict]] = {
    "a network for half a minute": (SHORT, {"epochs": 1, "learning_rate": 0.006}),
    "the same without the blurred look back": (
        SHORT | {"block_size": 4, "blurs": 0},
        {"epochs": 1, "learning_rate": 0.006},
    ),
    "a network for six minutes": (
        LONG | {"dropout": 0.3, "word_dropout": 0.1},
        {"epochs": 5, "learning_rate": 0.004, "weight_decay": 0.2},
    ),
}


class Corpus:
    """The Brown corpus, cut as in the paper: vocabulary, and the examples of train, dev and test."""

    def __init__(self) -> None:
        words = load_words()
        self.vocab = WordVocabulary(words)
        self.parts = split_text(words)

    def examples(self, part: int, block_size: int) -> tuple[Tensor, Tensor]:
        """Of train (0), dev (1) or test (2): (N, block_size) and (N,)."""
        return build_dataset(self.parts[part], self.vocab, block_size)


def perplexity(probs: Tensor) -> float:
    """Of answers with these probabilities (N,): the geometric mean of 1 / p."""
    return round(math.exp(-probs.log().mean().item()), 2)


def best_weights(parts: list[Tensor], step: float = 0.05) -> list[float]:
    """The weights of a mixture, in whole steps, that give dev's answers the highest probability.

    Parameters
    ----------
    parts : each model's probabilities (N,) of dev's answers.
    """
    many = round(1 / step)
    grid = [w for w in product(range(many + 1), repeat=len(parts) - 1) if sum(w) <= many]
    weights = [[*(step * one for one in w), step * (many - sum(w))] for w in grid]
    return max(weights, key=lambda w: sum(x * part for x, part in zip(w, parts, strict=True)).log().mean().item())


def counted(label: str, corpus: Corpus) -> tuple[dict, CountModel]:
    """A row of a count model, and the model."""
    n, began = COUNTED[label], time.process_time()
    model = CountModel(len(corpus.vocab), n, method="kneser_ney").fit(*corpus.examples(0, n))
    row = {"row": label, "seed": None, "seconds": round(time.process_time() - began, 1)}
    return row | scores({"cached": [model, CacheModel(len(corpus.vocab))]}, corpus), model


def trained(label: str, seed: int, corpus: Corpus) -> tuple[dict, WordMLP]:
    """A row of a network, and the network."""
    settings, training = NETWORKS[label]
    X, Y = corpus.examples(0, settings["block_size"])
    counts = torch.bincount(Y, minlength=len(corpus.vocab)).float()
    began = time.process_time()
    model = WordMLP(len(corpus.vocab), counts=counts, seed=seed, **settings)
    train_words(model, X, Y, seed=seed, **training)
    row = {"row": label, "seed": seed, "seconds": round(time.process_time() - began, 1)}
    row |= {"numbers": sum(p.numel() for p in model.parameters())}
    best, cache = counted(BEST, corpus)[1], CacheModel(len(corpus.vocab))
    return row | scores({"mixed": [model, best], "cached": [model, best, cache]}, corpus), model


def scores(mixtures: dict[str, list[Model]], corpus: Corpus) -> dict:
    """The perplexity on dev and test of each mixture, with the weights that are best on dev; and of the first model."""
    models = max(mixtures.values(), key=len)
    found = [[log_prob(one, *corpus.examples(part, one.block_size)).exp() for one in models] for part in (1, 2)]
    row = {"dev": perplexity(found[0][0]), "test": perplexity(found[1][0])}
    for name, some in mixtures.items():
        weights = best_weights(found[0][: len(some)])
        dev, test = (sum(w * p for w, p in zip(weights, probs, strict=False)) for probs in found)
        row |= {name: [round(w, 2) for w in weights]}
        row |= {f"{name}_dev": perplexity(dev), f"{name}_test": perplexity(test)}
    return row


def stored() -> list[dict]:
    """Every measurement, in the order of the rows."""
    if not STORED.exists():
        return []
    lines = [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]
    order = [*COUNTED, *NETWORKS]
    return sorted(lines, key=lambda line: (order.index(line["row"]), line["seed"] or 0))


def runs() -> list[tuple[str, int | None]]:
    """Each row and seed of the table: the count models, then every network once, the longest first, then again."""
    return [(label, None) for label in COUNTED] + [(label, seed) for seed in SEEDS for label in reversed(NETWORKS)]


def retrain(labels: list[str] | None = None) -> None:
    """Train the rows of these labels, by default those that the stored table lacks, and store what came."""
    for label in labels or []:
        if label not in {*COUNTED, *NETWORKS}:
            raise ValueError(f"The table has no row '{label}': pass one of {', '.join([*COUNTED, *NETWORKS])}.")
    done = {(line["row"], line["seed"]): line for line in stored()}
    corpus = Corpus()
    for label, seed in runs():
        if label in labels if labels else (label, seed) not in done:
            line, model = counted(label, corpus) if label in COUNTED else trained(label, seed, corpus)
            done[label, seed] = line
            print(json.dumps(line), flush=True)
            STORED.write_text("".join(json.dumps(one) + "\n" for one in done.values()), encoding="utf-8", newline="\n")
            if label == list(NETWORKS)[-1] and seed in KEPT:
                save_word_model(model, corpus.vocab, kept(seed))


if __name__ == "__main__":
    torch.set_num_threads(1)
    retrain(sys.argv[1:])
