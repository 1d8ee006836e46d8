"""The open questions that an object raises by itself, whatever is asked: where two meshes may read it differently.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_smi.oracle.access import in_order
from pytest_smi.oracle.patterns import compiled, is_closed
from pytest_smi.oracle.records import PortKey, World
from pytest_smi.oracle.routes import is_incomplete
from pytest_smi.oracle.rules import HTTP, TCP, UDP, chosen
from pytest_smi.oracle.splits import shares_of
from pytest_smi.smi.model import IDENTITY_BINDING, HTTPMatch, HTTPRouteGroup, Subject, TrafficSplit, TrafficTarget


def of_target(target: TrafficTarget, world: World) -> tuple[str, ...]:
    """Return those of a target, the routes that it refers to included."""
    return in_order(frozenset(_of_target(target, world)))


def of_split(split: TrafficSplit, world: World, root: tuple[str, str], port: PortKey | None) -> tuple[str, ...]:
    """Return those of a split at one port of its root; without a port those of its selection alone."""
    return in_order(frozenset(_of_split(split, world, root, port)))


def _of_target(target: TrafficTarget, world: World) -> Iterator[str]:
    kinds = {rule.kind for rule in target.rules}
    if {HTTP, TCP} <= kinds:
        yield "AMB-1"
    elif any(rule.kind == TCP and (target.namespace, rule.name) in world.tcp_routes for rule in target.rules):
        yield "AMB-2"
    if UDP in kinds:
        yield "AMB-14"
    home = target.destination.namespace or target.namespace
    if home != target.namespace:
        yield "AMB-21"
    for subject in (target.destination, *target.sources):
        yield from _of_subject(subject, target.namespace, world)
    numbers = {target.port} if target.port is not None else set[int]()
    for rule in target.rules:
        key = (target.namespace, rule.name)
        group = world.groups.get(key) if rule.kind == HTTP else None
        if group is not None:
            routes, has_stray_name = chosen(rule, group)
            yield from ("AMB-17",) if rule.matches == () else ()
            yield from ("AMB-18",) if has_stray_name else ()
            yield from of_routes(routes)
            yield from world.written[(HTTP, *key)].questions if (HTTP, *key) in world.written else ()
        port_route = (
            world.tcp_routes.get(key) if rule.kind == TCP else world.udp_routes.get(key) if rule.kind == UDP else None
        )
        numbers.update(port_route.ports if port_route is not None else ())
        if (rule.kind, *key) in world.portless:
            yield "AMB-25"
    if numbers and _renumbered(numbers, home, world):
        yield "AMB-19"


def of_routes(routes: Sequence[HTTPMatch]) -> Iterator[str]:
    """Yield those of HTTP routes."""
    names = [route.name for route in routes]
    if len(set(names)) < len(names):
        yield "AMB-8"
    for route in routes:
        if is_incomplete(route):
            yield "AMB-7"
        if route.path is not None:
            if not compiled(route.path).common:
                yield "AMB-6"
            elif not is_closed(route.path):
                yield "AMB-3"
        for _, pattern in route.headers:
            found = compiled(pattern)
            if not found.common:
                yield "AMB-6"
            elif found.regex is not None:
                if not (pattern.startswith(("^", ".*")) and pattern.endswith(("$", ".*")) and "|" not in pattern):
                    yield "AMB-9"
                if found.regex.search("") is not None:
                    yield "AMB-10"


def _of_subject(subject: Subject, home: str, world: World) -> Iterator[str]:
    if not subject.namespace:
        yield "AMB-20"
    if subject.kind == IDENTITY_BINDING:
        binding = world.bindings.get((subject.namespace or home, subject.name))
        if binding is not None:
            if any("://" in identity for identity in binding.spiffe_identities or ()):
                yield "AMB-23"
            if binding.pod_labels is not None and binding.service_account is not None:
                yield "AMB-24"
    elif subject.kind != "ServiceAccount":
        yield "AMB-22"


def _renumbered(numbers: set[int], namespace: str, world: World) -> bool:
    """Return whether a Service of the namespace has another number for its pods' port,
    and the grant names one of the two only."""
    return any((number in numbers) != (target in numbers) for number, target in world.renumbered.get(namespace, ()))


def _of_split(split: TrafficSplit, world: World, root: tuple[str, str], port: PortKey | None) -> Iterator[str]:
    if len(world.by_root.get(root, ())) > 1:
        yield "AMB-34"
    if split.matches == ():
        yield "AMB-17"
    groups: list[HTTPRouteGroup | None] = [world.groups.get((split.namespace, name)) for name in split.matches or ()]
    if None in groups:
        yield "AMB-31"
    for group in groups:
        for route in group.matches if group is not None else ():
            if route.path is not None or route.methods is not None or not route.headers:
                yield "AMB-30"
            yield from of_routes([route])
    if port is not None:
        if port[1] == "UDP":
            yield "AMB-36"
        yield from shares_of(world, split, root, port).questions
