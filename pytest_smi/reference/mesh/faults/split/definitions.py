"""Faults of the installation: a definition of TrafficSplit that has other names, or takes what it should refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.mesh.faults.definitions import definitions_of, fields_of
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.discovery import Installation

SPLITS = "trafficsplits"


class SplitsUnabbreviated(Installation):
    """Leaves out what looks optional."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Drop the short name of TrafficSplit."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, SPLITS):
            del definition["spec"]["names"]["shortNames"]
        return found


SPLITS_UNABBREVIATED = Fault(
    name="split-unabbreviated",
    description="The definition of TrafficSplit has no short name.",
    breaks=("SP-70",),
    overrides=(SplitsUnabbreviated,),
)


class WeightOptional(Installation):
    """Requires the Service of a backend alone."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the weight out of the list of required fields."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, SPLITS):
            for spec in fields_of(definition):
                spec["properties"]["backends"]["items"]["required"].remove("weight")
        return found


WEIGHT_OPTIONAL = Fault(
    name="split-weight-optional",
    description="The definition of TrafficSplit takes a backend without weight.",
    breaks=("SP-70",),
    overrides=(WeightOptional,),
)

DEFINITIONS = (SPLITS_UNABBREVIATED, WEIGHT_OPTIONAL)
"""Faults of the definition."""
