"""Train against dev, seeds, studies, and what tuning does to a score (floor 3): lesson 06."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from makemlp.figures.base import BLUE, GREEN, GREY, INK, ORANGE, picture, ring

NATS = "loss (nats per character)"
REACH = 0.5  # nats above the best: what is worse is marked at the edge, or one bad run would squeeze all others


@picture(8.0, 3.4)
def train_and_dev(
    fig: Figure, x: Sequence[float], train: Sequence[float], dev: Sequence[float], xlabel: str, log: bool = False
) -> str:
    """Train and dev loss against a setting or the step, the gap between them shaded, dev's lowest marked."""
    axes = fig.subplots()
    axes.fill_between(x, train, dev, color=GREY, alpha=0.2, label="gap")
    axes.plot(x, dev, "s--", color=ORANGE, label="dev")
    axes.plot(x, train, "o-", color=BLUE, label="train")
    low = min(range(len(dev)), key=lambda i: dev[i])
    ring(axes, x[low], dev[low])
    if log:
        axes.set_xscale("log")
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.minorticks_off()
    axes.set(xlabel=xlabel, ylabel=NATS)
    axes.legend(loc="best")
    return (
        f"Train and dev loss against {xlabel}. From {x[0]:g} to {x[-1]:g}, train goes from {train[0]:.2f} to "
        f"{train[-1]:.2f}; dev is lowest with {dev[low]:.2f} at {x[low]:g} and ends at {dev[-1]:.2f}."
    )


@picture(8.0, 3.4)
def seed_bands(fig: Figure, losses: Mapping[str, Sequence[float]], xlabel: str) -> str:
    """A column of dots, one per seed, for each setting, on a bar from the lowest to the highest."""
    axes = fig.subplots()
    said = []
    for x, (label, runs) in enumerate(losses.items()):
        low, high = min(runs), max(runs)
        axes.fill_between([x - 0.35, x + 0.35], low, high, color=BLUE, alpha=0.25)
        axes.plot(np.linspace(x - 0.2, x + 0.2, len(runs)), runs, "o", color=BLUE, markersize=5)
        axes.plot([x - 0.35, x + 0.35], [sum(runs) / len(runs)] * 2, color=ORANGE)
        said.append(f"{label}: {low:.3f} to {high:.3f}")
    axes.set_xticks(range(len(losses)), list(losses))
    axes.margins(y=0.1)
    axes.set(xlabel=xlabel, ylabel="dev " + NATS, title="each dot: one seed; each line: their mean")
    return f"Dev losses of several seeds for each {xlabel}. {'; '.join(said)}."


@picture(9.0, 3.8)
def scoreboard(fig: Figure, rows: Sequence[Mapping[str, float]], targets: Mapping[str, float], shown: int = -1) -> str:
    """Train and dev loss of one run after the other, run `shown` large; lines at the losses in `targets`.

    Each of `rows` has ``train``, ``dev`` and ``parameters``, and may have ``seconds``.
    """
    axes = fig.subplots()
    number = range(1, len(rows) + 1)
    axes.vlines(number, [r["train"] for r in rows], [r["dev"] for r in rows], color=GREY, linewidth=1)
    axes.plot(number, [r["dev"] for r in rows], "s", color=ORANGE, label="dev")
    axes.plot(number, [r["train"] for r in rows], "o", color=BLUE, label="train")
    run, row = number[shown], rows[shown]
    top = min([*targets.values(), *(r["dev"] for r in rows)]) + REACH
    lost = [i for i, r in zip(number, rows, strict=True) if r["dev"] > top]
    axes.plot(lost, [top] * len(lost), "x", color=INK, label="off the chart" if lost else None, clip_on=False)
    axes.set_ylim(min(r["train"] for r in rows) - 0.05, top)
    axes.plot(run, row["dev"], "s", color=ORANGE, markersize=13, markeredgecolor=INK)
    for (label, loss), line in zip(targets.items(), (":", "--", "-."), strict=False):
        axes.axhline(loss, color=INK, linestyle=line, linewidth=1.2, label=f"{label}: {loss:.3f}")
    axes.set(xlabel="run", ylabel=NATS, xlim=(0.3, max(10, len(rows)) + 0.7))
    seconds = f", {row['seconds']:.1f} s" if "seconds" in row else ""
    axes.set_title(f"run {run}: {row['parameters']:,} parameters{seconds}, dev {row['dev']:.3f}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    best = min(number, key=lambda i: rows[i - 1]["dev"])
    beaten = [label for label, loss in targets.items() if row["dev"] < loss]
    return (
        f"Losses of {len(rows)} runs. Run {run}: {row['parameters']:,} parameters, train {row['train']:.2f}, dev "
        f"{row['dev']:.2f}, below {', '.join(beaten) or 'none of the lines'}. Lowest dev: run {best} with "
        f"{rows[best - 1]['dev']:.2f}."
    )


@picture(10.0, 5.6)
def study(fig: Figure, trials: Sequence[Mapping[str, float]], settings: Sequence[str]) -> str:
    """A study's trials in order with the best so far, and their dev losses against each of `settings`.

    Each trial has ``number``, ``pruned`` and ``dev``, and a value for each of the settings. The best one is ringed.
    """
    done = [trial for trial in trials if not trial["pruned"]]
    pruned = [trial for trial in trials if trial["pruned"]]
    winner = min(done, key=lambda trial: trial["dev"])
    top, below = fig.subfigures(2, 1)
    history, panels = top.subplots(), below.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    best = np.minimum.accumulate([trial["dev"] for trial in done])
    history.step([trial["number"] for trial in done], best, where="post", color=GREEN, label="best so far")
    for axes, x in [(history, "number"), *zip(panels, settings, strict=True)]:
        axes.plot([t[x] for t in done], [t["dev"] for t in done], "o", color=BLUE, markersize=5, label="finished")
        axes.plot([t[x] for t in pruned], [t["dev"] for t in pruned], "x", color=ORANGE, label="given up, loss by then")
        ring(axes, winner[x], winner["dev"], label=f"best: {winner['dev']:.3f}")
    for axes, name in zip(panels, settings, strict=True):
        values = [trial[name] for trial in trials]
        if max(values) > 8 * min(values) > 0:
            axes.set_xscale("log")
            ticks = _round_numbers(min(values), max(values))
            axes.set_xticks(ticks, [f"{value:.2g}" for value in ticks])
            axes.minorticks_off()
        axes.set_xlabel(name)
    history.set(xlabel="trial", ylabel="dev loss")
    history.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4)
    panels[0].set_ylabel("dev loss")
    for axes in (history, panels[0]):
        axes.locator_params(axis="y", nbins=5)  # left to itself it depends on the pass of the layout
    chosen = ", ".join(f"{name} {winner[name]:.3g}" for name in settings)
    return (
        f"{len(trials)} trials of a study, {len(pruned)} of them given up early. The best is number {winner['number']} "
        f"with dev {winner['dev']:.3f}: {chosen}. Panels below show dev against each setting."
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """Round numbers from low to high, fewer of each power of ten where their labels would run into each other."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if sum(len(f"{tick:g}") for tick in ticks) <= 12:
            break
    return ticks if len(ticks) > 1 else [low, high]


@picture(8.0, 3.4)
def contest(fig: Figure, studies: Sequence[Mapping[str, object]]) -> str:
    """The best dev loss so far against the trial: a thin line per study, a thick one for the mean of each sampler.

    Each of `studies` has ``sampler`` and ``dev``, the losses of its trials; all have equally many.
    """
    axes = fig.subplots()
    said = []
    samplers = dict.fromkeys(study["sampler"] for study in studies)
    for label, color, line in zip(samplers, (ORANGE, BLUE), ("--", "-"), strict=False):
        best = np.minimum.accumulate([study["dev"] for study in studies if study["sampler"] == label], axis=1)
        trial = np.arange(1, best.shape[1] + 1)
        axes.plot(trial, best.T, line, color=color, linewidth=0.8, alpha=0.5)
        axes.plot(trial, best.mean(0), line, color=color, linewidth=2.5, label=f"{label}, mean of {len(best)} studies")
        last = best[:, -1]
        said.append(f"{label}: mean {last.mean():.3f}, from {last.min():.3f} to {last.max():.3f}")
    final = np.minimum.accumulate([study["dev"] for study in studies], axis=1)[:, -1]
    axes.set(xlabel="trials", ylabel="best dev loss so far", ylim=(final.min() - 0.01, final.max() + 0.12))
    axes.legend(loc="best")
    return f"Best dev loss so far against the number of trials. After {len(trial)} trials, {'; '.join(said)}."


@picture(8.0, 3.4)
def flattery(fig: Figure, tried: Sequence[int], gaps: Mapping[str, Sequence[float]]) -> str:
    """By how much the chosen model's score is too good, against the number of models that it was chosen from."""
    axes = fig.subplots()
    styles = itertools.cycle(zip((ORANGE, BLUE, GREEN), ("s", "o", "^"), strict=True))
    lines = itertools.chain(["-"] * 3, itertools.repeat("--"))
    for (label, values), (color, marker), line in zip(gaps.items(), styles, lines, strict=False):
        axes.plot(tried, values, marker + line, color=color, label=label)
    axes.axhline(0, color=INK, linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xticks(tried, [str(n) for n in tried])
    axes.set(xlabel="models tried on the same names", ylabel="too good by (nats per character)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    said = "; ".join(f"{label}: {values[0]:+.3f} for {tried[0]}, {values[-1]:+.3f}" for label, values in gaps.items())
    return f"How much the best of several models flatters itself, rising with their number up to {tried[-1]}. {said}."
