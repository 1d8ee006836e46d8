"""Faults of TCPRoutes and UDPRoutes: which ports they match, and what becomes of edits."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smi.reference.mesh.access_config import AccessCompiler, Key, Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import UDP_ROUTE, GrantCompiler
from pytest_smi.reference.mesh.smi import ANY_PORT, PortRoute, Rule, TrafficTarget


class FirstPortOnly(GrantCompiler):
    """Reads a list as one entry."""

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Drop all ports but the first."""
        found = super().ports(rule, route)
        return found if isinstance(found, str) else found[:1]


FIRST_PORT_ONLY = Fault(
    name="specs-first-port-only",
    description="Only the first port of a TCPRoute or UDPRoute counts.",
    breaks=("TS-41", "TA-67"),
    overrides=(FirstPortOnly,),
)


class EmptyUdpPortsNone(GrantCompiler):
    """Takes an empty list for what it says."""

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Grant no port in the place of all."""
        found = super().ports(rule, route)
        return () if found == ANY_PORT and rule.kind == UDP_ROUTE else found


EMPTY_UDP_PORTS_NONE = Fault(
    name="specs-empty-udp-ports-none",
    description="An empty port list of a UDPRoute means no port.",
    breaks=("TS-43",),
    overrides=(EmptyUdpPortsNone,),
)


class PortRoutesSnapshot(AccessCompiler):
    """Copies routes instead of referring to them."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._copies: dict[tuple[str, Key, Key], PortRoute] = {}

    def port_routes(self, resource: str, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, PortRoute]:
        """Keep each route as it was when this target first named it."""
        routes = dict(super().port_routes(resource, key, target, smi))
        for rule in target.rules:
            name = (target.namespace, rule.name)
            if name in routes:
                self._copies.setdefault((resource, key, name), routes[name])
            if (resource, key, name) in self._copies:
                routes[name] = self._copies[resource, key, name]
        return routes


PORT_ROUTES_SNAPSHOT = Fault(
    name="specs-port-routes-snapshot",
    description="A target keeps the ports that its TCPRoutes and UDPRoutes had when it first saw them.",
    breaks=("TS-48",),
    overrides=(PortRoutesSnapshot,),
)

PORTS = (FIRST_PORT_ONLY, EMPTY_UDP_PORTS_NONE, PORT_ROUTES_SNAPSHOT)
