"""One TrafficTarget with its references resolved: the grant that the sidecars of its destination get; pure.

A target with both TCPRoutes and HTTPRouteGroups admits an HTTP request that meets both (AMB-1 A);
what a grant means is `policy.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.routes import route_json
from pytest_smi.reference.mesh.smi import ANY_PORT, HttpRoute, Identity, PortRoute, RouteGroup, Rule, TrafficTarget

RouteKey = tuple[str, str]
HTTP_GROUP, TCP_ROUTE, UDP_ROUTE = "HTTPRouteGroup", "TCPRoute", "UDPRoute"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteObjects:
    """The objects that rules refer to."""

    groups: Mapping[RouteKey, RouteGroup]
    tcp: Mapping[RouteKey, PortRoute]
    udp: Mapping[RouteKey, PortRoute]


class GrantCompiler:
    """Resolves targets into grants."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Resolve a target's references, in the target's own namespace,
        into the grant that its destination's sidecars get.

        `http` is None when no rule names an HTTPRouteGroup, else the routes (none of them when the group is missing:
        it grants nothing); `tcp` and `udp` likewise, "*" meaning every port; `port` is there when the destination names
        one (access v1alpha1 and v1alpha2) and limits all of it.
        """
        http: list[dict[str, Any]] | None = None
        ports: dict[str, list[int] | str | None] = {TCP_ROUTE: None, UDP_ROUTE: None}
        for rule in target.rules:
            key = (target.namespace, rule.name)
            if rule.kind == HTTP_GROUP:
                http = self.with_routes(http, self.http(rule, routes.groups.get(key)))
            elif rule.kind in ports:
                found = (routes.tcp if rule.kind == TCP_ROUTE else routes.udp).get(key)
                ports[rule.kind] = self.together(rule, ports[rule.kind], self.ports(rule, found))
        sources = [list(source) for source in self.sources(target)]
        grant = {
            "target": target.name,
            "sources": sources,
            "http": http,
            "tcp": ports[TCP_ROUTE],
            "udp": ports[UDP_ROUTE],
        }
        return grant if target.port is None else {**grant, "port": target.port}

    def with_routes(self, before: list[dict[str, Any]] | None, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add a rule's routes to those that the rules before it granted."""
        return [*(before or []), *routes]

    def http(self, rule: Rule, group: RouteGroup | None) -> list[dict[str, Any]]:
        """Return the routes that a rule grants; a missing group grants none."""
        return [] if group is None else [route_json(route) for route in self.chosen(rule, group.routes)]

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Return the routes that the rule's `matches` name; all of them when it has none (AMB-17)."""
        return routes if not rule.matches else [route for route in routes if route.name in rule.matches]

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Return the ports that a rule grants; a missing route grants none."""
        return () if route is None else route.ports

    def together(self, rule: Rule, before: list[int] | str | None, ports: tuple[int, ...] | str) -> list[int] | str:
        """Add a rule's ports to those that rules of its kind before it granted."""
        if ANY_PORT in (before, ports):
            return ANY_PORT
        return sorted({*(int(port) for port in before or ()), *(int(port) for port in ports)})

    def sources(self, target: TrafficTarget) -> Sequence[Identity]:
        """Return the target's sources, each once."""
        return list(dict.fromkeys(target.sources))
