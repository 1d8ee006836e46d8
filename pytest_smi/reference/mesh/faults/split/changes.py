"""Faults of change: what stays of splits and backends that are no longer so, or never comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import TrafficSplit
from pytest_smi.reference.mesh.split_config import Key, ServiceConfigs, SplitCompiler


class FirstVersionOnly(SplitCompiler):
    """Acts on creation alone."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[tuple[Key, str], TrafficSplit] = {}

    def read(self, key: Key, split: TrafficSplit, services: ServiceConfigs) -> TrafficSplit:
        """Keep each split as it was created."""
        return self._first.setdefault((key, split.uid), super().read(key, split, services))


FIRST_VERSION_ONLY = Fault(
    name="split-first-version-only",
    description="Only the first version of a split is applied.",
    breaks=("SP-12", "SP-13", "SP-16", "SP-63", "SP-64"),
    overrides=(FirstVersionOnly,),
)


class RemovedBackendStays(SplitCompiler):
    """Remembers the backends of a split."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[Key, TrafficSplit] = {}

    def read(self, key: Key, split: TrafficSplit, services: ServiceConfigs) -> TrafficSplit:
        """Add the backends that the split once had."""
        split = super().read(key, split, services)
        before = self._before.get(key)
        if before is not None and before.uid == split.uid:
            names = {name for name, _ in split.backends}
            split = replace(
                split, backends=(*split.backends, *(backend for backend in before.backends if backend[0] not in names))
            )
        self._before[key] = split
        return split


REMOVED_BACKEND_STAYS = Fault(
    name="split-removed-backend-stays",
    description="A backend removed from a split keeps its weight.",
    breaks=("SP-13", "SP-64"),
    overrides=(RemovedBackendStays,),
)


class DeletedStays(SplitCompiler):
    """Remembers every split."""

    def __init__(self) -> None:
        super().__init__()
        self._ever: dict[Key, TrafficSplit] = {}

    def current(self, splits: Mapping[Key, TrafficSplit]) -> Mapping[Key, TrafficSplit]:
        """Add the splits that there once were."""
        self._ever.update(super().current(splits))
        return dict(self._ever)


DELETED_STAYS = Fault(
    name="split-deleted-stays",
    description="Deleting a split changes nothing.",
    breaks=("SP-14", "SP-64"),
    overrides=(DeletedStays,),
)


class LateBackendLost(SplitCompiler):
    """Looks for backends when a split is created."""

    def __init__(self) -> None:
        super().__init__()
        self._late: dict[tuple[str, str], set[str]] = {}

    def read(self, key: Key, split: TrafficSplit, services: ServiceConfigs) -> TrafficSplit:
        """Give backends that were missing then no weight."""
        split = super().read(key, split, services)
        missing = {name for name, _ in split.backends if (key[0], name) not in services}
        late = self._late.setdefault((key[0], split.uid), missing)
        return replace(split, backends=tuple((name, 0 if name in late else weight) for name, weight in split.backends))


LATE_BACKEND_LOST = Fault(
    name="split-late-backend-lost",
    description="A backend that did not exist when the split was first seen never receives anything.",
    breaks=("SP-16", "SP-64"),
    overrides=(LateBackendLost,),
)


class FormerRootStays(SplitCompiler):
    """Keys what it configures by the root."""

    def __init__(self) -> None:
        super().__init__()
        self._roots: dict[str, dict[str, TrafficSplit]] = {}

    def current(self, splits: Mapping[Key, TrafficSplit]) -> Mapping[Key, TrafficSplit]:
        """Add each split that exists as it was while it had another root."""
        found = dict(super().current(splits))
        for key, split in list(found.items()):
            ever = self._roots.setdefault(split.uid, {})
            ever[split.service] = split
            found |= {(key[0], f"{key[1]}.{root}"): old for root, old in ever.items() if root != split.service}
        return found


FORMER_ROOT_STAYS = Fault(
    name="split-former-root-stays",
    description="When a split is given another root, the former one stays split as well.",
    breaks=("SP-63",),
    overrides=(FormerRootStays,),
)


class NoEvent(SplitCompiler):
    """Keeps its findings to itself."""

    def warnings(self, split: TrafficSplit, services: ServiceConfigs) -> list[str]:
        """Find nothing wrong."""
        return []


NO_EVENT = Fault(
    name="split-no-event",
    description="A misconfigured backend raises no event.",
    breaks=("SP-31",),
    overrides=(NoEvent,),
)


class WarnsOfTargetPorts(SplitCompiler):
    """Takes target ports for ports."""

    def warnings(self, split: TrafficSplit, services: ServiceConfigs) -> list[str]:
        """Find fault with backends whose target ports are not the root's."""
        root = _targets(services.get((split.namespace, split.service), {}))
        odd = [
            name
            for name, _ in split.backends
            if (split.namespace, name) in services and not _targets(services[split.namespace, name]) <= root
        ]
        return [*super().warnings(split, services), *(f"backend {name} has other target ports" for name in odd)]


def _targets(service: Mapping[str, Any]) -> set[int]:
    return {target for port in service.get("ports", ()) for _, target in port["endpoints"]}


WARNS_OF_TARGET_PORTS = Fault(
    name="split-warns-of-target-ports",
    description="A backend whose target port is another than the root's raises a Warning.",
    breaks=("SP-32",),
    overrides=(WarnsOfTargetPorts,),
)

CHANGES = (
    FIRST_VERSION_ONLY,
    REMOVED_BACKEND_STAYS,
    DELETED_STAYS,
    LATE_BACKEND_LOST,
    FORMER_ROOT_STAYS,
    NO_EVENT,
    WARNS_OF_TARGET_PORTS,
)
