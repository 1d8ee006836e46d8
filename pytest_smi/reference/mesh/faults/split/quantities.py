"""Faults of reading weights: quantities of the first version, and weights that are none."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.snapshot import Compiler, Snapshot

Objects = Mapping[tuple[str, str], dict[str, Any]]
SPLITS = "trafficsplits"


def _reweighted(cluster: Mapping[str, Objects], read: Callable[[str], str]) -> dict[str, Objects]:
    """Return the cluster with every weight in quotes as `read` has it."""
    splits = copy.deepcopy(dict(cluster.get(SPLITS, {})))
    for split in splits.values():
        for backend in split["spec"]["backends"]:
            if isinstance(backend["weight"], str):
                backend["weight"] = read(backend["weight"])
    return {**cluster, SPLITS: splits}


class SmallQuantitiesLost(Compiler):
    """Calculates in tenths."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Read a weight of two digits in thousandths as none."""
        return super().compile(_reweighted(cluster, lambda text: "0" if len(text) < 4 and text.endswith("m") else text))


SMALL_QUANTITIES_LOST = Fault(
    name="split-small-quantities-lost",
    description="A weight below 100m is none.",
    breaks=("SP-09",),
    overrides=(SmallQuantitiesLost,),
    versions="split=v1alpha1",
)


class MilliDropped(Compiler):
    """Reads the digits of a quantity."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Drop the suffix."""
        return super().compile(_reweighted(cluster, lambda text: text.removesuffix("m")))


MILLI_DROPPED = Fault(
    name="split-milli-dropped",
    description="A weight of 500m is 500.",
    breaks=("SP-10",),
    overrides=(MilliDropped,),
    versions="split=v1alpha1",
)


class KeepsSplits(Compiler):
    """Remembers the splits that were last in order; when it falls back on them is for a subclass to say."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._kept: Objects = {}

    def _unless(self, stopped: bool, cluster: Mapping[str, Objects]) -> Snapshot:
        if not stopped:
            self._kept = dict(cluster.get(SPLITS, {}))
        return super().compile({**cluster, SPLITS: self._kept})


class UnreadableStopsAll(KeepsSplits):
    """Reads all splits or none."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Stay with the last splits that could all be read."""
        unreadable = any(one.resource == SPLITS for one in super().compile(cluster).unreadable)
        return self._unless(unreadable, cluster)


UNREADABLE_STOPS_ALL = Fault(
    name="split-unreadable-stops-all",
    description="While one split cannot be read, changes of all others have no effect.",
    breaks=("SP-11", "SP-74"),
    overrides=(UnreadableStopsAll,),
)

QUANTITIES = (SMALL_QUANTITIES_LOST, MILLI_DROPPED, UNREADABLE_STOPS_ALL)
