"""makemlp: build a character-level language model of names, one lesson at a time.

Names and examples      load_names, load_lecture_names, Vocabulary, split, build_dataset
Another list of names   use_names, on_bundled, expect
Words and examples      load_words, WordVocabulary, split_text
Models that count       CountModel, CacheModel, smooth, interpolate, kneser_ney
The neural network      MLP, count_parameters, trace, DeepMLP, Mixture
The network for words   WordMLP, AdaptiveSoftmax, train_words, save_word_model, load_word_model
Training and scoring    train, train_many, train_deep, sgd, nll, log_prob, save_model, load_model
Choosing settings       Objective, open_study, tune, Scoreboard, evaluate_on_test
New names               sample, draw, rank, novelty
A name's score          score_name, nll_by_name
Is it better?           compare, bootstrap
A lesson's end          quiz, cards
This machine            check_setup
Sliders                 explore_sampling, explore_smoothing, explore_count_tables,
                        explore_descent, explore_architecture, explore_prediction, explore_training, explore_tuning,
                        explore_snapshots, explore_neighbours, explore_name, explore_real_or_made_up,
                        explore_letters, explore_mixture, explore_study, explore_words
Pictures                makemlp.figures, one function for each picture of the lessons

A model is anything that maps contexts (N, block_size) to logits (N, vocab_size). ``nll`` scores any of them and
``sample`` makes names with any of them. A context is the indices of the characters before; index 0 is the boundary
'.', which stands before the first character of a name and after its last. With a ``WordVocabulary`` the same functions
take words for characters, and sentences for names.

PyTorch computes on one thread here, which is fastest at this size (two threads on a busy two-core machine were ten
times slower). Set the environment variable MAKEMLP_THREADS to have more.
"""

import os
from importlib.util import find_spec

for _package in ("torch", "numpy", "matplotlib", "ipywidgets", "tqdm"):
    if find_spec(_package) is None:
        raise ImportError(
            f"makemlp needs {_package}, which this Python lacks: run '%pip install {_package}' in a cell of the "
            f"notebook, then restart the kernel."
        )

import torch

from makemlp import figures
from makemlp.checkpoints import load_model, save_model
from makemlp.counts import CacheModel, CountModel, interpolate, kneser_ney, smooth
from makemlp.data import Vocabulary, WordVocabulary, build_dataset, load_names, split, split_text
from makemlp.deep import DeepMLP, train_deep
from makemlp.download import load_lecture_names
from makemlp.lists import expect, on_bundled, use_names
from makemlp.mixture import Mixture
from makemlp.mlp import MLP, count_parameters, trace
from makemlp.questions import cards, quiz
from makemlp.sampling import draw, novelty, rank, sample, score_name
from makemlp.scoreboard import Scoreboard, evaluate_on_test
from makemlp.scoring import bootstrap, compare, log_prob, nll, nll_by_name
from makemlp.setup_check import check_setup
from makemlp.training import sgd, train, train_many
from makemlp.tuning import Objective, open_study, tune
from makemlp.widgets import (
    explore_architecture,
    explore_count_tables,
    explore_descent,
    explore_letters,
    explore_mixture,
    explore_name,
    explore_neighbours,
    explore_prediction,
    explore_real_or_made_up,
    explore_sampling,
    explore_smoothing,
    explore_snapshots,
    explore_study,
    explore_training,
    explore_tuning,
    explore_words,
)
from makemlp.wordmodel import AdaptiveSoftmax, WordMLP, load_word_model, save_word_model, train_words
from makemlp.words import load_words

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "AdaptiveSoftmax",
    "CacheModel",
    "CountModel",
    "DeepMLP",
    "Mixture",
    "Objective",
    "Scoreboard",
    "Vocabulary",
    "WordMLP",
    "WordVocabulary",
    "bootstrap",
    "build_dataset",
    "cards",
    "check_setup",
    "compare",
    "count_parameters",
    "draw",
    "evaluate_on_test",
    "expect",
    "explore_architecture",
    "explore_count_tables",
    "explore_descent",
    "explore_letters",
    "explore_mixture",
    "explore_name",
    "explore_neighbours",
    "explore_prediction",
    "explore_real_or_made_up",
    "explore_sampling",
    "explore_smoothing",
    "explore_snapshots",
    "explore_study",
    "explore_training",
    "explore_tuning",
    "explore_words",
    "figures",
    "interpolate",
    "kneser_ney",
    "load_lecture_names",
    "load_model",
    "load_names",
    "load_word_model",
    "load_words",
    "log_prob",
    "nll",
    "nll_by_name",
    "novelty",
    "on_bundled",
    "open_study",
    "quiz",
    "rank",
    "sample",
    "save_model",
    "save_word_model",
    "score_name",
    "sgd",
    "smooth",
    "split",
    "split_text",
    "trace",
    "train",
    "train_deep",
    "train_many",
    "train_words",
    "tune",
    "use_names",
]

_threads = os.environ.get("MAKEMLP_THREADS", "1")
if not _threads.isdecimal() or int(_threads) < 1:
    raise ImportError(f"The environment variable MAKEMLP_THREADS is '{_threads}': set it to a whole number from 1 up.")
torch.set_num_threads(int(_threads))
