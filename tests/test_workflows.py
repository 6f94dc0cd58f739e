"""The workflows of .github run the commands that this repository has, on every system."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORKFLOWS = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ROOT / ".github/workflows").glob("*.yml")
}
STEPS = [
    pytest.param(step, id=f"{name}-{job}-{number}")
    for name, workflow in WORKFLOWS.items()
    for job, told in workflow["jobs"].items()
    for number, step in enumerate(told["steps"])
]
COMMANDS = [line for step in STEPS for line in step.values[0].get("run", "").splitlines()]


def test_the_workflows_are_the_tests_the_matrix_and_colab():
    assert set(WORKFLOWS) == {"test", "matrix", "colab"}


@pytest.mark.parametrize("step", STEPS)
def test_an_action_is_pinned_by_its_major_version(step):
    assert ("run" in step) != ("uses" in step)
    if "uses" in step:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


def test_every_make_command_exists():
    asked = {line.split()[1] for line in COMMANDS if line.startswith("make ")}
    assert {"test", "matrix"} <= asked
    assert asked <= set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))


def test_windows_runs_what_make_test_runs():
    (ours,) = re.findall(r"pytest (--nbval .*) \$\(ARGS\)", MAKEFILE)
    windows = [step.get("run", "") for step in WORKFLOWS["test"]["jobs"]["windows"]["steps"]]
    assert rf".venv\Scripts\python -m pytest {ours}" in windows


def test_windows_installs_as_the_readme_says():
    (ours,) = [line for line in COMMANDS if "pip install" in line and "-e" in line]
    assert ours.replace(" -c constraints.txt", "").replace("test", "lab") in README


def test_each_system_and_python_is_met():
    jobs = [job for workflow in ("test", "matrix") for job in WORKFLOWS[workflow]["jobs"].values()]
    systems = {job["runs-on"] for job in jobs} | {name for job in jobs for name in _matrix(job).get("os", [])}
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= systems
    for job in WORKFLOWS["test"]["jobs"].values():
        assert {"3.10", "3.11", "3.13"} <= set(_matrix(job)["python"])


def _matrix(job):
    return job.get("strategy", {}).get("matrix", {})


def test_the_matrix_and_colab_run_weekly():
    for name in ("matrix", "colab"):
        # YAML 1.1 takes the word "on" for True
        (when,) = WORKFLOWS[name][True]["schedule"]
        assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])
