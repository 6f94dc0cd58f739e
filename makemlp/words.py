"""A text as a list of words (floor 2): the bundled Brown corpus, or a text of one's own."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import sys
import unicodedata
from pathlib import Path

from makemlp.data.reading import NEWLINE, path_of, read_text

CORPUS_FILE = Path(__file__).parent / "corpus" / "brown.txt.xz"
CORPUS_SHA256 = "7aac641abfbd55bf16056fe54a6cc3249bb9b976ec9d52d626648653398c73ab"

# What stands between these two lines is the book; the rest is Project Gutenberg's.
_GUTENBERG_START = re.compile(r"\*\*\*\s*START OF (?:THE|THIS) PROJECT GUTENBERG[^*]*\*\*\*", re.IGNORECASE)
_GUTENBERG_END = re.compile(r"\*\*\*\s*END OF (?:THE|THIS) PROJECT GUTENBERG", re.IGNORECASE)
FEWEST = 10  # words that a text must have


def load_words(
    path: str | os.PathLike | None = None,
    *,
    text: str | None = None,
    lowercase: bool = True,
    encoding: str | None = None,
) -> list[str]:
    """The words of the bundled Brown corpus, or of a text of your own, one token per entry.

    A token is a word, with the apostrophes and hyphens inside it (don't, mother-in-law), a number (1,000), or a sign
    (, . ?). In Chinese and Japanese, which put no spaces between words, each ideograph or kana is a token.

    Parameters
    ----------
    path : a file in UTF-8, or with a byte-order mark; any kind of newline is fine. If it is a book from Project
        Gutenberg, what Project Gutenberg wrote before and after the book is left out.
    text : the text itself, instead of a path.
    lowercase : turn everything to lower case.
    encoding : of the file, such as "cp1252", where it is neither UTF-8 nor marked.

    Returns
    -------
    list of str
        Without arguments, the 1,161,192 tokens of the Brown corpus: 500 American texts printed in 1961: first the
        press, then other prose, last fiction.

    Raises
    ------
    ValueError
        One sentence that says what is wrong with the file, and what to do.

    Source: lesson 10. Provenance and terms of the corpus: ``makemlp/corpus/README.md``.
    """
    if path is not None and text is not None:
        raise ValueError("load_words got both a path and a text: pass only one of them.")
    if not isinstance(text, str | None):
        raise ValueError(f"load_words got {text!r:.40} as the text: pass one text, not a list of words.")
    if path is None and text is None:
        words = _read_corpus().split()
    else:
        where = "the text" if path is None else f"'{path_of(path)}'"
        if path is not None:
            if NEWLINE.search(str(path)):
                raise ValueError("load_words got a text where it expects a path: write load_words(text=…).")
            text = read_text(path, encoding)
        words = tokenize(_without_gutenberg(text))
        if len(words) < FEWEST:
            raise ValueError(f"{where} holds {len(words)} words: a model needs at least {FEWEST} to learn from.")
    # Every word is stored once, however often it occurs: a tenth of the memory.
    return [sys.intern(word.lower() if lowercase else word) for word in words]


def tokenize(text: str) -> list[str]:
    """Cut a text into words, numbers and signs, as `load_words` says.

    Source: lesson 10.
    """
    text = unicodedata.normalize("NFC", text)
    alone, letters = [], []
    for character in sorted({*text}):
        kind = unicodedata.category(character)
        if kind == "Lo" and unicodedata.east_asian_width(character) == "W":
            alone.append(character)
        elif kind[0] in "LMN":  # letters, the marks upon them, numbers
            letters.append(character)
    letter = f"[{re.escape(''.join(letters))}]" if letters else "(?!)"
    word = rf"{letter}+(?:(?:[-'’]|(?<=\d)[.,](?=\d)){letter}+)*"
    return re.findall(rf"{word}|--+|\S", text.replace("\ufeff", " "))


def _without_gutenberg(text: str) -> str:
    if start := _GUTENBERG_START.search(text):
        text = text[start.end() :]
    if end := _GUTENBERG_END.search(text):
        text = text[: end.start()]
    return text


def _read_corpus() -> str:
    raw = CORPUS_FILE.read_bytes() if CORPUS_FILE.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != CORPUS_SHA256:
        raise ValueError(f"The bundled text {CORPUS_FILE.name} is missing or was changed: install makemlp again.")
    return lzma.decompress(raw).decode("utf-8")
