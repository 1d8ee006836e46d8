"""Verifying a report folder, offline and closed: anything missing, extra, changed or not understood is a refusal.

The steps, in this order; each is labelled in the code and named in its error:
 1. at least one public key is given, and a threshold that can be met
 2. the envelopes are there, of bounded size, each of the form that DSSE has
 3. each has the payload type of in-toto
 4. each is signed, over its exact bytes, by enough of the keys given
 5. each payload is an in-toto statement
 6. there is exactly one statement of each of our two predicate types, and both speak of the same subjects
 7. matrix.json is, byte for byte, the signed predicate
 8. the predicate is a matrix, with no run in it twice
 9. the files that the matrix refers to, and no others, are in the evidence folder, with the digests that it gives
10. the signed subjects are exactly the matrix, that evidence and the images of the meshes
11. the test-result statement says what follows from the matrix
Only what has passed all of them is returned.
"""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_smi.canonical import canonical_bytes, sha256_hex
from pytest_smi.dsse import PAYLOAD_TYPE, Envelope
from pytest_smi.errors import KeyProblem, ReportError, VerificationError
from pytest_smi.keys import PublicKey
from pytest_smi.matrix import Matrix
from pytest_smi.report import ENVELOPES_FILE, EVIDENCE_FOLDER, KEY_FILE
from pytest_smi.signing import fingerprint, verify_envelope
from pytest_smi.statement import MATRIX_FILE, MATRIX_PREDICATE, TEST_RESULT_PREDICATE, Statement, result_predicate, subjects_of

__all__ = ["Verified", "verify_report"]

_LARGEST_FILE = 64 * 1024 * 1024
_MOST_ENVELOPES = 16
_EVIDENCE = re.compile(rf"{EVIDENCE_FOLDER}/[A-Za-z0-9_][A-Za-z0-9._-]*\.json")
_AGAIN = "Get the report again from where it was made; do not edit it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verification vouches for. `files`: name → sha256 of each file covered. `signers`: fingerprints of the keys that signed.

    `not_covered`: other entries of the folder; nothing is known about them.
    """

    matrix: Matrix
    files: dict[str, str]
    subjects: dict[str, str]
    signers: tuple[str, ...]
    not_covered: tuple[str, ...]


def verify_report(directory: Path, keys: Sequence[PublicKey], *, threshold: int = 1) -> Verified:
    """Verify a report folder with the public keys that the reader trusts. Raises `VerificationError`, or `KeyProblem` for step 1."""
    # 1: a key, or the answer would mean nothing.
    if not keys:
        raise KeyProblem("step 1: verification needs a public key that you trust; none was given", "Give --key FILE.")
    # 2 to 5
    statements, signers = _statements(directory, keys, threshold)
    # 6
    ours, theirs = _pair(statements)
    # 7: the bytes on the disk are those that were signed, so that reading the file is as good as reading the predicate.
    matrix_bytes = _read(directory, MATRIX_FILE, 7)
    try:
        signed = canonical_bytes(ours.predicate)
    except ValueError as problem:
        raise _refusal(7, f"the signed predicate has no canonical form: {problem}") from None
    if matrix_bytes != signed:
        raise _refusal(7, f"{MATRIX_FILE} must be the matrix that was signed; it was changed")
    # 8
    try:
        matrix = Matrix.from_json(ours.predicate)
    except ReportError as problem:
        raise _refusal(8, f"the signed predicate is not a matrix: {problem.message}") from None
    if not matrix.runs:
        raise _refusal(8, "a matrix must hold a run; this one is empty")
    # 9
    evidence = _evidence(directory, matrix)
    # 10
    try:
        expected = subjects_of(matrix, matrix_bytes, evidence)
    except ReportError as problem:
        raise _refusal(10, problem.message) from None
    if ours.subjects != expected:
        raise _refusal(10, f"the signed subjects must be the files and images of the report; {_difference(ours.subjects, expected)}")
    # 11: two statements that disagree would let each reader believe another thing.
    if theirs.predicate != result_predicate(matrix):
        raise _refusal(11, "the test-result statement must follow from the matrix; it says something else")
    files = {MATRIX_FILE: expected[MATRIX_FILE], **evidence}
    known = {MATRIX_FILE, ENVELOPES_FILE, KEY_FILE, EVIDENCE_FOLDER}
    others = tuple(sorted(entry.name for entry in os.scandir(directory) if entry.name not in known))
    return Verified(matrix=matrix, files=files, subjects=expected, signers=signers, not_covered=others)


def _statements(directory: Path, keys: Sequence[PublicKey], threshold: int) -> tuple[list[Statement], tuple[str, ...]]:
    # 2: what cannot be read whole is not looked into.
    data = _read(directory, ENVELOPES_FILE, 2)
    if not data.endswith(b"\n"):
        raise _refusal(2, f"every line of {ENVELOPES_FILE} must end in a newline; it was cut off")
    lines = data[:-1].split(b"\n")
    if len(lines) > _MOST_ENVELOPES:
        raise _refusal(2, f"{ENVELOPES_FILE} must hold at most {_MOST_ENVELOPES} envelopes; it has {len(lines)}")
    statements, signers = [], set[str]()
    for number, line in enumerate(lines, 1):
        where = f"line {number} of {ENVELOPES_FILE}"
        step = 2
        try:
            envelope = Envelope.from_bytes(line)
            # 3: the type is under the signature, but a valid signature over another type is not a statement.
            step = 3
            if envelope.payload_type != PAYLOAD_TYPE:
                raise VerificationError(f"the payload type must be {PAYLOAD_TYPE}; found {envelope.payload_type!r}")
            # 4
            step = 4
            good = {fingerprint(key) for key in verify_envelope(envelope, keys, threshold)}
            # 5: only now is the payload read.
            step = 5
            statements.append(Statement.from_bytes(envelope.payload))
        except VerificationError as problem:
            raise VerificationError(f"step {step}: {where}: {problem.message}", problem.hint or _AGAIN) from None
        # A key vouches for the report only if it vouches for every statement of it.
        signers = good if number == 1 else signers & good
    if len(signers) < threshold:
        raise _refusal(4, f"the same {threshold} key(s) must have signed every statement; only {len(signers)} did")
    return statements, tuple(sorted(signers))


def _pair(statements: Sequence[Statement]) -> tuple[Statement, Statement]:
    # 6: a bundle is not signed as a whole, so a line that was taken away shows only here.
    found = [statement.predicate_type for statement in statements]
    if sorted(found) != sorted((MATRIX_PREDICATE, TEST_RESULT_PREDICATE)):
        raise _refusal(6, f"one statement each of {MATRIX_PREDICATE} and {TEST_RESULT_PREDICATE} must be there; found {', '.join(found)}")
    ours, theirs = sorted(statements, key=lambda statement: statement.predicate_type != MATRIX_PREDICATE)
    if ours.subjects != theirs.subjects:
        raise _refusal(6, f"both statements must speak of the same subjects; {_difference(theirs.subjects, ours.subjects)}")
    return ours, theirs


def _evidence(directory: Path, matrix: Matrix) -> dict[str, str]:
    # 9: each name is checked before it is used as a path.
    expected: dict[str, str] = {}
    for run in matrix.runs:
        for entry in run.results:
            if entry.evidence is None:
                continue
            path = entry.evidence.path
            if not _EVIDENCE.fullmatch(path) or path in expected:
                raise _refusal(9, f"evidence must be named {EVIDENCE_FOLDER}/NAME.json, once; found {path!r} of {entry.id!r}")
            expected[path] = entry.evidence.sha256
    try:
        present = {f"{EVIDENCE_FOLDER}/{entry.name}" for entry in os.scandir(directory / EVIDENCE_FOLDER)}
    except FileNotFoundError:
        present = set()
    except OSError as problem:
        raise _refusal(9, f"{EVIDENCE_FOLDER} cannot be read: {problem.strerror}") from None
    found = {path: sha256_hex(_read(directory, path, 9)) for path in sorted(present & set(expected))}
    found |= dict.fromkeys(present - set(expected), "")
    if found != expected:
        raise _refusal(9, f"the evidence must be what the matrix refers to; {_difference(found, expected)}")
    return expected


def _read(directory: Path, name: str, step: int) -> bytes:
    try:
        # A link could show one file to us and another to the next reader.
        handle = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _refusal(step, f"{name} must be a regular file; it is not")
            data = file.read(_LARGEST_FILE + 1)
    except OSError as problem:
        raise _refusal(step, f"{name} must be in the report folder; it cannot be read: {problem.strerror}") from None
    if len(data) > _LARGEST_FILE:
        raise _refusal(step, f"{name} must have at most {_LARGEST_FILE} bytes; it has more")
    return data


def _difference(found: dict[str, str], expected: dict[str, str]) -> str:
    parts = {
        "missing": sorted(set(expected) - set(found)),
        "extra": sorted(set(found) - set(expected)),
        "changed": sorted(name for name in set(found) & set(expected) if found[name] != expected[name]),
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)


def _refusal(step: int, message: str) -> VerificationError:
    return VerificationError(f"step {step}: {message}", _AGAIN)
