"""Whole or partial: how much of the catalogue a run takes on, and what a partial run may not claim. Pure.

A run of a few requirements says nothing about the rest, so it claims no capability and no conformance, and never stands
where the report of a whole run does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pytest_smi.core.catalogue import Assertion
from pytest_smi.core.terms import API_OF_PREFIX
from pytest_smi.matrix.build import Built
from pytest_smi.matrix.matrix import Capability
from pytest_smi.testbed.target import MeshTarget

_PARAMETER = re.compile(rf"((?:{'|'.join(API_OF_PREFIX)})-[0-9]+)-(.+)")


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a run's assertions were collected, over all meshes, and how many there are."""

    collected: int
    total: int

    @property
    def partial(self) -> bool:
        """Whether something was left out."""
        return self.collected < self.total

    def __str__(self) -> str:
        if self.partial:
            return f"partial run: {self.collected} of {self.total} requirements"
        return f"whole run: {self.total} requirements"


class Place(NamedTuple):
    """What the node id of an assertion names; empty strings for another test."""

    requirement: str
    function: str
    """Without `test_`."""
    mesh: str


def parameter_of(requirement: str, mesh: str) -> str:
    """Return the parameter in a node id: `TA-10-linkerd`."""
    return f"{requirement}-{mesh}"


def assertion_at(nodeid: str) -> Place:
    """Return what a node id names. Its path is not looked at: pytest leaves it out where it is that of an argument."""
    test, _, parameter = nodeid.partition("[")
    found = _PARAMETER.fullmatch(parameter.removesuffix("]"))
    function = test.rpartition("::")[2].removeprefix("test_")
    return Place(found[1], function, found[2]) if found else Place("", "", "")


def covered(nodeids: Iterable[str], records: Sequence[Assertion], targets: Mapping[str, MeshTarget]) -> Coverage:
    """Compare what was collected with the catalogue: for every mesh,
    and for a run of another version the APIs of that version."""
    wanted = {
        Place(record.requirement, record.function, label)
        for label, target in targets.items()
        for record in records
        if not target.variant or record.api in target.apis
    }
    return Coverage(len(wanted & {assertion_at(nodeid) for nodeid in nodeids}), len(wanted))


def without_claims(built: Built, coverage: Coverage) -> Built:
    """Return the matrix of a partial run: no capability, not conformant, and the reason first."""
    runs = tuple(
        replace(
            run,
            apis={api: replace(claim, capability=Capability.NOT_CLAIMED) for api, claim in run.apis.items()},
            conformant=False,
            restricted=(str(coverage), *run.restricted),
        )
        for run in built.matrix.runs
    )
    return replace(built, matrix=replace(built.matrix, runs=runs))
