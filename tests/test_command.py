"""``python -m makemlp``: from a list to new names, and what it says when something is wrong."""

import io
import os
import re
import shlex
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from makemlp import Vocabulary, load_model, training
from makemlp.__main__ import _as_options, main, parser

NAMES = ["anna", "bob", "clara", "dora", "emil", "fritz", "gerda", "hans", "ida", "jan", "karl", "lena", "mia", "nora"]
NAMES += ["otto", "paul", "rosa", "sara"]


@pytest.fixture
def listed(tmp_path):
    file = tmp_path / "list.txt"
    file.write_text("\n".join(NAMES), encoding="utf-8")
    return str(file)


@pytest.fixture
def run(capsys):
    """The exit code, the lines of standard output, and standard error."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return call


def test_a_list_gives_new_names_and_both_losses(run, listed):
    code, names, said = run(listed, "--steps", 5, "--n", 6)
    assert code == 0 and len(set(names)) == 6 and not set(names) & set(NAMES)
    assert set("".join(names)) <= set("".join(NAMES))
    assert "18 names of 21 different characters: 14 to learn from, 2 to check" in said
    assert "by the best count table (Kneser-Ney, " in said and "by the network of " in said and "after 5 steps" in said
    assert run(listed, "--steps", 5, "--n", 6)[1] == names  # the same seed, the same names
    assert run(listed, "--steps", 5, "--n", 6, "--seed", 1)[1] != names


def test_twenty_names_unless_asked_otherwise_and_what_begins_them(run, listed):
    assert len(run(listed, "--model", "count")[1]) == 20
    code, names, _ = run(listed, "--model", "count", "--n", 3, "--prefix", "MA", "--temperature", 2)
    assert code == 0 and len(names) == 3 and all(name.startswith("ma") for name in names)


def test_a_short_list_is_not_learned_by_heart(run, listed):
    code, names, said = run(listed, "--seconds", 1, "--n", 1)
    assert code == 0 and len(names) == 1
    steps = int(said.rpartition(" steps")[0].rpartition("after ")[2])
    assert 10 <= steps <= 40  # of the hundreds that there was time for


@pytest.mark.parametrize("model", ["mlp", "deep"])
def test_a_network_is_kept_and_brought_back(run, listed, tmp_path, model):
    file = tmp_path / "kept.pt"
    _, names, said = run(listed, "--model", model, "--steps", 2, "--n", 40, "--save", file)
    assert f"--load {file}" in said
    code, again, said = run("--load", file, "--n", 40)
    assert code == 0 and said == "" and set(names) <= {*again, *NAMES, *names} and set(again) & set(names)
    if model == "mlp":
        assert load_model(file, Vocabulary(NAMES)).block_size == 5  # lessons can load it, too
    code, [line], _ = run("--load", file, "--score", "Ännä")
    assert code == 0 and line.startswith("anna\t") and "(end) " in line and line.count("%") == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no_such_list.txt"], 1, "There is no file 'no_such_list.txt'"),
        (["--load", "no_such_file.pt"], 1, "There is no checkpoint 'no_such_file.pt'"),
        (["{list}", "--model", "count", "--score", "xyz"], 1, "'x' (character 1 of 'xyz') is not in the vocabulary"),
        (["{list}", "--seconds", "3600", "--prefix", "xyz"], 1, "'x' (character 1 of 'xyz') is not in"),
        (["{list}", "--seconds", "3600", "--save", "{folder}"], 1, "' is a folder: pass the path of a file in it"),
        (["--load", "{list}"], 1, "' is not a checkpoint, or it is incomplete or damaged: check the path"),
        (["--load", "{folder}"], 1, "' is a folder: pass the path of a checkpoint in it"),
        (["{list}", "{list}"], 2, "makemlp: unrecognized arguments: "),
        (["{list}", "--boundary", "a"], 1, "'a' marks where names begin and end"),
        (["{list}", "--load", "x.pt"], 2, "--load brings a trained network"),
        (["{list}", "--model", "count", "--save", "x.pt"], 2, "--save keeps networks"),
        (["--load", "x.pt", "--column", "2", "--steps", "5"], 2, "a trained network: leave out --steps, --column"),
        (["--load", ""], 2, "--load has an empty path"),
        (["{list}", "--save", ""], 2, "--save has an empty path"),
        (["--n", "-1"], 2, "pass a whole number from 0 on, not '-1'"),
        (["--temperature", "0"], 2, "pass a number from 0.001 on, not '0'"),
        (["--seconds", "soon"], 2, "not 'soon'"),
        (["--model", "gpt"], 2, "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, capsys, listed, arguments, code, said):
    arguments = [argument.format(list=listed, folder=os.path.dirname(listed)) for argument in arguments]
    if code == 2:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        err = capsys.readouterr().err
        assert ended.value.code == 2 and said in err and len(err.splitlines()) == 1
    else:
        found, out, err = run(*arguments)
        assert found == code and out == [] and said in err and "Traceback" not in err


def test_tables_are_loaded_by_the_options_that_are_proposed(run, tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("Names of 1880,\n,\nName,Count\n" + "".join(f"{name},{i}\n" for i, name in enumerate(NAMES)))
    code, _, said = run(file, "--model", "count")
    assert code == 1 and "pass --column 'Name' --header 3 to load anna, bob, clara …" in said
    code, names, said = run(file, "--model", "count", "--column", "Name", "--header", 3, "--n", 2)
    assert code == 0 and len(names) == 2 and "Note: " in said and "weigh nothing here" in said
    assert run(file, "--model", "count", "--column", 1, "--n", 1)[0] == 0


@pytest.mark.parametrize("line", ["FN:{}\nEND:VCARD\nBEGIN:VCARD", "1. {}", '"{}" <a@x.org>', "{} (f)", "'{}',"])
def test_a_pattern_is_pasted_into_a_shell_as_the_sentence_has_it(run, tmp_path, line):
    file = tmp_path / "list.txt"
    head = "BEGIN:VCARD\n" if "VCARD" in line else ""
    file.write_text(head + "".join(f"{line.format(name)}\n" for name in NAMES), encoding="utf-8")
    code, _, said = run(file, "--model", "count")
    assert code == 1 and "to load anna, bob, clara …" in said
    pasted = shlex.split(re.search(r"pass (--pattern .*?) to load", said)[1])
    code, names, said = run(file, "--model", "count", "--n", 2, *pasted)
    assert code == 0 and "18 names of 21 different characters" in said and len(names) == 2


def test_what_cannot_be_seen_is_taken_out_as_the_sentence_proposes(run, tmp_path):
    file = tmp_path / "hidden.txt"
    file.write_text("".join(f"{name}\u200b\n" for name in NAMES), encoding="utf-8")
    _, _, said = run(file, "--model", "count", "--n", 0)
    assert "pass --remove '\\u200b' to take them out" in said
    code, names, said = run(file, "--model", "count", "--remove", "\\u200b")
    assert code == 0 and "Note" not in said and set("".join(names)) <= set("".join(NAMES))


def test_sentences_speak_of_options():
    for sentence, expected in {
        "pass load_names('a.txt', header=True) to leave it out": "pass --header 1 to leave it out",
        "pass load_names('a.txt', bad_lines='skip') to go on": "pass --bad-lines 'skip' to go on",
        "pass load_names(text=text, remove='\\u200b') to": "pass --remove '\\u200b' to",
        "pass encoding='cp1252' if it begins 'Å'": "pass --encoding 'cp1252' if it begins 'Å'",
        "(or delimiter='' if each": "(or --delimiter '' if each",
        "pass encoding='cp1251' if it begins 'Я', encoding='koi8-r' if it": (
            "pass --encoding 'cp1251' if it begins 'Я', --encoding 'koi8-r' if it"
        ),
        "pass load_names(\"d'Anne.txt\", encoding='cp1252', column=1) to": "pass --encoding 'cp1252' --column 1 to",
        "pass makemlp.use_names('a.csv', column='Name') to": "pass --column 'Name' to",
        "pass load_names('a.vcf', pattern='^FN[^:]*:(.+)') to load": "pass --pattern '^FN[^:]*:(.+)' to load",
        "pass load_names('a.txt', pattern=\"'([^']+)'\") to load": "pass --pattern \"'([^']+)'\" to load",
        "nothing to change": "nothing to change",
    }.items():
        assert _as_options(sentence) == expected


def test_names_come_through_a_pipe_in_any_encoding(run, monkeypatch):
    old = ["--encoding", "cp1252"]
    for raw, more in (("\n".join(NAMES).encode("utf-16"), []), ("zoë\nida\n".encode("cp1252") * 6, old)):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw), isatty=lambda: False))
        code, _, said = run("-", "--model", "count", "--n", 0, *more)
        assert code == 0 and "different characters" in said


def test_without_standard_input_there_is_nothing_to_read(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    code, out, said = run("-")
    assert (code, out) == (1, []) and "There is no standard input to read" in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the device that is always full is Linux's")
def test_a_full_disk_gets_a_sentence(listed):
    command = [sys.executable, "-m", "makemlp", listed, "--model", "count", "--n", "3"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "the new names can't be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_ctrl_c_ends_the_training_and_keeps_what_was_learned(run, listed, monkeypatch):
    step, done = training.Run.step, []

    def interrupted(self, share=1.0):
        done.append(step(self, share))
        if len(done) == 3:
            raise KeyboardInterrupt
        return done[-1]

    monkeypatch.setattr(training.Run, "step", interrupted)
    code, names, said = run(listed, "--steps", 50, "--n", 2)
    assert code == 0 and len(names) == 2 and "Stopped after 3 steps of 50: what was learned by then is used." in said


def test_ctrl_c_anywhere_else_ends_with_a_word(run, listed, monkeypatch):
    def interrupted(*what, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("makemlp.__main__.build_dataset", interrupted)
    assert run(listed) == (130, [], "18 names of 21 different characters: 14 to learn from, 2 to check.\nStopped.\n")


def test_a_reader_that_has_enough_is_no_error(listed):
    """As with `head`: the pipe is closed before all names are written."""
    command = [sys.executable, "-m", "makemlp", listed, "--model", "count", "--n", "3000", "--temperature", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}) as process:
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait() == 0 and "Broken pipe" not in said and "Traceback" not in said


def test_help_names_every_option_with_words_and_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and "examples:" in said and "exit code is 0" in said
    for action in parser()._actions:
        assert action.help and max(action.option_strings, key=len, default=action.dest) in said


def test_the_command_that_is_installed_is_this_one():
    [script] = metadata.entry_points(group="console_scripts", name="makemlp")
    assert script.load() is main
