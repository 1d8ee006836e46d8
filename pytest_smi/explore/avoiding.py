"""Worlds without what a mesh is known to get wrong, so that a search sees what lies behind it. Pure.

Most worlds would come to the same disagreement otherwise, and end there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_smi.explore.case import CLIENT, Ask, Case, Identity, Step, Thing, identity
from pytest_smi.explore.policies import is_pattern
from pytest_smi.smi.model import HTTPRouteGroup, Rule, Subject, TrafficTarget


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


def _changed(change: Callable[[Thing], Thing | None]) -> Callable[[Case], Case]:
    """Return what changes every object of a case, or leaves it out where nothing is returned for it."""

    def changed(case: Case) -> Case:
        steps = (
            replace(step, put=tuple(new for one in step.put if (new := change(one)) is not None)) for step in case.steps
        )
        return replace(case, steps=tuple(steps))

    return changed


def _patterns(change: Callable[[str], str]) -> Callable[[Case], Case]:
    """Return what changes every path pattern of a case."""

    def changed(one: Thing) -> Thing:
        if not isinstance(one, HTTPRouteGroup):
            return one
        matches = (match if match.path is None else replace(match, path=change(match.path)) for match in one.matches)
        return replace(one, matches=tuple(matches))

    return _changed(changed)


def _without_targets(lacking: Callable[[TrafficTarget], bool]) -> Callable[[Case], Case]:
    """Return what leaves out the targets that lack something."""
    return _changed(lambda one: None if isinstance(one, TrafficTarget) and lacking(one) else one)


def _with_namespaces(one: Thing) -> Thing:
    """Return a target whose subjects all have a namespace: its own, where they had none."""
    if not isinstance(one, TrafficTarget):
        return one

    def here(subject: Subject) -> Subject:
        return replace(subject, namespace=subject.namespace or one.namespace)

    return replace(one, destination=here(one.destination), sources=tuple(map(here, one.sources)))


_AVOIDED: Mapping[str, Callable[[Case], Case]] = {
    "TA-22": lambda case: _asked(case, lambda ask: CLIENT[ask.client].joined),
    "TA-41": written_out,
    "TA-45": _changed(lambda one: replace(one, port=None) if isinstance(one, TrafficTarget) else one),
    "TA-55": lambda case: _asked(case, lambda ask: ask.call.protocol != "TCP"),
    "TA-57": _without_targets(lambda target: not target.rules),
    "TA-58": _without_targets(lambda target: not target.sources),
    "TA-59": _without_targets(lambda target: not target.destination.name),
    "TA-74": _changed(_with_namespaces),
    "TA-75": _changed(_with_namespaces),
    "TS-06": _patterns(lambda pattern: pattern.partition("|")[0]),
    "TS-07": _patterns(lambda pattern: pattern.removeprefix("^").removesuffix("$")),
    "TS-13": _patterns(lambda pattern: pattern if is_pattern(pattern) else "/x"),
    "TS-46": _changed(lambda one: None if isinstance(one, HTTPRouteGroup) and not one.matches else one),
}
