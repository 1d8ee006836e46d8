"""Fault of a mesh that has one list of routes for a destination, as proxies do: of routes that overlap one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
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
        """Permit what a grant of the source admits only if a route equal to the first matching one is among them."""
        if not super().permits_http(request, source):
            return False
        path = path_of(request.target)
        matching = (
            route
            for grant in self.grants
            for route in grant.http or ()
            if grant.port in (None, request.port) and self.matcher.matches(route, request.method, path, request.headers)
        )
        first = _conditions(next(matching, None))
        return first is None or any(
            grant.http is None or any(_conditions(route) == first for route in grant.http)
            for grant in self.grants_of(source)
            if grant.port in (None, request.port) and self.admits_http(grant, request, path)
        )


def _conditions(route: Route | None) -> tuple[Any, ...] | None:
    return route.conditions if isinstance(route, ConditionedRoute) else None


OVERLAPS = (
    Fault(
        name="access-first-matching-route-decides",
        description="Of overlapping routes of several targets the first that matches decides, for its own sources "
        "alone.",
        breaks=("TA-77",),
        overrides=(FirstMatchDecides, ComparableRoutes),
    ),
)
