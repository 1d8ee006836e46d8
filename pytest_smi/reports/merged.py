"""Merged reports: many reports in one folder, each whole and still verifiable by itself,
and one matrix over all their runs.

```
merged/matrix.json                  every run of every source, sorted; its evidence is referred to in the sources
merged/matrix.intoto.jsonl          one envelope: the merging, signed by whoever merged
merged/sources/<id>/                a source as its own signer left it: matrix.json, matrix.intoto.jsonl, key, evidence
```

The id of a source is the beginning of the sha256 of its envelopes. The statement of merging has the merged matrix and
the envelopes of each source as subjects, so that a source that was taken away, put in or exchanged is noticed. Pure.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_smi.core.canonical import canonical_bytes, indented, parse_json, sha256_hex
from pytest_smi.core.document import Form, WholeRecord, told
from pytest_smi.core.result import NotEmpty
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import SCHEMA_VERSION, EvidenceRef, Matrix, Run, Suite, run_json, run_order, suite_json
from pytest_smi.matrix.migrations import upgraded
from pytest_smi.reports.folder import ReportFolder, readable
from pytest_smi.reports.layout import ENVELOPES_FILE, MATRIX_FILE, SOURCES_FOLDER
from pytest_smi.reports.policy import catalogue_identity
from pytest_smi.signing.statement import MERGE_PREDICATE, Statement

__all__ = [
    "Merging",
    "Part",
    "Source",
    "matrix_pieces",
    "merge_statement",
    "merged_matrix",
    "merging_of",
    "moved",
    "refuse_mixed",
    "refuse_other_matrix",
    "refuse_other_sources",
    "run_text",
    "source_id",
    "subjects_of_merging",
]

_MERGE_VERSION: Literal[1] = 1
_ID = "^[0-9a-f]{32}$"


def _in_order(sources: tuple[str, ...]) -> tuple[str, ...]:
    if list(sources) != sorted(set(sources)):
        raise ValueError("must be sorted, each once")
    return sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A report within a merged one: its id, the fingerprints of those who signed it, and the nonces of its runs."""

    id: str
    signers: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """What the statement of merging states: when, by which suite, and whether runs
    of different catalogues were let together."""

    merged_at: NotEmpty
    suite: Suite
    mixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Predicate(Merging, WholeRecord):
    """The predicate of that statement, with the ids of the sources."""

    schema_version: Literal[1] = _MERGE_VERSION
    sources: Annotated[tuple[Annotated[str, Field(pattern=_ID)], ...], AfterValidator(_in_order)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A verified source, as the merged matrix has it.

    `envelopes`: sha256 of its envelopes. `catalogues`: of its runs.
    """

    source: Source
    envelopes: str
    runs: tuple[Run, ...]
    catalogues: frozenset[str]

    @property
    def id(self) -> str:
        """The id of the source."""
        return self.source.id

    @classmethod
    def of(cls, name: str, envelopes: bytes, matrix: Matrix, signers: tuple[str, ...]) -> "Part":
        """Take the runs of a source out of its verified matrix.

        Raises `VerificationError` unless its envelopes give it its name.
        """
        if source_id(envelopes) != name:
            raise VerificationError(f"a source is named by its envelopes; {name} should be {source_id(envelopes)}")
        return cls(
            source=Source(id=name, signers=signers, runs=tuple(run.nonce for run in matrix.runs)),
            envelopes=sha256_hex(envelopes),
            runs=tuple(moved(run, name, matrix.suite) for run in matrix.runs),
            catalogues=frozenset(catalogue_identity(run, matrix.suite) for run in matrix.runs),
        )


def source_id(envelopes: bytes) -> str:
    """Return the id of the source that has these envelopes: 32 hexadecimal characters."""
    return sha256_hex(envelopes)[:32]


def moved(run: Run, source: str, of_matrix: Suite) -> Run:
    """Return the run as the merged matrix has it: evidence in its source's folder, and its suite with it."""

    def within(evidence: EvidenceRef | None) -> EvidenceRef | None:
        return None if evidence is None else replace(evidence, path=f"{SOURCES_FOLDER}/{source}/{evidence.path}")

    results = tuple(replace(entry, evidence=within(entry.evidence)) for entry in run.results)
    return replace(run, results=results, provenance=replace(run.provenance, suite=run.provenance.suite or of_matrix))


def run_text(run: Run) -> str:
    """Return a run as it stands in the canonical bytes of a matrix."""
    return indented(run_json(run), "    ")


def matrix_pieces(merging: Merging, runs: Iterable[str]) -> Iterator[bytes]:
    """Yield the canonical bytes of a matrix, piece by piece, from the texts of its runs in order."""
    yield f'{{\n  "generatedAt": {indented(merging.merged_at)},\n  "runs": ['.encode()
    lead = "\n    "
    for text in runs:
        yield (lead + text).encode()
        lead = ",\n    "
    suite = indented(suite_json(merging.suite), "  ")
    yield f'\n  ],\n  "schemaVersion": {SCHEMA_VERSION},\n  "suite": {suite}\n}}\n'.encode()


def merge_statement(merging: Merging, matrix_digest: str, envelopes: dict[str, str]) -> Statement:
    """Return the statement of merging. `envelopes`: source id → sha256 of its envelopes."""
    predicate = _Predicate(
        merged_at=merging.merged_at, suite=merging.suite, mixed=merging.mixed, sources=tuple(sorted(envelopes))
    )
    return Statement(
        subjects=subjects_of_merging(matrix_digest, envelopes),
        predicate_type=MERGE_PREDICATE,
        predicate=_FORM.write(predicate),
    )


def merging_of(statement: Statement) -> tuple[Merging, Sequence[str]]:
    """Read what a statement of merging states, and the ids of the sources. Raises `VerificationError`."""
    predicate, faults = _FORM.read(statement.predicate)
    if predicate is None:
        listed = "\n  ".join(told(faults))
        raise VerificationError(f"the statement of merging has {len(faults)} bad field(s):\n  {listed}")
    return Merging(merged_at=predicate.merged_at, suite=predicate.suite, mixed=predicate.mixed), predicate.sources


def refuse_other_sources(folder: ReportFolder, named: Sequence[str]) -> None:
    """Raise `VerificationError` unless the folder holds exactly the sources of these ids."""
    present = readable(SOURCES_FOLDER, folder.source_names)
    if present != set(named):
        extra, missing = sorted(present - set(named)), sorted(set(named) - present)
        raise VerificationError(
            f"the sources must be those that were merged; missing: {missing[:3]}, extra: {extra[:3]}"
        )


def refuse_mixed(merging: Merging, parts: Iterable[Part]) -> None:
    """Raise `VerificationError` when runs of several catalogues are together and the statement
    of merging does not state it."""
    catalogues = {identity for part in parts for identity in part.catalogues}
    if len(catalogues) > 1 and not merging.mixed:
        raise VerificationError(
            f"runs of {len(catalogues)} catalogues may be together only if the statement of merging states it"
        )


def merged_matrix(merging: Merging, parts: Iterable[Part]) -> Matrix:
    """Return the matrix that follows from the sources.

    Raises `VerificationError` for a run that is there twice, or none.
    """
    runs = [run for part in parts for run in part.runs]
    if not runs:
        raise VerificationError("a matrix must hold a run; this one is empty")
    try:
        return Matrix(generated_at=merging.merged_at, suite=merging.suite, runs=tuple(sorted(runs, key=run_order)))
    except ReportError as error:
        raise VerificationError(error.message) from None


def refuse_other_matrix(merging: Merging, matrix: Matrix, digest: str, folder: ReportFolder) -> None:
    """Raise `VerificationError` unless this matrix has, in its canonical bytes, the sha256 of matrix.json.

    One that was merged earlier has the form of its day: what it says, once upgraded, must be the same.
    """
    expected = hashlib.sha256()
    for piece in matrix_pieces(merging, (run_text(run) for run in matrix.runs)):
        expected.update(piece)
    if expected.hexdigest() != digest and not _is_older_form(folder.data(MATRIX_FILE), matrix):
        raise VerificationError(f"{MATRIX_FILE} must be what follows from the sources; it states something else")


def _is_older_form(data: bytes, matrix: Matrix) -> bool:
    try:
        document = parse_json(data)
        version = document.get("schemaVersion") if isinstance(document, dict) else None
        older = type(version) is int and (version < SCHEMA_VERSION or upgraded(document) != document)
        return older and data == canonical_bytes(document) and Matrix.from_json(document) == matrix
    except (ValueError, ReportError):
        return False


def subjects_of_merging(matrix_digest: str, envelopes: Mapping[str, str]) -> dict[str, str]:
    """Return the subjects of the statement of merging. `envelopes`: source id → sha256 of its envelopes."""
    return {
        MATRIX_FILE: matrix_digest,
        **{f"{SOURCES_FOLDER}/{name}/{ENVELOPES_FILE}": digest for name, digest in envelopes.items()},
    }


_FORM = Form(_Predicate, {_ID: "an id of 32 hexadecimal characters"})
