"""Fault of a mesh that has one list of routes for a destination, as proxies do: of routes that overlap one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.policy import HttpRequest, Policy, covers
from pytest_smi.reference.mesh.routes import Route, RouteMatcher, path_of
from pytest_smi.reference.mesh.smi import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionedRoute(Route):
    """A route that still knows what it was compiled from."""

    conditions: tuple[Any, ...]


class ComparableRoutes(RouteMatcher):
    """Keeps what routes ask for, so that equal ones are known."""

    def compile_one(self, spec: Mapping[str, Any]) -> Route:
        """Compile a route that can be compared."""
        route = super().compile_one(spec)
        conditions = (
            spec["path"],
            tuple(spec["methods"] or ()),
            tuple((name, pattern) for name, pattern in spec["headers"]),
        )
        return ConditionedRoute(
            name=route.name,
            path=route.path,
            methods=route.methods,
            headers=route.headers,
            valid=route.valid,
            conditions=conditions,
        )


class FirstMatchDecides(Policy):
    """Has one list of routes: equal ones share their sources, of others the first that matches counts."""

    def permits_http(self, request: HttpRequest, source: Identity) -> bool:
        """Ask the first matching route for its sources."""
        path = path_of(request.target)
        first: tuple[Any, ...] | None = None
        for grant in self.grants:
            if grant.port not in (None, request.port):
                continue
            for route in grant.http or ():
                assert isinstance(route, ConditionedRoute), "routes are compiled with `ComparableRoutes`"
                if first is None and self.matcher.matches(route, request.method, path, request.headers):
                    first = route.conditions
                if first is not None and route.conditions == first and source in grant.sources:
                    return grant.tcp is None or covers(grant.tcp, request.port)
            if grant.http is None and source in grant.sources and covers(grant.tcp, request.port):
                return True
        return False


OVERLAPS = (
    Fault(
        name="access-first-matching-route-decides",
        description="Of overlapping routes of several targets the first that matches decides, for its own sources "
        "alone.",
        breaks=("TA-77",),
        overrides=(FirstMatchDecides, ComparableRoutes),
    ),
)
