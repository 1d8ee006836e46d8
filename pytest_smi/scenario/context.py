"""What every part of a scenario shares: the testbed, the clock, the evidence, and the one way out to the wire.

`observe` and `pause` are the seam: a test that gives its own sends nothing and waits for nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from pytest_smi.cluster.wait import Backoff, pause
from pytest_smi.errors import ClusterError
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.ports import without_ports
from pytest_smi.smi.render import render
from pytest_smi.testbed.hosts import SUFFIXES
from pytest_smi.testbed.observe import observe as observe_on
from pytest_smi.testbed.probing.observation import Observation
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Workload


class Observe(Protocol):
    """Send batches of probes, all at once, and join them with the journals of `servers`;
    observations in the order of the batches."""

    def __call__(self, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
        """Return one observation for each batch."""


class Context:
    """The common ground of a scenario's parts; `tag` is in the name of everything that the scenario creates."""

    def __init__(
        self,
        testbed: Testbed,
        tag: str,
        *,
        fresh_clients: bool = False,
        clock: Callable[[], float] = time.monotonic,
        observe: Observe | None = None,
        pause: Callable[[float], None] = pause,
    ) -> None:
        self.testbed, self.tag, self.clock, self.pause = testbed, tag, clock, pause
        self.observe: Observe = observe or partial(observe_on, testbed)
        self.fresh_clients = fresh_clients
        """Whether clients in the mesh are the scenario's own."""
        self.limits, self.versions = testbed.target.limits, testbed.target.written
        self.evidence = Evidence(clock)
        self.idle_before = testbed.target.profile.splits.idle_before
        """`splits.idleBefore` of the mesh's profile: seconds."""
        self._changed = -math.inf
        self._applied: dict[tuple[str, str, str], dict[str, Any]] = {}

    def below(self, tag: str) -> Context:
        """Return a context of another tag on the same testbed, clock and wire, with evidence of its own."""
        return Context(
            self.testbed,
            tag,
            fresh_clients=self.fresh_clients,
            clock=self.clock,
            observe=self.observe,
            pause=self.pause,
        )

    def namespace(self, alias: str) -> str:
        """Return the real name of namespace t1, t2 (joined) or out (not joined)."""
        return self.testbed.namespace(alias)

    def rendered(self, record: SmiObject) -> dict[str, Any]:
        """Return the object for a record at the negotiated versions. Raise NotExpressible."""
        return render(without_ports(record, self.versions), self.versions, headers=self.testbed.target.headers)

    def put(self, manifest: dict[str, Any]) -> None:
        """Create or replace any Kubernetes object; it is removed when the scenario ends."""
        try:
            self.testbed.objects.apply(manifest)
        except ClusterError as error:
            self.evidence.refused(manifest, error.message)
            raise
        self._changed = self.clock()
        metadata = manifest["metadata"]
        self._applied[manifest["kind"], metadata.get("namespace", ""), metadata["name"]] = manifest
        self.evidence.manifest(manifest, "applied")

    def patch(self, manifest: dict[str, Any], patch: Mapping[str, Any]) -> None:
        """Merge a change into an object that is there, and goes with what it belongs to."""
        self.testbed.objects.patch(manifest, patch)
        self._changed = self.clock()
        metadata = manifest["metadata"]
        self.evidence.event(f"changed {manifest['kind']} {metadata['namespace']}/{metadata['name']}", patch=patch)

    def remove(self, manifest: dict[str, Any]) -> None:
        """Delete an object."""
        self.testbed.objects.delete(manifest)
        self._changed = self.clock()
        metadata = manifest["metadata"]
        self._applied.pop((manifest["kind"], metadata.get("namespace", ""), metadata["name"]), None)
        self.evidence.manifest(manifest, "deleted")

    @property
    def applied(self) -> list[dict[str, Any]]:
        """Return the objects that are there now, as they were applied last."""
        return list(self._applied.values())

    def close(self) -> None:
        """Delete every object that is left, the newest first."""
        for manifest in reversed(list(self._applied.values())):
            self.testbed.objects.delete(manifest)

    @property
    def smi_objects(self) -> set[tuple[str, str, str]]:
        """Return kind, namespace and name of each SMI object that is applied now."""
        return {key for key, manifest in self._applied.items() if "smi-spec.io" in manifest["apiVersion"]}

    @property
    def time_to_settle(self) -> float:
        """Return the seconds that the mesh still has to bring the last change into effect;
        0 or less when it has had its time."""
        return self._changed + self.limits.settle_deadline - self.clock()

    def idle_for(self, call: Call) -> float:
        """Return the seconds that a client must leave the server alone to see a split of it; 0 where none is,
        or none need be."""
        if not self.idle_before:
            return 0.0
        namespace, _, name = call.server.partition("/")
        named = {name + suffix for suffix in SUFFIXES.values()}
        splits = [
            manifest
            for (kind, where, _), manifest in self._applied.items()
            if kind == "TrafficSplit" and where == namespace
        ]
        return (
            self.idle_before
            if any(manifest["spec"]["service"].partition(".")[0] in named for manifest in splits)
            else 0.0
        )

    def rounds(self, what: str, *, idle: float = 0.0) -> Backoff:
        """Begin to poll at the pace of the limits, on this clock, until `what`; `idle`: least pause in seconds."""
        return Backoff(
            what, longest=self.limits.poll_interval, first=0.005, least=idle, clock=self.clock, pause=self.pause
        )

    def fewest_rounds(self, patience: float, idle: float) -> int:
        """Return how many rounds a deadline must have allowed: the limit's,
        or as many as fit where each is an idle wait."""
        return min(self.limits.settle_rounds, max(2, int(patience // idle))) if idle else self.limits.settle_rounds
