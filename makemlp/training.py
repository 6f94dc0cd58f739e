"""Training an MLP on minibatches (floor 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm


def train(
    model: nn.Module,
    X: Tensor,
    Y: Tensor,
    *,
    steps: int = 1000,
    batch_size: int = 256,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> list[float]:
    """Train a model in place by AdamW, its learning rate rising for a tenth of the steps and then falling to zero.

    Parameters
    ----------
    model : maps contexts (N, block_size) to logits (N, vocab_size).
    X, Y : (N, block_size) and (N,) int64, the examples.
    steps, batch_size : each step takes `batch_size` examples, drawn at random.
    learning_rate : the highest on the way.
    seed : of the minibatches.

    Returns
    -------
    list of float
        each step's minibatch loss, in nats per character.

    Raises
    ------
    ValueError
        for no examples, or a number of steps, batch size or rate that is not above 0; and when the loss stops
        being a number, with the step and what to try.

    Source: lesson 00 uses it as it stands; lesson 05 explains it.
    """
    if len(X) == 0:
        raise ValueError("train got no examples: build X and Y from at least one name.")
    for name, value in (("steps", steps), ("batch_size", batch_size), ("learning_rate", learning_rate)):
        if not value > 0:
            raise ValueError(f"{name} is {value}: it must be above 0.")
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    rise = 0.1 if steps > 10 else 0.0  # OneCycleLR divides by zero when a rise takes one step
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=rise)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for step in tqdm(range(steps), delay=2, leave=False, unit="step"):
        batch = torch.randint(len(X), (batch_size,), generator=generator)  # (batch_size,)
        loss = F.cross_entropy(model(X[batch]), Y[batch])
        if not loss.isfinite():
            raise ValueError(
                f"The loss became {loss.item()} at step {step} with learning rate {learning_rate}: lower the rate."
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses
