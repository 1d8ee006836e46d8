"""Make a case that disagrees as small as it can be: fewer requests, steps and objects, then plainer objects. Pure.

A greedy search of our own: each trial costs seconds of real traffic, so the order of the attempts matters, and a trial
that comes out otherwise the next time must not end it. Hypothesis' shrinker takes neither into account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from pytest_smi.explore.avoiding import written_out
from pytest_smi.explore.case import Case, Identity, ServiceObject, Step, Thing, identity
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, TCPRoute, TrafficSplit, TrafficTarget, UDPRoute

T = TypeVar("T")
Disagrees = Callable[[Case], Case | None]
"""Play a case; return it up to the state that disagrees in the same way, None when none does."""


def shrink(case: Case, disagrees: Disagrees, *, over: Callable[[], bool] = lambda: False) -> Case:
    """Return the smallest case found that still disagrees, when nothing makes it smaller or the time is over."""
    tried: set[Case] = {case}
    going = True
    while going:
        going = False
        for candidate in candidates(case):
            if over():
                return case
            if candidate in tried or not candidate.steps or not candidate.asks:
                continue
            tried.add(candidate)
            found = disagrees(candidate)
            if found is not None:
                case, going = found, True
                break
    return case


def candidates(case: Case) -> Iterator[Case]:
    """Yield smaller cases, those that leave out most first."""
    if len(case.asks) > 1:
        for ask in case.asks[:3]:
            yield replace(case, asks=(ask,))
        half = len(case.asks) // 2
        yield replace(case, asks=case.asks[:half])
        yield replace(case, asks=case.asks[half:])
    if len(case.steps) > 1:
        yield replace(case, steps=(_last_state(case),))
        for at in range(len(case.steps) - 1):
            yield replace(case, steps=(*case.steps[:at], *case.steps[at + 1 :]))
    keys = list(dict.fromkeys(identity(one) for one in case.things))
    for kept in dict.fromkeys(_needed(one) for one in case.things if isinstance(one, TrafficTarget | TrafficSplit)):
        if not set(keys) <= kept:
            alone = case
            for key in keys:
                alone = alone if key in kept else _without(alone, key)
            yield alone
    for key in keys:
        yield _without(case, key)
    if not case.open and any(isinstance(one, TrafficSplit) for one in case.things):
        yield _opened(case)
    if case.reuse:
        yield replace(case, reuse=False)
    for ask in case.asks if len(case.asks) == 1 else ():
        if ask.version != "1.1":
            yield replace(case, asks=(replace(ask, version="1.1"),))
        if ask.call.headers:
            yield replace(case, asks=(replace(ask, call=replace(ask.call, headers=())),))
    # Names that are left out stay so only where that is what matters.
    if (named := written_out(case)) != case:
        yield named
    for at, step in enumerate(case.steps):
        for number, one in enumerate(step.put):
            for plainer in simpler(one):
                put = (*step.put[:number], plainer, *step.put[number + 1 :])
                yield replace(case, steps=(*case.steps[:at], replace(step, put=put), *case.steps[at + 1 :]))


def simpler(one: Thing) -> Iterator[Thing]:
    """Yield plainer forms of one object."""
    match one:
        case TrafficTarget():
            for sources in _fewer(one.sources):
                yield replace(one, sources=sources)
            for rules in _fewer(one.rules):
                yield replace(one, rules=rules)
            for at, rule in enumerate(one.rules):
                for names in _fewer(rule.matches or ()):
                    yield replace(one, rules=(*one.rules[:at], replace(rule, matches=names), *one.rules[at + 1 :]))
            if one.port is not None:
                yield replace(one, port=None)
        case HTTPRouteGroup():
            for matches in _fewer(one.matches):
                yield replace(one, matches=matches)
            for at, match in enumerate(one.matches):
                for plainer in _simpler_match(match):
                    yield replace(one, matches=(*one.matches[:at], plainer, *one.matches[at + 1 :]))
        case TCPRoute() | UDPRoute():
            for ports in _fewer(one.ports):
                yield replace(one, ports=ports)
        case TrafficSplit():
            for backends in _fewer(one.backends):
                if any(backend.weight for backend in backends):
                    yield replace(one, backends=backends)
            if one.matches is not None:
                yield replace(one, matches=None)
                for names in _fewer(one.matches):
                    yield replace(one, matches=names)
        case ServiceObject():
            if one.port_names:
                yield replace(one, port_names=())


def _simpler_match(match: HTTPMatch) -> Iterator[HTTPMatch]:
    if match.path is not None and match.methods is not None:
        if match.headers:
            yield replace(match, headers=())
        if match.methods != ("*",):
            yield replace(match, methods=("*",))
        if match.path != ".*":
            yield replace(match, path=".*")
        if len(match.methods) > 1:
            yield replace(match, methods=match.methods[:1])
    if len(match.headers) > 1:
        for filters in _fewer(match.headers):
            yield replace(match, headers=filters)


def _fewer(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    for at in range(len(items)) if len(items) > 1 else ():
        yield items[:at] + items[at + 1 :]


def _last_state(case: Case) -> Step:
    """Return what is left at the end, as one step."""
    present: dict[Identity, Thing] = {}
    for step in case.steps:
        present |= {identity(one): one for one in step.put}
        for key in step.drop:
            present.pop(key, None)
    return Step(put=tuple(present.values()))


def _needed(one: TrafficTarget | TrafficSplit) -> frozenset[Identity]:
    """Return an object and those that it refers to."""
    if isinstance(one, TrafficTarget):
        return frozenset({identity(one), *((rule.kind, one.namespace, rule.name) for rule in one.rules)})
    routes = (("HTTPRouteGroup", one.namespace, name) for name in one.matches or ())
    services = (("Service", one.namespace, name) for name in (one.service, *(back.service for back in one.backends)))
    return frozenset({identity(one), *routes, *services})


def _opened(case: Case) -> Case:
    """Return the case with access open to all, if it is about a split alone."""
    for key in dict.fromkeys(identity(one) for one in case.things if isinstance(one, TrafficTarget | TCPRoute)):
        case = _without(case, key)
    return replace(case, open=True)


def _without(case: Case, key: Identity) -> Case:
    steps: list[Step] = []
    for step in case.steps:
        left = Step(
            put=tuple(one for one in step.put if identity(one) != key),
            drop=tuple(one for one in step.drop if one != key),
        )
        if left != Step() or not steps:
            steps.append(left)
    return replace(case, steps=tuple(steps))
