"""Verifying a report folder, offline and closed: anything missing, extra, changed or not understood is a refusal.

The folder is read once into a record (`folder`); these steps ask about it, in this order, and are pure.
A refusal names its step:
 1. at least one public key is given, and a threshold that can be met
 2. the envelopes are there, of bounded size, each in the very form that is written
 3. each has the payload type of in-toto
 4. each is signed, over its exact bytes, by enough of the keys given
 5. each payload is an in-toto statement
 6. there is exactly one statement of each of our two predicate types, over the same subjects (a merged report: one,
    of merging)
 7. matrix.json has the digest that was signed, and states what the signed predicate states
 8. the predicate is a matrix, with no run in it twice
 9. the files that the matrix refers to, and no others, are in the evidence folder, with the digests that it gives
    (a merged report: each of its sources passes these steps by itself)
10. the signed subjects are exactly the matrix, that evidence and the images of the meshes (a merged report:
    the matrix and its sources)
11. the test-result statement states what follows from the matrix (a merged report:
    the matrix is what follows from the sources)
12. the folder holds nothing else, but for files that are derived from the matrix:
    they are listed as not covered by the signature
13. catalogue.json, where there is one, has the digest that the runs of the matrix have
14. each run has a result for every requirement that it had to account for, and is called conformant only if it is
15. it is what the reader asked for: mesh, age, level
Only what has passed all of them is returned. What each step asks is in `envelopes` (1 to 5), `consistency` (6 to 13),
`merged` (for merged reports) and `policy` (14, 15); the numbers are here alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_smi.errors import VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports import consistency, merged
from pytest_smi.reports.envelopes import Trust, common_signers, each, envelopes_of, of_in_toto, signed_payload, trust
from pytest_smi.reports.folder import ReportFolder, read_folder
from pytest_smi.reports.layout import (
    BUNDLES_FILE,
    CATALOGUE_FILE,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    MATRIX_FILE,
    SOURCES_FOLDER,
)
from pytest_smi.reports.merged import Part, Source
from pytest_smi.reports.policy import Policy, refuse_inconsistent, refuse_unfit
from pytest_smi.reports.steps import step
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.statement import MERGE_PREDICATE, Statement

__all__ = [
    "Policy",
    "Verified",
    "accept",
    "read_envelopes",
    "verify_report",
    "verify_report_keyless",
    "verify_source",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verification vouches for. `files`: name → sha256 of each file covered. `signers`:
    fingerprints of the keys that signed.

    `not_covered`: derived files of the folder; nothing is known about them. `sources`:
        the reports that were merged into this one.
    """

    matrix: Matrix
    files: dict[str, str]
    subjects: dict[str, str]
    signers: tuple[str, ...]
    not_covered: tuple[str, ...]
    sources: tuple[Source, ...] = ()


def verify_report(
    directory: Path, keys: Sequence[PublicKey], *, threshold: int = 1, policy: Policy | None = None
) -> Verified:
    """Verify a report folder with the public keys that the reader trusts. Raises `VerificationError`,
    or `KeyProblem` for step 1.

    Without a `policy` steps 14 and 15 ask only what is always asked (see `policy`). `directory` may be a link;
    nothing in it may.
    """
    with step(1):
        trusted = trust(keys, threshold)
    folder = read_folder(directory)
    statements, signers = _statements(folder, trusted)
    if [statement.predicate_type for statement in statements] == [MERGE_PREDICATE]:
        verified = _merged(folder, statements[0], signers, trusted)
    else:
        verified = _single(folder, statements, signers)
    accept(verified.matrix, policy or Policy())
    return verified


def verify_report_keyless(
    directory: Path, payloads: Callable[[bytes], Sequence[bytes]], signer: str, *, policy: Policy | None = None
) -> Verified:
    """Verify a report by its keyless signatures.

    `payloads`: verifies bundles, see `sigstore.verify_keyless`; `signer`: who that was.
    """
    folder = read_folder(directory)
    with step(2):
        bundles = folder.data(BUNDLES_FILE)
    with step(4):
        signed = payloads(bundles)
    with step(5):
        statements = each(signed, BUNDLES_FILE, Statement.from_bytes)
    verified = _single(folder, statements, (signer,))
    accept(verified.matrix, policy or Policy())
    return verified


def verify_source(folder: ReportFolder, trusted: Trust) -> Verified:
    """Verify a report that is not a merged one by steps 2 to 13, with keys prepared by `envelopes.trust`."""
    statements, signers = _statements(folder, trusted)
    return _single(folder, statements, signers)


def read_envelopes(data: bytes, trusted: Trust) -> tuple[list[Statement], tuple[str, ...]]:
    """Return the statements in the bytes of `ENVELOPES_FILE`, and fingerprints of the keys that signed all of them:
    steps 2 to 5."""
    with step(2):
        envelopes = envelopes_of(data, ENVELOPES_FILE)
    with step(3):
        each(envelopes, ENVELOPES_FILE, of_in_toto)
    with step(4):
        signed = each(envelopes, ENVELOPES_FILE, lambda envelope: signed_payload(envelope, trusted))
        signers = common_signers(signed, trusted)
    with step(5):
        return each([envelope.payload for envelope in envelopes], ENVELOPES_FILE, Statement.from_bytes), signers


def accept(matrix: Matrix, policy: Policy) -> None:
    """Raise `VerificationError` unless the verified matrix is consistent in itself and what the reader asked for:
    steps 14 and 15."""
    with step(14):
        refuse_inconsistent(matrix, policy)
    with step(15):
        refuse_unfit(matrix, policy)


def _statements(folder: ReportFolder, trusted: Trust) -> tuple[list[Statement], tuple[str, ...]]:
    with step(2):
        data = folder.data(ENVELOPES_FILE)
    return read_envelopes(data, trusted)


def _single(folder: ReportFolder, statements: Sequence[Statement], signers: tuple[str, ...]) -> Verified:
    with step(6):
        ours, theirs = consistency.pair_of(statements)
    with step(7):
        digest = consistency.refuse_changed_matrix(folder, ours)
        consistency.refuse_other_document(folder, ours)
    with step(8):
        matrix = consistency.matrix_of(ours)
    with step(9):
        evidence = consistency.evidence_of(folder, matrix)
    with step(10):
        subjects = consistency.subjects_expected(matrix, digest, evidence)
        consistency.refuse_other_subjects(ours, subjects, "the files and images of the report")
    with step(11):
        consistency.refuse_other_result(theirs, matrix, ours)
    with step(12):
        beside = consistency.not_covered(folder, EVIDENCE_FOLDER, CATALOGUE_FILE)
    with step(13):
        catalogue = consistency.catalogue_in(folder, matrix)
    return Verified(
        matrix=matrix,
        files={MATRIX_FILE: digest, **catalogue, **evidence},
        subjects=subjects,
        signers=signers,
        not_covered=beside,
    )


def _merged(folder: ReportFolder, statement: Statement, signers: tuple[str, ...], trusted: Trust) -> Verified:
    with step(7):
        # Its digest only: what it states is compared with the sources in step 11.
        digest = consistency.refuse_changed_matrix(folder, statement)
    with step(8):
        merging, named = merged.merging_of(statement)
    with step(9):
        merged.refuse_other_sources(folder, named)
        parts = [_part(name, source, trusted) for name, source in folder.sources()]
    with step(11):
        merged.refuse_mixed(merging, parts)
    with step(8):
        matrix = merged.merged_matrix(merging, parts)
    with step(11):
        merged.refuse_other_matrix(merging, matrix, digest, folder)
    with step(10):
        subjects = merged.subjects_of_merging(digest, {part.id: part.envelopes for part in parts})
        consistency.refuse_other_subjects(statement, subjects, "the matrix and its sources")
    with step(12):
        beside = consistency.not_covered(folder, SOURCES_FOLDER)
    return Verified(
        matrix=matrix,
        files=dict(subjects),
        subjects=subjects,
        signers=signers,
        not_covered=beside,
        sources=tuple(part.source for part in parts),
    )


def _part(name: str, folder: ReportFolder, trusted: Trust) -> Part:
    try:
        verified = verify_source(folder, trusted)
        return Part.of(name, folder.data(ENVELOPES_FILE), verified.matrix, verified.signers)
    except VerificationError as error:
        raise VerificationError(f"{SOURCES_FOLDER}/{name}: {error.message}", error.hint) from None
