"""The exercises (floor 3): what each asks for and the mistakes that it knows, one module per lesson, of its name."""

from __future__ import annotations

import difflib

from makemlp.checking.exercises import (
    lesson_01_bigram,
    lesson_02_count_table_explosion,
    lesson_03_embed_and_concatenate,
    lesson_04_build_the_model,
    lesson_05_learning_rate_sweep,
    lesson_06_tune_on_the_dev_split,
    lesson_07_see_the_embeddings,
    lesson_08_sample_names,
    lesson_09_beat_the_baseline,
    lesson_10_words,
    project_01,
    project_02,
    project_05,
    project_06,
    project_08,
    project_09,
)
from makemlp.checking.exercises.repairs import (
    CHOOSE_AND_REPORT,
    FAIR_GAP,
    POSITION_MEANS,
    PREPARE,
    SCORED,
    TALLY,
    repair,
)
from makemlp.checking.specification import Exercise

LESSONS = {
    "01": ("The bigram", (*lesson_01_bigram.EXERCISES, repair("01.7", TALLY), *project_01.EXERCISES)),
    "02": (
        "The count table explodes",
        (*lesson_02_count_table_explosion.EXERCISES, repair("02.5", PREPARE), *project_02.EXERCISES),
    ),
    "03": ("Embed and concatenate", lesson_03_embed_and_concatenate.EXERCISES),
    "04": ("Build the model", (*lesson_04_build_the_model.EXERCISES, repair("04.6", POSITION_MEANS))),
    "05": ("How large a step?", lesson_05_learning_rate_sweep.EXERCISES + project_05.EXERCISES),
    "06": (
        "Tune on the dev split",
        (
            *lesson_06_tune_on_the_dev_split.EXERCISES,
            repair("06.8", CHOOSE_AND_REPORT),
            repair("06.9", FAIR_GAP),
            *project_06.EXERCISES,
        ),
    ),
    "07": ("See the embeddings", lesson_07_see_the_embeddings.EXERCISES),
    "08": ("Sample names", lesson_08_sample_names.EXERCISES + project_08.EXERCISES),
    "09": (
        "Beat the baseline",
        (*lesson_09_beat_the_baseline.EXERCISES, repair("09.9", SCORED), *project_09.EXERCISES),
    ),
    "10": ("Words", lesson_10_words.EXERCISES),
}


def of_lesson(lesson: str | None = None) -> list[Exercise]:
    """The exercises of a lesson such as "03", or of all."""
    return [one for number, (_, some) in LESSONS.items() if lesson in (None, number) for one in some]


def find(name: str) -> Exercise:
    """The exercise of this name.

    Raises
    ------
    ValueError
        if there is none; it suggests the nearest.
    """
    by_name = {one.name: one for one in of_lesson()}
    if name not in by_name:
        near = difflib.get_close_matches(str(name), by_name, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"the exercises are {', '.join(by_name)}."
        raise ValueError(f"There is no exercise '{name}': {advice}")
    return by_name[name]
