"""A stand-in for a Colab machine: its packages, no network, and a public repository that is a folder."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = ROOT / "build" / "colab-set"
PACKAGES = HERE / "packages.txt"
# PyTorch's CPU build where that can be had, as it spares gigabytes of CUDA, and the next version where this one can't.
PYTORCH = [("2.11.0", "cpu"), ("2.11.0", None), ("2.13.0", "cpu"), ("2.13.0", None)]
NOBODY_THERE = "http://127.0.0.1:9"
# What a lesson installs there besides the course, and what pip builds the course with.
WANTED, BUILDS = ["optuna"], ["hatchling"]


def call(*command: str | Path, **options) -> str:
    """What a command prints; where it fails, its words are in the error."""
    done = subprocess.run([*map(str, command)], capture_output=True, encoding="utf-8", **options)
    if done.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def works(*command: str | Path) -> bool:
    try:
        return subprocess.run([*map(str, command)], capture_output=True).returncode == 0
    except OSError:
        return False


def find_uv() -> list[str]:
    """The command uv: the one on the PATH, this Python's, or one installed into a folder of the build."""
    scratch = HOME / "uv" / "bin" / "python"
    for command in (["uv"], [sys.executable, "-m", "uv"], [str(scratch), "-m", "uv"]):
        if works(*command, "--version"):
            return command
    call(sys.executable, "-m", "venv", HOME / "uv")
    call(scratch, "-m", "pip", "install", "--quiet", "uv>=0.6.9")
    return [str(scratch), "-m", "uv"]


def find_python() -> str:
    """Python 3.13: COLAB_PYTHON, the one on the PATH, pyenv's; or the words for which uv finds or fetches one."""
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.13*/bin/python"))
    for python in (os.environ.get("COLAB_PYTHON", ""), "python3.13", *map(str, pyenv)):
        if python and works(python, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 13))"):
            return python
    return "3.13"


def build() -> Path:
    """The Python of Colab's package set, made where it isn't there, or isn't as it was made from the list."""
    python, stamp = HOME / "venv" / "bin" / "python", HOME / "venv" / "made-from"
    listed = PACKAGES.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == listed + frozen(python):
        return python
    uv = find_uv()
    call(*uv, "venv", "--clear", "--python", find_python(), HOME / "venv")
    (HOME / "no-jedi.txt").write_text("jedi; sys_platform == 'never'\n", encoding="utf-8")
    for number, (version, backend) in enumerate(PYTORCH, start=1):
        (HOME / "packages.txt").write_text(listed.replace("torch==2.11.0", f"torch=={version}"), encoding="utf-8")
        build_of = ["--torch-backend", backend] if backend else []
        files = ["-r", HOME / "packages.txt", "--override", HOME / "no-jedi.txt"]
        try:
            call(*uv, "pip", "install", "--python", python, *build_of, *files)
            break
        except RuntimeError:
            if number == len(PYTORCH):
                raise
    stamp.write_text(listed + frozen(python), encoding="utf-8")
    return python


def frozen(python: Path) -> str:
    return call(python, "-m", "pip", "freeze", "--all")


def wheels(python: Path) -> Path:
    """A folder that stands in for the package index: what these packages lack, and what builds the course."""
    folder, stamp = HOME / "wheels", HOME / "wheels" / "made-for"
    listed = " ".join(WANTED + BUILDS)
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == listed):
        report = call(python, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-", *WANTED)
        lacking = [f"{one['metadata']['name']}=={one['metadata']['version']}" for one in json.loads(report)["install"]]
        call(python, "-m", "pip", "download", "--no-deps", "-d", folder, *lacking)
        call(python, "-m", "pip", "download", "-d", folder, *BUILDS)
        stamp.write_text(listed, encoding="utf-8")
    return folder


def publish(folder: Path) -> Path:
    """The course as it stands in this folder, committed or not, in a bare repository."""
    copy, bare = folder / "course", folder / "course.git"
    for name in call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0"):
        if name and (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    call("git", "init", "--quiet", copy)
    call("git", "add", "--all", cwd=copy)
    author = ["-c", "user.name=makemlp", "-c", "user.email=makemlp@example.org"]
    call("git", *author, "commit", "--quiet", "-m", "The course", cwd=copy)
    call("git", "clone", "--quiet", "--bare", copy, bare)
    return bare


@dataclass
class Runtime:
    """Colab's Python, in processes without a network; `rows` is what was found, for the report."""

    python: Path
    folder: Path
    wheels: Path
    repository: str
    rows: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        git = self.folder / "gitconfig"
        bare = (self.folder / "course.git").as_uri()
        git.write_text(f'[url "{bare}"]\n\tinsteadOf = https://github.com/{self.repository}\n', encoding="utf-8")
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOBODY_THERE)
        return proxies | {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": str(git),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "NO_PROXY": "localhost,127.0.0.1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PYTHONWARNINGS": "ignore",
            "TQDM_DISABLE": "1",
        }

    def run(self, *arguments: str | Path, **options) -> str:
        """What Colab's Python prints, with these arguments and no network."""
        options = {"env": self.environment, **options}
        return call(self.python, HERE / "offline.py", self.python, *arguments, **options)

    def freeze(self) -> set[str]:
        """What pip says is installed."""
        return set(self.run("-m", "pip", "freeze", "--all").splitlines())

    def would_install(self, *arguments: str) -> set[str]:
        """The packages that pip says it would install or change for these arguments."""
        report = self.run("-m", "pip", "install", "--quiet", "--dry-run", "--report", "-", *arguments)
        return {one["metadata"]["name"] for one in json.loads(report)["install"]}

    def notebook(self, notebook: Path, name: str) -> dict:
        """Run a notebook in an empty folder: the report of run_notebook.py, and what pip says of before and after.

        "unpacked" is how often the packed course was unpacked.
        """
        place, temporary, report = (self.folder / f"{name}{end}" for end in ("", ".tmp", ".json"))
        place.mkdir()
        temporary.mkdir()
        before = self.freeze()
        try:
            environment = self.environment | {"TMPDIR": str(temporary)}
            self.run(HERE / "run_notebook.py", notebook, report, cwd=place, env=environment)
            found = json.loads(report.read_text(encoding="utf-8"))
            after, unpacked = self.freeze(), len(list(temporary.glob("makemlp-*")))
            return found | {"changed": before - after, "added": after - before, "unpacked": unpacked}
        finally:
            self.remove({line.split("==")[0].split(" @ ")[0] for line in self.freeze() - before})

    def remove(self, packages: set[str]) -> None:
        if packages:
            self.run("-m", "pip", "uninstall", "--yes", "--quiet", *sorted(packages))

    def close(self) -> None:
        shutil.rmtree(self.folder)
