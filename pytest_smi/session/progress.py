"""How far a run is: rows done, running and waiting, what is waited for, and the time that is left. Pure.

The clock is given; nothing is printed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

__all__ = ["Progress", "in_words"]

_FEWEST_DONE = 3
"""Rows that must be done before the time left is estimated."""
_SHOWN = 4
"""Running rows that a line names before the rest is only counted."""


class Progress:
    """The rows of a run, by node id; `name` makes what people read of a node id."""

    def __init__(self, clock: Callable[[], float], name: Callable[[str], str]) -> None:
        self._clock, self._name = clock, name
        self._waiting: set[str] = set()
        self._done: set[str] = set()
        self._running: dict[str, float] = {}
        self._began: float | None = None

    def expect(self, nodeids: Iterable[str]) -> None:
        """Say what the run consists of."""
        self._waiting = set(nodeids) - self._done - self._running.keys()

    def start(self, nodeid: str) -> None:
        """Say that a row runs."""
        now = self._clock()
        self._began = now if self._began is None else self._began
        self._waiting.discard(nodeid)
        self._running[nodeid] = now

    def finish(self, nodeid: str) -> None:
        """Say that a row is done, whatever came of it."""
        self._waiting.discard(nodeid)
        self._running.pop(nodeid, None)
        self._done.add(nodeid)

    @property
    def seconds_left(self) -> float | None:
        """Return what is left at the pace so far, a running row counted as half done; None: too early to tell."""
        if self._began is None or len(self._done) < _FEWEST_DONE:
            return None
        left = len(self._waiting) + len(self._running) / 2
        return (self._clock() - self._began) / len(self._done) * left

    def line(self, waits: Mapping[str, str], width: int | None = None) -> str:
        """Return one line. `waits`: what a running row waits for, by node id. `width`: cut what is longer."""
        done = len(self._done)
        total = done + len(self._running) + len(self._waiting)
        left = self.seconds_left
        counts = f"{done} of {total} rows done, {len(self._running)} running, {len(self._waiting)} waiting"
        text = f"{counts}; {'time left not known yet' if left is None else f'about {in_words(left)} left'}"
        if rows := self._rows(waits):
            text = f"{text}; {rows}"
        return text if width is None or len(text) <= width else f"{text[: max(0, width - 1)]}…"

    def _rows(self, waits: Mapping[str, str]) -> str:
        now = self._clock()
        oldest = sorted(self._running, key=self._running.__getitem__)
        named = [
            f"{self._name(nodeid)} ({in_words(now - self._running[nodeid])}"
            f"{f', waits {waits[nodeid]}' if waits.get(nodeid) else ''})"
            for nodeid in oldest[:_SHOWN]
        ]
        return ", ".join(named) + (f" and {len(oldest) - _SHOWN} more" if len(oldest) > _SHOWN else "")


def in_words(seconds: float) -> str:
    """Return a duration as people say it: 40 s, 4 min, 1 h 20 min."""
    if seconds < 60:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
