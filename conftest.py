"""Settings for every pytest run in this repository, nbval's included."""

import os
from pathlib import Path

# A progress bar appears on a slow machine only, and nbval would take it for a changed output.
os.environ["TQDM_DISABLE"] = "1"


def pytest_configure(config):
    # nbval compares a picture by its alt text, which is computed from the data; its pixels are the image tests' work.
    if hasattr(config.option, "nbval_sanitize_with") and config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval_sanitize.cfg")
