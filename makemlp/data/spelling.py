"""What a reader types, in the characters of a list (floor 1); `encode` in live/draw.js reads the same in a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def is_hidden(symbol: str) -> bool:
    """Whether a character, other than a space, leaves no mark of its own on the page."""
    named = unicodedata.name(symbol, "")
    return unicodedata.category(symbol) == "Cf" or "VARIATION SELECTOR" in named or "FILLER" in named


def literal(value: object) -> str:
    """A value as Python's source has it, with each character that can't be seen spelt out."""
    return "".join(ascii(s)[1:-1] if is_hidden(s) else s for s in repr(value))


def spelled(typed: str, itos: Sequence[str]) -> str:
    """A typed name with capitals and accents as the list has them: 'Zoë' is read as 'zoe' where no name has ë.

    Text that the vocabulary has as it stands comes back unchanged. Otherwise each character is tried as it is, as a
    small letter and as a capital, then without its accents in the same way. One that the vocabulary has in no form
    stays, so that `Vocabulary.encode` can name it.

    Parameters
    ----------
    itos : the vocabulary's symbols; the first is the boundary, which no name holds.
    """
    known = set(itos[1:])
    if known.issuperset(typed):
        return typed
    letters = unicodedata.normalize("NFC", typed.strip())
    return "".join(next((form for form in _forms(letter) if known.issuperset(form)), letter) for letter in letters)


def _forms(letter: str) -> list[str]:
    """A letter as it may stand in a list, the likeliest first; an accent that stands alone has nothing to be bared."""
    bare = "".join(s for s in unicodedata.normalize("NFD", letter) if unicodedata.category(s)[0] != "M") or letter
    return [letter, letter.lower(), letter.upper(), bare, bare.lower(), bare.upper()]
