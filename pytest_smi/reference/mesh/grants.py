"""One TrafficTarget with its references resolved: the grant that the sidecars of its destination get; pure.

A target with both TCPRoutes and HTTPRouteGroups admits an HTTP request that meets both (AMB-1 A); what a grant means is `policy.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.routes import route_json
from pytest_smi.reference.mesh.smi import ANY_PORT, Identity, PortRoute, RouteGroup, TrafficTarget

RouteKey = tuple[str, str]


def grant_for(
    target: TrafficTarget,
    groups: Mapping[RouteKey, RouteGroup],
    tcp: Mapping[RouteKey, PortRoute],
    udp: Mapping[RouteKey, PortRoute],
    faults: ActiveFaults,
) -> dict[str, Any]:
    """Resolve a target's references into the grant that its destination's sidecars get.

    `http` is None when no rule names an HTTPRouteGroup, else the routes (none of them when the group is missing: it grants nothing);
    `tcp` and `udp` likewise, "*" meaning every port; `port` is there when the destination names one (access v1alpha1 and v1alpha2) and
    limits all of it. References resolve in the target's own namespace.
    """
    http: list[dict[str, Any]] | None = None
    ports: dict[str, list[int] | str | None] = {"TCPRoute": None, "UDPRoute": None}
    for rule in target.rules:
        key = (target.namespace, rule.name)
        if rule.kind == "HTTPRouteGroup":
            http = [] if http is None else http
            group = groups.get(key)
            if group is None and faults.on("access-missing-route-opens"):
                http.append(_ANY_ROUTE)
            routes = () if group is None else group.routes
            wanted = rule.matches
            if wanted is None and faults.on("access-omitted-matches-none"):
                wanted = ()
            if wanted is not None and faults.on("access-match-names-ignored"):
                wanted = None if any(route.name in wanted for route in routes) else wanted
            if wanted is not None and not any(route.name in wanted for route in routes) and faults.on("access-unknown-match-widens"):
                wanted = None
            http.extend(route_json(route) for route in routes if wanted is None or route.name in wanted)
        elif rule.kind in ports:
            found = (tcp if rule.kind == "TCPRoute" else udp).get(key)
            new: tuple[int, ...] | str = () if found is None else found.ports
            if new == ANY_PORT and rule.kind == "TCPRoute" and faults.on("access-empty-ports-none"):
                new = ()
            if new != ANY_PORT and new and rule.kind == "TCPRoute" and faults.on("access-tcp-ports-ignored"):
                new = ANY_PORT
            if new != ANY_PORT and new and rule.kind == "UDPRoute" and faults.on("access-udp-ports-ignored"):
                new = ANY_PORT
            old = ports[rule.kind]
            if old is not None and rule.kind == "TCPRoute" and faults.on("access-last-tcp-route-wins"):
                old = None
            ports[rule.kind] = _union(old, new)
    if faults.on("tcp-routes-unread") and any(rule.kind != "HTTPRouteGroup" for rule in target.rules):
        http, ports = http or [], {"TCPRoute": None, "UDPRoute": None}
    if http and faults.on("star-methods-alone-skipped"):
        # What is left of a target without any condition is a grant without any.
        http = [route for route in http if not _is_bare_star(route)] or [_ANY_ROUTE]
    sources: list[Identity] = list(dict.fromkeys(target.sources))
    if faults.on("access-first-source-only"):
        sources = sources[:1]
    if faults.on("access-source-namespace-ignored"):
        sources = [(target.namespace, account) for _, account in sources]
    grant = {"target": target.name, "sources": [list(s) for s in sources], "http": http, "tcp": ports["TCPRoute"], "udp": ports["UDPRoute"]}
    return grant if target.port is None else {**grant, "port": target.port}


_ANY_ROUTE: dict[str, Any] = {"name": "", "path": None, "methods": None, "headers": []}


def _is_bare_star(route: Mapping[str, Any]) -> bool:
    return route["path"] is None and not route["headers"] and "*" in (route["methods"] or ())


def _union(old: list[int] | str | None, new: tuple[int, ...] | str) -> list[int] | str:
    if new == ANY_PORT or old == ANY_PORT:
        return ANY_PORT
    return sorted({*(int(p) for p in old or ()), *(int(p) for p in new)})
