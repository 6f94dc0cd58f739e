"""Time what the course does beside its peers: one process, runs by turns, medians, seeds that nothing was tuned on.

    python tools/bench.py            a table, build/bench.json, and what the course quotes: the same rows in
                                     makemlp/measured/bench.json, and their picture figures/bench.png
    python tools/bench.py words      only the networks for words: bench_words.json in the same two folders
    python tools/bench.py command    only the command line beside a transformer: build/bench_command.json
    QUICK=1 python tools/bench.py    fewer runs, and the lecture's recipe stopped early: only what is in build

A ratio is what counts; seconds differ between machines.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import makemlp
from makemlp import MLP, figures
from makemlp.training import Batches, learning_rate_at

QUICK = os.environ.get("QUICK", "") not in ("", "0")
RUNS = 3 if QUICK else 5
TARGET = 2.17  # the dev loss that the lecture ends at
STEPS, BATCH, RATE = 260, 192, 0.04  # the quickest way there, found with seeds 51 to 53
SEEDS = range(9001, 9001 + 2 * RUNS)  # nothing in the course was tuned on these

names = makemlp.data.bundled_names()
vocab = makemlp.Vocabulary(names)
train_names, dev_names, _ = makemlp.split(names)
X, Y = makemlp.build_dataset(train_names, vocab)
X_dev, Y_dev = makemlp.build_dataset(dev_names, vocab)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(ours: Callable[[int], object], peer: Callable[[int], object], runs: int = RUNS) -> tuple[float, float]:
    """Median seconds of both, run by turns; each call gets a fresh seed."""
    times: tuple[list[float], list[float]] = ([], [])
    for seed in list(SEEDS)[:runs]:
        for work, out in zip((ours, peer), times, strict=True):
            out.append(seconds(lambda work=work, seed=seed: work(seed)))
    return statistics.median(times[0]), statistics.median(times[1])


def engine_to_target(seed: int) -> float:
    """Train the lecture's model by the engine, evaluation on dev included; returns the dev loss."""
    model = MLP(len(vocab), emb_dim=10, hidden_dim=200, seed=seed)
    makemlp.train(model, X, Y, steps=STEPS, batch_size=BATCH, learning_rate=RATE, seed=seed)
    return makemlp.nll(model, X_dev, Y_dev)


def lecture_to_target(seed: int, most: int = 200_000, every: int = 2_000) -> tuple[int, float]:
    """The lecture's recipe as it stands there: 32 at random, rate 0.1, then 0.01; looks at dev now and then."""
    g = torch.Generator().manual_seed(seed)
    C = torch.randn(27, 10, generator=g)
    W1, b1 = torch.randn(30, 200, generator=g), torch.randn(200, generator=g)
    W2, b2 = torch.randn(200, 27, generator=g), torch.randn(27, generator=g)
    parameters = [C, W1, b1, W2, b2]
    for p in parameters:
        p.requires_grad = True

    def logits(contexts: torch.Tensor) -> torch.Tensor:
        return torch.tanh(C[contexts].view(-1, 30) @ W1 + b1) @ W2 + b2

    dev = float("inf")
    for i in range(most):
        ix = torch.randint(0, len(X), (32,), generator=g)
        loss = F.cross_entropy(logits(X[ix]), Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -(0.1 if i < 100_000 else 0.01) * p.grad
        if (i + 1) % every == 0:
            with torch.no_grad():
                dev = F.cross_entropy(logits(X_dev), Y_dev).item()
            if dev <= TARGET:
                return i + 1, dev
    return most, dev


def autograd_same_steps(seed: int) -> None:
    """What the engine does, by autograd and PyTorch's fused AdamW, on the same batches."""
    model = MLP(len(vocab), emb_dim=10, hidden_dim=200, seed=seed)
    batches = Batches(X, Y, len(vocab), BATCH, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0, fused=True)
    for step in range(STEPS):
        contexts, targets, weights = batches.draw()
        loss = (F.cross_entropy(model(contexts), targets, reduction="none") * weights).sum()
        optimizer.param_groups[0]["lr"] = RATE * learning_rate_at(step, STEPS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    makemlp.nll(model, X_dev, Y_dev)


def many(k: int, seed: int) -> None:
    models = [MLP(len(vocab), emb_dim=2, hidden_dim=64, seed=seed + i) for i in range(k)]
    makemlp.train_many(models, X, Y, learning_rates=[0.02] * k, steps=50, seed=seed)


def one_by_one(k: int, seed: int) -> None:
    for i in range(k):
        model = MLP(len(vocab), emb_dim=2, hidden_dim=64, seed=seed + i)
        makemlp.train(model, X, Y, steps=50, seed=seed)


def release(emb_dim: int, hidden_dim: int, steps: int, rate: float) -> Callable[[int], object]:
    """What happens between a slider's release and the new picture: train, then draw."""

    def work(seed: int) -> None:
        model = MLP(len(vocab), emb_dim=emb_dim, hidden_dim=hidden_dim, seed=seed)
        losses = makemlp.train(model, X, Y, steps=steps, learning_rate=rate, seed=seed)
        figures.live_training(losses, model.C.detach(), vocab).to_html()

    return work


def samplers(n: int) -> tuple[Callable[[int], object], Callable[[int], object]]:
    """Two ways to have `n` names from a trained 10/200: all in a batch, and one by one."""
    model = MLP(len(vocab), emb_dim=10, hidden_dim=200)
    makemlp.train(model, X, Y, steps=STEPS, batch_size=BATCH, learning_rate=RATE)
    return (
        lambda seed: makemlp.sample(model, vocab, n, seed=seed),
        lambda seed: [makemlp.sample(model, vocab, 1, seed=seed + i) for i in range(n)],
    )


def floor_of_products(seed: int) -> None:
    """Only the matrix products of the engine's steps, at the size of a batch whose equal contexts are joined."""
    rows = len(Batches(X, Y, len(vocab), BATCH, seed).draw()[0])
    emb, h, d = torch.randn(rows, 30), torch.randn(rows, 200), torch.randn(rows, 27)
    W1, W2 = torch.randn(30, 200), torch.randn(200, 27)
    for _ in range(STEPS):
        emb @ W1, h @ W2, h.T @ d, d @ W2.T, emb.T @ h, h @ W1.T


# Networks for words: one hidden layer of 256 units after four words of 64 numbers, the Brown corpus's 16,690 words.
# Each learns from as many answers; only the last layer and the loop differ.
WORDS = 5 * 1024 if QUICK else 20 * 1024
EMB, HIDDEN, BEFORE, CUTOFFS = 64, 256, 4, [800, 3000, 8000]
DRAWN = 1000  # words that a sampled softmax compares each answer with


class OtherLayer(nn.Module):
    """The same network with a last layer of PyTorch's ("full", "adaptive"), or with a sampled softmax.

    `shares` (vocab_size,) are those that the sampled one draws words by.
    """

    def __init__(self, shares: torch.Tensor, last: str, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        self.emb, self.hidden = nn.Embedding(len(shares), EMB), nn.Linear(BEFORE * EMB, HIDDEN)
        if last == "adaptive":
            self.out = nn.AdaptiveLogSoftmaxWithLoss(HIDDEN, len(shares), CUTOFFS, head_bias=True)
        else:
            self.out = nn.Linear(HIDDEN, len(shares))
        self.last, self.shares = last, shares

    def forward(self, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
        h = F.gelu(self.hidden(self.emb(X).flatten(1)))  # (N, HIDDEN)
        if self.last == "adaptive":
            return self.out(h, Y).loss
        return self.sampled(h, Y) if self.last == "sampled" else F.cross_entropy(self.out(h), Y)

    def sampled(self, h: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
        """Each answer against words that are drawn anew for each step (Jean and others 2015)."""
        drawn = torch.multinomial(self.shares, DRAWN, replacement=True)  # (DRAWN,)
        W, b = self.out.weight, self.out.bias - (DRAWN * self.shares).log()  # often drawn words count less
        others = (h @ W[drawn].T + b[drawn]).masked_fill(drawn == Y[:, None], -torch.inf)  # (N, DRAWN)
        logits = torch.cat([((h * W[Y]).sum(1) + b[Y])[:, None], others], 1)  # (N, 1 + DRAWN)
        return F.cross_entropy(logits, torch.zeros_like(Y))


def word_networks() -> dict[str, Callable[[int], object]]:
    """The course's network for words and its peers, each trained on the same number of words."""
    words = makemlp.load_words()[: 2 * WORDS]
    vocab = makemlp.WordVocabulary(makemlp.load_words())
    X, Y = makemlp.build_dataset(words, vocab, BEFORE)
    shares = (torch.bincount(Y, minlength=len(vocab)) + 1.0) ** 0.75
    shares /= shares.sum()

    def ours(seed: int) -> None:
        model = makemlp.WordMLP(len(vocab), BEFORE, EMB, HIDDEN, cutoffs=CUTOFFS, seed=seed)
        makemlp.train_words(model, X, Y, epochs=WORDS / len(Y), seed=seed)

    def by_hand(seed: int, last: str) -> None:
        model = OtherLayer(shares, last, seed)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, fused=True)
        for _ in range(WORDS // 1024):
            batch = torch.randint(len(Y), (1024,))
            optimizer.zero_grad()
            model(X[batch], Y[batch]).backward()
            optimizer.step()

    def tutorial(seed: int) -> None:
        model = OtherLayer(shares, "full", seed)
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in DataLoader(TensorDataset(X[:WORDS], Y[:WORDS]), batch_size=128, shuffle=True):
            optimizer.zero_grad()
            model(x, y).backward()
            optimizer.step()

    return {
        "ours": ours,
        "nn.AdaptiveLogSoftmaxWithLoss": lambda seed: by_hand(seed, "adaptive"),
        f"sampled softmax, {DRAWN:,} words drawn": lambda seed: by_hand(seed, "sampled"),
        "full softmax": lambda seed: by_hand(seed, "full"),
        "full softmax, DataLoader of 128, Adam": tutorial,
    }


def bench_words() -> None:
    """Rows like those of `main`, in a table of their own."""
    networks, rows = word_networks(), []
    ours = networks.pop("ours")
    ours(0)  # warm up
    for peer, work in networks.items():
        times = [round(time, 4) for time in alternate(ours, work, runs=3)]
        what = f"{WORDS:,} words learned, {EMB}/{HIDDEN}"
        rows.append({"what": what, "seconds": times[0], "peer": peer, "peer_seconds": times[1]})
        rows[-1]["ratio"] = round(times[1] / times[0], 2)
        print(f"{what:<44} {times[0]:8.3f} s   {peer:<38} {times[1]:8.3f} s   ×{rows[-1]['ratio']:7.1f}", flush=True)
    Path("build").mkdir(exist_ok=True)
    for folder in ("build",) if QUICK else ("build", "makemlp/measured"):
        Path(folder, "bench_words.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8", newline="\n")


# --- the command line, beside a transformer ---


class Transformer(nn.Module):
    """A small transformer over whole names, of the sizes that the lecture's repository has as its defaults.

    It is written here with PyTorch's own layers, because that repository is not part of this one: 4 layers, 4 heads,
    64 numbers per character; its loop is AdamW at 5e-4 with a weight decay of 0.01, on 32 names at random.
    """

    def __init__(self, longest: int):
        super().__init__()
        self.C, self.place = nn.Embedding(len(vocab), 64), nn.Embedding(longest, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 256, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 4, nn.LayerNorm(64), enable_nested_tensor=False)
        self.out = nn.Linear(64, len(vocab), bias=False)

    def forward(self, before: torch.Tensor) -> torch.Tensor:
        """Logits (names, longest, vocab_size) of what follows each character of `before` (names, longest)."""
        length = before.shape[1]
        later = nn.Transformer.generate_square_subsequent_mask(length)
        return self.out(self.layers(self.C(before) + self.place(torch.arange(length)), mask=later, is_causal=True))


def whole(names: list[str], longest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What stands before, and what follows, for every character of every name: (names, longest) each, -1 after ends."""
    before = torch.zeros(len(names), longest, dtype=torch.int64)
    after = torch.full((len(names), longest), -1)
    for row, name in enumerate(names):
        indices = torch.tensor([*vocab.encode(name), 0])
        after[row, : len(indices)], before[row, 1 : len(indices)] = indices, indices[:-1]
    return before, after


def transformer_for(budget: float, seed: int) -> tuple[float, int]:
    """Train the transformer for so many seconds of the processor: its dev loss, and the steps that it took."""
    torch.manual_seed(seed)
    longest = 1 + max(map(len, names))
    model = Transformer(longest)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01, betas=(0.9, 0.99), eps=1e-8)
    before, after = whole(train_names, longest)
    start, steps = time.process_time(), 0
    while time.process_time() - start < budget:
        batch = torch.randint(len(before), (32,))
        loss = F.cross_entropy(model(before[batch]).flatten(0, 1), after[batch].flatten(), ignore_index=-1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        steps += 1
    with torch.no_grad():
        pieces = [model(some).flatten(0, 1) for some in whole(dev_names, longest)[0].split(256)]
    return F.cross_entropy(torch.cat(pieces), whole(dev_names, longest)[1].flatten(), ignore_index=-1).item(), steps


def bench_command(budget: float = 5.0 if QUICK else 30.0) -> int:
    """The dev loss of `makemlp` and of the transformer, which gets as many of the processor's seconds as ours took."""
    from makemlp import __main__ as command

    rows = []

    def row(model: str, dev: float, steps: int, start: float) -> None:
        rows.append({"model": model, "dev": dev, "steps": steps, "seconds": time.process_time() - start})
        print("{model:<32} dev {dev:.3f} after {steps:>7,} steps, {seconds:6.1f} s of processor".format(**rows[-1]))

    start = time.process_time()
    table, dev, length = command._best_table(train_names, dev_names, vocab)
    row(f"Kneser-Ney, {length} characters", dev, 1, start)
    for kind in ("mlp", "deep"):
        asked = command.parser().parse_args(["--model", kind, "--seconds", str(budget)])
        start = time.process_time()
        row(f"makemlp --model {kind}", *command._best_network(asked, vocab, train_names, dev_names, table)[1:], start)
    start = time.process_time()
    row("a transformer of 4 layers", *transformer_for(max(row["seconds"] for row in rows), 9001), start)
    Path("build").mkdir(exist_ok=True)
    Path("build/bench_command.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def main() -> int:
    rows: list[dict] = []

    def row(what: str, ours: float, peer: str, theirs: float, note: str = "") -> None:
        rows.append(
            {"what": what, "seconds": round(ours, 4), "peer": peer, "peer_seconds": round(theirs, 4)}
            | {"ratio": round(theirs / ours, 2)}
        )
        print(f"{what:<44} {ours:8.3f} s   {peer:<38} {theirs:8.3f} s   ×{theirs / ours:7.1f}   {note}", flush=True)

    engine_to_target(0)  # warm up
    losses = [engine_to_target(seed) for seed in SEEDS]
    ours = statistics.median(seconds(lambda seed=seed: engine_to_target(seed)) for seed in SEEDS)
    lecture, reached = [], []
    for seed in list(SEEDS)[: 1 if QUICK else 3]:
        lecture.append(seconds(lambda seed=seed: reached.append(lecture_to_target(seed, 60_000 if QUICK else 200_000))))
    note = f"dev {min(losses):.3f} to {max(losses):.3f} over {len(losses)} seeds; the lecture's: " + ", ".join(
        f"{dev:.3f} after {steps:,} steps" for steps, dev in reached
    )
    row(
        f"dev at most {TARGET}, 10/200, evaluation included",
        ours,
        "the lecture's recipe",
        statistics.median(lecture),
        note,
    )
    row(
        f"{STEPS} steps of 10/200, evaluation included",
        *_pair(alternate(engine_to_target, autograd_same_steps), "autograd, fused AdamW"),
    )
    for k in (1, 8, 64):
        times = alternate(lambda seed, k=k: many(k, seed), lambda seed, k=k: one_by_one(k, seed), runs=3)
        row(f"train_many of 2/64, K = {k}", *_pair(times, "K single runs"))
    slow = alternate(release(2, 64, 100, 0.05), release(10, 200, STEPS, RATE))
    row("slider release: train and draw, 2/64", slow[0], "the same at 10/200", slow[1])
    batch, single = alternate(*samplers(1000))
    note = f"{1000 / batch:,.0f} names a second against {1000 / single:,.0f}"
    row("1,000 names sampled in a batch", batch, "one by one", single, note)
    floor = alternate(engine_to_target, floor_of_products)
    row(f"{STEPS} steps of 10/200, evaluation included", *_pair(floor, "their matrix products alone"))

    text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    Path("build").mkdir(exist_ok=True)
    Path("build/bench.json").write_text(text, encoding="utf-8")
    if not QUICK:
        Path("makemlp/measured/bench.json").write_text(text, encoding="utf-8", newline="\n")
        Path("figures/bench.png").write_bytes(figures.peers(rows).to_png())
    bench_words()
    bench_command()
    return 0 if max(losses) <= TARGET else 1


def _pair(times: tuple[float, float], peer: str) -> tuple[float, str, float]:
    return times[0], peer, times[1]


if __name__ == "__main__":
    alone = {"words": bench_words, "command": bench_command}
    sys.exit(alone.get("".join(sys.argv[1:]), main)())
