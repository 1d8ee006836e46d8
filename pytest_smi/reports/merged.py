"""Merged reports: many reports in one folder, each whole and still verifiable by itself, and one matrix over all their runs.

```
merged/matrix.json                  every run of every source, sorted; its evidence is referred to in the sources
merged/matrix.intoto.jsonl          one envelope: the merging, signed by whoever merged
merged/sources/<id>/                a source as its own signer left it: matrix.json, matrix.intoto.jsonl, key, evidence
```

The id of a source is the beginning of the sha256 of its envelopes. The statement of merging has the merged matrix and the envelopes of
each source as subjects, so that a source that was taken away, put in or exchanged is noticed. Pure.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_smi.core.canonical import indented, sha256_hex
from pytest_smi.core.fields import Fields
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import SCHEMA_VERSION, EvidenceRef, Matrix, Run, Suite, run_order
from pytest_smi.matrix.run_json import read_suite, run_json, suite_json
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

_MERGE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A report within a merged one: its id, the fingerprints of those who signed it, and the nonces of its runs."""

    id: str
    signers: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """What the statement of merging states: when, by which suite, and whether runs of different catalogues were let together."""

    merged_at: str
    suite: Suite
    mixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A verified source, as the merged matrix has it. `envelopes`: sha256 of its envelopes. `catalogues`: of its runs."""

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
        """Take the runs of a source out of its verified matrix. Raises `VerificationError` unless its envelopes give it its name."""
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
    predicate = {
        "schemaVersion": _MERGE_VERSION,
        "mergedAt": merging.merged_at,
        "suite": suite_json(merging.suite),
        "mixed": merging.mixed,
        "sources": sorted(envelopes),
    }
    return Statement(subjects=subjects_of_merging(matrix_digest, envelopes), predicate_type=MERGE_PREDICATE, predicate=predicate)


def merging_of(statement: Statement) -> tuple[Merging, Sequence[str]]:
    """Read what a statement of merging states, and the ids of the sources. Raises `VerificationError`."""
    predicate = statement.predicate
    fields = Fields(predicate)
    if fields.take("schemaVersion", int, _MERGE_VERSION, "a whole number") != _MERGE_VERSION:
        fields.note("schemaVersion", f"must be {_MERGE_VERSION}")
    merging = Merging(merged_at=fields.text("mergedAt", empty=False), suite=read_suite(fields.inner("suite")), mixed=fields.flag("mixed"))
    named = fields.texts("sources")
    fields.close()
    if list(named) != sorted(set(named)) or not all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in named):
        fields.note("sources", "must be ids of 32 hexadecimal characters, sorted, each once")
    try:
        fields.done("the statement of merging")
    except ReportError as error:
        raise VerificationError(error.message) from None
    return merging, named


def refuse_other_sources(folder: ReportFolder, named: Sequence[str]) -> None:
    """Raise `VerificationError` unless the folder holds exactly the sources of these ids."""
    present = readable(SOURCES_FOLDER, folder.source_names)
    if present != set(named):
        extra, missing = sorted(present - set(named)), sorted(set(named) - present)
        raise VerificationError(f"the sources must be those that were merged; missing: {missing[:3]}, extra: {extra[:3]}")


def refuse_mixed(merging: Merging, parts: Iterable[Part]) -> None:
    """Raise `VerificationError` when runs of several catalogues are together and the statement of merging does not state it."""
    catalogues = {identity for part in parts for identity in part.catalogues}
    if len(catalogues) > 1 and not merging.mixed:
        raise VerificationError(f"runs of {len(catalogues)} catalogues may be together only if the statement of merging states it")


def merged_matrix(merging: Merging, parts: Iterable[Part]) -> Matrix:
    """Return the matrix that follows from the sources. Raises `VerificationError` for a run that is there twice, or none."""
    runs = [run for part in parts for run in part.runs]
    if not runs:
        raise VerificationError("a matrix must hold a run; this one is empty")
    try:
        return Matrix(generated_at=merging.merged_at, suite=merging.suite, runs=tuple(sorted(runs, key=run_order)))
    except ReportError as error:
        raise VerificationError(error.message) from None


def refuse_other_matrix(merging: Merging, matrix: Matrix, digest: str) -> None:
    """Raise `VerificationError` unless this matrix has, in its canonical bytes, the sha256 of matrix.json."""
    expected = hashlib.sha256()
    for piece in matrix_pieces(merging, (run_text(run) for run in matrix.runs)):
        expected.update(piece)
    if expected.hexdigest() != digest:
        raise VerificationError(f"{MATRIX_FILE} must be what follows from the sources; it states something else")


def subjects_of_merging(matrix_digest: str, envelopes: Mapping[str, str]) -> dict[str, str]:
    """Return the subjects of the statement of merging. `envelopes`: source id → sha256 of its envelopes."""
    return {MATRIX_FILE: matrix_digest, **{f"{SOURCES_FOLDER}/{name}/{ENVELOPES_FILE}": digest for name, digest in envelopes.items()}}
