"""A covering set of requests: one for each way in which a world's routes can tell requests apart. Pure.

Candidates come from a fixed vocabulary that fits the patterns of `worlds`. Of those that meet the same conditions of
the same routes one is enough; kept are hits, and misses that fail a single condition of a route.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_smi.explore.case import CLIENT, Ask, ServiceObject
from pytest_smi.oracle import Call
from pytest_smi.oracle.records import Key
from pytest_smi.oracle.routes import headers_match, matches, path_matches
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup
from pytest_smi.testbed.workloads import protocol_of

PATHS = ("/x", "/y", "/X", "/x/b", "/x/b/c", "/a", "/b", "/q/b", "/q/x", "/v1/dog", "/v3/dog", "/")
METHODS = ("GET", "POST", "HEAD", "PATCH", "PURGE")
HEADERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("x-k", "v"),),
    (("x-k", "w"),),
    (("x-l", "v"),),
    (("x-k", "v"), ("x-l", "v")),
    (("x-k", "v"), ("x-l", "w")),
    (("x-k", "w"), ("x-l", "v")),
)
PLAIN = Call(protocol="HTTP", method="GET", path="/")
MOST, FEWEST = 8, 2
"""Requests of HTTP per port, where something is granted to the client and where nothing is."""
Pair = tuple[str, Key]
"""A client, and a server by namespace and name."""
Named = tuple[str, str | None]
"""What a rule names: a group, and one of its routes, None for all of them."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Requests that tell routes apart: `hits` meet a route, `misses` fail a single condition of one."""

    hits: tuple[Call, ...]
    misses: tuple[Call, ...]

    def some(self, chance: random.Random, most: int) -> tuple[Call, ...]:
        """Return as many hits as misses where there are both; at least one request."""
        hits, misses = (chance.sample(calls, k=min(len(calls), most)) for calls in (self.hits, self.misses))
        mixed = [one for pair in itertools.zip_longest(hits, misses) for one in pair if one is not None]
        return tuple(mixed[:most]) or (PLAIN,)


def covering(groups: Iterable[HTTPRouteGroup], chance: random.Random) -> Candidates:
    """Return requests for the routes of these groups; which of several that are alike is a matter of chance."""
    routes = tuple(dict.fromkeys(replace(route, name="") for group in groups for route in group.matches))
    if not routes:
        return Candidates((), ())
    headers = HEADERS if any(route.headers for route in routes) else HEADERS[:1]
    of_path = {path: [path_matches(route.path, path).value for route in routes] for path in PATHS}
    of_method = {method: [_takes(route, method) for route in routes] for method in METHODS}
    of_head = {head: [_filters(route, head) for route in routes] for head in headers}
    found: dict[tuple[object, ...], list[Call]] = {}
    for head, method, path in itertools.product(headers, METHODS, PATHS):
        conditions = tuple(zip(of_path[path], of_method[method], of_head[head], strict=True))
        if any(
            (on_path is not True) + (not takes) + filters.count(False) <= 1 for on_path, takes, filters in conditions
        ):
            # Deeper paths, prefixed ones and those in upper case tell apart how a pattern is read, not which it is.
            names = tuple(name for name, _ in head)
            key = (conditions, method, names, path.count("/") if path != "/" else 1, path[1:2] in ("q", "X"))
            found.setdefault(key, []).append(Call(protocol="HTTP", method=method, path=path, headers=head))
    calls = [chance.choice(alike) for alike in found.values()]
    hits = {call: any(matches(route, call).value for route in routes) for call in calls}
    return Candidates(*(tuple(call for call, hit in hits.items() if hit is wanted) for wanted in (True, False)))


def asks(
    clients: Sequence[str],
    services: Iterable[ServiceObject],
    groups: Iterable[HTTPRouteGroup],
    chance: random.Random,
    *,
    protocols: frozenset[str],
    versions: Sequence[str] = ("1.1",),
    granted: Mapping[Pair, frozenset[Named]] | None = None,
    most: int = MOST,
    patient: bool = False,
) -> tuple[Ask, ...]:
    """Return what to ask: each client × Service × port, with requests for the routes of the Service's namespace on the
    first HTTP port and two on the others, one where nothing is granted.

    Each pair is asked its own choice of the covering set, so that many pairs see all of it between them. `granted` has
    the pairs for which some target stands, with what its rules name; the others are asked less. None: all alike.
    `patient`: an outsider is asked for servers that speak first, too, where each of its calls takes the whole time that
    an answer may take: the proxy waits for words in TLS that never come.
    """
    covered = _Covered(tuple(groups), chance)
    found: list[Ask] = []
    for client, service in itertools.product(clients, services):
        key, first = (service.namespace, service.name), True
        names: set[Named] = set()
        for server in service.servers():
            names |= (granted or {}).get((client, (server.namespace, server.name)), frozenset())
        number = most if granted is None or names else FEWEST
        for port, target in service.ports:
            spoken = protocol_of(port, target)
            waits = spoken == "tcp-server-first" and not CLIENT[client].joined
            if spoken not in protocols or (waits and not patient):
                continue
            base = Ask(client=client, service=key, port=int(port.partition("/")[0]), call=PLAIN)
            if spoken != "http":
                found.append(replace(base, call=Call(protocol=spoken.partition("-")[0].upper())))
                continue
            for version in versions if CLIENT[client].joined else versions[:1]:
                many = number if first and version == versions[0] else FEWEST if number == most else 1
                calls = covered.some(service.namespace, names, many)
                found += [replace(base, call=call, version=version) for call in calls]
            first = False
    return tuple(found)


class _Covered:
    """Covering sets of routes, each made once."""

    def __init__(self, groups: Sequence[HTTPRouteGroup], chance: random.Random) -> None:
        self._groups, self._chance = groups, chance
        self._made: dict[tuple[str, frozenset[Named]], Candidates] = {}

    def some(self, space: str, names: Iterable[Named], most: int) -> tuple[Call, ...]:
        """Return requests for the groups of a namespace, most of them for the routes of these names where there are
        any."""
        own = self._of(space, frozenset(names)) if names else Candidates((), ())
        near = own.some(self._chance, most - most // 4) if own.hits or own.misses else ()
        rest = self._of(space, frozenset()).some(self._chance, most - len(near)) if most > len(near) else ()
        return tuple(dict.fromkeys((*near, *rest)))

    def _of(self, space: str, names: frozenset[Named]) -> Candidates:
        if (space, names) not in self._made:
            groups = [_limited(one, names) for one in self._groups if one.namespace == space]
            self._made[space, names] = covering(groups, self._chance)
        return self._made[space, names]


def _limited(group: HTTPRouteGroup, names: frozenset[Named]) -> HTTPRouteGroup:
    """Return a group with its routes of these names; with all of them where there are no names at all."""
    if not names or (group.name, None) in names:
        return group
    return replace(group, matches=tuple(one for one in group.matches if (group.name, one.name) in names))


def _takes(route: HTTPMatch, method: str) -> bool:
    return not route.methods or "*" in route.methods or method in route.methods


def _filters(route: HTTPMatch, head: tuple[tuple[str, str], ...]) -> tuple[bool, ...]:
    call = replace(PLAIN, headers=head)
    return tuple(headers_match(HTTPMatch(name="", headers=(pair,)), call).value is True for pair in route.headers)
