"""Faults of route groups and of the requests that are held against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Key, Objects
from pytest_smi.reference.mesh.faults.access.open_grants import open_http
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.proxy.sniff import Spoken
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.routes import ANY_ROUTE, Headers, Route, RouteMatcher, route_json
from pytest_smi.reference.mesh.smi import HttpRoute, Identity, RouteGroup, Rule, TrafficTarget


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
    breaks=("TS-26", "TS-33", "TA-11", "TA-41", "TA-44", "SP-42"),
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
        self._first: dict[tuple[str, Identity | None, int], bool] = {}

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Repeat the decision over the first request of the client's connection."""
        return self._first.setdefault(
            (peer, source, request.origin), super().allows(request, port, source, peer, split)
        )


FIRST_DECISION_CACHED = Fault(
    name="specs-first-decision-cached",
    description="The first decision of a kept-alive connection holds for all its requests.",
    breaks=("TS-35", "TS-36"),
    overrides=(FirstDecisionCached,),
)


class RoutesByPosition(GrantCompiler):
    """Counts names instead of looking them up."""

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Grant as many routes as are named, from the first on."""
        return routes[: len(super().chosen(rule, routes))]


ROUTES_BY_POSITION = Fault(
    name="specs-routes-by-position",
    description="A rule that names one route of a group grants the first.",
    breaks=("TS-21", "TA-17"),
    overrides=(RoutesByPosition,),
)


class HeaderFilterHoisted(RouteMatcher):
    """Puts the header filters of a group before all of its routes."""

    def any_match(self, routes: Sequence[Route], method: str, path: str, headers: Headers) -> bool:
        """Ask for one of the group's header filters first, where it has any."""
        filters = [route for route in routes if route.headers]
        held = not filters or any(
            all(self.header_holds(name, pattern, headers) for name, pattern in route.headers) for route in filters
        )
        return held and super().any_match(routes, method, path, headers)


HEADER_FILTER_HOISTED = Fault(
    name="specs-header-filter-hoisted",
    description="A header filter of one route is asked of every route of its group.",
    breaks=("TS-33",),
    overrides=(HeaderFilterHoisted,),
)


class EmptyGroupIsAny(GrantCompiler):
    """Takes a group without routes for one without conditions."""

    def http(self, rule: Rule, group: RouteGroup | None) -> list[dict[str, Any]]:
        """Grant every request in the place of no route."""
        return [dict(ANY_ROUTE)] if group is not None and not group.routes else super().http(rule, group)


EMPTY_GROUP_IS_ANY = Fault(
    name="specs-empty-group-is-any",
    description="A group without routes grants every request.",
    breaks=("TS-46",),
    overrides=(EmptyGroupIsAny,),
)


class FirstStreamDecides(Admission):
    """Decides over connections of HTTP/2."""

    def __init__(self, state: MeshState) -> None:
        super().__init__(state)
        self._first: dict[tuple[str, Identity | None, int], bool] = {}

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Repeat the decision over the first stream of the client's connection."""
        right = super().allows(request, port, source, peer, split)
        return self._first.setdefault((peer, source, request.origin), right) if request.version == b"2" else right


FIRST_STREAM_DECIDES = Fault(
    name="specs-first-stream-decides",
    description="The decision over the first stream of an HTTP/2 connection holds for all its streams.",
    breaks=("TS-36",),
    overrides=(FirstStreamDecides,),
)


class GroupsOfSplitsTaken(AccessCompiler):
    """Gives a group to one user."""

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Leave out the groups that a split names."""
        splits = smi["trafficsplits"].values()
        taken = {(split.namespace, name) for split in splits for name in split.matches or ()}
        return {at: group for at, group in super().groups(key, target, smi).items() if at not in taken}


GROUPS_OF_SPLITS_TAKEN = Fault(
    name="specs-groups-of-splits-taken",
    description="A route group that a split uses counts for no target.",
    breaks=("TS-47",),
    overrides=(GroupsOfSplitsTaken,),
)

GROUPS = (
    GROUP_ACTIVATES_ITSELF,
    ROUTES_ANDED,
    HTTP2_OPAQUE,
    FIRST_DECISION_CACHED,
    ROUTES_BY_POSITION,
    HEADER_FILTER_HOISTED,
    EMPTY_GROUP_IS_ANY,
    FIRST_STREAM_DECIDES,
    GROUPS_OF_SPLITS_TAKEN,
)
