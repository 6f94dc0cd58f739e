"""``python -m makemlp my_list.txt`` (floor 5): from a list of names to new ones, in seconds."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import torch
from torch import Tensor

from makemlp import checkpoints
from makemlp.counts import CountModel
from makemlp.data import Vocabulary, build_dataset, load_names, split
from makemlp.data.reading import decoded
from makemlp.data.spelling import spelled
from makemlp.deep import DeepMLP, train_deep
from makemlp.mlp import MLP
from makemlp.sampling import sample, score_name
from makemlp.scoring import nll
from makemlp.training import Run, train

LONGEST = 8  # characters that a count table may look back
MLP_SIZES = {"block_size": 5, "emb_dim": 16, "hidden_dim": 256}
BATCH, MLP_RATE, DEEP_RATE = 512, 0.03, 0.01
# What is for reading a list and learning from it alone, not for a network that is brought.
TRAINED = (
    *("list", "save", "model", "seconds", "steps", "unique", "column", "header", "delimiter", "encoding", "lowercase"),
    *("bad_lines", "remove", "pattern", "boundary"),
)
SHORT, FEWEST = 50_000, 10  # examples of a short list, and steps of its first training

EXAMPLES = """
examples:
  makemlp my_list.txt                    new names like those of a list with one name per line
  makemlp names.csv --column Name        the names stand in a column of a table
  makemlp my_list.txt --seconds 60 --model deep --save mine.pt
  makemlp --load mine.pt --n 5 --prefix ma --temperature 0.8
  makemlp --load mine.pt --score emma    how likely the model holds a name to be
  cat *.txt | makemlp - > new_names.txt  from other programs, and into a file

New names go to standard output, one per line, and all else to standard error. The exit code is 0 if all went well,
1 if a list or a file can't be used, 2 if the command can't, and 130 if you stopped it by Ctrl-C. Ctrl-C while the
model trains only ends its training: the names come from what it has learned by then.
"""


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with a command."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help says what there is)\n")


def parser() -> Parser:
    """What the command line takes."""
    made = Parser(
        prog="makemlp",
        description="Learn from a list of names, and make up new ones like them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add(
        "list",
        nargs="?",
        help="a text file, one name per line; - for standard input; french_given or israel_given, which ship with "
        "makemlp (default: the list that the course uses)",
    )
    add("--n", type=_number(int, 0), help="how many new names (default: 20, or none with --score)")
    add("--temperature", type=_number(float, 1e-3), default=1.0, help="below 1: more usual names, above: rarer (1)")
    add("--prefix", default="", help="what every name begins with")
    add("--score", metavar="NAME", action="append", default=[], help="say how likely this name is; may come twice")
    add("--seed", type=_number(int, 0), default=0, help="another one gives another model and other names (0)")
    learning = made.add_argument_group("learning")
    add = learning.add_argument
    add("--model", choices=["mlp", "deep", "count"], default="mlp", help="a small network, a larger one, or a table")
    add("--seconds", type=_number(float, 0.1), default=5.0, help="how long the network trains (5)")
    add("--steps", type=_number(int, 1), help="train for so many steps instead, which is the same on each machine")
    add("--unique", action="store_true", help="keep each name once, so that no name for the check is learned, too")
    add("--save", metavar="FILE", help="keep the trained network in a file")
    add("--load", metavar="FILE", help="use a network that was kept, and train none")
    reading = made.add_argument_group("reading the list")
    add = reading.add_argument
    add("--column", help="of a table: the heading of the column with the names, or its number from 1")
    add("--header", type=_number(int, 0), metavar="LINE", help="the line that the headings stand on; 0 for none")
    add("--delimiter", metavar="SIGN", help="what stands between columns (found); '' if each whole line is a name")
    add("--encoding", help="of a file that is not in UTF-8, such as cp1252")
    add("--lowercase", nargs="?", const=True, default=False, metavar="tr", help="small letters alone; tr for Turkish")
    add("--bad-lines", choices=["error", "skip"], default="error", help="lines that can't be names")
    add("--remove", default="", metavar="SIGNS", help="characters to take out of all names")
    add("--pattern", metavar="REGEX", help="what finds the names in each line; brackets mark the name: '^([^#]+)'")
    add("--boundary", default=".", metavar="SIGN", help="the sign that no name may hold (.)")
    return made


def _number(kind: type, least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"pass a {'whole ' * (kind is int)}number from {least:g} on, not {text!r}")
        return value

    return read


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; see `EXAMPLES`."""
    made = parser()
    asked = made.parse_args(arguments)
    _check_combination(made, asked)
    try:
        with _notes_on_stderr():
            _work(asked)
    except ValueError as error:
        print(f"makemlp: {_as_options(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would complain of it at its end
        if not isinstance(error, BrokenPipeError):  # as when `head` has read enough, which is no error
            print(f"makemlp: the new names can't be written ({error.strerror}): free some space.", file=sys.stderr)
            return 1
    return 0


def _check_combination(made: Parser, asked: argparse.Namespace) -> None:
    """End with a sentence where options are given that have nothing to do with each other."""
    for name in ("load", "save"):
        if getattr(asked, name) == "":
            made.error(f"--{name} has an empty path: pass the path of a file")
    if asked.load:
        idle = [name for name in TRAINED if getattr(asked, name) != made.get_default(name)]
        if idle:
            those = ", ".join("the list" if name == "list" else f"--{name.replace('_', '-')}" for name in idle)
            made.error(f"--load brings a trained network: leave out {those}")
    if asked.save and asked.model == "count":
        made.error("--save keeps networks, and a table is counted again in a moment: leave it out")


def _work(asked: argparse.Namespace) -> None:
    known: set[str] = set()
    if asked.save and os.path.isdir(asked.save):  # before it is trained for nothing
        raise ValueError(f"'{asked.save}' is a folder: pass the path of a file in it.")
    if asked.load:
        model, vocab = _loaded(asked.load)
    else:
        names = _read(asked)
        vocab = Vocabulary(names, asked.boundary)
        for typed in (*asked.score, asked.prefix):  # before it is trained for them
            vocab.encode(spelled(typed, vocab.itos))
        model = _learned(names, vocab, asked)
        known = set(names)
    if asked.save:
        _save(model, vocab, asked.save)
        _say(f"The network is in {asked.save}: use it with --load {asked.save}.")
    for name in asked.score:
        print(_scored(model, vocab, name))
    n = asked.n if asked.n is not None else 0 if asked.score else 20
    prefix = spelled(asked.prefix, vocab.itos)
    for name in new_names(model, vocab, n, known, temperature=asked.temperature, prefix=prefix, seed=asked.seed):
        print(name)
    sys.stdout.flush()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _notes_on_stderr() -> Iterator[None]:
    """Warnings as plain sentences."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *more: _say(f"Note: {_as_options(str(message))}")
        yield


def _as_options(sentence: str) -> str:
    """A sentence of load_names, with options of the command line in the place of its arguments."""
    text = r"(?:'[^']*'|\"[^\"]*\")"
    option = rf"(\w+)=({text}|\w+)"
    call = rf"(?:load_names|makemlp\.use_names)\((?:{text}|text=\w+)?((?:(?:, )?{option})*)\)"

    def options(found: re.Match) -> str:
        return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in re.findall(option, found[1]))

    sentence = re.sub(call, options, sentence).replace("--header True", "--header 1").replace("e True", "e")
    sentence = re.sub(rf"(pass|or|if|,) {option}", lambda m: f"{m[1]} --{m[2].replace('_', '-')} {m[3]}", sentence)
    return sentence.replace(" here and to Vocabulary", "")


# --- from a list to a model ---


def _read(asked: argparse.Namespace) -> list[str]:
    column = int(asked.column) if asked.column and asked.column.isdecimal() else asked.column
    header = False if asked.header == 0 else asked.header
    options = {"lowercase": asked.lowercase, "column": column, "header": header, "delimiter": asked.delimiter}
    remove = re.sub(r"\\(?:x(..)|u(.{4})|U(.{8}))", _unescaped, asked.remove)  # as sentences show what can't be seen
    options |= {"bad_lines": asked.bad_lines, "remove": remove, "boundary": asked.boundary}
    options["pattern"] = asked.pattern
    if asked.list == "-":
        if sys.stdin is None:
            raise ValueError("There is no standard input to read: pass the path of a list, or send one through a pipe.")
        if sys.stdin.isatty():
            _say("Type one name per line, and end with Ctrl-D (on Windows with Ctrl-Z and Enter).")
        return load_names(text=decoded(sys.stdin.buffer.read(), "the text", asked.encoding), **options)
    return load_names(asked.list, encoding=asked.encoding, **options)


def _unescaped(found: re.Match) -> str:
    try:
        return chr(int(found[1] or found[2] or found[3], 16))
    except (ValueError, OverflowError):
        return found[0]


def _learned(names: list[str], vocab: Vocabulary, asked: argparse.Namespace) -> Callable[[Tensor], Tensor]:
    """A model of these names, and what is said of it on the way."""
    learn, dev, _ = split(names, unique=asked.unique)
    both = len(set(learn) & set(dev))
    also = f"; {both:,} of these are learned from, too (--unique prevents it)" if both else ""
    parts = f"{len(learn):,} to learn from, {len(dev):,} to check"
    _say(f"{len(names):,} names of {len(vocab) - 1} different characters: {parts}{also}.")
    table, table_dev, length = _best_table(learn, dev, vocab)
    counted = f"{length} character{'s' * (length != 1)}"
    said = f"Dev loss: {table_dev:.3f} nats per character by the best count table (Kneser-Ney, {counted})"
    if asked.model == "count":
        _say(f"{said}.")
        return table
    start = time.perf_counter()
    model, loss, steps, worse = _best_network(asked, vocab, learn, dev, table)
    took = f"after {steps:,} steps{f', because {worse:,} did worse' if worse else ''}"
    took = f"{took}, {time.perf_counter() - start:.1f} s"
    _say(f"{said}, {loss:.3f} by the network of {model_size(model):,} numbers {took}.")
    return model


def model_size(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _best_table(learn: Sequence[str], dev: Sequence[str], vocab: Vocabulary) -> tuple[CountModel, float, int]:
    """The Kneser-Ney table of the context length that is best on dev, its loss there, and that length."""
    longest = min(LONGEST, max(map(len, learn)))
    table = CountModel(len(vocab), longest, method="kneser_ney").fit(*build_dataset(learn, vocab, longest))
    losses = table.nll_by_length(*build_dataset(dev, vocab, longest))
    length = min(range(len(losses)), key=losses.__getitem__)
    if length < longest:
        table = CountModel(len(vocab), length, method="kneser_ney").fit(*build_dataset(learn, vocab, length))
    return table, losses[length], length


def _network(asked: argparse.Namespace, vocab: Vocabulary) -> MLP | DeepMLP:
    if asked.model == "deep":
        return DeepMLP(len(vocab), seed=asked.seed)
    return MLP(len(vocab), **MLP_SIZES, seed=asked.seed)


def _best_network(
    asked: argparse.Namespace, vocab: Vocabulary, learn: Sequence[str], dev: Sequence[str], table: CountModel
) -> tuple[MLP | DeepMLP, float, int, int]:
    """A trained network, its loss on dev, and its steps: those that there is time for, fewer where more do harm; and
    how many did harm, 0 where none did.

    A network soon learns a short list by heart. So it trains anew with twice the steps, until that is worse on dev.
    """
    block_size = _network(asked, vocab).block_size
    X, Y = build_dataset(learn, vocab, block_size)
    checked = build_dataset(dev, vocab, block_size)
    tries = [asked.steps or _steps_within(asked, _network(asked, vocab), X, Y)]
    if not asked.steps and len(X) < SHORT:
        tries = [FEWEST * 2**k for k in range(20) if FEWEST * 2 ** (k + 1) < tries[0]] or tries
    best, worse = None, 0
    for steps in tries:
        model = _network(asked, vocab)
        done = _train(asked, model, X, Y, steps, table)
        loss = nll(model, *checked)
        if best is not None and loss >= best[1]:
            worse = done
            break
        best = model, loss, done
        if done < steps:
            _say(f"Stopped after {done:,} steps of {steps:,}: what was learned by then is used.")
            break
    return *best, worse


def _steps_within(asked: argparse.Namespace, copy: MLP | DeepMLP, X: Tensor, Y: Tensor) -> int:
    """How many steps take as long as was asked for, measured on a `copy`."""
    if asked.model == "deep":
        train_deep(copy, X, Y, steps=1)  # the first is slower by far
        each = _seconds(train_deep, copy, X, Y, steps=8, batch_size=BATCH) / 8
    else:
        run = Run([copy], X, Y, [MLP_RATE], BATCH)
        run.step()  # the first is slower
        each = _seconds(lambda: [run.step() for _ in range(20)]) / 20
    return max(FEWEST, int(asked.seconds / each))


def _seconds(work: Callable[..., object], *arguments: object, **settings: object) -> float:
    start = time.perf_counter()
    work(*arguments, **settings)
    return time.perf_counter() - start


def _train(asked: argparse.Namespace, model: MLP | DeepMLP, X: Tensor, Y: Tensor, steps: int, table: CountModel) -> int:
    """Train in place; returns the steps that were done, as an interrupt ends the training alone."""
    how = {"steps": steps, "batch_size": BATCH, "seed": asked.seed}
    with contextlib.redirect_stdout(io.StringIO()):  # what lessons print of an interrupt speaks of cells
        if asked.model == "deep":
            return len(train_deep(model, X, Y, learning_rate=DEEP_RATE, teacher=table, **how))
        return len(train(model, X, Y, learning_rate=MLP_RATE, **how))


# --- files ---


def _save(model: MLP | DeepMLP, vocab: Vocabulary, path: str) -> None:
    if isinstance(model, MLP):
        checkpoints.save_model(model, vocab, path)  # lessons can load it, too
    else:
        checkpoints.write(path, {"kind": "deep model", "symbols": vocab.itos, "state": model.state_dict()})


def _loaded(path: str) -> tuple[MLP | DeepMLP, Vocabulary]:
    try:
        contents = checkpoints.read(path, "deep model")
    except ValueError as error:
        if "not a checkpoint of" not in str(error):
            raise
        contents = checkpoints.read(path, "model")
        vocab = Vocabulary(contents["symbols"][1:], contents["symbols"][0])
        return checkpoints.load_model(path, vocab), vocab
    with checkpoints.sound(path):
        vocab, state = Vocabulary(contents["symbols"][1:], contents["symbols"][0]), contents["state"]
        (vocab_size, emb_dim), (inputs, hidden_dim) = state["C"].shape, state["W.0"].shape
        layers = sum(name.startswith("W.") for name in state)
        model = DeepMLP(vocab_size, inputs // emb_dim, emb_dim, hidden_dim, layers)
        model.load_state_dict(state)
    return model.eval(), vocab


# --- names ---


def new_names(
    model: Callable[[Tensor], Tensor], vocab: Vocabulary, n: int, known: set[str], seed: int, **how: object
) -> Iterator[str]:
    """Made-up names, each once, of which none is known; fewer than `n` where the model hardly finds others."""
    given: set[str] = set()
    for attempt in range(20):
        for name in sample(model, vocab, max(n, 20), seed=seed + 1000 * attempt, **how):
            if len(given) < n and name and name not in known and name not in given:
                given.add(name)
                yield name
        if len(given) == n:
            return
    found = f"{len(given)} name{'s' * (len(given) != 1)}"
    _say(f"The model found only {found} that the list lacks: raise --temperature, or pass a longer list.")


def _scored(model: Callable[[Tensor], Tensor], vocab: Vocabulary, typed: str) -> str:
    """A line on a name: how likely it is as a whole, and each of its characters."""
    name = spelled(typed, vocab.itos)
    losses, _ = score_name(model, vocab, name)
    parts = zip([*name, "(end)"], (-losses).exp().tolist(), strict=True)
    total = float(losses.sum())
    said = ", ".join(f"{symbol} {100 * p:.3g}%" for symbol, p in parts)
    return f"{name}\t{total:.2f} nats, {total / len(losses):.2f} per character: {said}"


if __name__ == "__main__":
    sys.exit(main())
