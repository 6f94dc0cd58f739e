"""`make publish`: the repository's name is the same wherever the course mentions it, and can be set in one go."""

import re
import shutil
import subprocess
import sys

import pytest
from lessons import ROOT

sys.path.append(str(ROOT / "tools"))
from publish import files, main, mentions, project, publish, repository

# Repositories of others that the course names. A new one is added here, so that a stale name of ours stands out.
OTHERS = {
    "berkeley-dsep-infra/jupyterlab-a11y-checker",
    "dequelabs/axe-core",
    "karpathy/makemore",
    "karpathy/micrograd",
    "spec/v1",  # of Git LFS, whose pointers begin with its address
}
# Any repository that follows a site, with what an address may hold before and after it.
ANY = re.compile(
    r"(?:github\.com[/:]|githubusercontent\.com/|(?:google\.com|nbviewer\.org|shields\.io|jupyter\.org)/github/|/gh/)"
    r"(?:(?:stars|license|last-commit|actions/workflow/status)/)?([\w-]+/[\w.-]*[\w-])"
)
# These speak of names, of this course's too, as examples.
EXAMPLES = {"tools/publish.py", "tests/test_publish.py", "tests/colab/test_bundles.py"}


def named(root):
    """Every repository that a file of the course mentions, but for the examples."""
    found = {}
    for file in files(root):
        if file.relative_to(root).as_posix() not in EXAMPLES:
            for name in ANY.findall(file.read_bytes().decode("utf-8", "replace")):
                found.setdefault(name.removesuffix(".git"), set()).add(file.relative_to(root).as_posix())
    return found


@pytest.fixture
def course(tmp_path):
    """A copy of the texts that mention the repository or might."""
    for file in files(ROOT):
        copy = tmp_path / "course" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path / "course"


def contents(root):
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files(root)}


def test_no_mention_of_another_repository_is_left():
    assert {name: where for name, where in named(ROOT).items() if name not in OTHERS | {repository()}} == {}


def test_every_first_cell_names_the_repository():
    notebooks = [path for path in contents(ROOT) if path.endswith(".ipynb")]
    assert set(notebooks) <= named(ROOT)[repository()]


def test_a_name_is_set_everywhere_and_back(course):
    before, first = contents(course), repository(course)
    for name in ("ada-l/Names.of_1843", "b/makemlp2", "makemlp/names", first):
        assert publish(name, course) == len(named(course)[name])
        assert repository(course) == name
        assert set(named(course)) - OTHERS == {name}
    assert contents(course) == before


def test_publishing_changes_the_name_and_no_other_byte(course):
    before, old = contents(course), repository(course)
    publish("ada/letters", course)
    after = contents(course)
    changed = {path for path in before if before[path] != after[path]}
    assert {"pyproject.toml", "README.md", "notebooks/00_start_here.ipynb", "exercises/01_bigram.ipynb"} <= changed
    for path in changed - EXAMPLES:
        assert after[path].replace(b"ada/letters", old.encode()) == before[path]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("git+https://github.com/olga/course", "git+https://github.com/ada/letters"),
        ("https://github.com/olga/course.git@main", "https://github.com/ada/letters.git@main"),
        ("at https://github.com/olga/course.", "at https://github.com/ada/letters."),
        ('"…github.com/olga/course\\n"', '"…github.com/ada/letters\\n"'),
        ("git@github.com:olga/course.git", "git@github.com:ada/letters.git"),
        ("https://colab.research.google.com/github/olga/course/blob/main/a", "…/github/ada/letters/blob/main/a"),
        ("https://img.shields.io/github/stars/olga/course", "https://img.shields.io/github/stars/ada/letters"),
        ("https://mybinder.org/v2/gh/olga/course/HEAD", "https://mybinder.org/v2/gh/ada/letters/HEAD"),
        *[
            (f"https://github.com/{other}", f"https://github.com/{other}")
            for other in ("olga/course-solutions", "olga/course.github.io", "new-olga/course", "olga/other")
        ],
        ("the folder olga/course", "the folder olga/course"),
    ],
)
def test_a_mention_is_the_whole_name_after_a_site(text, after):
    changed = mentions("olga/course").sub(rb"\g<1>ada/letters", text.encode()).decode()
    assert changed.endswith(after.removeprefix("…"))


def test_a_mention_that_was_missed_is_found(course):
    readme = course / "README.md"
    readme.write_text(f"{readme.read_text(encoding='utf-8')}\nhttps://github.com/OLD/name/issues\n", encoding="utf-8")
    publish("ada/letters", course)
    assert named(course)["OLD/name"] == {"README.md"}


@pytest.mark.parametrize(
    "name",
    ["", "letters", "a/b/c", "https://github.com/a/b", "a b/c", "-a/b", "a--b/c", "a/..", "a/b.git", "å/b", "a/"],
)
def test_a_bad_name_gets_one_sentence_and_changes_nothing(name, tmp_path, capsys):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="make publish REPO=ada/makemlp"):
        publish(name, tmp_path)
    assert contents(tmp_path) == before
    assert main([name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"'{name}'" in said


def test_the_command_itself(course):
    command = [sys.executable, course / "tools" / "publish.py", "ada/letters"]
    said = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    assert "ada/letters" in said and repository(course) == "ada/letters"
    assert project(course)["name"] == "makemlp"
