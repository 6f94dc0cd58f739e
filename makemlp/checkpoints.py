"""Trained models and runs as files (floor 2): written whole or not at all, read without running anything in them."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from makemlp.data import Vocabulary, path_of
from makemlp.files import write_whole
from makemlp.mlp import MLP

SEAL = b"\nmakemlp sha256 "  # what ends a checkpoint: this, and the SHA-256 of all that stands before it
SEALED = len(SEAL) + 64
DAMAGED = "is not a checkpoint, or it is incomplete or damaged: check the path, or train again"


def write(path: str | os.PathLike, contents: dict) -> None:
    """Write tensors, numbers, texts and lists of them, with a checksum. If it is interrupted, the file stays as it was.

    Raises
    ------
    ValueError
        with one sentence, if the file can't be written, or if something stands there that is no file.
    """
    path, whole = path_of(path), io.BytesIO()
    torch.save(contents, whole)
    raw = whole.getvalue()
    try:
        write_whole(path, raw + SEAL + hashlib.sha256(raw).hexdigest().encode())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"The checkpoint {_named(path)} can't be written ({why}): pass another path.") from None


def read(path: str | os.PathLike, kind: str) -> dict:
    """What `write` wrote, if it is of this `kind` (contents["kind"]); nothing in the file is executed.

    Raises
    ------
    ValueError
        with one sentence, if there is no such file, if a single bit of it differs from what was written, or if it is of
        another kind.
    """
    path = path_of(path)
    if path.is_dir():
        raise ValueError(f"{_named(path)} is a folder: pass the path of a checkpoint in it.")
    if not path.is_file():
        raise ValueError(f"There is no checkpoint {_named(path)} (looked in {Path.cwd()}): check the path.")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{_named(path)} can't be read ({error.strerror}): check its permissions.") from None
    raw, seal = raw[:-SEALED], raw[-SEALED:]
    if seal != SEAL + hashlib.sha256(raw).hexdigest().encode():
        raise ValueError(f"{_named(path)} {DAMAGED}.")
    with sound(path):
        contents = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    if not isinstance(contents, dict) or contents.get("kind") != kind:
        raise ValueError(f"{_named(path)} is not a checkpoint of a {kind}: pass the path of one.")
    return contents


@contextmanager
def sound(path: str | os.PathLike) -> Iterator[None]:
    """Turn whatever goes wrong with a checkpoint's contents into one sentence: a stranger's may hold anything."""
    try:
        yield
    except Exception:
        pass
    else:
        return
    raise ValueError(f"{_named(path)} {DAMAGED}.")


def _named(path: str | os.PathLike) -> str:
    """A path as a sentence names it, whatever its name holds."""
    text = os.fspath(path)
    return f"'{text}'" if text.isprintable() else repr(text)


def fingerprint(*tensors: Tensor) -> str:
    """A short text that differs when any of the tensors' numbers or shapes do."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def save_model(model: MLP, vocab: Vocabulary, path: str | os.PathLike) -> None:
    """Save a trained MLP, and the characters that it was trained on, in a file.

    Raises
    ------
    ValueError
        if the vocabulary is not of the model's size, or the file can't be written.

    Source: lesson 06.
    """
    if len(vocab) != model.vocab_size:
        raise ValueError(
            f"The model predicts {model.vocab_size} symbols and the vocabulary has {len(vocab)}: pass the vocabulary "
            f"that the model was built with."
        )
    write(path, {"kind": "model", "symbols": vocab.itos, "state": model.state_dict()})


def load_model(path: str | os.PathLike, vocab: Vocabulary) -> MLP:
    """The MLP that `save_model` saved; the shapes of its parameters give its sizes.

    Raises
    ------
    ValueError
        if there is no such file, if it is incomplete or not a model, or if the model was trained on other characters.

    Source: lesson 06.
    """
    contents = read(path, "model")
    with sound(path):
        symbols, model = "".join(contents["symbols"]), _built(contents["state"])
    if contents["symbols"] != vocab.itos:
        raise ValueError(
            f"The model in {_named(path)} was trained on the characters {symbols}, and the vocabulary "
            f"has {''.join(vocab.itos)}: build the vocabulary from the names that the model was trained on."
        )
    return model


def _built(state: dict[str, Tensor]) -> MLP:
    """The model of these parameters, whose shapes give its sizes."""
    (vocab_size, emb_dim), (inputs, hidden_dim) = state["C"].shape, state["W1"].shape
    model = MLP(vocab_size, inputs // emb_dim, emb_dim, hidden_dim, direct="W" in state)
    model.load_state_dict(state)
    return model
