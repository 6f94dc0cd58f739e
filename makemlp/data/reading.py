"""A list of names as it was downloaded (floor 1): how it is encoded, what it is if no list, and each of its lines."""

from __future__ import annotations

import codecs
import html
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from makemlp.data import kinds, tables
from makemlp.data.spelling import is_hidden, literal
from makemlp.data.tables import Options

NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
EDGES = " \t\ufeff"  # what surrounds a name; the last is the byte-order mark
# Every kind of space as the plain one, because a reader can't tell them apart.
SPACES = dict.fromkeys(map(ord, "\u00a0\u1680\u202f\u205f\u3000"), " ") | dict.fromkeys(range(0x2000, 0x200B), " ")

# The longer mark first: UTF-32's begins with UTF-16's. UTF-8's is taken from a line's edge.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What old programs wrote, the most usual first. A file can't say which it was, so its reader must.
LATIN = ("cp1252", "cp1250", "cp1254", "mac_roman", "cp850")
OTHERS = ("cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "tis-620", "shift_jis", "gb18030", "euc_kr", "big5")

ODD = re.compile(r"[\d_;:,|<>{}\[\]()#@=+*%&$\\/\"]")  # what names seldom hold, and headings and tables do
HEADINGS = tables.HEADINGS
QUOTES = {"'": "'", "`": "`", "‘": "’", "“": "”", "„": "“", "«": "»"}  # round each name of a list from a program
ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")  # as web pages write letters
MOST_SYMBOLS = 300  # of a list that lessons read; a table of theirs holds a cell per symbol for every context
LONG = 100  # characters, which no name has
TITLES = 3  # lines that may stand above a list


def path_of(path: object) -> Path:
    """What was passed as a path, as one. Raises a ValueError with a sentence for what is none."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"A path is wanted, and {path!r:.40} came: pass a text, such as 'folder/file'.")
    if "\0" in os.fspath(path):
        raise ValueError(f"The path {os.fspath(path)!r} holds a NUL, which no path may hold: check it.")
    return Path(path)


def check_boundary(boundary: object) -> None:
    """Raise a ValueError for a boundary symbol that is not one character."""
    if not isinstance(boundary, str) or len(boundary) != 1:
        raise ValueError(f"boundary is {boundary!r:.40}: pass one character that no name holds, such as '|'.")


def call_for(function: str, path: str | os.PathLike, encoding: str | None) -> str:
    """How a call begins that reads this file; `Options.call` ends it."""
    return f"{function}({os.fspath(path)!r}{'' if encoding is None else f', encoding={encoding!r}'}"


# --- from a file to text ---


def read_text(path: str | os.PathLike, encoding: str | None = None) -> str:
    """A file's text, decoded by its byte-order mark, by `encoding`, or as UTF-8."""
    return decoded(_bytes_of(path), f"'{path_of(path)}'", encoding)


def _bytes_of(path: str | os.PathLike) -> bytes:
    where = f"'{os.fspath(path)}'"
    if NEWLINE.search(str(path)):
        raise ValueError("load_names got a text where it expects a path: write load_names(text=…).")
    file = os.path.expanduser(path)  # as it is, where there is no such user
    if os.path.isdir(file):
        raise ValueError(f"{where} is a folder: pass the path of a text file in it.")
    if not os.path.exists(file):
        raise ValueError(f"There is no file {where} (looked in {Path.cwd()}): check the path.")
    if not os.path.isfile(file):  # a device may never end
        raise ValueError(f"{where} is no file: pass the path of a text file.")
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{where} cannot be read ({error.strerror}): check its permissions.") from None


def decoded(raw: bytes, where: str, encoding: str | None = None) -> str:
    """The text of a file's bytes. Raises a ValueError that proposes an encoding where UTF-8 does not fit."""
    if what := kinds.kind_of(raw):
        raise ValueError(f"{where} is {what}, and load that.")
    if encoding is None:
        encoding = next((name for mark, name in MARKS.items() if raw.startswith(mark)), None)
    if encoding is not None:
        return _decoded_as(raw, where, encoding)
    if b"\0" in raw:
        _refuse_nul(raw, where)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(NEWLINE.split(raw[: error.start].decode("utf-8")))
        readings = _readings(raw, error.start)
    advice = "save the file as UTF-8 and load again"
    if readings:
        first, *others = (f"encoding='{name}' if it begins '{word}'" for name, word in readings)
        advice = ", ".join([f"pass {first}", *others]) + f", or {advice}"
    raise ValueError(f"{where}, line {line} is not valid UTF-8: {advice}.")


def _decoded_as(raw: bytes, where: str, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"{where}, line {line} is not valid {encoding}: pass another encoding.") from None
    except (LookupError, TypeError):
        raise ValueError(f"Python knows no encoding {encoding!r:.40}: pass one such as 'cp1252' or 'utf-16'.") from None


def _refuse_nul(raw: bytes, where: str) -> None:
    """Text in UTF-16 or UTF-32 without its mark has a NUL in each line's end at least; no other text has any."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(s.isprintable() or s in "\t\r\n" for s in text):
            raise ValueError(f"{where} looks like {encoding[:6].upper()} without its mark: pass encoding='{encoding}'.")
    raise ValueError(f"{where} is a binary file, not a list of names: save the list as plain text in UTF-8.")


def _readings(raw: bytes, at: int) -> list[tuple[str, str]]:
    """What the line that holds the byte `at` would say in the old encodings that fit, the likeliest first.

    Where most letters are not ASCII's, the script is hardly Latin. A capital hardly follows a small letter, a sign is
    hardly in a name, and a letter of another script hardly stands among ASCII's.
    """
    found: dict[str, str] = {}
    start = max(raw.rfind(b"\n", 0, at), raw.rfind(b"\r", 0, at)) + 1
    line = re.split(rb"[\r\n]", raw[start:], maxsplit=1)[0]
    foreign = sum(byte > 127 for byte in line) > 0.5 * len(line)
    for encoding in (*OTHERS, *LATIN) if foreign else (*LATIN, *OTHERS):
        try:
            word = line.decode(encoding).strip()[:20]
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if word.isprintable() and all(unicodedata.category(s)[0] in "LMZP" for s in word) and word not in found:
            found[word] = encoding
    likely = sorted(found, key=lambda word: _unlikely(word) + (found[word] in OTHERS and not foreign))
    return [(found[word], word) for word in likely][: 6 if foreign else 3]


def _unlikely(word: str) -> int:
    """How often a capital follows a small letter in a word, and a sign or a rare letter stands in it."""
    capitals = sum(one.islower() and s.isupper() for one, s in pairwise(word))
    return capitals + sum(not s.isalpha() and s not in " '’-" and unicodedata.category(s)[0] != "M" for s in word)


# --- from text to names ---


def names_in(text: str, where: str, call: str, options: Options) -> tuple[list[str], list[str]]:
    """The names of a list, and what its reader should hear of it.

    Parameters
    ----------
    text : the whole list.
    where : how a sentence names it, such as "'names.txt'".
    call : how a call of load_names begins for it, such as "load_names('names.txt'".

    Returns
    -------
    names, notes : two lists of str.

    Raises
    ------
    ValueError
        one sentence, for what is no list of names, and for lines that can't be names.
    """
    lines, notes = NEWLINE.split(text), []
    plain = options.column is None and options.delimiter is None and options.pattern is None
    if options.pattern is None:
        kinds.refuse_other_kinds(text, lines, where, call, options)
    if options.column is not None or (options.delimiter != "" and options.pattern is None):
        lines, notes = tables.column_of(lines, where, call, options)
    elif options.header:
        lines = tables.below_header(lines, options.header)
    if plain:
        texts = [line if isinstance(line, str) else line[1] for line in lines]
        kinds.refuse_shapes(texts, kinds.AFTER_TABLES, where, call, options)
    pairs = _stripped(lines, options)
    if options.pattern is not None:
        pairs = _found_in(pairs, where, options.pattern, notes)
    good, bad = _sorted_out(pairs, set(text), options)
    if bad:
        notes.append(_said_of(bad, where, call, options))
    good = _lowered(good, options, notes, call)
    _check_number(good, pairs, where, call, options)
    notes += _oddities(good, where, call, options)
    return [name for _, name in good], notes


def _stripped(lines: Sequence[str] | Sequence[tuple[int, str]], options: Options) -> list[tuple[int, str]]:
    """Every line that holds something, with its number, in Unicode's composed form (NFC)."""
    numbered = lines if lines and isinstance(lines[0], tuple) else list(enumerate(lines, start=1))
    characters = set().union(*(line for _, line in numbered))
    changed = {**SPACES, **str.maketrans("", "", options.remove)}
    if characters & {chr(code) for code in changed}:
        numbered = [(number, line.translate(changed)) for number, line in numbered]
    if not all(map(str.isascii, characters)):
        # One way to write "é": with its accent as one character, whichever way the file has it.
        numbered = [(number, unicodedata.normalize("NFC", line)) for number, line in numbered]
    named = ((number, line.strip(EDGES)) for number, line in numbered)
    return [(number, name) for number, name in named if name]


def _found_in(pairs: list[tuple[int, str]], where: str, pattern: str, notes: list[str]) -> list[tuple[int, str]]:
    """What the pattern finds in each line; how many lines it leaves out is said."""
    found = [(number, name) for number, line in pairs for name in tables.names_found(line, pattern)]
    without = len({number for number, _ in pairs} - {number for number, _ in found})
    if pairs and not found:
        raise ValueError(f"{where} has no line in which the pattern {literal(pattern)} finds a name: pass another.")
    if without:
        notes.append(
            f"{where}: the pattern {literal(pattern)} finds {len(found):,} names, and none in {without:,} of "
            f"{len(pairs):,} lines, which are left out."
        )
    return found


@dataclass
class Bad:
    """A line that can't be a name, and why."""

    line: int
    name: str
    why: str


def _sorted_out(
    pairs: list[tuple[int, str]], characters: set[str], options: Options
) -> tuple[list[tuple[int, str]], list[Bad]]:
    """Lines that may be names, and those that can't: with the boundary inside, or with a control character."""
    wrong = {s for s in characters if s == options.boundary or unicodedata.category(s) in ("Cc", "Cs")}
    if wrong <= set("\n\r\x85"):  # the usual case, for which no character is looked at
        return pairs, []
    good, bad = [], []
    for number, name in pairs:
        place = next((i for i, s in enumerate(name) if s in wrong), None)
        if place is None:
            good.append((number, name))
        elif name[place] == options.boundary:
            bad.append(Bad(number, name, f"holds '{options.boundary}' (character {place + 1})"))
        else:
            bad.append(Bad(number, name, f"character {place + 1} is the control character U+{ord(name[place]):04X}"))
    return good, bad


def _said_of(bad: list[Bad], where: str, call: str, options: Options) -> str:
    """The sentence on bad lines: raised, or returned as a note where they are to be skipped."""
    shown = ", ".join(f"line {one.line}: {_quoted(one.name)} {one.why}" for one in bad[:3])
    if len(bad) > 3:
        shown += f", and {len(bad) - 3} lines more"
    if options.bad_lines == "skip":
        return f"{where}: left out {shown}."
    ways = ["write one name per line, without tabs or other control characters"]
    if any("control character" not in one.why for one in bad):
        sign = options.boundary
        ways = [
            "take it out of the name" if len(bad) == 1 else "correct them",
            f"pass {options.call(call, remove=options.remove + sign)} to take '{sign}' out of all names",
            f"pass boundary='|' here and to Vocabulary, because '{sign}' marks where names begin and end",
        ]
    ways.append(f"pass {options.call(call, bad_lines='skip')} to go on without")
    said = f"{where}, {shown}" if len(bad) == 1 else f"{where}, {len(bad)} lines can't be names ({shown})"
    raise ValueError(f"{said}: {', or '.join(ways)}.")


def _quoted(name: str) -> str:
    """A name as a sentence shows it: short, and with what can't be printed spelt out."""
    name = name if len(name) <= 30 else name[:29] + "…"
    return f"'{name}'" if name.isprintable() else ascii(name)


TURKISH = str.maketrans({"I": "ı", "İ": "i"})


def _lowered(good: list[tuple[int, str]], options: Options, notes: list[str], call: str) -> list[tuple[int, str]]:
    """The names in lower case, if that is wanted. Turkish and Azeri have two letters i, and other rules for them."""
    if not options.lowercase:
        return good
    if options.lowercase is not True:
        return [(number, unicodedata.normalize("NFC", name.translate(TURKISH).lower())) for number, name in good]
    dotted = next((name for _, name in good if "İ" in name or "ı" in name), None)
    if dotted is not None:
        notes.append(
            f"{_quoted(dotted)} is written with İ or ı, and lowercase=True makes 'i̇' of İ and 'i' of I: pass "
            f"{options.call(call, lowercase='tr')} for a Turkish or Azeri list."
        )
    return [(number, unicodedata.normalize("NFC", name.lower())) for number, name in good]


def _check_number(
    good: list[tuple[int, str]], pairs: list[tuple[int, str]], where: str, call: str, options: Options
) -> None:
    if not good:
        what = "no line that can be a name" if pairs else "no names"
        raise ValueError(f"{where} holds {what}: put one name on each line.")
    if len(good) > 1:
        return
    name = good[0][1]
    if name.count(" ") > 1:
        raise ValueError(
            f"{where} holds one line, {_quoted(name)}, with ' ' between names: pass "
            f"{options.call(call, pattern='[^ ]+')}."
        )
    raise ValueError(f"{where} holds only one name ({_quoted(name)}): a model needs at least two to learn from.")


def of_usual_symbols(names: list[str], where: str) -> tuple[list[str], list[str]]:
    """The names that hold only the `MOST_SYMBOLS` most usual symbols, and what their reader should hear of that."""
    times = Counter("".join(sorted(names)))
    if len(times) <= MOST_SYMBOLS:
        return names, []
    usual = {symbol for symbol, _ in times.most_common(MOST_SYMBOLS)}
    kept = [name for name in names if usual.issuperset(name)]
    return kept, [
        f"{where} has {len(times):,} different symbols, and lessons compute with every symbol at every step: they take "
        f"the {len(kept):,} of its {len(names):,} names that hold only its {MOST_SYMBOLS} most usual symbols "
        f"(load_names with the list's path gives all)."
    ]


# --- what is loaded all the same, and said ---


def _oddities(good: list[tuple[int, str]], where: str, call: str, options: Options) -> list[str]:
    """A sentence for each thing that seldom belongs into a list of names."""
    characters = set().union(*(name for _, name in good))
    found = []
    if good[0][1].casefold() in HEADINGS:
        found.append(
            f"{where}, line {good[0][0]} reads {_quoted(good[0][1])}, which looks like a heading and is loaded as a "
            f"name: pass {options.call(call, header=True)} to leave it out."
        )
    hidden = sorted(s for s in characters if is_hidden(s))
    if hidden:
        said = ", ".join(f"{_called(s)} in line {_first(good, s)}" for s in hidden[:3])
        belongs = " (some Persian and Indian spellings need U+200C and U+200D)" if {*hidden} & {*"\u200c\u200d"} else ""
        found.append(
            f"{where} holds characters that can't be seen and that a model learns like letters: {said}"
            f"{_more(hidden)}{belongs}; pass {_without(hidden, call, options)} to take them out."
        )
    if "\ufffd" in characters:
        found.append(
            f"{where}, line {_first(good, chr(0xFFFD))} holds U+FFFD ('\ufffd'), which stands where a letter was lost "
            f"when the file was converted: get the original, or leave such names out."
        )
    return found + _traces([name for _, name in good], where, call, options) + _odd_signs(good, where, call, options)


def _traces(names: list[str], where: str, call: str, options: Options) -> list[str]:
    """A sentence for each trace of the text that the list was taken from, which a model would learn like names."""
    found = []
    longest = max(names, key=len)
    if len(longest) > LONG:
        found.append(f"{where} holds a line of {len(longest):,} characters, {_quoted(longest)}: no name is so long.")
    broken = next((name for name in names if _repaired(name) != name), None)
    if broken is not None:
        found.append(
            f"{where} holds {_quoted(broken)}, which was {_quoted(_repaired(broken))} before a program took UTF-8 for "
            f"cp1252: get the original."
        )
    most = 0.5 * len(names)
    quoted = {name[0] + name[-1] for name in names if len(name) > 2 and QUOTES.get(name[0]) == name[-1]}
    if sum(name[0] + name[-1] in quoted for name in names) > most:
        signs = sorted(set("".join(quoted)))
        found.append(
            f"{where} holds names in quotes, such as {names[0]}, and the quotes are loaded with them: pass "
            f"{_without(signs, call, options)} to take them out."
        )
    return found


def _repaired(name: str) -> str:
    """What a name was before its bytes in UTF-8 were read as cp1252: 'ZoÃ«' was 'Zoë'. Another one as it is."""
    try:
        return name.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return name


def _odd_signs(good: list[tuple[int, str]], where: str, call: str, options: Options) -> list[str]:
    odd = sorted(s for s in set().union(*(name for _, name in good)) if ODD.match(s))
    if not odd:
        return []
    said = ", ".join(f"'{s}' in line {_first(good, s)} ({_quoted(_with(good, s))})" for s in odd[:3])
    advice = "check these lines, because they are loaded as names"
    letter = next((found[0] for _, name in good if (found := ENTITY.search(name))), None)
    if letter is not None:
        advice = f"'{letter}' is how web pages write '{html.unescape(letter)}', so pass the text through html.unescape"
    else:
        advice = _advice_on(good, odd, call, options) or advice
    return [f"{where} holds signs that names seldom have: {said}{_more(odd)}; {advice}."]


def _advice_on(good: list[tuple[int, str]], odd: list[str], call: str, options: Options) -> str:
    """What to do about odd signs: leave comments or a title out, or take the signs from the edges of all names."""
    lines = [(number, name) for number, name in good if any(map(ODD.match, name))]
    mark = kinds.comment_mark(name for _, name in lines)
    if mark and options.pattern is None:
        return f"pass {options.call(call, pattern=f'^(?!{mark})(.+)')} to leave out lines that begin with '{mark}'"
    if lines[-1][0] <= TITLES and len(good) > TITLES * len(lines) and not options.header:
        return f"pass {options.call(call, header=lines[-1][0])} to leave out what stands above the names"
    signs = "".join(odd) + " "
    if len(lines) <= 0.5 * len(good):
        return ""
    cores = [name.strip(signs) for _, name in lines]
    if all(core and not ODD.search(core) for core in cores):
        return f"pass {_without(odd, call, options)} to take them out of all names, or else they are learned, too"
    return "check these lines, because they are loaded as names, or pass a pattern that finds the names in them"


def _without(signs: Iterable[str], call: str, options: Options) -> str:
    """The call that takes these signs out, too."""
    return options.call(call, remove=options.remove + "".join(signs))


def _called(symbol: str) -> str:
    return f"U+{ord(symbol):04X} {unicodedata.name(symbol, 'without a name').lower()}"


def _with(good: list[tuple[int, str]], symbol: str) -> str:
    return next(name for _, name in good if symbol in name)


def _first(good: list[tuple[int, str]], symbol: str) -> int:
    return next(number for number, name in good if symbol in name)


def _more(found: list[str]) -> str:
    return f" and {len(found) - 3} more" if len(found) > 3 else ""
