"""What the requirements on roles ask of the metrics API, as far as a fault breaks it."""

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.metrics.discovery import Installation
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest, Required
from pytest_smi.reference.mesh.metrics.routes import Query
from tests.reference.mesh.metrics.requirement_suite import Suite, row


def _asked(suite: Suite, query: Query) -> AccessRequest:
    return specialize(Required, suite.faults)().of(AccessRequest(user="u", verb="", resource=""), query)


@row("55")
async def _(suite: Suite) -> bool:
    granted = specialize(Installation, suite.faults)().objects([])
    open_to_all = any("*" in rule["resources"] for thing in granted for rule in thing.get("rules", ()))
    verbs = [_asked(suite, Query(resource="pods", namespace="t1", name=name)).verb for name in ("", "one")]
    return not open_to_all and verbs == ["list", "get"]


@row("56")
async def _(suite: Suite) -> bool:
    kinds = ("pods", "deployments", "trafficsplits")
    return all(_asked(suite, Query(resource=kind, namespace="t1")).namespace == "t1" for kind in kinds)


@row("57")
async def _(suite: Suite) -> bool:
    return _asked(suite, Query(resource="pods", namespace="t1", name="p", subresource="edges")).subresource == "edges"


@row("58")
async def _(suite: Suite) -> bool:
    granted = specialize(Installation, suite.faults)().objects([])
    return not any(thing["kind"] == "ClusterRoleBinding" for thing in granted)
