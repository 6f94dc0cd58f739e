"""Re-execute lessons in place and normalise them, so that a commit shows what changed and nothing else.

    python tools/refresh.py notebooks/*.ipynb

Cell ids are kept. Execution counts run 1, 2, 3 …; widget state, timings and machine details are dropped.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from makemlp import live

# A progress bar appears on a slow machine only; what is stored must not depend on that.
os.environ["TQDM_DISABLE"] = "1"

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh(path: Path) -> None:
    """Run one notebook and write it back."""
    text = nbformat.writes(refreshed(path), version=4)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def refreshed(path: Path) -> nbformat.NotebookNode:
    """A notebook, run from top to bottom in a fresh kernel and normalised."""
    notebook = nbformat.read(path, as_version=4)
    # The limits are for what hangs: on a busy machine a cell of lesson 06 takes minutes.
    client = NotebookClient(
        notebook, timeout=3600, startup_timeout=900, resources={"metadata": {"path": str(path.parent)}}
    )
    # Stored is what a learner sees the first time, with nothing on the scoreboard yet.
    with tempfile.TemporaryDirectory() as runs:
        os.environ["MAKEMLP_RUNS"] = runs
        client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")})
        if cell.cell_type == "code":
            cell.outputs = merge_streams(filter(shows, map(kept, cell.outputs)))
    return notebook


def kept(output: dict) -> dict:
    """The output without what is another in every run, a live widget's id, and without an explorable's script."""
    data = output.get("data", {})
    data.pop("application/vnd.jupyter.widget-view+json", None)
    if "text/html" in data:
        data["text/html"] = live.stored(data["text/html"])
    return output


def shows(output: dict) -> bool:
    """Whether there is anything left of an output."""
    return output.output_type not in ("display_data", "execute_result") or bool(output.data)


def merge_streams(outputs: Iterable[dict]) -> list[dict]:
    """One output for what was printed in one go: how a kernel cuts it in pieces depends on timing."""
    merged = []
    for output in outputs:
        if merged and output.output_type == "stream" and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def main(paths: list[str]) -> int:
    # Stored are the bundled names' outputs, whatever `use_names` has kept for this user; unless the variable is set.
    os.environ.setdefault("MAKEMLP_NAMES", "")
    for path in map(Path, paths):
        print(f"{path} …", flush=True)
        try:
            refresh(path)
        except CellExecutionError as error:
            print(f"{path} was left as it is: a cell raised {error.ename}: {error.evalue}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
