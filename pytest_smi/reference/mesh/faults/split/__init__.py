"""Faults of traffic splitting (TrafficSplit)."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.faults.split.backends import BACKENDS
from pytest_smi.reference.mesh.faults.split.changes import CHANGES
from pytest_smi.reference.mesh.faults.split.clients import CLIENTS
from pytest_smi.reference.mesh.faults.split.definitions import DEFINITIONS
from pytest_smi.reference.mesh.faults.split.namespaces import NAMESPACES
from pytest_smi.reference.mesh.faults.split.ports import PORTS
from pytest_smi.reference.mesh.faults.split.quantities import QUANTITIES
from pytest_smi.reference.mesh.faults.split.segments import SEGMENTS
from pytest_smi.reference.mesh.faults.split.selectors import SELECTORS
from pytest_smi.reference.mesh.faults.split.standstill import STANDSTILL
from pytest_smi.reference.mesh.faults.split.weights import WEIGHTS

SPLIT_FAULTS: tuple[Fault, ...] = (
    *WEIGHTS,
    *QUANTITIES,
    *CHANGES,
    *BACKENDS,
    *NAMESPACES,
    *PORTS,
    *SEGMENTS,
    *CLIENTS,
    *SELECTORS,
    *DEFINITIONS,
    *STANDSTILL,
)
"""In the order in which they are listed."""
