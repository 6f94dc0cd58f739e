"""How long a study waits for what others hold or have taken down (floor 4)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable


class Patience:
    """Tries to connect again for some seconds: a server that restarts costs time and no trial.

    Attributes
    ----------
    hurry : set it, and nothing is waited for any more.
    """

    def __init__(self, seconds: float, say: Callable[[str], None]):
        self.seconds, self.say, self.hurry = seconds, say, threading.Event()
        self._spent = False

    def call(self, connect: Callable[[], object], errors: type[Exception], hopeless: re.Pattern) -> object:
        """What `connect` gives, sooner or later; an error whose words are hopeless is raised at once."""
        began, told = time.monotonic(), False
        while True:
            try:
                connection = connect()
            except errors as error:
                waited = time.monotonic() - began
                if self._spent or self.hurry.is_set() or waited > self.seconds or hopeless.search(str(error)):
                    self._spent = True
                    raise
                if not told and threading.current_thread() is threading.main_thread():
                    self.say(f"The server does not answer; waiting for it, {self.seconds:.0f} seconds at most.")
                    told = True
                self.hurry.wait(0.5)
            else:
                self._spent = False
                return connection
