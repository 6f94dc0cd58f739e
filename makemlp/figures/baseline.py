"""What helped, and what two models make together (floor 3): lesson 09."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from makemlp.figures.base import BLUE, GREY, INK, ORANGE, picture, ring


@picture(8.0, 3.4)
def mixture(
    fig: Figure,
    weights: Sequence[float],
    losses: Sequence[float],
    mark: tuple[float, float] | None = None,
    unit: str = "character",
) -> str:
    """The loss of a mixture against its first model's weight, the lowest named; `mark` points out (weight, loss).

    `unit` is what the loss is counted per.
    """
    axes = fig.subplots()
    low = min(range(len(losses)), key=lambda i: losses[i])
    axes.plot(weights, losses, "-", color=BLUE)
    axes.plot(weights[low], losses[low], "s", color=ORANGE, markersize=10, label=f"lowest: {losses[low]:.3f}")
    said = ""
    if mark is not None:
        ring(axes, *mark)
        axes.set_title(f"share {mark[0]:.2f}: dev loss {mark[1]:.3f}")
        said = f" Marked: a share of {mark[0]:.2f} with {mark[1]:.3f}."
    axes.set(xlabel="share of the network (0: counts alone, 1: network alone)", ylabel=f"dev loss (nats per {unit})")
    axes.legend(loc="best")
    return (
        f"Dev loss of a mixture against the network's share. Counts alone {losses[0]:.2f}, network alone "
        f"{losses[-1]:.2f}; lowest {losses[low]:.2f} with a share of {weights[low]:.2f}.{said}"
    )


@picture(8.0, 3.0)
def start_race(fig: Figure, losses: Mapping[str, Sequence[float]]) -> str:
    """Loss against step for runs that begin far apart, on a scale where each doubling of the loss has the same height.

    Where each ends, the mean of its last tenth is written.
    """
    axes = fig.subplots()
    said = []
    for (label, run), color, line in zip(losses.items(), (BLUE, ORANGE), ("-", "--"), strict=False):
        tail = run[-max(1, len(run) // 10) :]
        end = sum(tail) / len(tail)
        axes.plot(run, line, color=color, label=label)
        axes.text(len(run) * 1.01, end, f"{end:.2f}", va="center")
        said.append(f"{label} begins at {run[0]:.1f} and ends at {end:.2f}")
    axes.set_yscale("log")
    ticks = [2, 3, 5, 10, 20]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="step", ylabel="loss (log scale)")
    axes.legend(loc="best")
    return f"Losses of {len(losses)} runs on a logarithmic scale: {'; '.join(said)}."


ROW = 0.42  # inches of height for a recipe


@picture(10.0, 10.0)
def ablation(fig: Figure, rows: Sequence[Mapping[str, object]], line: tuple[str, float], worst: float = 2.15) -> str:
    """Dev losses of one recipe after the other, a mark per seed, on the lecture's kind of split and on unique names.

    Each of `rows` holds ``row``, ``numbers`` and two lists of losses, ``lecture`` and ``unique``. `line` is a name and
    a loss to compare with. The axis ends at `worst`, or the few rows that lie far beyond it would squeeze all others;
    what is worse is written at the edge. Behind each recipe stands how many numbers its model stores.
    """
    fig.set_size_inches(10.0, 1.3 + ROW * len(rows))
    axes = fig.subplots()
    axes.axvline(line[1], color=INK, linestyle=":", linewidth=1.5, label=f"{line[0]}: {line[1]:.3f}")
    for y, row in enumerate(rows):
        axes.axhline(y, color=GREY, linewidth=0.4)
        for split, marker, color, shift in (("lecture", "o", BLUE, -0.12), ("unique", "s", ORANGE, 0.16)):
            shown = [loss for loss in row[split] if loss < worst]
            heights = [y + shift + 0.09 * (i - (len(shown) - 1) / 2) for i in range(len(shown))]
            axes.plot(shown, heights, marker, color=color, markersize=5, fillstyle="none", markeredgewidth=1.4)
            beyond = [loss for loss in row[split] if loss >= worst]
            if beyond:
                mean = sum(beyond) / len(beyond)
                sign = "○" if split == "lecture" else "□"
                axes.text(worst, y + 1.7 * shift, f"{sign} {mean:.2f} →", ha="right", va="center")
    for marker, color, label in (("o", BLUE, "the lecture's kind of split"), ("s", ORANGE, "each name once")):
        if any(row["unique"] for row in rows) or color == BLUE:
            axes.plot([], [], marker, color=color, markersize=5, fillstyle="none", markeredgewidth=1.4, label=label)
    best = min(rows, key=lambda row: min(row["lecture"]))
    axes.set_xlim(min(best["lecture"]) - 0.01, worst)
    axes.set_yticks(range(len(rows)), [f"{row['row']}  ({row['numbers']:,})" for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("dev loss (nats per character), one mark per seed")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    means = {row["row"]: sum(row["lecture"]) / len(row["lecture"]) for row in (rows[0], best)}
    said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    return (
        f"Dev losses of {len(rows)} recipes, a mark per seed, and a line at {line[1]:.3f} for {line[0]}. Means of the "
        f"first and the best: {said}."
    )
