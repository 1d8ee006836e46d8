"""Merged reports: many reports in one folder, each whole and still verifiable by itself, and one matrix over all their runs.

```
merged/matrix.json                  every run of every source, sorted; its evidence is referred to in the sources
merged/matrix.intoto.jsonl          one envelope: the merging, signed by whoever merged
merged/sources/<id>/                a source as its own signer left it: matrix.json, matrix.intoto.jsonl, key, evidence
```

The id of a source is the beginning of the sha256 of its envelopes. The statement of merging has the merged matrix and the envelopes of
each source as subjects, so that a source that was taken away, put in or exchanged is noticed.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, Field

from pytest_smi.core.canonical import indented, parse_json, sha256_hex
from pytest_smi.core.document import Form, WholeRecord, told
from pytest_smi.core.result import NotEmpty
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import SCHEMA_VERSION, EvidenceRef, Matrix, Run, Suite, run_json, run_order, suite_json
from pytest_smi.reports.folder import list_folder, read_file, refusal
from pytest_smi.reports.policy import catalogue_identity
from pytest_smi.reports.write import ENVELOPES_FILE
from pytest_smi.signing.statement import MATRIX_FILE, MERGE_PREDICATE, Statement

__all__ = [
    "SOURCES_FOLDER",
    "Merging",
    "Source",
    "matrix_pieces",
    "merge_statement",
    "merged_matrix",
    "moved",
    "run_text",
    "source_id",
]

SOURCES_FOLDER = "sources"
"""Folder of the sources, within a merged report."""
_MERGE_VERSION: Literal[1] = 1
_ID = "^[0-9a-f]{32}$"
_MOST_SOURCES = 100_000


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
    """What the statement of merging says: when, by which suite, and whether runs of different catalogues were let together."""

    merged_at: NotEmpty
    suite: Suite
    mixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Predicate(Merging, WholeRecord):
    """The predicate of that statement, with the ids of the sources."""

    schema_version: Literal[1] = _MERGE_VERSION
    sources: Annotated[tuple[Annotated[str, Field(pattern=_ID)], ...], AfterValidator(_in_order)]


class _Verified(Protocol):
    @property
    def matrix(self) -> Matrix: ...
    @property
    def signers(self) -> tuple[str, ...]: ...


def source_id(envelopes: bytes) -> str:
    """The id of the source that has these envelopes: 32 hexadecimal characters."""
    return sha256_hex(envelopes)[:32]


def moved(run: Run, source: str, of_matrix: Suite) -> Run:
    """The run as the merged matrix has it: evidence in its source's folder, and its suite with it."""

    def within(evidence: EvidenceRef | None) -> EvidenceRef | None:
        return None if evidence is None else replace(evidence, path=f"{SOURCES_FOLDER}/{source}/{evidence.path}")

    results = tuple(replace(entry, evidence=within(entry.evidence)) for entry in run.results)
    return replace(run, results=results, provenance=replace(run.provenance, suite=run.provenance.suite or of_matrix))


def run_text(run: Run) -> str:
    """A run as it stands in the canonical bytes of a matrix."""
    return indented(run_json(run), "    ")


def matrix_pieces(merging: Merging, runs: Iterable[str]) -> Iterator[bytes]:
    """The canonical bytes of a matrix, piece by piece, from the texts of its runs in order: `Matrix.to_bytes` for what fits no memory."""
    yield f'{{\n  "generatedAt": {indented(merging.merged_at)},\n  "runs": ['.encode()
    lead = "\n    "
    for text in runs:
        yield (lead + text).encode()
        lead = ",\n    "
    suite = indented(suite_json(merging.suite), "  ")
    yield f'\n  ],\n  "schemaVersion": {SCHEMA_VERSION},\n  "suite": {suite}\n}}\n'.encode()


def merge_statement(merging: Merging, matrix_digest: str, envelopes: dict[str, str]) -> Statement:
    """The statement of merging. `envelopes`: source id → sha256 of its envelopes."""
    predicate = _Predicate(merged_at=merging.merged_at, suite=merging.suite, mixed=merging.mixed, sources=tuple(sorted(envelopes)))
    return Statement(subjects=_subjects(matrix_digest, envelopes), predicate_type=MERGE_PREDICATE, predicate=_FORM.write(predicate))


def merged_matrix(
    directory: Path, statement: Statement, verify_one: Callable[[Path], _Verified]
) -> tuple[Matrix, tuple[Source, ...], dict[str, str]]:
    """Steps 8 to 11 of a merged report: its matrix, its sources, and the subjects that its statement must have.

    `verify_one` verifies a source's folder. Raises `VerificationError`.
    """
    merging, named = _read(statement.predicate)
    present = list_folder(directory, SOURCES_FOLDER, 9, _MOST_SOURCES)
    if present != set(named):
        strange, absent = sorted(present - set(named)), sorted(set(named) - present)
        raise refusal(9, f"the sources must be those that were merged; missing: {absent[:3]}, extra: {strange[:3]}")
    runs: list[Run] = []
    sources: list[Source] = []
    envelopes: dict[str, str] = {}
    catalogues: set[str] = set()
    for source in named:
        folder = directory / SOURCES_FOLDER / source
        if folder.is_symlink():
            raise refusal(9, f"{SOURCES_FOLDER}/{source} must be a folder; it is a link")
        try:
            data = read_file(folder, ENVELOPES_FILE, 2)
            verified = verify_one(folder)
        except VerificationError as problem:
            raise VerificationError(f"step 9: {SOURCES_FOLDER}/{source}: {problem.message}", problem.hint) from None
        if source_id(data) != source:
            raise refusal(9, f"a source is named by its envelopes; {source} should be {source_id(data)}")
        envelopes[source] = sha256_hex(data)
        catalogues |= {catalogue_identity(run, verified.matrix.suite) for run in verified.matrix.runs}
        runs += [moved(run, source, verified.matrix.suite) for run in verified.matrix.runs]
        sources.append(Source(id=source, signers=verified.signers, runs=tuple(run.nonce for run in verified.matrix.runs)))
    if len(catalogues) > 1 and not merging.mixed:
        raise refusal(11, f"runs of {len(catalogues)} catalogues may be together only if the merging says so; it does not")
    try:
        matrix = Matrix(generated_at=merging.merged_at, suite=merging.suite, runs=tuple(sorted(runs, key=run_order)))
    except ReportError as problem:
        raise refusal(8, problem.message) from None
    if not matrix.runs:
        raise refusal(8, "a matrix must hold a run; this one is empty")
    digest = _digest(matrix_pieces(merging, (run_text(run) for run in matrix.runs)))
    signed = statement.subjects.get(MATRIX_FILE, "")
    if digest != signed and not _is_older_form(directory, matrix):
        raise refusal(11, f"{MATRIX_FILE} must be what follows from the sources; it says something else")
    return matrix, tuple(sources), _subjects(signed, envelopes)


def _is_older_form(directory: Path, matrix: Matrix) -> bool:
    # Merged by an older release, in the schema version of its day: what it says, once upgraded, must be the same.
    try:
        document = parse_json(read_file(directory, MATRIX_FILE, 11))
        version = document.get("schemaVersion") if isinstance(document, dict) else None
        return type(version) is int and version < SCHEMA_VERSION and Matrix.from_json(document) == matrix
    except (ValueError, ReportError):
        return False


def _subjects(matrix_digest: str, envelopes: dict[str, str]) -> dict[str, str]:
    return {MATRIX_FILE: matrix_digest, **{f"{SOURCES_FOLDER}/{name}/{ENVELOPES_FILE}": digest for name, digest in envelopes.items()}}


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _read(document: dict[str, Any]) -> tuple[Merging, Sequence[str]]:
    predicate, faults = _FORM.read(document)
    if predicate is None:
        listed = "\n  ".join(told(faults))
        raise refusal(8, f"the statement of merging has {len(faults)} bad field(s):\n  {listed}")
    return Merging(merged_at=predicate.merged_at, suite=predicate.suite, mixed=predicate.mixed), predicate.sources


_FORM = Form(_Predicate, {_ID: "an id of 32 hexadecimal characters"})
