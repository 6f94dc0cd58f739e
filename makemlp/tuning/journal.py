"""A study in a journal (floor 4): a file that workers on many machines append to, one line per change.

Optuna replays the lines, and this module writes them: under a lock that only its owner's end or its owner's wish frees,
and never behind half a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import stat
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

import optuna
from optuna.storages import JournalStorage
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from makemlp.tuning.patience import Patience

if os.name == "nt":
    import msvcrt
else:
    import fcntl

FIRST = b'{"op_code":'  # what each line of a journal begins with
SILENT = 10.0  # seconds of waiting for a lock that are not worth a sentence
HURRIED = 5.0  # seconds that a worker still waits for the lock when it was told to stop
SIGNS = ("heartbeat", "doubt")  # system attributes of a running trial; seconds by the disk's clock


class StorageError(OSError):
    """A fault of a storage whose words go on a sentence that begins with the storage's URL."""


# A lock of the operating system belongs to a process, so the threads of one process need a lock among themselves.
_threads = threading.Lock()
_dice = random.Random()  # so that the learner's own random numbers stay as they are


def _forget_threads() -> None:
    """In a forked child nobody is left who could free a lock that another thread held."""
    global _threads
    _threads = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


class FileLock:
    """A lock for optuna that the operating system keeps, on a file of its own beside the journal.

    Optuna's two locks are files that are there or not, so a dead owner leaves its lock behind. Whoever waits for 30
    seconds therefore takes the lock from its owner, dead or slow: the slow one then writes without it, ends with "did
    not possess lock", and two who wait may take it from each other. The operating system frees its locks itself when
    their owner ends, by SIGKILL too, so nobody has to guess, and a process that stands still keeps what it holds.

    On Unix it is a record lock (``fcntl``), the kind that NFS version 4 (and 3, with its lock daemon) and the file
    systems of clusters carry from machine to machine, also to the file server itself; ``flock`` is on some of them each
    machine's own. A record lock has two weaknesses. It belongs to a process, so the threads of one take turns by
    `_threads`. And it ends when its process closes the file, whoever opened it: hence a file of its own, which nothing
    else opens. On Windows it is ``msvcrt.locking``. A child that is forked owns no lock of its parent's.

    The library filelock, which comes with PyTorch, would do the same, but by ``flock``, and where a disk knows no locks
    it silently falls back to files that are there or not.

    Parameters
    ----------
    path : of the journal.
    patience : says how many seconds are waited for the lock, and whether the worker was told to stop.
    """

    def __init__(self, path: str, patience: Patience):
        self.path, self._patience, self._held = f"{path}.oslock", patience, None

    def acquire(self) -> bool:
        """Wait for the lock.

        Raises
        ------
        StorageError
            if another worker keeps it for longer than patience allows.
        OSError
            if the file can't be opened, or the disk knows no locks.
        """
        began, told, pause = time.monotonic(), False, 0.001
        while not self._try():
            waited = time.monotonic() - began
            if waited > (HURRIED if self._patience.hurry.is_set() else self._patience.seconds):
                raise StorageError("is locked by another worker that stands still: let that one go on, or kill it")
            if waited > SILENT and not told and threading.current_thread() is threading.main_thread():
                self._patience.say("Another worker has the journal's lock and stands still; waiting for it.")
                told = True
            time.sleep(_dice.uniform(pause / 2, pause))
            pause = min(2 * pause, 0.02)
        return True

    def _try(self) -> bool:
        if not _threads.acquire(blocking=False):
            return False
        file = None
        try:
            file = open(self.path, "ab", buffering=0)  # noqa: SIM115 (release closes it)
            if _take(file) and _stands_at(file, self.path):
                self._held = threading.get_ident(), file
            return self._held is not None
        finally:
            if self._held is None:
                if file is not None:
                    file.close()  # which frees the lock, if it was got
                _threads.release()

    def release(self) -> None:
        """Free the lock, if it is this thread's."""
        owner, file = self._held or (None, None)
        if owner != threading.get_ident():
            return
        self._held = None
        try:
            if os.name == "nt":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
            file.close()
        finally:
            _threads.release()


def _take(file: BinaryIO) -> bool:
    """Try to get the operating system's lock on an open file."""
    try:
        if os.name == "nt":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # EAGAIN and EACCES: another has it
        return False
    return True


def _stands_at(file: BinaryIO, path: str) -> bool:
    """Whether an open file is the one at a path: someone may have removed that one meanwhile, or put another there."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


class JournalFile(JournalFileBackend):
    """The file: appended to under a FileLock, line by whole line.

    What a crash or a full disk left of a line is cut off before the next is written, because behind half a line nobody
    could read on. Only the lock's owner writes, so half a line that the owner finds has no living author.

    Parameters
    ----------
    patience : for the lock; its ``say`` is told of a line that was cut off.
    only_read : change nothing on opening.
    """

    def __init__(self, path: str, patience: Patience, only_read: bool = False):
        super().__init__(path, FileLock(path, patience))
        self._first = os.stat(path)
        self._say = patience.say
        if only_read:
            return
        with contextlib.suppress(OSError):  # whoever may not write needs no lock
            self._share_lock()
        if not _ends_well(path):
            with self._locked():
                self._repair()

    def now(self) -> float:
        """Seconds by the clock of the disk, which is the same for all machines however wrong their own are."""
        if not os.path.exists(self._lock.path):
            with self._locked():  # which makes it
                pass
        os.utime(self._lock.path)
        return os.stat(self._lock.path).st_mtime

    def read_logs(self, log_number_from: int) -> list[dict]:
        self._look()
        try:
            logs = list(super().read_logs(log_number_from))
            good = next((n for n, log in enumerate(logs) if not isinstance(log, dict) or "op_code" not in log), None)
            if good is None:
                return logs
            good += log_number_from
        except ValueError as error:
            if isinstance(error, UnicodeDecodeError):
                self._log_number_offset.popitem()  # optuna forgets a damaged line by itself only if it is text
            good = max(self._log_number_offset)
        raise StorageError(
            f"can't be read, because line {good + 1} is damaged: take that line out with an editor"
            if good
            else "is no study's file: pass another path"
        )

    def append_logs(self, logs: list[dict]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._locked():
            self._repair()
            with open(self._file_path, "r+b", buffering=0) as file:
                _append(file, lines)

    @contextlib.contextmanager
    def _locked(self):
        try:  # an interrupt may come when the lock was just got
            self._lock.acquire()
            self._look()
            yield
        finally:
            self._lock.release()

    def _look(self) -> None:
        """See to it that the file is still the one that was opened."""
        try:
            there = os.stat(self._file_path)
        except FileNotFoundError:
            raise StorageError("was removed while a worker used it: bring it back, or begin anew") from None
        if not os.path.samestat(there, self._first):
            raise StorageError("was replaced by another file while a worker used it: start the worker again")

    def _repair(self) -> None:
        """End the last line, or cut it off if it is not whole. The lock is held."""
        if _ends_well(self._file_path):
            return
        with open(self._file_path, "r+b", buffering=0) as file:
            raw = file.read()
            end = raw.rfind(b"\n") + 1
            if not raw.startswith(FIRST[: len(raw)]):
                raise StorageError("is no study's file: pass another path")
            if _whole(raw[end:]):
                file.write(b"\n")
                return
            file.truncate(end)
            os.fsync(file.fileno())
        self._say(f"The last line of {self._file_path} was cut short, so it was dropped; all others are kept.")

    def _share_lock(self) -> None:
        """Let everybody lock who may write the journal, whatever the first one's umask is."""
        if not os.path.exists(self._lock.path):
            with _threads, open(self._lock.path, "ab"):
                os.chmod(self._lock.path, stat.S_IMODE(self._first.st_mode))


def _ends_well(path: str) -> bool:
    """Whether a file is empty or ends with a whole line."""
    with open(path, "rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _whole(line: bytes) -> bool:
    """Whether a line lacks nothing but its end; what was cut off in the middle has no closing brace."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _append(file: BinaryIO, lines: bytes) -> None:
    """Write lines to the end of a file and see to it that they are on the disk; all of them, or none."""
    end, rest = file.seek(0, os.SEEK_END), lines
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        if file.seek(0, os.SEEK_END) != end + len(lines):  # what is whole may have been read already
            file.truncate(end)
        raise


class Journal(JournalStorage, BaseHeartbeat):
    """A journal whose running trials give signs of life, which optuna keeps in databases only.

    The signs are attributes of the trial, so they are lines of the same file and need no server. Their time is the
    disk's, so no machine's clock matters.

    A trial is abandoned when it has given no sign for `grace` seconds, and this is found in two steps. A worker that
    finds it silent for half of them writes down a doubt. If the other half passes without a sign too, the trial's
    worker is gone. One step is not enough: while one worker stands still with the lock nobody can give a sign, so
    afterwards all trials would look abandoned. The doubt also finds a trial whose worker vanished before its first
    sign.

    Parameters
    ----------
    grace : seconds.
    interval : seconds between two signs; less than half of `grace`.
    retry : called with the study and an abandoned trial.
    """

    def __init__(
        self, path: str, patience: Patience, grace: int, interval: int, retry: Callable, only_read: bool = False
    ):
        self._grace, self._interval, self._retry = grace, interval, retry
        super().__init__(JournalFile(path, patience, only_read))

    def record_heartbeat(self, trial_id: int) -> None:
        # Whatever is wrong with the storage, the trial itself meets it too, and says so in a sentence; the thread that
        # gives signs would only end with a traceback.
        with contextlib.suppress(Exception):
            self.set_trial_system_attr(trial_id, "heartbeat", self._backend.now())

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        running = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,))
        now = self._backend.now() if running else 0.0
        return [trial._trial_id for trial in running if self._abandoned(trial, now)]

    def _abandoned(self, trial: optuna.trial.FrozenTrial, now: float) -> bool:
        sign, doubt = (trial.system_attrs.get(name, 0.0) for name in SIGNS)
        if now - sign <= self._grace / 2:
            return False
        if doubt > sign:
            return now - doubt > self._grace / 2
        with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):  # it ended in this moment
            self.set_trial_system_attr(trial._trial_id, "doubt", now)
        return False

    def get_heartbeat_interval(self) -> int:
        return self._interval

    def get_heartbeat_stale_trial_callback(self) -> Callable:
        return self._retry
