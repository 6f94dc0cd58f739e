"""Every lesson and solution on Colab's own packages, without a network:  make colab-test

Both forms are run, each notebook in an empty folder: the file that is uploaded (make colab), and the ordinary notebook,
whose first cell installs the course from its repository. This downloads Colab's packages the first time, several
gigabytes where PyTorch has no CPU build, so it is no part of make test; tests/colab/test_bundles.py is.
"""

import sys
import tempfile
from pathlib import Path

import pytest

from colab.runtime import HOME, PACKAGES, ROOT, Runtime, build, call, publish, wheels

sys.path.append(str(ROOT / "tools"))
from publish import repository

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))
BUNDLES = ROOT / "build" / "colab"
REPORT = BUNDLES / "report.md"
# What a lesson installs besides the course, because Colab lacks it.
BROUGHT = {"06_tune_on_the_dev_split": {"optuna", "colorlog"}}

NO_NETWORK = """
import socket
for where in [("1.1.1.1", 443), ("8.8.8.8", 53), ("github.com", 443)]:
    try:
        socket.create_connection(where, timeout=5)
    except OSError as error:
        print(where[0], "refused:", error)
"""


def bundle(notebook: Path) -> Path:
    """The file to upload for a notebook."""
    if notebook in SOLUTIONS:
        return BUNDLES / "solutions" / f"{notebook.stem}_solutions.ipynb"
    return BUNDLES / notebook.name


NOTEBOOKS = [
    pytest.param(notebook, form, id=f"{bundle(notebook).stem}-{form}")
    for form in ("file", "repository")
    for notebook in LESSONS + SOLUTIONS
]


@pytest.fixture(scope="session")
def colab(request):
    HOME.mkdir(parents=True, exist_ok=True)
    python = build()
    call(sys.executable, ROOT / "tools" / "colab.py")
    folder = Path(tempfile.mkdtemp(prefix="makemlp-colab-"))
    publish(folder)
    runtime = Runtime(python, folder, wheels(python), repository())
    yield runtime
    text = report(runtime)
    REPORT.write_text(text, encoding="utf-8")
    request.config.pluginmanager.get_plugin("terminalreporter").write(f"\n\n{text}")
    runtime.close()


def report(runtime: Runtime) -> str:
    """A row for each notebook, a column for each form."""
    python, torch = runtime.run("-c", "import sys, torch; print(sys.version.split()[0], torch.__version__)").split()
    lines = [f"On Python {python} and PyTorch {torch}, with {len(runtime.freeze())} packages of Colab's set.", ""]
    lines += [*runtime.notes, "", "| Notebook | uploaded file | from the repository |", "|---|---|---|"]
    for name in dict.fromkeys(row["name"] for row in runtime.rows):
        cells = {row["form"]: row["said"] for row in runtime.rows if row["name"] == name}
        lines.append(f"| {name} | {cells.get('file', '')} | {cells.get('repository', '')} |")
    return "\n".join(lines) + "\n"


def test_there_is_no_network(colab):
    said = colab.run("-c", NO_NETWORK).splitlines()
    assert len(said) == 3, said
    with pytest.raises(RuntimeError, match="No matching distribution found for requests"):
        colab.run("-m", "pip", "install", "--dry-run", "--ignore-installed", "--isolated", "--retries=0", "requests")
    colab.notes.append(f"- No network: {'; '.join(said)}.")


def test_these_are_colabs_packages(colab):
    listed = {line for line in PACKAGES.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"}
    here = {normal(line) for line in colab.freeze()}
    other = {normal(line) for line in listed if not line.startswith("torch==")} - here
    assert not other
    assert not any(line.startswith(("makemlp", "optuna", "jedi")) for line in here)


def normal(line: str) -> str:
    name, _, version = line.partition("==")
    return f"{name.lower().replace('_', '-')}=={version}"


def test_pip_would_change_nothing_that_is_there(colab):
    course = f"git+https://github.com/{colab.repository}"
    for arguments, wanted in [
        (["--no-deps", course], {"makemlp"}),  # with its needs, pip would bring the jedi that Colab leaves out
        (["optuna"], {"optuna", "colorlog"}),
    ]:
        assert colab.would_install(*arguments) == wanted
        words = "`, `".join(sorted(wanted))
        colab.notes.append(f"- `pip install --dry-run {' '.join(arguments)}` would install `{words}` and nothing else.")


@pytest.mark.parametrize(("notebook", "form"), NOTEBOOKS)
def test_runs(notebook, form, colab):
    name = f"{bundle(notebook).stem}-{form}"
    before = colab.freeze()
    found = colab.notebook(bundle(notebook) if form == "file" else notebook, name)
    added = {line.split("==")[0].split(" @ ")[0] for line in found["added"]}
    wanted = BROUGHT.get(notebook.stem, set()) if notebook in LESSONS else set()
    fine = not (found["error"] or found["changed"] or found["differences"] or found["again"])
    said = f"{'ok' if fine else 'FAILED'}, {found['seconds']:.0f} s"
    colab.rows.append({"name": bundle(notebook).stem, "form": form, "said": said})
    assert found["error"] is None
    assert found["differences"] == []
    assert found["changed"] == set(), "pip changed what was there"
    assert added == wanted | ({"makemlp"} if form == "repository" else set())
    assert found["again"] == [] and found["unpacked"] == (form == "file"), "the first cell did something when run again"
    assert colab.freeze() == before
