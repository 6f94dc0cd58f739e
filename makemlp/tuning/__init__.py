"""Studies (floor 4): let optuna choose settings, judge them on dev, and keep every trial, on one machine or many.

    python -m makemlp.tuning worker --storage URL --study NAME    one more worker on a study
    python -m makemlp.tuning status --storage URL --study NAME    how it stands

A URL is ``sqlite:///FILE``, ``journal:///FILE`` (for a disk that several machines share) or
``postgresql://USER@HOST/DATABASE``. As in SQLite's URLs, three slashes begin a path relative to the working folder and
four an absolute one. See docs/many_machines.md.
"""

from makemlp.tuning.study import (
    BUDGET,
    REPORTS,
    SPACE,
    STEP_COST,
    Objective,
    affordable_steps,
    finished,
    open_study,
    standing,
    tune,
)

__all__ = [
    "BUDGET",
    "REPORTS",
    "SPACE",
    "STEP_COST",
    "Objective",
    "affordable_steps",
    "finished",
    "open_study",
    "standing",
    "tune",
]
