"""What a file is that holds names and yet is no list of them (floor 1), and the call that takes its names out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from statistics import median

from makemlp.data.tables import DELIMITERS, LOOKED_AT, Options, names_found

# Files that are no text, by how they begin.
BINARY = {
    b"PK\x05\x06": "a ZIP archive with nothing in it: get another",
    b"\xd0\xcf\x11\xe0": "an old Office file (.xls, .doc): save it as CSV or as plain text",
    b"%PDF": "a PDF: copy the names into a plain text file",
    b"\x1f\x8b": "a gzip archive: unpack it",
    b"\x1f\x9d": "a compress archive (.Z): unpack it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a RAR archive: unpack it",
    b"\xfd7zXZ": "an xz archive: unpack it",
    b"\x5d\0\0": "an LZMA archive: unpack it",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive: unpack it",
    b"BZh": "a bzip2 archive: unpack it",
    b"\x89PNG": "a picture: type its names into a plain text file",
    b"\xff\xd8\xff": "a picture: type its names into a plain text file",
    b"GIF8": "a picture: type its names into a plain text file",
    b"SQLite format 3": "an SQLite database: export its table as CSV",
    b"PAR1": "a Parquet table: save it as CSV",
    b"\x93NUMPY": "an array of NumPy: write it as plain text, with a name on each line",
    b"version https://git-lfs": "a pointer of Git LFS to the list, which is kept elsewhere: get that by `git lfs pull`",
    b"{\\rtf": "an RTF document: save it as plain text",
}
# A ZIP archive is also how office programs save; the names of the files in it are not packed.
ZIPPED = {
    b"xl/workbook": "a spreadsheet (.xlsx): save its sheet as CSV",
    b"opendocument.spreadsheet": "a spreadsheet (.ods): save its sheet as CSV",
    b"word/document": "a Word document (.docx): save it as plain text",
    b"opendocument.text": "a text document (.odt): save it as plain text",
    b"epub+zip": "an e-book (.epub): copy the names into a plain text file",
    b"": "a ZIP archive: unpack it",
}

# Texts that programs exchange: how they begin, what they are, and the pattern of the names in them. A pattern that a
# sentence proposes has no backslash, so that it reads the same in Python and on a command line.
BEGINNINGS = (
    (r"BEGIN:VCARD", "has address cards (vCard)", "^FN[^:]*:(.+)"),
    (r"BEGIN:VCALENDAR", "is a calendar (iCalendar)", "^SUMMARY[^:]*:(.+)"),
    (r"(version: *1\s+)?dn::? ", "is a directory (LDIF)", "^cn: (.+)"),
    (r"0 HEAD\b", "is a family tree (GEDCOM)", "^1 NAME ([^/]+)"),
    (r"@\w+\{[^@]*=", "has references (BibTeX)", 'author *= *[{"]([^{},"]+)'),
    (r"TY  - ", "has references (RIS)", "^A[U1]  - ([^,]+)"),
    (r"\\(documentclass|begin)\b", "is a LaTeX document", "^ *.item +(.+)"),
    (r"(?s:.*?)^(INSERT INTO|CREATE TABLE)\b", "is a dump of a database (SQL)", "[(,] *'([^']+)'"),
    (r"(---\s+)?([\w-]+:\s+)?- *name: ", "is YAML", "^ *-? *name: *(.+)"),
    (r"(---\s+)([\w-]+:\s+)?- |[\w-]+:\s+- ", "is YAML", "^ *- +(.+)"),
)

QUOTED = "(?:'[^']+'|\"[^\"]+\")"
# What most lines of a text look like where each holds more than a name: the first that fits. Tables come after those
# of `BEFORE_TABLES`, because what is quoted or written in sentences has commas, too.
BEFORE_TABLES = (
    (r".*<[^<>@\s]+@[^<>@\s]+>", "has e-mail addresses beside the names", '([^"<>,;]+)"? *<[^<>]*@'),
    (r"[^@\s,;]+@[^@\s,;]+\.\w+$", "has e-mail addresses, of which the first part may be a name", "^([^@]+)@"),
    (r"\w+://\S+$", "has web addresses, of which the last part may be a name", "([^/]+)/?$"),
    (rf"{QUOTED}\s*,$|[^\"']*[({{=[]\s*{QUOTED}(\W+{QUOTED})*\W*$", "has names in quotes, as in a program", None),
    (r"[^,;|\t]*[^\W\d]\s+\d{1,3}(,\d{3})+$", "has a number after each name", "^(.+?) +[0-9,]+$"),
    (r"[^\W\d][^,;|\t]*(: | [-–—=] )\S", "has more text after each name", "^(.+?) *(?::|[-–—=]) "),
)
AFTER_TABLES = (
    (r"\(?\d+\W+[^\W\d]", "has a number before each name", "^[(]?[0-9]+[-.):= ]+(.+)"),
    (r"([-–—•·]\s*|\*\s+)[\w[]", "has the items of a text", "^[-–—•·*]+ *(?:[][].[][] +)?(.+)"),
    (r".*[^\W\d].*?\S(\s{2,})\S", "has columns with spaces between them", "^ *(.+?)  "),
    (r".*\S(\s+\(|\s*\[)[^()[\]]*[)\]]$", "has more text in brackets after each name", "^(.+?) *[([]"),
    (r".*[^\W\d][^\w\s]*[\s:=]+\d[-\d.,]*%?$", "has a number after each name", "^(.+?)[ :=]+[0-9][^ ]*$"),
    (r".*\S\s+(#|//)\s", "has a comment after each name", "^(.+?) +(?:#|//)"),
    (r"(dr|mrs?|ms|miss|prof|sir|herr|frau|mme|mlle|sr|sra)\b\.? \w", "has a title before each name", "^[^ ]+ (.+)"),
    (r"[^,;、，،]+([,;、，،][^,;、，،]+){2,}", "has several names on a line", "[^,;、，،]+"),
)
COMMENTS = ("#", ";", "//", "--", "%")


def kind_of(raw: bytes) -> str:
    """What a file is by its first bytes, and what to do; empty for what may be a text."""
    if raw.startswith(b"PK\x03\x04"):
        return next(what for inside, what in ZIPPED.items() if inside in raw)
    if raw[257:262] == b"ustar":
        return "a tar archive: unpack it"
    return next((what for start, what in BINARY.items() if raw.startswith(start)), "")


def refuse_other_kinds(text: str, lines: Sequence[str], where: str, call: str, options: Options) -> None:
    """Raise a ValueError for a text that is no list, with the call that loads its names where there is one."""
    start = text[:5000].lstrip(" \t\ufeff\r\n")
    if re.match(r"<[!?]?[a-zA-Z]", start) or _most(lines, r".*</?(br|p|li|td|tr|a)( [^>]*)?/?>"):
        raise ValueError(f"{where} is a web page or XML, not a list: copy its names into a plain text file.")
    if start.startswith("{\\rtf"):
        raise ValueError(f"{where} is an RTF document: save it as plain text.")
    if options.column is not None or options.delimiter is not None:
        return
    if start.startswith(("[", "{")):
        _refuse_json(text.lstrip(" \t\ufeff\r\n"), lines, where, call, options)
    for beginning, what, pattern in BEGINNINGS:
        if re.match(beginning, start, re.IGNORECASE | re.MULTILINE):
            _refuse(f"{where} {what}", lines, call, options, pattern)
    if sum(re.match(r"(From|To|Date|Subject|Message-ID|Received): ", line) is not None for line in lines[:30]) > 2:
        raise ValueError(f"{where} is an e-mail message, not a list: copy its names into a plain text file.")
    refuse_shapes(lines, BEFORE_TABLES, where, call, options)
    if is_prose(lines):
        raise ValueError(
            f"{where} is running text, not a list: write one name on each line, or pass "
            f"{options.call(call, delimiter='')} if each whole line is a name, or a column if it is a table."
        )


def refuse_shapes(
    lines: Sequence[str],
    shapes: Iterable[tuple[str, str, str | None]],
    where: str,
    call: str,
    options: Options,
) -> None:
    """Raise a ValueError for lines of which most hold more than a name."""
    for shape, what, pattern in shapes:
        if _most(lines, shape):
            sign = max("\"'", key="".join(lines[:LOOKED_AT]).count)
            _refuse(f"{where} {what}", lines, call, options, pattern or f"{sign}([^{sign}]+){sign}")


def _refuse(said: str, lines: Sequence[str], call: str, options: Options, pattern: str) -> None:
    shown = list(islice((name for line in lines for name in names_found(line, pattern)), 3))
    if not shown:
        raise ValueError(f"{said}, not a list: copy its names into a plain text file.")
    whole = " (or delimiter='' if each whole line is a name)" if sum(map(bool, map(str.strip, lines))) > 1 else ""
    raise ValueError(f"{said}: pass {options.call(call, pattern=pattern)} to load {', '.join(shown)} …{whole}.")


def _most(lines: Sequence[str], shape: str) -> bool:
    """Whether more than half of the first lines that hold something begin like this."""
    filled = list(islice((line.strip() for line in lines if line.strip()), LOOKED_AT))
    matches = re.compile(shape, re.IGNORECASE).match
    return sum(matches(line) is not None for line in filled) > 0.5 * len(filled)


def is_prose(lines: Sequence[str]) -> bool:
    """Whether lines are sentences: they have many words, most of them in small letters, and few other signs.

    A table has delimiters that no space follows. Where words aren't parted by spaces, full stops tell.
    """
    filled = list(islice((line.strip() for line in lines if line.strip()), LOOKED_AT))
    text = "\n".join(filled)
    if not filled or re.search(rf"[{DELIMITERS}]\S", text):
        return False
    if re.search(r"[\u0e00-\u0eff\u3000-\u9fff]", text):
        return len(re.findall("[。！？]", text)) > 0.5 * len(filled)
    words = text.split()
    small = sum(word[0].islower() for word in words)
    return median(len(line.split()) for line in filled) >= 4 and small > 0.5 * len(words) and text != text.lower()


def comment_mark(lines: Iterable[str]) -> str:
    """The sign with which some lines say that they are comments; empty where none do."""
    starts = [line.strip()[:2] for line in lines]
    return next((mark for mark in COMMENTS if any(start.startswith(mark) for start in starts)), "")


# --- JSON ---


def _refuse_json(text: str, lines: Sequence[str], where: str, call: str, options: Options) -> None:
    """Raise a ValueError for JSON, whole or with one value on each line; brackets alone make no JSON."""
    first = next((line for line in lines if line.strip()), "")
    for part, what in ((text, "is JSON"), (first, "has JSON on each line")):
        inside = _parsed(part)
        if isinstance(inside, list | dict):
            pattern = _names_in_json(inside)
            if pattern and "\\" not in text:  # which spells letters out
                _refuse(f"{where} {what}", lines, call, options, pattern)
            raise ValueError(f"{where} {what}, not a list: take its names out and pass them as text='\\n'.join(names).")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _names_in_json(inside: list | dict) -> str:
    """The pattern of the names in a list, a list of objects or an object; empty where they can't be told."""
    while isinstance(inside, dict) and len(inside) == 1 and isinstance(next(iter(inside.values())), list | dict):
        inside = next(iter(inside.values()))
    if isinstance(inside, list) and inside:
        one = inside[0]
        if isinstance(one, str):
            return '"([^"]+)" *(?:[],]|$)'
        inside = one
    if not isinstance(inside, dict):
        return ""
    texts = [key for key, value in inside.items() if isinstance(value, str)]
    key = next((key for key in texts if "name" in key.lower()), texts[0] if texts else "")
    if key and key.isidentifier():
        return f'"{key}": *"([^"]+)"'
    return '"([^"]+)": *[0-9]' if all(isinstance(value, int | float) for value in inside.values()) else ""
