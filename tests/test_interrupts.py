"""The stop button of the tests themselves: it reaches the code under test, or the test fails."""

import contextlib
import gc
import time

import pytest
from interrupts import stopped


def ignores(press):
    """Python cannot raise anything in a garbage collector's callback."""

    def swallow(phase, info):
        gc.callbacks.remove(swallow)
        press()

    gc.callbacks.append(swallow)
    try:
        gc.collect()
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return sorted(callback.__module__ for callback in gc.callbacks if hasattr(callback, "__module__"))


def never(press):
    return "done"


def twice(press):
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt):
            press()


def fails(press):
    raise KeyError("a fault")


def test_an_ignored_interrupt_is_sent_again_and_no_hook_of_pytests_is_there():
    assert stopped(ignores) == ([], "")


@pytest.mark.parametrize(
    ("scenario", "says"), [(never, "arrived 0 times"), (twice, "arrived 2 times"), (fails, "KeyError: 'a fault'")]
)
def test_an_interrupt_that_does_not_arrive_fails_the_test(scenario, says):
    with pytest.raises(AssertionError, match=says):
        stopped(scenario)
