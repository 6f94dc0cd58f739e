"""Another list of names: where it is set, who follows it, and what lessons take from it."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import makemlp
from makemlp import Scoreboard, Vocabulary, expect, on_bundled, use_names
from makemlp.checking import check, results
from makemlp.checking.exercises import find
from makemlp.data import bundled_names, load_names
from makemlp.data.setting import NAMES_SHA256, OTHER_LISTS, kept_setting, list_tag, names_file
from makemlp.lists import by_use, measured_on_bundled, vowels
from makemlp.tuning.study import file_beside

SHIPPED = ["us_2018", *OTHER_LISTS]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a list in it, a folder for notebooks below, nothing set and nothing kept."""
    monkeypatch.delenv("MAKEMLP_NAMES")
    monkeypatch.setenv("MAKEMLP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MAKEMLP_RUNS", str(tmp_path / "runs"))
    (tmp_path / "my_list.txt").write_text("émil\nida\notto\n", encoding="utf-8")
    (tmp_path / "course" / "exercises").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def elsewhere(code, **env):
    """What another process prints, which knows nothing of this one but the environment."""
    env = os.environ | {"PYTHONPATH": str(Path(makemlp.__file__).parents[1]), "PYTHONUTF8": "1"} | env
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, encoding="utf-8")
    return done.stdout.strip() or done.stderr


# --- the lists that ship ---


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_list_says_where_it_is_from(place, monkeypatch, name):
    monkeypatch.setenv("MAKEMLP_NAMES", name)
    raw = names_file().read_bytes()
    known = {"us_2018": NAMES_SHA256, **OTHER_LISTS}
    assert hashlib.sha256(raw).hexdigest() == known[name] and raw.endswith(b"\n") and b"\r" not in raw
    note = (names_file().parent / "README.md").read_text(encoding="utf-8")
    part = note.partition(f"## {name}\n")[2].partition("\n## ")[0]
    for word in ("Source", "Order", "Licence", "version", "public domain"):
        assert word in part
    if name != "us_2018":
        assert f"{len(load_names()):,}" in part
        assert f" {len(Vocabulary(load_names())) - 1} different symbols" in " ".join(part.split())


def test_a_shipped_list_that_was_changed_is_refused(place, monkeypatch):
    monkeypatch.setitem(OTHER_LISTS, "french_given", "0" * 64)
    monkeypatch.setenv("MAKEMLP_NAMES", "french_given")
    with pytest.raises(ValueError, match=r"french_given\.txt was changed after it was shipped: install makemlp again"):
        load_names()


def test_a_shipped_list_is_read_by_its_name_wherever_a_file_is_asked_for(place):
    names = load_names("french_given")
    assert names[:2] == ["marie", "jeanne"] and use_names("french_given") == names
    assert list_tag("french_given").startswith("french_given-") and list_tag("us_2018") == ""
    assert file_beside(names="french_given") == file_beside()
    for path in ("german_given", "names/french_given", "french" * 100, "course"):
        with pytest.raises(ValueError, match=r"There is no file|is a folder"):
            load_names(path)


# --- the setting ---


def test_nothing_set_is_the_bundled_list(place, monkeypatch):
    assert load_names() == bundled_names() and list_tag() == ""
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    assert load_names() == bundled_names() and len(load_names()) == 32_257


def test_a_relative_path_means_the_same_in_every_folder_of_the_course(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "my_list.txt")
    for folder in (place, place / "course", place / "course" / "exercises"):
        monkeypatch.chdir(folder)
        assert load_names() == ["émil", "ida", "otto"]
        assert names_file() == place / "my_list.txt"
    assert len(bundled_names()) == 32_257


def test_no_such_list_gets_one_sentence(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "your_list.txt")
    with pytest.raises(ValueError) as caught:
        load_names()
    assert str(caught.value) == (
        f"The environment variable MAKEMLP_NAMES names the list 'your_list.txt', and there is no such file in {place} "
        "or a folder above it: check the path, or write makemlp.use_names(None) for the bundled names."
    )


def test_use_names_reaches_the_next_kernel_wherever_it_runs(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "")  # so that what use_names sets is undone after this test
    assert use_names("my_list.txt") == ["émil", "ida", "otto"]
    assert os.environ["MAKEMLP_NAMES"] == str(place / "my_list.txt")
    monkeypatch.delenv("MAKEMLP_NAMES")  # as in the next notebook
    monkeypatch.chdir(place / "course" / "exercises")
    said = elsewhere("import makemlp; print(makemlp.load_names())")
    assert said == "['émil', 'ida', 'otto']"
    assert elsewhere("import makemlp; print(len(makemlp.load_names()))", MAKEMLP_NAMES="french_given") == "10000"
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    assert use_names(None) == bundled_names()
    monkeypatch.delenv("MAKEMLP_NAMES")
    assert load_names() == bundled_names()


def test_a_list_that_was_kept_and_is_gone(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    use_names(place / "my_list.txt")
    monkeypatch.delenv("MAKEMLP_NAMES")
    (place / "my_list.txt").unlink()
    with pytest.raises(ValueError, match=r"^use_names names the list '.*my_list.txt', and there is no such file"):
        load_names()


@pytest.mark.parametrize(
    ("which", "says"), [("absent.txt", "names the list 'absent.txt'"), ("bad.txt", "'.'"), ("one.txt", "only one name")]
)
def test_a_list_that_cant_be_read_leaves_the_one_before(place, monkeypatch, which, says):
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    use_names("my_list.txt")
    (place / "bad.txt").write_text("a.b\nc\n")
    (place / "one.txt").write_text("ann\n")
    kept = kept_setting().read_bytes()
    with pytest.raises(ValueError, match=says):
        use_names(which)
    assert kept_setting().read_bytes() == kept and load_names() == ["émil", "ida", "otto"]


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_table_is_read_once_and_kept_as_a_plain_list(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "table.csv")
    (place / "table.csv").write_text("Name;Births\nÉmil;12\nIda;9\nJ.R.;2\nOtto;5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"pass makemlp\.use_names\('.*table\.csv', column='Name'\) to load") as said:
        load_names()
    call = re.search(r"makemlp\.use_names\('.*', column='Name'", str(said.value)).group()
    names = eval(f"{call}, lowercase=True, remove='.')", {"makemlp": makemlp})  # the sentence's own words work
    assert names == ["émil", "ida", "jr", "otto"] == load_names()
    monkeypatch.delenv("MAKEMLP_NAMES")  # as in the next notebook
    assert load_names() == names and list_tag().startswith("table-")
    first = names_file()
    assert use_names("table.csv", column=1, bad_lines="skip") == ["Émil", "Ida", "Otto"] == load_names()
    assert names_file() != first and first.read_text(encoding="utf-8") == "émil\nida\njr\notto\n"


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_whole_lines_that_look_like_a_table_reach_every_lesson(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    (place / "pairs.csv").write_text("Doe, Ann\nRoe, Ida\nPoe, Otto\n" * 4)
    names = use_names("pairs.csv", delimiter="")
    assert names[:2] == ["Doe, Ann", "Roe, Ida"] and load_names() == names
    monkeypatch.delenv("MAKEMLP_NAMES")  # as in the next notebook
    assert load_names() == names
    assert use_names("pairs.csv", pattern=", (.*)")[:3] == ["Ann", "Ida", "Otto"] == load_names()[:3]
    (place / "list.md").write_text("# Names\n\n* émil\n* ida\n* otto\n")
    with pytest.raises(ValueError, match=r"pass makemlp\.use_names\('.*list\.md', pattern=.*\) to load émil") as said:
        use_names("list.md")
    call = re.search(r"makemlp\.use_names\(.*?\)(?= to load)", str(said.value)).group()
    assert eval(call, {"makemlp": makemlp}) == ["émil", "ida", "otto"] == load_names()  # the sentence's own words


def test_another_boundary_is_not_for_lessons(place, monkeypatch):
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    with pytest.raises(ValueError, match=r"begin and end every name with '\.': pass remove='\.'"):
        use_names("my_list.txt", boundary="#")
    assert load_names() == bundled_names() and not kept_setting().exists()


def test_a_choice_that_cant_be_kept_is_not_half_made(place, monkeypatch):
    (place / "cache").write_text("a file where a folder belongs")
    with pytest.raises(ValueError, match="The choice can't be kept in"):
        use_names("my_list.txt")
    assert "MAKEMLP_NAMES" not in os.environ and load_names() == bundled_names()


def test_of_thousands_of_symbols_lessons_take_the_most_usual(place, monkeypatch):
    symbols = [chr(0x4E00 + i) for i in range(2000)]
    usual = [symbols[i % 300] + symbols[i * 7 % 300] for i in range(3000)]
    (place / "many.txt").write_text("\n".join([*symbols, *usual]), encoding="utf-8")
    monkeypatch.setenv("MAKEMLP_NAMES", "many.txt")
    with pytest.warns(
        UserWarning, match="has 2,000 different symbols.* the 3,300 of its 5,000 names that hold only its"
    ):
        assert load_names() == [*symbols[:300], *usual]
    assert len(load_names(place / "many.txt")) == 5000


# --- runs of different lists never meet ---


def test_boards_and_studies_of_different_lists_never_meet(place, monkeypatch):
    Scoreboard().add(dev=2.1)
    seen = {file_beside()}
    for which in ("my_list.txt", "french_given"):
        monkeypatch.setenv("MAKEMLP_NAMES", which)
        assert len(Scoreboard()) == 0
        Scoreboard().add(dev=1.5)
        assert [row["dev"] for row in Scoreboard().rows] == [1.5]
        seen.add(file_beside())
    monkeypatch.setenv("MAKEMLP_NAMES", "my_list.txt")
    (place / "my_list.txt").write_text("anna\nida\notto\n")  # a list that was changed is another list
    assert len(Scoreboard()) == 0 and "my_list-" in Scoreboard().path.name
    seen.add(file_beside())
    assert len(seen) == 4
    monkeypatch.setenv("MAKEMLP_NAMES", "french_given")  # a worker is told its list, or finds it set: the same file
    assert file_beside(names="my_list.txt") in seen and file_beside(names=names_file()) == file_beside()
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    assert [row["dev"] for row in Scoreboard().rows] == [2.1]


def test_checks_train_on_the_bundled_names_and_stay_off_another_lists_board(place, monkeypatch, capsys):
    monkeypatch.setenv("MAKEMLP_NAMES", "my_list.txt")
    exercise = find("own_bigram")
    monkeypatch.setitem(sys.modules["makemlp.checking"].__dict__["_rows"], "own_bigram", {"dev": 2.45})
    assert results("own_bigram") == []
    assert capsys.readouterr().out == (
        f"… {exercise.title}: it was checked on the bundled names, so it isn't on this list's scoreboard.\n"
    )
    monkeypatch.setenv("MAKEMLP_NAMES", "")
    assert results("own_bigram") == [{"dev": 2.45}]
    assert check is makemlp.checking.check


# --- what lessons take from a list ---


def test_what_is_expected_of_the_bundled_names_is_asserted_there_alone(place, monkeypatch, capsys):
    expect("loss", 2.1, 2.0, 2.2)
    for value, least, most in ((2.3, 2.0, 2.2), (1.9, 2.0, 2.2), (float("nan"), 2.0, 2.2)):
        with pytest.raises(AssertionError, match=r"^loss is .*; expected is from 2 to 2\.2$"):
            expect("loss", value, least, most)
    assert capsys.readouterr().out == "" and on_bundled("emm", "émi") == "emm"
    measured_on_bundled("These rows")
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MAKEMLP_NAMES", "my_list.txt")
    expect("loss", 3.0, 2.0, 2.2)
    expect("lead", 0.5, least=0.7)
    expect("lead", 0.5, most=0.25)
    measured_on_bundled("These rows")
    assert capsys.readouterr().out.splitlines() == [
        "loss: 3 on this list; from 2 to 2.2 on the bundled names",
        "lead: 0.5 on this list; at least 0.7 on the bundled names",
        "lead: 0.5 on this list; at most 0.25 on the bundled names",
        "These rows were measured on the bundled names, not on this list.",
    ]
    assert on_bundled("emm", "émi") == "émi" and on_bundled(2.17) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["emma", "olivia"], "aeio"),
        (["Zoë", "Åsa"], "aoÅë"),
        (["Дмитрий", "Юлия"], "Юия"),
        (["Ελένη", "Ωρίων"], "ΕέΩίωη"),
        (["सुनीता", "अंजलि"], "ािीु"),
        (["สมชาย", "มาลี"], "าี"),
        (["さくら", "あおい"], "あいお"),
    ],
)
def test_vowels_by_script(names, expected, capsys):
    found = vowels(names)
    assert set(expected) <= set(found) and list(found) == sorted(found)
    assert capsys.readouterr().out == ""


def test_a_script_without_vowels_says_what_takes_their_place(capsys):
    names = ["דוד", "דנה", "דוד"]
    assert by_use(names) == ["ד", "ו", "ה", "נ"]
    assert vowels(names) == "דוהנ"
    assert "fewer than two vowels" in capsys.readouterr().out


def test_й_is_no_vowel():
    assert vowels(["Андрей", "Юлия"]) == "АЮеия"
