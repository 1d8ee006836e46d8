"""Whether and when a container is started again: its pod's restart policy, and the pauses between restarts. Pure."""

from __future__ import annotations

BACKOFFS = (0.05, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before the first, second, … restart."""
CALM = 60.0
"""Seconds of running after which the pauses start anew."""


class Restarts:
    """The restarts of one container. `policy` as in a pod's spec: Always, OnFailure or Never."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._attempt = 0

    def wanted(self, status: int) -> bool:
        """Whether a program that ended with that status is started again."""
        return self._policy == "Always" or (self._policy == "OnFailure" and status != 0)

    def next_delay(self, ran: float) -> float:
        """Seconds to wait before the next start of a program that ran for `ran` seconds."""
        self._attempt = 0 if ran > CALM else self._attempt
        delay = BACKOFFS[min(self._attempt, len(BACKOFFS) - 1)]
        self._attempt += 1
        return delay
