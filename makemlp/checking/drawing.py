"""Random inputs for the checks (floor 3), the same on every machine for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

LETTERS = "abcdefghij"


class Draws:
    """A stream of random inputs."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def integers(self, high: int, *shape: int) -> Tensor:
        """A tensor (*shape) int64 of numbers from 0 up to but not including `high`."""
        return torch.randint(high, shape, generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        """A tensor (*shape) float32 of normal random numbers."""
        return torch.randn(shape, generator=self.generator)

    def uniform(self, *shape: int) -> Tensor:
        """A tensor (*shape) float32 of numbers from 0 up to but not including 1."""
        return torch.rand(shape, generator=self.generator)

    def choice(self, options: Sequence) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def name(self, longest: int = 5) -> str:
        return "".join(self.choice(LETTERS) for _ in range(self.integer(1, longest)))

    def names(self, count: int) -> list[str]:
        """`count` made-up names, no two alike."""
        names: dict[str, None] = {}
        while len(names) < count:
            names[self.name()] = None
        return list(names)
