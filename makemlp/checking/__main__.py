"""``python -m makemlp.checking grade FOLDER`` (floor 2): the grader from the command line."""

from __future__ import annotations

import argparse
import sys
import time

from makemlp.checking.grade import Limits, grade


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m makemlp.checking", description="Grade a class's exercises.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("grade", help="grade every notebook in a folder")
    command.add_argument("folder", help="one notebook a learner, or one folder a learner")
    command.add_argument("--out", default="grades", help="where grades.csv and the feedback go (default: grades)")
    command.add_argument("--notebook", help='the number of the exercise notebook, such as "03" (default: each its own)')
    command.add_argument("--seconds", type=float, default=Limits.seconds, help="for one answer (default: 10)")
    command.add_argument("--megabytes", type=int, default=Limits.megabytes, help="for one answer (default: 1024)")
    command.add_argument("--workers", type=int, help="submissions at once (default: one a processor)")
    asked = parser.parse_args(arguments)
    start = time.monotonic()
    try:
        limits = Limits(asked.seconds, asked.megabytes)
        rows = grade(asked.folder, asked.out, asked.notebook, limits, asked.workers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for row in rows:
        print(f"{row.learner}: {row.met} of {len(row.verdicts)} met. {row.note}".rstrip())
    print(f"{len(rows)} submissions in {time.monotonic() - start:.0f} s: see {asked.out}/grades.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
