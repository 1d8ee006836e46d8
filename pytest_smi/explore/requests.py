"""A covering set of requests: one for each way in which a world's routes can tell requests apart. Pure.

Candidates come from a fixed vocabulary that fits the patterns of `worlds`. Of those that meet the same conditions of
the same routes one is enough; kept are hits, and misses that fail a single condition of a route.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_smi.explore.case import CLIENT, Ask, ServiceObject
from pytest_smi.oracle import Call
from pytest_smi.oracle.routes import headers_match, matches, path_matches
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup
from pytest_smi.testbed.workloads import protocol_of

PATHS = ("/x", "/y", "/x/b", "/x/b/c", "/a", "/b", "/q/b", "/q/x", "/v1/dog", "/v3/dog", "/")
METHODS = ("GET", "POST", "HEAD", "PATCH")
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
MOST = 8
"""Requests of HTTP per port."""


def covering(groups: Iterable[HTTPRouteGroup], chance: random.Random, *, most: int = MOST) -> tuple[Call, ...]:
    """Return requests for the routes of these groups, as many hits as misses where there are both; at least one.

    Which of several that are alike, and which of more than `most`, is a matter of chance.
    """
    routes = tuple(dict.fromkeys(route for group in groups for route in group.matches))
    if not routes:
        return (PLAIN,)
    headers = HEADERS if any(route.headers for route in routes) else HEADERS[:1]
    of_path = {path: [path_matches(route.path, path).value for route in routes] for path in PATHS}
    of_method = {method: [_takes(route, method) for route in routes] for method in METHODS}
    of_head = {head: [_filters(route, head) for route in routes] for head in headers}
    found: dict[tuple[object, ...], Call] = {}
    for head, method, path in itertools.product(headers, METHODS, PATHS):
        conditions = tuple(zip(of_path[path], of_method[method], of_head[head], strict=True))
        if any(
            (on_path is not True) + (not takes) + filters.count(False) <= 1 for on_path, takes, filters in conditions
        ):
            # The deeper paths and the prefixed ones tell apart how a pattern is read, not which it is.
            names = tuple(name for name, _ in head)
            key = (conditions, method, names, path.count("/") if path != "/" else 1, path.startswith("/q"))
            found.setdefault(key, Call(protocol="HTTP", method=method, path=path, headers=head))
    calls = list(found.values())
    chance.shuffle(calls)
    hits = [call for call in calls if any(matches(route, call).value for route in routes)]
    known = set(hits)
    misses = [call for call in calls if call not in known]
    mixed = [one for pair in itertools.zip_longest(hits, misses) for one in pair if one is not None]
    return tuple(mixed[:most]) or (PLAIN,)


def asks(
    clients: Sequence[str],
    services: Iterable[ServiceObject],
    groups: Iterable[HTTPRouteGroup],
    chance: random.Random,
    *,
    protocols: frozenset[str],
    versions: Sequence[str] = ("1.1",),
    most: int = MOST,
) -> tuple[Ask, ...]:
    """Return what to ask: each client × Service × port, with the covering set on the first HTTP port and one request
    on the others."""
    calls = covering(groups, chance, most=most)
    found: list[Ask] = []
    for client, service in itertools.product(clients, services):
        first = True
        for port, target in service.ports:
            spoken = protocol_of(port, target)
            number, key = int(port.partition("/")[0]), (service.namespace, service.name)
            if spoken not in protocols:
                continue
            if spoken != "http":
                found.append(
                    Ask(client=client, service=key, port=number, call=Call(protocol=spoken.partition("-")[0].upper()))
                )
                continue
            for version in versions if first and CLIENT[client].joined else versions[:1]:
                chosen = calls if first and version == versions[0] else calls[:2]
                found += [Ask(client=client, service=key, port=number, call=call, version=version) for call in chosen]
            first = False
    return tuple(found)


def _takes(route: HTTPMatch, method: str) -> bool:
    return not route.methods or "*" in route.methods or method in route.methods


def _filters(route: HTTPMatch, head: tuple[tuple[str, str], ...]) -> tuple[bool, ...]:
    call = replace(PLAIN, headers=head)
    return tuple(headers_match(HTTPMatch(name="", headers=(pair,)), call).value is True for pair in route.headers)
