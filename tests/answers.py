"""Right and wrong answers to the exercises, as learners might write them: tests/answers/NN.txt.

An entry begins with "=== EXERCISE right" or "=== EXERCISE wrong: KIND", where KIND is the known mistake, or the general
kind of failure, that the check must name. The answer's source follows.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from lessons import ROOT, read

EXERCISES = [read(path) for path in sorted((ROOT / "exercises").glob("*.ipynb"))]
SOLUTIONS = [read(path) for path in sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))]


@dataclass
class Answer:
    lesson: str
    exercise: str
    kind: str  # "met" for a right answer
    source: str

    def __str__(self):
        return f"{self.lesson}-{self.exercise}-{self.kind}"

    def function(self):
        """The answer as the notebook's kernel would have it."""
        scope = setup(self.lesson)
        exec(compile(self.source, f"<{self}>", "exec"), scope)
        return scope[self.exercise]


def setup(lesson):
    """The names that an exercise notebook has after its first cells."""
    scope = {}
    notebook = next(one for one in EXERCISES if one.path.name.startswith(lesson))
    exec(next(cell.source for cell in notebook.code if cell.raw["id"] == f"{lesson}-setup"), scope)
    return scope


def parse(path: Path):
    for part in path.read_text(encoding="utf-8").split("=== ")[1:]:
        head, _, source = part.partition("\n")
        exercise, verdict = re.fullmatch(r"(\w+) (right|wrong: .+)", head).groups()
        yield Answer(path.stem[:2], exercise, "met" if verdict == "right" else verdict.removeprefix("wrong: "), source)


ANSWERS = [answer for path in sorted(Path(__file__).with_suffix("").glob("*.txt")) for answer in parse(path)]
