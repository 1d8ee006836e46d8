"""How the backends of one TrafficSplit share the calls to one port of its root, in every reading. Pure.

Backends are matched by port number and transport (SP-23, SP-29), those without the port are excluded and the others
keep their proportions (SP-26, SP-27), and a weight of 0 receives nothing (SP-04).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_smi.oracle.records import Key, PortKey, Service
from pytest_smi.smi.model import Backend, TrafficSplit

Share = tuple[tuple[str, Fraction], ...]
"""(backend, share) pairs; what they lack to 1 is lost."""
ROOT = ""
"""In the place of a backend: the ordinary endpoints of the root Service."""
PLAIN: Share = ((ROOT, Fraction(1)),)
"""The root as it is."""


@dataclass(frozen=True, slots=True)
class Split:
    """The distributions of a split in its readings; none where the specification does not bound them."""

    possible: tuple[Share, ...]
    questions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Part:
    """One backend: whether it is there for the port in each reading, and whether its share is lost when it is not."""

    name: str
    weight: int | Fraction
    states: tuple[str, ...]
    """`takes`, `excluded` or `fails`, one for each reading."""
    question: str = ""


def distributions(split: TrafficSplit, services: Mapping[Key, Service], root: Key, port: PortKey) -> Split:
    """Return the shares of the split's backends in the calls to one port of its root."""
    unbounded = _unbounded(split, services, root)
    if unbounded:
        return Split(possible=(), questions=unbounded)
    found: dict[Share, None] = {}
    questions: frozenset[str] = frozenset()
    for backends in _without_repetition(split.backends):
        parts = [_part(backend, services, split, root, port) for backend in backends]
        questions |= {part.question for part in parts if part.question}
        for states in itertools.product(*(part.states for part in parts)):
            share = _shared(parts, states)
            if share is None:
                return Split(possible=(), questions=questions | {"AMB-37"})
            found[share] = None
    names = [backend.service for backend in split.backends]
    if len(set(names)) < len(names):
        questions |= {"AMB-38"}
        found[PLAIN] = None
    if root[1] in names:
        # A mesh may refuse such a split, so that the root stays as it is.
        questions |= {"AMB-33"}
        found[PLAIN] = None
    return Split(possible=tuple(found), questions=questions if len(found) > 1 else frozenset())


def _unbounded(split: TrafficSplit, services: Mapping[Key, Service], root: Key) -> frozenset[str]:
    """Return questions without which nothing can be said of the split."""
    found = set()
    if any(backend.weight < 0 for backend in split.backends):
        found.add("AMB-26")
    if not any(backend.weight > 0 for backend in split.backends):
        found.add("AMB-37")
    if root not in services:
        found.add("AMB-39")
    named = [services.get((split.namespace, backend.service)) for backend in split.backends if backend.weight > 0]
    if any(service is not None and not service.usual for service in (*named, services.get(root))):
        found.add("AMB-40")
    return frozenset(found)


def _without_repetition(backends: Sequence[Backend]) -> Iterator[list[Backend]]:
    """Yield the backends with those of one name as one: summed, then the last alone, where that differs (AMB-38)."""
    summed: dict[str, int | Fraction] = {}
    last: dict[str, int | Fraction] = {}
    for backend in backends:
        summed[backend.service] = summed.get(backend.service, 0) + backend.weight
        last[backend.service] = backend.weight
    yield [Backend(service=name, weight=weight) for name, weight in summed.items()]
    if last != summed:
        yield [Backend(service=name, weight=weight) for name, weight in last.items()]


def _part(backend: Backend, services: Mapping[Key, Service], split: TrafficSplit, root: Key, port: PortKey) -> _Part:
    if not backend.weight:
        return _Part(backend.service, 0, ("excluded",))
    service = services.get((split.namespace, backend.service))
    if (split.namespace, backend.service) == root:
        # Excluded where self-reference is forbidden, else the root's own endpoints.
        return _Part(backend.service, backend.weight, ("takes", "excluded"), "AMB-33")
    if service is None:
        return _Part(backend.service, backend.weight, ("fails", "excluded"), "AMB-27")
    if port not in service.ports:
        return _Part(backend.service, backend.weight, ("excluded",))
    if service.ready is False:
        return _Part(backend.service, backend.weight, ("fails", "excluded"), "AMB-27")
    if not set(services[root].ports) <= set(service.ports):
        return _Part(backend.service, backend.weight, ("takes", "excluded"), "AMB-28")
    return _Part(backend.service, backend.weight, ("takes",))


def _shared(parts: Sequence[_Part], states: Sequence[str]) -> Share | None:
    """Return the shares when each backend is in this state; None when none is left to take a share."""
    total = sum((part.weight for part, state in zip(parts, states, strict=True) if state != "excluded"), Fraction(0))
    if not total:
        return None
    return tuple(
        (part.name, Fraction(part.weight) / total)
        for part, state in zip(parts, states, strict=True)
        if state == "takes" and part.weight
    )
