"""Every picture of the course (floor 3): data in, a `Picture` out, with alt text computed from the data.

`makemlp.gallery` draws them from the bundled names into ``figures/``.
"""

from makemlp.figures.base import Picture, picture
from makemlp.figures.baseline import ablation, mixture, start_race
from makemlp.figures.counting import bigram_table, curve, nll_by_context, smoothing, table_growth, two_tables
from makemlp.figures.embeddings import (
    chance_histogram,
    embedding_map,
    explained_variance,
    nearest,
    seed_maps,
    seed_spread,
    snapshot,
    turning,
    two_seeds,
)
from makemlp.figures.moving import Film, animate, film, film_narrow
from makemlp.figures.names import (
    made_up_names,
    name_ranks,
    names_by_temperature,
    next_character,
    pin,
    probability_strip,
    reshaped,
    side_by_side,
)
from makemlp.figures.network import anatomy, architecture, saturation, size_comparison, tanh_curve
from makemlp.figures.training import live_training, loss_curve, peers, rate_sweep, schedule
from makemlp.figures.tuning import contest, flattery, scoreboard, seed_bands, study, train_and_dev
from makemlp.figures.words import seen_before, word_map

__all__ = [
    "Film",
    "Picture",
    "ablation",
    "anatomy",
    "animate",
    "architecture",
    "bigram_table",
    "chance_histogram",
    "contest",
    "curve",
    "embedding_map",
    "explained_variance",
    "film",
    "film_narrow",
    "flattery",
    "live_training",
    "loss_curve",
    "made_up_names",
    "mixture",
    "name_ranks",
    "names_by_temperature",
    "nearest",
    "next_character",
    "nll_by_context",
    "peers",
    "picture",
    "pin",
    "probability_strip",
    "rate_sweep",
    "reshaped",
    "saturation",
    "schedule",
    "scoreboard",
    "seed_bands",
    "seed_maps",
    "seed_spread",
    "seen_before",
    "side_by_side",
    "size_comparison",
    "smoothing",
    "snapshot",
    "start_race",
    "study",
    "table_growth",
    "tanh_curve",
    "train_and_dev",
    "turning",
    "two_seeds",
    "two_tables",
    "word_map",
]
