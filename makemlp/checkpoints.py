"""Trained models and runs as files (floor 2): written whole or not at all, read without running anything in them."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import torch
from torch import Tensor

from makemlp.data import Vocabulary
from makemlp.mlp import MLP


def write(path: str | os.PathLike, contents: dict) -> None:
    """Write tensors, numbers, texts and lists of them. If it is interrupted, the file stays as it was."""
    path = Path(path)
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(contents, half)
        half.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        raise ValueError(f"The checkpoint '{path}' can't be written ({error}): pass another path.") from None
    finally:
        half.unlink(missing_ok=True)


def read(path: str | os.PathLike, kind: str) -> dict:
    """What `write` wrote, if it is of this `kind` (contents["kind"]); nothing in the file is executed."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no checkpoint '{path}' (looked in {Path.cwd()}): check the path.")
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
        raise ValueError(f"'{path}' is incomplete or not a checkpoint: delete it, and train again.") from None
    if not isinstance(contents, dict) or contents.get("kind") != kind:
        raise ValueError(f"'{path}' is not a checkpoint of a {kind}: pass the path of one.")
    return contents


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
    if contents["symbols"] != vocab.itos:
        raise ValueError(
            f"The model in '{path}' was trained on the characters {''.join(contents['symbols'])}, and the vocabulary "
            f"has {''.join(vocab.itos)}: build the vocabulary from the names that the model was trained on."
        )
    state = contents["state"]
    (vocab_size, emb_dim), (inputs, hidden_dim) = state["C"].shape, state["W1"].shape
    model = MLP(vocab_size, inputs // emb_dim, emb_dim, hidden_dim, direct="W" in state)
    model.load_state_dict(state)
    return model
