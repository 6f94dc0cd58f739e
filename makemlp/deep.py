"""A wider and deeper MLP, and the loop that trains it (floor 4): lesson 09 beats the count tables with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemlp.counts import interpolate
from makemlp.data import places
from makemlp.mlp import check_sizes
from makemlp.training import Batches, divergence, learning_rate_at, progress, say_stopped


def drop(h: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Dropout: switch off this share of the numbers at random, and enlarge the others so that the mean stays.

    Parameters
    ----------
    h : any shape.
    share : from 0 up to but not including 1.

    Raises
    ------
    ValueError
        for another share.

    Source: lesson 09; Srivastava et al. 2014.
    """
    if not 0 <= share < 1:
        raise ValueError(f"dropout is {share}: pass the share of units to switch off, from 0 to below 1.")
    keep = torch.rand(h.shape, generator=generator) >= share
    return h * keep / (1 - share)


class DeepMLP(nn.Module):
    """An MLP whose hidden layers add to each other, with dropout while it trains.

    Parameters
    ----------
    vocab_size, block_size, emb_dim, hidden_dim : as in `MLP`.
    layers : hidden layers, each of hidden_dim units.
    dropout : share of the hidden units that are switched off in each training step.
    seed : of the random start and of dropout.

    Raises
    ------
    ValueError
        for a size that is not a whole number of 1 or more; while training, for a dropout that is not below 1.

    Source: lesson 09; residual connections: He et al. 2015; GELU: Hendrycks and Gimpel 2016.
    """

    def __init__(self, vocab_size, block_size=8, emb_dim=16, hidden_dim=512, layers=2, dropout=0.25, seed=0):
        super().__init__()
        check_sizes(block_size=block_size, emb_dim=emb_dim, hidden_dim=hidden_dim, layers=layers)
        self.vocab_size, self.block_size, self.dropout = vocab_size, block_size, dropout
        self.generator = torch.Generator().manual_seed(seed)
        sizes = [block_size * emb_dim] + [hidden_dim] * (layers - 1)  # what each layer is given
        self.C = self.random(vocab_size, emb_dim, scale=1.0)
        self.W = nn.ParameterList([self.random(size, hidden_dim, scale=size**-0.5) for size in sizes])
        self.b = nn.ParameterList([torch.zeros(hidden_dim) for size in sizes])
        self.W_out = self.random(hidden_dim, vocab_size, scale=0.1 * hidden_dim**-0.5)
        self.b_out = nn.Parameter(torch.zeros(vocab_size))

    def random(self, rows, columns, scale):
        return nn.Parameter(torch.randn(rows, columns, generator=self.generator) * scale)

    def layer(self, x, W, b):
        h = F.gelu(x @ W + b)  # (N, hidden_dim)
        return drop(h, self.dropout, self.generator) if self.training else h

    def forward(self, X):
        """Logits (N, vocab_size) of what follows the contexts X (N, block_size)."""
        h = self.layer(self.C[X].flatten(1), self.W[0], self.b[0])  # (N, hidden_dim)
        for W, b in zip(self.W[1:], self.b[1:], strict=True):
            h = h + self.layer(h, W, b)  # (N, hidden_dim)
        return h @ self.W_out + self.b_out  # (N, vocab_size)


def adamw(*args, **settings) -> torch.optim.AdamW:
    """PyTorch's AdamW, made in a thread, where no interrupt comes: the first optimizer imports a second's worth of
    PyTorch, and what is half imported can't be imported again until Python is started anew."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.optim.AdamW, *args, **settings).result()


@places.on_cpu
@places.by_autograd
def train_deep(
    model: nn.Module,
    X: Tensor,
    Y: Tensor,
    *,
    steps: int = 2400,
    batch_size: int = 1024,
    learning_rate: float = 0.01,
    weight_decay: float = 0.1,
    teacher: Callable[[Tensor], Tensor] | None = None,
    strength: float = 1.0,
    seed: int = 0,
) -> list[float]:
    """Train any model in place by autograd and AdamW, on the batches and the schedule of `train`.

    An interrupt ends the training early and keeps what was learned.

    Parameters
    ----------
    model : maps contexts (N, block_size) to logits (N, vocab_size).
    X, Y : (N, block_size) and (N,) int64, the examples.
    weight_decay : each step also shrinks every weight by the learning rate times this number.
    teacher : a model, such as a CountModel, whose predictions are added to what followed each context.
    strength : how many imagined examples per context the teacher adds. They are shared out as it predicts.

    Returns
    -------
    list of float
        each step's minibatch loss, in nats per character.

    Raises
    ------
    ValueError
        if the run diverges; the model then has its parameters from before.

    Source: lesson 09; AdamW: Loshchilov and Hutter 2019.
    """
    batches = Batches(X, Y, model.vocab_size, batch_size, seed)
    if teacher is not None:
        with torch.no_grad():
            batches.targets = interpolate(batches.counts, teacher(batches.contexts).softmax(1), strength)
    before = {name: p.detach().clone() for name, p in model.state_dict().items()}
    optimizer = adamw(model.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=weight_decay)
    losses = []
    model.train()
    try:
        for step in progress(range(steps), unit="step"):
            contexts, targets, weights = batches.draw()
            each = -(model(contexts).log_softmax(1) * targets).sum(1)  # (B,)
            loss = each @ weights.to(each.dtype)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                model.load_state_dict(before)
                raise divergence(step, learning_rate)
            optimizer.param_groups[0]["lr"] = learning_rate * learning_rate_at(step, steps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    except KeyboardInterrupt:
        say_stopped(len(losses), steps)
    finally:
        model.eval()
    return losses
