"""The command line of a study (floor 4): python -m makemlp.tuning worker|status."""

import sys

try:
    from makemlp.tuning.worker import main
except ImportError as error:
    sys.exit(f"A study needs optuna ({error}): pip install 'makemlp[tune]'.")

sys.exit(main())
