"""Names and what comes next (floor 3): lessons 00 and 08."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from makemlp.data import Vocabulary, build_dataset
from makemlp.figures.base import BLUE, INK, ORANGE, bars, literal, picture, shown, text_on
from makemlp.sampling import draw, score_name


@picture(8.0, 2.6)
def next_character(fig: Figure, model: Callable[[Tensor], Tensor], vocab: Vocabulary, prefix: str = "") -> str:
    """What a model thinks follows `prefix`: one bar for each character."""
    context = ([0] * model.block_size + vocab.encode(prefix))[len(prefix) :]
    with torch.no_grad():
        probs = model(torch.tensor([context])).softmax(1)[0]  # (vocab_size,)
    axes = fig.subplots()
    top = bars(axes, probs, vocab)
    axes.set_title(literal(f"What comes after '{prefix}'?") if prefix else "What does a name begin with?")
    return f"Bar chart of the next character after '{prefix}'. Most likely: {', '.join(top)}."


@picture(8.0, 1.9)
def pin(fig: Figure, probs: Tensor, vocab: Vocabulary, pin: float) -> str:
    """The probabilities (vocab_size,) end to end on a line from 0 to 1, and a pin in it."""
    axes = fig.subplots()
    ends = probs.cumsum(0).tolist()  # where each stretch ends
    for index, (end, p) in enumerate(zip(ends, probs.tolist(), strict=True)):
        color = colormaps["Blues"]((0.15, 0.45)[index % 2])  # pale and darker in turn, so that stretches can be told
        axes.add_patch(Rectangle((end - p, 0), p, 1, facecolor=color))
        if p > 0.018:  # a narrower one has no room for its letter
            axes.text(
                end - p / 2, 0.5, literal(shown(vocab.itos[index])), ha="center", va="center", color=text_on(color)
            )
    hit = int(draw(probs, torch.tensor([pin])))
    axes.plot([pin, pin], [-0.15, 1.35], color=ORANGE, linewidth=2.5)
    axes.text(pin, 1.4, literal(f"the pin at {pin:g} hits '{shown(vocab.itos[hit])}'"), ha="center", va="bottom")
    axes.set(xlim=(0, 1), ylim=(-0.2, 2.0), yticks=[], xticks=[i / 10 for i in range(11)], xlabel="place on the line")
    axes.spines["left"].set_visible(False)
    begin, end = ends[hit] - float(probs[hit]), ends[hit]
    return (
        f"The probabilities of {len(vocab)} symbols end to end on a line. The pin at {pin:g} hits "
        f"'{shown(vocab.itos[hit])}', whose stretch goes from {begin:.2f} to {end:.2f}."
    )


@picture(8.0, 6.4)
def reshaped(fig: Figure, kinds: Mapping[str, Tensor], vocab: Vocabulary) -> str:
    """One distribution under several ways to draw from it: weights (vocab_size,) for each label, made to sum to one."""
    rows = fig.subplots(len(kinds), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    said = []
    for axes, (label, weights) in zip(rows, kinds.items(), strict=True):
        bars(axes, weights / weights.sum(), vocab)
        left = int((weights > 0).sum())
        axes.set_title(f"{label}: {left} of {len(vocab)} can come")
        axes.set_ylabel("")
        axes.xaxis.label.set_visible(axes is rows[-1])  # one below all is enough
        said.append(f"{label} leaves {left}, the likeliest with {float(weights.max() / weights.sum()):.0%}")
    fig.supylabel("probability", fontsize=rows[0].yaxis.label.get_fontsize())
    return f"Bars of what can come next, of {len(vocab)} symbols. {'; '.join(said)}."


@picture(8.0, 2.6)
def made_up_names(fig: Figure, names: Sequence[str], temperature: float, top_k: int | None = None) -> str:
    """Made-up names in four columns."""
    axes = fig.subplots()
    axes.set_axis_off()
    rows = math.ceil(len(names) / 4)
    for i, name in enumerate(names):
        column, row = divmod(i, rows)
        axes.text(column, -row, literal(name[:22]) or "(empty)")
    how = f"at temperature {temperature:.2f}" + (f", from the {top_k} likeliest characters" if top_k else "")
    axes.set(xlim=(-0.05, 4), ylim=(0.6 - rows, 0.6), title=f"{len(names)} made-up names {how}")
    return f"{len(names)} names made up {how}: {', '.join(names)}."


def _columns(fig: Figure, columns: Mapping[str, Sequence[str]]) -> None:
    """Texts in one column for each heading."""
    axes = fig.subplots()
    axes.set_axis_off()
    rows = max(len(column) for column in columns.values())
    for x, (heading, column) in enumerate(columns.items()):
        axes.text(x, 0.4, literal(heading), weight="bold", color=BLUE)
        for y, name in enumerate(column, start=1):
            axes.text(x, -0.9 * y, literal(name[:18]))
    axes.set(xlim=(-0.05, len(columns)), ylim=(-0.9 * rows - 0.4, 1.2))


@picture(8.0, 3.0)
def names_by_temperature(fig: Figure, names: Mapping[float, Sequence[str]]) -> str:
    """Made-up names in one column for each temperature."""
    _columns(fig, {f"temperature {t:g}": column for t, column in names.items()})
    first = "; ".join(f"at {t:g}: {', '.join(column[:3])}" for t, column in names.items())
    return f"Made-up names in {len(names)} columns, one per temperature. The first three {first}."


@picture(8.0, 4.4)
def side_by_side(fig: Figure, columns: Mapping[str, Sequence[str]], known: Sequence[str] = ()) -> str:
    """Names in one column for each label, with a dot before those that are in `known` (the train names, say)."""
    known = set(known)
    marked = {
        label: [("• " if name in known else "   ") + (name or "(empty)") for name in column]
        for label, column in columns.items()
    }
    _columns(fig, marked)
    said = []
    for label, column in columns.items():
        dots = f", {sum(name in known for name in column)} of {len(column)} with a dot" if known else ""
        said.append(f"{label}{dots}: " if label else "")
        said[-1] += ", ".join(entry.strip() for entry in marked[label])
    return f"Names in {len(columns)} columns{'; a dot marks the known ones' if known else ''}. {'; '.join(said)}."


SHOWN = 13  # columns of a strip that leave room for its percentages


@picture(8.0, 3.9)
def probability_strip(
    fig: Figure, model: Callable[[Tensor], Tensor], vocab: Vocabulary, name: str, rows: int = 5
) -> str:
    """A name along the bottom; above each character, and above the end, what the model held to be likeliest there.

    The character that came has a frame, wherever it stands. Only the first characters of a long name are drawn.
    """
    losses, ranks = score_name(model, vocab, name)  # (len(name) + 1,) each
    with torch.no_grad():
        probs = model(build_dataset([name], vocab, model.block_size)[0]).softmax(1)  # (len(name) + 1, vocab_size)
    rows = min(rows, len(vocab))
    likeliest = probs.argsort(dim=1, descending=True, stable=True)[:, :rows]  # (len(name) + 1, rows)
    came = [*vocab.encode(name), 0][:SHOWN]
    axes = fig.subplots()
    axes.set_axis_off()
    for x, index in enumerate(came):
        for y, other in enumerate(likeliest[x].tolist()):
            _cell(axes, x, y, vocab.itos[other], probs[x, other].item(), framed=other == index)
        _cell(axes, x, rows + 0.4, vocab.itos[index], probs[x, index].item(), framed=True)
    for y in range(rows):
        axes.text(-0.65, y, f"rank {y + 1}", ha="right", va="center")
    axes.text(-0.65, rows + 0.4, "came", ha="right", va="center", weight="bold")
    cut = f" (its first {SHOWN} characters)" if len(losses) > SHOWN else ""
    axes.set(xlim=(-1.9, max(len(came), 9) - 0.5), ylim=(rows + 0.95, -0.55))
    total = losses.sum().item()
    axes.set_title(
        literal(f"'{name[:20]}'{cut}: {total:.1f} nats, {total / len(losses):.1f} a character; {_odds(total)}")
    )
    said = ", ".join(
        f"{_called(index, vocab)} {_percent(p)} (rank {r})"
        for index, p, r in zip(came, (-losses).exp().tolist(), ranks.tolist(), strict=False)
    )
    worst = int(losses.argmax())
    surprise = f"The greatest surprise stands at place {worst + 1}, where it held "
    surprise += f"{_called(int(likeliest[worst, 0]), vocab)} to be likeliest."
    if ranks.max() == 1:
        surprise = "Nothing was ever likelier than what came."
    return f"What the model thought of '{name}', {_odds(total)}{cut}: {said}. {surprise}"


def _called(index: int, vocab: Vocabulary) -> str:
    return shown(vocab.itos[index]) if index else "the end"


def _cell(axes, x: float, y: float, symbol: str, p: float, framed: bool) -> None:
    """A symbol and its probability in a box, darker for more."""
    color = colormaps["Blues"](0.75 * p**0.5)
    box = Rectangle((x - 0.45, y - 0.45), 0.9, 0.9, facecolor=color)
    if framed:
        box.set(edgecolor=ORANGE, linewidth=2.5)
    axes.add_patch(box)
    axes.text(
        x,
        y,
        f"{literal(shown(symbol))}\n{_percent(p)}",
        ha="center",
        va="center",
        color=text_on(color),
        weight="bold" if framed else "normal",
    )


def _percent(p: float) -> str:
    return f"{p:.0%}" if p >= 0.01 or p == 0 else "<1%"


def _odds(nll: float) -> str:
    """A name's chance in words."""
    if nll == math.inf:
        return "held to be impossible"
    if nll > 20:
        return f"1 name in 10 to the power {nll / math.log(10):.0f}"
    three_digits = float(f"{math.exp(nll):.3g}")  # more of them would differ between machines
    return f"1 name in {three_digits:,.0f}"


@picture(8.0, 3.2)
def name_ranks(fig: Figure, nlls: Tensor, name: str, nll: float) -> str:
    """The NLL of many names (N,), in nats, as a histogram, and where `name` with its `nll` stands among them."""
    likelier = f"{int((nlls < nll).sum()):,} of {len(nlls):,} names are likelier"
    finite = nlls[nlls.isfinite()]
    axes = fig.subplots()
    axes.hist(finite.numpy(), bins=50, color=BLUE, alpha=0.6)  # pale, so that the mark stands out in grey too
    edge = 1.3 * max([1.0, *finite.tolist()])  # a mark further out stays at the frame; the title has its number
    axes.axvline(min(nll, edge), color=INK, linewidth=2.5)
    axes.set_title(literal(f"'{name[:20]}' has {nll:.1f} nats: {likelier}"))
    axes.set(xlabel="NLL of a name (nats, the likeliest on the left)", ylabel="names", xlim=(0, 1.03 * edge))
    return (
        f"Histogram of the NLL of names, half of them at {nlls.median():.1f} nats or less. A line marks '{name}' at "
        f"{nll:.1f}: {likelier}."
    )
