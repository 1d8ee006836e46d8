"""Decide how a client connection is closed, so that thousands of fresh ones do not use up the local ports. Pure."""

from __future__ import annotations

from collections import deque

WINDOW = 60.0
"""How long Linux keeps the port of a connection that this side closed first (TIME_WAIT), in seconds."""
BUDGET = 8_000
"""Ports that may be in TIME_WAIT at once: a good quarter of Linux's default range of 28,232."""


class TimeWaitBudget:
    """Counts orderly closings. While few, connections end with FIN, as any client's do; beyond the budget with RST,
    which leaves no TIME_WAIT and comes only after the whole answer has arrived."""

    def __init__(self, budget: int = BUDGET, window: float = WINDOW) -> None:
        self._budget = budget
        self._window = window
        self._closings: deque[float] = deque()

    def orderly(self, now: float) -> bool:
        """Return whether the connection closed at `now` (monotonic seconds) may close in the orderly way; counts it if
        so."""
        while self._closings and self._closings[0] <= now - self._window:
            self._closings.popleft()
        if len(self._closings) >= self._budget:
            return False
        self._closings.append(now)
        return True
