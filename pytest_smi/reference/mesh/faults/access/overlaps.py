"""Fault of a mesh that has one list of routes for a destination, as proxies do: of routes that overlap one decides."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
from pytest_smi.reference.mesh.routes import path_of
from pytest_smi.reference.mesh.smi import Identity


class FirstMatchDecides(Policy):
    """Has one list of routes: equal ones share their sources, of others the first that matches counts."""

    def permits_http(self, request: HttpRequest, source: Identity) -> bool:
        """Permit what a grant of the source admits only if a route equal to the first matching one is among them."""
        if not super().permits_http(request, source):
            return False
        path = path_of(request.target)
        matching = (
            route.conditions
            for grant in self.grants
            for route in grant.http or ()
            if grant.port in (None, request.port) and self.matcher.matches(route, request.method, path, request.headers)
        )
        first = next(matching, None)
        return first is None or any(
            grant.http is None or any(route.conditions == first for route in grant.http)
            for grant in self.grants_of(source)
            if grant.port in (None, request.port) and self.admits_http(grant, request, path)
        )


OVERLAPS = (
    Fault(
        name="access-first-matching-route-decides",
        description="Of overlapping routes of several targets the first that matches decides, for its own sources "
        "alone.",
        breaks=("TA-77",),
        overrides=(FirstMatchDecides,),
    ),
)
