"""Settings for every pytest run in this repository, nbval's included."""

import os
import sys
import tempfile
from pathlib import Path

# A progress bar appears on a slow machine only, and nbval would take it for a changed output.
os.environ["TQDM_DISABLE"] = "1"

# What a learner has on the scoreboard is neither read nor written by tests: a folder that goes when pytest does.
_runs = tempfile.TemporaryDirectory(prefix="makemlp-runs-")
os.environ["MAKEMLP_RUNS"] = _runs.name

# What the tests of other machines turn on: see tests/disturbance.py.
if seed := os.environ.get("DISTURB"):
    sys.path.append(str(Path(__file__).parent / "tests"))
    import disturbance

    _kernels = tempfile.TemporaryDirectory(prefix="makemlp-disturbed-")
    disturbance.begin_in_kernels(int(seed), Path(_kernels.name))
    disturbance.begin(int(seed))


def pytest_configure(config):
    # nbval compares a picture by its alt text, which is computed from the data; its pixels are the image tests' work.
    if hasattr(config.option, "nbval_sanitize_with") and config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval_sanitize.cfg")
