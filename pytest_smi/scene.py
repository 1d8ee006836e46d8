"""What an assertion is written with: a scene of servers and clients, SMI objects, and claims about the traffic.

`from pytest_smi.scene import …` is all that a module of `conformance/` imports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pytest_smi import app
from pytest_smi.catalogue import assertion
from pytest_smi.cluster.connection import Answer
from pytest_smi.evidence import Evidence
from pytest_smi.expectations import Expectations
from pytest_smi.probing.observation import Arrival, Fate, Observation, Probe
from pytest_smi.probing.plan import Call, Request
from pytest_smi.routing import Routing
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    Rule,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
    refer_to,
)
from pytest_smi.smi.render import GROUPS, render
from pytest_smi.testbed import Testbed
from pytest_smi.verdict import Claim, Inconclusive, NotReached, RequirementFailed, allowed, closed, control, denied, steady
from pytest_smi.workloads import DEFAULT_PORTS, Pod, PodAddress, Service, Workload

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


def match(name: str, path: str | None = None, methods: Iterable[str] | None = ("*",), **headers: str) -> HTTPMatch:
    """Write a route in short: `match("m", "/m", ["GET"], x_kind="^v$")`; underscores in header names become dashes."""
    pairs = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    return HTTPMatch(name=name, path=path, methods=None if methods is None else tuple(methods), headers=pairs)


class Scene(Expectations, Routing):
    """The stage of one assertion. Servers are its own; clients are shared with other scenes and have no state."""

    def __init__(self, testbed: Testbed, tag: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        testbed.forget_ended()
        self.testbed, self.tag = testbed, tag
        self.limits, self.versions = testbed.setting.limits, testbed.setting.versions
        self.evidence = Evidence(clock)
        self.clock = clock
        self.servers: list[Workload] = []
        self.reading: str | None = None
        self.owed: list[Claim] = []
        self._applied: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._volleys = 0
        self._own_ports: dict[str, Mapping[str, int]] = {}

    # --- what is known ------------------------------------------------------------------------------------------

    def has(self, feature: str) -> bool:
        """Whether the mesh's profile has a feature, for parts of an assertion that need more than the rest of it."""
        return feature in self.testbed.setting.profile.features

    def closed_so_far(self, *calls: Call) -> None:
        """Control: none of these calls arrives yet, so that what opens them later is seen to have an effect."""
        self.expect(*map(closed, calls), hold=False)

    # --- who is there -------------------------------------------------------------------------------------------

    def namespace(self, alias: str) -> str:
        """Return the real name of namespace t1, t2 (joined) or out (not joined)."""
        return self.testbed.namespace(alias)

    def client(self, account: str = "a", alias: str = "t1", *, joined: bool = True) -> Workload:
        """Return the client pod that runs as ServiceAccount `account`; `out` is never joined."""
        return self.testbed.client(account, alias, joined=joined and alias != "out")

    def server(
        self,
        name: str = "srv",
        alias: str = "t1",
        *,
        account: str | None = None,
        replicas: int = 1,
        joined: bool = True,
        labels: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        service: bool = True,
        under_root: bool = True,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
    ) -> Workload:
        """Deploy a server with its own ServiceAccount (`account`: another one's) and a Service of its name.

        `ports` and `port_names` are of that Service, see `service`; without one, `give_service` creates it later.
        `under_root=False` keeps the pods out of the Services that `service` makes over all servers of the scene.

        Names carry the scene's tag, so `server("srv", "t1")` and `server("srv", "t2")` are homonyms of each other and
        of nothing else.
        """
        full = f"{name}-{self.tag}"
        workload = self.testbed.deploy(
            full,
            alias,
            account=f"{account}-{self.tag}" if account else full,
            title=f"{name} in {alias}",
            joined=joined,
            replicas=replicas,
            labels={**({f"scene-{self.tag}": "true"} if under_root else {}), **(labels or {})},
            environment=environment,
        )
        self.servers.append(workload)
        self.evidence.event(f"deployed {full} in {alias}", account=workload.account, replicas=replicas, joined=workload.joined)
        if service:
            self.give_service(workload, ports=ports, port_names=port_names)
        return workload

    def give_service(
        self, workload: Workload, *, ports: Mapping[str, int] = DEFAULT_PORTS, port_names: Mapping[str, str] | None = None
    ) -> None:
        """Create the Service of a workload's own name: the backend that a split names."""
        selector = {app.APP_LABEL: workload.name}
        self._put(app.service(workload.name, workload.namespace, selector=selector, ports=ports, port_names=port_names))
        self._own_ports[workload.key] = ports

    def direct_calls(self, call: Call) -> list[Call]:
        """Return the same call to each server's own Service, where that has the port."""
        having = [w for w in self.servers if f"{call.port}/TCP" in self._own_ports.get(w.key, ())]
        return [replace(call, server=w.key, host=w.host, address=None) for w in having]

    def service(
        self,
        name: str,
        workloads: Sequence[Workload],
        *,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
        selector: Mapping[str, str] | None = None,
        alias: str = "t1",
    ) -> Service:
        """Create a Service over several servers of this scene; `selector` defaults to all servers of the scene in the namespace.

        `ports` maps `8080/TCP` to a target port, `port_names` to a name of the port other than the usual `http-8080`.
        The Service is applied anew when its name is used again.
        """
        namespace = self.namespace(alias)
        full = f"{name}-{self.tag}"
        self._put(app.service(full, namespace, selector=selector or {f"scene-{self.tag}": "true"}, ports=ports, port_names=port_names))
        host = self.testbed.setting.profile.host.format(service=full, namespace=namespace)
        return Service(name=full, namespace=namespace, host=host, workloads=tuple(workloads), ports=dict(ports))

    # --- SMI objects --------------------------------------------------------------------------------------------

    def apply(self, *records: SmiObject) -> None:
        """Create or replace SMI objects, in the order given, at the negotiated versions."""
        for record in records:
            self._put(render(record, self.versions))

    def delete(self, *records: SmiObject) -> None:
        """Delete SMI objects."""
        for record in records:
            self._remove(render(record, self.versions))

    def routes(self, name: str, *matches: HTTPMatch, alias: str = "t1") -> HTTPRouteGroup:
        """Describe (not apply) an HTTPRouteGroup of this scene."""
        return HTTPRouteGroup(name=f"{name}-{self.tag}", namespace=self.namespace(alias), matches=matches)

    def tcp_route(self, name: str, *ports: int, alias: str = "t1") -> TCPRoute:
        """Describe a TCPRoute of this scene; no ports means all."""
        return TCPRoute(name=f"{name}-{self.tag}", namespace=self.namespace(alias), ports=ports)

    def udp_route(self, name: str, *ports: int, alias: str = "t1") -> UDPRoute:
        """Describe a UDPRoute of this scene; no ports means all."""
        return UDPRoute(name=f"{name}-{self.tag}", namespace=self.namespace(alias), ports=ports)

    def target(
        self,
        destination: Workload,
        *rules: HTTPRouteGroup | TCPRoute | UDPRoute | Rule,
        sources: Iterable[Workload],
        name: str = "target",
        alias: str | None = None,
    ) -> TrafficTarget:
        """Describe a TrafficTarget: `sources` (by their ServiceAccounts) may reach the destination's through `rules`.

        A route group given as a record is granted as a whole, each of its routes by name; write a `Rule` to say it otherwise.
        """
        return TrafficTarget(
            name=f"{name}-{self.tag}",
            namespace=self.namespace(alias) if alias else destination.namespace,
            destination=Subject(name=destination.account, namespace=destination.namespace),
            rules=tuple(map(refer_to, rules)),
            sources=tuple(Subject(name=s.account, namespace=s.namespace) for s in sources),
        )

    def grant(
        self, destination: Workload, *matches: HTTPMatch, sources: Iterable[Workload], name: str = "grant"
    ) -> tuple[HTTPRouteGroup, TrafficTarget]:
        """Apply a route group and a target that grants all of it; returns both, to be edited or deleted."""
        group = HTTPRouteGroup(name=f"{name}-{self.tag}", namespace=destination.namespace, matches=matches)
        target = self.target(destination, group, sources=sources, name=name)
        self.apply(group, target)
        return group, target

    def open_to_all(self, *destinations: Workload, sources: Iterable[Workload]) -> None:
        """Grant every HTTP request and TCP connection, where the mesh also enforces access; otherwise nothing is needed."""
        if "access" not in self.versions or "specs" not in self.versions:
            return
        for number, destination in enumerate(destinations):
            group = HTTPRouteGroup(name=f"all-{self.tag}", namespace=destination.namespace, matches=(match("all", ".*"),))
            tcp = TCPRoute(name=f"all-{self.tag}", namespace=destination.namespace)
            http_target = self.target(destination, group, sources=sources, name=f"all-http-{number}")
            self.apply(group, tcp, http_target, self.target(destination, tcp, sources=sources, name=f"all-tcp-{number}"))

    def split(
        self,
        root: Service | Workload,
        weights: Mapping[Service | Workload | str, int],
        *,
        matches: Sequence[HTTPRouteGroup] | None = None,
        name: str = "split",
    ) -> TrafficSplit:
        """Describe a TrafficSplit of `root`; a backend given as text is a Service name of this scene that need not exist."""
        return TrafficSplit(
            name=f"{name}-{self.tag}",
            namespace=root.namespace,
            service=root.name,
            backends=tuple(
                Backend(service=f"{key}-{self.tag}" if isinstance(key, str) else key.name, weight=weight) for key, weight in weights.items()
            ),
            matches=None if matches is None else tuple(group.name for group in matches),
        )

    # --- the Kubernetes API -------------------------------------------------------------------------------------

    def api(self, path: str, *, account: tuple[str, str] | None = None, query: Mapping[str, str] | None = None) -> Answer:
        """GET a path of the API server; `account` (namespace, name) asks as that ServiceAccount."""
        headers = {"Impersonate-User": f"system:serviceaccount:{account[0]}:{account[1]}"} if account else {}
        answer = self.testbed.connection.request("GET", path, headers=headers, query=query)
        self.evidence.event(f"GET {path}", query=dict(query or {}), account=account, status=answer.status, body=answer.body)
        return answer

    def metrics_path(self, rest: str = "") -> str:
        """Return a path of the TrafficMetrics API at the negotiated version."""
        return f"/apis/{GROUPS['metrics']}/{self.versions['metrics']}{rest}"

    def dry_run(self, record: SmiObject | dict[str, Any]) -> Answer:
        """Ask the API server whether it would accept an object."""
        manifest = record if isinstance(record, dict) else render(record, self.versions)
        return self.testbed.objects.dry_run(manifest)

    def put(self, manifest: dict[str, Any]) -> None:
        """Create or replace any Kubernetes object (RBAC, for instance); removed when the scene ends."""
        self._put(manifest)

    def events_about(self, record: SmiObject) -> list[dict[str, Any]]:
        """Return the events that the mesh raised on an SMI object."""
        events = self.testbed.objects.list("v1", "events", record.namespace)
        kind = type(record).__name__
        return [e for e in events if e["involvedObject"].get("kind") == kind and e["involvedObject"].get("name") == record.name]

    def shared(self, key: str, build: Callable[[Scene], T]) -> T:
        """Return what `build` made of a scene that several assertions judge; it is built once per worker and mesh.

        The common scene's evidence becomes part of this one's. When building it failed, that error is everyone's.
        """
        known = self.testbed.shared
        if key not in known:
            stage = Scene(self.testbed, f"{self.tag}s", clock=self.clock)
            try:
                known[key] = (stage, build(stage), None)
            except Exception as error:  # whatever went wrong, it goes wrong once and is told to all
                known[key] = (stage, None, error)
        stage, value, failure = known[key]
        self.evidence.include(stage.evidence)
        if failure is not None:
            raise failure
        made: T = value
        return made

    # --- the end ------------------------------------------------------------------------------------------------

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
        for workload in self.servers:
            self.testbed.remove(workload)

    def _put(self, manifest: dict[str, Any]) -> None:
        self.testbed.objects.apply(manifest)
        metadata = manifest["metadata"]
        self._applied[manifest["kind"], metadata.get("namespace", ""), metadata["name"]] = manifest
        self.evidence.manifest(manifest, "applied")

    def _remove(self, manifest: dict[str, Any]) -> None:
        self.testbed.objects.delete(manifest)
        metadata = manifest["metadata"]
        self._applied.pop((manifest["kind"], metadata.get("namespace", ""), metadata["name"]), None)
        self.evidence.manifest(manifest, "deleted")


def edited(group: HTTPRouteGroup, *matches: HTTPMatch) -> HTTPRouteGroup:
    """Return a route group with other routes, to be applied again."""
    return replace(group, matches=matches)
