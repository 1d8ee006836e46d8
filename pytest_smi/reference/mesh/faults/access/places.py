"""Faults of namespaces that a target leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Key
from pytest_smi.reference.mesh.faults.access.subjects import DestinationHomonym
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, TrafficTarget


class UnplacedDestinationAnywhere(DestinationHomonym):
    """Takes a namespace that is left out for every namespace."""

    def give(
        self,
        grants: Grants,
        target: TrafficTarget,
        destination: Identity,
        grant: dict[str, Any],
        accounts: Sequence[Identity],
    ) -> None:
        """Give the grant to accounts of that name in every namespace, where the target names none."""
        super().give(grants, target, destination, grant, () if target.placed else accounts)


UNPLACED_DESTINATION_ANYWHERE = Fault(
    name="access-unplaced-destination-anywhere",
    description="A destination without a namespace is every account of its name.",
    breaks=("TA-74",),
    overrides=(UnplacedDestinationAnywhere,),
)


class UnplacedSourceAnywhere(AccessCompiler):
    """Takes a namespace that is left out for every namespace."""

    def resolved(
        self, target: TrafficTarget, bindings: Mapping[Key, IdentityBinding], accounts: Sequence[Identity]
    ) -> Sequence[TrafficTarget]:
        """Add the accounts of that name in every namespace to the sources."""
        more = tuple(account for account in accounts if account[1] in target.unplaced)
        return super().resolved(replace(target, sources=(*target.sources, *more)), bindings, accounts)


UNPLACED_SOURCE_ANYWHERE = Fault(
    name="access-unplaced-source-anywhere",
    description="A source without a namespace is every account of its name.",
    breaks=("TA-75",),
    overrides=(UnplacedSourceAnywhere,),
)

PLACES = (UNPLACED_DESTINATION_ANYWHERE, UNPLACED_SOURCE_ANYWHERE)
