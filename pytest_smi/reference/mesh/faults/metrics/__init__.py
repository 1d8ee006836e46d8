"""The ways in which the metrics API can be told to be wrong: `discovery` (what there is), `roles` (who may read it),
`answers` and `lists` (which objects a query gets), `edges` and `peers` (between whom), `counting`,
`requests` and `splits` (how much) and `values` (how it is written); `quirks` are those of real meshes.
"""

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.faults.metrics.answers import ANSWER_FAULTS
from pytest_smi.reference.mesh.faults.metrics.counting import COUNTING_FAULTS
from pytest_smi.reference.mesh.faults.metrics.discovery import DISCOVERY_FAULTS
from pytest_smi.reference.mesh.faults.metrics.edges import EDGE_FAULTS
from pytest_smi.reference.mesh.faults.metrics.lists import LIST_FAULTS
from pytest_smi.reference.mesh.faults.metrics.peers import PEER_FAULTS
from pytest_smi.reference.mesh.faults.metrics.quirks import METRICS_DEVIATIONS
from pytest_smi.reference.mesh.faults.metrics.requests import REQUEST_FAULTS
from pytest_smi.reference.mesh.faults.metrics.roles import ROLE_FAULTS
from pytest_smi.reference.mesh.faults.metrics.splits import SPLIT_NUMBER_FAULTS
from pytest_smi.reference.mesh.faults.metrics.values import VALUE_FAULTS

__all__ = ["METRICS_DEVIATIONS", "METRICS_FAULTS"]

METRICS_FAULTS: tuple[Fault, ...] = (
    *DISCOVERY_FAULTS,
    *ANSWER_FAULTS,
    *LIST_FAULTS,
    *EDGE_FAULTS,
    *PEER_FAULTS,
    *VALUE_FAULTS,
    *COUNTING_FAULTS,
    *REQUEST_FAULTS,
    *ROLE_FAULTS,
    *SPLIT_NUMBER_FAULTS,
)
