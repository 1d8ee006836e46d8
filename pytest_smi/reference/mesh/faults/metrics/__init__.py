"""The ways in which the metrics API can be told to be wrong: `discovery` (what there is),
`answers` (which objects a query gets), `edges` (between whom), `counting` (how much) and `values` (how it is written);
`quirks` are those of real meshes.
"""

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.faults.metrics.answers import ANSWER_FAULTS
from pytest_smi.reference.mesh.faults.metrics.counting import COUNTING_FAULTS
from pytest_smi.reference.mesh.faults.metrics.discovery import DISCOVERY_FAULTS
from pytest_smi.reference.mesh.faults.metrics.edges import EDGE_FAULTS
from pytest_smi.reference.mesh.faults.metrics.quirks import METRICS_DEVIATIONS
from pytest_smi.reference.mesh.faults.metrics.values import VALUE_FAULTS

__all__ = ["METRICS_DEVIATIONS", "METRICS_FAULTS"]

METRICS_FAULTS: tuple[Fault, ...] = (*DISCOVERY_FAULTS, *ANSWER_FAULTS, *EDGE_FAULTS, *VALUE_FAULTS, *COUNTING_FAULTS)
