"""makemlp: build a character-level language model of names (the package behind the lessons)."""

from makemlp.data import Vocabulary, build_dataset, load_names, split

__all__ = ["Vocabulary", "build_dataset", "load_names", "split"]
