"""Floor 1: lists of names as they are downloaded, and what is said of each."""

import codecs
import json
import re
import warnings

import pytest

from makemlp import MLP, Vocabulary, build_dataset, load_names, sample, score_name
from makemlp.data.spelling import spelled

US = ["Mary", "Anna", "Emma", "Elizabeth", "Minnie", "Margaret", "Ida", "Alice", "Bertha", "Sarah", "Annie", "Clara"]
FRENCH = ["ADOLPHE", "JÉRÔME", "FRANÇOIS", "JEAN-PIERRE", "ZOÉ", "D'ARTAGNAN"]

SSA = "".join(f"{name},F,{7065 - 100 * i}\r\n" for i, name in enumerate(US))
INSEE = "sexe;preusuel;annais;nombre\n" + "".join(f"1;{name};{1900 + i};{4 + i}\n" for i, name in enumerate(FRENCH))
ONS = "Table 6: Top 100 names, England,,\r\n,,\r\nRank,Name,Count\r\n"
ONS += '1,Noah,"5,000"\r\n2,Muhammad,"4,963"\r\n3,Leo,"4,852"\r\n'
EXCEL = "sep=;\nVorname;Anzahl\n" + "".join(f"{name};{i}\n" for i, name in enumerate(US))
TABS = "".join(f"{i}\t{name}\tF\n" for i, name in enumerate(US, start=1))
QUOTED = "".join(f'"{name}"\n' for name in US)


@pytest.fixture
def saved(tmp_path):
    def write(raw, name="list.txt"):
        file = tmp_path / name
        file.write_bytes(raw if isinstance(raw, bytes) else raw.encode("utf-8"))
        return file

    return write


def refusal(*args, **options):
    """The one sentence with which a list is refused."""
    with pytest.raises(ValueError) as caught:
        load_names(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def loaded(*args, **options):
    """The names, and what is said of them."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        names = load_names(*args, **options)
    return names, [str(one.message) for one in said]


def loaded_by(call, **known):
    """The names that a proposed call loads, whatever it says of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(call, {"load_names": load_names, **known})


# Tables


@pytest.mark.parametrize(
    ("table", "what", "call", "names", "counts"),
    [
        (SSA, "3 columns with ',' between", "column=1)", US, "column 3 (7065, 6965, 6865 …)"),
        (INSEE, "4 columns with ';' between", "column='preusuel')", FRENCH, "column 'nombre' (4, 5, 6 …)"),
        (ONS, "3 columns", "column='Name', header=3)", ["Noah", "Muhammad", "Leo"], "column 'Count' (5,000, 4,963"),
        (EXCEL, "2 columns with ';' between", "column='Vorname', header=2)", US, "column 'Anzahl' (0, 1, 2 …)"),
        (TABS, "3 columns with tabs between", "column=2)", US, "column 1 (1, 2, 3 …)"),
        (QUOTED, "every name in quotes", "column=1)", US, None),
    ],
    ids=["ssa", "insee", "ons", "excel", "tabs", "quoted"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table_is_refused_with_the_call_that_loads_it(saved, table, what, call, names, counts, encoding):
    file = saved(table.encode(encoding))
    said = refusal(file)
    assert f"'{file}' is a table" in said and what in said
    assert ", ".join(names[:3]) in said
    proposed = re.search(r"pass (load_names\(.*?\)) to load", said)[1]
    assert proposed.endswith(call)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        assert eval(proposed, {"load_names": load_names}) == names  # the sentence's own words work
    if counts is None:
        assert notes == []
    else:
        assert counts in said and "each row is one name" in said
        assert counts in str(notes[0].message)


def test_a_table_by_its_own_words():
    assert loaded(text=INSEE, column=2)[0] == loaded(text=INSEE, column="PREUSUEL")[0] == FRENCH
    assert loaded(text=INSEE, column=2, header=True)[0] == FRENCH
    assert loaded(text=ONS, column="Name", header=3)[0] == loaded(text=ONS, column=2)[0] == ["Noah", "Muhammad", "Leo"]
    assert loaded(text=SSA, column=1, header=False)[0] == US
    assert loaded(text=SSA, column=1, header=1)[0] == US[1:]
    assert loaded(text="a~b\nc~d\n", column=2, delimiter="~")[0] == ["b", "d"]
    assert loaded(text='"Smith, J",1\n"Lee, K",2\n"Ng",3\n', column=1)[0] == ["Smith, J", "Lee, K", "Ng"]
    assert loaded(text="Zoé,1\n\n,2\nAnna,3\n", column=1)[0] == ["Zoé", "Anna"]  # an empty cell is no name
    assert load_names(text="emma\nava", column=1) == ["emma", "ava"]
    assert load_names(text="name\nemma\nava", header=True) == load_names(text="x\n\nname\nemma\nava", header=3)


def test_a_comma_in_some_names_makes_no_table():
    names, notes = loaded(text="Anna\nKing, Martin\nBob\nClara")
    assert names[1] == "King, Martin" and "',' in line 2 ('King, Martin')" in notes[0]
    assert loaded(text="Smith, John\nLee, Kim\n", delimiter="")[0] == ["Smith, John", "Lee, Kim"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"column": "prenom"}, "no column headed 'prenom' (headings: 'sexe', 'preusuel', 'annais', 'nombre')"),
        ({"column": 9}, "has 4 columns, and column is 9: pass 1 to 4"),
        ({"column": 0}, "counted from 1"),
        ({"column": 1.5}, "column is 1.5: pass its heading, or its number"),
        ({"column": True}, "column is True"),
        ({"header": -1}, "header is -1: pass the number of the line"),
        ({"delimiter": "::"}, "delimiter is '::': pass the one character"),
        ({"bad_lines": "drop"}, "bad_lines is 'drop': pass 'error' or 'skip'"),
        ({"remove": 5}, "remove is 5: pass a text"),
        ({"lowercase": "klingon"}, "lowercase is 'klingon': pass True, False, or 'tr' or 'az'"),
        ({"boundary": ".."}, "boundary is '..': pass one character"),
    ],
)
def test_an_option_that_makes_no_sense_gets_a_sentence(options, expected):
    assert expected in refusal(text=INSEE, **options)


# What is no list


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<!DOCTYPE html>\n<html><body>emma</body></html>\n", "is a web page or XML, not a list"),
        ("\n  <table><tr><td>Emma</td></tr></table>", "is a web page or XML"),
        (r"{\rtf1\ansi emma\par ava\par}", "is an RTF document"),
        (json.dumps(["Zoë", *US]), "is JSON, not a list: take its names out and pass them as text="),  # it has \\u00eb
        ("emma ava mia zoe\n", "holds one line, 'emma ava mia zoe', with ' ' between names"),
        (b"PK\x03\x04" + bytes(20), "is a ZIP archive: unpack it"),
        (b"PK\x03\x04  xl/workbook.xml", "is a spreadsheet (.xlsx): save its sheet as CSV"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "is a spreadsheet (.ods)"),
        (b"PK\x03\x04  word/document.xml", "is a Word document (.docx): save it as plain text"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text", "is a text document (.odt)"),
        (b"names.txt".ljust(257, b"\0") + b"ustar", "is a tar archive: unpack it"),
        (b"SQLite format 3\0", "is an SQLite database: export its table as CSV"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"\x28\xb5\x2f\xfd\0", "is a Zstandard archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), "an old Office file"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"\x1f\x8b\x08\0", "is a gzip archive"),
        (b"PK\x05\x06" + bytes(18), "is a ZIP archive with nothing in it"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive"),
        (b"Rar!\x1a\x07\x01\0", "is a RAR archive"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n", "is a pointer of Git LFS"),
        ("Emma<br>\nAva<br>\nMia<br>\n", "is a web page or XML"),
        ("From: Emma <e@x.org>\nTo: Ava <a@x.org>\nSubject: names\n\nDear Ava,\n", "is an e-mail message"),
        ("Emma went to town, and there she met Ava.\nLater, they saw Mia in a shop.\n", "is running text, not a list"),
        ("Emma went to the town and\nmet Ava and Mia in a shop\n", "is running text, not a list"),
        ("昨天王伟去了北京。他见到李娜。\n张敏没有来。\n", "is running text, not a list"),
        ("<ul>\n<li>anna</li>\n<li>bob</li>\n</ul>", "is a web page or XML"),
        ("<names><name>anna</name><name>bob</name></names>", "is a web page or XML"),
        (bytes(range(256)), "is a binary file"),
    ],
)
def test_what_is_no_list_is_called_by_its_name(saved, raw, expected):
    assert expected in refusal(saved(raw))


@pytest.mark.parametrize(
    "text", ["emma, ava, mia", "王伟、李娜、张敏", "王伟，李娜，张敏", "محمد، أحمد، فاطمة", "ЯН ОЛЯ АНЯ"]
)
def test_the_call_for_names_in_one_line_works(text):
    proposed = re.search(r"pass (load_names\(.*?\))(\.$| to load)", refusal(text=text))[1]
    assert eval(proposed, {"load_names": load_names, "text": text}) == re.findall(r"\w+", text)


# What a line holds beside a name

EACH = {
    "vcard": ("", "BEGIN:VCARD\nVERSION:3.0\nFN;X=1:{}\nEMAIL:a@x.org\nEND:VCARD\n", "has address cards (vCard)"),
    "calendar": ("BEGIN:VCALENDAR\nVERSION:2.0\n", "SUMMARY:{}\nDTSTART:20200101\n", "is a calendar (iCalendar)"),
    "ldif": ("version: 1\n\n", "dn: cn=a,dc=x\ncn: {}\nsn: Doe\n\n", "is a directory (LDIF)"),
    "gedcom": ("0 HEAD\n1 CHAR UTF-8\n", "0 @I1@ INDI\n1 NAME {} /Doe/\n1 SEX F\n", "is a family tree (GEDCOM)"),
    "bibtex": ("", "@book{{a1,\n author = {{{}, J.}},\n year = 2020\n}}\n", "has references (BibTeX)"),
    "ris": ("", "TY  - BOOK\nAU  - {}, J.\nER  - \n", "has references (RIS)"),
    "latex": ("\\begin{{itemize}}\n", "  \\item {}\n", "is a LaTeX document"),
    "sql": ("-- MySQL\nSET a = 'utf8';\n", "INSERT INTO n VALUES (1,'{}');\n", "is a dump of a database (SQL)"),
    "yaml": ("---\nnames:\n", "  - {}\n", "is YAML"),
    "yaml objects": ("", "- name: {}\n  count: 3\n", "is YAML"),
    "json": ('{{"names": [', '"{}", ', "is JSON"),
    "json objects": ("[", '{{"name": "{}", "n": 3}},\n', "is JSON"),
    "json counts": ("{{", '"{}": 3,\n', "is JSON"),
    "json lines": ("", '{{"n": 3, "name": "{}"}}\n', "has JSON on each line"),
    "e-mail": ("", '"{}" <a@x.org>\n', "has e-mail addresses beside the names"),
    "e-mail in one line": ("", "{} <a@x.org>; ", "has e-mail addresses beside the names"),
    "addresses": ("", "{}@x.org\n", "has e-mail addresses, of which the first part may be a name"),
    "web": ("", "https://x.org/{}\n", "has web addresses"),
    "python": ("NAMES = [\n", '    "{}",\n', "has names in quotes, as in a program"),
    "script": ("const names = [", "'{}', ", "has names in quotes, as in a program"),
    "meaning": ("", "{} – of Latin origin\n", "has more text after each name"),
    "colon": ("", "{}: whole, universal\n", "has more text after each name"),
    "numbered": ("", "1. {}\n", "has a number before each name"),
    "numbered )": ("", "12) {}\n", "has a number before each name"),
    "uniq": ("", "    700 {}\n", "has a number before each name"),
    "ini": ("[names]\n", "3 = {}\n", "has a number before each name"),
    "items": ("# Names\n\n", "* {}\n", "has the items of a text"),
    "bullets": ("", "•{}\n", "has the items of a text"),
    "tasks": ("", "- [ ] {}\n", "has the items of a text"),
    "census": ("", "{}          1.006   1.006      1\n", "has columns with spaces between them"),
    "count": ("", "{} 12\n", "has a number after each name"),
    "thousands": ("", "{} 1,234\n", "has a number after each name"),
    "count =": ("", "{}=12\n", "has a number after each name"),
    "brackets": ("", "{} (f)\n", "has more text in brackets after each name"),
    "note": ("", "{}[2]\n", "has more text in brackets after each name"),
    "comment": ("", "{} # a note\n", "has a comment after each name"),
    "title": ("", "Dr. {}\n", "has a title before each name"),
    "several": ("", "{0}, {0}, {0}, {0}\n{0}, {0}, {0}\n{0}, {0}\n", "has several names on a line"),
    "cells": ("", "{0}, {0}, {0}\n", "is a table of 3 columns"),
    "markdown": ("| Name | Births |\n|:-----|-----:|\n", "| {} | 5 |\n", "is a table of 2 columns with '|' between"),
    "database": ("+----+\n| name | n |\n+----+\n", "| {} | 5 |\n", "is a table of 2 columns with '|' between them"),
}
PEOPLE = ["Emma", "Zoë", "Mary Ann", "Olga"]


@pytest.mark.parametrize("kind", EACH)
def test_the_call_that_takes_names_out_of_another_kind_of_text_works(kind):
    head, each, what = EACH[kind]
    ends = {"json": "]}", "json objects": "]", "json counts": "}", "script": "];"}
    text = (head.format() + "".join(each.format(name) for name in PEOPLE)).rstrip(", \n") + ends.get(kind, "\n")
    said = refusal(text=text)
    assert f"the text {what}" in said and "Emma" in said
    proposed = re.search(r"pass (load_names\(.*?\)) to load", said)[1]
    assert "\\" not in proposed  # it reads the same on a command line
    assert list(dict.fromkeys(loaded_by(proposed, text=text))) == PEOPLE
    if "each whole line" in said:
        assert len(loaded(text=text, delimiter="", boundary="\x7f")[0]) >= len(PEOPLE)  # the other way, too


def test_what_a_pattern_finds_and_leaves_out(saved):
    names, [note] = loaded(text="# girls\nanna\nida # short\n\nmia", pattern="^([^#]+)")
    assert names == ["anna", "ida", "mia"] and "finds 3 names, and none in 1 of 4 lines, which are left out" in note
    assert loaded(text="anna,3\nbob,2", column=1, pattern="^[ab]")[0] == ["a", "b"]
    assert loaded(text="name\nanna\nida", header=True, pattern="[a-z]+") == (["anna", "ida"], [])
    for pattern, said in {
        "(": "pattern is '(' (missing ), unterminated subpattern at position 0): pass a regular expression",
        "(a)(b)": "pattern is '(a)(b)' with 2 parts in brackets",
        "": "pattern is ''",
        3: "pattern is 3",
        "z": "the text has no line in which the pattern 'z' finds a name: pass another",
    }.items():
        assert said in refusal(text="anna\nbob", pattern=pattern)


@pytest.mark.parametrize(
    ("text", "call", "rest"),
    [
        ("# of 2020\nanna\nbob\n# boys\nida", "pattern='^(?!#)(.+)')", ["anna", "bob", "ida"]),
        ("// names\nanna\nbob\nida", "pattern='^(?!//)(.+)')", ["anna", "bob", "ida"]),
        ("Names of 2020\n\n" + 4 * "anna\nbob\n", "header=1)", 4 * ["anna", "bob"]),
    ],
)
def test_comments_and_titles_are_left_out_as_the_note_proposes(text, call, rest):
    [note] = loaded(text=text)[1]
    proposed = re.search(r"pass (load_names\(.*?\)) to leave out", note)[1]
    assert proposed.endswith(call) and loaded_by(proposed, text=text) == rest


# Encodings


def test_old_encodings_are_proposed_with_what_they_would_say(saved):
    file = saved("Åsa\nÖsten\nBjørn\n".encode("cp1252"))
    said = refusal(file)
    assert "line 1 is not valid UTF-8" in said and "encoding='cp1252' if it begins 'Åsa'" in said
    assert "encoding='cp1251' if it begins 'Еsa'" in said
    assert load_names(file, encoding="cp1252") == ["Åsa", "Östen", "Bjørn"]
    file = saved("Мария\nОльга\n".encode("cp1251"))
    assert "encoding='cp1251' if it begins 'Мария'" in refusal(file)
    assert load_names(file, encoding="cp1251") == ["Мария", "Ольга"]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1253", ["Γιώργος", "Ελένη"]),
        ("cp1255", ["דוד", "שרה"]),
        ("koi8-r", ["Анна", "Борис"]),
        ("tis-620", ["สมชาย", "มาลี"]),
        ("shift_jis", ["さくら", "ひろしひろしひろしひろしひろしひろしひろし"]),
        ("gb18030", ["王伟", "李娜"]),
    ],
)
def test_encodings_of_other_scripts_are_proposed(saved, encoding, names):
    file = saved("\n".join(names).encode(encoding))
    assert f"encoding='{encoding}' if it begins '{names[0]}'" in refusal(file)
    assert load_names(file, encoding=encoding) == names


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("names", [["Anna", "Bob"], ["Анна", "Борис"], ["王伟", "李娜"]])
def test_utf_16_and_32_without_a_mark_are_called_by_their_names(saved, encoding, names):
    file = saved("\n".join(names).encode(encoding))
    said = refusal(file)
    assert f"looks like {encoding[:6].upper()} without its mark: pass encoding='{encoding}'" in said
    assert load_names(file, encoding=encoding) == names


def test_a_wrong_encoding_is_said(saved):
    file = saved("Zoë\nÅsa\n")
    assert "knows no encoding 'utf-7x'" in refusal(file, encoding="utf-7x")
    assert "line 1 is not valid ascii" in refusal(file, encoding="ascii")
    assert load_names(saved(codecs.BOM_UTF16_LE + "Zoë\nÅsa".encode("utf-16-le"))) == ["Zoë", "Åsa"]


# Bad lines


BAD = "Mary\nJ.R.\nAnna\nSt. John\nEmma\nA.\nB.\n"


def test_all_bad_lines_are_said_at_once():
    said = refusal(text=BAD)
    assert "4 lines can't be names" in said and "and 1 lines more" in said
    for line in ("line 2: 'J.R.' holds '.' (character 2)", "line 4: 'St. John'", "line 6: 'A.'"):
        assert line in said
    for way in ("remove='.'", "boundary='|' here and to Vocabulary", "bad_lines='skip'"):
        assert way in said


def test_bad_lines_may_be_skipped_and_are_said():
    names, [note] = loaded(text=BAD, bad_lines="skip")
    assert names == ["Mary", "Anna", "Emma"]
    assert "left out line 2: 'J.R.'" in note and "and 1 lines more" in note
    assert loaded(text="a\tb\nemma\nava\nmia", bad_lines="skip")[0] == ["emma", "ava", "mia"]
    assert "no line that can be a name" in refusal(text="J.R.\nA.B.\n", bad_lines="skip")


def test_another_boundary_lets_names_hold_dots():
    names = load_names(text=BAD, boundary="|")
    assert names[1] == "J.R." and load_names(text=BAD, remove=".")[1] == "JR"
    with pytest.raises(ValueError, match=r"A name holds '\.', which marks beginnings and ends: take it out"):
        Vocabulary(names)
    vocab = Vocabulary(names, boundary="|")
    assert vocab.itos[0] == "|" and "." in vocab.itos[1:]
    X, Y = build_dataset(names, vocab, 2)
    assert vocab.decode(Y[:10].tolist()) == "Mary|J.R.|" and vocab.decode(X[0]) == "||"
    model = MLP(len(vocab), block_size=2, emb_dim=2, hidden_dim=3)
    assert all("|" not in name for name in sample(model, vocab, 50, seed=0))
    assert any("." in name for name in sample(model, vocab, 50, seed=0))
    assert len(score_name(model, vocab, "J.R.")[0]) == 5
    with pytest.raises(ValueError, match=r"'J\|' holds '\|'"):
        build_dataset(["J|"], vocab, 2)


# What is loaded and said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name\nemma\nava", "line 1 reads 'Name', which looks like a heading"),
        ("anna\u200b\nbob\nava", "U+200B zero width space in line 1; pass load_names(text=text, remove='\\u200b')"),
        ("مح\u200cمد\nanna\nbob", "some Persian and Indian spellings need U+200C"),
        ("\u202eanna\nbob\nava", "U+202E right-to-left override in line 1"),
        ("so\u00adft\nbob\nava", "U+00AD soft hyphen in line 1"),
        ("anna\nzo\ufffd\nava", "line 2 holds U+FFFD"),
        ("anna\n_RARE\nava", "signs that names seldom have: '_' in line 2 ('_RARE')"),
        ("anna\nbob2\nava", "'2' in line 2 ('bob2')"),
        ("(anna)\n[bob]\n*ava*", "pass load_names(text=text, remove='()*[]') to take them out of all names"),
        ("anna & bob\nava & mia\nida & jo", "'&' in line 1 ('anna & bob'); check these lines, because they are loaded"),
        ("Zo&euml;\nanna\nava", "'&euml;' is how web pages write 'ë', so pass the text through html.unescape"),
        ("ZoÃ«\nanna\nava", "'ZoÃ«', which was 'Zoë' before a program took UTF-8 for cp1252: get the original"),
        ("anna\n" + 101 * "x" + "\nava", "a line of 101 characters, 'xxxxx"),
        (
            "'anna'\n'bob'\nava",
            "names in quotes, such as 'anna', and the quotes are loaded with them: pass load_names(",
        ),
    ],
)
def test_what_looks_wrong_is_loaded_and_said(text, expected):
    names, [note] = loaded(text=text)
    assert len(names) == 3 and expected in note


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("`anna`\n`bob`\n`ava`", {}),
        ("*anna*\n(bob)\nava]", {"lowercase": True}),  # what was passed stays in what is proposed
        ("name;n\nanna:;1\nbob:;2\nava:;3", {"column": "name"}),
    ],
)
def test_a_proposed_call_loads_clean_names(text, options):
    notes = loaded(text=text, **options)[1]
    proposed = re.search(r"pass (load_names\(.*?\))(\.$| to take)", notes[-1])[1]
    assert loaded_by(proposed, text=text) == ["anna", "bob", "ava"]


def test_a_proposed_call_keeps_what_was_passed(saved):
    file = saved("Prénom;N\nZoé;3\nJ.R.;2\nIda;1\n".encode("cp1252"), "d'Anne.csv")
    said = refusal(file, encoding="cp1252", column="Prénom")
    proposed = re.search(r"pass (load_names\((?:(?! or ).)*\)) to take", said)[1]
    assert loaded_by(proposed) == ["Zoé", "JR", "Ida"]
    assert "pass load_names(boundary='e', remove='e')" in refusal(boundary="e")  # of the bundled list


def test_the_call_that_removes_what_cannot_be_seen_works():
    text = "anna\u200b\n\u200cbob\nsoft\u00adhyphen\n\u202eava\n"
    [note] = loaded(text=text)[1]
    proposed = re.search(r"pass (load_names\(.*\)) to take", note)[1]
    assert eval(proposed, {"load_names": load_names, "text": text}) == ["anna", "bob", "softhyphen", "ava"]


@pytest.mark.parametrize(
    "text",
    [
        *("Mary Ann\nO'Neil\nJean-Luc", "Nguyễn Thị\nĐức Ý", "प्रिया\nअंजलि", "a\u00a0b\nc d", "Anna😀\nBob🎉"),
        *("Γιώργος\nΆννα", "דָּוִד\nשָׂרָה", "สมหญิง\nมาลี", "D’Angelo\nN'Golo", "Čapek\nŠárka", "ANNÉE\nÖZ", "김민준\n이서연"),
    ],
)
def test_what_is_in_order_is_loaded_in_silence(text):
    names, notes = loaded(text=text)
    assert notes == [] and all("\u00a0" not in name for name in names)  # a space is a space


def test_small_letters_of_turkish():
    text = "İbrahim\nIşıl\nAyşe\nI\u0307pek"
    assert load_names(text=text, lowercase="tr") == ["ibrahim", "ışıl", "ayşe", "ipek"]
    _, [note] = loaded(text=text, lowercase=True)
    assert "'İbrahim' is written with İ or ı" in note and "pass load_names(text=text, lowercase='tr')" in note
    assert loaded(text="IDA\nIRIS", lowercase=True) == (["ida", "iris"], [])


# What is typed


@pytest.mark.parametrize(
    ("names", "typed", "read"),
    [
        (["emma", "zoe"], "Emma", "emma"),
        (["emma", "zoe"], " Zoë ", "zoe"),
        (["emma", "zoë"], "Zoe\u0308", "zoë"),
        (["EMMA", "ZOE"], "Zoë", "ZOE"),
        (["Emma", "Zoë"], "Emma", "Emma"),
        (["Emma", "Zoë"], "EMMA", "Emma"),  # this list has no M
        (["ibrahim"], "İbrahim", "ibrahim"),
        (["strasse"], "Straße", "straße"),  # a letter that it has in no form stays
        (["e\u0301a"], "e\u0301a", "e\u0301a"),  # a list made by hand, with accents apart
        (["emma"], "", ""),
    ],
)
def test_typed_names_are_read_as_the_list_is_written(names, typed, read):
    assert spelled(typed, Vocabulary(names).itos) == read


def test_a_beginning_may_be_typed_with_a_capital():
    vocab = Vocabulary(["emma", "zoe"])
    model = MLP(len(vocab), block_size=2, emb_dim=2, hidden_dim=3)
    assert sample(model, vocab, 3, prefix="Zoë", seed=1) == sample(model, vocab, 3, prefix="zoe", seed=1)
    with pytest.raises(ValueError, match=r"'x' \(character 2 of 'zx'\) is not in the vocabulary"):
        sample(model, vocab, 3, prefix="Zx")
