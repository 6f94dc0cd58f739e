"""The network for words (floor 5): a last layer that asks two short questions instead of one long one, a look far back,
and the loop that trains it on running text. Lesson 10 beats the count tables with it."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemlp import checkpoints
from makemlp.data import WordVocabulary, places
from makemlp.deep import adamw
from makemlp.mlp import check_sizes
from makemlp.training import divergence, learning_rate_at, progress, say_stopped

CUTOFFS = (2000, 6000)
KEPT = (101, 102)  # the seeds of the two networks that come with the course


def kept(seed: int) -> Path:
    """Where the course keeps its network of this seed."""
    return Path(__file__).parent / "corpus" / f"network{seed}.pt"


class AdaptiveSoftmax(nn.Module):
    """The probability of a word as an answer to two short questions: which group is it in, and which word of the group?

    The frequent words stand in the first question for themselves, so that most words need no second one. A word's
    logit is the product of its embedding with what the hidden layer makes of the context, plus the word's bias.

    Parameters
    ----------
    vocab_size : the words are numbered from the most frequent on, as a `WordVocabulary` does.
    emb_dim, hidden_dim : of the network.
    cutoffs : where the groups of rarer words begin, rising; the last group ends at vocab_size.
    counts : (vocab_size,) how often each word is in train. The biases then begin at its share, else at 0.
    dropout : share of the numbers that are compared with the embeddings which a training step switches off.

    Attributes
    ----------
    U : (hidden_dim, emb_dim); G : (hidden_dim, groups); b : (vocab_size,); b_group : (groups,)

    Source: lesson 10; Grave et al. 2017 for the groups; Bengio et al. 2003, section 5.1, for the embeddings of answers.
    """

    def __init__(self, vocab_size, emb_dim, hidden_dim, cutoffs=CUTOFFS, counts=None, dropout=0.0, generator=None):
        super().__init__()
        edges = [0, *(edge for edge in cutoffs if edge < vocab_size), vocab_size]
        if edges != sorted({*edges}):
            raise ValueError(f"The cut-offs are {cutoffs}: pass whole numbers above 0, the smallest first.")
        self.sizes = [end - start for start, end in pairwise(edges)]
        self.edges, self.dropout = edges, dropout
        share = torch.ones(vocab_size) if counts is None else counts + 1.0  # no word begins as impossible
        share = (share / share.sum()).split(self.sizes)
        self.U = nn.Parameter(torch.randn(hidden_dim, emb_dim, generator=generator) * hidden_dim**-0.5)
        self.G = nn.Parameter(torch.zeros(hidden_dim, len(self.sizes) - 1))
        self.b = nn.Parameter(torch.cat(share).log())
        self.b_group = nn.Parameter(torch.tensor([part.sum().log() for part in share[1:]]))

    def questions(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """For hidden units h (N, hidden_dim): what is compared with embeddings (N, emb_dim), the groups' logits."""
        return F.dropout(h @ self.U, self.dropout, self.training), h @ self.G + self.b_group

    def log_prob(self, h: Tensor, C: Tensor, Y: Tensor) -> Tensor:
        """Log-probabilities (N,) of the words Y (N,), from h (N, hidden_dim) and embeddings C (vocab_size, emb_dim)."""
        z, groups = self.questions(h)  # (N, emb_dim), (N, groups)
        C, b = C.split(self.sizes), self.b.split(self.sizes)
        first = torch.bucketize(Y, Y.new_tensor(self.edges[1:-1]), right=True)  # (N,) each word's group, 0: frequent
        answer = torch.where(first == 0, Y, self.sizes[0] - 1 + first)
        logits = torch.cat([z @ C[0].T + b[0], groups], 1)  # (N, frequent words + groups)
        found = -F.cross_entropy(logits, answer, reduction="none")
        for group in range(1, len(self.sizes)):
            rows = (first == group).nonzero().flatten()
            logits = z[rows] @ C[group].T + b[group]  # (rows, words of the group)
            found = found.index_add(0, rows, -F.cross_entropy(logits, Y[rows] - self.edges[group], reduction="none"))
        return found

    def forward(self, h: Tensor, C: Tensor) -> Tensor:
        """Log-probabilities (N, vocab_size) of all words."""
        z, groups = self.questions(h)  # (N, emb_dim), (N, groups)
        parts = [z @ C.T + b for C, b in zip(C.split(self.sizes), self.b.split(self.sizes), strict=True)]
        first = torch.cat([parts[0], groups], 1).log_softmax(1)  # (N, frequent words + groups)
        frequent, groups = first.split([self.sizes[0], len(self.sizes) - 1], 1)
        rarer = [groups[:, [k]] + part.log_softmax(1) for k, part in enumerate(parts[1:])]
        return torch.cat([frequent, *rarer], 1)


class WordMLP(nn.Module):
    """Predict the next word from the embeddings of the words before it.

    The last `near` words are concatenated, as in the paper. With `blurs`, the network is also given weighted means of
    the embeddings of all `block_size` words. They say what the text is about. The weights of their distances, and how
    much each word counts, are learned.

    Parameters
    ----------
    vocab_size : number of words.
    block_size : words in the context.
    near : how many of them, the last ones, are concatenated; by default all.
    blurs : how many weighted means of the whole context are concatenated with them.
    emb_dim : how many numbers stand for one word.
    hidden_dim : units of each hidden layer.
    layers : hidden layers; from the second on each adds to the one before.
    dropout : share of the hidden units that are switched off in each training step.
    word_dropout : share of the context's words that are switched off in each training step.
    activation : "gelu", or the paper's "tanh".
    cutoffs, counts : as `AdaptiveSoftmax` has them.
    seed : of the random start.
    device : where the parameters are and where it computes: "cpu", "cuda", "mps". It answers where the contexts are.

    Attributes
    ----------
    C : (vocab_size, emb_dim), one row per word. The answers' logits are made with the same rows.

    Raises
    ------
    ValueError
        for a size that is not a whole number of 1 or more, cut-offs that do not rise, or an unknown activation.

    Source: lesson 10; Bengio et al. 2003, equation 1 and section 5.1.
    """

    brings_contexts = True  # to its device, and the answers back: see `makemlp.data.places`

    def __init__(
        self,
        vocab_size,
        block_size=5,
        emb_dim=64,
        hidden_dim=256,
        *,
        near=None,
        blurs=0,
        layers=1,
        dropout=0.0,
        word_dropout=0.0,
        activation="gelu",
        cutoffs=CUTOFFS,
        counts=None,
        seed=0,
        device="cpu",
    ):
        super().__init__()
        near = block_size if near is None else near
        check_sizes(block_size=block_size, near=near, emb_dim=emb_dim, hidden_dim=hidden_dim, layers=layers)
        if activation not in ("gelu", "tanh"):
            raise ValueError(f"There is no activation '{activation}': pass 'gelu' or 'tanh'.")
        if near > block_size:
            raise ValueError(f"near is {near} and block_size {block_size}: pass a block_size of {near} or more.")
        # What builds the network anew; load_words_model reads it.
        self.settings = {"vocab_size": vocab_size, "block_size": block_size, "near": near, "blurs": blurs}
        self.settings |= {"emb_dim": emb_dim, "hidden_dim": hidden_dim, "layers": layers, "activation": activation}
        self.settings |= {"dropout": dropout, "word_dropout": word_dropout, "cutoffs": tuple(cutoffs)}
        self.vocab_size, self.block_size, self.near = vocab_size, block_size, near
        self.dropout, self.word_dropout, self.activation = dropout, word_dropout, getattr(F, activation)
        g = torch.Generator().manual_seed(seed)
        sizes = [(near + blurs) * emb_dim] + [hidden_dim] * (layers - 1)  # what each layer is given
        self.C = nn.Parameter(torch.randn(vocab_size, emb_dim, generator=g) * emb_dim**-0.5)
        self.W = nn.ParameterList([torch.randn(size, hidden_dim, generator=g) * size**-0.5 for size in sizes])
        self.b = nn.ParameterList([torch.zeros(hidden_dim) for _ in sizes])
        # The means begin as fading ones, with memories of 6, 36, … words.
        back = torch.arange(block_size - 1, -1, -1.0)  # (block_size,) how far back each word is
        self.fade = nn.Parameter(torch.stack([-back / 6 ** (k + 1) for k in range(blurs)]) if blurs else back[:0])
        # How much a word counts in the means: a frequent one at first little, because it says nothing of the topic.
        share = torch.ones(vocab_size) if counts is None else counts + 1.0
        self.weight = nn.Parameter(-0.5 * (1000 * share / share.sum()).log().clamp(min=0) if blurs else back[:0])
        self.out = AdaptiveSoftmax(vocab_size, emb_dim, hidden_dim, cutoffs, counts, dropout / 2, g)
        self.to(device)

    def hidden(self, stretches: Tensor) -> Tensor:
        """The last hidden layer (B * T, hidden_dim) after each of the T contexts in B stretches of running text.

        Parameters
        ----------
        stretches : (B, block_size + T - 1) int64. The contexts (N, block_size) of a dataset are stretches with T = 1.
            In a longer one, neighbouring contexts share their words' embeddings.
        """
        T = stretches.shape[1] - self.block_size + 1
        emb = F.embedding(stretches, self.C) * self.C.shape[1] ** 0.5  # (B, block_size + T - 1, emb_dim)
        if self.training and self.word_dropout:
            keep = torch.rand(stretches.shape, device=emb.device) >= self.word_dropout
            emb = emb * (keep / (1 - self.word_dropout)).unsqueeze(2)
        first = self.block_size - self.near
        parts = [emb[:, first + k : first + k + T] for k in range(self.near)]  # (B, T, emb_dim) each
        if len(self.fade):
            weighted = emb * F.embedding(stretches, self.weight.exp().unsqueeze(1))
            parts += [fade @ weighted for fade in self._bands(T)]
        x = torch.cat(parts, 2).flatten(0, 1)  # (B * T, (near + blurs) * emb_dim)
        h = self._layer(x, self.W[0], self.b[0])  # (B * T, hidden_dim)
        for W, b in zip(self.W[1:], self.b[1:], strict=True):
            h = h + self._layer(h, W, b)  # (B * T, hidden_dim)
        return h

    def _layer(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        return F.dropout(self.activation(x @ W + b), self.dropout, self.training)

    def _bands(self, T: int) -> Tensor:
        """The weights (blurs, T, block_size + T - 1) of a stretch's words in the means after each of its contexts."""
        size = self.block_size  # a mean of many words is a small number, which the power makes up for
        fades = F.pad(self.fade.softmax(1) * size**0.25, (0, T))  # (blurs, block_size + T)
        # Each row is the one above, one word later: what a row of that length, written on and on, gives by itself.
        return fades.repeat(1, T)[:, : T * (size + T - 1)].view(-1, T, size + T - 1)

    def log_prob(self, X: Tensor, Y: Tensor) -> Tensor:
        """Log-probabilities (N,) of the answers Y (N,) after the contexts X (N, block_size), by the short way."""
        device = self.C.device
        return self.out.log_prob(self.hidden(X.to(device)), self.C, Y.to(device)).to(X.device)

    def forward(self, X: Tensor) -> Tensor:
        """Log-probabilities (N, vocab_size) of what follows the contexts X (N, block_size); they serve as logits."""
        return self.out(self.hidden(X.to(self.C.device)), self.C).to(X.device)


@places.by_autograd
def train_words(
    model: WordMLP,
    X: Tensor,
    Y: Tensor,
    *,
    epochs: float = 1,
    batch_size: int = 1024,
    stretch: int = 32,
    learning_rate: float = 0.002,
    weight_decay: float = 0.1,
    seed: int = 0,
) -> list[float]:
    """Train a WordMLP in place on running text by AdamW, on the schedule of `train`.

    A batch is made of stretches of so many words in a row, from all over the text, because contexts that overlap share
    work. Every epoch cuts the text at other places. An interrupt ends the training early and keeps what was learned.

    Parameters
    ----------
    X, Y : (N, block_size) and (N,) int64, the examples of one text in its order, as `build_dataset` gives them. X is
        not copied.
    epochs : how often each word is an answer; a fraction trains on that share of the text.
    batch_size : words in a step, rounded to whole stretches.
    stretch : words in a row. With 1, X and Y may hold names, too.
    learning_rate : the highest rate.
    weight_decay : each step also shrinks every matrix by the learning rate times this number.
    seed : of the batches and of dropout.

    Returns
    -------
    list of float
        each step's minibatch loss, in nats per word.

    Raises
    ------
    ValueError
        for contexts of another length than the model's, a text shorter than a stretch, or a run that diverges; the
        model then has its parameters from before.

    Source: lesson 10.
    """
    places.check_examples(X, Y)
    if X.shape[1] != model.block_size:
        raise ValueError(
            f"The contexts have shape {tuple(X.shape)} and the model's block_size is {model.block_size}: build X with "
            f"block_size={model.block_size}."
        )
    if len(X) < stretch:
        raise ValueError(f"There are {len(X)} words and a stretch has {stretch}: pass a longer text.")
    device, rows = model.C.device, max(1, batch_size // stretch)
    steps = max(1, round(epochs * len(Y) / (rows * stretch)))
    before = {name: p.detach().clone() for name, p in model.state_dict().items()}
    matrices, others = ([p for p in model.parameters() if (p.ndim > 1) == many] for many in (True, False))
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = adamw(groups, lr=learning_rate, betas=(0.9, 0.99), fused=True)
    batches, losses = _stretches(X, Y, stretch, rows, seed), []
    model.train()
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)  # of dropout
            for step in progress(range(steps), unit="step"):
                words, answers = (part.to(device) for part in next(batches))
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * learning_rate_at(step, steps)
                optimizer.zero_grad()
                loss = -model.out.log_prob(model.hidden(words), model.C, answers).mean()
                losses.append(loss.item())
                if not math.isfinite(losses[-1]):
                    model.load_state_dict(before)
                    raise divergence(step, learning_rate)
                loss.backward()
                optimizer.step()
    except KeyboardInterrupt:
        say_stopped(len(losses), steps)
    finally:
        model.eval()
    return losses


def _stretches(X: Tensor, Y: Tensor, stretch: int, rows: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end: stretches (rows, block_size + stretch - 1) of the text, and their answers (rows * stretch,).

    An epoch begins at another word each time and takes every stretch from there on once, in random order.
    """
    g, ahead = torch.Generator().manual_seed(seed), torch.arange(stretch)
    starts = torch.empty(0, dtype=torch.int64)
    while True:
        while len(starts) < rows:
            first = int(torch.randint(min(stretch, len(Y) - stretch + 1), (1,), generator=g))
            epoch = torch.arange(first, len(Y) - stretch + 1, stretch)
            starts = torch.cat([starts, epoch[torch.randperm(len(epoch), generator=g)]])
        some, starts = starts[:rows], starts[rows:]
        answers = Y[some[:, None] + ahead]  # (rows, stretch)
        yield torch.cat([X[some], answers[:, :-1]], 1), answers.flatten()


def save_word_model(model: WordMLP, vocab: WordVocabulary, path: str | os.PathLike) -> None:
    """Save a trained WordMLP in a file, in half precision: two bytes per number.

    Raises
    ------
    ValueError
        if the vocabulary is not of the model's size, or the file can't be written.

    Source: lesson 10.
    """
    if len(vocab) != model.vocab_size:
        raise ValueError(
            f"The model predicts {model.vocab_size} words and the vocabulary has {len(vocab)}: pass the vocabulary "
            f"that the model was built with."
        )
    state = {name: p.half().cpu() for name, p in model.state_dict().items()}
    contents = {"kind": "word model", "words": _digest(vocab), "settings": model.settings, "state": state}
    checkpoints.write(path, contents)


def load_word_model(
    vocab: WordVocabulary, path: str | os.PathLike | None = None, *, seed: int = KEPT[0], device: str = "cpu"
) -> WordMLP:
    """A network that the course trained on the Brown corpus, or the one that `save_word_model` saved at `path`.

    Parameters
    ----------
    vocab : the vocabulary that it was trained with; for the course's networks ``WordVocabulary(load_words())``.
    seed : which of the course's two, 101 or 102: the same network from other random numbers.
    device : where it is to compute.

    Raises
    ------
    ValueError
        if there is no such file or seed, if the file is incomplete or not a word model, or if the model was trained on
        other words.

    Source: lesson 10b. How the course's networks were trained: ``makemlp/word_runs.py``.
    """
    if path is None and seed not in KEPT:
        raise ValueError(f"The course keeps no network of seed {seed}: pass {' or '.join(map(str, KEPT))}.")
    file = kept(seed) if path is None else path
    contents = checkpoints.read(file, "word model")
    with checkpoints.sound(file):
        model = WordMLP(**contents["settings"])
        model.load_state_dict(contents["state"])
        words = contents["words"]
    if words != _digest(vocab):
        raise ValueError(
            f"The network was trained on {model.vocab_size:,} other words than the vocabulary's {len(vocab):,}: build "
            f"the vocabulary from the text that it was trained on."
        )
    return model.to(device).eval()


def _digest(vocab: WordVocabulary) -> str:
    return hashlib.sha256("\n".join(vocab.itos).encode()).hexdigest()[:16]
