"""What helped, and what two models make together (floor 3): lesson 09."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from makemlp.figures.base import BLUE, GREY, INK, ORANGE, picture


@picture(8.0, 3.4)
def mixture(
    fig: Figure, weights: Sequence[float], losses: Sequence[float], mark: tuple[float, float] | None = None
) -> str:
    """The loss of a mixture against its first model's weight, the lowest named; `mark` points out (weight, loss)."""
    axes = fig.subplots()
    low = min(range(len(losses)), key=lambda i: losses[i])
    axes.plot(weights, losses, "-", color=BLUE)
    axes.plot(weights[low], losses[low], "s", color=ORANGE, markersize=10, label=f"lowest: {losses[low]:.3f}")
    said = ""
    if mark is not None:
        axes.plot(*mark, "o", color=INK, markersize=13, fillstyle="none", markeredgewidth=2)
        axes.set_title(f"share {mark[0]:.2f}: dev loss {mark[1]:.3f}")
        said = f" Marked: a share of {mark[0]:.2f} with {mark[1]:.3f}."
    axes.set(xlabel="share of the network (0: counts alone, 1: network alone)", ylabel="dev loss (nats per character)")
    axes.legend(loc="best")
    return (
        f"Dev loss of a mixture against the network's share. Counts alone {losses[0]:.2f}, network alone "
        f"{losses[-1]:.2f}; lowest {losses[low]:.2f} with a share of {weights[low]:.1f}.{said}"
    )


@picture(10.0, 13.0)
def ablation(fig: Figure, rows: Sequence[Mapping[str, object]]) -> str:
    """Dev losses of one recipe after the other, a dot a seed, on the lecture's kind of split and on unique names.

    Each of `rows` holds ``row``, ``numbers``, ``seconds`` and two lists of losses, ``lecture`` and ``unique``.
    """
    axes = fig.subplots()
    for y, row in enumerate(rows):
        axes.axhline(y, color=GREY, linewidth=0.4)
        for split, marker, color in (("lecture", "o", BLUE), ("unique", "s", ORANGE)):
            label = {"lecture": "the lecture's kind of split", "unique": "each name once"}[split] if y == 0 else None
            axes.plot(row[split], [y] * len(row[split]), marker, color=color, markersize=6, alpha=0.7, label=label)
    names = [f"{row['row']}\n{row['numbers']:,} numbers, {row['seconds']:.0f} s" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlabel("dev loss (nats per character), a mark a seed")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    best = min(rows, key=lambda row: min(row["lecture"]))
    means = {row["row"]: sum(row["lecture"]) / len(row["lecture"]) for row in (rows[0], best)}
    said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    return f"Dev losses of {len(rows)} recipes, a dot for each seed. Means of the first and the best: {said}."
