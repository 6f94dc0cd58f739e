"""``python -m makemlp.checking grade FOLDER`` (floor 3): the grader from the command line."""

from __future__ import annotations

import argparse
import sys
import time

from makemlp.checking import sandbox
from makemlp.checking.grade import Limits, grade

SANDBOXED = "Answers ran in bubblewrap's sandbox: without network, and without a file or process of yours."
GUARDED = (
    "Answers ran behind a guard only. It stops accidents, and nobody who means harm: to grade answers that you do not "
    "trust, install bubblewrap (Linux)."
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m makemlp.checking", description="Grade a class's exercises.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("grade", help="grade every notebook in a folder")
    command.add_argument("folder", help="one notebook, folder or zip file per learner")
    command.add_argument("--out", default="grades", help="where grades.csv and the feedback go (default: grades)")
    command.add_argument("--notebook", help='the number of the exercise notebook, such as "03" (default: each its own)')
    command.add_argument("--seconds", type=float, default=Limits.seconds, help="for one answer (default: 10)")
    command.add_argument("--megabytes", type=int, default=Limits.megabytes, help="for one answer (default: 1024)")
    command.add_argument("--workers", type=int, help="submissions at once (default: one per processor)")
    command.add_argument(
        "--sandbox",
        choices=["auto", "yes", "no"],
        default="auto",
        help="run answers in bubblewrap's sandbox: where it is there (auto), or refuse to grade without it (yes)",
    )
    asked = parser.parse_args(arguments)
    start = time.monotonic()
    inside = {"auto": sandbox.works(), "yes": True, "no": False}[asked.sandbox]
    try:
        limits = Limits(asked.seconds, asked.megabytes)
        rows = grade(asked.folder, asked.out, asked.notebook, limits, asked.workers, inside)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The report can't be written ({error.strerror}): make room, or pass another --out.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped. What was graded by then is in {asked.out}/grades.csv.", file=sys.stderr)
        return 130
    for row in rows:
        print(f"{row.learner}: {row.met} of {len(row.verdicts)} met. {row.note}".rstrip())
    print(f"{len(rows)} submissions in {time.monotonic() - start:.0f} s: see {asked.out}/grades.csv")
    print(SANDBOXED if inside else GUARDED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
