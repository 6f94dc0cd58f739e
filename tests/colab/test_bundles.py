"""The files to upload to Colab: the same each time, complete, and running where the course is not installed.

What they do on Colab's own packages is another test's work, which downloads those: make colab-test.
"""

import ast
import base64
import importlib.util
import io
import json
import lzma
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_string
from importlib import metadata
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("run_notebook.py")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def tool():
    """tools/colab.py as a module."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.spec_from_file_location("colab_tool", ROOT / "tools" / "colab.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    subprocess.run([sys.executable, ROOT / "tools" / "colab.py", folder], check=True, capture_output=True)
    return folder


def first_cell(bundle):
    return next(cell for cell in nbformat.read(bundle, as_version=4).cells if cell.cell_type == "code")


def archive(source):
    """What a first cell unpacks."""
    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    packed = max((text for text in strings if isinstance(text, str)), key=len)
    return zipfile.ZipFile(io.BytesIO(lzma.decompress(base64.b85decode(packed))))


def test_there_is_one_for_every_notebook_and_it_is_the_same_each_time(bundles, tool, tmp_path):
    """Whichever process makes them: another one's hash values differ."""
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    exercises = {f"{path.stem}_exercises.ipynb" for path in (ROOT / "exercises").glob("*.ipynb")}
    solutions = {
        f"solutions/{path.stem}_solutions.ipynb" for path in (ROOT / "exercises" / "solutions").glob("*.ipynb")
    }
    found = {path.relative_to(bundles).as_posix(): path.read_bytes() for path in bundles.rglob("*") if path.is_file()}
    assert set(found) == lessons | exercises | solutions
    tool.main(tmp_path)
    assert all((tmp_path / name).read_bytes() == content for name, content in found.items())


def test_a_list_of_ones_own_is_packed_and_set(tool, tmp_path, monkeypatch):
    """Whichever way its file is written, the package holds it as one in UTF-8, and the first cell sets it."""
    (tmp_path / "my list.txt").write_bytes("\ufeffZoë\r\nOtto\r\n".encode())
    monkeypatch.setenv("MAKEMLP_NAMES", str(tmp_path / "my list.txt"))
    packed = tool.pack.__wrapped__(())  # what was packed before holds no such list
    cell = json.loads(tool.bundle(ROOT / "notebooks" / "01_bigram.ipynb", packed, None))["cells"][1]["source"]
    source = "".join(cell)
    assert 'os.environ.setdefault("MAKEMLP_NAMES", "my_list")' in source
    assert archive(source).read("makemlp/names/my_list.txt").decode() == "Zoë\nOtto\n"
    assert "makemlp/names/us_2018.txt" in archive(source).namelist()


def test_a_file_is_its_notebook_but_for_the_first_cell_and_the_links(bundles):
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        ours, theirs = (json.loads(file.read_text(encoding="utf-8")) for file in (path, bundles / path.name))
        code = [[cell for cell in one["cells"] if cell["cell_type"] == "code"] for one in (ours, theirs)]
        assert code[0][1:] == code[1][1:]
        assert [cell["id"] for cell in ours["cells"]] == [cell["id"] for cell in theirs["cells"]]
        nbformat.validate(theirs)


def test_the_first_cell_says_what_it_is_and_is_folded(bundles):
    cells = {path.name: first_cell(path) for path in bundles.rglob("*.ipynb")}
    assert len({cell.source for name, cell in cells.items() if not name.startswith(("10_", "10b_"))}) == 1
    cell = cells["00_start_here.ipynb"]
    assert cell.source.startswith("#@title ") and cell.metadata["cellView"] == "form"
    long = [line for line in cell.source.splitlines() if len(line) > 120]
    assert len(long) == 1 and len(cell.source) < 600_000  # the package, as one string
    assert "makemlp" in cell.source.splitlines()[1]


@pytest.mark.parametrize(
    ("notebook", "heavy"),
    [
        ("words = download_words()", set()),
        ("words = load_words()", {"README.md", "brown.txt.xz"}),
        (
            "model = load_word_model(WordVocabulary(load_words()))",
            {"README.md", "brown.txt.xz", "network101.pt", "network102.pt"},
        ),
    ],
)
def test_the_package_is_packed_whole_with_what_it_needs_and_nothing_else(tool, notebook, heavy):
    """The bundled text and its network are most of all bytes, so they go only where they are used, with their terms."""
    packed = archive(f"packed = {tool.pack(tool.heavy(notebook))!r}")
    names = {name for name in packed.namelist() if name.startswith("makemlp/")}
    package = {path for path in (ROOT / "makemlp").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    corpus = {path for path in package if path.parent.name == "corpus"}
    wanted = {path for path in package - corpus if path.name != "README.md"}
    wanted |= {path for path in corpus if path.name in heavy}
    assert names == {path.relative_to(ROOT).as_posix() for path in wanted}
    for name in names:
        assert packed.read(name) == (ROOT / name).read_bytes()


def test_what_check_setup_reads_is_what_an_installed_package_has(bundles):
    packed = archive(first_cell(bundles / "00_start_here.ipynb").source)
    (about,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
    here, installed = message_from_string(packed.read(about).decode()), metadata.metadata("makemlp")
    assert {key: here[key] for key in ("Name", "Version", "Requires-Python")} == {
        key: installed[key] for key in ("Name", "Version", "Requires-Python")
    }
    needs = [need for need in installed.get_all("Requires-Dist") if "extra ==" not in need]
    assert here.get_all("Requires-Dist") == needs


# Links


@pytest.mark.parametrize(
    ("folder", "link", "alone", "published"),
    [
        (
            "notebooks",
            "[01 Bigram](01_bigram.ipynb)",
            "01 Bigram (`01_bigram.ipynb`)",
            "[01 Bigram](https://colab.research.google.com/github/ada/names/blob/main/notebooks/01_bigram.ipynb)",
        ),
        (
            "notebooks",
            "[the exercises](../exercises/01_bigram.ipynb)",
            "the exercises (`01_bigram_exercises.ipynb`)",
            "[the exercises](https://colab.research.google.com/github/ada/names/blob/main/exercises/01_bigram.ipynb)",
        ),
        (
            "exercises/solutions",
            "[01](../../notebooks/01_bigram.ipynb)",
            "01 (`01_bigram.ipynb`)",
            "[01](https://colab.research.google.com/github/ada/names/blob/main/notebooks/01_bigram.ipynb)",
        ),
        (
            "exercises",
            "[More](README.md#for-learners) and more",
            "More (`exercises/README.md`) and more",
            "[More](https://github.com/ada/names/blob/main/exercises/README.md#for-learners) and more",
        ),
        *[("notebooks", same, same, same) for same in ("[Optuna](https://optuna.org)", "[up](#recap)", "a[0](x y)")],
    ],
)
def test_a_link_leads_to_the_repository_or_names_the_file(folder, link, alone, published, tool):
    assert tool.mend_links(link, folder, None) == alone
    assert tool.mend_links(link, folder, "ada/names") == published


def test_no_relative_link_is_left(bundles):
    for path in bundles.rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            targets = LINK.findall(cell.source) if cell.cell_type == "markdown" else []
            assert all(target.startswith(("https://", "#")) for target in targets), (path.name, targets)
            assert cell.cell_type != "markdown" or not re.search(r"(src|href)=\"(?!https://|#|data:)", cell.source)


# Running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A Python with this one's packages, except the course: what an editable install adds to the path stays behind."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = sysconfig.get_path("purelib", "nt" if os.name == "nt" else "posix_prefix", {"base": str(folder)})
    (Path(site) / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


@pytest.mark.parametrize("name", ["00_start_here.ipynb", "solutions/03_embed_and_concatenate_solutions.ipynb"])
def test_runs_from_an_empty_folder_where_the_course_is_not_installed(name, bundles, stranger, tmp_path):
    place, temporary, report = tmp_path / "empty", tmp_path / "temporary", tmp_path / "report.json"
    place.mkdir()
    temporary.mkdir()
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAKEMLP_RUNS")}
    env |= dict.fromkeys(("TMPDIR", "TEMP", "JUPYTER_DATA_DIR"), str(temporary))
    look = "from importlib.util import find_spec; print(find_spec('makemlp') is None, find_spec('torch') is None)"
    options = {"cwd": place, "env": env, "check": True, "capture_output": True, "encoding": "utf-8"}
    assert subprocess.run([stranger, "-c", look], **options).stdout == "True False\n"
    subprocess.run([stranger, RUNNER, bundles / name, report], **options)
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["error"] is None
    assert found["differences"] == []
    # run a second time, the first cell is silent and unpacks nothing
    assert found["first"] == found["again"] == []
    assert len(list(temporary.glob("makemlp-*"))) == 1


def test_a_list_of_your_own_does_not_replace_one_that_ships(tool, tmp_path, monkeypatch):
    for name, packed in {"us_2018": "us_2018_of_yours", "my list": "my_list"}.items():
        file = tmp_path / f"{name}.txt"
        file.write_text("ann\nida\notto\n", encoding="utf-8")
        monkeypatch.setenv("MAKEMLP_NAMES", str(file))
        assert tool.packed_name() == packed and tool.own_list() == {f"makemlp/names/{packed}.txt": b"ann\nida\notto\n"}
