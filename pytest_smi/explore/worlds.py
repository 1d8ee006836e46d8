"""Random small worlds: servers with policy and splits, and what is asked of them. Pure; one seed, one world.

Names, ports and patterns repeat on purpose: what a mesh gets wrong shows where objects meet. What the specification
leaves open is rare here, since nothing can be said of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import (
    CLIENTS,
    LATE,
    ROOT,
    SERVERS,
    TWIN,
    Case,
    ServiceObject,
    Step,
    Thing,
    usual_services,
)
from pytest_smi.explore.changes import random_changes
from pytest_smi.explore.policies import GONE, random_policy
from pytest_smi.explore.requests import MOST, Named, Pair, asks
from pytest_smi.explore.splits import odd_services, other_roots, random_segments, random_split, with_split
from pytest_smi.smi.model import (
    HTTPRouteGroup,
    SmiObject,
    Subject,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)


def kinds_of(bounds: Bounds) -> tuple[str, ...]:
    """Return what worlds are about, in turn: `access`, `split` or `both`; empty: the mesh claims nothing that could be
    explored."""
    if not bounds.access or not bounds.splits:
        return ("access",) * bounds.access + ("split",) * bounds.splits
    return ("access", "split", "access", "split", "both")


def empty_case(bounds: Bounds) -> Case:
    """Return the world without any object."""
    servers = list(usual_services()[:2])
    return Case(
        steps=(Step(),), asks=asks(["a", "b", "outside"], servers, (), random.Random(0), protocols=bounds.protocols)
    )


def random_case(chance: random.Random, bounds: Bounds, kind: str) -> Case:
    """Return a world of a kind, with changes."""
    if kind == "split":
        return _splits(chance, bounds)
    clients = _callers(chance)
    servers = chance.sample(SERVERS, k=chance.choice((2, 3, 4)))
    world = [one for one in random_policy(chance, bounds, servers, clients) if bounds.says(one)]
    usual = {(one.namespace, one.name): one for one in usual_services()}
    destinations = [usual[server.namespace, server.name] for server in servers]
    if kind == "both":
        world = with_split(chance, bounds, world, usual["t1", ROOT])
        destinations.append(usual["t1", ROOT])
    return _case(chance, bounds, world, (), clients, destinations)


def _callers(chance: random.Random) -> list[str]:
    """Return a few clients; servers that call each other are two."""
    servers = [one.name for one in CLIENTS if one.server]
    others = [one.name for one in CLIENTS[1:] if not one.server]
    if chance.random() < 0.5:
        return [CLIENTS[0].name, *servers, *chance.sample(others, k=1)]
    return [CLIENTS[0].name, *chance.sample(others, k=2), *chance.sample(servers, k=chance.choice((0, 1)))]


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
    later = _held_back(chance, world)
    first: tuple[Thing, ...] = (*services, *(one for one in world if one not in later))
    changes = random_changes(chance, first, later, bounds.says)
    steps = (Step(put=first), *changes)
    things = [one for step in steps for one in step.put]
    # Datagrams that are denied cost their whole patience, so they are asked where there is something about them.
    datagrams = any(isinstance(one, UDPRoute) for one in things) or chance.random() < 0.1
    second = "http2" in bounds.features and chance.random() < 0.4
    return Case(
        steps=steps,
        asks=asks(
            clients,
            destinations,
            [one for one in things if isinstance(one, HTTPRouteGroup)],
            chance,
            protocols=bounds.protocols - (frozenset() if datagrams else frozenset({"udp"})),
            versions=("1.1", "2") if second else ("1.1",),
            granted=None if open_to_all else _granted(things),
            most=4 if open_to_all else MOST,
            patient=chance.random() < 0.03,
        ),
        open=open_to_all,
        reuse=not open_to_all and chance.random() < 0.35,
    )


def _held_back(chance: random.Random, world: Sequence[SmiObject]) -> list[SmiObject]:
    """Return routes that are not there when the targets or splits that name them are made; mostly none."""
    routes = [one for one in world if not isinstance(one, TrafficTarget | TrafficSplit)]
    return chance.sample(routes, k=min(len(routes), chance.choice((0, 0, 1, 2))))


def _granted(things: Sequence[Thing]) -> dict[Pair, frozenset[Named]]:
    """Return for which client and server there is a target at some time, and the routes that it names.

    What a target lacks could stand for anything: one without rules names routes that are not there.
    """
    found: dict[Pair, frozenset[Named]] = {}
    for target in (one for one in things if isinstance(one, TrafficTarget)):
        named: frozenset[Named] = frozenset(
            (rule.name, name) for rule in target.rules for name in rule.matches or (None,)
        ) or frozenset({(GONE, None)})
        servers = [(one.namespace, one.name) for one in SERVERS if _meant(target.destination, one.namespace, one.name)]
        for client in CLIENTS:
            if not target.sources or any(_meant(one, client.namespace, client.account) for one in target.sources):
                for server in servers:
                    found[client.name, server] = found.get((client.name, server), frozenset()) | named
    return found


def _meant(subject: Subject, namespace: str, account: str) -> bool:
    return subject.name in ("", account) and subject.namespace in ("", namespace)


def _splits(chance: random.Random, bounds: Bounds) -> Case:
    """Return a world of one to three splits alone: every client may call every server."""
    usual = {(one.namespace, one.name): one for one in usual_services()}
    roots = [usual["t1", ROOT], *chance.sample(other_roots(usual), k=chance.choice((0, 1, 1, 2, 2)))]
    world: list[SmiObject] = []
    for number, root in enumerate(roots, 1):
        groups = random_segments(chance, root.namespace, number) if "specs" in bounds.versions else []
        split = random_split(chance, f"split-{number}", root, groups=groups, taken=[one.name for one in roots])
        if bounds.says(split):
            world += [*groups, split]
        else:
            world.append(replace(split, matches=None))
    first = next(one for one in world if isinstance(one, TrafficSplit))
    services = odd_services(chance, usual, first)
    now = usual | {(one.namespace, one.name): one for one in services}
    clients = [one.name for one in chance.sample([one for one in CLIENTS if one.joined], k=3)]
    beside = [one for key, one in now.items() if key in {("t1", "v1"), ("t1", "v2"), ("t1", TWIN), ("t2", ROOT)}]
    asked = {(one.namespace, one.name): one for one in (*roots, *chance.sample(beside, k=1))}
    destinations = [now[key] for key in asked]
    case = _case(chance, bounds, world, services, clients, destinations, open_to_all=True)
    if any(backend.service == LATE for backend in first.backends):
        late = replace(usual["t1", "v3"], name=LATE)
        at = chance.randrange(1, len(case.steps) + 1)
        case = replace(case, steps=(*case.steps[:at], Step(put=(late,)), *case.steps[at:]))
    return case
