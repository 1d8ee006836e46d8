"""Random changes of a world: objects that are edited, deleted, and created again. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_smi.explore.case import Identity, ServiceObject, Step, Thing, identity
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    SmiObject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
)
from pytest_smi.testbed.workloads import HTTP_2ND, TCP

LONGEST = 3


def random_changes(
    chance: random.Random, first: Sequence[Thing], match: Callable[[], HTTPMatch], says: Callable[[SmiObject], bool]
) -> tuple[Step, ...]:
    """Return up to three changes, one object each."""
    state: dict[Identity, SmiObject] = {identity(one): one for one in first if not isinstance(one, ServiceObject)}
    gone: list[SmiObject] = []
    steps: list[Step] = []
    for _ in range(chance.choice((0, 1, 1, 2, LONGEST))):
        step = _change(chance, state, gone, match)
        if step is None or not all(says(one) for one in step.put if not isinstance(one, ServiceObject)):
            continue
        gone += [state.pop(key) for key in step.drop]
        for one in step.put:
            if not isinstance(one, ServiceObject):
                state[identity(one)] = one
                gone = [other for other in gone if identity(other) != identity(one)]
        steps.append(step)
    return tuple(steps)


def _change(
    chance: random.Random,
    state: dict[Identity, SmiObject],
    gone: Sequence[SmiObject],
    match: Callable[[], HTTPMatch],
) -> Step | None:
    if gone and chance.random() < 0.4:
        return Step(put=(chance.choice(gone),))
    # Targets and splits are what is in effect; a group is edited more than deleted.
    weighed = [(key, 3 if isinstance(one, TrafficTarget | TrafficSplit) else 2) for key, one in state.items()]
    if not weighed:
        return None
    key = chance.choices([one for one, _ in weighed], weights=[weight for _, weight in weighed])[0]
    if chance.random() < 0.35:
        return Step(drop=(key,))
    edited = _edited(chance, state[key], match)
    return None if edited is None or edited == state[key] else Step(put=(edited,))


def _edited(chance: random.Random, one: SmiObject, match: Callable[[], HTTPMatch]) -> SmiObject | None:
    match one:
        case HTTPRouteGroup():
            return _edited_group(chance, one, match)
        case TCPRoute():
            return replace(one, ports=chance.choice(((), (TCP,), (HTTP_2ND,)))) if one.ports else None
        case TrafficTarget():
            return _edited_target(chance, one)
        case TrafficSplit():
            return _edited_split(chance, one)
    return None


def _edited_group(chance: random.Random, group: HTTPRouteGroup, match: Callable[[], HTTPMatch]) -> HTTPRouteGroup:
    at = chance.randrange(len(group.matches))
    if len(group.matches) > 1 and chance.random() < 0.4:
        return replace(group, matches=group.matches[:at] + group.matches[at + 1 :])
    new = replace(match(), name=group.matches[at].name)
    return replace(group, matches=(*group.matches[:at], new, *group.matches[at + 1 :]))


def _edited_target(chance: random.Random, target: TrafficTarget) -> TrafficTarget:
    if len(target.sources) > 1 and chance.random() < 0.6:
        at = chance.randrange(len(target.sources))
        return replace(target, sources=target.sources[:at] + target.sources[at + 1 :])
    if len(target.rules) > 1 and chance.random() < 0.6:
        return replace(target, rules=target.rules[1:])
    rules = tuple(replace(rule, matches=None) for rule in target.rules)
    return replace(target, rules=rules)


def _edited_split(chance: random.Random, split: TrafficSplit) -> TrafficSplit:
    names = [backend.service for backend in split.backends]
    if len(names) > 1 and chance.random() < 0.5:
        left = [backend for backend in split.backends if backend.service != chance.choice(names)]
        return replace(split, backends=tuple(left if any(one.weight for one in left) else split.backends))
    free = [name for name in ("v1", "v2", "v3") if name not in names]
    if free and chance.random() < 0.4:
        return replace(split, backends=(*split.backends, Backend(service=free[0], weight=50)))
    weights = [chance.choice((1, 10, 50, 90)) for _ in names]
    backends = zip(names, weights, strict=True)
    return replace(split, backends=tuple(Backend(service=name, weight=weight) for name, weight in backends))
