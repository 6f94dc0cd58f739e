"""Is this machine ready for the course? (floor 2)"""

from __future__ import annotations

import platform
import re
from importlib import metadata

from makemlp.data.setting import list_tag, names_file


def check_setup() -> bool:
    """Print [OK] or [FAIL], and how to fix it, for Python and each package that makemlp needs.

    The bounds are those of pyproject.toml. They are read from what was installed (in Colab: unpacked) with the package.

    Returns
    -------
    bool
        True when everything is there.

    Source: lesson 00.
    """
    try:
        distribution = metadata.metadata("makemlp")
    except metadata.PackageNotFoundError:
        print(
            "[FAIL] makemlp was copied, not installed, so nothing here says what it needs. To fix it, run "
            "%pip install -e and the course's folder in a cell, then restart the kernel."
        )
        return False
    python = distribution["Requires-Python"].removeprefix(">=")
    results = [_report("Python", python, platform.python_version(), "make .venv again with a newer Python")]
    for requirement in distribution.get_all("Requires-Dist"):
        if "extra ==" in requirement:
            continue
        package, bound = re.split(">=", requirement.replace(" ", ""))
        try:
            here = metadata.version(package)
        except metadata.PackageNotFoundError:
            here = None
        fix = f"run %pip install --upgrade '{package}>={bound}' in a cell, then restart the kernel"
        results.append(_report(package, bound, here, fix))
    if list_tag():
        print(f"Names: '{names_file()}', not the bundled ones. makemlp.use_names(None) brings those back.")
    print("Ready." if all(results) else "Fix what failed, then run this cell again.")
    return all(results)


def _report(what: str, bound: str, here: str | None, fix: str) -> bool:
    fine = here is not None and _numbers(here) >= _numbers(bound)
    if fine:
        print(f"[OK]   {what} {bound} or newer")
    else:
        print(f"[FAIL] {what} {bound} or newer: here is {here or 'none'}. To fix it, {fix}.")
    return fine


def _numbers(version: str) -> tuple[int, ...]:
    """'2.13.0+cpu' -> (2, 13, 0)"""
    return tuple(int(part) for part in re.match(r"\d+(?:\.\d+)*", version)[0].split("."))
