"""A journal: its lock, which only its owner's end or wish frees, and its lines, which are whole or not there."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from interrupts import stopped

from makemlp import Objective, Vocabulary, load_names, open_study, split, tune
from makemlp.tuning import finished, standing

optuna = pytest.importorskip("optuna")

from makemlp.tuning import journal, storages  # noqa: E402  (needs optuna)
from makemlp.tuning.worker import main  # noqa: E402

NAMES = load_names()[:300]
TRAIN, DEV, _ = split(NAMES)
OBJECTIVE = Objective(TRAIN, DEV, Vocabulary(NAMES), budget=1e9)
TAKEN_OVER = 30  # seconds after which optuna's own locks are taken from their owner
GRACE = 8

unix = pytest.mark.skipif(os.name == "nt", reason="the signals are those of Unix")

# A worker that stops itself in the middle of its trial while it owns the lock: a line is written, and not yet let go.
STANDS_STILL = """
import os, signal, sys
from makemlp.tuning import worker

write_through, writes = os.fsync, iter(range(10**9))

def stand_still(file):
    write_through(file)
    if next(writes) == 12:
        os.kill(os.getpid(), signal.SIGSTOP)

os.fsync = stand_still
sys.exit(worker.main(sys.argv[1:]))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.journal"


@pytest.fixture
def workers(path, tmp_path):
    """Starts workers, each with a file of what it says; none is left when the test is over."""
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    started = []

    def start(*program, trials=3, grace=GRACE):
        command = [sys.executable, *(program or ("-m", "makemlp.tuning")), "worker", "--trials", str(trials)]
        command += ["--storage", url(path), "--names", str(names), "--budget", "1e9", "--grace", str(grace)]
        log = tmp_path / f"{len(started)}.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        process.said = lambda: log.read_text(encoding="utf-8")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def url(path):
    return f"journal:///{path.as_posix()}"


def lines(path):
    """The lines of a file that is well formed."""
    raw = path.read_bytes()
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw.splitlines()]


def stands_still(process):
    """Wait until a process does."""
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]), process.said()


# --- the lock ---


@unix
def test_a_worker_that_stands_still_keeps_its_lock_and_loses_nothing(path, workers):
    """For longer than optuna's locks last, and longer than a silent trial is waited for."""
    still = workers("-c", STANDS_STILL)
    stands_still(still)
    others = [workers() for _ in range(2)]
    written = path.read_bytes()
    time.sleep(TAKEN_OVER + 3)
    assert path.read_bytes() == written
    still.send_signal(signal.SIGCONT)
    for worker in (still, *others):
        assert worker.wait(300) == 0, worker.said()
        assert "Traceback" not in worker.said() and "another worker meanwhile" not in worker.said()
    assert path.read_bytes().startswith(written) and len(lines(path)) > 9 * 10
    counts = standing(open_study(OBJECTIVE, url(path)))
    assert counts.pop("done") + counts.pop("pruned") == 9 and set(counts.values()) == {0}, counts


@unix
def test_a_worker_that_is_killed_with_the_lock_frees_it(path, workers):
    still = workers("-c", STANDS_STILL)
    stands_still(still)
    still.kill()
    study = open_study(OBJECTIVE, storages.open_storage(url(path), grace=GRACE, patience=5.0))  # which writes
    other = workers(trials=1_000_000)  # until it is told to stop: how many fit into the grace is the machine's matter
    while not (again := [t for t in study.trials if t.number and t.system_attrs.get("retry_history") == [0]]):
        assert other.poll() is None, other.said()
        time.sleep(0.1)
    other.terminate()
    assert other.wait(600) == 0 and "Traceback" not in other.said()
    assert study.trials[0].state.name == "FAIL" and study.trials[0].params.items() <= again[0].params.items()
    lines(path)


@unix
def test_patience_with_a_lock_has_an_end_and_whoever_is_told_to_stop_is_hurried(path, workers, monkeypatch):
    stands_still(workers("-c", STANDS_STILL))
    with pytest.raises(ValueError, match=r"study.journal is locked by another worker that stands still: let that one"):
        open_study(OBJECTIVE, storages.open_storage(url(path), patience=0.2))
    patience = storages.Patience(1000.0, lambda sentence: None)
    patience.hurry.set()
    monkeypatch.setattr(journal, "HURRIED", 0.1)
    with pytest.raises(journal.StorageError):
        journal.JournalFile(str(path), patience).append_logs([{"op_code": 0}])


APPEND = """
import sys, threading
from makemlp.tuning import journal, storages

def append(who, file):
    for number in range(25):
        file.append_logs([{"op_code": 10, "worker_id": f"{sys.argv[2]}-{who}", "number": number}])

def file():
    return journal.JournalFile(sys.argv[1], storages.Patience(600.0, print))

shared = file()
threads = [threading.Thread(target=append, args=(who, file() if who else shared)) for who in range(3)]
threads += [threading.Thread(target=append, args=(who, shared)) for who in (3, 4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_processes_and_threads_write_one_after_the_other(path):
    processes = [subprocess.Popen([sys.executable, "-c", APPEND, str(path), str(who)]) for who in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    found = lines(path)
    for worker in {line["worker_id"] for line in found}:
        assert [line["number"] for line in found if line["worker_id"] == worker] == list(range(25))
    assert len(found) == 2 * 5 * 25


def a_file(path, seconds=600.0):
    return journal.JournalFile(str(path), storages.Patience(seconds, print))


@unix
def test_a_forked_child_neither_owns_its_parents_lock_nor_waits_for_a_thread_that_it_has_not(path):
    file = a_file(path)
    with file._locked():
        child = os.fork()
        if not child:
            try:
                a_file(path, seconds=0.2).append_logs([{"op_code": 10}])
            except journal.StorageError:
                os._exit(7)  # the parent has it
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        child = os.fork()
        if not child:
            a_file(path).append_logs([{"op_code": 10}])
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lines(path) == [{"op_code": 10}]


def test_a_lock_whose_file_was_removed_is_made_anew(path):
    file = a_file(path)
    with file._locked():
        os.remove(file._lock.path)
    file.append_logs([{"op_code": 10}])
    os.remove(file._lock.path)
    assert file.now() > 0 and lines(path) == [{"op_code": 10}]


def stopped_with_the_lock(press, path):
    file, taken = a_file(path), journal.FileLock.acquire

    def pressed(lock):
        taken(lock)
        press()

    journal.FileLock.acquire = pressed
    with pytest.raises(KeyboardInterrupt):
        file.append_logs([{"op_code": 10}])
    journal.FileLock.acquire = taken
    thread = threading.Thread(target=file.append_logs, args=([{"op_code": 11}],))
    thread.start()
    thread.join()


def test_an_interrupt_frees_the_lock(path):
    stopped(stopped_with_the_lock, path)
    assert lines(path) == [{"op_code": 11}]


# --- its lines ---


WHOLE = {"op_code": 10, "worker_id": "w", "number": 1}  # optuna replays it as nothing


def with_an_end(path, end):
    """A study with two finished trials whose last line is followed by something."""
    study = open_study(OBJECTIVE, url(path))
    tune(study, OBJECTIVE, trials=2)
    with path.open("ab") as file:
        file.write(end)
    return finished(study)


@pytest.mark.parametrize("end", [b'{"op', b'{"op_code":4,"worker_id":"w","study_id":0,"dat', b"\0" * 300])
def test_half_a_last_line_is_dropped_with_a_note_and_the_study_goes_on(path, capsys, end):
    rows = with_an_end(path, end)
    study = open_study(OBJECTIVE, url(path))
    said = f"The last line of {path.as_posix()} was cut short, so it was dropped; all others are kept.\n"
    assert capsys.readouterr().out == said and finished(study) == rows
    tune(study, OBJECTIVE, trials=1)
    assert len(lines(path)) > 20 and finished(open_study(OBJECTIVE, url(path)))[:2] == rows
    assert capsys.readouterr().out == ""


def test_nothing_is_written_behind_half_a_line(path, capsys):
    """It came while the study was open: another worker's machine died."""
    study = open_study(OBJECTIVE, url(path))
    with path.open("ab") as file:
        file.write(b'{"op_code":8,"wor')
    tune(study, OBJECTIVE, trials=2)
    assert len(lines(path)) > 20 and len(finished(study)) == 2
    assert capsys.readouterr().out.count("was cut short, so it was dropped") == 1


def test_a_last_line_that_lacks_only_its_end_is_kept(path, capsys):
    rows = with_an_end(path, json.dumps(WHOLE, separators=(",", ":")).encode())
    assert finished(open_study(OBJECTIVE, url(path))) == rows
    assert WHOLE in lines(path) and capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["no study, and no end", '{"name": "package"}\n', "[]\n", "\xff\n", "1\n2\n"])
def test_another_file_is_refused_and_left_as_it_is(path, text):
    path.write_bytes(text.encode("latin-1"))
    for only_read in (False, True):
        with pytest.raises(ValueError, match=r"study\.journal (is no study's file: pass another path|has no study)"):
            run_status(path) if only_read else open_study(OBJECTIVE, url(path))
        assert path.read_bytes() == text.encode("latin-1")


def run_status(path):
    storage = storages.open_storage(url(path), only_read=True)
    raise ValueError(f"{url(path)} has no study" if not storage.get_all_studies() else "one is there")


@pytest.mark.parametrize("bad", [b"<<<<<<< HEAD\n", b"\xff\xfe\n", b"[1]\n"])
def test_a_damaged_line_is_named(path, bad):
    with_an_end(path, b"")
    good = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*good[:9], bad, *good[9:]]))
    with pytest.raises(
        ValueError, match=r"study\.journal can't be read, because line 10 is damaged: take that line out"
    ):
        open_study(OBJECTIVE, url(path))
    path.write_bytes(b"".join(good))
    assert len(finished(open_study(OBJECTIVE, url(path)))) == 2


# --- a disk that fails under a worker ---


def remove(path, monkeypatch):
    kept = path.read_bytes()
    path.unlink()
    return lambda: path.write_bytes(kept)


def replace(path, monkeypatch):
    path.replace(path.with_suffix(".kept"))
    path.touch()
    return lambda: path.with_suffix(".kept").replace(path)


def make_read_only(path, monkeypatch):
    """As for an ordinary user; root may write what is read-only."""

    def refuse(file, mode="r", *rest, **options):
        if str(file) == str(path) and set(mode) & set("wa+"):
            raise OSError(errno.EROFS, "Read-only file system", str(file))
        return open(file, mode, *rest, **options)

    monkeypatch.setattr(journal, "open", refuse, raising=False)
    return lambda: monkeypatch.delattr(journal, "open")


def damage(path, monkeypatch):
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"half a line and its end\n")
    return lambda: os.truncate(path, size)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (remove, "was removed while a worker used it: bring it back, or begin anew."),
        (replace, "was replaced by another file while a worker used it: start the worker again."),
        (make_read_only, "can't be written: see to it that its folder is there and yours."),
        (damage, "can't be read, because line {} is damaged: take that line out with an editor."),
    ],
)
def test_a_worker_under_which_its_file_fails_ends_with_a_sentence(path, harm, says, monkeypatch, capfd, tmp_path):
    fit, calls, undo = Objective.fit, [], []

    def third_fails(self, **settings):
        calls.append(1)
        if len(calls) == 3:
            says_line.append(path.read_bytes().count(b"\n") + 1)
            undo.append(harm(path, monkeypatch))
        return fit(self, **settings)

    says_line = []
    monkeypatch.setattr(Objective, "fit", third_fails)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    arguments = ["worker", "--storage", url(path), "--names", str(names), "--budget", "1e9", "--trials", "5"]
    assert main(arguments) == 1
    out, err = capfd.readouterr()
    # Between the harm and the next look, the thread that gives signs may have written one line more.
    line = re.search(r"line (\d+)", err)
    assert err == f"{url(path)} {says.format(line[1] if line else '')}\n" and len(calls) == 3
    assert not line or int(line[1]) - says_line[0] in (0, 1)
    undo[0]()
    assert main([*arguments[:-1], "1"]) == 0
    study = open_study(OBJECTIVE, url(path))
    assert [row["number"] for row in finished(study)[:2]] == [0, 1] and len(finished(study)) == 3
    assert out.count("\ntrial ") == 2 and "meanwhile" not in out


FULL_DISK = """
import resource, sys
from makemlp.tuning import worker

# A file may grow no further: the system writes the part of a line that fits, and refuses the rest, as a full disk does.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(worker.main(sys.argv[2:]))
"""


@unix
@pytest.mark.parametrize("room", [7, 200])
def test_a_full_disk_ends_a_worker_with_a_sentence_and_loses_nothing(path, workers, room):
    tune(open_study(OBJECTIVE, url(path)), OBJECTIVE, trials=2)
    rows, before = finished(open_study(OBJECTIVE, url(path))), path.read_bytes()
    full = workers("-c", FULL_DISK, str(len(before) + room))
    assert full.wait(300) == 1
    sentence = f"{url(path)} can't be written, because its disk is full: make room and start again; all finished trials"
    assert full.said().splitlines()[-1] == f"{sentence} are kept." and "Traceback" not in full.said()
    assert path.read_bytes().startswith(before) and len(path.read_bytes()) <= len(before) + room and lines(path)
    again = open_study(OBJECTIVE, url(path))
    tune(again, OBJECTIVE, trials=1)
    assert finished(again)[:2] == rows and len(finished(again)) == 3 and len(lines(path)) > len(before.splitlines())
