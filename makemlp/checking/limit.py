"""An end for an answer that never ends (floor 3)."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TimeUp(Exception):  # noqa: N818 - it is no error of whoever waits
    """The time was over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs in this thread when the time is over, again and again until it gives in.

    It works as the stop button does, so an answer that catches every `Exception` is ended too. Only the main thread can
    be interrupted; elsewhere there is no limit.

    Raises
    ------
    TimeUp
        when the time was over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over, done, lock = threading.Event(), threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set():
                    over.set()
                    _interrupt()
            wait = 1.0

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # as in what was started in the background: an interrupt would not arrive
        signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=watch, daemon=True).start()
    try:
        try:
            yield
        finally:
            with lock:
                done.set()
            if before is signal.SIG_IGN:
                signal.signal(signal.SIGINT, before)
    except KeyboardInterrupt:
        if not over.is_set():
            raise
    if over.is_set():
        raise TimeUp


def _interrupt() -> None:
    """Interrupt the main thread, also where it sleeps."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()
