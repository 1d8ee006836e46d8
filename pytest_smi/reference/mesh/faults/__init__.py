"""The ways in which the reference mesh can be told to be wrong, so that a conformance suite can be proven to notice.

A fault is a record, `Fault` in `fault.py`, right below the overrides that make the mesh wrong: its name, a sentence,
the requirements that it breaks. What is decided where, and can be overridden there:

- control plane: `grants.GrantCompiler` and `access_config.AccessCompiler` (what TrafficTargets mean),
  `split_config.SplitCompiler` (TrafficSplits and their events), `snapshot.Compiler` (what sidecars are told),
  `root_services.RootServices`;
- sidecar: `routes.RouteMatcher` (paths, methods, headers), `policy.Policy` (who may), `proxy.admission.Admission` (what
  gets to the application), `proxy.denials.Denials` (how it is refused),
  `splits.SplitTable` and `splits.SplitChooser` (where to), `proxy.routing.Routing` (what addresses mean,
  and what is spoken);
- `metrics/`: the metrics API.

To add a fault:

1. Write the override in the module of its topic. If the deciding class has no method for that decision,
   give it a small one.
2. Add the record below it: a name `api-what-goes-wrong`, one sentence, and exactly the requirements that it breaks.
3. Show its effect in `tests/reference/mesh/faults/` or `test_sidecar_faults.py`, run `test_faults.py`,
   then the suite under the fault.

Prefer the narrowest wrong behaviour that breaks one requirement alone. The mesh imports nothing of this package but
where its programs are put together (`composition.py`) and where names are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_smi.reference.mesh.faults.access import ACCESS_FAULTS
from pytest_smi.reference.mesh.faults.deviations import MESH_DEVIATIONS
from pytest_smi.reference.mesh.faults.fault import Deviation, Fault, Overrides
from pytest_smi.reference.mesh.faults.metrics import METRICS_DEVIATIONS, METRICS_FAULTS
from pytest_smi.reference.mesh.faults.specs import SPECS_FAULTS
from pytest_smi.reference.mesh.faults.split import SPLIT_FAULTS

__all__ = ["DEVIATIONS", "FAULTS", "Deviation", "Fault", "known", "specialize"]

FAULTS: Mapping[str, Fault] = {
    fault.name: fault for fault in (*ACCESS_FAULTS, *SPECS_FAULTS, *SPLIT_FAULTS, *METRICS_FAULTS)
}
"""Every fault of the mesh by its name."""

DEVIATIONS: Mapping[str, Deviation] = {entry.name: entry for entry in (*MESH_DEVIATIONS, *METRICS_DEVIATIONS)}
"""Every deviation that is no fault, by its name; personas turn on deviations and faults alike."""

specialize = Overrides((*FAULTS.values(), *DEVIATIONS.values())).specialize
"""The class to use in the place of a deciding class while these switches are on; see `Overrides.specialize`."""


def known(names: Iterable[str]) -> frozenset[str]:
    """Return the set of these faults. ValueError: a name that is none, with the names that are."""
    wanted = frozenset(names)
    unknown = sorted(wanted - FAULTS.keys())
    if unknown:
        raise ValueError(
            f"a fault must be one of the mesh's, found {', '.join(unknown)}: choose from {', '.join(sorted(FAULTS))}"
        )
    return wanted
