"""What an assertion is written with: a scene of servers and clients, SMI objects, and claims about the traffic.

`from pytest_smi.scenario.scenario import …` is all that a module of `conformance/` imports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.catalogue import assertion
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.scenario.policies import Policies, edited, match
from pytest_smi.scenario.routing import Routing
from pytest_smi.scenario.verdict import Claim, Inconclusive, NotReached, RequirementFailed, allowed, closed, control, denied, steady
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    IdentityBinding,
    Rule,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)
from pytest_smi.testbed.probing.observation import Arrival, Fate, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, Request
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Pod, PodAddress, Service, Workload

T = TypeVar("T")

__all__ = [
    "Answer",
    "Arrival",
    "Backend",
    "Call",
    "Claim",
    "Fate",
    "HTTPMatch",
    "HTTPRouteGroup",
    "IdentityBinding",
    "Inconclusive",
    "NotReached",
    "Observation",
    "Pod",
    "PodAddress",
    "Probe",
    "Request",
    "RequirementFailed",
    "Rule",
    "Scene",
    "Service",
    "Subject",
    "TCPRoute",
    "TrafficSplit",
    "TrafficTarget",
    "UDPRoute",
    "Workload",
    "allowed",
    "assertion",
    "closed",
    "control",
    "denied",
    "edited",
    "match",
    "steady",
]


class Scene(Routing, Policies):
    """The stage of one assertion. Servers are its own; clients are shared with other scenes and have no state."""

    def __init__(self, testbed: Testbed, tag: str, *, fresh_clients: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        testbed.forget_ended()
        self.testbed, self.tag, self.clock = testbed, tag, clock
        self.limits, self.versions = testbed.setting.limits, testbed.setting.written
        self.evidence = Evidence(clock)
        self.servers, self.owed = [], []
        self.reading: str | None = None
        self._applied, self._own_ports = {}, {}
        self.fresh_clients, self._own_clients = fresh_clients, {}
        self.idle_before = testbed.setting.profile.splits.idle_before

    def has(self, feature: str) -> bool:
        """Whether the mesh's profile has a feature, for parts of an assertion that need more than the rest of it."""
        return feature in self.testbed.setting.profile.features

    def closed_so_far(self, *calls: Call) -> None:
        """Control: none of these calls arrives yet, so that what opens them later is seen to have an effect."""
        self.expect(*map(closed, calls), hold=False)

    def open_to_all(self, *destinations: Workload, sources: Sequence[Workload]) -> None:
        """Grant everything (see `grant_all`), and control: each source reaches each destination by its own Service, where it has one.

        A server that a client's proxy does not know yet, or cannot reach, must not pass for one that a split keeps out.
        """
        self.grant_all(*destinations, sources=sources)
        ports = {destination: port for destination in destinations if (port := self.http_port(destination)) is not None}
        self.expect(*(control(source.get(server, port=port)) for source in sources for server, port in ports.items()), hold=False)

    def shared(self, key: str, build: Callable[[Scene], T]) -> T:
        """Return what `build` made of a scene that several assertions judge; it is built once per worker and mesh.

        Its pods are gone afterwards.

        The common scene's evidence becomes part of this one's. When building it failed, that error is everyone's.
        """
        known = self.testbed.shared
        if key not in known:
            stage = Scene(self.testbed, f"{self.tag}s", fresh_clients=self.fresh_clients, clock=self.clock)
            try:
                known[key] = (stage, build(stage), None)
            except Exception as error:  # whatever went wrong, it goes wrong once and is told to all
                known[key] = (stage, None, error)
            if not self.testbed.setting.keep:
                stage.close()
        stage, value, failure = known[key]
        self.evidence.include(stage.evidence)
        if failure is not None:
            raise failure
        made: T = value
        return made

    def observed(self, reading: str) -> None:
        """Record which reading of an ambiguous clause the mesh follows; the verdict is then `observed`."""
        self.reading = reading
        self.evidence.event("observed", reading=reading)

    def fail(self, reason: str) -> None:
        """The mesh does not meet the requirement."""
        raise RequirementFailed(reason)

    def require(self, condition: bool, reason: str) -> None:
        """Fail the requirement unless `condition`; `reason` says what was expected and found."""
        if not condition:
            raise RequirementFailed(reason)

    def conclude(self) -> None:
        """Check at the end that every denial had its positive control."""
        if self.owed:
            raise Inconclusive(f"no control showed that the server of {self.owed[0]} can be reached at all")

    def close(self) -> None:
        """Delete the scene's objects and servers."""
        for manifest in reversed(list(self._applied.values())):
            self.testbed.objects.delete(manifest)
        for workload in [*self.servers, *self._own_clients.values()]:
            self.testbed.remove(workload)
