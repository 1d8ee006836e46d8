"""The ways in which real meshes deviate from the reference readings of SMI, as named switches that personas turn on.

They are made of overrides, as faults are. Where a deviation is what a fault already does, personas name the fault.
"""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.deviations.callers import SPLIT_NEEDS_GRANT_ON_EVERY_BACKEND
from pytest_smi.reference.mesh.faults.deviations.enforcement import ENFORCEMENT
from pytest_smi.reference.mesh.faults.deviations.frozen_config import (
    SPLIT_FOR_NOBODY_STOPS_UPDATES,
    SPLIT_FRACTION_STOPS_ALL,
)
from pytest_smi.reference.mesh.faults.deviations.grants import GRANTS
from pytest_smi.reference.mesh.faults.deviations.idle_clients import SPLIT_WAITS_FOR_IDLE_CLIENT
from pytest_smi.reference.mesh.faults.deviations.refusals import REFUSALS
from pytest_smi.reference.mesh.faults.deviations.routes import ROUTES
from pytest_smi.reference.mesh.faults.deviations.single_account_routes import SERVICE_SERVES_ONE_ACCOUNT
from pytest_smi.reference.mesh.faults.deviations.split_calls import SPLIT_CALLS
from pytest_smi.reference.mesh.faults.deviations.split_config import SPLIT_CONFIG
from pytest_smi.reference.mesh.faults.deviations.targets import TARGETS
from pytest_smi.reference.mesh.faults.deviations.traffic_type import PROTOCOL_BY_ANNOTATION
from pytest_smi.reference.mesh.faults.fault import Deviation

MESH_DEVIATIONS: tuple[Deviation, ...] = (
    *ENFORCEMENT,  # first: where nothing is enforced, no grant is looked at
    *TARGETS,
    *GRANTS,
    *ROUTES,
    *SPLIT_CONFIG,
    *SPLIT_CALLS,
    SPLIT_FRACTION_STOPS_ALL,
    SPLIT_FOR_NOBODY_STOPS_UPDATES,  # before what it looks at
    SPLIT_NEEDS_GRANT_ON_EVERY_BACKEND,
    SERVICE_SERVES_ONE_ACCOUNT,
    SPLIT_WAITS_FOR_IDLE_CLIENT,
    PROTOCOL_BY_ANNOTATION,
    *REFUSALS,
)
"""Those of everything but metrics; where several override one method, the first is asked first."""
