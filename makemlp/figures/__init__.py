"""Every picture of the course (floor 4): data in, a `Picture` out, with alt text computed from the data.

`makemlp.gallery` draws them from the bundled names into ``figures/``.
"""

from makemlp.figures.base import Picture, picture
from makemlp.figures.counting import bigram_table, nll_by_context, smoothing, table_growth, two_tables
from makemlp.figures.names import made_up_names, names_by_temperature, next_character
from makemlp.figures.network import anatomy, architecture, saturation, size_comparison
from makemlp.figures.training import live_training, loss_curve, rate_sweep, schedule

__all__ = [
    "Picture",
    "anatomy",
    "architecture",
    "bigram_table",
    "live_training",
    "loss_curve",
    "made_up_names",
    "names_by_temperature",
    "next_character",
    "nll_by_context",
    "picture",
    "rate_sweep",
    "saturation",
    "schedule",
    "size_comparison",
    "smoothing",
    "table_growth",
    "two_tables",
]
