"""Describe, apply, edit and delete the SMI objects of a scenario, at the negotiated versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.kube_reads import KubeReads
from pytest_smi.scenario.refusals import Refusal
from pytest_smi.scenario.roots import Roots
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
from pytest_smi.smi.ports import port_of
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.workloads import Service, Workload


def match(name: str, path: str | None = None, methods: Iterable[str] | None = ("*",), **headers: str) -> HTTPMatch:
    """Write a route in short: `match("m", "/m", ["GET"], x_kind="^v$")`; underscores in header names become dashes."""
    pairs = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    return HTTPMatch(name=name, path=path, methods=None if methods is None else tuple(methods), headers=pairs)


def edited(group: HTTPRouteGroup, *matches: HTTPMatch) -> HTTPRouteGroup:
    """Return a route group with other routes, to be applied again."""
    return replace(group, matches=matches)


class Policies:
    """Route groups, targets and splits of one scenario."""

    def __init__(self, context: Context, deployment: Deployment, roots: Roots, kube: KubeReads) -> None:
        self._context, self._deployment, self._roots, self._kube = context, deployment, roots, kube

    def apply(self, *records: SmiObject) -> None:
        """Create or replace SMI objects, in the order given, at the negotiated versions.

        Pods are Ready first: what a mesh makes of policy for pods that do not run yet is no assertion's matter.
        """
        self._deployment.await_ready()
        for record in records:
            self._context.put(self._context.rendered(record))
            if isinstance(record, TrafficSplit):
                self._roots.applied(record)

    def apply_unless_refused(self, record: SmiObject | dict[str, Any], *others: SmiObject) -> Refusal | None:
        """Apply an object, as a record or as a manifest, and others after it; return who refuses it, and apply nothing
        then: what may not even be stored grants nothing either.

        Raise Inconclusive for refusals that say nothing of the object, such as missing permission.
        """
        if refusal := self._kube.refused(record):
            return refusal
        if isinstance(record, dict):
            self._deployment.await_ready()
            self._context.put(record)
        else:
            self.apply(record)
        self.apply(*others)
        return None

    def delete(self, *records: SmiObject) -> None:
        """Delete SMI objects."""
        for record in records:
            self._context.remove(self._context.rendered(record))
            if isinstance(record, TrafficSplit):
                self._roots.deleted(record)

    def can_say(self, record: SmiObject) -> bool:
        """Return whether the negotiated versions have words for a record,
        for parts of an assertion that need more than the rest of it."""
        try:
            self._context.rendered(record)
        except NotExpressible:
            return False
        return True

    def routes(self, name: str, *matches: HTTPMatch, alias: str = "t1") -> HTTPRouteGroup:
        """Describe (not apply) an HTTPRouteGroup of this scenario."""
        return HTTPRouteGroup(
            name=f"{name}-{self._context.tag}", namespace=self._context.namespace(alias), matches=matches
        )

    def tcp_route(self, name: str, *ports: int, alias: str = "t1") -> TCPRoute:
        """Describe a TCPRoute of this scenario; no ports means all."""
        return TCPRoute(name=f"{name}-{self._context.tag}", namespace=self._context.namespace(alias), ports=ports)

    def udp_route(self, name: str, *ports: int, alias: str = "t1") -> UDPRoute:
        """Describe a UDPRoute of this scenario; no ports means all."""
        return UDPRoute(name=f"{name}-{self._context.tag}", namespace=self._context.namespace(alias), ports=ports)

    def target(
        self,
        destination: Workload,
        *rules: HTTPRouteGroup | TCPRoute | UDPRoute | Rule,
        sources: Iterable[Workload],
        name: str = "target",
        alias: str | None = None,
    ) -> TrafficTarget:
        """Describe a TrafficTarget: `sources` (by their ServiceAccounts) may reach the destination's through `rules`.

        A route group given as a record is granted as a whole, each of its routes by name;
        write a `Rule` to say it otherwise.
        The ports of a TCPRoute become the target's where the versions write them there.
        """
        return TrafficTarget(
            name=f"{name}-{self._context.tag}",
            namespace=self._context.namespace(alias) if alias else destination.namespace,
            destination=Subject(name=destination.account, namespace=destination.namespace),
            rules=tuple(map(refer_to, rules)),
            sources=tuple(Subject(name=s.account, namespace=s.namespace) for s in sources),
            port=port_of(rules, self._context.versions),
        )

    def grant(
        self, destination: Workload, *matches: HTTPMatch, sources: Iterable[Workload], name: str = "grant"
    ) -> tuple[HTTPRouteGroup, TrafficTarget]:
        """Apply a route group and a target that grants all of it; returns both, to be edited or deleted."""
        group = HTTPRouteGroup(name=f"{name}-{self._context.tag}", namespace=destination.namespace, matches=matches)
        target = self.target(destination, group, sources=sources, name=name)
        self.apply(group, target)
        return group, target

    def grant_all(self, *destinations: Workload, sources: Iterable[Workload]) -> None:
        """Grant every HTTP request and TCP connection, where the mesh also enforces access;
        otherwise nothing is needed."""
        if "access" not in self._context.versions or "specs" not in self._context.versions:
            return
        for number, destination in enumerate(destinations):
            everything = [match("all", ".*")]
            if self._context.versions["specs"] == "v1alpha1":
                # Its only reader takes paths as text with a star; what is meant to be open must not depend on that.
                everything.append(match("below", "/*"))
            group = HTTPRouteGroup(
                name=f"all-{self._context.tag}", namespace=destination.namespace, matches=tuple(everything)
            )
            tcp = TCPRoute(name=f"all-{self._context.tag}", namespace=destination.namespace)
            http_target = self.target(destination, group, sources=sources, name=f"all-http-{number}")
            self.apply(
                group, tcp, http_target, self.target(destination, tcp, sources=sources, name=f"all-tcp-{number}")
            )

    def split(
        self,
        root: Service | Workload,
        weights: Mapping[Service | Workload | str, int | Fraction],
        *,
        matches: Sequence[HTTPRouteGroup] | None = None,
        name: str = "split",
        family: str = "http",
    ) -> TrafficSplit:
        """Describe a TrafficSplit of `root`; a backend given as text is a Service name of this scenario
        that need not exist.

        Weights that are no whole numbers are expressible in v1alpha1 alone.
        `family` is the kind of traffic in question (http, tcp or udp), for meshes that want a Service for each.
        """

        def named(service: Service | Workload | str) -> str:
            text = f"{service}-{self._context.tag}" if isinstance(service, str) else service.name
            return Addresses.of(self._context.testbed.target.profile, text, root.namespace).name(family)

        return TrafficSplit(
            name=f"{name}-{self._context.tag}",
            namespace=root.namespace,
            service=named(root),
            backends=tuple(Backend(service=named(key), weight=weight) for key, weight in weights.items()),
            matches=None if matches is None else tuple(group.name for group in matches),
        )
