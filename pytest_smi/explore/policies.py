"""Random policy around a few servers: route groups with paths, methods and headers, routes of ports, targets. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import CLIENT, CLIENTS, Server
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, Rule, SmiObject, Subject, TCPRoute, TrafficTarget, UDPRoute
from pytest_smi.smi.ports import in_destination
from pytest_smi.testbed.workloads import HTTP, TCP, TCP_SERVER_FIRST, UDP, UDP_2ND

PATTERNS = (".*", ".*", "/x", "/x", "/y", "/x/.*", "/a|/b", "/v[12]/(cat|dog)", "/[a-z]+", "(")
METHODS = (("*",), ("*",), ("GET",), ("GET", "POST"), ("POST", "GET"))
FILTERS = (("x-k", "^v$"), ("X-K", "^v$"), ("x-l", "^v$"), ("x-l", "^(v|w)$"))


def random_policy(
    chance: random.Random, bounds: Bounds, servers: Sequence[Server], clients: Sequence[str]
) -> list[SmiObject]:
    """Return route groups, routes and targets around a few servers; some of the targets refer to what is not there."""
    spaces = list(dict.fromkeys(server.namespace for server in servers))
    raw = chance.random() < 0.3
    """Whether it is more about ports than about HTTP."""
    found: list[SmiObject] = []
    for space in spaces:
        found += [_group(chance, name, space) for name in ("g1", "g2")[: chance.choice((1, 2, 2))]]
        limited = not in_destination(bounds.versions)
        for name in ("r1", "r2")[: chance.choice((1, 2)) if raw else chance.choice((0, 0, 1))]:
            ports = chance.choice(((), (TCP,), (TCP,), (TCP_SERVER_FIRST,), (TCP, HTTP))) if limited else ()
            found.append(TCPRoute(name=name, namespace=space, ports=ports))
        if "udp" in bounds.features and raw and chance.random() < 0.5:
            found.append(UDPRoute(name="u1", namespace=space, ports=chance.choice(((), (UDP,), (UDP_2ND,)))))
    subjects = [CLIENT[name] for name in clients if CLIENT[name].joined]
    others = [one for one in CLIENTS if one.joined and one not in subjects]
    for number in range(1, chance.choice((1, 2, 2, 3, 3)) + 1):
        server = chance.choice(servers)
        sources = chance.sample(subjects, k=min(len(subjects), chance.choice((1, 1, 2))))
        sources += [chance.choice(others)] if others and chance.random() < 0.2 else []
        if chance.random() < 0.3:
            chance.shuffle(sources)
        found.append(
            TrafficTarget(
                name=f"target-{number}",
                namespace=server.namespace,
                destination=Subject(name=server.name, namespace=server.namespace),
                rules=_rules(chance, found, server.namespace, raw=raw),
                sources=tuple(Subject(name=one.account, namespace=one.namespace) for one in sources),
                port=chance.choice((None, None, HTTP, TCP)) if in_destination(bounds.versions) else None,
            )
        )
    return found


def _rules(chance: random.Random, known: Sequence[SmiObject], space: str, *, raw: bool) -> tuple[Rule, ...]:
    groups = [one for one in known if isinstance(one, HTTPRouteGroup) and one.namespace == space]
    routes = [one for one in known if isinstance(one, TCPRoute | UDPRoute) and one.namespace == space]
    pool: list[HTTPRouteGroup | TCPRoute | UDPRoute] = [
        *(routes if routes and chance.random() < (0.7 if raw else 0.2) else groups)
    ]
    if routes and chance.random() < 0.12:
        pool = [*groups, *routes]
    found = []
    for one in chance.sample(pool, k=min(len(pool), chance.choice((1, 1, 2)))):
        names = None
        if isinstance(one, HTTPRouteGroup) and chance.random() < 0.5:
            names = tuple(chance.sample([match.name for match in one.matches], k=1))
            names = ("gone",) if chance.random() < 0.2 else names
        found.append(Rule(kind=type(one).__name__, name=one.name, matches=names))
    if chance.random() < 0.12:
        found = [*found[:-1], Rule(kind="HTTPRouteGroup", name="gone")]
    return tuple(found)


def _group(chance: random.Random, name: str, space: str) -> HTTPRouteGroup:
    matches = [random_match(chance) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
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
