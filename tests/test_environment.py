"""One set of bounds: environment.yml and constraints.txt agree with pyproject.toml."""

import sys
from importlib import metadata
from itertools import product
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_SPECS = [spec for spec in CONDA["dependencies"] if isinstance(spec, str)]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
# conda-forge's names, where they are not the package index's
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
# What PyTorch's CUDA build brings along, and its CPU build does not
CUDA = ("cuda", "nvidia", "triton")


def requirements(*extras: str) -> list[Requirement]:
    """The package's own requirements and those of the extras, which may name each other (`makemlp[lab]`)."""
    found = {r.name: r for r in map(Requirement, PROJECT["dependencies"])}
    waiting = list(extras)
    while waiting:
        for requirement in map(Requirement, EXTRAS[waiting.pop()]):
            if requirement.name == PROJECT["name"]:
                waiting.extend(sorted(requirement.extras))
            else:
                found[requirement.name] = requirement
    return list(found.values())


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})


def environments() -> list[dict[str, str]]:
    """Every Python and system that the course is for."""
    systems = [("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows")]
    return [
        {
            **default_environment(),
            "python_version": f"3.{minor}",
            "python_full_version": f"3.{minor}.9",
            "sys_platform": platform,
            "os_name": os_name,
            "platform_system": system,
        }
        for minor, (platform, os_name, system) in product(range(10, 14), systems)
    ]


def test_the_core_is_what_colab_has():
    assert {r.name for r in requirements()} == {"torch", "numpy", "matplotlib", "ipywidgets", "tqdm"}


def test_the_package_has_lower_bounds_only():
    for requirement in requirements(*EXTRAS):
        assert [s.operator for s in requirement.specifier] == [">="], requirement


@pytest.mark.parametrize("spec", CONDA_SPECS)
def test_conda_can_read(spec):
    assert MatchSpec(spec, strict=True).name is not None


def test_conda_bounds_are_the_packages():
    conda = {}
    for spec in map(MatchSpec, CONDA_SPECS):
        name = spec.name.normalized
        conda[CONDA_NAMES.get(name, name)] = SpecifierSet(str(spec.version or ""))
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda.pop("pip") == SpecifierSet()
    assert conda == {r.name: r.specifier for r in requirements("lab")}


def test_conda_installs_from_conda_forge_and_pip_the_course_alone():
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    # pip reads this as a requirements file, where an option like --no-deps is an error
    assert [entry for entry in CONDA["dependencies"] if isinstance(entry, dict)] == [{"pip": ["--editable ."]}]


@pytest.mark.parametrize("requirement", requirements("lab", "test"), ids=str)
def test_constraints_satisfy_the_bounds(requirement):
    for environment in environments():
        if not applies(requirement, environment):
            continue
        where = f"Python {environment['python_version']} on {environment['sys_platform']}"
        pins = [p for p in PINS if canonicalize_name(p.name) == requirement.name and applies(p, environment)]
        assert len(pins) == 1, f"{requirement.name} has {len(pins)} pins for {where}"
        (exact,) = pins[0].specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), f"{pins[0]} is not {requirement} for {where}"


def test_constraints_pin_what_is_required_and_nothing_else():
    here = default_environment()
    pins = {canonicalize_name(p.name): p.specifier for p in PINS if applies(p, here)}
    needed, waiting = set(), [r for r in requirements("lab", "test") if applies(r, here)]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, *sorted(requirement.extras)) in needed or name.startswith(CUDA):
            continue
        needed.add((name, *sorted(requirement.extras)))
        version = metadata.version(name)
        if name in pins and not pins[name].contains(version):
            pytest.skip(f"{name} {version} is installed here, not the one of constraints.txt: its needs may differ")
        for line in metadata.requires(name) or []:
            child = Requirement(line)
            for extra in {"", *requirement.extras}:
                if child.marker is None or child.marker.evaluate({**here, "extra": extra}):
                    waiting.append(child)
    assert set(pins) == {name for name, *_ in needed}
