"""Verifying a report folder, offline and closed: anything missing, extra, changed or not understood is a refusal.

The steps, in this order; each is named in the error of its refusal:
 1. at least one public key is given, and a threshold that can be met
 2. the envelopes are there, of bounded size, each in the very form that is written
 3. each has the payload type of in-toto
 4. each is signed, over its exact bytes, by enough of the keys given
 5. each payload is an in-toto statement
 6. there is exactly one statement of each of our two predicate types, over the same subjects (a merged report: one, of merging)
 7. matrix.json has the digest that was signed, and says what the signed predicate says
 8. the predicate is a matrix, with no run in it twice
 9. the files that the matrix refers to, and no others, are in the evidence folder, with the digests that it gives
    (a merged report: each of its sources passes these steps by itself)
10. the signed subjects are exactly the matrix, that evidence and the images of the meshes (a merged report: the matrix and its sources)
11. the test-result statement says what follows from the matrix (a merged report: the matrix is what follows from the sources)
12. the folder holds nothing else, but for files that are derived from the matrix: they are listed as not covered by the signature
13. each run has a result for every requirement that it had to account for, and is called conformant only if it is
14. it is what the reader asked for: mesh, age, level
Only what has passed all of them is returned. Steps 1 to 5 are in `verify_envelopes`, 13 and 14 in `acceptance`, merged reports in `merged`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_smi.core.canonical import compact_bytes, parse_json, sha256_hex
from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.envelopes import Trust, read_envelopes, trust
from pytest_smi.reports.folder import hash_file, list_folder, read_file, refusal
from pytest_smi.reports.merged import SOURCES_FOLDER, Source, merged_matrix
from pytest_smi.reports.policy import Policy, refuse_unfit
from pytest_smi.reports.write import DERIVED_FILES, ENVELOPES_FILE, EVIDENCE_FOLDER, KEY_FILE
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.sigstore import BUNDLES_FILE
from pytest_smi.signing.statement import (
    MATRIX_FILE,
    MATRIX_PREDICATES,
    MERGE_PREDICATE,
    TEST_RESULT_PREDICATE,
    Statement,
    result_predicate,
    subjects_of,
)

__all__ = ["STEPS", "Policy", "Verified", "verify_report", "verify_report_keyless", "verify_source"]

STEPS = (
    "keys that you trust",
    "envelopes whole and in canonical form",
    "payload type of in-toto",
    "signatures over the exact bytes",
    "in-toto statements",
    "the statements that belong together, over the same subjects",
    "matrix.json as it was signed",
    "a matrix, no run twice",
    "evidence complete and unchanged",
    "subjects exactly those of the report",
    "derived statement follows from the matrix",
    "no other files",
    "every requirement accounted for",
    "mesh, age and level as asked for",
)
"""What each step has shown, once it has passed; the first is step 1."""

_EVIDENCE = re.compile(rf"{EVIDENCE_FOLDER}/[A-Za-z0-9_][A-Za-z0-9._-]*\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verification vouches for. `files`: name → sha256 of each file covered. `signers`: fingerprints of the keys that signed.

    `not_covered`: derived files of the folder; nothing is known about them. `sources`: the reports that were merged into this one.
    """

    matrix: Matrix
    files: dict[str, str]
    subjects: dict[str, str]
    signers: tuple[str, ...]
    not_covered: tuple[str, ...]
    sources: tuple[Source, ...] = ()


def verify_report(directory: Path, keys: Sequence[PublicKey], *, threshold: int = 1, policy: Policy | None = None) -> Verified:
    """Verify a report folder with the public keys that the reader trusts. Raises `VerificationError`, or `KeyProblem` for step 1.

    Without a `policy` steps 13 and 14 ask only what is always asked (see `acceptance`).
    """
    trusted = trust(keys, threshold)
    data = read_file(directory, ENVELOPES_FILE, 2)
    statements, signers = read_envelopes(data, ENVELOPES_FILE, trusted)
    if [statement.predicate_type for statement in statements] == [MERGE_PREDICATE]:
        verified = _merged(directory, statements[0], signers, trusted)
    else:
        verified = _single(directory, statements, signers)
    refuse_unfit(verified.matrix, policy or Policy())
    return verified


def verify_report_keyless(
    directory: Path, payloads: Callable[[bytes], Sequence[bytes]], signer: str, *, policy: Policy | None = None
) -> Verified:
    """Verify a report by its keyless signatures. `payloads`: verifies bundles, see `keyless.verify_keyless`; `signer`: who that was."""
    statements = [Statement.from_bytes(payload) for payload in payloads(read_file(directory, BUNDLES_FILE, 2))]
    verified = _single(directory, statements, (signer,))
    refuse_unfit(verified.matrix, policy or Policy())
    return verified


def verify_source(directory: Path, trusted: Trust) -> Verified:
    """Steps 2 to 12 for a report that is not a merged one, with keys prepared by `verify_envelopes.trust`."""
    statements, signers = read_envelopes(read_file(directory, ENVELOPES_FILE, 2), ENVELOPES_FILE, trusted)
    return _single(directory, statements, signers)


def _single(directory: Path, statements: Sequence[Statement], signers: tuple[str, ...]) -> Verified:
    ours, theirs = _pair(statements)
    _refuse_other_matrix(directory, ours)
    matrix = _matrix(ours)
    evidence = _evidence(directory, matrix)
    # 10
    try:
        expected = subjects_of(matrix, ours.subjects[MATRIX_FILE], evidence)
    except ReportError as problem:
        raise refusal(10, problem.message) from None
    if ours.subjects != expected:
        raise refusal(10, f"the signed subjects must be the files and images of the report; {_difference(ours.subjects, expected)}")
    # 11: two statements that disagree would let each reader believe another thing.
    if theirs.predicate != result_predicate(matrix, ours.predicate["schemaVersion"]):
        raise refusal(11, "the test-result statement must follow from the matrix; it says something else")
    return Verified(
        matrix=matrix,
        files={MATRIX_FILE: expected[MATRIX_FILE], **evidence},
        subjects=expected,
        signers=signers,
        not_covered=_others(directory, EVIDENCE_FOLDER),
    )


def _merged(directory: Path, statement: Statement, signers: tuple[str, ...], trusted: Trust) -> Verified:
    # 7: digest only; what it says is held against the sources in step 11.
    digest = _signed_digest(directory, statement)
    # 8 to 11
    matrix, sources, expected = merged_matrix(directory, statement, lambda folder: verify_source(folder, trusted))
    if statement.subjects != expected:
        raise refusal(10, f"the signed subjects must be the matrix and its sources; {_difference(statement.subjects, expected)}")
    return Verified(
        matrix=matrix,
        files={MATRIX_FILE: digest, **expected},
        subjects=expected,
        signers=signers,
        not_covered=_others(directory, SOURCES_FOLDER),
        sources=sources,
    )


def _pair(statements: Sequence[Statement]) -> tuple[Statement, Statement]:
    # 6: a bundle is not signed as a whole, so a line that was taken away shows only here.
    found = [statement.predicate_type for statement in statements]
    ours = [statement for statement in statements if statement.predicate_type in MATRIX_PREDICATES.values()]
    theirs = [statement for statement in statements if statement.predicate_type == TEST_RESULT_PREDICATE]
    if not (len(ours) == len(theirs) == 1 and len(found) == 2):
        wanted = f"{' or '.join(MATRIX_PREDICATES.values())} and one of {TEST_RESULT_PREDICATE}"
        raise refusal(6, f"one statement of {wanted} must be there; found {', '.join(kind[:100] for kind in found)}")
    if ours[0].subjects != theirs[0].subjects:
        raise refusal(6, f"both statements must speak of the same subjects; {_difference(theirs[0].subjects, ours[0].subjects)}")
    return ours[0], theirs[0]


def _signed_digest(directory: Path, statement: Statement) -> str:
    signed = statement.subjects.get(MATRIX_FILE)
    if signed is None or hash_file(directory, MATRIX_FILE, 7) != signed:
        raise refusal(7, f"{MATRIX_FILE} must be the matrix that was signed; it was changed")
    return signed


def _refuse_other_matrix(directory: Path, ours: Statement) -> None:
    # 7: the digest first, so that only bytes that a trusted key vouches for are parsed.
    data = read_file(directory, MATRIX_FILE, 7)
    if sha256_hex(data) != ours.subjects.get(MATRIX_FILE):
        raise refusal(7, f"{MATRIX_FILE} must be the matrix that was signed; it was changed")
    try:
        same = compact_bytes(parse_json(data)) == compact_bytes(ours.predicate)
    except ValueError as problem:
        raise refusal(7, f"{MATRIX_FILE} cannot be read: {problem}") from None
    if not same:
        raise refusal(7, f"{MATRIX_FILE} must say what the signed predicate says; it says something else")


def _matrix(ours: Statement) -> Matrix:
    # 8
    version = ours.predicate.get("schemaVersion")
    if isinstance(version, bool) or MATRIX_PREDICATES.get(version if isinstance(version, int) else 0) != ours.predicate_type:
        raise refusal(8, f"the predicate type {ours.predicate_type} must fit the schema version; found {version!r}")
    try:
        matrix = Matrix.from_json(ours.predicate)
    except ReportError as problem:
        raise refusal(8, f"the signed predicate is not a matrix: {problem.message}") from None
    if not matrix.runs:
        raise refusal(8, "a matrix must hold a run; this one is empty")
    return matrix


def _evidence(directory: Path, matrix: Matrix) -> dict[str, str]:
    # 9: each name is checked before it is used as a path.
    expected: dict[str, str] = {}
    for run in matrix.runs:
        for entry in run.results:
            if entry.evidence is None:
                continue
            path = entry.evidence.path
            if not _EVIDENCE.fullmatch(path) or path in expected:
                raise refusal(9, f"evidence must be named {EVIDENCE_FOLDER}/NAME.json, once; found {path!r} of {entry.id!r}")
            expected[path] = entry.evidence.sha256
    present = {f"{EVIDENCE_FOLDER}/{name}" for name in list_folder(directory, EVIDENCE_FOLDER, 9, len(expected) + 1000)}
    found = {path: hash_file(directory, path, 9) for path in sorted(present & set(expected))}
    found |= dict.fromkeys(present - set(expected), "")
    if found != expected:
        raise refusal(9, f"the evidence must be what the matrix refers to; {_difference(found, expected)}")
    return expected


def _others(directory: Path, folder: str) -> tuple[str, ...]:
    # 12: a file that nobody vouches for, among files that somebody does, is believed as they are.
    known = {MATRIX_FILE, ENVELOPES_FILE, KEY_FILE, folder}
    others = sorted(list_folder(directory, ".", 12, 1000) - known)
    strange = [name for name in others if name not in DERIVED_FILES]
    if strange:
        raise refusal(12, f"a report folder holds the report, and files derived from it; extra: {', '.join(strange[:5])}")
    return tuple(others)


def _difference(found: dict[str, str], expected: dict[str, str]) -> str:
    parts = {
        "missing": sorted(set(expected) - set(found)),
        "extra": sorted(set(found) - set(expected)),
        "changed": sorted(name for name in set(found) & set(expected) if found[name] != expected[name]),
    }
    return "; ".join(f"{what}: {', '.join(names[:5])}" for what, names in parts.items() if names)
