"""Random changes of a world: objects that are edited, deleted, and created again. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pytest_smi.explore.case import (
    CLIENTS,
    ROOT,
    SERVERS,
    TWIN,
    Identity,
    Server,
    ServiceObject,
    Step,
    Thing,
    identity,
)
from pytest_smi.explore.policies import PORTS, random_match, random_names, random_rules, random_sources
from pytest_smi.smi.model import (
    Backend,
    HTTPRouteGroup,
    Rule,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
)
from pytest_smi.testbed.workloads import HTTP_2ND

LONGEST = 3
AT_ONCE = (2, 3, 4)
"""How many objects one step changes: what is done to one is seen beside what is done to another."""


@dataclass(slots=True)
class _World:
    """What is there while changes are drawn, and what was there."""

    present: dict[Identity, SmiObject]
    gone: list[SmiObject] = field(default_factory=list)

    def apply(self, step: Step) -> None:
        self.gone += [self.present.pop(key) for key in step.drop]
        for one in step.put:
            if not isinstance(one, ServiceObject):
                self.present[identity(one)] = one
                self.gone = [other for other in self.gone if identity(other) != identity(one)]


def random_changes(
    chance: random.Random,
    first: Sequence[Thing],
    later: Sequence[SmiObject],
    says: Callable[[SmiObject], bool],
) -> tuple[Step, ...]:
    """Return up to three steps, each of which changes up to four objects; `later` are objects that may come yet."""
    world = _World({identity(one): one for one in first if not isinstance(one, ServiceObject)}, list(later))
    steps: list[Step] = []
    for _ in range(chance.choice((2, 2, LONGEST))):
        together = Step()
        for _ in range(chance.choice(AT_ONCE)):
            step = _change(chance, world)
            touched = {*map(identity, together.put), *together.drop}
            if (
                step is None
                or touched & {*map(identity, step.put), *step.drop}
                or not all(says(one) for one in step.put if not isinstance(one, ServiceObject))
            ):
                continue
            world.apply(step)
            together = Step(put=(*together.put, *step.put), drop=(*together.drop, *step.drop))
        if together != Step():
            steps.append(together)
    return tuple(steps)


def _change(chance: random.Random, world: _World) -> Step | None:
    if world.gone and chance.random() < 0.35:
        return Step(put=(chance.choice(world.gone),))
    # Targets and splits are what is in effect; a group is edited more than deleted.
    weighed = [(key, 3 if isinstance(one, TrafficTarget | TrafficSplit) else 1) for key, one in world.present.items()]
    if not weighed:
        return None
    key = chance.choices([one for one, _ in weighed], weights=[weight for _, weight in weighed])[0]
    if chance.random() < 0.3:
        return Step(drop=(key,))
    edited = _edited(chance, world.present[key], tuple(world.present.values()))
    return None if edited is None or edited == world.present[key] else Step(put=(edited,))


def _edited(chance: random.Random, one: SmiObject, known: Sequence[SmiObject]) -> SmiObject | None:
    match one:
        case HTTPRouteGroup():
            return _edited_group(chance, one)
        case TCPRoute():
            return replace(one, ports=chance.choice((*PORTS, (HTTP_2ND,)))) if one.ports else None
        case TrafficTarget():
            return _edited_target(chance, one, known)
        case TrafficSplit():
            return _edited_split(chance, one, known)
    return None


def _edited_group(chance: random.Random, group: HTTPRouteGroup) -> HTTPRouteGroup:
    if not group.matches:
        return replace(group, matches=(replace(random_match(chance), name="m1"),))
    at = chance.randrange(len(group.matches))
    if len(group.matches) > 1 and chance.random() < 0.4:
        return replace(group, matches=group.matches[:at] + group.matches[at + 1 :])
    old = group.matches[at]
    new = random_match(chance)
    if old.path is None and old.methods is None:
        # A group of headers alone may be a split's segment, where paths and methods are another matter.
        new = replace(new, path=None, methods=None, headers=new.headers or old.headers)
    return replace(group, matches=(*group.matches[:at], replace(new, name=old.name), *group.matches[at + 1 :]))


def _edited_target(chance: random.Random, target: TrafficTarget, known: Sequence[SmiObject]) -> TrafficTarget:
    draw = chance.random()
    if draw < 0.3:
        return replace(target, sources=_edited_sources(chance, target))
    if draw < 0.75 and target.rules:
        at = chance.randrange(len(target.rules))
        rule = _edited_rule(chance, target.rules[at], target.namespace, known)
        return replace(target, rules=(*target.rules[:at], rule, *target.rules[at + 1 :]))
    if draw < 0.9 or target.port is not None:
        return replace(target, rules=random_rules(chance, known, target.namespace, raw=chance.random() < 0.2))
    others = [one for one in SERVERS if one.namespace == target.namespace and one.name != target.destination.name]
    return replace(target, destination=replace(target.destination, name=chance.choice(others).name))


def _edited_sources(chance: random.Random, target: TrafficTarget) -> tuple[Subject, ...]:
    """Return one source less; others, where there is one alone."""
    if len(target.sources) > 1:
        at = chance.randrange(len(target.sources))
        return target.sources[:at] + target.sources[at + 1 :]
    clients = [one.name for one in CLIENTS if one.joined]
    place = Server(name=target.destination.name, namespace=target.destination.namespace)
    chosen = random_sources(chance, clients, place)
    return tuple(Subject(name=one.account, namespace=one.namespace) for one in chosen)


def _edited_rule(chance: random.Random, rule: Rule, space: str, known: Sequence[SmiObject]) -> Rule:
    """Return a rule of other routes of its group; of all of them, where it named some."""
    groups = [one for one in known if isinstance(one, HTTPRouteGroup)]
    group = next((one for one in groups if (one.namespace, one.name) == (space, rule.name)), None)
    if group is None or (rule.matches is not None and chance.random() < 0.25):
        return replace(rule, matches=None)
    names = [match.name for match in group.matches if match.name not in (rule.matches or ())]
    return replace(rule, matches=(chance.choice(names),) if names else random_names(chance, group))


def _edited_split(chance: random.Random, split: TrafficSplit, known: Sequence[SmiObject]) -> TrafficSplit:
    names, draw = [backend.service for backend in split.backends], chance.random()
    taken = {one.service for one in known if isinstance(one, TrafficSplit) and one.namespace == split.namespace}
    if draw < 0.2 and split.namespace == "t1":
        roots = [one for one in (ROOT, TWIN) if one not in taken]
        return replace(split, service=chance.choice(roots)) if roots else split
    if len(names) > 1 and draw < 0.5:
        dropped = chance.choice(names)
        left = [backend for backend in split.backends if backend.service != dropped]
        return replace(split, backends=tuple(left if any(one.weight for one in left) else split.backends))
    servers = [one.name for one in SERVERS if one.namespace == split.namespace]
    free = [name for name in servers if name not in names and name not in taken]
    if free and draw < 0.7:
        return replace(split, backends=(*split.backends, Backend(service=free[0], weight=50)))
    weights = [chance.choice((1, 10, 50, 90)) for _ in names]
    backends = zip(names, weights, strict=True)
    return replace(split, backends=tuple(Backend(service=name, weight=weight) for name, weight in backends))
