"""From the end of a test function to a status."""

import pytest

from pytest_smi.core.terms import Level, Status
from pytest_smi.errors import ClusterError, HarnessError
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.session.outcomes import Unsupported, against_gap, classify
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
    """Everything that is not the mesh's doing is errored, a bug of the suite included;
    passing needs no error at all."""
    assert classify(error, reading)[0] is status


def test_what_the_specification_leaves_open_never_fails() -> None:
    """Whatever its assertion says: it is inconclusive, with the reason."""
    status, reason = classify(RequirementFailed("status 500"), None, Level.UNSPECIFIED)

    assert status is Status.ERRORED
    assert "status 500" in reason


@pytest.mark.parametrize(
    ("found", "judged"),
    [
        (
            (Status.PASSED, ""),
            (Status.PASSED, "closed gap: the mesh meets the requirement, and its profile declares: no TLS yet"),
        ),
        ((Status.FAILED, "it leaks"), (Status.UNSUPPORTED, "declared gap: no TLS yet")),
        (
            (Status.ERRORED, "no pod"),
            (Status.UNSUPPORTED, "declared gap: no TLS yet (it was tried, without a result: no pod)"),
        ),
        ((Status.ERRORED, "interrupted"), (Status.ERRORED, "interrupted")),
        ((Status.UNSUPPORTED, "not claimed"), (Status.UNSUPPORTED, "not claimed")),
        ((Status.OBSERVED, "reading: x"), (Status.OBSERVED, "reading: x")),
        ((Status.SKIPPED, "left out"), (Status.SKIPPED, "left out")),
    ],
)
def test_a_declared_gap_never_fails_and_is_told_when_it_is_closed(
    found: tuple[Status, str], judged: tuple[Status, str]
) -> None:
    """As a strict xfail: whoever closes a gap must learn that the profile can be mended;
    one that is still there breaks nothing."""
    assert against_gap(*found, "no TLS yet") == judged
    assert against_gap(*found, None) == found
