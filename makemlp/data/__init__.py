"""Names, characters and examples (floor 1): the input of every model of the course."""

from __future__ import annotations

import os
import random
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from makemlp.data import reading, setting
from makemlp.data.places import check_default
from makemlp.data.reading import check_boundary, path_of
from makemlp.data.tables import Options

BOUNDARY = "."  # stands before the first and after the last character of a name; always index 0
UNKNOWN = "<unk>"  # the one symbol for all rare words; always index 1 of a WordVocabulary


def load_names(
    path: str | os.PathLike | None = None,
    *,
    text: str | None = None,
    lowercase: bool | str = False,
    column: int | str | None = None,
    header: bool | int | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    bad_lines: str = "error",
    remove: str = "",
    boundary: str = BOUNDARY,
    pattern: str | None = None,
) -> list[str]:
    """The bundled names, or the names of your own list, which holds one per line or in a column of a table.

    What is loaded and yet looks wrong (a heading, characters that can't be seen) is said in a warning.

    Parameters
    ----------
    path : a file in UTF-8, or with a byte-order mark; any kind of newline is fine, and blank lines are skipped. Or the
        name of a list that ships with the package, such as "french_given".
    text : the list itself, instead of a path.
    lowercase : turn every name to lower case; "tr" or "az" do it by the rules of Turkish and Azeri. Otherwise names
        keep the case in which they are written. Accents are always kept.
    column : of a table, the heading of the column with the names, or its number, counted from 1.
    header : the number of the line with the headings, of which nothing above is read either; True for the first line,
        False where there are none. By default the headings of a table are looked for, and a list has none.
    delimiter : what stands between a table's columns, by default looked for; "" where each whole line is a name.
    encoding : of the file, such as "cp1252", where it is neither UTF-8 nor marked.
    bad_lines : "skip" leaves out lines that can't be names, with a warning; "error" refuses the list.
    remove : characters that are taken out of all names.
    boundary : the symbol that no name may hold. Pass the same one to `Vocabulary`.
    pattern : a regular expression that finds the names in each line (or in each cell of the column): its part in
        brackets is the name, such as ``"^([^#]+)"``. Lines in which it finds nothing are left out, with a warning.

    Returns
    -------
    list of str
        Without arguments, the list that the setting names (`use_names`, or the environment variable MAKEMLP_NAMES). If
        it has thousands of symbols, only the names of its 300 most usual ones, because a lesson computes with every
        symbol at every step.
        Where nothing is set, the 32,257 US names of 2018: first the girls' names, then the boys', each with the most
        frequent first. A name given to both sexes stands there twice, as in the lecture's list.

    Raises
    ------
    ValueError
        One sentence that says which file and line, and what to do. For a table it proposes the call to make.

    Source: lesson 01. Provenance of the bundled list: ``makemlp/names/README.md``.
    """
    if path is not None and text is not None:
        raise ValueError("load_names got both a path and a text: pass only one of them.")
    if not isinstance(text, str | None):
        raise ValueError(f"load_names got {text!r:.40} as the text: pass one text, with a name on each line.")
    check_boundary(boundary)
    if path is None and text is None and column is None and pattern is None and setting.is_plain():
        delimiter = ""
    options = Options(lowercase, column, header, delimiter, bad_lines, remove, boundary, pattern)
    if text is not None:
        where, call = "the text", "load_names(text=text"
    elif path is None:
        where, call, text = setting.read(encoding)
    else:
        path = setting.shipped_list(path) or path
        where, call = f"'{path_of(path)}'", reading.call_for("load_names", path, encoding)
        text = reading.read_text(path, encoding)
    names, notes = reading.names_in(text, where, call, options)
    if call.startswith("makemlp.use_names"):  # every lesson's list
        names, more = reading.of_usual_symbols(names, where)
        notes += more
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return names


def bundled_names() -> list[str]:
    """The 32,257 US names of 2018, whichever list is set: for numbers that were measured on them."""
    return setting.read_bundled().split()


class Vocabulary:
    """The characters of a list of names, each with a number: the boundary '.' is 0, the others follow in order.

    Parameters
    ----------
    names : the list that the characters are taken from.
    boundary : the symbol that stands before and after every name; another one lets names hold '.', as in 'J.R.'.

    Attributes
    ----------
    itos : list of str, index to symbol; ``itos[0]`` is the boundary.
    stoi : dict, symbol to index.

    Raises
    ------
    ValueError
        if a name contains the boundary symbol; `encode` raises it if a character is not in the vocabulary.

    Source: lesson 01.
    """

    def __init__(self, names: Iterable[str], boundary: str = BOUNDARY):
        characters = sorted(set("".join(names)))
        if boundary in characters:
            raise ValueError(f"A name holds '{boundary}', which marks beginnings and ends: take it out.")
        self.itos = [boundary, *characters]
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
    check_default()
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
    text = vocab.itos[0].join([*names, ""])
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    symbols = np.array([ord(s) for s in vocab.itos], dtype=np.uint32)
    order = symbols.argsort()
    indices = order[np.searchsorted(symbols, codes, sorter=order).clip(max=len(order) - 1)]
    if (symbols[indices] != codes).any() or (indices == 0).sum() != len(names):
        for name in names:
            if vocab.itos[0] in name:
                raise ValueError(
                    f"{name!r} holds '{vocab.itos[0]}', the sign that marks where names begin and end: take it out."
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
