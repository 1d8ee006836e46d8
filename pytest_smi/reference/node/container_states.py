"""A container's states in the words of a kubelet, and whether and when it is started again. Pure.

Times in states are timestamps as Kubernetes writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def waiting(reason: str, message: str) -> dict[str, Any]:
    """Return the state of a container that has not started, or not again."""
    return {"waiting": {"reason": reason, "message": message}}


def running(since: str) -> dict[str, Any]:
    """Return the state of a container whose program runs."""
    return {"running": {"startedAt": since}}


def not_executed(message: str, container_id: str, at: str) -> dict[str, Any]:
    """Return the state of a container whose program could not be executed."""
    ended = {"exitCode": 128, "reason": "StartError", "message": message, "startedAt": at, "finishedAt": at}
    return {"terminated": {**ended, "containerID": container_id}}


def exit_code(status: int) -> int:
    """Return the exit code of a process that ended with `status`; killed by signal n (status -n) it is 128 + n."""
    return 128 - status if status < 0 else status


def ended(status: int, container_id: str, *, since: str, at: str) -> dict[str, Any]:
    """Return the state of a container whose program ended with that status."""
    code = exit_code(status)
    found: dict[str, Any] = {
        "exitCode": code,
        "reason": "Completed" if code == 0 else "Error",
        "startedAt": since,
        "finishedAt": at,
    }
    if status < 0:
        found["signal"] = -status
    return {"terminated": {**found, "containerID": container_id}}


def no_image(spec: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return why a container whose image the node lacks waits: reason, message, and the event's reason and message."""
    image = spec["image"]
    if spec.get("imagePullPolicy") == "Never":
        why = f'Container image "{image}" is not present with pull policy of Never'
        return "ErrImageNeverPull", why, "ErrImageNeverPull", why
    why = f'the node has no image "{image}"; give it with --image'
    return "ErrImagePull", why, "Failed", f'Failed to pull image "{image}"'


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
        """Return whether a program that ended with that status is started again."""
        return self._policy == "Always" or (self._policy == "OnFailure" and status != 0)

    def next_delay(self, ran: float) -> float:
        """Seconds to wait before the next start of a program that ran for `ran` seconds."""
        self._attempt = 0 if ran > CALM else self._attempt
        delay = BACKOFFS[min(self._attempt, len(BACKOFFS) - 1)]
        self._attempt += 1
        return delay
