"""Set the public repository's name wherever the course mentions it: badges, links, first cells, pyproject.toml.

    python tools/publish.py owner/name

Files stay otherwise as they are, byte for byte; nothing is run again. It may be done as often as the name changes.
"""

import os
import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # JupyterLab brings it along where Python has none

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {"build", "dist", "runs", "__pycache__"}  # nor what begins with a dot, but for these two:
OURS = {".ci", ".github"}
TEXTS = {".cfg", ".cff", ".ipynb", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yml", ".yaml", ""}
# The sites that a repository's name may follow: GitHub, Colab and those that open notebooks from GitHub.
SITES = r"(?:github\.com[/:]|githubusercontent\.com/|/github/(?:[\w-]+/)*?|/gh/)"
# GitHub's rules for an owner and for a repository.
OWNER_AND_NAME = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.{1,2}$)(?!.*\.git$)[\w.-]{1,100}", re.ASCII)


def project(root: Path = ROOT) -> dict:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def repository(root: Path = ROOT) -> str:
    """The public repository as owner/name: the one place that says it is [project.urls] in pyproject.toml."""
    return project(root)["urls"]["Repository"].partition("github.com/")[2]


def files(root: Path = ROOT) -> list[Path]:
    """The texts of the course that may mention the repository."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in set(folders) - NOT_OURS if name in OURS or not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXTS]
    return found


def mentions(name: str) -> re.Pattern:
    """Where this very owner/name follows a site, whatever comes after it; a longer name is another repository."""
    return re.compile(rf"({SITES}){re.escape(name)}(?![\w-])(?!\.(?!git\b)\w)".encode())


def publish(new: str, root: Path = ROOT) -> int:
    """Put `new` in the place of the name that pyproject.toml says; returns how many files were changed.

    Raises
    ------
    ValueError
        if `new` is not an owner and a name as GitHub has them.
    """
    if not OWNER_AND_NAME.fullmatch(new):
        raise ValueError(f"'{new}' is not a repository's name: write owner/name, as in make publish REPO=ada/makemlp.")
    old, changed = mentions(repository(root)), 0
    for file in files(root):
        before = file.read_bytes()
        after = old.sub(rf"\g<1>{new}".encode(), before)
        if after != before:
            file.write_bytes(after)
            changed += 1
    return changed


def main(arguments: list[str]) -> int:
    try:
        changed = publish(" ".join(arguments))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"The course is at {repository()} now, in {changed} files. Commit and push them.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
