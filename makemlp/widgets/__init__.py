"""Every explorer of the course (floor 5).

Each is an `Explorable`: Python packs numbers, the page draws them as long as a hand moves, with a kernel or without.
What trains or watches in the kernel sends further numbers, which the same page draws. What is wrong with a typed text
is said in a line of its own, and the last good picture stays.
"""

from makemlp.widgets.baseline import explore_mixture
from makemlp.widgets.embeddings import explore_letters, explore_neighbours, explore_snapshots, explore_words
from makemlp.widgets.explorers import (
    explore_architecture,
    explore_count_tables,
    explore_descent,
    explore_prediction,
    explore_sampling,
    explore_smoothing,
)
from makemlp.widgets.names import explore_name, explore_real_or_made_up
from makemlp.widgets.trainer import explore_training
from makemlp.widgets.tuning import explore_study, explore_tuning

__all__ = [
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
]
