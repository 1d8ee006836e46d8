"""The ways in which the embedded cluster can be told to break, to prove that the suite notices a broken harness.

Law: a fault is off unless named; each is asked for at the one place where it acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLUSTER_FAULTS: dict[str, str] = {
    "server-down": "A sample application server is killed some 100 ms after it became ready, and never started again.",
    "dns-dead": "The cluster's name server answers SERVFAIL from the moment when the cluster is ready.",
    "exec-cut": "Every exec session is cut, without an exit status, after 2 lines of standard input.",
    "prober-killed": "A program started through exec is killed after its 2nd line of standard input.",
}
"""Name -> what it does."""

SERVER_DOWN_DELAY = 0.1
"""Seconds from a server's readiness to its end."""
EXEC_CUT_LINES = 2
PROBER_KILLED_LINES = 2
_ROLE_LABEL = "smi.test/role"


@dataclass(frozen=True, slots=True)
class ClusterFaults:
    """The fault that is on, if any."""

    name: str | None = None

    def server_down(self, pod: Mapping[str, Any]) -> bool:
        """Return whether this pod's containers are killed after they became ready, and not restarted."""
        labels = pod["metadata"].get("labels") or {}
        return self.name == "server-down" and labels.get(_ROLE_LABEL) == "server"

    @property
    def dns_dead(self) -> bool:
        """Whether the name server dies."""
        return self.name == "dns-dead"

    @property
    def cut_exec_after(self) -> int | None:
        """Lines of standard input after which an exec session loses its connection."""
        return EXEC_CUT_LINES if self.name == "exec-cut" else None

    @property
    def kill_exec_after(self) -> int | None:
        """Lines of standard input after which an exec'd process is killed."""
        return PROBER_KILLED_LINES if self.name == "prober-killed" else None


def describe() -> list[dict[str, Any]]:
    """Return the records of `faults`: a broken harness breaks no requirement, it makes them errored."""
    return [
        {"name": name, "description": text, "breaks": [], "kind": "cluster"} for name, text in CLUSTER_FAULTS.items()
    ]
