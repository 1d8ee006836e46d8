"""Faults of change: what stays of targets and groups that are no longer so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pytest_smi.reference.mesh.access_config import AccessCompiler, Key, Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.smi import Identity, RouteGroup, TrafficTarget


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
    breaks=("TA-15",),
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

CHANGES = (DELETED_TARGET_STAYS, SOURCES_ADD_ONLY, ROUTES_SNAPSHOT)
