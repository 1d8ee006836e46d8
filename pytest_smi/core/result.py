"""The result of one assertion.

A `Result` is what travels from a worker to the controller (as JSON) and what the matrix is built from. It holds the
evidence itself; where the evidence is stored, and its digest, are decided when the report is written.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from pytest_smi.core.document import Form, WholeRecord, told
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import ReportError

__all__ = ["NotEmpty", "Result", "Seconds"]

NotEmpty = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(ge=0, lt=2.0**53)]
"""Beyond 2**53 not every reader of JSON sees the same number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(WholeRecord):
    """The outcome of one assertion against one mesh."""

    id: NotEmpty
    """The assertion, parameters included."""
    requirement: NotEmpty
    """For example `TA-01`."""
    api: Api
    """The API that the requirement belongs to."""
    version: str
    """Version of the API that was tested, for example `v1alpha3`."""
    level: Level
    """How binding the requirement is."""
    status: Status
    """What came of it."""
    reason: str
    """Why it is so; empty for a pass."""
    source: str
    """The clause of the specification."""
    duration: Seconds
    """Seconds that it took, to the millisecond."""
    mesh: NotEmpty
    """Name of the run."""
    reading: str | None = None
    """What was observed, where the status is `observed`."""
    evidence: dict[str, Any] | None = None
    """The evidence document itself."""

    def __post_init__(self) -> None:
        # One rounding, here, so that a result is the same before and after its journey through JSON.
        object.__setattr__(self, "duration", round(float(self.duration), 3))

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object; `from_json` gives it back unchanged."""
        return _FORM.write(self)

    @classmethod
    def from_json(cls, document: Any) -> "Result":
        """Read a result strictly. Raises `ReportError` naming the dotted path of every bad field."""
        result, faults = _FORM.read(document)
        if result is None:
            raise ReportError(
                f"the result has {len(faults)} bad field(s):\n  " + "\n  ".join(told(faults)),
                "This is a bug of pytest-smi.",
            )
        return result


_FORM = Form(Result)
