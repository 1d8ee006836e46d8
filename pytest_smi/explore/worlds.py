"""Random small worlds: servers with policy and splits, and what is asked of them. Pure; one seed, one world.

Names, ports and patterns repeat on purpose: what a mesh gets wrong shows where objects meet. What the specification
leaves open is rare here, since nothing can be said of it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import (
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
from pytest_smi.explore.policies import FILTERS, random_match, random_policy
from pytest_smi.explore.requests import asks
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    SmiObject,
    TrafficSplit,
    UDPRoute,
)
from pytest_smi.testbed.workloads import HTTP, HTTP_2ND

WEIGHTS = (0, 1, 1, 10, 50, 50, 90, 100, 400)


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
    world = [one for one in random_policy(chance, bounds, servers, clients) if bounds.says(one)]
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
    changes = random_changes(chance, first, lambda: random_match(chance), bounds.says)
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
