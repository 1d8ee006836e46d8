"""Everything that the objects of a world say, as records for a table: who may call what, and how each split shares.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_smi.oracle.backends import Share
from pytest_smi.oracle.open_points import of_split, of_target
from pytest_smi.oracle.records import Key, ObjectId, PortKey, Service, World, root_of
from pytest_smi.oracle.rules import HTTP, TCP, UDP, chosen
from pytest_smi.oracle.splits import shares_of
from pytest_smi.oracle.words import port_words, route_words, subject_words
from pytest_smi.smi.model import TrafficSplit, TrafficTarget

ANY_PORT: PortKey = (0, "TCP")
"""In the place of a port where no Service is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one target grants: every source of it to its destination."""

    target: ObjectId
    sources: tuple[str, ...]
    destination: str
    granted: tuple[str, ...]
    """Routes and ports in words; empty: nothing."""
    objects: tuple[ObjectId, ...]
    """The routes behind them."""
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How one split shares the calls to ports of its root."""

    ports: tuple[PortKey, ...]
    """Ports that are shared alike; `ANY_PORT` where no Service is known."""
    possible: tuple[Share, ...]
    """The distribution of each reading; none where the specification does not bound it."""
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """What one split does."""

    split: ObjectId
    root: str
    segments: tuple[str, ...] | None
    """The calls that it is about, in words; None: every one."""
    sharing: tuple[Sharing, ...]
    questions: tuple[str, ...]
    idle: tuple[str, ...]
    """Backends of weight 0: they receive nothing (SP-04)."""
    owner: str
    """The delivery tool that writes it, and for what; empty when none is named."""


def grants(world: World) -> list[Grant]:
    """Return what each target grants, by destination."""
    found = [_grant(target, world) for target in world.targets]
    return sorted(found, key=lambda grant: (grant.destination, grant.sources, grant.target))


def splittings(world: World) -> list[Splitting]:
    """Return what each split does, by root."""
    seen = world if world.services_known else replace(world, services=_assumed(world))
    return sorted((_splitting(split, seen) for split in world.splits), key=lambda one: (one.root, one.split))


def _assumed(world: World) -> dict[Key, Service]:
    """Return, where no Service is known, one for each name in a split, all of them with the same port."""
    names = {
        (split.namespace, name)
        for split in world.splits
        for name in (split.service, *(one.service for one in split.backends))
    }
    names |= set(world.by_root)
    return {key: Service(name=key[1], namespace=key[0], ports={ANY_PORT: 0}) for key in names}


def _grant(target: TrafficTarget, world: World) -> Grant:
    words: list[str] = []
    objects: list[ObjectId] = []
    http = [rule for rule in target.rules if rule.kind == HTTP]
    limits = [
        world.tcp_routes[(target.namespace, rule.name)].ports
        for rule in target.rules
        if rule.kind == TCP and (target.namespace, rule.name) in world.tcp_routes
    ]
    for rule in http:
        group = world.groups.get((target.namespace, rule.name))
        if group is not None:
            objects.append((HTTP, target.namespace, rule.name))
            words += [f"HTTP {route_words(route)}" for route in chosen(rule, group)[0]]
    for rule in target.rules:
        key = (target.namespace, rule.name)
        route = (
            world.tcp_routes.get(key) if rule.kind == TCP else world.udp_routes.get(key) if rule.kind == UDP else None
        )
        if route is not None:
            objects.append((rule.kind, *key))
            perhaps = "perhaps " if http and rule.kind == TCP else ""
            words.append(perhaps + port_words(rule.kind[:3], route.ports))
    if http and limits and () not in limits:
        ports = ", ".join(map(str, sorted({port for some in limits for port in some})))
        words = [f"{one}, perhaps on port {ports} alone" if one.startswith("HTTP ") else one for one in words]
    if target.port is not None:
        words = [f"{one} on port {target.port}" for one in words]
    return Grant(
        target=("TrafficTarget", target.namespace, target.name),
        sources=tuple(subject_words(source, target.namespace) for source in target.sources),
        destination=subject_words(target.destination, target.namespace),
        granted=tuple(dict.fromkeys(words)) if target.sources else (),
        objects=tuple(dict.fromkeys(objects)),
        questions=of_target(target, world),
    )


def _splitting(split: TrafficSplit, world: World) -> Splitting:
    root = root_of(split)
    about = ("TrafficSplit", split.namespace, split.name)
    written = world.written.get(about)
    groups = [world.groups.get((split.namespace, name)) for name in split.matches or ()]
    segments = tuple(route_words(route) for group in groups if group is not None for route in group.matches)
    service = world.services.get(root) if root is not None else None
    alike: dict[tuple[tuple[Share, ...], tuple[str, ...]], list[PortKey]] = {}
    for port in service.ports if service is not None and root is not None else ():
        found = (
            (shares_of(world, split, root, port).possible, of_split(split, world, root, port))
            if root is not None
            else ((), ())
        )
        alike.setdefault(found, []).append(port)
    return Splitting(
        split=about,
        root=f"{root[0]}/{root[1]}" if root is not None else split.service,
        segments=segments if split.matches else None,
        sharing=tuple(Sharing(ports=tuple(ports), possible=one[0], questions=one[1]) for one, ports in alike.items()),
        questions=of_split(split, world, root, None) if root is not None else (),
        idle=tuple(dict.fromkeys(backend.service for backend in split.backends if not backend.weight)),
        owner=written.owner if written is not None else "",
    )
