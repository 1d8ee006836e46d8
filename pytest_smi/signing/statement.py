"""The in-toto statements about a report: which files and images they cover, and what they state. Pure.

Two statements over the same subjects: our own predicate, which is the matrix document itself (`MATRIX_PREDICATE`),
and in-toto's `test-result/v0.1`, derived from it for consumers that know only that. Subjects are matrix.json, every
file of evidence and every container image of a mesh whose digest is known, each with a name and a sha256, nothing else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.core.canonical import compact_bytes, parse_json, sha256_hex
from pytest_smi.core.terms import Level, Status
from pytest_smi.core.uris import MERGE_PREDICATE, matrix_predicate
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import SCHEMA_VERSION, Matrix, Run

__all__ = [
    "MATRIX_FILE",
    "MATRIX_PREDICATE",
    "MATRIX_PREDICATES",
    "MERGE_PREDICATE",
    "STATEMENT_TYPE",
    "TEST_RESULT_PREDICATE",
    "Statement",
    "result_predicate",
    "statements_of",
    "subjects_of",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
"""The type of every statement here."""
MATRIX_PREDICATES = {version: matrix_predicate(version) for version in range(1, SCHEMA_VERSION + 1)}
"""Schema version → predicate type.

Stable names, never fetched: the predicate is the document of matrix.json of that version.
"""
MATRIX_PREDICATE = MATRIX_PREDICATES[SCHEMA_VERSION]
"""The predicate type that is written."""
TEST_RESULT_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
"""in-toto's own: result, configuration, and the tests that passed, warned and failed."""
_RECOMMENDATIONS_SINCE = 3
MATRIX_FILE = "matrix.json"
"""Name of the matrix in the report folder, and of the subject that is it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An in-toto statement. `subjects`: name → sha256 in hexadecimal."""

    subjects: dict[str, str]
    predicate_type: str
    predicate: dict[str, Any]

    def to_bytes(self) -> bytes:
        """Return the payload to sign: one line of JSON, the same for the same statement."""
        return compact_bytes(
            {
                "_type": STATEMENT_TYPE,
                "subject": [
                    {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(self.subjects.items())
                ],
                "predicateType": self.predicate_type,
                "predicate": self.predicate,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> "Statement":
        """Read a verified payload strictly. Raises `VerificationError`."""
        try:
            document = parse_json(payload)
        except ValueError as error:
            raise _odd(f"is not JSON: {error}") from None
        if not isinstance(document, dict) or document.get("_type") != STATEMENT_TYPE:
            found = document.get("_type") if isinstance(document, dict) else document
            raise _odd(f"has the type {found!r} instead of {STATEMENT_TYPE}")
        kind, predicate, listed = document.get("predicateType"), document.get("predicate"), document.get("subject")
        if not isinstance(kind, str) or not isinstance(predicate, dict) or not isinstance(listed, list) or not listed:
            raise _odd("lacks its predicateType, predicate or subjects")
        subjects: dict[str, str] = {}
        for entry in listed:
            name = entry.get("name") if isinstance(entry, dict) else None
            digest = entry.get("digest") if isinstance(entry, dict) else None
            if (
                not isinstance(name, str)
                or not isinstance(digest, dict)
                or set(digest) != {"sha256"}
                or not isinstance(digest["sha256"], str)
            ):
                raise _odd(f"has a subject that is not a name with a sha256: {entry!r}")
            if name in subjects:
                raise _odd(f"names the subject {name!r} twice")
            subjects[name] = digest["sha256"]
        return cls(subjects=subjects, predicate_type=kind, predicate=predicate)


def statements_of(matrix: Matrix, evidence: Mapping[str, str]) -> tuple[Statement, Statement]:
    """Return the matrix statement and the test-result statement. `evidence`: path in the report folder → sha256."""
    subjects = subjects_of(matrix, sha256_hex(matrix.to_bytes()), evidence)
    return (
        Statement(subjects=subjects, predicate_type=MATRIX_PREDICATE, predicate=matrix.to_json()),
        Statement(subjects=subjects, predicate_type=TEST_RESULT_PREDICATE, predicate=result_predicate(matrix)),
    )


def subjects_of(matrix: Matrix, matrix_digest: str, evidence: Mapping[str, str]) -> dict[str, str]:
    """Return name → sha256 of everything that a statement about this report covers.

    Raises `ReportError` for two subjects of one name.
    """
    subjects = {MATRIX_FILE: matrix_digest, **evidence}
    digests: dict[str, set[str]] = {}
    for run in matrix.runs:
        for image, digest in run.mesh.images.items():
            if digest is not None:
                digests.setdefault(image, set()).add(digest.removeprefix("sha256:"))
    for image, found in digests.items():
        for digest in found:
            # One reference may have meant different images in different runs: the names of subjects are unique, so they
            # carry the digest.
            name = image if len(found) == 1 else f"{image}@sha256:{digest}"
            if name in subjects:
                raise ReportError(
                    f"subjects have names of their own; the image {name!r} is named as another one is",
                    "Rename the image.",
                )
            subjects[name] = digest
    return subjects


def result_predicate(matrix: Matrix, version: int = SCHEMA_VERSION) -> dict[str, Any]:
    """Return the test-result predicate: PASSED only if every run is conformant, FAILED if a MUST failed,
    else WARNED (incomplete).

    A recommendation that is not met is a warning. `version`: the schema version that was signed;
    before 3 it was a failure.
    """
    recommended = (Level.SHOULD,) if version >= _RECOMMENDATIONS_SINCE else ()
    failed = _named(matrix, Status.FAILED, but=recommended)
    if failed:
        verdict = "FAILED"
    elif matrix.runs and all(run.conformant for run in matrix.runs):
        verdict = "PASSED"
    else:
        verdict = "WARNED"
    digest = matrix.suite.digest.removeprefix("sha256:")
    return {
        "result": verdict,
        "configuration": [{"name": f"{matrix.suite.name}-{matrix.suite.version}", "digest": {"sha256": digest}}],
        "passedTests": _named(matrix, Status.PASSED),
        "warnedTests": sorted(
            {*_named(matrix, Status.ERRORED, Status.SKIPPED), *_named(matrix, Status.FAILED, only=recommended)}
        ),
        "failedTests": failed,
    }


def _named(
    matrix: Matrix, *statuses: Status, only: Collection[Level] = tuple(Level), but: Collection[Level] = ()
) -> list[str]:
    return sorted(
        f"{_label(run)}/{entry.id}"
        for run in matrix.runs
        for entry in run.results
        if entry.status in statuses and entry.level in only and entry.level not in but
    )


def _label(run: Run) -> str:
    mesh = f"{run.mesh.name}@{run.mesh.version}" if run.mesh.version else run.mesh.name
    return f"{mesh} {run.variant}" if run.variant else mesh


def _odd(what: str) -> VerificationError:
    return VerificationError(
        f"a payload must be an in-toto statement; this one {what}", "Get the report again from where it was made."
    )
