"""The pictures in figures/, each drawn from the bundled names (floor 6).

``python -m makemlp.gallery [FOLDER]`` draws them all, as `make figures` does. They are the image tests' baselines, so
they must come out the same on every machine. Each processor rounds otherwise. A run at a rate that diverges multiplies
the difference, and some pictures show even a small one. Those are drawn from what was recorded:
``python -m makemlp.gallery record``.
"""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from makemlp import ablation, figures
from makemlp.counts import CountModel, smooth
from makemlp.data import Vocabulary, WordVocabulary, build_dataset, bundled_names, split, split_text
from makemlp.embeddings import align, distances, group_distance, pca, permutation_test
from makemlp.figures import Picture
from makemlp.mixture import Mixture
from makemlp.mlp import MLP
from makemlp.sampling import nucleus, rank, sample
from makemlp.scoreboard import flattery
from makemlp.scoring import nll, nll_by_name
from makemlp.training import SGD, Run, film, learning_rate_at, train, train_many
from makemlp.tuning import contest
from makemlp.words import load_words

# What a picture can't measure anew, as it takes too long or ends elsewhere on another machine: written by `make bench`,
# by makemlp.ablation and by `record` below.
MEASURED = Path(__file__).parent / "measured"


@functools.cache
def _names() -> tuple[Vocabulary, list[str], list[str]]:
    names = bundled_names()
    return (Vocabulary(names), *split(names)[:2])


@functools.cache
def _tables() -> CountModel:
    vocab, train_names, _ = _names()
    return CountModel(len(vocab), 10, method="kneser_ney").fit(*build_dataset(train_names, vocab, 10))


@functools.cache
def _writer() -> CountModel:
    """A model that needs no training, so that its names are the same on every machine."""
    vocab, train_names, _ = _names()
    return CountModel(len(vocab), 5, method="kneser_ney").fit(*build_dataset(train_names, vocab, 5))


def _bigram_counts() -> torch.Tensor:
    return _tables().counts[1]


def _nll_by_context() -> Picture:
    vocab, _, dev_names = _names()
    dev = build_dataset(dev_names, vocab, 10)
    curves = {}
    for label, smoothing, method in (("add 0.1", 0.1, "add"), ("Kneser-Ney", 0.0, "kneser_ney")):
        curves[label] = _tables().smooth(smoothing, method).nll_by_length(*dev)
    return figures.nll_by_context(curves, mark=(5, curves["Kneser-Ney"][5]), lecture=2.17)


def _table_growth() -> Picture:
    counts = _tables().counts
    examples = int(counts[0].sum())
    return figures.table_growth(
        [
            {"block_size": n, "full": len(_names()[0]) ** n, "seen": len(counts[n]), "examples": examples}
            for n in range(11)
        ]
    )


def _loss_curve() -> Picture:
    vocab, train_names, _ = _names()
    X, Y = build_dataset(train_names[:5], vocab)
    losses = train(MLP(len(vocab), emb_dim=2, hidden_dim=50), X, Y, steps=200, learning_rate=0.05)
    counted = CountModel(len(vocab), 3, smoothing=0).fit(X, Y)
    target = {"the lowest there is": nll(counted, X, Y)}
    return figures.loss_curve({"five names": losses}, target, log_steps=True, unit="character")


def _saturation() -> Picture:
    hidden = torch.randn(200, 100, generator=torch.Generator().manual_seed(0))
    return figures.saturation({"sums of size 5": (5 * hidden).tanh(), "sums of size 1": hidden.tanh()})


def _curve() -> Picture:
    chances = [k / 100 for k in range(1, 101)]
    marks = {f"p = {p}": (p, math.log(1 / p)) for p in (0.01, 0.2, 1)}
    return figures.curve(chances, [math.log(1 / p) for p in chances], marks, ("probability p", "−log p (nats)"))


@functools.cache
def _short_run() -> tuple[list[float], torch.Tensor]:
    vocab, train_names, _ = _names()
    model = MLP(len(vocab), emb_dim=2, hidden_dim=100)
    losses = train(model, *build_dataset(train_names, vocab))
    return losses, model.C.detach()


RUNS = MEASURED / "runs.json"  # what `record` has stored


def record() -> None:
    """Train what moves a picture visibly if a product is off by little, and store it, rounded to four decimals."""
    stored = {**_rates(), "hidden_dim": _sizes(), "seeds": _bands(), "map": _maps(1.0, seeds=1)[0]}
    rounded = {label: torch.as_tensor(runs).double().round(decimals=4).tolist() for label, runs in stored.items()}
    RUNS.write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def _recorded(label: str) -> list:
    return json.loads(RUNS.read_text(encoding="utf-8"))[label]


def _rates() -> dict[str, torch.Tensor]:
    """Exponents of the learning rate with losses (n, 2), of plain descent at rates up to 10; inf where it diverged."""
    vocab, train_names, _ = _names()
    X, Y = build_dataset(train_names, vocab)
    sweep, one = torch.linspace(-3, 1, 21), torch.linspace(-3, 0, 300)
    models = [MLP(len(vocab), emb_dim=2, hidden_dim=20) for _ in sweep]
    many = train_many(models, X, Y, learning_rates=(10**sweep).tolist(), steps=60, optimizer=SGD)
    run = Run([MLP(len(vocab), emb_dim=2)], X, Y, learning_rates=[1.0], optimizer=SGD)
    for exponent in one:
        run.step(float(10**exponent))
    return {"many runs": torch.stack([sweep, many[:, -1]], 1), "one run": torch.stack([one, torch.cat(run.losses)], 1)}


def _sizes() -> list[list[float]]:
    """hidden_dim with the losses on few train names and on dev (n, 3)."""
    vocab, train_names, dev_names = _names()
    few, dev = build_dataset(train_names[:2000], vocab), build_dataset(dev_names, vocab)
    rows = []
    for hidden_dim in (5, 10, 50, 200, 800):
        model = MLP(len(vocab), hidden_dim=hidden_dim)
        train(model, *few)
        rows.append([hidden_dim, nll(model, *few), nll(model, *dev)])
    return rows


def _bands() -> list[list[float]]:
    """emb_dim with the dev losses of five seeds (n, 6)."""
    vocab, train_names, dev_names = _names()
    rows = []
    for emb_dim in (2, 10):
        models = [MLP(len(vocab), emb_dim=emb_dim, hidden_dim=50, seed=seed) for seed in range(5)]
        train_many(models, *build_dataset(train_names, vocab), learning_rates=[0.02] * 5, steps=100)
        rows.append([emb_dim, *(nll(model, *build_dataset(dev_names, vocab)) for model in models)])
    return rows


def _rate_sweep() -> Picture:
    exponents, losses = zip(*_recorded("many runs"), strict=True)
    return figures.rate_sweep(exponents, {"plain descent": losses})


def _rate_sweep_dots() -> Picture:
    exponents, losses = zip(*_recorded("one run"), strict=True)
    return figures.rate_sweep(exponents, {"one run": losses}, dots=True, marks={"the lecture's rate": -1.0})


def _train_and_dev() -> Picture:
    sizes, *losses = zip(*_recorded("hidden_dim"), strict=True)
    return figures.train_and_dev(sizes, *losses, "hidden_dim", log=True)


def _seed_bands() -> Picture:
    bands = {f"{emb_dim:.0f} / 50": losses for emb_dim, *losses in _recorded("seeds")}
    return figures.seed_bands(bands, "emb_dim / hidden_dim")


@functools.cache
def _searched_tables() -> list[dict]:
    """A random search over count tables, which is the same on every machine."""
    vocab, train_names, dev_names = _names()
    train_examples, dev_examples = (build_dataset(names, vocab, 6) for names in (train_names, dev_names))
    model = CountModel(len(vocab), 6).fit(*train_examples)
    trials, u = [], torch.rand(24, 2, generator=torch.Generator().manual_seed(0)).tolist()
    for number, (a, b) in enumerate(u):
        block_size, smoothing = 1 + int(6 * a), 10 ** (4 * b - 3)
        model.smooth(smoothing)
        on_train, on_dev = (model.nll_by_length(*e)[block_size] for e in (train_examples, dev_examples))
        pruned = number >= 5 and on_dev > sorted(trial["dev"] for trial in trials)[number // 2]
        trials.append(
            {
                "number": number,
                "pruned": pruned,
                "block_size": block_size,
                "smoothing": smoothing,
                "train": on_train,
                "dev": on_dev,
                "parameters": model.counts[block_size].numel(),
            }
        )
    return trials


def _flattery() -> Picture:
    vocab, train_names, dev_names = _names()
    g = torch.Generator().manual_seed(0)
    X, Y = build_dataset(dev_names, vocab)
    lengths = torch.tensor([len(name) + 1 for name in dev_names])  # (names,)
    of_name = torch.arange(len(dev_names)).repeat_interleave(lengths)  # (N,)
    table = torch.zeros(16, len(dev_names))
    for row in table:  # a count table each, from a random half of the train names
        half = [train_names[i] for i in torch.randperm(len(train_names), generator=g)[: len(train_names) // 2].tolist()]
        log_probs = CountModel(len(vocab), 3).fit(*build_dataset(half, vocab))(X)
        row.index_add_(0, of_name, -log_probs[torch.arange(len(Y)), Y])
    tried = [1, 4, 16]
    gaps = {f"{size} names": [flattery(table, lengths, k, size) for k in tried] for size in (100, 1000)}
    return figures.flattery(tried, gaps)


def _bench() -> Picture:
    return figures.peers(json.loads((MEASURED / "bench.json").read_text(encoding="utf-8")))


@functools.cache
def _network() -> MLP:
    vocab, train_names, _ = _names()
    model = MLP(len(vocab), emb_dim=10, hidden_dim=100)
    train(model, *build_dataset(train_names, vocab), steps=200, learning_rate=0.02)
    return model


def _start_race() -> Picture:
    vocab, train_names, _ = _names()
    good, bad = MLP(len(vocab), emb_dim=2, hidden_dim=20), MLP(len(vocab), emb_dim=2, hidden_dim=20)
    with torch.no_grad():
        bad.W2 *= 300
    examples = build_dataset(train_names, vocab)
    return figures.start_race(
        {name: train(model, *examples, steps=100) for name, model in (("good", good), ("bad", bad))}
    )


def _mixture() -> Picture:
    vocab, _, dev_names = _names()
    examples = build_dataset(dev_names, vocab, 5)
    weights = [i / 20 for i in range(21)]
    losses = [nll(Mixture(_network(), _writer(), weight), *examples) for weight in weights]
    return figures.mixture(weights, losses, (0.5, losses[10]), unit="character")


@functools.cache
def _maps(size: float, emb_dim: int = 2, seeds: int = 8) -> torch.Tensor:
    """The embeddings (seeds, vocab_size, emb_dim) of models that began with a C of this size."""
    vocab, train_names, _ = _names()
    models = [MLP(len(vocab), emb_dim=emb_dim, hidden_dim=100, seed=seed) for seed in range(seeds)]
    with torch.no_grad():
        for model in models:
            model.C.mul_(size)
    train_many(models, *build_dataset(train_names, vocab), learning_rates=[0.02] * seeds)
    return torch.stack([model.C.detach() for model in models])


def _chance_histogram() -> Picture:
    distance, vowels = distances(torch.tensor(_recorded("map"))[1:]), [_names()[0].stoi[s] - 1 for s in "aeiou"]
    by_chance = permutation_test(distance, vowels)[1]
    return figures.chance_histogram(by_chance, group_distance(distance, vowels).item())


def _explained_variance() -> Picture:
    random = torch.randn(len(_names()[0]), 10, generator=torch.Generator().manual_seed(0))
    return figures.explained_variance({"trained": pca(_maps(0.01, 10, 1)[0])[1], "random numbers": pca(random)[1]})


def _seed_spread() -> Picture:
    kinds = {"ordinary start": _maps(1.0), "start of a hundredth": _maps(0.01)}
    aligned = {label: torch.stack([align(C, maps[0])[0] for C in maps]) for label, maps in kinds.items()}
    return figures.seed_spread(aligned, _names()[0])


def _snapshot() -> Picture:
    vocab, train_names, _ = _names()
    frames, losses = film(MLP(len(vocab), emb_dim=2, hidden_dim=100), *build_dataset(train_names, vocab))
    return figures.snapshot(frames, losses, vocab, 150)


def _turning() -> Picture:
    """Of these seeds, the second's map has to be mirrored and turned most of the way round."""
    maps = _maps(0.01)
    return figures.turning(maps[6], maps[0], _names()[0])


def _two_seeds() -> Picture:
    i, j = torch.triu_indices(26, 26, 1)
    ordinary, small = (torch.stack([distances(C[1:])[i, j] for C in _maps(size)[:2]]) for size in (1.0, 0.01))
    return figures.two_seeds({"ordinary start": ordinary, "start of a hundredth": small})


def _reshaped() -> Picture:
    vocab = _names()[0]
    logits = _writer()(torch.tensor([[0, 0, *vocab.encode("mar")]]))[0]  # (vocab_size,)
    probs = logits.softmax(0)
    return figures.reshaped(
        {
            "as the model has it": probs,
            "temperature 0.5": (2 * logits).softmax(0),
            "temperature 2": (logits / 2).softmax(0),
            "top-k 5": probs * (rank(logits) <= 5),
            "top-p 0.7": nucleus(probs, 0.7),
        },
        vocab,
    )


def _pin() -> Picture:
    return figures.pin(_writer()(torch.zeros(1, 5, dtype=torch.int64)).softmax(1)[0], _names()[0], 0.5)


def _names_by_temperature() -> Picture:
    vocab = _names()[0]
    return figures.names_by_temperature(
        {t: sample(_writer(), vocab, 7, temperature=t, seed=1) for t in (0.5, 1.0, 2.0)}
    )


def _name_ranks() -> Picture:
    vocab, _, dev_names = _names()
    nlls = nll_by_name(_writer(), vocab, [*dev_names, "olivia"])
    return figures.name_ranks(nlls[:-1], "olivia", nlls[-1].item())


def _side_by_side() -> Picture:
    vocab, train_names, dev_names = _names()
    bigram = CountModel(len(vocab), 1, 0.1).fit(*build_dataset(train_names, vocab, 1))
    made_up = {label: sample(model, vocab, 12, seed=8) for label, model in (("bigram", bigram), ("table", _writer()))}
    return figures.side_by_side({**made_up, "real": dev_names[:12]}, train_names)


@functools.cache
def _film() -> figures.Film:
    """A run with two numbers a character, at moments that begin close together and end further apart."""
    vocab, train_names, dev_names = _names()
    model, steps, moments = MLP(len(vocab), emb_dim=2), 600, 90
    dev = build_dataset(dev_names, vocab)
    run = Run([model], *build_dataset(train_names, vocab), learning_rates=[0.02])
    at = sorted({round(steps * (i / moments) ** 2.2) for i in range(moments + 1)})
    losses, points, names = [], [], []
    for moment in at:
        for step in range(len(run.losses), moment):
            run.step(learning_rate_at(step, steps))
        run.write_back()
        losses.append(nll(model, *dev))
        points.append(model.C.detach().clone())
        names.append(sample(model, vocab, 6, seed=0, max_length=20))
    pairs = CountModel(len(vocab), 1, 0.1).fit(*build_dataset(train_names, vocab, 1))
    lines = {
        "letter pairs, counted": nll(pairs, *build_dataset(dev_names, vocab, 1)),
        "the best count table": nll(_writer(), *build_dataset(dev_names, vocab, 5)),
    }
    return figures.Film(vocab, at, losses, torch.stack(points), names, lines)


@functools.cache
def _text() -> tuple[WordVocabulary, list[str]]:
    """The bundled text's vocabulary, and its words."""
    words = load_words()
    return WordVocabulary(words), words


def _seen_before() -> Picture:
    """Of the names' letters, and of the text's words."""
    vocab, words = _text()
    train_words, _, test_words = split_text(words)
    seen = {}
    for label, symbols, known, new in (
        ("letters of names", *_names()),
        ("words", vocab, train_words, test_words),
    ):
        model = CountModel(len(symbols), 4).fit(*build_dataset(known, symbols, 4))
        asked = build_dataset(new, symbols, 4)
        seen[label] = [(model.count(*asked, length) > 0).float().mean().item() for length in range(5)]
    return figures.seen_before(seen)


def _word_map() -> Picture:
    """Of rows that need no training: how often each frequent word stands before each other."""
    vocab, words = _text()
    text = torch.tensor(vocab.encode(words))
    first, after = text[:-1], text[1:]  # (N - 1,) each
    both = (first < 300) & (after < 300)
    pairs = torch.bincount(first[both] * 300 + after[both], minlength=300 * 300).view(300, 300)
    return figures.word_map(pairs.double().sqrt(), vocab, "could", count=300)


GALLERY: dict[str, Callable[[], Picture]] = {
    "ablation": lambda: figures.ablation(ablation.table(), ("Kneser-Ney of 5", 1.983)),
    "ablation_left_out": lambda: figures.ablation(ablation.left_out(), ("Kneser-Ney of 5", 1.983), worst=2.04),
    "anatomy": lambda: figures.anatomy(_network(), _names()[0], "emm"),
    "architecture": lambda: figures.architecture(len(_names()[0]), emb_dim=10, hidden_dim=200),
    "architecture_direct": lambda: figures.architecture(
        len(_names()[0]), block_size=10, emb_dim=10, hidden_dim=200, direct=True
    ),
    "bench": _bench,
    "bigram_table": lambda: figures.bigram_table(_bigram_counts(), _names()[0]),
    "chance_histogram": _chance_histogram,
    "contest": lambda: figures.contest(contest.stored()),
    "curve": _curve,
    "embedding_map": lambda: figures.embedding_map(torch.tensor(_recorded("map")), _names()[0]),
    "explained_variance": _explained_variance,
    "film": lambda: figures.film(_film()),
    "film_narrow": lambda: figures.film_narrow(_film()),
    "flattery": _flattery,
    "live_training": lambda: figures.live_training(*_short_run(), _names()[0]),
    "loss_curve": _loss_curve,
    "made_up_names": lambda: figures.made_up_names(sample(_writer(), _names()[0], 24, top_k=10, seed=2), 1.0, 10),
    "mixture": _mixture,
    "name_ranks": _name_ranks,
    "names_by_temperature": _names_by_temperature,
    "nearest": lambda: figures.nearest(_maps(0.01, 10, 1)[0], _names()[0], "i"),
    "next_character": lambda: figures.next_character(_writer(), _names()[0], "em"),
    "nll_by_context": _nll_by_context,
    "pin": _pin,
    "probability_strip": lambda: figures.probability_strip(_writer(), _names()[0], "olivia"),
    "rate_sweep": _rate_sweep,
    "rate_sweep_dots": _rate_sweep_dots,
    "reshaped": _reshaped,
    "saturation": _saturation,
    "schedule": lambda: figures.schedule([learning_rate_at(step, 300) for step in range(300)]),
    "scoreboard": lambda: figures.scoreboard(
        _searched_tables()[:12], {"the lecture": 2.17, "Kneser-Ney of 3": 2.067}, shown=7
    ),
    "seed_bands": _seed_bands,
    "seed_maps": lambda: figures.seed_maps(_maps(1.0), _names()[0]),
    "seed_spread": _seed_spread,
    "seen_before": _seen_before,
    "side_by_side": _side_by_side,
    "size_comparison": lambda: figures.size_comparison(len(_names()[0]), block_size=3, emb_dim=10, hidden_dim=200),
    "smoothing": lambda: figures.smoothing(_bigram_counts(), _names()[0], 10.0, "q"),
    "snapshot": _snapshot,
    "start_race": _start_race,
    "study": lambda: figures.study(_searched_tables(), ["block_size", "smoothing"]),
    "table_growth": _table_growth,
    "tanh_curve": lambda: figures.tanh_curve(),
    "train_and_dev": _train_and_dev,
    "turning": _turning,
    "two_seeds": _two_seeds,
    "two_tables": lambda: figures.two_tables(
        smooth(_bigram_counts(), 0), smooth(_bigram_counts(), 100), _names()[0], ("as counted", "100 added")
    ),
    "word_map": _word_map,
}


# Those that move, from the same as the picture of that name, which is their last moment.
MOVING: dict[str, Callable[[], bytes]] = {
    "film": lambda: figures.animate(GALLERY["film"](), _film()),
    "film_narrow": lambda: figures.animate(GALLERY["film_narrow"](), _film()),
}


def main(folder: Path) -> None:
    """Draw every picture into `folder`."""
    folder.mkdir(exist_ok=True)
    for name, draw in GALLERY.items():
        (folder / f"{name}.png").write_bytes(draw().to_png())
        print(folder / f"{name}.png")
    for name, draw in MOVING.items():
        (folder / f"{name}.gif").write_bytes(draw())
        print(folder / f"{name}.gif")


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        record()
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("figures"))
