"""From the end of a test function to a status."""

import pytest

from pytest_smi.core.terms import Status
from pytest_smi.errors import ClusterError, HarnessError
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.session.worker import Unsupported, classify
from pytest_smi.smi.render import NotExpressible


@pytest.mark.parametrize(
    ("error", "reading", "status"),
    [
        (None, None, Status.PASSED),
        (None, "prefix", Status.OBSERVED),
        (RequirementFailed("x"), None, Status.FAILED),
        (RequirementFailed("x"), "prefix", Status.FAILED),
        (NotReached("x"), None, Status.FAILED),
        (Inconclusive("x"), None, Status.ERRORED),
        (HarnessError("x"), None, Status.ERRORED),
        (ClusterError("x", hint="y"), None, Status.ERRORED),
        (Unsupported("x"), None, Status.UNSUPPORTED),
        (NotExpressible("x"), None, Status.UNSUPPORTED),
        (KeyboardInterrupt(), None, Status.ERRORED),
        (ZeroDivisionError("x"), None, Status.ERRORED),
        (AssertionError("x"), None, Status.ERRORED),
    ],
)
def test_only_a_violated_requirement_fails(error: BaseException | None, reading: str | None, status: Status) -> None:
    """Everything that is not the mesh's doing is errored, a bug of the suite included; passing needs no error at all."""
    assert classify(error, reading)[0] is status
