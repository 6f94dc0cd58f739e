"""Press Jupyter's stop button on the code under test, and on nothing else.

An interrupt in pytest's own process may land in what a plugin has hooked into it, and be swallowed there. Hypothesis,
for example, has a callback in the garbage collector, and Python ignores whatever such a callback raises. So the code
under test is interrupted in a process of its own (`stopped`) or in a kernel (tests/kernels.py), by the same button.
"""

import contextlib
import inspect
import io
import multiprocessing
import os
import pickle
import traceback

BESIDE = "spawn" if os.name == "nt" else "forkserver"  # neither has anything of pytest's in it


class StopButton:
    """A SIGINT that is raised as KeyboardInterrupt in the main thread, in the `with` only.

    Where it cannot reach the code under test it is sent again a little later. So it is while that code has not begun.
    And so it is in a callback of the garbage collector or in a destructor, of which Python reports that it ignores what
    they raise.

    Parameters
    ----------
    names : the global names of the cells under test; without them it is whatever runs.

    Attributes
    ----------
    arrived : how often it was raised in code that could notice.
    """

    def __init__(self, names=None):
        self.names, self.arrived, self.armed, self.timers = names, 0, False, []

    def __enter__(self):
        import signal
        import sys

        self.before = signal.signal(signal.SIGINT, self._arrive), sys.unraisablehook
        sys.unraisablehook = self._ignored
        self.armed = True
        return self

    def __exit__(self, *error):
        import signal
        import sys

        self.armed = False  # what comes from now on comes too late
        for timer in self.timers:
            timer.cancel()
            timer.join()
        handler, sys.unraisablehook = self.before
        signal.signal(signal.SIGINT, handler)

    def press(self):
        import signal
        import threading

        if hasattr(signal, "pthread_kill"):  # it wakes code that waits, too
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)

    def press_after(self, seconds):
        import threading

        self.timers.append(threading.Timer(seconds, self.press))
        self.timers[-1].start()

    def _arrive(self, signum, frame):
        if self.armed and not self._under_test(frame):
            self.press_after(0.01)
        elif self.armed:
            self.arrived += 1
            raise KeyboardInterrupt

    def _under_test(self, frame):
        while self.names is not None and frame is not None:
            # A cell's own code is called <module> or, by some versions of IPython, <cell line: 1>.
            if frame.f_globals is self.names and frame.f_code.co_name.startswith(("<module", "<cell")):
                return True
            frame = frame.f_back
        return self.names is None

    def _ignored(self, report):
        if not issubclass(report.exc_type, KeyboardInterrupt):
            self.before[1](report)
        elif self.armed:
            self.arrived -= 1
            self.press_after(0.01)


def stopped(scenario, *arguments):
    """What a scenario returns, and what it prints, in a process of its own where it is interrupted once.

    Parameters
    ----------
    scenario : a function of a test module; called with a function that presses the stop button, and the arguments. What
        it patches stays patched in its own process only.
    """
    context = multiprocessing.get_context(BESIDE)
    if BESIDE == "forkserver":
        context.set_forkserver_preload(["makemlp"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_interrupted, args=(there, scenario, arguments))
    process.start()
    there.close()
    try:
        result, printed, arrived = pickle.loads(here.recv_bytes())
    finally:
        process.join()
    assert arrived is not None, printed
    assert arrived == 1, f"The interrupt arrived {arrived} times."
    return result, printed


def _interrupted(pipe, scenario, arguments):
    printed, button = io.StringIO(), StopButton()
    try:
        with contextlib.redirect_stdout(printed), button:
            result = scenario(button.press, *arguments)
        told = result, printed.getvalue(), button.arrived
    except BaseException:
        told = None, traceback.format_exc(), None
    pipe.send_bytes(pickle.dumps(told))


def in_kernel(seconds):
    """Source that a kernel runs to have the next cell stopped after so many seconds, if it is still at work then."""
    parts = [inspect.getsource(part) for part in (StopButton, _watch_next_cell)]
    start = f"_watch_next_cell(StopButton(globals()), {seconds})"
    return "\n".join([*parts, start, "del StopButton, _watch_next_cell"])


ARRIVED = "print(get_ipython().stop_button.arrived)"  # the source that says how often the button was noticed there


def _watch_next_cell(button, seconds):
    from IPython import get_ipython

    events = get_ipython().events
    get_ipython().stop_button = button

    def begin(info):
        events.unregister("pre_run_cell", begin)
        events.register("post_run_cell", end)
        button.__enter__()
        button.press_after(seconds)

    def end(result):
        events.unregister("post_run_cell", end)
        button.__exit__()

    events.register("pre_run_cell", begin)
