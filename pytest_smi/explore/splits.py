"""Random splits: roots, segments, backends, and Services that are not as usual. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import LATE, ROOT, SERVERS, TWIN, ServiceObject
from pytest_smi.explore.policies import FILTERS
from pytest_smi.oracle.records import Key
from pytest_smi.smi.model import Backend, HTTPMatch, HTTPRouteGroup, Rule, SmiObject, TrafficSplit, TrafficTarget
from pytest_smi.testbed.workloads import HTTP, HTTP_2ND

SEGMENTS = ((FILTERS[0],), (FILTERS[3],), (FILTERS[0], FILTERS[2]))
"""What a split may be limited to."""
SEGMENT_PATHS = (None, "/x", "/x")
"""The path that may stand beside those headers."""
WEIGHTS = (0, 1, 1, 10, 50, 50, 90, 100, 300, 400)


def with_split(
    chance: random.Random, bounds: Bounds, world: Sequence[SmiObject], root: ServiceObject
) -> list[SmiObject]:
    """Return a world with a split; now and then its segment is a group that a target names, too."""
    shared = HTTPRouteGroup(
        name="s1", namespace=root.namespace, matches=(HTTPMatch(name="m1", headers=chance.choice(SEGMENTS)),)
    )
    split = random_split(chance, "split-1", root, groups=[shared])
    targets = [one for one in world if isinstance(one, TrafficTarget) and one.namespace == root.namespace]
    if not targets or chance.random() < 0.5 or not (bounds.says(shared) and bounds.says(split)):
        return [*world, replace(split, matches=None)]
    named = chance.choice(targets)
    rules = (*named.rules[:1], Rule(kind="HTTPRouteGroup", name=shared.name))
    return [shared, *(replace(one, rules=rules) if one is named else one for one in world), split]


def other_roots(usual: Mapping[Key, ServiceObject]) -> list[ServiceObject]:
    """Return what may be split beside `root`: a Service over the same pods, a homonym, and a single server."""
    return [usual["t1", TWIN], usual["t2", ROOT], usual["t1", "v3"]]


def random_segments(chance: random.Random, space: str, number: int) -> list[HTTPRouteGroup]:
    """Return route groups of headers for a split, some with a path; none in half of all worlds."""
    if chance.random() < 0.5:
        return []
    # Whether a path counts is open; a request that meets path and headers is in the segment all the same.
    path = chance.choice(SEGMENT_PATHS)
    return [
        HTTPRouteGroup(
            name=f"s{number}-{name}",
            namespace=space,
            matches=(HTTPMatch(name="m1", path=path, headers=chance.choice(SEGMENTS)),),
        )
        for name in ("g1", "g2")[: chance.choice((1, 2))]
    ]


def random_split(
    chance: random.Random,
    name: str,
    root: ServiceObject,
    *,
    groups: Sequence[HTTPRouteGroup],
    taken: Sequence[str] = (),
) -> TrafficSplit:
    """Return a split; where requests to a backend that is a root itself end is open, so that there are few of those."""
    free = [one.name for one in SERVERS if one.namespace == root.namespace and one.name not in taken]
    names = chance.sample(free, k=min(len(free), chance.choice((1, 2, 2, 3, 3))))
    if root.name == ROOT and root.namespace == "t1":
        roots, draw = [one.name for one in SERVERS if one.name in taken], chance.random()
        if draw < 0.35 and not groups:
            names = [*names[:1], LATE]
        elif roots and draw > 0.4:
            names = [*names[:1], *roots]
    backends = [Backend(service=one, weight=chance.choice(WEIGHTS)) for one in names]
    if not any(backend.weight for backend in backends):
        backends[0] = replace(backends[0], weight=1)
    return TrafficSplit(
        name=name,
        namespace=root.namespace,
        service=root.name,
        backends=tuple(backends),
        matches=tuple(group.name for group in groups) or None,
    )


def odd_services(
    chance: random.Random, usual: Mapping[Key, ServiceObject], split: TrafficSplit
) -> tuple[ServiceObject, ...]:
    """Return Services that are not as usual: other target ports, other names of ports, a port that is missing."""
    known = [usual["t1", one.service] for one in split.backends if ("t1", one.service) in usual]
    root, draw = usual["t1", ROOT], chance.random()
    two = replace(root, ports=((f"{HTTP}/TCP", HTTP), (f"{HTTP_2ND}/TCP", HTTP_2ND)))
    if draw < 0.2:
        return (two,)
    if draw < 0.35:
        return (replace(known[0], ports=((f"{HTTP}/TCP", HTTP_2ND),)),)
    if draw < 0.5 and len(known) > 1:
        return (replace(known[-1], ports=((f"{HTTP_2ND}/TCP", HTTP_2ND),)),)
    if draw < 0.65:
        # The names are exchanged on a backend and not on the root.
        names = ((f"{HTTP}/TCP", f"http-{HTTP_2ND}"), (f"{HTTP_2ND}/TCP", f"http-{HTTP}"))
        return two, replace(known[-1], port_names=names)
    return ()
