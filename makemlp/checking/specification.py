"""What an exercise is (floor 3): a specification, its known mistakes, and the calls by which an answer is tried."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from makemlp.checking.comparing import EXACT_SUMS, Tolerance
from makemlp.checking.drawing import Draws
from makemlp.checking.elsewhere import elsewhere

SEEDS = (0, 1)  # of the inputs that every check tries; the grader adds those of a seed that nobody knew before
REPEATS = 3  # inputs that are tried twice, to see whether the result is the same
OTHER_SEEDS = (1, 2, 60, 1000)  # added to the first input's, where the task names one: seed % 2 and the like show
AUTOGRAD = ("backward", "grad", "_make_dual")  # backward, and the forward mode


@dataclass(frozen=True)
class Mistake:
    """A mistake that learners make: a wrong implementation, and what to say to whoever agrees with it.

    Parameters
    ----------
    name : a few words, which tests and grades use.
    wrong : takes what the reference takes, and gives what a learner with this mistake gives.
    says : one sentence that names the mistake.
    see : lesson and heading that teach it, such as "04 The sliding window".
    """

    name: str
    wrong: Callable
    says: str
    see: str


@dataclass(frozen=True)
class Trial:
    """How an answer is tried that is scored, where there is no one right result to compare with.

    Parameters
    ----------
    run : takes the answer and the arguments, where the answer runs, and gives plain data; None if the answer gives
        nothing.
    score : takes this data, where the judge is, and gives the verdict's kind, such as a known mistake's name, and a
        sentence about it.
    seconds : processor time that the answer may take, and that the grader allows beyond its own limit.
    row : takes the data of an answer that is met, and gives what goes on the scoreboard.
    """

    run: Callable
    score: Callable[[Any], tuple[str, str]]
    seconds: float
    row: Callable[[Any], dict] | None = None


@dataclass(frozen=True)
class Exercise:
    """One exercise, as a plain specification.

    Parameters
    ----------
    number : lesson and place in it, such as "03.2".
    name : how notebooks call it; also the name of the function that the learner writes.
    reference : the specification. Its parameter names appear in messages.
    cases : makes the inputs from a `Draws`: a list of argument tuples, the smallest first; None for pencil exercises.
    mistakes : the known ones, the most telling first.
    hints : steps, each a little more.
    tolerance : how close is right, and why.
    strict : whether the form is asked for too: tensors, and of int64 where the reference gives these.
    forbidden : what the task rules out, watched while the answer runs: patterns of the names of PyTorch's functions,
        of optimizers (``torch.optim.*``) and of the course's own modules (``makemlp.counts.*``).
    in_place : the answer's parameters that it may change; a change of any other is refused.
    measure : takes the result and the arguments, and gives what is compared where many results are right.
    trial : how it is tried and scored, instead of compared with the reference; on one input, once.
    use : takes an answer and an input and gives the result, where an answer is not just called on the input: one that
        makes a function, or takes one. The reference and the mistakes are used alike.
    """

    number: str
    name: str
    reference: Callable
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    cases: Callable[[Draws], list[tuple]] | None = None
    tolerance: Tolerance = EXACT_SUMS
    strict: bool = False
    forbidden: tuple[str, ...] = ()
    in_place: tuple[str, ...] = ()
    measure: Callable | None = None
    trial: Trial | None = None
    use: Callable | None = None

    @property
    def title(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def names(self) -> list[str]:
        """What the parts of an input are called."""
        return list(inspect.signature(self.use).parameters)[1:] if self.use else self.parameters

    @property
    def parameters(self) -> list[str]:
        """What the answer's parameters are called."""
        return list(inspect.signature(self.reference).parameters)

    def inputs(self, seed: int | None = None) -> list[tuple]:
        """The argument tuples of all seeds, this one too; a pencil exercise has one, which is empty."""
        if self.cases is None:
            return [()]
        seeds = SEEDS[:1] if self.trial else dict.fromkeys([*SEEDS, *([] if seed is None else [seed])])
        return [arguments for one in seeds for arguments in self.cases(Draws(one))]

    @lru_cache(maxsize=16)  # noqa: B019 - exercises live as long as the course
    def calls(self, seed: int | None = None) -> dict[str, list[tuple]]:
        """How an answer is tried, by what for: ``inputs`` first, then what must come out the same, or not the same.

        They are drawn once for an answer and for all mistakes, and whoever is called gets a copy.

        ``again`` are inputs once more. Where the task names a seed: ``other seeds``, the first input with other ones;
        and ``elsewhere``, where names have other hash values, as they have in every new process.
        """
        inputs = self.inputs(seed)
        calls = {"inputs": inputs, "again": [] if self.trial else inputs[:REPEATS], "other seeds": [], "elsewhere": []}
        names = self.names
        if "seed" in names and self.cases is not None:
            place, first = names.index("seed"), inputs[0]
            calls["other seeds"] = [(*first[:place], first[place] + i, *first[place + 1 :]) for i in OTHER_SEEDS]
            calls["elsewhere"] = [tuple(map(elsewhere, arguments)) for arguments in inputs[:REPEATS]]
        return calls
