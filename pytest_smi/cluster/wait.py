"""Poll a condition until it holds or its deadline has passed; the only place where the suite pauses."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_smi.core.interrupts import SLICE, checkpoint
from pytest_smi.errors import ClusterError


class DeadlinePassed(ClusterError):
    """What was waited for did not come true; raised by `wait_until` alone."""


def pause(seconds: float) -> None:
    """Let time pass between two polls; an interrupt does not wait for the end of it."""
    end = time.monotonic() + seconds
    checkpoint()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SLICE))
        checkpoint()


def wait_until(condition: Callable[[], bool], *, what: str, deadline: float, longest_pause: float) -> float:
    """Return the seconds that it took until `condition()`; raises DeadlinePassed that names `what` after `deadline` seconds.

    Pauses begin at 10 ms and double up to `longest_pause`.
    """
    started = time.monotonic()
    step = 0.01
    while not condition():
        waited = time.monotonic() - started
        if waited > deadline:
            raise DeadlinePassed(f"waited {deadline:.0f} s, but it did not come true that {what}")
        pause(step)
        step = min(step * 2, longest_pause)
    return time.monotonic() - started
