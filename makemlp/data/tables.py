"""Tables that hold names in one of their columns (floor 1): told from lists, and read by Python's csv module."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from makemlp.data.spelling import literal

DELIMITERS = "\t;|,"  # of two that cut a table alike, the earlier is taken: a comma also stands in numbers
LOOKED_AT = 1000  # lines that show whether a list is a table
TOP = 50  # lines in which the headings stand

# What a column or a list of names is headed, in the languages of the agencies that publish them.
HEADINGS = (
    *("name", "names", "given_name", "given name", "first name", "firstname", "first_name", "forename", "forenames"),
    *("baby name", "child's first name", "surname", "last name", "prénom", "prenom", "prénoms", "prenoms", "preusuel"),
    *("nom", "nombre", "nombres", "nome", "nomi", "vorname", "vornamen", "nachname", "familienname", "voornaam"),
    *("imię", "imie", "ad", "isim", "förnamn", "fornavn", "имя"),
)
COUNTS = (
    *("count", "counts", "number", "n", "freq", "frequency", "births", "total"),
    *("anzahl", "nombre", "aantal", "antal", "liczba", "quantity"),
)


@dataclass(frozen=True)
class Options:
    """What a caller of load_names asked for; see there."""

    lowercase: bool | str = False
    column: int | str | None = None
    header: bool | int | None = None
    delimiter: str | None = None
    bad_lines: str = "error"
    remove: str = ""
    boundary: str = "."
    pattern: str | None = None

    def __post_init__(self):
        if self.lowercase not in (True, False, "tr", "az"):
            raise ValueError(
                f"lowercase is {self.lowercase!r:.40}: pass True, False, or 'tr' or 'az', whose letters I and İ differ."
            )
        if (self.column is not None and not isinstance(self.column, int | str)) or isinstance(self.column, bool):
            raise ValueError(f"column is {self.column!r:.40}: pass its heading, or its number, counted from 1.")
        if isinstance(self.column, int) and self.column < 1:
            raise ValueError(f"column is {self.column}: columns are counted from 1.")
        if self.header is not None and (not isinstance(self.header, int) or self.header < 0):
            raise ValueError(
                f"header is {self.header!r:.40}: pass the number of the line with the headings, True for the first, or "
                f"False where there are none."
            )
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) > 1):
            raise ValueError(
                f"delimiter is {self.delimiter!r:.40}: pass the one character between columns, or '' where each line "
                f"is a name."
            )
        if self.bad_lines not in ("error", "skip"):
            raise ValueError(f"bad_lines is {self.bad_lines!r:.40}: pass 'error' or 'skip'.")
        if not isinstance(self.remove, str):
            raise ValueError(f"remove is {self.remove!r:.40}: pass a text of the characters to take out of all names.")
        self._check_pattern()

    def _check_pattern(self):
        said = "pass a regular expression, such as '^([^#]+)', of which the part in brackets is the name"
        try:
            groups = 0 if self.pattern is None else re.compile(self.pattern).groups
        except (re.error, TypeError) as error:
            raise ValueError(f"pattern is {self.pattern!r:.40} ({error}): {said}.") from None
        if groups > 1 or self.pattern == "":
            raise ValueError(f"pattern is {self.pattern!r:.40} with {groups} parts in brackets: {said}.")

    def call(self, start: str, **changed: object) -> str:
        """A call to copy: what its reader passed already, with the options that a sentence proposes to change."""
        passed = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        options = ", ".join(f"{name}={literal(value)}" for name, value in (passed | changed).items())
        return f"{start}{'' if start.endswith('(') else ', '}{options})"


Rows = list[tuple[int, list[str]]]  # each row's cells, with the number of the line that it ends on


def column_of(
    lines: Sequence[str], where: str, call: str, options: Options
) -> tuple[Sequence[str] | list[tuple[int, str]], list[str]]:
    """The cells of the column that was asked for, with their lines' numbers; a list that is no table, as it is.

    Raises
    ------
    ValueError
        for a table of which no column was asked for, with the call to make; or for one without that column.
    """
    lines, delimiter = _said_by_excel(lines, options.delimiter)
    width = 0
    if delimiter is None:
        delimiter, width = delimiter_of(lines)
    if options.column is None and not delimiter:
        return below_header(lines, options.header), []
    rows = _rows(lines if options.column is not None else lines[:LOOKED_AT], delimiter or "\x1f", where)
    if not rows:
        return [], []
    width = width or _usual(len(row) for _, row in rows[:LOOKED_AT])[0]
    head = _headings_at(rows, width, options)
    if options.column is None:
        raise ValueError(_proposal(rows, head, width, delimiter, where, call, options))
    headings = rows[head][1] if head is not None else []
    at = _place(options.column, headings, rows, width, where)
    start = 0 if options.header is False else _below_titles(rows, width)
    body = rows[start:] if head is None else rows[head + 1 :]
    cells = [(number, row[at] if at < len(row) else "") for number, row in body]
    return cells, _weights(body, headings, width, at, where)


def names_found(line: str, pattern: str) -> list[str]:
    """What a pattern finds in a line: its part in brackets, or all of it; several names where it fits again."""
    return [found for one in re.findall(pattern, line.strip()) if (found := one.strip())]


def below_header(lines: Sequence[str], header: bool | int | None) -> list[tuple[int, str]] | Sequence[str]:
    """A plain list without its heading, its lines with their numbers; `header` as in load_names."""
    if not header:
        return lines
    numbered = list(enumerate(lines, start=1))
    if header is True:
        header = next((number for number, line in numbered if line.strip()), 0)
    return numbered[header:]


def _said_by_excel(lines: Sequence[str], delimiter: str | None) -> tuple[Sequence[str], str | None]:
    """Excel may write "sep=;" on the first line, which says the delimiter and is no row."""
    if lines and (said := re.fullmatch("\ufeff?sep=(.)", lines[0], re.IGNORECASE)):
        return ["", *lines[1:]], delimiter or said[1]
    return lines, delimiter


def delimiter_of(lines: Sequence[str]) -> tuple[str, int]:
    """What stands between the columns and how many there are; ("", 1) for a list that is no table.

    A table has two lines or more, and the same number of cells, two or more, in most of them. Quotes around every line
    make a table of one column, because no name has them.
    """
    filled = list(itertools.islice((line.strip() for line in lines if line.strip()), LOOKED_AT))
    best = (0.5, "", 1)
    for delimiter in DELIMITERS:
        if len(filled) > 1 and any(delimiter in line for line in filled):
            width, often = _usual(len(row) for _, row in _rows(filled, delimiter, "the table"))
            if width > 1 and often / len(filled) > best[0]:
                best = (often / len(filled), delimiter, width)
    quoted = sum(len(line) > 1 and line[0] == line[-1] == '"' for line in filled)
    if best[1] == "" and quoted > 0.5 * len(filled):
        return ",", 1
    return best[1:]


def _rows(lines: Sequence[str], delimiter: str, where: str) -> Rows:
    if delimiter == "|":
        lines = [_without_frame(line) for line in lines]
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise ValueError(f"{where}, line {reader.line_num} is no row of a table ({error}): correct it.") from None
    return [(number, row) for number, row in rows if any(row)]


def _without_frame(line: str) -> str:
    """A row as Markdown or a database writes it, without the bars at its edges; a rule between rows is empty."""
    line = line.strip()
    if re.fullmatch(r"[-+|:=\s]*", line):
        return ""
    return line[1:-1] if len(line) > 2 and line[0] == line[-1] == "|" else line


def _usual(numbers: Iterable[int]) -> tuple[int, int]:
    """The most frequent of some numbers, and how often it comes."""
    return Counter(numbers).most_common(1)[0]


def _below_titles(rows: Rows, width: int) -> int:
    """How many rows stand above the table: they fill fewer cells than most, or are not as wide."""
    usual, _ = _usual(sum(map(bool, row)) for _, row in rows[:LOOKED_AT])
    found = (at for at, (_, row) in enumerate(rows) if len(row) == width and sum(map(bool, row)) >= usual)
    return next(found, 0)


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d[\d.,' \u00a0\u202f]*%?", cell))


def _numbers(rows: Rows, at: int) -> list[str]:
    """The cells of a column of numbers; none for another column."""
    cells = [row[at] for _, row in rows[:LOOKED_AT] if at < len(row) and row[at]]
    return cells if cells and sum(map(_is_number, cells)) > 0.9 * len(cells) else []


def _headings_at(rows: Rows, width: int, options: Options) -> int | None:
    """Which row holds the headings; None where there is none."""
    if options.header is False:
        return None
    if options.header is not None:
        number = rows[0][0] if options.header is True and rows else options.header
        return next((at for at, row in enumerate(rows) if row[0] >= number), None)
    if isinstance(options.column, str):
        wanted = options.column.strip().casefold()
        for at, (_, row) in enumerate(rows[:TOP]):
            if wanted in (cell.casefold() for cell in row):
                return at
    first = _below_titles(rows, width)
    row, body = rows[first][1], rows[first + 1 :]
    above_numbers = any(_numbers(body, at) and not _is_number(row[at]) for at in range(width))
    return first if above_numbers or any(cell.casefold() in HEADINGS for cell in row) else None


def _place(column: int | str, headings: Sequence[str], rows: Rows, width: int, where: str) -> int:
    """A column's place, from 0."""
    if isinstance(column, int):
        if column > width:
            raise ValueError(f"{where} has {width} columns, and column is {column}: pass 1 to {width}.")
        return column - 1
    for at, heading in enumerate(headings):
        if heading.casefold() == column.strip().casefold():
            return at
    had = ", ".join(repr(heading) for heading in headings) or f"none, and its first row holds {rows[0][1]}"
    raise ValueError(f"{where} has no column headed {column!r} (headings: {had}): pass another, or its number from 1.")


def _best_column(body: Rows, headings: Sequence[str], width: int) -> int:
    """The column that most likely holds the names: headed like one, else the one with the most different words."""

    def likely(at: int) -> tuple:
        cells = [row[at] for _, row in body[:LOOKED_AT] if at < len(row) and row[at]]
        words = [cell for cell in cells if re.search(r"[^\W\d_]", cell) and not _is_number(cell)]
        wordy = len(words) > 0.5 * len(cells)
        return wordy and headings[at : at + 1] != [] and headings[at].casefold() in HEADINGS, wordy, len(set(words))

    return max(range(width), key=likely)


def _proposal(rows: Rows, head: int | None, width: int, delimiter: str, where: str, call: str, options: Options) -> str:
    """The sentence on a table: what it is, and the call that loads its names."""
    headings, body = (rows[head][1], rows[head + 1 :]) if head is not None else ([], rows)
    at = _best_column(body, headings, width)
    proposed: dict[str, object] = {"column": headings[at] if head is not None and headings[at] else at + 1}
    if head is not None and rows[head][0] > 1:
        proposed["header"] = rows[head][0]
    named = "tabs" if delimiter == "\t" else f"'{delimiter}'"
    what = f"a table of {width} columns with {named} between them" if width > 1 else "a table with every name in quotes"
    shown = ", ".join(row[at] for _, row in body[:3] if at < len(row))
    counted = _counts(body, headings, width, at)
    weigh = f"; {counted} weighs nothing: each row is one name" if counted else ""
    alike = "delimiter='' if each whole line is a name"
    if width > 2 and not headings and not any(_numbers(body, place) for place in range(width)):
        alike = f"pattern={f'[^{delimiter}]+'!r} if each cell is a name"
    return f"{where} is {what}: pass {options.call(call, **proposed)} to load {shown} …{weigh} (or {alike})."


def _counts(body: Rows, headings: Sequence[str], width: int, names: int) -> str:
    """In words, the column that counts how often each name was given; empty where there is none."""
    numbers = {at: _numbers(body, at) for at in range(width) if at != names}
    found = [at for at, cells in numbers.items() if cells]
    if not found:
        return ""
    headed = [at for at in found if at < len(headings) and headings[at].casefold() in COUNTS]
    at = (headed or found)[-1]
    called = f"column '{headings[at]}'" if at < len(headings) and headings[at] else f"column {at + 1}"
    return f"{called} ({', '.join(numbers[at][:3])} …)"


def _weights(body: Rows, headings: Sequence[str], width: int, names: int, where: str) -> list[str]:
    counted = _counts(body, headings, width, names)
    return [f"{where} has numbers in its {counted}, which weigh nothing here: each row is one name."] if counted else []
