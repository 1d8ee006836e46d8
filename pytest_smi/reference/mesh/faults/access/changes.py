"""Faults of change: what stays of targets and groups that are no longer so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Key, Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.smi import Identity, RouteGroup, Rule, TrafficTarget


class DeletedTargetStays(AccessCompiler):
    """Remembers every target."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._ever: dict[Key, TrafficTarget] = {}

    def targets(self, smi: Objects) -> Mapping[Key, TrafficTarget]:
        """Add the targets that there once were."""
        self._ever.update(super().targets(smi))
        return dict(self._ever)


DELETED_TARGET_STAYS = Fault(
    name="access-deleted-target-stays",
    description="Deleting a target revokes nothing.",
    breaks=("TA-15", "TA-14", "TA-20"),
    overrides=(DeletedTargetStays,),
)


class SourcesAddOnly(AccessCompiler):
    """Remembers every source."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._sources: dict[Key, tuple[Identity, ...]] = {}

    def read(self, key: Key, target: TrafficTarget) -> TrafficTarget:
        """Add the sources that the target once had."""
        target = super().read(key, target)
        self._sources[key] = tuple(dict.fromkeys((*self._sources.get(key, ()), *target.sources)))
        return replace(target, sources=self._sources[key])


SOURCES_ADD_ONLY = Fault(
    name="access-sources-add-only",
    description="Sources removed from a target keep their access.",
    breaks=("TA-16",),
    overrides=(SourcesAddOnly,),
)


class RoutesSnapshot(AccessCompiler):
    """Copies groups instead of referring to them."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._copies: dict[tuple[Key, Key], RouteGroup] = {}

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Keep each group as it was when this target first named it."""
        groups = dict(super().groups(key, target, smi))
        for rule in target.rules:
            name = (target.namespace, rule.name)
            if name in groups:
                groups[name] = self._copies.setdefault((key, name), groups[name])
        return groups


ROUTES_SNAPSHOT = Fault(
    name="access-routes-snapshot",
    description="A target keeps the routes that its groups had when it first saw them.",
    breaks=("TA-18",),
    overrides=(RoutesSnapshot,),
)


class DeleteTearsDown(AccessCompiler):
    """Deletes by destination."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._before: dict[Key, TrafficTarget] = {}
        self._torn_down: set[Key] = set()

    def targets(self, smi: Objects) -> Mapping[Key, TrafficTarget]:
        """Drop the targets that had a deleted one's destination when it was deleted."""
        now = super().targets(smi)
        gone = [target for key, target in self._before.items() if key not in now]
        destinations = {target.destination for target in gone}
        self._torn_down |= {key for key in self._before if key in now and now[key].destination in destinations}
        self._torn_down &= now.keys()
        self._before = dict(now)
        return {key: target for key, target in now.items() if key not in self._torn_down}


DELETE_TEARS_DOWN = Fault(
    name="access-delete-tears-down",
    description="Deleting a target revokes what others on the same destination grant.",
    breaks=("TA-14",),
    overrides=(DeleteTearsDown,),
)


class MatchesAddOnly(AccessCompiler):
    """Remembers every name."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._matches: dict[tuple[Key, str], tuple[str, ...]] = {}

    def read(self, key: Key, target: TrafficTarget) -> TrafficTarget:
        """Add the names of routes that each rule once had."""
        target = super().read(key, target)
        return replace(target, rules=tuple(self._grown(key, rule) for rule in target.rules))

    def _grown(self, key: Key, rule: Rule) -> Rule:
        if rule.matches is None:
            return rule
        known = self._matches.get((key, rule.name), ())
        self._matches[key, rule.name] = tuple(dict.fromkeys((*known, *rule.matches)))
        return replace(rule, matches=self._matches[key, rule.name])


MATCHES_ADD_ONLY = Fault(
    name="access-matches-add-only",
    description="Names removed from a rule's `matches` stay granted.",
    breaks=("TA-17",),
    overrides=(MatchesAddOnly,),
)


class Tombstones(AccessCompiler):
    """Remembers the names of deleted targets."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._seen: set[Key] = set()
        self._deleted: set[Key] = set()

    def targets(self, smi: Objects) -> Mapping[Key, TrafficTarget]:
        """Drop the targets whose names were deleted before."""
        now = super().targets(smi)
        self._deleted |= self._seen - now.keys()
        self._seen |= now.keys()
        return {key: target for key, target in now.items() if key not in self._deleted}


TOMBSTONES = Fault(
    name="access-tombstones",
    description="A target that is created again under the name of a deleted one grants nothing.",
    breaks=("TA-20",),
    overrides=(Tombstones,),
)


class DanglingStays(AccessCompiler):
    """Looks groups up once, when a target comes."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._missing: dict[Key, frozenset[Key]] = {}

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Leave out the groups that were not there when this target was first seen."""
        groups = super().groups(key, target, smi)
        named = {(target.namespace, rule.name) for rule in target.rules}
        missing = self._missing.setdefault(key, frozenset(named - groups.keys()))
        return {name: group for name, group in groups.items() if name not in missing}


DANGLING_STAYS = Fault(
    name="access-dangling-stays",
    description="A target that was created before its route group never finds it.",
    breaks=("TA-13", "TA-19"),
    overrides=(DanglingStays,),
)


class TargetBeforePods(AccessCompiler):
    """Asks who runs when a target comes."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._too_early: dict[Key, bool] = {}

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Leave out the targets whose destination had no pod when they were first seen."""
        targets = smi["traffictargets"]
        for key, target in targets.items():
            self._too_early.setdefault(key, target.destination is not None and target.destination not in accounts)
        kept = {key: target for key, target in targets.items() if not self._too_early[key]}
        return super().compile({**smi, "traffictargets": kept}, accounts)


TARGET_BEFORE_PODS = Fault(
    name="access-target-before-pods",
    description="A target that was created before the pods of its destination grants nothing.",
    breaks=("TA-13",),
    overrides=(TargetBeforePods,),
)

CHANGES = (
    DELETED_TARGET_STAYS,
    SOURCES_ADD_ONLY,
    ROUTES_SNAPSHOT,
    DELETE_TEARS_DOWN,
    MATCHES_ADD_ONLY,
    TOMBSTONES,
    DANGLING_STAYS,
    TARGET_BEFORE_PODS,
)
