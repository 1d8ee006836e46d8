"""Who takes part in the shared scenario, and what they send: the plan that every assertion on Traffic Metrics looks
back at.

| from | to | requests | for |
|---|---|---|---|
| a | b | 220 answered 200, 80 answered 500 | counts, edges, directions |
| a | c | 48, each delayed by 0.4 s (more if clients measured no difference) | typical latency |
| g, h | h, g | 100 and 37 | both directions between one pair; pods that only h's selector matches (w's) are not h's |
| h | r | 94, and 6 delayed by a second | the tail |
| x, the r of another namespace | r | 30 | edges across namespaces, between two of one name |
| r | x | 40, over one connection where HTTP/2 is spoken | requests of one connection |
| x | g | 10, 20 and 40 answered 202, 302 and 404 | what counts as a failure |
| h | w, pod by pod | 30, 20, and 10 delayed by 0.6 s | sums and latencies over pods |
| h | w | 40 TCP connections, where the mesh carries them | nothing but HTTP is counted |
| g | apex, split 90/10 over v1 and v2 | 50 | splits |
| h | v1 | 60 | what goes straight to a backend is not the split's |
| h | x | some before all that, which no policy grants | how refusals are counted |
| | d | none | idle |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_smi.core.limits import Limits
from pytest_smi.core.uris import LABELS
from pytest_smi.scenario.metrics.recording import Count, Flow
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.scenario import Call, Request, Scenario, Service, TrafficSplit, Workload
from pytest_smi.testbed.probing.observation import Observation

HOME, ABROAD = "metrics", "abroad"
"""Namespaces of this scenario alone, both joined: nothing else sends there, so that every request is known."""
DELAY, TAIL, SLOW_POD, SLOWER = 0.4, 1.0, 0.6, 2.0
BEFORE, AFTER = (90, 10), (50, 50)
MIXED, FAILING, DELAYED, THERE, BACK, QUICK, SLOW, FOREIGN, SPLIT = 220, 80, 48, 100, 37, 94, 6, 30, 50
ABROAD_BACK, STRAIGHT, CONNECTIONS = 40, 60, 40
PER_POD = (30, 20, 10)
STATUSES = {202: 10, 302: 20, 404: 40}
"""Requests by what they are answered; every sum of some of them is a number of its own."""
OVERLAP = f"{LABELS}/overlap"
_DELAY = "x-smi-delay"
_STATUS = "x-smi-status"
_FAILING = (_STATUS, "500")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """The workloads by role, and the split where the mesh has splits."""

    workloads: Mapping[str, Workload]
    apex: Service | None
    splits: tuple[TrafficSplit, ...] = ()
    """Before and after it is re-weighted; empty when the mesh has no splits."""
    tcp: bool = False
    http2: bool = False
    """Whether the mesh carries raw TCP, and HTTP/2."""
    slowness: float = 1.0
    """Factor of all delays."""

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
        """One plain HTTP call for every pair that will exchange requests; raw TCP may fail without harm to the rest."""
        return list(dict.fromkeys(replace(call, requests=(Request(),)) for call in self.calls if call.kind == "http"))

    @property
    def delay(self) -> float:
        """Seconds that c is told to wait before each answer."""
        return DELAY * self.slowness

    def slower(self) -> TrafficPlan:
        """Return the plan with longer delays, for a machine that adds too much time of its own to every request."""
        return replace(self, slowness=SLOWER)

    def at_once(self, limits: Limits) -> Callable[[Call], int | None]:
        """Return how many requests of a call are under way at the same time: few, unless all that they do is wait."""
        return lambda call: None if _DELAY in dict(call.requests[0].headers) else limits.metrics_at_once

    @property
    def calls(self) -> dict[Call, int]:
        """The traffic, as calls and how often each is sent; the slowest first."""
        w = self.workloads
        calls = {
            self._call("h", "r").with_headers(self._delayed(TAIL)): SLOW,
            self._call("a", "c").with_headers(self._delayed(DELAY)): DELAYED,
            self._call("a", "b"): MIXED,
            self._call("a", "b").with_headers(_FAILING): FAILING,
            self._call("g", "h"): THERE,
            self._call("h", "g"): BACK,
            self._call("h", "r"): QUICK,
            self._call("x", "r"): FOREIGN,
            self._abroad(): ABROAD_BACK,
        }
        calls |= {self._call("x", "g").with_headers((_STATUS, str(code))): times for code, times in STATUSES.items()}
        *quick, slow = range(len(PER_POD))
        calls |= {w["h"].get(w["w"].at_pod(index)): PER_POD[index] for index in quick}
        calls[w["h"].get(w["w"].at_pod(slow)).with_headers(self._delayed(SLOW_POD))] = PER_POD[slow]
        if self.tcp:
            calls[w["h"].tcp(w["w"])] = CONNECTIONS
        if self.apex is not None:
            calls[w["g"].get(self.apex)] = SPLIT
            calls[self._call("h", "v1")] = STRAIGHT
        return calls

    @property
    def refused(self) -> Call:
        """A call that no policy grants."""
        return self._call("h", "x")

    def _delayed(self, seconds: float) -> tuple[str, str]:
        return _DELAY, str(seconds * self.slowness)

    def _abroad(self) -> Call:
        version = "2" if self.http2 else "1.1"
        return self.workloads["r"].http(self.workloads["x"], Request(), version=version, connection="reuse")

    def _call(self, source: str, destination: str) -> Call:
        return self.workloads[source].get(self.workloads[destination])


def deploy(smi: Scenario) -> TrafficPlan:
    """Deploy everyone, and open them to each other where access is enforced."""
    workloads = {role: smi.server(role, HOME) for role in ("a", "b", "c", "d", "g", "r")}
    overlapping = {OVERLAP: "true"}
    workloads["h"] = smi.server("h", HOME, labels=overlapping, selector=overlapping)
    workloads["w"] = smi.server("w", HOME, labels=overlapping, replicas=len(PER_POD))
    workloads["x"] = smi.server("r", ABROAD)
    apex: Service | None = None
    splits: tuple[TrafficSplit, ...] = ()
    if "split" in smi.versions:
        behind = {f"{LABELS}/behind": "apex"}
        backends = [smi.server(role, HOME, labels=behind) for role in ("v1", "v2")]
        workloads |= dict(zip(("v1", "v2"), backends, strict=True))
        apex = smi.service("apex", backends, alias=HOME, selector=behind)
        splits = tuple(smi.split(apex, dict(zip(backends, weights, strict=True))) for weights in (BEFORE, AFTER))
        smi.apply(splits[0])
    callers = [workloads[role] for role in ("a", "g", "h", "r", "x")]
    smi.grant_all(*(workload for role, workload in workloads.items() if role not in ("a", "d", "x")), sources=callers)
    smi.grant_all(workloads["x"], sources=[workloads["r"]])
    return TrafficPlan(workloads=workloads, apex=apex, splits=splits, tcp=smi.has("tcp"), http2=smi.has("http2"))


def flows(plan: TrafficPlan, seen: Mapping[Call, Observation]) -> tuple[Flow, ...]:
    """Count the HTTP requests that arrived, by pod. One told to be answered 500 is a failure, every other one a
    success."""
    refs = plan.refs
    by_pod = {
        (pod.namespace, pod.name): refs[role] for role, workload in plan.workloads.items() for pod in workload.pods
    }
    found = []
    for call, observation in seen.items():
        if call.kind != "http":
            continue
        namespace, _, name = call.source.partition("/")
        status = int(dict(call.requests[0].headers).get(_STATUS, 200))
        one = Count(failures=1) if status >= 500 else Count(successes=1)
        home = call.server.partition("/")[0]
        found += [
            Flow(
                source=by_pod[namespace, name],
                destination=by_pod[home, arrival.pod],
                pod=arrival.pod,
                count=one,
                status=status,
            )
            for probe in observation.probes
            for arrival in probe.arrivals
        ]
    return tuple(found)


def connections(seen: Mapping[Call, Observation]) -> int:
    """Count the raw TCP connections that arrived."""
    return sum(
        len(probe.arrivals) for call, observation in seen.items() if call.kind == "tcp" for probe in observation.probes
    )


def latencies(plan: TrafficPlan, seen: Mapping[Call, Observation]) -> dict[str, tuple[float, ...]]:
    """Return what the clients measured, in seconds, by role of the destination."""
    found: dict[str, tuple[float, ...]] = {}
    for role, workload in plan.workloads.items():
        probes = [
            probe
            for call, observation in seen.items()
            if call.kind == "http" and call.server == workload.key
            for probe in observation.probes
        ]
        found[role] = tuple(probe.ms / 1000 for probe in probes if probe.status is not None)
    return found
