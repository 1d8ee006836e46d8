"""The compatibility matrix: the whole of matrix.json, written in one way and read strictly. Pure.

The records of its runs are in `runs`, and may be imported from here too; what older schema versions looked like is in `matrix_versions`.
"""

from dataclasses import dataclass
from typing import Any

from pytest_smi.core.canonical import canonical_bytes, parse_json
from pytest_smi.core.fields import Fields
from pytest_smi.errors import ReportError
from pytest_smi.matrix.migrations import SCHEMA_VERSION, upgraded
from pytest_smi.matrix.run import (
    ApiClaim,
    Capability,
    Catalogue,
    Entry,
    EvidenceRef,
    ImageRole,
    Mesh,
    Provenance,
    Run,
    Suite,
)
from pytest_smi.matrix.run_json import read_run, read_suite, run_json, suite_json

__all__ = [
    "SCHEMA_VERSION",
    "ApiClaim",
    "Capability",
    "Catalogue",
    "Entry",
    "EvidenceRef",
    "ImageRole",
    "Matrix",
    "Mesh",
    "Provenance",
    "Run",
    "Suite",
    "duplicate_run",
    "run_order",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The whole of matrix.json. `generated_at` is ISO 8601 in UTC."""

    generated_at: str
    suite: Suite
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        problem = duplicate_run(self.runs)
        if problem:
            raise ReportError(problem, "Give each run once; merge each report once.")

    def to_json(self) -> dict[str, Any]:
        """The matrix as a JSON object, with results sorted."""
        runs = sorted(self.runs, key=run_order)
        return {
            "schemaVersion": SCHEMA_VERSION,
            "generatedAt": self.generated_at,
            "suite": suite_json(self.suite),
            "runs": [run_json(run) for run in runs],
        }

    def to_bytes(self) -> bytes:
        """The bytes of matrix.json: the same facts always give the same bytes."""
        return canonical_bytes(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Matrix":
        """Read matrix.json strictly. Raises `ReportError`."""
        try:
            document = parse_json(data)
        except ValueError as problem:
            raise ReportError(f"matrix.json must be JSON: {problem}", "Write the report again; do not edit it.") from None
        return cls.from_json(document)

    @classmethod
    def from_json(cls, document: Any) -> "Matrix":
        """Read a matrix document strictly, of this schema version or an older one. Raises `ReportError` naming every bad field by path."""
        document = upgraded(document)
        fields = Fields(document)
        if fields.take("schemaVersion", int, SCHEMA_VERSION, "a whole number") != SCHEMA_VERSION:
            fields.note("schemaVersion", f"must be from 1 to {SCHEMA_VERSION}, found {fields.value['schemaVersion']}")
        record = read_suite(fields.inner("suite"))
        runs = fields.each("runs", read_run)
        generated = fields.text("generatedAt", empty=False)
        fields.close()
        fields.done("the matrix")
        return cls(generated_at=generated, suite=record, runs=runs)


def duplicate_run(runs: tuple[Run, ...]) -> str | None:
    """What two runs have in common that no two runs may, or None."""
    seen: dict[str, str] = {}
    for run in runs:
        name = f"{run.mesh.name} {run.mesh.version} started {run.started_at}"
        if run.nonce in seen:
            return f"every run has a nonce of its own; {seen[run.nonce]} and {name} share {run.nonce}"
        seen[run.nonce] = name
    return None


def run_order(run: Run) -> tuple[str, str, str, str]:
    """Sort key of the runs in a matrix."""
    return (run.mesh.name, run.mesh.version, run.started_at, run.nonce)
