"""What the rules of one TrafficTarget grant: routes by reference, alternatives, ports and protocols. Pure.

References are resolved in the target's own namespace (TA-63); one to nothing grants nothing (TA-19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_smi.oracle.records import Call, Request, World
from pytest_smi.oracle.routes import matches
from pytest_smi.oracle.truth import NO, YES, Truth, all_of, among, any_of, over
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, Rule, TrafficTarget

HTTP, TCP, UDP = "HTTPRouteGroup", "TCPRoute", "UDPRoute"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTruth:
    """What one rule says of a request: whether its routes or ports meet it."""

    rule: Rule
    holds: Truth
    has_stray_name: bool = False
    """Whether it names a match that its group does not have (AMB-18)."""
    routes: tuple[str, ...] = ()
    """Names of the routes that meet the request, or may."""


def rule_truths(target: TrafficTarget, world: World, request: Request) -> tuple[RuleTruth, ...]:
    """Return what each rule of the target says of the request, by itself."""
    return tuple(_rule(rule, target.namespace, world, request) for rule in target.rules)


def granted(rules: Sequence[RuleTruth], call: Call) -> Truth:
    """Return what the rules grant together: they are alternatives (TA-11),
    but a TCPRoute may also limit the HTTP routes beside it (AMB-1)."""
    kinds = {one.rule.kind for one in rules}
    http, tcp, udp = (any_of(one.holds for one in rules if one.rule.kind == kind) for kind in (HTTP, TCP, UDP))
    if call.protocol == "UDP":
        return udp
    if call.protocol == "TCP":
        # An HTTP route is nothing that raw TCP could meet (TA-55).
        return among("AMB-1", NO, tcp) if HTTP in kinds else tcp
    payload = among("AMB-2", tcp, NO)
    if HTTP in kinds and TCP in kinds:
        return among("AMB-1", all_of(http, tcp), any_of((http, payload)))
    return http if HTTP in kinds else payload


def chosen(rule: Rule, group: HTTPRouteGroup) -> tuple[tuple[HTTPMatch, ...], bool]:
    """Return the routes of a group that a rule names, all where it names none (TA-41);
    and whether it names some that there are not."""
    if not rule.matches:
        return group.matches, False
    names = {route.name for route in group.matches}
    return tuple(route for route in group.matches if route.name in rule.matches), not names.issuperset(rule.matches)


def _rule(rule: Rule, namespace: str, world: World, request: Request) -> RuleTruth:
    key = (namespace, rule.name)
    if rule.kind == HTTP:
        group = world.groups.get(key)
        if group is None:
            return RuleTruth(rule=rule, holds=NO)
        routes, has_stray_name = chosen(rule, group)
        holds, names = _any_route(routes, request.call)
        return RuleTruth(
            rule=rule,
            holds=among("AMB-17", holds, NO) if rule.matches == () else holds,
            has_stray_name=has_stray_name,
            routes=names,
        )
    route = world.tcp_routes.get(key) if rule.kind == TCP else world.udp_routes.get(key) if rule.kind == UDP else None
    if route is None or request.call.transport != rule.kind[:3]:
        return RuleTruth(rule=rule, holds=NO)
    holds = _covers(route.ports, request)
    return RuleTruth(rule=rule, holds=among("AMB-25", holds, NO) if (rule.kind, *key) in world.portless else holds)


def _any_route(routes: Sequence[HTTPMatch], call: Call) -> tuple[Truth, tuple[str, ...]]:
    """Return whether any route matches (TS-26).

    Of several with one name all, the first, the last or none may count (AMB-8).
    """
    by_name: dict[str, list[Truth]] = {}
    for route in routes:
        by_name.setdefault(route.name, []).append(matches(route, call))
    found = {
        name: some[0] if len(some) == 1 else among("AMB-8", any_of(some), some[0], some[-1], NO)
        for name, some in by_name.items()
    }
    return any_of(found.values()), tuple(name for name, one in found.items() if one.value is not False)


def _covers(ports: Sequence[int], request: Request) -> Truth:
    """Return whether a port is in the list; an empty one means every port (TA-49).

    Which of two numbers is meant is open (AMB-19).
    """
    if not ports or request.port is None:
        return YES
    numbers = dict.fromkeys((request.port, request.service_port or request.port))
    return over([("AMB-19", tuple(numbers))], lambda number: number in ports)
