"""Who takes part in the shared scenario, and what they send: the plan that every assertion on Traffic Metrics looks
back at.

| from | to | requests | for |
|---|---|---|---|
| a | b | 220 answered 200, 80 answered 500 | counts, edges, directions |
| a | c | 48, each delayed by 0.2 s | typical latency |
| g, h | h, g | 100 and 37 | both directions between one pair |
| h | r | 94, and 6 delayed by a second | the tail |
| x, of another namespace | r | 30 | edges across namespaces |
| h | w, pod by pod | 30, 20, 10 | sums over pods |
| g | apex, split 90/10 over v1 and v2 | 50 | splits |
| | d | none | idle |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_smi.core.uris import LABELS
from pytest_smi.scenario.metrics.recording import Count, Flow
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.scenario import Call, Scenario, Service, TrafficSplit, Workload
from pytest_smi.testbed.probing.observation import Observation

HOME, ABROAD = "metrics", "abroad"
"""Namespaces of this scenario alone, both joined: nothing else sends there, so that every request is known."""
DELAY, TAIL = 0.2, 1.0
BEFORE, AFTER = (90, 10), (50, 50)
MIXED, FAILING, DELAYED, THERE, BACK, QUICK, SLOW, FOREIGN, SPLIT = 220, 80, 48, 100, 37, 94, 6, 30, 50
PER_POD = (30, 20, 10)
_DELAYED = ("x-smi-delay", str(DELAY))
_SLOW = ("x-smi-delay", str(TAIL))
_FAILING = ("x-smi-status", "500")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """The workloads by role, and the split where the mesh has splits."""

    workloads: Mapping[str, Workload]
    apex: Service | None
    splits: tuple[TrafficSplit, ...] = ()
    """Before and after it is re-weighted; empty when the mesh has no splits."""

    @property
    def home(self) -> str:
        """The namespace of everyone but x."""
        return self.workloads["a"].namespace

    @property
    def refs(self) -> dict[str, Ref]:
        """References to the Deployments, by role."""
        return {role: Ref(kind="Deployment", namespace=w.namespace, name=w.name) for role, w in self.workloads.items()}

    @property
    def warm_up(self) -> list[Call]:
        """One call for every pair that will exchange traffic."""
        plain = [call for call in self.calls if not call.requests[0].headers]
        return [*plain, self._call("a", "c")]

    @property
    def calls(self) -> dict[Call, int]:
        """The traffic, as calls and how often each is sent; the slowest first."""
        w = self.workloads
        calls = {
            self._call("h", "r").with_headers(_SLOW): SLOW,
            self._call("a", "c").with_headers(_DELAYED): DELAYED,
            self._call("a", "b"): MIXED,
            self._call("a", "b").with_headers(_FAILING): FAILING,
            self._call("g", "h"): THERE,
            self._call("h", "g"): BACK,
            self._call("h", "r"): QUICK,
            self._call("x", "r"): FOREIGN,
        }
        calls |= {w["h"].get(w["w"].at_pod(index)): requests for index, requests in enumerate(PER_POD)}
        if self.apex is not None:
            calls[w["g"].get(self.apex)] = SPLIT
        return calls

    def _call(self, source: str, destination: str) -> Call:
        return self.workloads[source].get(self.workloads[destination])


def deploy(smi: Scenario) -> TrafficPlan:
    """Deploy everyone, and open them to each other where access is enforced."""
    workloads = {role: smi.server(role, HOME) for role in ("a", "b", "c", "d", "g", "h", "r")}
    workloads["w"] = smi.server("w", HOME, replicas=len(PER_POD))
    workloads["x"] = smi.server("x", ABROAD)
    apex: Service | None = None
    splits: tuple[TrafficSplit, ...] = ()
    if "split" in smi.versions:
        behind = {f"{LABELS}/behind": "apex"}
        backends = [smi.server(role, HOME, labels=behind) for role in ("v1", "v2")]
        workloads |= dict(zip(("v1", "v2"), backends, strict=True))
        apex = smi.service("apex", backends, alias=HOME, selector=behind)
        splits = tuple(smi.split(apex, dict(zip(backends, weights, strict=True))) for weights in (BEFORE, AFTER))
        smi.apply(splits[0])
    callers = [workloads[role] for role in ("a", "g", "h", "x")]
    smi.grant_all(*(workload for role, workload in workloads.items() if role not in ("a", "d", "x")), sources=callers)
    return TrafficPlan(workloads=workloads, apex=apex, splits=splits)


def flows(plan: TrafficPlan, seen: Mapping[Call, Observation]) -> tuple[Flow, ...]:
    """Count what arrived, by pod. A request told to fail is a failure, every other one a success."""
    refs = plan.refs
    by_pod = {
        (pod.namespace, pod.name): refs[role] for role, workload in plan.workloads.items() for pod in workload.pods
    }
    found = []
    for call, observation in seen.items():
        namespace, _, name = call.source.partition("/")
        one = Count(failures=1) if _FAILING in call.requests[0].headers else Count(successes=1)
        home = call.server.partition("/")[0]
        found += [
            Flow(source=by_pod[namespace, name], destination=by_pod[home, arrival.pod], pod=arrival.pod, count=one)
            for probe in observation.probes
            for arrival in probe.arrivals
        ]
    return tuple(found)


def latencies(plan: TrafficPlan, seen: Mapping[Call, Observation]) -> dict[str, tuple[float, ...]]:
    """Return what the clients measured, in seconds, by role of the destination."""
    found: dict[str, tuple[float, ...]] = {}
    for role, workload in plan.workloads.items():
        probes = [
            probe for call, observation in seen.items() if call.server == workload.key for probe in observation.probes
        ]
        found[role] = tuple(probe.ms / 1000 for probe in probes if probe.status is not None)
    return found
