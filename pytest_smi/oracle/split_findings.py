"""Splits that have no effect, in whole or in part, and what delivery tools write. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_smi.oracle.records import Key, Service, World, root_of
from pytest_smi.smi.model import TrafficSplit

Found = tuple[Key, str, bool]
"""A split, what there is to say of it, and whether it is without effect."""


def of_splits(world: World) -> Iterator[Found]:
    """Yield what there is to say of each split. Services are judged only where some are known."""
    for split in world.splits:
        key = (split.namespace, split.name)
        for text, inert in _of_split(split, world):
            yield key, text, inert


def _of_split(split: TrafficSplit, world: World) -> Iterator[tuple[str, bool]]:
    root = root_of(split)
    if root is None:
        yield f"names {split.service}, which is of another namespace than its own: it has no effect", True
        return
    rivals = [other.name for other in world.by_root[root] if other.name != split.name]
    if rivals:
        yield f"is one of several splits of {root[1]} (also {', '.join(rivals)}): which of them counts is open", True
    if not split.backends:
        yield "has no backends", True
    elif not any(backend.weight > 0 for backend in split.backends):
        yield "gives no backend a weight above 0", True
    for name in split.matches or ():
        if (split.namespace, name) not in world.groups:
            yield (
                f"refers to HTTPRouteGroup {name}, which is not in {split.namespace}: whether it counts for no call "
                "or for all is open",
                True,
            )
    if root[1] in (backend.service for backend in split.backends):
        yield from _of_own_root(split, world)
    if world.services_known:
        yield from _of_services(split, root, world)


def _of_own_root(split: TrafficSplit, world: World) -> Iterator[tuple[str, bool]]:
    written = world.written.get(("TrafficSplit", split.namespace, split.name))
    writer = f", as {written.owner.partition(' for ')[0]} writes it" if written is not None and written.owner else ""
    yield (
        f"has its root among its backends{writer}: meshes that take it send that share to the root's own endpoints",
        False,
    )


def _of_services(split: TrafficSplit, root: Key, world: World) -> Iterator[tuple[str, bool]]:
    service = world.services.get(root)
    if service is None:
        yield f"its root {root[1]} is no Service of {root[0]} that is known here", True
        return
    for backend in dict.fromkeys(backend.service for backend in split.backends):
        found = world.services.get((split.namespace, backend))
        if found is None:
            yield (
                f"backend {backend} is no Service of {split.namespace} that is known here",
                any(one.weight > 0 for one in split.backends if one.service == backend),
            )
        elif missing := _missing(service, found):
            yield f"backend {backend} has no port {missing} of its root {root[1]}: it gets nothing there", True


def _missing(root: Service, backend: Service) -> str:
    return ", ".join(
        f"{number}/{transport}" for number, transport in root.ports if (number, transport) not in backend.ports
    )
