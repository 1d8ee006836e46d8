"""Random policy around a few servers: route groups with paths, methods and headers, routes of ports, targets. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import CLIENT, CLIENTS, Client, Server
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, Rule, SmiObject, Subject, TCPRoute, TrafficTarget, UDPRoute
from pytest_smi.smi.ports import in_destination
from pytest_smi.testbed.workloads import HTTP, HTTP_2ND, TCP, TCP_SERVER_FIRST, UDP, UDP_2ND

PATTERNS = (".*", "/x", "/x", "/y", "/x/.*", "/a|/b", "/v[12]/(cat|dog)", "/[a-z]+", "^/x$", "(")
METHODS = (("*",), ("*",), ("GET",), ("GET", "POST"), ("POST", "GET"))
FILTERS = (("x-k", "^v$"), ("X-K", "^v$"), ("x-l", "^v$"), ("x-l", "^(v|w)$"), ("x-l", ".*w"))
PORTS = ((), (TCP,), (TCP,), (TCP_SERVER_FIRST,), (TCP, HTTP), (HTTP_2ND, TCP))
GONE = "gone"
"""The name of what a rule may refer to and that is not there."""


def is_pattern(text: str) -> bool:
    """Return whether a path pattern is a regular expression."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def may_be_refused(record: SmiObject) -> bool:
    """Return whether the API server may refuse an object: one that lacks what grants anything (TA-57, TA-58, TA-59,
    TA-73, TS-46), is no regular expression (TS-13), or whose subjects name no namespace (AMB-20)."""
    match record:
        case TrafficTarget():
            subjects = (record.destination, *record.sources)
            return (
                not (record.rules and record.sources and record.destination.name)
                or any(not one.namespace for one in subjects)
                or any(rule.matches == () for rule in record.rules)
            )
        case HTTPRouteGroup():
            return not record.matches or not all(is_pattern(one.path) for one in record.matches if one.path is not None)
    return False


def random_policy(
    chance: random.Random, bounds: Bounds, servers: Sequence[Server], clients: Sequence[str]
) -> list[SmiObject]:
    """Return route groups, routes and targets around each of some servers; some targets refer to what is not there."""
    raw = chance.random() < 0.35
    """Whether it is more about ports than about HTTP."""
    found: list[SmiObject] = []
    for space in dict.fromkeys(server.namespace for server in servers):
        found += [_group(chance, name, space) for name in ("g1", "g2", "g3")[: chance.choice((2, 2, 3))]]
        limited = not in_destination(bounds.versions)
        for name in ("r1", "r2")[: chance.choice((1, 2, 2)) if raw else chance.choice((0, 1))]:
            found.append(TCPRoute(name=name, namespace=space, ports=chance.choice(PORTS) if limited else ()))
        if "udp" in bounds.features and raw and chance.random() < 0.5:
            ports = chance.choice(((), (UDP,), (UDP_2ND,), (UDP, UDP_2ND)))
            found.append(UDPRoute(name="u1", namespace=space, ports=ports))
    number = 0
    for server in servers:
        for _ in range(chance.choice((0, 1, 1, 2, 2, 2))):
            number += 1
            found.append(_target(chance, bounds, f"target-{number}", server, clients, found, raw=raw))
    return found


def _target(
    chance: random.Random,
    bounds: Bounds,
    name: str,
    server: Server,
    clients: Sequence[str],
    known: Sequence[SmiObject],
    *,
    raw: bool,
) -> TrafficTarget:
    target = TrafficTarget(
        name=name,
        namespace=server.namespace,
        destination=Subject(name=server.name, namespace=server.namespace),
        rules=random_rules(chance, known, server.namespace, raw=raw),
        sources=tuple(
            Subject(name=one.account, namespace=one.namespace) for one in random_sources(chance, clients, server)
        ),
        port=chance.choice((None, None, HTTP, TCP)) if in_destination(bounds.versions) else None,
    )
    return _lacking(chance, target)


def _lacking(chance: random.Random, target: TrafficTarget) -> TrafficTarget:
    """Return the target; now and then one without sources, rules, destination, or the namespace of a subject."""
    draw = chance.random()
    if draw < 0.05:
        return replace(target, sources=())
    if draw < 0.10:
        return replace(target, rules=())
    if draw < 0.13:
        return replace(target, destination=replace(target.destination, namespace=""))
    if draw < 0.16:
        first, *others = target.sources
        return replace(target, sources=(replace(first, namespace=""), *others))
    if draw < 0.20:
        return replace(target, destination=replace(target.destination, name=""))
    return target


def random_sources(chance: random.Random, clients: Sequence[str], server: Server) -> list[Client]:
    """Return who may call: some of the clients, now and then one that never calls, or the destination itself."""
    subjects = [CLIENT[name] for name in clients if CLIENT[name].joined]
    others = [one for one in CLIENTS if one.joined and one not in subjects]
    found = chance.sample(subjects, k=min(len(subjects), chance.choice((1, 1, 2, 2, 3))))
    if others and chance.random() < 0.1:
        found.append(chance.choice(others))
    itself = [one for one in subjects if (one.account, one.namespace) == (server.name, server.namespace)]
    if itself and itself[0] not in found and chance.random() < 0.3:
        found += itself
    return found


def random_rules(chance: random.Random, known: Sequence[SmiObject], space: str, *, raw: bool) -> tuple[Rule, ...]:
    """Return one or two rules over the groups, or over the routes of ports, of a namespace."""
    groups = [one for one in known if isinstance(one, HTTPRouteGroup) and one.namespace == space]
    routes = [one for one in known if isinstance(one, TCPRoute | UDPRoute) and one.namespace == space]
    pool: list[HTTPRouteGroup | TCPRoute | UDPRoute] = [
        *(routes if routes and chance.random() < (0.7 if raw else 0.15) else groups)
    ]
    if routes and chance.random() < 0.15:
        pool = [*groups, *routes]
    # How routes of ports add up shows only where there are two.
    counts = (1, 2, 2) if pool and not isinstance(pool[0], HTTPRouteGroup) else (1, 1, 2)
    found = []
    for one in chance.sample(pool, k=min(len(pool), chance.choice(counts))):
        names = random_names(chance, one) if isinstance(one, HTTPRouteGroup) and chance.random() < 0.7 else None
        found.append(Rule(kind=type(one).__name__, name=one.name, matches=names))
    if chance.random() < 0.08:
        found = [*found[:-1], Rule(kind="HTTPRouteGroup", name=GONE)]
    return tuple(found)


def random_names(chance: random.Random, group: HTTPRouteGroup) -> tuple[str, ...]:
    """Return names of some routes of a group; seldom a name that it does not have, or none."""
    draw = chance.random()
    if draw < 0.15:
        return (GONE,) if draw < 0.11 else ()
    names = [match.name for match in group.matches]
    return tuple(chance.sample(names, k=min(len(names), chance.choice((1, 1, 2)))))


def _group(chance: random.Random, name: str, space: str) -> HTTPRouteGroup:
    matches = [random_match(chance) for _ in range(chance.choice((1, 1, 2, 2, 2, 2, 3, 3, 3, 0)))]
    return HTTPRouteGroup(
        name=name,
        namespace=space,
        matches=tuple(replace(match, name=f"m{number}") for number, match in enumerate(matches, 1)),
    )


def random_match(chance: random.Random) -> HTTPMatch:
    """Return a route: a path and methods, mostly; beside them or alone, filters of headers."""
    two = (chance.choice(FILTERS[:2]), chance.choice(FILTERS[2:]))
    filters = tuple(chance.sample(two, k=chance.choice((1, 2))))
    draw = chance.random()
    if draw < 0.22:
        return HTTPMatch(name="m", headers=filters)
    return HTTPMatch(
        name="m",
        path=chance.choice(PATTERNS),
        methods=chance.choice(METHODS),
        headers=filters if draw < 0.5 else (),
    )
