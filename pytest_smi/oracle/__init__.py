"""The oracle: what SMI objects mean, decided from the specification alone. Pure, and independent of any mesh.

`decide` answers one request from the access objects, `shares` says where the calls to a Service go; both are
three-valued, because the specification leaves some questions open (`AMB-n`).
`read_objects` makes the world that they are asked about from Kubernetes objects.
"""

from pytest_smi.oracle.access import Decision, decide
from pytest_smi.oracle.objects import read_objects
from pytest_smi.oracle.records import Call, Request, Service, Workload, World
from pytest_smi.oracle.splits import Shares, shares
from pytest_smi.oracle.truth import Verdict

__all__ = [
    "Call",
    "Decision",
    "Request",
    "Service",
    "Shares",
    "Verdict",
    "Workload",
    "World",
    "decide",
    "read_objects",
    "shares",
]
