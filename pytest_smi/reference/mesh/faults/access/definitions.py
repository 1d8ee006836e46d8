"""Faults of the installation: resource definitions that have other names, or take what they should refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Objects
from pytest_smi.reference.mesh.faults.access.open_grants import open_http
from pytest_smi.reference.mesh.faults.definitions import definitions_of, fields_of
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.discovery import Installation
from pytest_smi.reference.mesh.smi import Identity

TARGETS = "traffictargets"


class TargetsUnabbreviated(Installation):
    """Leaves out what looks optional."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Drop the short name of TrafficTarget."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, TARGETS):
            del definition["spec"]["names"]["shortNames"]
        return found


TARGETS_UNABBREVIATED = Fault(
    name="access-targets-unabbreviated",
    description="The definition of TrafficTarget has no short name.",
    breaks=("TA-90",),
    overrides=(TargetsUnabbreviated,),
)


class RuleKindsOpen(Installation):
    """Takes text for text."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Drop the list of kinds that a rule may have."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, TARGETS):
            for spec in fields_of(definition):
                del spec["properties"]["rules"]["items"]["properties"]["kind"]["enum"]
        return found


RULE_KINDS_OPEN = Fault(
    name="access-rule-kinds-open",
    description="The definition of TrafficTarget takes rules of any kind.",
    breaks=("TA-90",),
    overrides=(RuleKindsOpen,),
)


class DestinationOptional(Installation):
    """Requires sources and rules alone."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the destination out of the list of required fields."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, TARGETS):
            for spec in fields_of(definition):
                spec["required"].remove("destination")
        return found


class NoDestinationOpens(AccessCompiler):
    """Takes a target without a destination for one of every destination."""

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Open the accounts of the target's namespace to its sources."""
        grants = super().compile(smi, accounts)
        for target in smi["traffictargets"].values():
            if target.destination is None and target.destination_binding is None:
                for account in accounts:
                    if account[0] == target.namespace:
                        grants.setdefault(account, []).append(open_http(*target.sources))
        return grants


NO_DESTINATION_OPENS = Fault(
    name="access-no-destination-opens",
    description="A target without destination is stored, and opens every destination of its namespace to its sources.",
    breaks=("TA-59",),
    overrides=(DestinationOptional, NoDestinationOpens),
)

DEFINITIONS = (TARGETS_UNABBREVIATED, RULE_KINDS_OPEN, NO_DESTINATION_OPENS)
