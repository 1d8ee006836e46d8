"""Random small worlds: servers with policy and splits, and what is asked of them. Pure; one seed, one world.

Names, ports and patterns repeat on purpose: what a mesh gets wrong shows where objects meet. What the specification
leaves open is rare here, since nothing can be said of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pytest_smi.explore.case import (
    CLIENT,
    CLIENTS,
    LATE,
    ROOT,
    SERVERS,
    TWIN,
    Case,
    Server,
    ServiceObject,
    Step,
    Thing,
    identity,
    usual_services,
)
from pytest_smi.explore.changes import random_changes
from pytest_smi.explore.requests import asks
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    Rule,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)
from pytest_smi.smi.ports import in_destination
from pytest_smi.testbed.workloads import HTTP, HTTP_2ND, TCP, TCP_SERVER_FIRST, UDP, UDP_2ND

T = TypeVar("T")
PATTERNS = (".*", ".*", "/x", "/x", "/y", "/x/.*", "/a|/b", "/v[12]/(cat|dog)", "/[a-z]+", "(")
METHODS = (("*",), ("*",), ("GET",), ("GET", "POST"), ("POST", "GET"))
FILTERS = (("x-k", "^v$"), ("X-K", "^v$"), ("x-l", "^v$"), ("x-l", "^(v|w)$"))
WEIGHTS = (0, 1, 1, 10, 50, 50, 90, 100, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a world may say: the versions that are tested, the features of the mesh, and what can be written."""

    versions: Mapping[str, str]
    features: frozenset[str]
    says: Callable[[SmiObject], bool]
    """Whether the versions have words for an object."""
    splits: bool = True
    """Whether splits are explored."""

    @property
    def access(self) -> bool:
        """Whether the mesh enforces access, so far as it is tested."""
        return {"access", "specs"} <= set(self.versions)

    @property
    def protocols(self) -> frozenset[str]:
        """What ports are asked in."""
        return frozenset({"http"} | ({"tcp", "tcp-server-first"} if "tcp" in self.features else set())) | (
            {"udp"} if "udp" in self.features else set()
        )


def kinds_of(bounds: Bounds) -> tuple[str, ...]:
    """Return what worlds are about, in turn: `access`, `split` or `both`; empty: the mesh claims nothing that could be
    explored."""
    if not bounds.access or not bounds.splits:
        return ("access",) * bounds.access + ("split",) * bounds.splits
    return ("access", "split", "access", "split", "both")


def empty_case(bounds: Bounds) -> Case:
    """Return the world without any object."""
    servers = [_service_of(server) for server in SERVERS[:2]]
    return Case(
        steps=(Step(),), asks=asks(["a", "b", "outside"], servers, (), random.Random(0), protocols=bounds.protocols)
    )


def random_case(chance: random.Random, bounds: Bounds, kind: str) -> Case:
    """Return a world of a kind, with changes."""
    if kind == "split":
        return _splits(chance, bounds)
    clients = [CLIENTS[0].name, *chance.sample([one.name for one in CLIENTS[1:]], k=chance.choice((1, 2, 2)))]
    servers = chance.sample(SERVERS, k=chance.choice((1, 2, 2)))
    world = [one for one in _policy(chance, bounds, servers, clients) if bounds.says(one)]
    destinations = [_service_of(server) for server in servers]
    if kind == "both":
        world.append(_split(chance, groups=()))
        destinations.append(next(one for one in usual_services() if one.name == ROOT))
    return _case(chance, bounds, world, (), clients, destinations)


def _case(
    chance: random.Random,
    bounds: Bounds,
    world: Sequence[SmiObject],
    services: Sequence[ServiceObject],
    clients: Sequence[str],
    destinations: Sequence[ServiceObject],
    *,
    open_to_all: bool = False,
) -> Case:
    first: tuple[Thing, ...] = (*services, *world)
    changes = random_changes(chance, first, lambda: _match(chance), bounds.says)
    steps = (Step(put=first), *changes)
    groups = [one for step in steps for one in step.put if isinstance(one, HTTPRouteGroup)]
    second = "http2" in bounds.features and chance.random() < 0.3
    # Datagrams that are denied cost their whole patience, so they are asked where there is something about them.
    datagrams = any(isinstance(one, UDPRoute) for step in steps for one in step.put) or chance.random() < 0.1
    return Case(
        steps=steps,
        asks=asks(
            clients,
            destinations,
            groups,
            chance,
            protocols=bounds.protocols - (frozenset() if datagrams else frozenset({"udp"})),
            versions=("1.1", "2") if second else ("1.1",),
            most=4 if open_to_all else 8,
        ),
        open=open_to_all,
        reuse=not open_to_all and chance.random() < 0.25,
    )


def _policy(
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
    matches = [_match(chance) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
    return HTTPRouteGroup(
        name=name,
        namespace=space,
        matches=tuple(replace(match, name=f"m{number}") for number, match in enumerate(matches, 1)),
    )


def _match(chance: random.Random) -> HTTPMatch:
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


def _splits(chance: random.Random, bounds: Bounds) -> Case:
    """Return a world about a split alone: every client may call every server."""
    groups = []
    if "specs" in bounds.versions and chance.random() < 0.4:
        groups = [
            HTTPRouteGroup(
                name=name,
                namespace="t1",
                matches=(HTTPMatch(name="m1", headers=(chance.choice((FILTERS[0], FILTERS[3])),)),),
            )
            for name in ("g1", "g2")[: chance.choice((1, 1, 2))]
        ]
    split = _split(chance, groups=groups)
    if not bounds.says(split):
        split, groups = replace(split, matches=None), []
    usual = {one.name: one for one in usual_services() if one.namespace == "t1"}
    services = _odd_services(chance, usual, split)
    clients = [one.name for one in chance.sample([one for one in CLIENTS if one.joined], k=2)]
    now = usual | {one.name: one for one in services}
    destinations = [now[ROOT], *chance.sample([now["v1"], now["v2"], now[TWIN]], k=1)]
    case = _case(chance, bounds, (*groups, split), services, clients, destinations, open_to_all=True)
    if any(backend.service == LATE for backend in split.backends):
        late = replace(usual["v3"], name=LATE)
        at = chance.randrange(1, len(case.steps) + 1)
        case = replace(case, steps=(*case.steps[:at], Step(put=(late,)), *case.steps[at:]))
    return case


def _split(chance: random.Random, *, groups: Sequence[HTTPRouteGroup]) -> TrafficSplit:
    names = chance.sample(("v1", "v2", "v3"), k=chance.choice((1, 2, 2, 2, 3)))
    if groups == () and chance.random() < 0.1:
        names = [*names[:1], LATE]
    backends = [Backend(service=name, weight=chance.choice(WEIGHTS)) for name in names]
    if not any(backend.weight for backend in backends):
        backends[0] = replace(backends[0], weight=1)
    return TrafficSplit(
        name="split",
        namespace="t1",
        service=ROOT,
        backends=tuple(backends),
        matches=tuple(group.name for group in groups) or None,
    )


def _odd_services(
    chance: random.Random, usual: Mapping[str, ServiceObject], split: TrafficSplit
) -> tuple[ServiceObject, ...]:
    """Return Services that are not as usual: other target ports, other names of ports, a port that is missing."""
    known = [backend.service for backend in split.backends if backend.service in usual]
    draw, found = chance.random(), []
    if draw < 0.2:
        found.append(replace(usual[ROOT], ports=((f"{HTTP}/TCP", HTTP), (f"{HTTP_2ND}/TCP", HTTP_2ND))))
    elif draw < 0.35:
        found.append(replace(usual[known[0]], ports=((f"{HTTP}/TCP", HTTP_2ND),)))
    elif draw < 0.45 and len(known) > 1:
        found.append(replace(usual[known[-1]], ports=((f"{HTTP_2ND}/TCP", HTTP_2ND),)))
    elif draw < 0.55:
        names = ((f"{HTTP}/TCP", "other"), (f"{HTTP_2ND}/TCP", f"http-{HTTP}"))
        found.append(replace(usual[known[-1]], port_names=names))
    return tuple(found)


def _service_of(server: Server) -> ServiceObject:
    return next(one for one in usual_services() if identity(one) == ("Service", server.namespace, server.name))
