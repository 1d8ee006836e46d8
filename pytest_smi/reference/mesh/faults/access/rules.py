"""Faults of a target's rules: which routes of a group they grant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.policy import Grant, HttpRequest, Policy
from pytest_smi.reference.mesh.routes import ANY_ROUTE
from pytest_smi.reference.mesh.smi import HttpRoute, RouteGroup, Rule


class RoutesIgnored(Policy):
    """Looks at sources alone."""

    def admits_http(self, grant: Grant, request: HttpRequest, path: str) -> bool:
        """Admit whatever a grant of routes is asked for."""
        return grant.http is not None or super().admits_http(grant, request, path)


ROUTES_IGNORED = Fault(
    name="access-routes-ignored",
    description="A listed source may call every route.",
    breaks=("TA-07", "TA-72"),
    overrides=(RoutesIgnored,),
)


class MissingRouteOpens(GrantCompiler):
    """Takes a group that is not there for one that asks for nothing."""

    def http(self, rule: Rule, group: RouteGroup | None) -> list[dict[str, Any]]:
        """Grant every request in the place of the missing routes."""
        return [dict(ANY_ROUTE)] if group is None else super().http(rule, group)


MISSING_ROUTE_OPENS = Fault(
    name="access-missing-route-opens",
    description="A reference to a missing route group is no restriction.",
    breaks=("TA-19",),
    overrides=(MissingRouteOpens,),
)


class MatchNamesIgnored(GrantCompiler):
    """Does not narrow a group down."""

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Grant all routes as soon as one is named."""
        return routes if super().chosen(rule, routes) else []


MATCH_NAMES_IGNORED = Fault(
    name="access-match-names-ignored",
    description="`matches` is ignored: the whole group is granted.",
    breaks=("TA-40", "TA-66"),
    overrides=(MatchNamesIgnored,),
)


class OmittedMatchesNone(GrantCompiler):
    """Takes an absent list for an empty one."""

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Grant nothing that is not named."""
        return [] if rule.matches is None else super().chosen(rule, routes)


OMITTED_MATCHES_NONE = Fault(
    name="access-omitted-matches-none",
    description="A rule without `matches` grants no route.",
    breaks=("TA-41",),
    overrides=(OmittedMatchesNone,),
)


class UnknownMatchWidens(GrantCompiler):
    """Takes a list of unknown names for no list."""

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Grant all routes if none is found."""
        return super().chosen(rule, routes) or routes


UNKNOWN_MATCH_WIDENS = Fault(
    name="access-unknown-match-widens",
    description="A rule none of whose names exist grants the whole group.",
    breaks=("TA-43",),
    overrides=(UnknownMatchWidens,),
)

RULES = (ROUTES_IGNORED, MISSING_ROUTE_OPENS, MATCH_NAMES_IGNORED, OMITTED_MATCHES_NONE, UNKNOWN_MATCH_WIDENS)
