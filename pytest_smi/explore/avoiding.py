"""Worlds without what a mesh is known to get wrong, so that a search sees what lies behind it. Pure.

Most worlds would come to the same disagreement otherwise, and end there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_smi.explore.case import CLIENT, Ask, Case, Identity, Step, Thing, identity
from pytest_smi.smi.model import HTTPRouteGroup, Rule, TrafficTarget


def without_known(case: Case, requirements: Iterable[str]) -> Case:
    """Return the case without what breaks these requirements, where it can be left out."""
    for requirement in sorted(_AVOIDED.keys() & set(requirements)):
        case = _AVOIDED[requirement](case)
    return case


def written_out(case: Case) -> Case:
    """Return the case with the routes of every group named in the rules that leave the names out."""
    groups: dict[Identity, HTTPRouteGroup] = {}
    # A group may come after the target that names it, so those of all steps are known from the start.
    for one in reversed(case.things):
        if isinstance(one, HTTPRouteGroup):
            groups[identity(one)] = one
    steps: list[Step] = []
    for step in case.steps:
        groups |= {identity(one): one for one in step.put if isinstance(one, HTTPRouteGroup)}
        steps.append(replace(step, put=tuple(_named(one, groups) for one in step.put)))
    return replace(case, steps=tuple(steps))


def _named(one: Thing, groups: Mapping[Identity, HTTPRouteGroup]) -> Thing:
    if not isinstance(one, TrafficTarget):
        return one

    def named(rule: Rule) -> Rule:
        group = groups.get((rule.kind, one.namespace, rule.name))
        if rule.matches is not None or group is None:
            return rule
        return replace(rule, matches=tuple(match.name for match in group.matches))

    return replace(one, rules=tuple(map(named, one.rules)))


def _asked(case: Case, wanted: Callable[[Ask], bool]) -> Case:
    asks = tuple(filter(wanted, case.asks))
    return replace(case, asks=asks) if asks else case


_AVOIDED: Mapping[str, Callable[[Case], Case]] = {
    "TA-22": lambda case: _asked(case, lambda ask: CLIENT[ask.client].joined),
    "TA-41": written_out,
    "TA-55": lambda case: _asked(case, lambda ask: ask.call.protocol != "TCP"),
}
