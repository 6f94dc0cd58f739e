"""What moves in the page (floor 3): numbers in, HTML out that draws them as long as a hand moves, without a kernel.

An explorable is an ES module ``<view>.js`` in this folder that exports a function of its own name, and data for it that
Python packs. `page` writes both into a piece of HTML, with a picture that stays where scripts don't run. The modules
are joined into one script, as neither a saved notebook nor a page opened from a file may import a module by its path.

To add a view: write ``<view>.js`` with ``export function <view>(frame, data)`` that returns ``draw(state, width)``; a
function that packs its data and names its controls, beside its like in `makemlp.widgets`; and a line with its arguments
in tests/alive.py, which opens it to every test that all views pass. What it shows is then compared with Python's.
"""

from __future__ import annotations

import base64
import functools
import html
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from makemlp.counts import CountModel
from makemlp.data import Vocabulary, places

FOLDER = Path(__file__).parent
SHARED = ("mlp", "frame", "draw")  # what the views import, each from those before it
ALONE = "sheets"  # the quizzes and cards of `makemlp.questions`, which need none of these
VIEWS = tuple(sorted(path.stem for path in FOLDER.glob("*.js") if path.stem not in (*SHARED, ALONE)))

LARGEST_TABLE = 20_000  # rows of logits that a page is given for a model that is no MLP


def packed(numbers: Tensor | Sequence[float]) -> str:
    """Numbers as text: little-endian float32 in base64, flat, row by row.

    The text begins with "base64,", so that notebooks are compared without it: its last bits differ between processors.
    """
    places.check_on_cpu("an explorable", numbers)
    flat = torch.as_tensor(numbers, dtype=torch.float32).detach().flatten().contiguous()
    return "base64," + base64.b64encode(flat.numpy().astype("<f4").tobytes()).decode("ascii")


def packed_text(lines: Iterable[str]) -> str:
    """Lines of text in base64, as numbers are: what a model makes up may differ between processors."""
    return "base64," + base64.b64encode("\n".join(lines).encode("utf-8")).decode("ascii")


def packed_words(words: Iterable[str]) -> str:
    """Many words as text: sorted, one a line, compressed (zlib) and in base64."""
    return _compressed("\n".join(sorted(words)).encode("utf-8"))


def _compressed(content: bytes) -> str:
    return "base64," + base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def packed_examples(model: CountModel) -> str:
    """What a table has counted, column by column, as 16-bit numbers: contexts, answers, how often; compressed."""
    X, Y, often = model.examples()
    columns = torch.cat([X, Y[:, None], often[:, None]], 1).clamp(max=2**16 - 1).T
    return _compressed(columns.numpy().astype("<u2").tobytes())


def packed_model(model: Callable[[Tensor], Tensor], vocab: Vocabulary, *, large: bool = False) -> dict:
    """A model as the page's `readModel` takes it.

    An MLP goes with its weights. Any other model goes as a table of what it predicts after every context, so it must
    look back few enough characters; but with `large`, a Kneser-Ney table of more goes with what it counted, for a view
    that waits for `readTable`.

    Raises
    ------
    ValueError
        for a vocabulary of another size than the model's, or a model with too many contexts.
    """
    places.check_on_cpu("an explorable", model)
    weights = dict(model.named_parameters()) if isinstance(model, torch.nn.Module) else {}
    if {"C", "W1", "b1", "W2", "b2"} <= weights.keys():  # our MLP, or the one that lesson 04 builds
        kind, size = "mlp", weights["C"].shape[0]
        sizes = {"block_size": model.block_size, "emb_dim": weights["C"].shape[1], "hidden_dim": len(weights["b1"])}
        tensors = {name: packed(tensor) for name, tensor in weights.items()}
    elif large and getattr(model, "method", "") == "kneser_ney" and len(vocab) ** model.block_size > LARGEST_TABLE:
        kind, size, sizes = "counts", model.vocab_size, {"block_size": model.block_size}
        tensors = {"examples": packed_examples(model), "discounts": packed(torch.stack(model.discounts))}
    else:
        back = max(model.block_size, 1)  # one that looks at nothing says the same after each character
        if len(vocab) ** back > LARGEST_TABLE:
            raise ValueError(
                f"This model looks back {back} characters, and a page can't hold what it predicts after each of "
                f"{len(vocab)}^{back} contexts: pass an MLP, or a model with a shorter context."
            )
        contexts = torch.tensor(list(itertools.product(range(len(vocab)), repeat=back)))  # (vocab_size ** back, back)
        with torch.no_grad():
            table = model(contexts[:, back - model.block_size :])  # (vocab_size ** back, vocab_size)
        kind, size, sizes, tensors = "table", table.shape[1], {"block_size": back}, {"table": packed(table)}
    if size != len(vocab):
        raise ValueError(
            f"The model predicts {size} symbols and the vocabulary has {len(vocab)}: pass the vocabulary that the "
            f"model was built with."
        )
    return {"kind": kind, "vocab_size": size, **sizes, "tensors": tensors}


# --- the page ---


@functools.cache
def module(name: str) -> str:
    """A module's source without its imports and exports, to be joined with those that it imports."""
    source = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    source = re.sub(r'^import [^;]*? from "[^"]+";\n', "", source, flags=re.M)
    return re.sub(r"^export ", "", source, flags=re.M)


@functools.cache
def style(*names: str) -> str:
    """The style of explorables, and after it the named files'."""
    return "".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in ("frame", *names))


def script_of_sheets() -> str:
    """The script that makes every quiz and deck of cards on the page answer."""
    return f"{module(ALONE)}\n{ALONE}();"


def script(views: Iterable[str] = VIEWS) -> str:
    """One script that starts every explorable of these views that is on the page."""
    views = list(views)
    starts = [f'start("{view}", {view});' for view in views]
    # A view is a scope of its own, so that two may call their helpers alike.
    scopes = [f"const {view} = (() => {{\n{module(view)}\nreturn {view};\n}})();" for view in views]
    return "\n".join([*map(module, SHARED), *scopes, *starts])


def page(view: str, data: Mapping, controls: Sequence[Mapping], still: str, link: str = "") -> str:
    """The explorable as HTML that needs nothing else.

    Parameters
    ----------
    view : the module's name.
    data : what its function is given; texts, numbers, lists and dicts of them.
    controls : the controls that the page brings, see `slider` and those below it.
    still : HTML of the picture that stays where scripts don't run.
    link : names the block of ipywidgets that stands in for some of the controls while a kernel runs.
    """
    linked = f' data-link="{link}"' if link else ""
    return _with(bare(view, data, controls, still, linked), style(), script([view]))


def sheet(text: str) -> str:
    """A quiz or cards, written as text that unfolds in an element of class makemlp-sheet, as HTML that answers."""
    return _with(text, style(ALONE), script_of_sheets())


def _with(text: str, style: str, script: str) -> str:
    return f'{text}\n<style>\n{style}</style>\n<script type="module">\n{script}\n</script>'


def bare(view: str, data: Mapping, controls: Sequence[Mapping], still: str, attributes: str = "") -> str:
    """The explorable without the script and the style, for a page that has them already."""
    content = json.dumps({"controls": controls, "data": data}, ensure_ascii=False, allow_nan=False).replace(
        "<", "\\u003c"
    )
    return (
        f'<div class="makemlp" data-view="{html.escape(view)}"{attributes}>\n'
        f'<div class="makemlp-still">{still}</div>\n'
        f'<script type="application/json">{content}</script>\n</div>'
    )


# What `page` adds to `bare`; tests/nbval_sanitize.cfg has the same patterns.
ADDED = (
    r'(data-view="\w+") data-link="\w+"',
    r'(</div>)\n<style>\n[^<]*</style>\n<script type="module">\n[\s\S]*?\n</script>$',
)


def stored(text: str) -> str:
    """What of `page` is kept with a notebook of the repository: `bare`, which is the same in every run."""
    return functools.reduce(lambda text, pattern: re.sub(pattern, r"\1", text), ADDED, text)


# --- controls, as frame.js builds them ---


def slider(
    name: str,
    label: str,
    value: float,
    low: float,
    high: float,
    step: float,
    *,
    log: bool = False,
    digits: int | None = None,
    kernel: bool = False,
    release: bool = False,
) -> dict:
    """A slider with a number box. With `log`, `step` counts powers of ten; `digits` are shown after the point.

    With `kernel` it moves something in Python only, and is hidden where no kernel runs; with `release` Python hears of
    it when it is let go, while the page follows the hand.
    """
    control = {"kind": "slider", "name": name, "label": label, "value": value, "min": low, "max": high, "step": step}
    flags = {"log": log, "kernel": kernel, "release": release}
    set_flags = {name: True for name, flag in flags.items() if flag}
    return control | set_flags | ({} if digits is None else {"digits": digits})


def text(name: str, label: str, value: str) -> dict:
    return {"kind": "text", "name": name, "label": label, "value": value}


def choice(name: str, label: str, value: str, options: Mapping[str, str] | Sequence[str]) -> dict:
    """One of several: a list, or a dict from each value to the words for it."""
    pairs = list(options.items()) if isinstance(options, Mapping) else [(option, option) for option in options]
    return {"kind": "choice", "name": name, "label": label, "value": value, "options": pairs}


def check(name: str, label: str, value: bool) -> dict:
    return {"kind": "check", "name": name, "label": label, "value": value}


def button(name: str, label: str) -> dict:
    """A button; its value is how often it was pressed."""
    return {"kind": "button", "name": name, "label": label, "value": 0}
