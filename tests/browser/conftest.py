"""A JupyterLab server and a Chromium, each started once for the browser tests."""

import os
import shutil

import pytest
from needed import missing

from .lab import REPOSITORY, Desk, LabServer

# The one that draws no window of its own comes first: it needs half of the processor's time for the same page.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium of this machine, or None for the one that Playwright keeps."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


# Until it is stopped, Playwright keeps an event loop running in this process, where tests of other folders run theirs.
@pytest.fixture(scope="package")
def browser(chromium):
    """A headless Chromium, driven by Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        if not chromium and not os.path.exists(playwright.chromium.executable_path):
            missing(f"no Chromium on PATH (looked for {', '.join(CHROMIUM_NAMES)}), and none of Playwright's")
        chrome = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield chrome
        chrome.close()


@pytest.fixture(scope="package")
def lab_server(browser, tmp_path_factory):
    """A JupyterLab whose root folder is a copy, so that no committed notebook is ever written to."""
    server = LabServer(tmp_path_factory.mktemp("lab"), REPOSITORY)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="package")
def desk(browser, lab_server):
    """Opens lessons; the last one opened stays open until another is asked for."""
    desk = Desk(browser, lab_server)
    yield desk
    desk.close()


@pytest.fixture
def lesson(desk, name):
    """The lesson of this test's `name`, opened in JupyterLab with all its cells run."""
    return desk.opened(name)
