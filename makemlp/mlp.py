"""The character-level MLP of Bengio et al. 2003 (floor 1): embed, concatenate, tanh, logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def count_parameters(
    vocab_size: int, block_size: int, emb_dim: int, hidden_dim: int, direct: bool = False
) -> dict[str, int]:
    """How many numbers each tensor of an MLP of these sizes holds; their sum is the model's size.

    In the paper's symbols |V| = vocab_size, n - 1 = block_size, m = emb_dim, h = hidden_dim.

    Returns
    -------
    dict of str to int
        ``C``, ``W1``, ``b1``, ``W2``, ``b2``, and with ``direct`` also ``W``.

    Source: lesson 03; Bengio et al. 2003, section 2.
    """
    inputs = block_size * emb_dim
    counts = {
        "C": vocab_size * emb_dim,
        "W1": inputs * hidden_dim,
        "b1": hidden_dim,
        "W2": hidden_dim * vocab_size,
        "b2": vocab_size,
    }
    if direct:
        counts["W"] = inputs * vocab_size
    return counts


def check_sizes(**sizes: int) -> None:
    """Raise a ValueError that names the first of `sizes` that is not a whole number of 1 or more, or a wrong device."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} is {size!r}: an MLP needs a whole number of 1 or more there.")
    try:
        device = torch.empty(0).device.type
    except (AssertionError, RuntimeError):  # one that was set and that this machine lacks
        device = "one that is not there"
    if device != "cpu":
        raise ValueError(
            f"PyTorch's default device is '{device}', and random starts are drawn on the CPU: call "
            f"torch.set_default_device('cpu') first, and move the model afterwards."
        )


class MLP(nn.Module):
    """Predict the next character from the embeddings of the `block_size` characters before it.

    Parameters
    ----------
    vocab_size : number of symbols, boundary included.
    block_size : characters in the context.
    emb_dim : how many numbers stand for one character.
    hidden_dim : how many tanh units.
    direct : also connect the embeddings directly to the logits, which the paper describes as an option.
    seed : of the random start.

    Attributes
    ----------
    C : (vocab_size, emb_dim), one row per character.
    W1, b1 : (block_size * emb_dim, hidden_dim) and (hidden_dim,)
    W2, b2 : (hidden_dim, vocab_size) and (vocab_size,)
    W : (block_size * emb_dim, vocab_size) with ``direct``, else None.

    Raises
    ------
    ValueError
        for a size that is not a whole number of 1 or more.

    Source: lesson 04; Bengio et al. 2003, equation 1, where W1, b1, W2, b2 are called H, d, U, b.
    """

    def __init__(self, vocab_size, block_size=3, emb_dim=10, hidden_dim=200, direct=False, seed=0):
        super().__init__()
        check_sizes(vocab_size=vocab_size, block_size=block_size, emb_dim=emb_dim, hidden_dim=hidden_dim)
        self.vocab_size, self.block_size = vocab_size, block_size
        g = torch.Generator().manual_seed(seed)
        inputs = block_size * emb_dim
        self.C = nn.Parameter(torch.randn(vocab_size, emb_dim, generator=g))
        self.W1 = nn.Parameter(torch.randn(inputs, hidden_dim, generator=g) * (5 / 3) / inputs**0.5)
        self.b1 = nn.Parameter(torch.zeros(hidden_dim))
        self.W2 = nn.Parameter(torch.randn(hidden_dim, vocab_size, generator=g) * 0.01)
        self.b2 = nn.Parameter(torch.zeros(vocab_size))
        self.W = nn.Parameter(torch.zeros(inputs, vocab_size)) if direct else None

    def forward(self, X):
        """Logits (N, vocab_size) of what follows the contexts X (N, block_size)."""
        flat = self.C[X].flatten(1)  # (N, block_size * emb_dim)
        h = torch.tanh(flat @ self.W1 + self.b1)  # (N, hidden_dim)
        logits = h @ self.W2 + self.b2  # (N, vocab_size)
        return logits if self.W is None else logits + flat @ self.W


@torch.no_grad()
def trace(model: MLP, X: Tensor) -> dict[str, Tensor]:
    """Every tensor on the way from the contexts X (N, block_size) to the next character's probabilities.

    Returns
    -------
    dict of str to Tensor
        ``emb`` (N, block_size, emb_dim), ``h`` (N, hidden_dim), ``logits`` and ``probs`` (N, vocab_size).

    Source: lesson 04b.
    """
    emb = model.C[X]
    h = torch.tanh(emb.flatten(1) @ model.W1 + model.b1)
    logits = model(X)
    return {"emb": emb, "h": h, "logits": logits, "probs": logits.softmax(1)}
