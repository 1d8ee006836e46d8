"""Deviations of grants: what a TrafficTarget admits, as real meshes read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.grants import HTTP_GROUP, GrantCompiler, RouteObjects
from pytest_smi.reference.mesh.policy import Grant, HttpRequest, Policy
from pytest_smi.reference.mesh.routes import ANY_ROUTE
from pytest_smi.reference.mesh.smi import Identity, TrafficTarget


class NoRoutesOpenHttp(Policy):
    """Takes a target without routes for one without conditions."""

    def admits_http(self, grant: Grant, request: HttpRequest, path: str) -> bool:
        """Admit whatever a grant of ports is asked for."""
        return grant.http is None or super().admits_http(grant, request, path)


TARGETS_WITHOUT_ROUTES_OPEN_HTTP = Deviation(
    name="targets-without-routes-open-http",
    description="A target without HTTPRouteGroup opens every HTTP request to its sources.",
    overrides=(NoRoutesOpenHttp,),
)


class TcpForEverybody(Policy):
    """Has no sources for TCP."""

    def permits_tcp(self, port: int, source: Identity) -> bool:
        """Permit every connection as soon as one target names a TCPRoute."""
        return any(grant.tcp is not None for grant in self.grants) or super().permits_tcp(port, source)


TCP_GRANTS_OPEN_TO_ALL = Deviation(
    name="tcp-grants-open-to-all",
    description="A target with a TCPRoute opens raw TCP on every port to everybody.",
    overrides=(TcpForEverybody,),
)


class SourcesOnly(Policy):
    """Knows who calls whom, and no more."""

    def admits_http(self, grant: Grant, request: HttpRequest, path: str) -> bool:
        """Admit every request."""
        return True

    def permits_tcp(self, port: int, source: Identity) -> bool:
        """Permit every connection of a source with a grant."""
        return bool(self.grants_of(source))


GRANTS_OPEN_EVERYTHING = Deviation(
    name="grants-open-everything",
    description="A target opens everything to its sources: rules are not read.",
    overrides=(SourcesOnly,),
)


class TcpRoutesUnread(GrantCompiler):
    """Looks up every rule as an HTTPRouteGroup."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Find no routes where a rule names another kind."""
        grant = super().compile(target, routes)
        if all(rule.kind == HTTP_GROUP for rule in target.rules):
            return grant
        return {**grant, "http": grant["http"] or [], "tcp": None, "udp": None}


TCP_ROUTES_UNREAD = Deviation(
    name="tcp-routes-unread",
    description="A rule for a TCPRoute or UDPRoute grants nothing.",
    overrides=(TcpRoutesUnread,),
)


class BareStarSkipped(GrantCompiler):
    """Drops routes without any condition."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Leave a grant without any condition where no route is left."""
        grant = super().compile(target, routes)
        if not grant["http"]:
            return grant
        return {**grant, "http": [route for route in grant["http"] if not _is_bare_star(route)] or [dict(ANY_ROUTE)]}


def _is_bare_star(route: Mapping[str, Any]) -> bool:
    return route["path"] is None and not route["headers"] and "*" in (route["methods"] or ())


STAR_METHODS_ALONE_SKIPPED = Deviation(
    name="star-methods-alone-skipped",
    description="A route that has nothing but the method * is skipped; a target with no other opens every HTTP "
    "request.",
    overrides=(BareStarSkipped,),
)

GRANTS = (
    TARGETS_WITHOUT_ROUTES_OPEN_HTTP,
    TCP_GRANTS_OPEN_TO_ALL,
    STAR_METHODS_ALONE_SKIPPED,
    GRANTS_OPEN_EVERYTHING,
    TCP_ROUTES_UNREAD,
)
