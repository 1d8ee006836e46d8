"""The faults that a cluster can be started with: of the mesh, of the cluster, and no mesh at all. Plain data."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.node import cluster_faults

MESH = "pytest_smi.reference.mesh"
"""The package of the mesh, which an installation may lack."""
NO_MESH: dict[str, Any] = {
    "name": "no-mesh",
    "description": "The SMI kinds are installed, but no mesh: plain Kubernetes answers.",
    "breaks": [
        "SP-01",
        "SP-02",
        "SP-03",
        "SP-04",
        "SP-05",
        "SP-06",
        "SP-15",
        "SP-19",
        "SP-23",
        "SP-24",
        "SP-26",
        "SP-27",
        "SP-29",
        "SP-30",
        "SP-31",
        "SP-33",
        "SP-37",
        "SP-52",
        "SP-54",
        "SP-61",
        "SP-65",
        "SP-72",
        "TA-01",
        "TA-02",
        "TA-03",
        "TA-22",
        "TA-23",
        "TM-01",
    ],
    "kind": "absent",
}
"""The null mesh.

What it does not fail it must not pass either: permissions that nothing had to grant are inconclusive.
"""


def mesh_faults() -> Mapping[str, Any]:
    """Return the faults of the mesh by name, none when there is no mesh in this installation."""
    if importlib.util.find_spec(f"{MESH}.faults") is None:
        return {}
    from pytest_smi.reference.mesh.faults import FAULTS

    return FAULTS


def fault_records() -> list[dict[str, Any]]:
    """Return every fault, of the mesh and of the cluster: name, description, breaks, kind."""
    found = [
        {
            "name": fault.name,
            "description": fault.description,
            "breaks": sorted(fault.breaks),
            "kind": "mesh",
            **({"versions": fault.versions} if fault.versions else {}),
        }
        for fault in mesh_faults().values()
    ]
    return [*found, NO_MESH, *cluster_faults.describe()]
