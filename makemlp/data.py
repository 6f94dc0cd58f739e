"""Names, characters and examples (floor 1): the input of every model of the course."""

from __future__ import annotations

import hashlib
import os
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

BOUNDARY = "."  # stands before the first and after the last character of a name; always index 0
UNKNOWN = "<unk>"  # the one symbol for all rare words; always index 1 of a WordVocabulary
NAMES_FILE = Path(__file__).parent / "names" / "us_2018.txt"
NAMES_SHA256 = "bd02dfd33179e23ec2dd093cbd4de619834f75d660ef1ae04d3127e7a0110053"
OTHER_LISTS = {  # shipped beside the bundled names, with the SHA-256 of each file
    "french_given": "afa3354bea30518754ac63c6e2dbe03f5fc40ed106bb7486f5ce24e9f4222358",
    "israel_given": "81978fdb9a1422e3acd9763d0e9e2fda301f48bc5820cbaf860480946b2d1347",
}
SETTING = "MAKEMLP_NAMES"  # the environment variable that says which list load_names() reads

_NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def path_of(path: object) -> Path:
    """What was passed as a path, as one. Raises a ValueError with a sentence for what is none."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"A path is wanted, and {path!r:.40} came: pass a text, such as 'folder/file'.")
    if "\0" in os.fspath(path):
        raise ValueError(f"The path {os.fspath(path)!r} holds a NUL, which no path may hold: check it.")
    return Path(path)


def load_names(path: str | os.PathLike | None = None, *, text: str | None = None, lowercase: bool = False) -> list[str]:
    """The bundled names, or the names of your own list, which holds one per line.

    Parameters
    ----------
    path : a file in UTF-8 (a byte-order mark and any kind of newline are fine); blank lines are skipped.
    text : the list itself, instead of a path.
    lowercase : turn every name to lower case. Otherwise names keep the case in which they are written. Accents are
        always kept.

    Returns
    -------
    list of str
        Without arguments, the list that the setting names (`use_names`, or the environment variable MAKEMLP_NAMES).
        Where nothing is set, the 32,257 US names of 2018: first the girls' names, then the boys', each with the most
        frequent first. A name given to both sexes stands there twice, as in the lecture's list.

    Raises
    ------
    ValueError
        One sentence that says which file and line, and what to do.

    Source: lesson 01. Provenance of the bundled list: ``makemlp/names/README.md``.
    """
    if path is not None and text is not None:
        raise ValueError("load_names got both a path and a text: pass only one of them.")
    if not isinstance(text, str | None):
        raise ValueError(f"load_names got {text!r:.40} as the text: pass one text, with a name on each line.")
    if text is not None:
        where = "the text"
    elif path is None:
        where, text = _read_setting()
    else:
        where, text = f"'{path_of(path)}'", _read_text(path)
    return _parse_names(text, where, lowercase)


def bundled_names() -> list[str]:
    """The 32,257 US names of 2018, whichever list is set: for numbers that were measured on them."""
    return _parse_names(_read_shipped(NAMES_FILE, NAMES_SHA256), "the bundled list", lowercase=False)


def names_file() -> Path:
    """The file that `load_names` reads when it is given none: the whole path.

    The environment variable MAKEMLP_NAMES says which: a list that ships with the package, by its name
    (``us_2018``, ``french_given``, ``israel_given``), or a path. A relative path is looked for in the folder of the
    kernel and then in each folder above, so that it means the same file in lessons, exercises and solutions. Where the
    variable is not set, it is what `use_names` has kept; where nothing is kept, the bundled names.

    Raises
    ------
    ValueError
        with one sentence, if there is no such file.
    """
    said, who = os.environ.get(SETTING), f"The environment variable {SETTING}"
    if said is None:
        kept = kept_setting()
        said, who = kept.read_text(encoding="utf-8") if kept.is_file() else "", "use_names"
    said = said.strip()
    if not said:
        return NAMES_FILE
    if re.fullmatch(r"\w+", said) and NAMES_FILE.with_name(f"{said}.txt").is_file():
        return NAMES_FILE.with_name(f"{said}.txt")
    path = Path(os.path.expanduser(path_of(said)))
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / path).is_file():
            return (folder / path).absolute()
    raise ValueError(
        f"{who} names the list '{said}', and there is no such file in {Path.cwd()} or a folder above it: "
        f"check the path, or write makemlp.use_names(None) for the bundled names."
    )


def kept_setting() -> Path:
    """The file in which `use_names` keeps its choice for the next notebook: in the user's cache folder."""
    return Path(os.path.expanduser(os.environ.get("MAKEMLP_CACHE") or user_cache())) / "names_in_use"


def user_cache() -> Path:
    """The folder for what can be made again, where each system has it; not expanded."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base) / "makemlp"


def list_tag(file: str | os.PathLike | None = None) -> str:
    """What tells files of one list from those of another: "" for the bundled names, else such as ``my_list-1f0c9a2b``.

    Parameters
    ----------
    file : the list's, by default that of the list that is set.

    The second part is the beginning of the file's SHA-256, so that a list that was changed is another list.
    """
    file = names_file() if file is None else Path(os.path.expanduser(path_of(file)))
    if file == NAMES_FILE:
        return ""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ValueError(f"The list '{file}' can't be read ({error.strerror}): check the path.") from None
    return f"{file.stem}-{hashlib.sha256(raw).hexdigest()[:8]}"


def _read_setting() -> tuple[str, str]:
    """What the list that is set is called in a sentence, and its text."""
    file = names_file()
    if file == NAMES_FILE:
        return "the bundled list", _read_shipped(file, NAMES_SHA256)
    if file.parent == NAMES_FILE.parent and file.stem in OTHER_LISTS:
        return f"the list '{file.stem}'", _read_shipped(file, OTHER_LISTS[file.stem])
    return f"'{file}'", _read_text(file)


def _read_shipped(file: Path, sha256: str) -> str:
    raw = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ValueError(f"The list {file.name} was changed after it was shipped: install makemlp again.")
    return raw.decode("utf-8")


def _read_text(path: str | os.PathLike) -> str:
    where = f"'{os.fspath(path)}'"
    if _NEWLINE.search(str(path)):
        raise ValueError("load_names got a text where it expects a path: write load_names(text=…).")
    file = os.path.expanduser(path)  # as it is, where there is no such user
    if os.path.isdir(file):
        raise ValueError(f"{where} is a folder: pass the path of a text file in it.")
    if not os.path.exists(file):
        raise ValueError(f"There is no file {where} (looked in {Path.cwd()}): check the path.")
    if not os.path.isfile(file):  # a device may never end
        raise ValueError(f"{where} is no file: pass the path of a text file.")
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{where} cannot be read ({error.strerror}): check its permissions.") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{where} is written in UTF-16: save it as UTF-8 and load it again.")
    if b"\0" in raw:
        raise ValueError(f"{where} is a binary file, not a list of names: save the list as plain text in UTF-8.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(_NEWLINE.split(raw[: error.start].decode("utf-8")))
        raise ValueError(f"{where}, line {line} is not valid UTF-8: save the file as UTF-8 and load again.") from None


def _parse_names(text: str, where: str, lowercase: bool) -> list[str]:
    names = []
    for number, line in enumerate(_NEWLINE.split(text), start=1):
        name = line.strip(" \t\u00a0\u3000\ufeff")  # the last is the byte-order mark
        if not name:
            continue
        _check_characters(name, f"{where}, line {number}")
        # One way to write "é": with its accent as one character, whichever way the file has it.
        names.append(unicodedata.normalize("NFC", name.lower() if lowercase else name))
    if not names:
        raise ValueError(f"{where} holds no names: put one name on each line.")
    if len(names) == 1:
        raise ValueError(f"{where} holds only one name ('{names[0]}'): a model needs at least two to learn from.")
    return names


def _check_characters(name: str, where: str) -> None:
    for position, character in enumerate(name, start=1):
        if character == BOUNDARY:
            raise ValueError(
                f"{where}: '{name}' holds '{BOUNDARY}' (character {position}), the sign that marks where names "
                f"begin and end: take it out of the name."
            )
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise ValueError(
                f"{where}: character {position} is the control character U+{ord(character):04X}: "
                f"write one name per line, without tabs or other control characters."
            )


class Vocabulary:
    """The characters of a list of names, each with a number: the boundary '.' is 0, the others follow in order.

    Parameters
    ----------
    names : the list that the characters are taken from.

    Attributes
    ----------
    itos : list of str, index to symbol; ``itos[0] == "."``.
    stoi : dict, symbol to index.

    Raises
    ------
    ValueError
        if a name contains the boundary symbol; `encode` raises it if a character is not in the vocabulary.

    Source: lesson 01.
    """

    def __init__(self, names: Iterable[str]):
        characters = sorted(set("".join(names)))
        if BOUNDARY in characters:
            raise ValueError(f"A name holds '{BOUNDARY}', which marks beginnings and ends: take it out.")
        self.itos = [BOUNDARY, *characters]
        self.stoi = {s: i for i, s in enumerate(self.itos)}

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, name: str) -> list[int]:
        """The indices of a name's characters, without boundaries: ``'ab' -> [1, 2]``."""
        for position, s in enumerate(name, start=1):
            if s not in self.stoi:
                known = "".join(self.itos[1:])
                where = f"character {position} of {name!r}"
                raise ValueError(f"{s!r} ({where}) is not in the vocabulary: use only {known}")
        return [self.stoi[s] for s in name]

    def decode(self, indices: Iterable[int]) -> str:
        """The text of a sequence of indices, which may be a tensor of shape (N,): ``[1, 2] -> 'ab'``."""
        return "".join(self.itos[i] for i in indices)


class WordVocabulary(Vocabulary):
    """The words of a text, each with a number, the rare ones under one symbol.

    The full stop '.' is 0. It is the boundary, because it ends most sentences and because it stands before the text's
    first word. "<unk>" (unknown) is 1 and stands for each rare word. The other words follow, the most frequent first,
    and words that are as frequent in the alphabet's order.

    Parameters
    ----------
    words : the text, one token per entry, as `load_words` gives it.
    min_count : a word that occurs less often is rare. 4 is the paper's.

    Attributes
    ----------
    itos : list of str, index to word; ``itos[:2] == [".", "<unk>"]``.
    stoi : dict, word to index.

    Raises
    ------
    ValueError
        if there are no words, a text comes instead of a list, or min_count is no whole number of 1 or more.

    Source: lesson 10; Bengio et al. 2003, section 4, who merge all words that occur three times or less.
    """

    def __init__(self, words: Sequence[str], min_count: int = 4):
        if isinstance(words, str) or len(words) == 0:
            raise ValueError("WordVocabulary needs a list of words: pass load_words(), or load_words(text=…).")
        if not isinstance(min_count, int) or min_count < 1:
            raise ValueError(f"min_count is {min_count!r}: it counts how often a word occurs, so pass 1 or more.")
        counts = Counter(words)
        frequent = [word for word, count in counts.items() if count >= min_count]
        frequent = sorted({*frequent} - {BOUNDARY, UNKNOWN}, key=lambda word: (-counts[word], word))
        self.itos = [BOUNDARY, UNKNOWN, *frequent]
        self.stoi = {s: i for i, s in enumerate(self.itos)}

    def encode(self, words: str | Iterable[str]) -> list[int]:
        """The indices of words, which may come as a list, as one text with spaces between them, or as a list of such
        texts. A word that is not in the vocabulary is 1, "<unk>"."""
        text = words if isinstance(words, str) else " ".join(words)
        return [self.stoi.get(word, 1) for word in text.split()]

    def decode(self, indices: Iterable[int]) -> str:
        """The words of a sequence of indices, which may be a tensor of shape (N,), with spaces between them."""
        return " ".join(self.itos[i] for i in indices)


def build_dataset(names: Sequence[str], vocab: Vocabulary, block_size: int = 3) -> tuple[Tensor, Tensor]:
    """One example per character of every name: the ``block_size`` characters before it, and the character itself.

    A name of k characters gives k + 1 examples, because the boundary after it is an answer, too. Near the beginning
    of a name there are fewer than ``block_size`` characters, so boundaries fill the context on the left.

    With a `WordVocabulary`, the list is a text, and each of its words is one example. Contexts reach back over the
    beginning of a sentence. X is then a view of the text, which needs no memory of its own, however long the contexts
    are. So don't write into it.

    Parameters
    ----------
    names : N - len(names) characters in all; or a text of N words.
    block_size : characters, or words, in the context: 0 or more.

    Returns
    -------
    X : (N, block_size) int64, the contexts.
    Y : (N,) int64, what follows each.

    Raises
    ------
    ValueError
        if there are no names, ``block_size`` is negative, or a character is not in the vocabulary.

    Source: lesson 04, which writes it as a plain loop; a test compares the two. The lecture builds it at 9:03. With
    words: lesson 10.
    """
    if isinstance(names, str):
        raise ValueError(f"build_dataset got the text {names!r} where it expects a list of names: put it in brackets.")
    if not hasattr(names, "__len__"):
        raise ValueError(f"build_dataset got {names!r:.40} where it expects a list of names: pass a list.")
    if not hasattr(vocab, "itos"):
        raise ValueError(f"build_dataset got {vocab!r:.40} where it expects a Vocabulary: pass Vocabulary(names).")
    if len(names) == 0:
        raise ValueError("build_dataset got an empty list of names: pass at least one.")
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"build_dataset got {name!r:.40} as names[{place}]: a name is a text.")
    if not hasattr(block_size, "__index__"):
        raise ValueError(f"block_size is {block_size!r:.40}: it counts characters, so pass a whole number.")
    if block_size < 0:
        raise ValueError(f"block_size is {block_size}: it counts characters, so pass 0 or more.")
    if isinstance(vocab, WordVocabulary):
        return _running(torch.tensor(vocab.encode(names)), block_size)
    Y = _encode_all(names, vocab)  # (N,)
    lengths = torch.tensor([len(name) + 1 for name in names])
    starts = (lengths.cumsum(0) - lengths).repeat_interleave(lengths)  # (N,) where each example's name begins
    position = torch.arange(len(Y)) - starts  # (N,) how many characters of its name stand before
    X = torch.zeros(len(Y), block_size, dtype=torch.int64)
    for back in range(1, min(block_size, int(lengths.max()) - 1) + 1):
        X[back:, -back] = Y[:-back] * (position[back:] >= back)
    return X, Y


def _running(Y: Tensor, block_size: int) -> tuple[Tensor, Tensor]:
    """The examples of a text Y (N,), before whose first word stand boundaries."""
    if block_size == 0:
        return torch.empty(len(Y), 0, dtype=torch.int64), Y
    padded = torch.cat([torch.zeros(block_size, dtype=torch.int64), Y[:-1]])  # (block_size + N - 1,)
    return padded.unfold(0, block_size, 1), Y  # (N, block_size), each row begins one word later


def _encode_all(names: Sequence[str], vocab: Vocabulary) -> Tensor:
    """The indices of "name.name.…name." all at once: (N,) int64."""
    text = BOUNDARY.join([*names, ""])
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    symbols = np.array([ord(s) for s in vocab.itos], dtype=np.uint32)
    order = symbols.argsort()
    indices = order[np.searchsorted(symbols, codes, sorter=order).clip(max=len(order) - 1)]
    if (symbols[indices] != codes).any() or (indices == 0).sum() != len(names):
        for name in names:
            if BOUNDARY in name:
                raise ValueError(
                    f"{name!r} holds '{BOUNDARY}', the sign that marks where names begin and end: take it out."
                )
            vocab.encode(name)  # raises for the name at fault
    return torch.from_numpy(indices.astype(np.int64))


def split(names: Sequence[str], seed: int = 42, unique: bool = False) -> tuple[list[str], list[str], list[str]]:
    """Shuffle the names and cut them into train (80 %), dev (10 %) and test (10 %).

    Parameters
    ----------
    seed : of the shuffle; 42 is the lecture's.
    unique : keep each name once. The lists hold a name twice if it was given to both sexes, so the same name can
        come into train and into dev. ``unique=True`` prevents that (lesson 06 measures the leak).

    Returns
    -------
    train, dev, test : lists of str.

    Raises
    ------
    ValueError
        for fewer than ten names, because a tenth of them would be no name.

    Source: lesson 02; the lecture splits at 53:20.
    """
    names = list(dict.fromkeys(names)) if unique else list(names)
    if len(names) < 10:
        raise ValueError(f"A split needs at least 10 names, and there are {len(names)}: pass a longer list.")
    random.Random(seed).shuffle(names)
    n1, n2 = int(0.8 * len(names)), int(0.9 * len(names))
    return names[:n1], names[n1:n2], names[n2:]


def split_text(words: Sequence[str], sizes: tuple[int, int] = (800_000, 200_000)) -> tuple[list[str], ...]:
    """Cut a text into train, dev and test without shuffling, because the order of its words is what a model learns.

    Parameters
    ----------
    words : the text, one token per entry.
    sizes : so many words from the beginning are train, and so many after them dev. The rest is test. The default is
        the paper's.

    Returns
    -------
    train, dev, test : lists of str.

    Raises
    ------
    ValueError
        for sizes that leave a part empty.

    Source: lesson 10; Bengio et al. 2003, section 4.
    """
    n1, n2 = sizes[0], sum(sizes)
    if not 0 < n1 < n2 < len(words):
        raise ValueError(f"The sizes {sizes} leave a part of the {len(words):,} words empty: pass smaller ones.")
    return list(words[:n1]), list(words[n1:n2]), list(words[n2:])
