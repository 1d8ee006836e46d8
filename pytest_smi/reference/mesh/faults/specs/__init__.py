"""Faults of traffic specs (HTTPRouteGroup)."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.faults.specs.definitions import DEFINITIONS
from pytest_smi.reference.mesh.faults.specs.groups import GROUPS
from pytest_smi.reference.mesh.faults.specs.headers import HEADERS
from pytest_smi.reference.mesh.faults.specs.methods import METHODS
from pytest_smi.reference.mesh.faults.specs.paths import PATHS
from pytest_smi.reference.mesh.faults.specs.ports import PORTS
from pytest_smi.reference.mesh.faults.specs.streams import STREAMS

SPECS_FAULTS: tuple[Fault, ...] = (*GROUPS, *PATHS, *METHODS, *HEADERS, *PORTS, *DEFINITIONS, *STREAMS)
"""In the order in which they are listed."""
