"""What the tests of the explorables share: each on small data, and where it is opened."""

from types import SimpleNamespace

import torch

from makemlp import MLP, CountModel, Scoreboard, Vocabulary, WordVocabulary, build_dataset, load_names

NAMES = ["ada", "bob", "abba", "dodo", "bada", "oba", "adobo", "dab"]
VOCAB = Vocabulary(NAMES)
MODEL = MLP(len(VOCAB), block_size=3, emb_dim=2, hidden_dim=20)
TABLE = CountModel(len(VOCAB), 4, 1.0).fit(*build_dataset(NAMES, VOCAB, 4))
COUNTED = CountModel(len(VOCAB), 1).fit(*build_dataset(NAMES, VOCAB, 1))

LONGER = load_names()[:3000]
LETTERS = Vocabulary(LONGER)
SPELLER = CountModel(len(LETTERS), 2, 0.1).fit(*build_dataset(LONGER, LETTERS, 2))

STORY = "a dog saw a cat . the cat saw the dog . a dog ran ."
READER = WordVocabulary(STORY.split(), 1)
WORDS = torch.arange(3.0 * len(READER)).view(-1, 3)

COUNTER = CountModel(len(VOCAB), 7, method="kneser_ney").fit(*build_dataset(NAMES, VOCAB, 7))
WRITERS = {"bigram": COUNTED, "table": COUNTER, "network": MODEL}

FRAMES = {step: MLP(len(VOCAB), emb_dim=2, hidden_dim=20, seed=step) for step in range(0, 21, 2)}

BOARD = Scoreboard("a file that is not there")
BOARD.rows += [
    {"dev": 2.2, "train": 2.1, "parameters": 300},
    {"dev": 2.0, "train": 1.9, "parameters": 400, "steps": 50},
]


def trial(number, dev, state="COMPLETE"):
    """What a study keeps of a trial, as far as it is shown; Optuna itself is not needed for this."""
    params = {"block_size": 2 + number % 3, "learning_rate": 0.001 * 4**number}
    return SimpleNamespace(
        number=number, state=SimpleNamespace(name=state), params=params, intermediate_values={1: 3.0, 2: dev}
    )


TRIALS = [trial(0, 2.5), trial(1, 2.6, "PRUNED"), trial(2, 2.3), trial(3, 2.4)]
STUDY = SimpleNamespace(get_trials=lambda deepcopy: TRIALS)

# What each explorable is opened with. A new one needs a line, and a test says so.
ARGUMENTS = {
    "explore_architecture": (len(VOCAB),),
    "explore_count_tables": (NAMES[:6], NAMES[6:], VOCAB, 4, 2.17),
    "explore_descent": (COUNTED.counts[1], VOCAB, 2 * MODEL.b2.detach() + COUNTED.counts[1].sin()),
    "explore_letters": (MODEL, VOCAB, "ab"),
    "explore_mixture": (MODEL, TABLE, *build_dataset(NAMES[6:], VOCAB, 4), VOCAB),
    "explore_name": (WRITERS, VOCAB, NAMES, "ab"),
    "explore_neighbours": (MODEL.C.detach(), VOCAB),
    "explore_prediction": (MODEL, VOCAB, "ab"),
    "explore_real_or_made_up": (SPELLER, LETTERS, LONGER),
    "explore_sampling": (MODEL, VOCAB, 6, NAMES),
    "explore_smoothing": (COUNTED.counts[1], VOCAB),
    "explore_training": (NAMES[:6], NAMES[6:], VOCAB, {"low": 1.0, "high": 1.5}, 600),
    "explore_snapshots": (FRAMES, [3.0 - 0.1 * step for step in range(20)], VOCAB),
    "explore_study": (STUDY, 8),
    "explore_words": (WORDS.sin(), READER, "dog", 8),
    "explore_tuning": (NAMES[:6], NAMES[6:], VOCAB, BOARD, {"the lecture": 2.17, "a table": 1.95}),
}
