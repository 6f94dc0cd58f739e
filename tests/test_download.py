"""The lecture's list: what the learner gets and reads when the server, the network or the cache folder fails.

Every test talks to a real HTTP server on this machine; the real list is never downloaded.
"""

import hashlib
import os
import re
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from interrupts import stopped

from makemlp import download
from makemlp.download import load_lecture_names

NAMES = ["emma", "olivia", "ava"]
BODY = "\n".join(NAMES).encode()
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Gives the answers of `script` one after the other, the last one again and again, and counts the requests."""

    daemon_threads = True
    script = ("right",)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hits = 0
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/names.txt"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.script[min(self.server.hits, len(self.server.script) - 1)]
        self.server.hits += 1
        if answer == "silent":
            self.server.closing.wait(30)
        elif answer == "dripping":
            self.drip()
        elif isinstance(answer, int):
            self.send_error(answer)
        else:
            body = {"wrong": b"<html>Please log in</html>", "endless": bytes(download.SIZE_LIMIT + 10**6)}
            self.answer(body.get(answer, BODY), announced=len(BODY) + 7 if answer == "truncated" else None)

    def answer(self, body, announced=None):
        self.send_response(200)
        self.send_header("Content-Length", str(announced or len(body)))
        self.end_headers()
        with suppress(OSError):  # a client that had enough, which is what the size limit is for
            self.wfile.write(body)

    def drip(self):
        """A byte now and then, so that the connection is never silent for long."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with suppress(OSError):
            while not self.server.closing.wait(0.05):
                self.wfile.write(b"a")

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """The seconds that would have been waited between tries; nobody waits for them here."""
    waits = []
    monkeypatch.setattr(download, "sleep", waits.append)
    return waits


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def load(url, cache, **options):
    return load_lecture_names(url, cache, **{"sha256": SHA256, "timeout": 10, **options})


def kept(cache):
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


def is_one_sentence(message):
    return message.endswith(".") and "\n" not in message and not re.search(r"[.!?] [A-Z]", message)


def test_downloads_once_and_then_reads_the_cache(server, cache):
    assert load(server.url, cache) == NAMES
    assert load(server.url, cache) == NAMES
    assert server.hits == 1
    assert kept(cache) == ["lecture_names.txt"]
    assert (cache / "lecture_names.txt").read_bytes() == BODY


@pytest.mark.parametrize("spoilt", [b"", BODY[:5], BODY + b"\n"])
def test_a_spoilt_cache_is_downloaded_again(server, cache, spoilt):
    cache.mkdir()
    (cache / "lecture_names.txt").write_bytes(spoilt)
    assert load(server.url, cache) == NAMES
    assert server.hits == 1
    assert (cache / "lecture_names.txt").read_bytes() == BODY


@pytest.mark.parametrize("passing", [503, 429, "truncated"])
def test_a_fault_that_may_pass_is_tried_again(server, cache, waits, passing):
    server.script = (passing, passing, "right")
    assert load(server.url, cache) == NAMES
    assert server.hits == 3
    assert waits == [1, 2]


@pytest.mark.parametrize(
    ("answer", "hits", "says"),
    [
        (404, 1, "the server answered 404"),
        (403, 1, "the server answered 403"),
        (503, 3, "the server answered 503"),
        ("wrong", 1, "is not the lecture's list"),
        ("endless", 1, "is not the lecture's list"),
        ("truncated", 3, f"broke off after {len(BODY)} of {len(BODY) + 7} bytes"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(server, cache, answer, hits, says):
    server.script = (answer,)
    with pytest.raises(ValueError, match=says) as caught:
        load(server.url, cache)
    assert server.hits == hits
    assert_kind(caught, server.url, cache)


@pytest.mark.parametrize(
    ("answer", "patience", "hits", "says"),
    [
        ("silent", {"timeout": 0.1, "retries": 1}, 2, "timed out"),
        ("dripping", {"timeout": 10, "total": 0.5}, 1, "it took too long in all"),
    ],
)
def test_a_server_that_keeps_one_waiting_is_given_up(server, cache, answer, patience, hits, says):
    server.script = (answer,)
    with pytest.raises(ValueError, match=says) as caught:
        load(server.url, cache, **patience)
    assert server.hits == hits
    assert_kind(caught, server.url, cache)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"timeout": float("inf")}, "timeout is inf: pass a number of seconds above 0."),
        ({"timeout": float("nan")}, "timeout is nan: pass a number of seconds above 0."),
        ({"timeout": 0}, "timeout is 0: pass a number of seconds above 0."),
        ({"timeout": "1"}, "timeout is '1': pass a number of seconds above 0."),
        ({"total": -1}, "total is -1: pass a number of seconds above 0."),
        ({"retries": -1}, "retries is -1: pass a whole number, 0 or more."),
        ({"retries": 1.5}, "retries is 1.5: pass a whole number, 0 or more."),
        ({"url": None}, "url is None: pass a text."),
        ({"sha256": b"x"}, "sha256 is b'x': pass a text."),
        ({"cache_dir": 5}, "A path is wanted, and 5 came: pass a text, such as 'folder/file'."),
        ({"cache_dir": "a\0b"}, "The path 'a\\x00b' holds a NUL, which no path may hold: check it."),
        (
            {"cache_dir": "~no such user/x"},
            "The cache folder '~no such user/x' has no home folder: pass another cache_dir.",
        ),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(wrong, says):
    with pytest.raises(ValueError) as caught:
        load_lecture_names(**wrong)
    assert str(caught.value) == says


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/\0", "file:///etc/hostname\0", "http://[::1", "", "data:"])
def test_an_odd_address_gets_a_sentence(cache, url):
    with pytest.raises(
        ValueError, match=r"(could not be downloaded|is not the lecture's list).*which needs no download\.$"
    ):
        load(url, cache)


@pytest.mark.skipif(os.name == "nt", reason="devices have no path there")
def test_a_device_in_the_cache_is_neither_read_nor_replaced(server, cache):
    cache.mkdir()
    os.mkfifo(cache / "lecture_names.txt")
    with pytest.warns(UserWarning, match="what stands there is no file"):
        assert load(server.url, cache) == NAMES
    assert (cache / "lecture_names.txt").is_fifo()


def test_a_refused_connection(cache, monkeypatch, waits):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as bound:  # bound, but nobody listens
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/names.txt"
        with pytest.raises(ValueError, match="could not be downloaded") as caught:
            load(url, cache, retries=1)
    assert waits == [1]
    assert_kind(caught, url, cache)


def test_no_name_service(cache, monkeypatch):
    def fail(*args, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setenv("no_proxy", "names.invalid")
    with pytest.raises(ValueError, match="Name or service not known") as caught:
        load("http://names.invalid/names.txt", cache)
    assert_kind(caught, "http://names.invalid/names.txt", cache)


@pytest.mark.parametrize("url", ["names.txt", "http://127.0.0.1:1/na mes.txt", "http://127.0.0.1:1/ñ.txt"])
def test_an_address_that_is_none_is_not_tried_again(cache, waits, url):
    with pytest.raises(ValueError, match="could not be downloaded") as caught:
        load(url, cache)
    assert waits == []
    assert url in str(caught.value)
    assert kept(cache) == []


def assert_kind(caught, url, cache):
    message = str(caught.value)
    assert is_one_sentence(message.replace(url, "URL"))
    assert url in message
    assert "check the address" in message
    assert "or use load_names(), which needs no download." in message
    assert kept(cache) == []


def warns_and_gives_the_names(server, cache):
    with pytest.warns(UserWarning, match="could not be kept in") as caught:
        assert load(server.url, cache) == NAMES
    (message,) = [str(warning.message) for warning in caught]
    assert str(cache) in message
    assert is_one_sentence(message.replace(str(cache), "FOLDER"))
    assert "set MAKEMLP_CACHE to a folder that you may write to" in message


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_cache_folder_that_is_a_file(server, tmp_path, inside):
    file = tmp_path / "a file"
    file.write_bytes(b"mine")
    warns_and_gives_the_names(server, file / inside)
    assert file.read_bytes() == b"mine"


# As root and on Windows a folder's mode stops nobody, so the system's refusal is played here.
@pytest.mark.parametrize(("owner", "step"), [(Path, "mkdir"), (Path, "write_bytes"), (os, "replace")])
def test_a_cache_folder_that_cannot_be_written(server, cache, monkeypatch, owner, step):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(owner, step, refuse)
    warns_and_gives_the_names(server, cache)
    assert kept(cache) == []


def test_a_full_disk_leaves_no_half_file(server, cache, monkeypatch):
    def write_half(path, raw):
        with open(path, "wb") as file:
            file.write(raw[:4])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    warns_and_gives_the_names(server, cache)
    assert kept(cache) == []


def load_until_the_stop_button(press, url, cache):
    os.replace = lambda *args: press()
    with pytest.raises(KeyboardInterrupt):
        load(url, cache)


def test_an_interrupt_leaves_no_half_file(server, cache):
    stopped(load_until_the_stop_button, server.url, cache)
    assert kept(cache) == []


def test_a_cache_that_cannot_be_written_but_holds_the_list_is_enough(server, cache, monkeypatch):
    load(server.url, cache)
    monkeypatch.setattr(os, "replace", lambda *args: pytest.fail("nothing is to be written"))
    assert load(server.url, cache) == NAMES
    assert server.hits == 1


def test_many_callers_at_once(server, cache):
    with warnings.catch_warnings(), ThreadPoolExecutor(8) as pool:
        warnings.simplefilter("error")
        assert list(pool.map(lambda _: load(server.url, cache), range(16))) == [NAMES] * 16
    assert kept(cache) == ["lecture_names.txt"]


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_CACHE_HOME", "set/makemlp"),
        ("linux", None, "home/.cache/makemlp"),
        ("darwin", None, "home/Library/Caches/makemlp"),
        ("win32", "LOCALAPPDATA", "set/makemlp"),
        ("win32", None, "home/AppData/Local/makemlp"),
        ("linux", "MAKEMLP_CACHE", "set"),
        ("win32", "MAKEMLP_CACHE", "set"),
    ],
)
def test_the_cache_is_where_the_system_has_it(server, tmp_path, monkeypatch, platform, variable, folder):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "MAKEMLP_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "set"))
    monkeypatch.setattr("makemlp.data.setting.sys", SimpleNamespace(platform=platform))
    assert load(server.url, None) == NAMES
    assert (tmp_path / folder / "lecture_names.txt").read_bytes() == BODY
