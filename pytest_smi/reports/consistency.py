"""What a report's files, its statements and its matrix must have in common. Pure: over the record of the folder.

`verify` says in which order these are asked, and numbers them. Each raises `VerificationError` for what is not as it
must be.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pytest_smi.core.canonical import compact_bytes, parse_json
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import SCHEMA_VERSION, Matrix
from pytest_smi.reports.folder import ReportFolder, StoredFile, readable
from pytest_smi.reports.layout import (
    CATALOGUE_FILE,
    COUNTEREXAMPLES_FOLDER,
    DERIVED_FILES,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    EVIDENCE_NAME,
    KEY_FILE,
    MATRIX_FILE,
)
from pytest_smi.signing.statement import (
    MATRIX_PREDICATES,
    TEST_RESULT_PREDICATE,
    Statement,
    result_predicate,
    subjects_of,
)

__all__ = [
    "UPGRADE",
    "catalogue_in",
    "evidence_of",
    "matrix_of",
    "not_covered",
    "pair_of",
    "refuse_changed_matrix",
    "refuse_newer",
    "refuse_other_document",
    "refuse_other_result",
    "refuse_other_subjects",
    "subjects_expected",
]

UPGRADE = "Upgrade pytest-smi to read it: pip install --upgrade pytest-smi."
_EVIDENCE = re.compile(rf"{EVIDENCE_FOLDER}/{EVIDENCE_NAME}")
_MATRIX_TYPE = re.compile(re.escape(MATRIX_PREDICATES[1].removesuffix("1")) + r"([1-9][0-9]{0,5})")


def pair_of(statements: Sequence[Statement]) -> tuple[Statement, Statement]:
    """Return the matrix statement and the test-result statement: one of each, over the same subjects, and no other."""
    # A bundle is not signed as a whole, so a line that was taken away shows only here.
    kinds = [statement.predicate_type for statement in statements]
    for kind in kinds:
        newer = _MATRIX_TYPE.fullmatch(kind)
        if newer and int(newer[1]) > SCHEMA_VERSION:
            raise VerificationError(
                f"the schema version must be at most {SCHEMA_VERSION} for this release; found {newer[1]}", UPGRADE
            )
    ours = [statement for statement in statements if statement.predicate_type in MATRIX_PREDICATES.values()]
    theirs = [statement for statement in statements if statement.predicate_type == TEST_RESULT_PREDICATE]
    if not (len(ours) == len(theirs) == 1 and len(kinds) == 2):
        expected = f"{' or '.join(MATRIX_PREDICATES.values())} and one of {TEST_RESULT_PREDICATE}"
        raise VerificationError(
            f"one statement of {expected} must be there; found {', '.join(kind[:100] for kind in kinds)}"
        )
    if ours[0].subjects != theirs[0].subjects:
        raise VerificationError(
            f"both statements must cover the same subjects; {_difference(theirs[0].subjects, ours[0].subjects)}"
        )
    return ours[0], theirs[0]


def refuse_changed_matrix(folder: ReportFolder, statement: Statement) -> str:
    """Return the digest of matrix.json, which must be the one that was signed."""
    digest = folder.digest(MATRIX_FILE)
    if digest != statement.subjects.get(MATRIX_FILE):
        raise VerificationError(f"{MATRIX_FILE} must be the matrix that was signed; it was changed")
    return digest


def refuse_other_document(folder: ReportFolder, ours: Statement) -> None:
    """Raise unless matrix.json states what the signed predicate states.

    Only bytes whose digest a trusted key signed may get here.
    """
    try:
        same = compact_bytes(parse_json(folder.data(MATRIX_FILE))) == compact_bytes(ours.predicate)
    except ValueError as error:
        raise VerificationError(f"{MATRIX_FILE} cannot be read: {error}") from None
    if not same:
        raise VerificationError(f"{MATRIX_FILE} must state what the signed predicate states; it differs")


def matrix_of(ours: Statement) -> Matrix:
    """Return the matrix in the signed predicate, whose type must fit its schema version."""
    version = ours.predicate.get("schemaVersion")
    if (
        isinstance(version, bool)
        or MATRIX_PREDICATES.get(version if isinstance(version, int) else 0) != ours.predicate_type
    ):
        raise VerificationError(
            f"the predicate type {ours.predicate_type} must fit the schema version; found {version!r}"
        )
    with _refused("the signed predicate is not a matrix: "):
        matrix = Matrix.from_json(ours.predicate)
    if not matrix.runs:
        raise VerificationError("a matrix must hold a run; this one is empty")
    return matrix


def refuse_newer(document: object) -> None:
    """Raise `ReportError` for a document whose schema version is newer than any that this release reads."""
    version = document.get("schemaVersion") if isinstance(document, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > SCHEMA_VERSION:
        raise ReportError(
            f"the schema version must be at most {SCHEMA_VERSION} for this release; found {version}", UPGRADE
        )


def evidence_of(folder: ReportFolder, matrix: Matrix) -> dict[str, str]:
    """Return the evidence (path → sha256) that the matrix refers to; it must be there, unchanged,
    and no other beside it."""
    expected: dict[str, str] = {}
    for run in matrix.runs:
        for entry in run.results:
            if entry.evidence is None:
                continue
            path = entry.evidence.path
            if not _EVIDENCE.fullmatch(path) or path in expected:
                raise VerificationError(
                    f"evidence must be named {EVIDENCE_FOLDER}/NAME.json, once; found {path!r} of {entry.id!r}"
                )
            expected[path] = entry.evidence.sha256
    listed = readable(EVIDENCE_FOLDER, folder.evidence)
    unreadable = [
        f"{path} {file.reason}"
        for path, file in sorted(listed.items())
        if not isinstance(file, StoredFile) and path in expected
    ]
    if unreadable:
        raise VerificationError("; ".join(unreadable[:5]))
    found = {path: file.digest if isinstance(file, StoredFile) else "" for path, file in listed.items()}
    if found != expected:
        raise VerificationError(f"the evidence must be what the matrix refers to; {_difference(found, expected)}")
    return expected


def subjects_expected(matrix: Matrix, digest: str, evidence: Mapping[str, str]) -> dict[str, str]:
    """Return the subjects that statements about this report must have: the matrix,
    its evidence and the images of the meshes."""
    with _refused():
        return subjects_of(matrix, digest, evidence)


def refuse_other_subjects(statement: Statement, expected: dict[str, str], what: str) -> None:
    """Raise unless the statement covers exactly these subjects; `what` names them."""
    if statement.subjects != expected:
        raise VerificationError(f"the signed subjects must be {what}; {_difference(statement.subjects, expected)}")


def refuse_other_result(theirs: Statement, matrix: Matrix, ours: Statement) -> None:
    """Raise unless the test-result statement follows from the matrix,
    by the rules of the schema version that was signed."""
    if theirs.predicate != result_predicate(matrix, ours.predicate["schemaVersion"]):
        raise VerificationError("the test-result statement must follow from the matrix; it states something else")


def catalogue_in(folder: ReportFolder, matrix: Matrix) -> dict[str, str]:
    """Return catalogue.json → sha256, which must be that of each run's catalogue; nothing where there is none."""
    if CATALOGUE_FILE not in readable("the report folder", folder.names):
        return {}
    digest = folder.digest(CATALOGUE_FILE)
    signed = {run.provenance.catalogue.digest if run.provenance.catalogue else "none" for run in matrix.runs}
    if signed != {digest}:
        raise VerificationError(
            f"{CATALOGUE_FILE} must be the catalogue that the matrix has, sha256 {', '.join(sorted(signed))}; "
            f"found sha256 {digest}"
        )
    return {CATALOGUE_FILE: digest}


def not_covered(folder: ReportFolder, *own: str) -> tuple[str, ...]:
    """Return the derived files of the folder, beside which nothing may lie but the report itself;
    `own`: what is part of that."""
    # A file that nobody vouches for, among files that somebody does, is believed as they are.
    others = sorted(readable("the report folder", folder.names) - {MATRIX_FILE, ENVELOPES_FILE, KEY_FILE, *own})
    unexpected = [name for name in others if name not in DERIVED_FILES | {COUNTEREXAMPLES_FOLDER}]
    if unexpected:
        raise VerificationError(
            f"a report folder holds the report, and files derived from it; extra: {', '.join(unexpected[:5])}"
        )
    return tuple(others)


@contextmanager
def _refused(lead: str = "") -> Iterator[None]:
    try:
        yield
    except ReportError as error:
        raise VerificationError(f"{lead}{error.message}") from None


def _difference(found: Mapping[str, str], expected: Mapping[str, str]) -> str:
    parts = {
        "missing": sorted(set(expected) - set(found)),
        "extra": sorted(set(found) - set(expected)),
        "changed": sorted(name for name in set(found) & set(expected) if found[name] != expected[name]),
    }
    return "; ".join(f"{what}: {', '.join(names[:5])}" for what, names in parts.items() if names)
