"""Verbs for operating a lesson in JupyterLab as a person does: open, run all, drag, type, click, look.

`LabServer` starts JupyterLab on a copy of the notebooks, `Desk` opens lessons in Chromium one after another, and
`Lesson` is an open notebook.
"""

import ast
import html
import json
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import nbformat
from disturbance import SEED
from jupyter_client import BlockingKernelClient

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
BUILD = REPOSITORY / "build"
SCREENS = BUILD / "screens"
HOST = "127.0.0.1"

# A wait ends when its condition holds. This limit is there for what hangs, so that no busy machine comes near it.
PATIENCE = 900  # seconds
# How often the page is asked whether all cells have run. By default Playwright asks at every frame, and laying out the
# whole notebook sixty times per second took more of the processor than the lesson's own cells.
ASK_AGAIN = 250  # ms

# What the page needs so that a test sees every cell at once and nothing but the lesson.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": False,
    },
}

# JupyterLab looks for living widgets when it opens a notebook; a kernel that has not imported ipywidgets yet logs this.
HARMLESS = ("No such comm",)

# What JupyterLab says of the machine, and not of the lesson.
SLOW_MACHINE = re.compile(r"Plugin \S+ .*(taking too long|took [\d.]+ms) to activate")

PICTURES = ".jp-Notebook img"
# JupyterLab 4.6 marks errors and warnings with the same type; other versions have one for each.
RED = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'

# --- the server ---------------------------------------------------------------------------------------------------


def new_page(browser, **options):
    """A page of the browser on which no wait ends because the machine is busy."""
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE * 1000)
    return page


@contextmanager
def watched_page(browser, **options):
    """A page in which nothing may go wrong: no error or warning on its console, no request to the network."""
    page = new_page(browser, reduced_motion="reduce", **options)
    page.wrong = []
    page.on("console", lambda message: page.wrong.append(message.text) if message.type in ("error", "warning") else 0)
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda request: page.wrong.append(request.url) if request.url.startswith("http") else 0)
    yield page
    page.close()
    assert not page.wrong


def free_port():
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class LabServer:
    """JupyterLab of the current interpreter, with settings, data and notebooks of its own below `folder`."""

    def __init__(self, folder, repository):
        self.folder = Path(folder)
        self.root = self.folder / "root"
        self.log = self.folder / "server.log"
        self.token = secrets.token_hex(16)
        self.url = f"http://{HOST}:{free_port()}"
        self.process = None
        self.start_seconds = None
        for name in ("notebooks", "exercises", "figures"):
            if (repository / name).is_dir():
                unwanted = shutil.ignore_patterns(".*", "__pycache__")
                shutil.copytree(repository / name, self.root / name, ignore=unwanted)

    def environment(self):
        """The user's environment without the user's Jupyter; kernels begin as tests/disturbance.py wants.

        But with this processor's vector instructions: without them whole lessons take half again as long, and what that
        changes, rows of `make matrix` see.
        """
        others = ("JUPYTER", "IPYTHON", "ATEN_CPU_CAPABILITY")
        env = {key: value for key, value in os.environ.items() if not key.startswith(others)}
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        env |= {key: str(self.folder / name) for key, name in folders.items()}
        return env | ({"IPYTHONDIR": os.environ["IPYTHONDIR"]} if SEED in os.environ else {})

    def write_settings(self):
        for name, values in SETTINGS.items():
            file = self.folder / "settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")

    def command(self):
        port = self.url.rsplit(":", 1)[1]
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *(f"--ServerApp.root_dir={self.root}", f"--IdentityProvider.token={self.token}"),
            *("--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
            "--LabApp.extension_manager=readonly",
        ]

    def start(self):
        self.write_settings()
        began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.environment(), cwd=self.root, stdout=log, stderr=subprocess.STDOUT
            )
        while not self.answers():
            ended = self.process.poll() is not None
            if ended or time.monotonic() - began > PATIENCE:
                tail = self.log.read_text(encoding="utf-8", errors="replace")[-3000:]
                raise RuntimeError(f"JupyterLab {'ended' if ended else 'does not answer'}:\n{tail}")
            time.sleep(0.05)
        self.start_seconds = time.monotonic() - began

    def stop(self):
        """Ask the server to end (it ends its kernels too), and insist after a while."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, path, method="GET"):
        """The JSON answer of the server's REST interface."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def answers(self):
        try:
            return bool(self.ask("status"))
        except (OSError, ValueError):
            return False

    def end_kernels(self):
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")

    def kernel(self):
        """A connection of its own to the only kernel there is."""
        [session] = self.ask("sessions")
        file = self.folder / "runtime" / f"kernel-{session['kernel']['id']}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels()
        return client


# --- what a lesson's file says --------------------------------------------------------------------------------------


def cells_of(name, folder=NOTEBOOKS):
    """The cells of the lesson `name` as stored, sources joined to one string each."""
    cells = json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells]


def explorer_called(source):
    """The name of the explorer that a code cell shows, or None.

    A cell shows what its last statement evaluates to, so a cell that ends in an assertion about an explorer is none.
    """
    if "explore_" not in source:
        return None
    lines = ["pass" if line.startswith(("%", "!")) else line for line in source.splitlines()]
    body = ast.parse("\n".join(lines)).body
    if not body or not isinstance(body[-1], ast.Expr):
        return None
    calls = [node.func for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call)]
    names = [getattr(func, "id", getattr(func, "attr", "")) for func in calls]
    return next((name for name in names if name.startswith("explore_")), None)


def explorers_in(cells):
    """The explorers of a lesson in their order, as {label: index of the cell}; a second use is labelled `…-2`."""
    found = {}
    for index, cell in enumerate(cells):
        called = explorer_called(cell["source"]) if cell["cell_type"] == "code" else None
        if called:
            uses = sum(label.split("-")[0] == called for label in found)
            found[f"{called}-{uses + 1}" if uses else called] = index
    return found


def stored_alts(cell):
    """The alternative texts of the pictures that a cell's stored outputs hold."""
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])]
    return [html.unescape(alt) for page in pages for alt in re.findall(r'<img alt="([^"]*)"', page)]


# --- what happens behind the page -----------------------------------------------------------------------------------


def read_frame(payload):
    """Channel, header, parent header and content of one kernel message on the websocket.

    The layout is that of the subprotocol v1.kernel.websocket.jupyter.org: a count, that many offsets (64 bit, little
    endian), then channel, header, parent header, metadata and content.
    """
    if isinstance(payload, str):
        message = json.loads(payload)
        return message["channel"], message["header"], message.get("parent_header") or {}, message["content"]
    count = struct.unpack_from("<Q", payload)[0]
    offsets = struct.unpack_from(f"<{count}Q", payload, 8)
    parts = [payload[a:b] for a, b in pairwise(offsets)]
    return parts[0].decode(), json.loads(parts[1]), json.loads(parts[2]), json.loads(parts[4])


class Traffic:
    """Listens to the page's kernel connection: what was asked, what is finished, what went wrong.

    The notebook's own busy light doesn't show a slider's messages when the kernel handles them on a subshell, and an
    exception in a slider's callback appears in no cell; here both are seen.
    """

    def __init__(self, page):
        self.pending = set()  # what was asked and is not answered
        self.faults = []
        self.answered = False
        page.on("websocket", self.listen)

    def listen(self, websocket):
        if "/api/kernels/" in websocket.url:
            websocket.on("framesent", self.sent)
            websocket.on("framereceived", self.received)

    def sent(self, payload):
        channel, header, _, _ = read_frame(payload)
        if channel == "shell":
            self.pending.add(header["msg_id"])

    def received(self, payload):
        channel, header, parent, content = read_frame(payload)
        if channel != "iopub":
            return
        kind = header["msg_type"]
        if kind == "status":
            self.status(content["execution_state"], parent.get("msg_id"))
        elif parent.get("msg_type") == "execute_request":
            pass  # shown below its cell, where `Lesson.errors` reads it
        elif kind == "error":
            self.faults.append(f"exception in a widget: {content['ename']}: {content['evalue']}")
        elif kind == "stream" and content["name"] == "stderr" and not content["text"].startswith(HARMLESS):
            self.faults.append(f"written to stderr by a widget: {content['text'].strip()}")

    def status(self, state, asked):
        if asked in self.pending and state == "idle":
            self.answered = True
            self.pending.remove(asked)


class Complaints:
    """Everything a page says that a learner or its console would show as wrong."""

    def __init__(self, page):
        self.lines = []
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.lines.append(f"uncaught in the page: {error}"))
        page.on("dialog", self.dialog)
        page.on("request", self.request)
        page.on("crash", lambda _: self.lines.append("the page crashed"))

    def console(self, message):
        if message.type in ("error", "warning") and not SLOW_MACHINE.match(message.text):
            self.lines.append(f"console {message.type}: {message.text}")

    def dialog(self, dialog):
        self.lines.append(f"dialog: {dialog.message}")
        dialog.accept()

    def request(self, request):
        # The course is offline: whatever a lesson needs comes from this machine.
        if request.url.startswith(("http:", "https:", "ws:", "wss:")) and f"//{HOST}" not in request.url:
            self.lines.append(f"asked the network for {request.url}")


# --- the page ---------------------------------------------------------------------------------------------------------

# True when every cell that holds something has run, or when an error or a message box ended the run.
ALL_RUN = """red => {
    if (document.querySelector('.jp-Dialog')) return true;
    const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
        .filter(cell => cell.querySelector('.cm-content')?.innerText.trim())  // a folded cell has no editor
        .map(cell => cell.querySelector('.jp-InputPrompt').innerText.trim());
    const light = document.querySelector('.jp-Notebook-ExecutionIndicator');
    const failed = document.querySelector(`.jp-Notebook :is(${red})`);
    return light.dataset.status === 'idle' && !prompts.includes('[*]:')
        && (failed || prompts.every(prompt => /^\\[\\d+\\]:$/.test(prompt)));
}"""


def until(page, condition, what="it", every=50):
    """Wait for what must come sooner or later; the page goes on meanwhile."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"after {PATIENCE} s, not yet: {what}")
        page.wait_for_timeout(every)


TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


IN_FOCUS = "node => node === document.activeElement"


class Desk:
    """Opens lessons one after another; the last one opened stays on the screen."""

    def __init__(self, browser, server):
        self.browser = browser
        self.server = server
        self.lesson = None
        self.failures = {}

    def opened(self, name):
        """The lesson `name`, opened and run; a lesson that could not be is not tried again for each of its tests."""
        if name in self.failures:
            raise RuntimeError(f"{name} could not be opened and run: {self.failures[name]}")
        if self.lesson is None or self.lesson.name != name:
            self.close()
            self.lesson = Lesson(self.browser, self.server, name)
            try:
                self.lesson.open()
                self.lesson.run_all()
                self.lesson.keep_outputs()
            except Exception as error:
                self.lesson.screenshot(f"{name}-failed")
                self.failures[name] = f"{error}; {'; '.join(self.lesson.errors())}"
                raise RuntimeError(f"{name} could not be opened and run: {self.failures[name]}") from error
        return self.lesson

    def close(self):
        if self.lesson:
            self.lesson.close()
            self.server.end_kernels()
        self.lesson = None


class Lesson:
    """One notebook in JupyterLab."""

    def __init__(self, browser, server, name, folder="notebooks"):
        self.name = name
        self.server = server
        self.file = server.root / folder / f"{name}.ipynb"
        self.kernel = None
        # The copy as it was before JupyterLab saves to it; the original may be edited while the tests run.
        self.cells = cells_of(name, self.file.parent)
        self.page = new_page(browser, viewport={"width": 1400, "height": 1100}, reduced_motion="reduce")
        self.traffic = Traffic(self.page)
        self.complaints = Complaints(self.page)
        self.alts_as_opened = self.alts_of_run = self.outputs_of_run = []
        self.faults_of_run = []
        self.seconds = {"server start": server.start_seconds}

    def open(self):
        """Open the notebook and wait until its kernel is ready."""
        with self.timed("open"):
            place = self.file.relative_to(self.server.root).as_posix()
            self.page.goto(f"{self.server.url}/lab/tree/{place}?reset&token={self.server.token}")
            self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            self.wait_for_kernel()
        self.alts_as_opened = self.alts()

    def run_all(self):
        """Clear what is stored, run every cell from the menu and wait for the last one."""
        with self.timed("run all"):
            self.menu("Edit", "Clear Outputs of All Cells")
            self.menu("Run", "Run All Cells")
            self.page.wait_for_function(ALL_RUN, arg=RED, polling=ASK_AGAIN)
            self.settle()
        self.faults_of_run = self.errors()
        self.alts_of_run = self.alts()

    def keep_outputs(self):
        """Save, and keep what is stored then. (A second save soon after could be lost while this one goes on.)"""
        self.save()
        cells = nbformat.read(self.file, as_version=4).cells
        self.outputs_of_run = [cell.outputs for cell in cells if cell.cell_type == "code"]

    def menu(self, title, entry):
        self.page.locator(".lm-MenuBar-itemLabel", has_text=title).first.click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def wait_for_kernel(self):
        """Wait for the kernel's first answer: the page's light says idle before there is a kernel at all."""
        until(self.page, lambda: self.traffic.answered, f"{self.name} has a kernel")
        self.settle()
        light = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
        self.page.locator(light).first.wait_for()

    def settle(self):
        """Wait until the kernel has answered everything that the page asked and the page has drawn the answers."""
        self.page.evaluate(TWO_FRAMES)
        while self.traffic.pending:
            until(self.page, lambda: not self.traffic.pending, f"the kernel of {self.name} is done", every=10)
            self.page.evaluate(TWO_FRAMES)

    def errors(self):
        """Every sign of something wrong so far, one sentence each; none when all is well."""
        found = self.red_outputs()
        for what in (".jp-Dialog", ".Toastify__toast"):
            found += [f"message box: {text}" for text in self.page.locator(what).all_inner_texts()]
        empty = "all => all.filter(img => img.complete && !img.naturalWidth).map(img => img.src.slice(0, 100))"
        found += [f"a picture that does not load: {src}" for src in self.page.locator(PICTURES).evaluate_all(empty)]
        return found + self.traffic.faults + self.complaints.lines

    def red_outputs(self):
        """Errors and warnings below cells, except below a cell that is tagged to raise one."""
        found = []
        for index, cell in enumerate(self.cells):
            if cell["cell_type"] == "code" and "raises-exception" not in cell["metadata"].get("tags", []):
                texts = self.cell(index).locator(RED).all_inner_texts()
                found += [f"red below cell {index}: {text.strip()[-300:]}" for text in texts]
        return found

    def press(self, key):
        self.page.keyboard.press(key)

    def text(self, index):
        """What stands in a cell's editor."""
        return "\n".join(self.cell(index).locator(".cm-line").all_text_contents())

    def write(self, index, source):
        """Replace what stands in a cell by typing; the editor indents and closes brackets as it does for a person."""
        self.cell(index).locator(".cm-content").click()
        self.press("ControlOrMeta+a")
        self.press("Delete")
        for number, line in enumerate(source.splitlines()):
            if number:
                self.press("Enter")
                self.indent(index, len(line) - len(line.lstrip()))
            self.page.keyboard.type(line.lstrip())
        if self.text(index) != source:
            raise AssertionError(f"typed was {source!r}, and the cell holds {self.text(index)!r}")

    def indent(self, index, wanted):
        """Give the last line, which is new, another indentation than the editor has given it."""
        line = self.cell(index).locator(".cm-line").last
        while len(line.text_content()) > wanted:
            self.press("Backspace")
        self.page.keyboard.type(" " * (wanted - len(line.text_content())))

    def run(self, index):
        """Run one cell by Shift+Enter, and wait for what comes of it."""
        self.cell(index).locator(".cm-content").click()
        self.press("Shift+Enter")
        self.page.evaluate(TWO_FRAMES)
        self.settle()

    def save(self):
        """Save by Ctrl+S, and wait until the file is written."""
        before = self.file.stat().st_mtime_ns
        self.press("ControlOrMeta+s")
        until(self.page, lambda: self.file.stat().st_mtime_ns != before and self.saved(), f"{self.name} is saved")

    def saved(self):
        """Whether the page has nothing to save, and the file is there to its end: the server writes it in place."""
        try:
            json.loads(self.file.read_text(encoding="utf-8"))
        except ValueError:
            return False
        return not self.page.locator(".jp-mod-dirty").count()

    def cell(self, index):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def count_cells(self):
        """How many cells of each kind the page shows."""
        return [self.page.locator(f".jp-Notebook .jp-{kind}Cell").count() for kind in ("Code", "Markdown")]

    def alts(self):
        """For each cell, the alternative texts of its pictures, in prose and in outputs."""
        return self.page.locator(".jp-Notebook .jp-Cell").evaluate_all(
            "all => all.map(cell => [...cell.querySelectorAll('img')]"
            ".filter(image => image.checkVisibility()).map(image => image.alt))"
        )

    def value(self, expression):
        """What a Python expression is worth in the lesson's kernel; the page takes no part in this."""
        if self.kernel is None:
            self.kernel = self.server.kernel()
        reply = self.kernel.execute("", silent=True, user_expressions={"it": expression}, reply=True, timeout=PATIENCE)
        found = reply["content"]["user_expressions"]["it"]
        if found["status"] != "ok":
            raise RuntimeError(f"{expression}: {found['ename']}: {found['evalue']}")
        return ast.literal_eval(found["data"]["text/plain"])

    def screenshot(self, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png")

    @contextmanager
    def timed(self, what):
        began = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - began, 2)

    def close(self):
        if self.kernel:
            self.kernel.stop_channels()
        self.page.close()
