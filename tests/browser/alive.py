"""Which explorers draw in the page, with the data that tests/alive.py opens them with."""

import sys

from .lab import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests"))
from alive import ARGUMENTS, COUNTED, FRAMES, LETTERS, MODEL, NAMES, SPELLER, TABLE, VOCAB, WRITERS  # noqa: F401


def is_alive(label):
    """Whether an explorer of a lesson, `explore_x` or `explore_x-2`, draws in the page."""
    return label.split("-")[0] in ARGUMENTS
