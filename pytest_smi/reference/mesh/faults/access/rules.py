"""Faults of a target's rules: which routes of a group they grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler, Key, Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler, RouteObjects
from pytest_smi.reference.mesh.policy import Grant, HttpRequest, Policy
from pytest_smi.reference.mesh.routes import ANY_ROUTE
from pytest_smi.reference.mesh.smi import HttpRoute, Identity, RouteGroup, Rule, TrafficTarget


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
    breaks=("TA-40", "TA-66", "TS-21", "TA-17", "TA-44"),
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


class LastGroupWins(GrantCompiler):
    """Lets a route group replace those before it."""

    def with_routes(self, before: list[dict[str, Any]] | None, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Forget the routes of the rules before."""
        return super().with_routes(None, routes)


LAST_GROUP_WINS = Fault(
    name="access-last-group-wins",
    description="Of several route groups in one target only the last counts.",
    breaks=("TA-11",),
    overrides=(LastGroupWins,),
)


class NarrowestTargetWins(Policy):
    """Prefers targets that say less."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Leave out a grant that has all the routes of another one, and more."""
        found = super().grants_of(source)
        return [one for one in found if not any(self._is_narrower(other, one) for other in found)]

    def _is_narrower(self, one: Grant, than: Grant) -> bool:
        """Return whether a grant has some of another one's routes, and no others."""
        mine, theirs = ({route.conditions for route in grant.http or ()} for grant in (one, than))
        return bool(mine) and mine < theirs


NARROWEST_TARGET_WINS = Fault(
    name="access-narrowest-target-wins",
    description="A target that grants a part of what another grants takes the rest away.",
    breaks=("TA-12",),
    overrides=(NarrowestTargetWins,),
)


class MatchNamesAllAtOnce(GrantCompiler):
    """Takes a list of alternatives for one of conditions."""

    def chosen(self, rule: Rule, routes: Sequence[HttpRoute]) -> Sequence[HttpRoute]:
        """Grant no route where several of a group's routes, but not all, are named: no request is on all of them."""
        found = super().chosen(rule, routes)
        return [] if 1 < len(found) < len(routes) else found


MATCH_NAMES_ALL_AT_ONCE = Fault(
    name="access-match-names-all-at-once",
    description="A request must be on every route of a group that a rule names.",
    breaks=("TA-44",),
    overrides=(MatchNamesAllAtOnce,),
)


class NoRulesOpens(GrantCompiler):
    """Takes a target without rules for one without restrictions."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Grant every request where there are no rules."""
        grant = super().compile(target, routes)
        return grant if target.rules else {**grant, "http": [dict(ANY_ROUTE)]}


NO_RULES_OPENS = Fault(
    name="access-no-rules-opens",
    description="A target without rules grants every request to its sources.",
    breaks=("TA-57",),
    overrides=(NoRulesOpens,),
)


class GroupsByNameAnywhere(AccessCompiler):
    """Looks groups up by their names alone."""

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Put the last group of a name in the place of all of that name."""
        found = super().groups(key, target, smi)
        last = {name: group for (_, name), group in sorted(found.items())}
        return {at: last[at[1]] for at in found}


GROUPS_BY_NAME_ANYWHERE = Fault(
    name="access-groups-by-name-anywhere",
    description="A rule refers to the last route group of that name in any namespace.",
    breaks=("TA-63",),
    overrides=(GroupsByNameAnywhere,),
)


class EmptyMatchesOpen(GrantCompiler):
    """Takes an empty list for no restriction at all."""

    def http(self, rule: Rule, group: RouteGroup | None) -> list[dict[str, Any]]:
        """Grant every request where `matches` is an empty list."""
        return [dict(ANY_ROUTE)] if rule.matches == () else super().http(rule, group)


EMPTY_MATCHES_OPEN = Fault(
    name="access-empty-matches-open",
    description="A rule whose list of `matches` is empty grants every request.",
    breaks=("TA-73",),
    overrides=(EmptyMatchesOpen,),
)

RULES = (
    ROUTES_IGNORED,
    MISSING_ROUTE_OPENS,
    MATCH_NAMES_IGNORED,
    OMITTED_MATCHES_NONE,
    UNKNOWN_MATCH_WIDENS,
    LAST_GROUP_WINS,
    NARROWEST_TARGET_WINS,
    MATCH_NAMES_ALL_AT_ONCE,
    NO_RULES_OPENS,
    GROUPS_BY_NAME_ANYWHERE,
    EMPTY_MATCHES_OPEN,
)
