"""The deviation of meshes in which one split can keep all proxies from taking any new configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects
from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.faults.split.quantities import SPLITS, KeepsSplits
from pytest_smi.reference.mesh.snapshot import EMPTY, Compiler, Key, Snapshot

_NOT_CONFIGURATION = ("faults", "traits", "name")
"""Shared keys that stand for what is no proxy's: the mesh's kind and its names."""


def admits_nobody(shared: Mapping[str, Any]) -> bool:
    """Return whether a split of an HTTP Service (by the hint of its first port) has `callers`, and none.

    Such a list makes the whole configuration of all proxies unreadable.
    A split whose root is missing is not written down at all.
    """
    for key, split in shared.items():
        if key.startswith("split/") and split.get("callers") == []:
            ports = shared.get(f"svc/{split['namespace']}/{split['service']}", {}).get("ports")
            if ports and ports[0]["hint"] == "http":
                return True
    return False


def frozen(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared configuration that is in effect: the old one, but for what is no proxy's configuration."""
    return {
        **{key: value for key, value in old.items() if key.partition("/")[0] not in _NOT_CONFIGURATION},
        **{key: value for key, value in new.items() if key.partition("/")[0] in _NOT_CONFIGURATION},
    }


def frozen_own(
    new: Mapping[Key, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> dict[Key, dict[str, Any]]:
    """Each pod's own configuration with the old `grants` of its account; the pod itself is as it is now."""
    return {key: {**own, "grants": grants.get((key[0], own["self"]["sa"]), [])} for key, own in new.items()}


class FreezesForNobody(Compiler):
    """Goes on with the configuration that proxies have."""

    _in_effect = EMPTY

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Keep it while a split admits nobody."""
        found, old = super().compile(cluster), self._in_effect
        if admits_nobody(found.shared):
            found = replace(
                found, shared=frozen(old.shared, found.shared), own=frozen_own(found.own, old.grants), grants=old.grants
            )
        self._in_effect = found
        return found


SPLIT_FOR_NOBODY_STOPS_UPDATES = Deviation(
    name="split-for-nobody-stops-updates",
    description="While a split of HTTP admits nobody, no proxy of the mesh takes any new configuration.",
    overrides=(FreezesForNobody,),
)


class FractionStopsAll(KeepsSplits):
    """Decodes the list of splits as a whole into whole numbers."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Stay with the last splits whose weights were all whole numbers."""
        specs = [split.get("spec") or {} for split in cluster.get(SPLITS, {}).values()]
        weights = [backend.get("weight") for spec in specs for backend in spec.get("backends") or ()]
        return self._unless(any(isinstance(weight, float) for weight in weights), cluster)


SPLIT_FRACTION_STOPS_ALL = Deviation(
    name="split-fraction-stops-all",
    description="While a split has a weight that is no whole number, changes of all others have no effect.",
    overrides=(FractionStopsAll,),
)
