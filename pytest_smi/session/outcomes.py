"""From the end of a test function to a status and its reason, a declared gap of the mesh taken into account. Pure."""

from __future__ import annotations

import pytest

from pytest_smi.core.terms import Level, Status
from pytest_smi.errors import SmiError
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.smi.versions import NotExpressible

CLOSED_GAP = "closed gap"
"""How the reason of a requirement begins that the profile declares as not met, and that the mesh meets."""
INTERRUPTED = "interrupted"


class Unsupported(Exception):
    """The assertion does not apply to this mesh or cluster; the message says why."""


def classify(error: BaseException | None, reading: str | None, level: str = Level.MUST) -> tuple[Status, str]:
    """Turn how a test function ended into a status and its reason; what the specification leaves open never fails."""
    match error:
        case None if reading is not None:
            return Status.OBSERVED, f"reading: {reading}"
        case None:
            return Status.PASSED, ""
        case RequirementFailed() if level == Level.UNSPECIFIED:
            return Status.ERRORED, f"inconclusive: {error}; the specification leaves the requirement open"
        case RequirementFailed():
            return Status.FAILED, str(error)
        case Inconclusive():
            return Status.ERRORED, f"inconclusive: {error}"
        case Unsupported() | NotExpressible():
            return Status.UNSUPPORTED, str(error)
        case pytest.skip.Exception():
            return Status.SKIPPED, str(error.msg)
        case SmiError():
            return Status.ERRORED, " ".join(str(error).split())
        case KeyboardInterrupt() | SystemExit():
            return Status.ERRORED, INTERRUPTED
        case _:
            return Status.ERRORED, f"{type(error).__name__}: {error}"


def against_gap(status: Status, reason: str, gap: str | None) -> tuple[Status, str]:
    """Return the status and reason of a requirement for which the profile declares a gap; None: it declares none.

    A gap that is still there is unsupported, and so is one of which nothing was learned. A requirement that is met
    passes, and its reason says that the gap is closed: the profile is out of date.
    """
    if gap is None or reason == INTERRUPTED:
        return status, reason
    match status:
        case Status.PASSED:
            return status, f"{CLOSED_GAP}: the mesh meets the requirement, and its profile declares: {gap}"
        case Status.FAILED:
            return Status.UNSUPPORTED, f"declared gap: {gap}"
        case Status.ERRORED:
            return Status.UNSUPPORTED, f"declared gap: {gap} (it was tried, without a result: {reason})"
        case _:
            return status, reason
