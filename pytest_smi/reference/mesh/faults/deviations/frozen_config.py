"""The deviations of meshes in which one split can keep all proxies from taking any new configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects
from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.faults.split.quantities import SPLITS, KeepsSplits
from pytest_smi.reference.mesh.faults.split.standstill import Standstill
from pytest_smi.reference.mesh.snapshot import Snapshot


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


class FreezesForNobody(Standstill):
    """Goes on with the configuration that proxies have."""

    def _is_stuck(self, found: Snapshot) -> bool:
        """While a split admits nobody."""
        return admits_nobody(found.shared) or super()._is_stuck(found)


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
