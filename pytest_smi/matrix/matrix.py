"""The compatibility matrix: the whole of matrix.json, written in one way and read strictly. Pure.

The records of its runs are in `run`, and may be imported from here too;
what older schema versions looked like is in `migrations`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pytest_smi.core.canonical import canonical_bytes, parse_json
from pytest_smi.core.document import Fault, Form, WholeRecord, told
from pytest_smi.core.result import NotEmpty
from pytest_smi.core.terms import Status
from pytest_smi.core.uris import matrix_schema_id
from pytest_smi.errors import ReportError
from pytest_smi.matrix.migrations import SCHEMA_VERSION, upgraded
from pytest_smi.matrix.provenance_record import MEANINGS, Catalogue, ImageRole, Provenance, Suite
from pytest_smi.matrix.run import (
    ApiClaim,
    Capability,
    Entry,
    EvidenceRef,
    Mesh,
    Recommendations,
    Run,
    run_json,
    suite_json,
)

__all__ = [
    "SCHEMA_FILE",
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
    "Recommendations",
    "Run",
    "Suite",
    "duplicate_run",
    "matrix_schema",
    "run_json",
    "run_order",
    "schema_bytes",
    "suite_json",
]

SCHEMA_FILE = "matrix.schema.json"
"""Name of the JSON Schema in the report folder."""
SCHEMA_ID = matrix_schema_id(SCHEMA_VERSION)
"""A stable name, never fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(WholeRecord):
    """The whole of matrix.json: what runs of the suite found."""

    generated_at: NotEmpty
    """When it was written, ISO 8601 in UTC."""
    suite: Suite
    """The suite that wrote it."""
    runs: tuple[Run, ...]
    """The runs, in order of mesh, version and time."""
    schema_version: Literal[3] = SCHEMA_VERSION
    """Version of the form of this file."""

    def __post_init__(self) -> None:
        problem = duplicate_run(self.runs)
        if problem:
            raise ReportError(problem, "Give each run once; merge each report once.")

    def to_json(self) -> dict[str, Any]:
        """Return the matrix as a JSON object, with runs and results sorted."""
        runs = [run_json(run) for run in sorted(self.runs, key=run_order)]
        return {
            "schemaVersion": SCHEMA_VERSION,
            "generatedAt": self.generated_at,
            "suite": suite_json(self.suite),
            "runs": runs,
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of matrix.json: the same facts always give the same bytes."""
        return canonical_bytes(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Matrix":
        """Read matrix.json strictly. Raises `ReportError`."""
        try:
            document = parse_json(data)
        except ValueError as problem:
            raise ReportError(
                f"matrix.json must be JSON: {problem}", "Write the report again; do not edit it."
            ) from None
        return cls.from_json(document)

    @classmethod
    def from_json(cls, document: Any) -> "Matrix":
        """Read a matrix document strictly, of this schema version or an older one.

        Raises `ReportError` naming every bad field by path.
        """
        version = document.get("schemaVersion") if isinstance(document, dict) else None
        if type(version) is int and version > SCHEMA_VERSION:
            raise ReportError(
                f"schemaVersion: must be from 1 to {SCHEMA_VERSION}, found {version}: a newer pytest-smi wrote this "
                "matrix",
                "Upgrade pytest-smi.",
            )
        matrix, faults = _FORM.read(upgraded(document))
        faults = faults if matrix is None else list(_miscounted(matrix))
        if matrix is None or faults:
            listed = "\n  ".join(told(faults))
            raise ReportError(
                f"the matrix has {len(faults)} bad field(s):\n  {listed}",
                "Write it again with pytest-smi; do not edit it.",
            )
        return matrix


def matrix_schema() -> dict[str, Any]:
    """Return the JSON Schema of the matrix.

    What it cannot say the reader checks: a summary counts the results, ids and nonces are unique.
    """
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "SMI compatibility matrix",
    }
    return {**head, **_FORM.schema}


def schema_bytes() -> bytes:
    """Return the bytes of matrix.schema.json."""
    return canonical_bytes(matrix_schema())


def duplicate_run(runs: tuple[Run, ...]) -> str | None:
    """Return what two runs have in common that no two runs may, or None."""
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


def _miscounted(matrix: Matrix) -> Iterator[Fault]:
    for index, run in enumerate(matrix.runs):
        if run.summary != {status: sum(entry.status is status for entry in run.results) for status in Status}:
            yield f"runs[{index}].summary", "must count the results; it does not"
        if run.recommendations != Recommendations.of(run.results):
            yield f"runs[{index}].recommendations", "must count the results with the level SHOULD; it does not"


_FORM = Form(Matrix, MEANINGS)
