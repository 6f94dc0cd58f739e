"""The lessons as the tests read them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Cell:
    """One cell: its number in the notebook, kind, text, tags, and what its stored outputs say as text and as HTML."""

    number: int
    kind: str
    source: str
    tags: list[str]
    raw: dict

    @property
    def texts(self) -> list[str]:
        outputs = self.raw.get("outputs", [])
        printed = ["".join(output["text"]) for output in outputs if "text" in output]
        shown = ["".join(output["data"].get("text/plain", "")) for output in outputs if "data" in output]
        return printed + shown

    @property
    def html(self) -> str:
        return "".join("".join(output.get("data", {}).get("text/html", "")) for output in self.raw.get("outputs", []))

    @property
    def words(self) -> int:
        """How many words there are to read; a table is looked at, and a link's address is not seen."""
        text = re.sub(r"^\|.*", "", self.source, flags=re.M)
        return len(re.sub(r"\]\([^)]*\)", "]", text).split())

    @property
    def lines(self) -> list[str]:
        return [line for line in self.source.splitlines() if line.strip() and not line.strip().startswith("#")]


@dataclass
class Lesson:
    path: Path
    cells: list[Cell]
    raw: dict

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def prose(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "markdown"]

    @property
    def number(self) -> str:
        """Such as "04", or "04b" for a second part."""
        return self.path.stem.partition("_")[0]

    def __repr__(self) -> str:
        return self.path.stem


def read(path: Path) -> Lesson:
    raw = json.loads(path.read_text(encoding="utf-8"))
    cells = [
        Cell(number, cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []), cell)
        for number, cell in enumerate(raw["cells"])
    ]
    return Lesson(path, cells, raw)


LESSONS = [read(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
