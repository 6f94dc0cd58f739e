"""Write every lesson and exercise as one file to upload to Colab, the package packed into its first cell.

    python tools/colab.py [folder]

The files go to build/colab, solutions to a folder of their own in there. Nothing need be published or installed for
them. They come out the same, byte for byte, until the course changes.
Where another list of names is set (MAKEMLP_NAMES, `use_names`), it is packed too, and the notebooks read it.
"""

import base64
import io
import json
import lzma
import posixpath
import re
import sys
import zipfile
from functools import cache
from pathlib import Path

from publish import ROOT, project, repository

from makemlp.data import load_names
from makemlp.data.setting import NAMES_FILE, names_file

KINDS = {"notebooks": "", "exercises": "_exercises", "exercises/solutions": "_solutions"}
# What the package needs when it runs, besides its modules.
DATA = ("names/*.txt", "quizzes/*.json", "measured/*", "live/*.js", "live/*.css")
# Most of all bytes, so only a notebook that calls these functions carries their files; the text's terms go with it.
HEAVY = {"load_words": "brown.txt.xz", "load_word_model": "network*.pt"}
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")

FIRST_CELL = """\
#@title The course itself, packed into this cell: run it once; there is nothing to read in it {{ display-mode: "form" }}
# A zip archive with the package makemlp and its names: packed by lzma, written in base 85.
# Where makemlp can be imported already, this does nothing.
from importlib.util import find_spec

if find_spec("makemlp") is None:
    import base64
    import io
    import lzma
    import os
    import sys
    import tempfile
    import zipfile

    packed = "{packed}"
    folder = tempfile.mkdtemp(prefix="makemlp-")
    zipfile.ZipFile(io.BytesIO(lzma.decompress(base64.b85decode(packed)))).extractall(folder)
    sys.path.append(folder)
{setting}    # For the workers that lesson 06 starts.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), folder]))
    del packed, folder"""
# Folded away in Colab, and in JupyterLab too.
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}


SETTING = """\
    os.environ.setdefault("MAKEMLP_NAMES", "{name}")  # the list that was set when this was packed
"""


def own_list() -> dict[str, bytes]:
    """The list that is set, as a file of the package, where it is none of those that ship; else nothing."""
    file = names_file()
    if file.parent == NAMES_FILE.parent:
        return {}
    return {f"makemlp/names/{packed_name()}.txt": "".join(f"{name}\n" for name in load_names()).encode()}


def packed_name() -> str:
    """What the list that is set is called in the package: letters, digits and underscores; "" for the bundled one."""
    file = names_file()
    name = re.sub(r"\W", "_", file.stem)
    if file.parent != NAMES_FILE.parent and NAMES_FILE.with_name(f"{name}.txt").exists():
        name += "_of_yours"  # beside the list of that name which ships
    return "" if file == NAMES_FILE else name


def heavy(notebook: str) -> tuple[str, ...]:
    """The heavy files of the package that the text of a notebook calls for."""
    files = [f"corpus/{file}" for name, file in HEAVY.items() if re.search(rf"\b{name}\b", notebook)]
    return ("corpus/README.md", *files) if files else ()


@cache
def pack(heavy_files: tuple[str, ...]) -> str:
    """The package as text: a zip archive without times or compression, so that lzma sees all of it at once.

    Parameters
    ----------
    heavy_files : what it is to hold besides its modules and their small data, as `heavy` gives them.
    """
    package, patterns = ROOT / "makemlp", (*DATA, *heavy_files)
    files = sorted({*package.rglob("*.py"), *(file for pattern in patterns for file in package.glob(pattern))})
    contents = {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in files}
    about = project()
    contents |= own_list()
    contents[f"makemlp-{about['version']}.dist-info/METADATA"] = metadata(about).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as box:
        for name, content in contents.items():
            text = not name.endswith((".xz", ".pt"))
            box.writestr(zipfile.ZipInfo(name), content.replace(b"\r\n", b"\n") if text else content)
    return base64.b85encode(lzma.compress(archive.getvalue(), preset=9 | lzma.PRESET_EXTREME)).decode()


def metadata(about: dict) -> str:
    """What check_setup reads: the bounds of pyproject.toml, as an installed package has them."""
    needs = "".join(f"Requires-Dist: {need}\n" for need in sorted(about["dependencies"]))
    head = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    return f"{head}Requires-Python: {about['requires-python']}\n{needs}"


def bundle_name(path: str) -> str | None:
    """The file to upload for a notebook of the course: 'exercises/01_x.ipynb' -> '01_x_exercises.ipynb'."""
    folder, name = posixpath.split(path)
    stem, extension = posixpath.splitext(name)
    return f"{stem}{KINDS[folder]}.ipynb" if folder in KINDS and extension == ".ipynb" else None


def mend_links(markdown: str, folder: str, published: str | None) -> str:
    """Links to other files of the course, as a notebook that stands alone can have them.

    Parameters
    ----------
    folder : where the notebook stands in the course, "exercises" for example.
    published : the repository's owner/name, or None: then a link becomes text that names the file.
    """

    def mend(link: re.Match) -> str:
        words, target = link.groups()
        file, hash_, anchor = target.partition("#")
        if "://" in target or not file:
            return link[0]
        path = posixpath.normpath(posixpath.join(folder, file))
        uploaded = bundle_name(path)
        if published is None:
            return f"{words} (`{uploaded or path}`)"
        site = "colab.research.google.com/github" if uploaded else "github.com"
        return f"[{words}](https://{site}/{published}/blob/main/{path}{hash_}{anchor})"

    return LINK.sub(mend, markdown)


def bundle(file: Path, packed: str, published: str | None) -> str:
    """One notebook with the package in its first code cell, as the text of a file."""
    notebook = json.loads(file.read_text(encoding="utf-8"))
    folder = file.parent.relative_to(ROOT).as_posix()
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    setting = SETTING.format(name=packed_name()) if packed_name() else ""
    code[0].update(source=FIRST_CELL.format(packed=packed, setting=setting).splitlines(keepends=True), metadata=FOLDED)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            mended = mend_links("".join(cell["source"]), folder, published)
            cell["source"] = mended.splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def main(out: Path) -> None:
    owner_and_name = repository()
    published = None if owner_and_name.startswith("OWNER/") else owner_and_name
    for folder in KINDS:
        target = out / "solutions" if folder == "exercises/solutions" else out
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted((ROOT / folder).glob("*.ipynb")):
            name = bundle_name(file.relative_to(ROOT).as_posix())
            packed = pack(heavy(file.read_text(encoding="utf-8")))
            (target / name).write_text(bundle(file, packed, published), encoding="utf-8", newline="\n")
    files = sorted(out.rglob("*.ipynb"))
    size = max(file.stat().st_size for file in files) / 1e6
    print(f"{len(files)} files in {out}, the package {len(pack(())) / 1e6:.2f} MB of each, the largest {size:.1f} MB.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "colab")
