"""Faults of access control (TrafficTarget)."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.access.bindings import BINDINGS
from pytest_smi.reference.mesh.faults.access.changes import CHANGES
from pytest_smi.reference.mesh.faults.access.definitions import DEFINITIONS
from pytest_smi.reference.mesh.faults.access.delivery import DELIVERY
from pytest_smi.reference.mesh.faults.access.enforcement import ENFORCEMENT
from pytest_smi.reference.mesh.faults.access.identity import IDENTITY
from pytest_smi.reference.mesh.faults.access.labels import LABELS
from pytest_smi.reference.mesh.faults.access.older import OLDER
from pytest_smi.reference.mesh.faults.access.overlaps import OVERLAPS
from pytest_smi.reference.mesh.faults.access.places import PLACES
from pytest_smi.reference.mesh.faults.access.pods import PODS
from pytest_smi.reference.mesh.faults.access.ports import PORTS
from pytest_smi.reference.mesh.faults.access.rules import RULES
from pytest_smi.reference.mesh.faults.access.subjects import SUBJECTS
from pytest_smi.reference.mesh.faults.fault import Fault

ACCESS_FAULTS: tuple[Fault, ...] = (
    *ENFORCEMENT,
    *IDENTITY,
    *SUBJECTS,
    *CHANGES,
    *RULES,
    *OVERLAPS,
    *PORTS,
    *PODS,
    *PLACES,
    *DEFINITIONS,
    *DELIVERY,
    *OLDER,
    *BINDINGS,
    *LABELS,
)
"""In the order in which they are listed."""
