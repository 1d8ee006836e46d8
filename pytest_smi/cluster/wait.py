"""Poll until a condition holds or a deadline has passed; the only place where the suite pauses.

Each wait is announced on the logger `pytest_smi.waits`, so that a long run can show what it waits for; again when
a wait within it is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from pytest_smi.core.interrupts import SLICE, checkpoint
from pytest_smi.errors import ClusterError

waits = logging.getLogger("pytest_smi.waits")
"""What this process waits for, a record per wait, and one more when a wait within it is over."""
waits.setLevel(logging.INFO)
waits.propagate = False


class DeadlinePassed(ClusterError):
    """The deadline of a wait has passed; raised by `wait_until` alone."""


def pause(seconds: float) -> None:
    """Let time pass between two polls; an interrupt does not wait for the end of it."""
    end = time.monotonic() + seconds
    checkpoint()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SLICE))
        checkpoint()


class _Announced(threading.local):
    """How many waits this thread has announced."""

    number = 0


_announced = _Announced()


class Backoff:
    """Rounds of polling: iterate over it, look, and leave the loop once the look is right or `over` says so.

    Before each further round it pauses: `first` seconds, then twice as long each time up to `longest`;
    never less than `least`. `what`: what it waits for, announced.
    """

    def __init__(
        self,
        what: str,
        *,
        longest: float,
        first: float = 0.01,
        least: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = pause,
    ) -> None:
        self.rounds = 0
        """Rounds begun so far."""
        self._what, self._announcement = what, 0
        self._announce()
        self._step, self._longest, self._least = first, longest, least
        self._clock, self._pause = clock, pause
        self._started, self._pausing = clock(), True

    def __iter__(self) -> Iterator[int]:
        while True:
            self.rounds += 1
            self._pausing = True
            yield self.rounds
            if self._pausing:
                if self._announcement != _announced.number:
                    self._announce()
                self._pause(max(self._step, self._least))
                self._step = min(self._step * 2, self._longest)

    def _announce(self) -> None:
        _announced.number += 1
        self._announcement = _announced.number
        waits.info("until %s", self._what)

    @property
    def waited(self) -> float:
        """Return the seconds since the polling began."""
        return self._clock() - self._started

    def at_once(self) -> None:
        """Begin the next round without a pause: this one was right, and is to be confirmed."""
        self._pausing = False

    def over(self, deadline: float, *, fewest: int = 1) -> bool:
        """Return whether `deadline` seconds have passed and at least `fewest` rounds were looked at,
        however slow they were."""
        return self.waited > deadline and self.rounds >= fewest


def wait_until(condition: Callable[[], bool], *, what: str, deadline: float, longest_pause: float) -> float:
    """Return the seconds that it took until `condition()`; raise DeadlinePassed
    that names `what` after `deadline` seconds."""
    backoff = Backoff(what, longest=longest_pause)
    for _ in backoff:
        if condition():
            break
        if backoff.over(deadline):
            raise DeadlinePassed(f"timed out after {deadline:.0f} s waiting until {what}")
    return backoff.waited
