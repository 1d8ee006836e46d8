"""Which requirement a small counterexample belongs to, where one fits: a guide, never a verdict. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_smi.explore.case import CLIENT, Case, identity
from pytest_smi.explore.fitting_splits import of_repeat, of_split
from pytest_smi.explore.policies import GONE, is_pattern
from pytest_smi.explore.table import Disagreement, Fault
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, Rule, TrafficSplit, TrafficTarget


def requirement_of(case: Case, found: Disagreement) -> str | None:
    """Return the id of the requirement that the disagreement breaks; None where none fits."""
    *_, state = case.states()
    targets = [one for one in state.values() if isinstance(one, TrafficTarget)]
    splits = [one for one in state.values() if isinstance(one, TrafficSplit)]
    if found.fault is Fault.TWICE:
        return of_repeat(splits)
    if case.open or (splits and found.fault is Fault.SHARES):
        return of_split(case, splits, found)
    if found.fault is Fault.LEAK:
        return _of_leak(case, targets, splits, found)
    return _of_refusal(case, targets, splits, found) if found.fault is Fault.REFUSAL else None


def _of_leak(case: Case, targets: list[TrafficTarget], splits: list[TrafficSplit], found: Disagreement) -> str | None:
    client, protocol = CLIENT[found.ask.client], found.ask.call.protocol
    if not client.joined:
        return "TA-22"
    if len(case.steps) > 1 and (changed := _of_change(case)):
        return changed
    if splits and (shared := _of_shared_group(targets, splits)):
        return shared
    if splits:
        return "TA-68"
    if not targets:
        alone = any(isinstance(one, HTTPRouteGroup) for one in case.things)
        return "TS-01" if alone else {"HTTP": "TA-01", "TCP": "TA-02", "UDP": "TA-03"}[protocol]
    if any(one.port not in {None, *(port for _, port in found.seen.arrivals)} for one in targets):
        return "TA-45"
    reached = {(server.partition("/")[0], server.partition("/")[2]) for server, _ in found.seen.arrivals}
    aimed = [one for one in targets if (one.destination.namespace, one.destination.name) in reached]
    if not aimed:
        if any(not one.destination.name for one in targets):
            return "TA-59"
        if any(not one.destination.namespace for one in targets):
            return "TA-74"
        if any(one.destination.name == name for one in targets for _, name in reached):
            return "TA-28"
        backwards = {(one.destination.namespace, one.destination.name) for one in targets}
        return "TA-36" if (client.namespace, client.account) in backwards else "TA-04"
    # A source without a namespace may be in the target's own.
    sources = {(one.namespace or target.namespace, one.name) for target in aimed for one in target.sources}
    if any(not one.sources for one in aimed):
        return "TA-58"
    if (client.namespace, client.account) not in sources:
        if (client.namespace, client.account) in reached:
            return "TA-38"
        if any((one.namespace, one.name) == ("", client.account) for target in aimed for one in target.sources):
            return "TA-75"
        return "TA-27" if any(name == client.account for _, name in sources) else "TA-06"
    if len(aimed) > 1:
        return "TA-10"
    return _of_rules(case, aimed[0], protocol, found.ask.call.path)


def _of_rules(case: Case, target: TrafficTarget, protocol: str, path: str) -> str | None:
    kinds = {rule.kind for rule in target.rules}
    if protocol == "TCP":
        return "TA-55" if kinds == {"HTTPRouteGroup"} else "TA-48"
    if protocol == "UDP":
        return "TA-52" if "UDPRoute" in kinds else "TA-49"
    if kinds == {"TCPRoute"}:
        return "TA-48"
    if not target.rules:
        return "TA-57"
    present = {identity(one) for one in case.things}
    if any((rule.kind, target.namespace, rule.name) not in present for rule in target.rules):
        return "TA-19"
    if any(rule.matches == (GONE,) for rule in target.rules):
        return "TA-43"
    if any(rule.matches == () for rule in target.rules):
        return "TA-73"
    groups = [one for one in case.things if isinstance(one, HTTPRouteGroup)]
    if any(not one.matches for one in groups):
        return "TS-46"
    if kinds > {"HTTPRouteGroup"}:
        return "TA-72"
    if pattern := _of_pattern(groups, lambda pattern: _starts_inside(pattern, path)):
        return pattern
    if any(match.path and _starts_inside(match.path, path) for one in groups for match in one.matches):
        return "TS-03"
    if any(rule.matches for rule in target.rules):
        return "TA-40"
    return "TA-07"


def _of_shared_group(targets: list[TrafficTarget], splits: list[TrafficSplit]) -> str | None:
    """Return the requirement of a group that a target and a split name, if there is one."""
    named = {(one.namespace, rule.name) for one in targets for rule in one.rules if rule.kind == "HTTPRouteGroup"}
    return "TS-47" if any((one.namespace, name) in named for one in splits for name in one.matches or ()) else None


def _overlap(groups: list[HTTPRouteGroup], targets: list[TrafficTarget], path: str) -> bool:
    """Return whether several targets name routes that match the path."""
    routes = {(one.namespace, one.name): one.matches for one in groups}
    named = [
        [match for rule in one.rules for match in routes.get((one.namespace, rule.name), ()) if _names(rule, match)]
        for one in targets
    ]
    return sum(any(match.path is None or re.fullmatch(match.path, path) for match in each) for each in named) > 1


def _names(rule: Rule, match: HTTPMatch) -> bool:
    return not rule.matches or match.name in rule.matches


def _of_pattern(groups: list[HTTPRouteGroup], concerns: Callable[[str], bool]) -> str | None:
    """Return the requirement of a path pattern that concerns the request, if it is one that a mesh may misread; of one
    that is no regular expression, whatever the request."""
    patterns = [match.path for one in groups for match in one.matches if match.path is not None]
    if not all(map(is_pattern, patterns)):
        return "TS-13"
    found = [pattern for pattern in patterns if concerns(pattern)]
    if any(pattern.startswith("^") for pattern in found):
        return "TS-07"
    if any("|" in pattern for pattern in found):
        return "TS-06"
    return None


def _starts_inside(pattern: str, path: str) -> bool:
    """Whether a pattern matches within a path and not from its beginning."""
    return bool(re.search(pattern, path) and not re.match(pattern, path))


def _of_change(case: Case) -> str | None:
    last, before = case.steps[-1], {identity(one): one for step in case.steps[:-1] for one in step.put}
    if any(key[0] == "TrafficTarget" for key in last.drop):
        return "TA-15"
    for one in last.put:
        old = before.get(identity(one))
        if isinstance(one, TrafficTarget) and isinstance(old, TrafficTarget) and len(one.sources) < len(old.sources):
            return "TA-16"
        if isinstance(one, HTTPRouteGroup):
            return "TA-18"
    return "TA-19" if any(key[0] == "HTTPRouteGroup" for key in last.drop) else None


def _of_refusal(
    case: Case, targets: list[TrafficTarget], splits: list[TrafficSplit], found: Disagreement
) -> str | None:
    protocol = found.ask.call.protocol
    if any(not one.namespace for target in targets for one in target.sources):
        return "TA-75"
    if any(not target.destination.namespace for target in targets):
        return "TA-74"
    if protocol != "HTTP":
        if any([rule.kind for rule in one.rules].count("TCPRoute") > 1 for one in targets):
            return "TA-51"
        return "TA-49" if protocol == "TCP" else "TA-52"
    if splits and (shared := _of_shared_group(targets, splits)):
        return shared
    groups = [one for one in case.things if isinstance(one, HTTPRouteGroup)]
    if pattern := _of_pattern(groups, lambda one: bool(re.fullmatch(one, found.ask.call.path))):
        return pattern
    if len(targets) > 1:
        return "TA-77" if _overlap(groups, targets, found.ask.call.path) else "TA-09"
    if targets and len(targets[0].sources) > 1:
        return "TA-08"
    if targets and any(rule.kind == "HTTPRouteGroup" and rule.matches is None for rule in targets[0].rules):
        return "TA-41"
    matches = [match for group in groups for match in group.matches if match.path is not None]
    if matches and all(match.path == ".*" for match in matches):
        return "TS-02"
    if matches and all(re.search(r"[][.*+?(){}\\]", match.path or "") for match in matches):
        return "TS-05"
    client = CLIENT[found.ask.client]
    if targets and client.namespace != targets[0].namespace:
        return "TA-29"
    return "TA-05"
