"""The ways in which the reference mesh can be told to be wrong, so that a conformance suite can be proven to notice.

A fault is a record in one of the tables `access.py`, `specs.py`, `split.py`, `metrics.py`, and one branch `faults.on("name")` next to the
right behaviour. To add one:

1. Write the branch at the one place that decides what the fault gets wrong. Places, by where a decision is made:
   control plane: `grants.py` and `access_config.py` (what TrafficTargets mean, and what is remembered of them), `split_config.py`
   (the same for TrafficSplits, and their events), `snapshot.py`, `root_selectors.py`; sidecar: `routes.py` (paths, methods, headers),
   `policy.Policy` (who may), `splits.py` and `proxy/router.py` (where to), `proxy/inbound.py`, `proxy/plaintext.py`, `proxy/outbound.py`
   (bytes); `metrics/` (the metrics API). The control plane has the faults from its environment, sidecars from their configuration.
2. Add the record: a name `api-what-goes-wrong`, one sentence, and exactly the requirements that it breaks.
3. Show its effect in `tests/reference/mesh/faults/` or `test_sidecar_faults.py`, run `test_faults.py` (each name is used in
   exactly one place), then the suite under the fault.

Prefer the narrowest wrong behaviour that breaks one requirement alone. Nothing is wrong unless its name is in `ActiveFaults`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_smi.reference.mesh.faults.access import ACCESS_FAULTS
from pytest_smi.reference.mesh.faults.active import NO_FAULTS, ActiveFaults, active
from pytest_smi.reference.mesh.faults.deviations import DEVIATIONS as _MESH_DEVIATIONS
from pytest_smi.reference.mesh.faults.fault import Deviation, Fault, Overrides
from pytest_smi.reference.mesh.faults.metrics import METRICS_DEVIATIONS, METRICS_FAULTS
from pytest_smi.reference.mesh.faults.specs import SPECS_FAULTS
from pytest_smi.reference.mesh.faults.split import SPLIT_FAULTS

__all__ = ["DEVIATIONS", "FAULTS", "NO_FAULTS", "ActiveFaults", "Deviation", "Fault", "active", "known", "specialize"]

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*ACCESS_FAULTS, *SPECS_FAULTS, *SPLIT_FAULTS, *METRICS_FAULTS)}
"""Every fault of the mesh by its name."""

DEVIATIONS: Mapping[str, Deviation] = {entry.name: entry for entry in (*_MESH_DEVIATIONS.values(), *METRICS_DEVIATIONS)}
"""Every deviation that is no fault, by its name; personas turn on deviations and faults alike."""

specialize = Overrides((*FAULTS.values(), *DEVIATIONS.values())).specialize
"""The class to use in the place of a deciding class while these switches are on; see `Overrides.specialize`."""


def known(names: Iterable[str]) -> ActiveFaults:
    """The set of these faults. ValueError: a name that is none, with the names that are."""
    wanted = ActiveFaults(names)
    unknown = sorted(wanted - FAULTS.keys())
    if unknown:
        raise ValueError(f"a fault must be one of the mesh's, found {', '.join(unknown)}: choose from {', '.join(sorted(FAULTS))}")
    return wanted
