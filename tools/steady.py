"""Run every lesson many times in a row and say whether a cell's output ever differed from what is stored.

    python tools/steady.py 20

Each run is pytest --nbval in fresh kernels and with nothing on the scoreboard. A line a run is added to
build/steady.jsonl; after an interrupt, the same command goes on where it stopped, as long as the commit is the same.
"""

import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINES = ROOT / "build" / "steady.jsonl"


def run_lessons(run: int) -> dict:
    """All lessons once: how many cells passed and which failed, and the seconds. What pytest said goes beside it."""
    report, log = (ROOT / "build" / "steady" / f"run-{run}.{ending}" for ending in ("xml", "txt"))
    report.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-n", "0", "-p", "no:cacheprovider"]
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as file:
        subprocess.run([*command, f"--junitxml={report}", "notebooks"], cwd=ROOT, stdout=file, stderr=file)
    seconds = round(time.perf_counter() - start, 1)
    if not report.exists():
        raise SystemExit(f"Run {run} ended without a report: read {log}.")
    cases = list(ElementTree.parse(report).iter("testcase"))
    report.unlink()
    failed = [f"{case.get('classname')}::{case.get('name')}" for case in cases if len(case)]
    return {"run": run, "passed": len(cases) - len(failed), "failed": failed, "seconds": seconds}


def commit() -> str:
    """The commit, with a plus sign if files differ from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    status = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    return head.stdout.strip() + ("+" if status.stdout else "")


def earlier(commit: str) -> list[dict]:
    """The runs of this commit that a command before this one has finished."""
    if not LINES.exists():
        return []
    runs = map(json.loads, LINES.read_text(encoding="utf-8").splitlines())
    return [run for run in runs if run["commit"] == commit]


def sentence(runs: list[dict], commit: str) -> str:
    """What the runs showed, in one sentence."""
    bad = [run for run in runs if run["failed"]]
    cells = sorted({cell for run in bad for cell in run["failed"]})
    if not bad:
        outcome = f"every one of the {runs[-1]['passed']} cells gave its stored output each time"
    else:
        outcome = f"{len(bad)} of them with a cell that failed: {', '.join(cells)}"
    return f"{len(runs)} runs of all lessons at {commit}: {outcome}."


def main(wanted: int) -> int:
    at = commit()
    runs = earlier(at)
    for run in range(len(runs) + 1, wanted + 1):
        runs.append({"commit": at, **run_lessons(run)})
        with LINES.open("a", encoding="utf-8") as file:
            file.write(json.dumps(runs[-1]) + "\n")
        print(f"run {run} of {wanted}: {runs[-1]['passed']} passed, {len(runs[-1]['failed'])} failed", flush=True)
    print(sentence(runs, at))
    return 1 if any(run["failed"] for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
