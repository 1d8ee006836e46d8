"""Faults of route groups and of the requests that are held against them."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Objects
from pytest_smi.reference.mesh.faults.access.open_grants import open_http
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.proxy.sniff import Spoken
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.routes import Headers, Route, RouteMatcher, route_json
from pytest_smi.reference.mesh.smi import Identity


class GroupActivatesItself(AccessCompiler):
    """Takes the description of traffic for a grant of it."""

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Grant the routes of a namespace to every identity, at accounts that no target names."""
        grants = super().compile(smi, accounts)
        for account in accounts:
            groups = [group for (namespace, _), group in smi["httproutegroups"].items() if namespace == account[0]]
            routes = [route_json(route) for group in groups for route in group.routes]
            if routes and account not in grants:
                grants[account] = [{**open_http(*accounts), "http": routes}]
        return grants


GROUP_ACTIVATES_ITSELF = Fault(
    name="specs-group-activates-itself",
    description="A route group grants its routes to every mesh identity without any target.",
    breaks=("TS-01",),
    overrides=(GroupActivatesItself,),
)


class RoutesAnded(RouteMatcher):
    """Takes routes for conditions."""

    def any_match(self, routes: Sequence[Route], method: str, path: str, headers: Headers) -> bool:
        """Ask for all of them."""
        return bool(routes) and all(self.matches(route, method, path, headers) for route in routes)


ROUTES_ANDED = Fault(
    name="specs-routes-anded",
    description="Several routes are all required.",
    breaks=("TS-26", "TA-41"),
    overrides=(RoutesAnded,),
)


class Http2Opaque(Routing):
    """Speaks HTTP/1.1 alone."""

    def spoken(self, data: bytes) -> Spoken:
        """Take HTTP/2 for bytes."""
        found = super().spoken(data)
        return Spoken.OPAQUE if found is Spoken.HTTP2 else found


HTTP2_OPAQUE = Fault(
    name="specs-http2-opaque",
    description="HTTP/2 is taken for opaque TCP, and let through with any HTTP grant.",
    breaks=("TS-34",),
    overrides=(Http2Opaque,),
)


class FirstDecisionCached(Admission):
    """Decides over connections."""

    def __init__(self, state: MeshState) -> None:
        super().__init__(state)
        self._first: dict[tuple[str, int], bool] = {}

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Repeat the decision over the first request of the client's connection."""
        return self._first.setdefault((peer, request.origin), super().allows(request, port, source, peer, split))


FIRST_DECISION_CACHED = Fault(
    name="specs-first-decision-cached",
    description="The first decision of a kept-alive connection holds for all its requests.",
    breaks=("TS-35",),
    overrides=(FirstDecisionCached,),
)

GROUPS = (GROUP_ACTIVATES_ITSELF, ROUTES_ANDED, HTTP2_OPAQUE, FIRST_DECISION_CACHED)
