"""What tables have seen of a text, and a map of its words (floor 3): lessons 10 and 10b."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from torch import Tensor
from torch.nn.functional import normalize

from makemlp.data import Vocabulary
from makemlp.embeddings import alike
from makemlp.figures.base import BLUE, GREEN, GREY, INK, ORANGE, apart, literal, picture
from makemlp.figures.embeddings import flattened


@picture(8.0, 3.2)
def seen_before(fig: Figure, shares: Mapping[str, Sequence[float]]) -> str:
    """Which share of pieces of 1, 2, 3 … symbols a table had seen in train: a line for each kind of text."""
    axes, said = fig.subplots(), []
    looks = itertools.cycle(zip((BLUE, ORANGE, GREEN), ("o-", "s--", "^-."), strict=True))
    for (label, share), (color, line) in zip(shares.items(), looks, strict=False):
        axes.plot(range(1, len(share) + 1), [100 * one for one in share], line, color=color, label=label)
        said.append(f"{label} from {share[0]:.0%} of single ones to {share[-1]:.0%} of pieces of {len(share)}")
    longest = max(len(share) for share in shares.values())
    axes.set(xlabel="length of the piece of text (letters or words)", xticks=range(1, longest + 1))
    axes.set(ylabel="seen in train (%)", ylim=(0, 105))
    axes.legend(loc="lower left")
    return f"Share of pieces of text that train held: {'; '.join(said)}."


@picture(10.0, 6.4)
def word_map(fig: Figure, C: Tensor, vocab: Vocabulary, word: str, count: int = 400, k: int = 6) -> str:
    """The directions of the first `count` rows of C (vocab_size, emb_dim) on a flat map, and the k nearest to `word`.

    Words that would run into another are dots. A line leads from the word to each of its nearest, by cosine.
    """
    rows, here = normalize(C[:count], dim=1), vocab.itos.index(word)  # (count, emb_dim), each of length 1
    near, cosines = alike(rows, [here], min(k, len(rows) - 1))
    flat, chosen = flattened(rows), [here, *near[0].tolist()]
    low, high = flat.amin(0), flat.amax(0)  # (2,) each
    places = flat.clone()
    spread = apart(flat[chosen], 0.07 * float((high - low).amin()))  # so that their labels don't hide each other
    places[chosen] = spread - spread[0] + flat[here]  # the word itself stays where it is
    axes, taken = fig.subplots(), []
    axes.plot(*flat.T, ".", color=GREY, markersize=3, alpha=0.6)
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for i in dict.fromkeys([*chosen, *range(len(flat))]):
        x, y = ((places[i] - low) / (high - low)).tolist()
        wide, first = 0.006 * (len(vocab.itos[i]) + 1), i in chosen  # half a label, as a share of the map
        if not first and any(abs(x - a) < wide + b and abs(y - c) < 0.034 for a, c, b in taken):
            continue
        taken.append((x, y, wide))
        if first:
            axes.plot(*torch.stack([flat[here], places[i]]).T, color=BLUE, linewidth=1.2, zorder=2.5)
        style = {"color": INK, "weight": "bold", "zorder": 4} if first else {"color": GREY, "zorder": 3}
        axes.text(*places[i].tolist(), literal(vocab.itos[i]), ha="center", va="center", path_effects=halo, **style)
    axes.set(xlabel="widest direction", ylabel="second widest")
    axes.margins(0.04)
    axes.set_title(literal(f"the {len(flat)} most frequent words; lines from '{word}' to its nearest"))
    first = ", ".join(
        f"'{vocab.itos[i]}' {cosine:.2f}" for i, cosine in zip(chosen[1:4], cosines[0].tolist(), strict=False)
    )
    return f"Map of the {len(flat)} most frequent words. Nearest to '{word}', by cosine: {first}."
