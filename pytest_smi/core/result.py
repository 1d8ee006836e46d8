"""The result of one assertion.

A `Result` is what travels from a worker to the controller (as JSON) and what the matrix is built from. It holds the evidence itself;
where the evidence is stored, and its digest, are decided when the report is written.
"""

from dataclasses import dataclass
from typing import Any

from pytest_smi.core.fields import Fields
from pytest_smi.core.terms import Api, Level, Status

__all__ = ["Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one assertion against one mesh.

    `id`: the assertion, parameters included. `requirement`: e.g. `TA-01`. `version`: of the API, e.g. `v1alpha3`. `source`: the clause of
    the specification. `duration`: seconds, kept to the millisecond. `reading`: what was seen, for `observed`. `mesh`: name of the run.
    `evidence`: the evidence document itself, any JSON object, or None.
    """

    id: str
    requirement: str
    api: Api
    version: str
    level: Level
    status: Status
    reason: str
    source: str
    duration: float
    mesh: str
    reading: str | None = None
    evidence: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        # One rounding, here, so that a result is the same before and after its journey through JSON.
        object.__setattr__(self, "duration", round(float(self.duration), 3))

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON object; `from_json` gives it back unchanged."""
        return {
            "id": self.id,
            "requirement": self.requirement,
            "api": str(self.api),
            "version": self.version,
            "level": str(self.level),
            "status": str(self.status),
            "reason": self.reason,
            "source": self.source,
            "duration": self.duration,
            "mesh": self.mesh,
            "reading": self.reading,
            "evidence": self.evidence,
        }

    @classmethod
    def from_json(cls, document: Any) -> "Result":
        """Read a result strictly. Raises `ReportError` naming the dotted path of every bad field."""
        fields = Fields(document)
        result = cls(
            id=fields.text("id", empty=False),
            requirement=fields.text("requirement", empty=False),
            api=fields.choice("api", Api),
            version=fields.text("version"),
            level=fields.choice("level", Level),
            status=fields.choice("status", Status),
            reason=fields.text("reason"),
            source=fields.text("source"),
            duration=fields.number("duration"),
            mesh=fields.text("mesh", empty=False),
            reading=fields.optional_text("reading"),
            evidence=fields.document("evidence", optional=True),
        )
        fields.close()
        fields.done("the result")
        return result
