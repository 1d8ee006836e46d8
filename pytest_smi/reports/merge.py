"""Merging reports: each is copied, verified where it now lies, and its runs go into one matrix.

It takes linear time, and has one report in memory at a time. The merged folder appears whole or not at all: it is made
beside its place and renamed into it.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pytest_smi.core.canonical import sha256_hex
from pytest_smi.errors import ReportError, UsageProblem, VerificationError
from pytest_smi.matrix.matrix import Run, Suite, run_order, schema_bytes
from pytest_smi.reports.envelopes import trust
from pytest_smi.reports.folder import read_file, read_folder, readable
from pytest_smi.reports.layout import (
    CATALOGUE_FILE,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    KEY_FILE,
    MATRIX_FILE,
    SCHEMA_FILE,
    SOURCES_FOLDER,
)
from pytest_smi.reports.merged import Merging, matrix_pieces, merge_statement, moved, run_text, source_id
from pytest_smi.reports.policy import Policy, catalogue_identity
from pytest_smi.reports.staging import folder_beside
from pytest_smi.reports.verify import accept, verify_report, verify_source
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.signer import Signer

__all__ = ["Merged", "copied", "flattened", "merge_reports", "named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was merged: how many reports and runs, and how many catalogues they were tested against."""

    sources: int
    runs: int
    catalogues: int


@dataclass(frozen=True, slots=True)
class _Place:
    # Where in the spool a run's text is: the texts themselves would not fit into memory.
    order: tuple[str, str, str, str]
    offset: int
    length: int


def merge_reports(
    reports: Iterable[Path],
    out: Path,
    *,
    keys: Sequence[PublicKey],
    signer: Signer,
    suite: Suite,
    merged_at: str,
    threshold: int = 1,
    allow_mixed: bool = False,
    policy: Policy | None = None,
) -> Merged:
    """Merge report folders into the folder `out`, which must be new or empty. `policy` holds for each run,
    `suite` is who merges.

    Raises `VerificationError` for a report that does not verify, `ReportError` for a run given twice or catalogues that
    differ.
    """
    trusted = trust(keys, threshold)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageProblem(
            f"a merged report goes into a new or empty folder; {out} is not", "Give another with --out DIR."
        )
    try:
        with folder_beside(out) as stage:
            (stage / SOURCES_FOLDER).mkdir()
            collected = _Collected()
            with open(stage / "spool", "w+b") as spool:
                for report in flattened(reports, keys, threshold):
                    source, envelopes = copied(report, stage / SOURCES_FOLDER)
                    with named(report):
                        verified = verify_source(read_folder(stage / SOURCES_FOLDER / source), trusted)
                        accept(verified.matrix, policy or Policy())
                    collected.envelopes[source] = envelopes
                    for run in verified.matrix.runs:
                        collected.add(moved(run, source, verified.matrix.suite), verified.matrix.suite, report, spool)
                collected.refuse_unlike(allow_mixed)
                merging = Merging(
                    merged_at=merged_at, suite=collected.common_suite() or suite, mixed=len(collected.catalogues) > 1
                )
                digest = _write_matrix(stage / MATRIX_FILE, merging, collected.texts(spool))
            (stage / "spool").unlink()
            statement = merge_statement(merging, digest, collected.envelopes)
            (stage / SCHEMA_FILE).write_bytes(schema_bytes())
            (stage / KEY_FILE).write_bytes(signer.public_pem)
            (stage / ENVELOPES_FILE).write_bytes(signer.sign(statement.to_bytes()).to_bytes() + b"\n")
    except OSError as error:
        raise ReportError(
            f"the merged report cannot be written to {out}: {error}", "Free space or give another --out DIR."
        ) from None
    return Merged(sources=len(collected.envelopes), runs=len(collected.places), catalogues=len(collected.catalogues))


class _Collected:
    """What is known of the runs so far, small enough for very many."""

    def __init__(self) -> None:
        self.envelopes: dict[str, str] = {}
        self.places: list[_Place] = []
        self.catalogues: dict[str, str] = {}
        self.suites: set[Suite] = set()
        self._nonces: set[str] = set()
        self._emulations: set[str] = set()
        """Names of runs that are emulations of their mesh."""
        self._real: set[str] = set()

    def add(self, run: Run, of_matrix: Suite, report: Path, spool: BinaryIO) -> None:
        if run.nonce in self._nonces:
            raise ReportError(
                f"every run has a nonce of its own; that of {run.mesh.name} in {report} is there already",
                "Merge each once.",
            )
        self._nonces.add(run.nonce)
        (self._real if run.emulated is None else self._emulations).add(run.name)
        self.catalogues.setdefault(catalogue_identity(run, of_matrix), str(report))
        self.suites.add(run.provenance.suite or of_matrix)
        text = run_text(run).encode()
        self.places.append(_Place(run_order(run), spool.tell(), len(text)))
        spool.write(text)

    def refuse_unlike(self, allowed: bool) -> None:
        if not self.places:
            raise ReportError("a merged report holds at least one run; there is none", "Give the report folders.")
        if self._emulations and self._real and not allowed:
            raise ReportError(
                f"runs of real meshes and emulations are not merged; {', '.join(sorted(self._emulations))} is an "
                "emulation",
                "Leave the emulations out, or add --allow-mixed.",
            )
        if len(self.catalogues) > 1 and not allowed:
            listed = "; ".join(f"{report} has {identity}" for identity, report in list(self.catalogues.items())[:3])
            raise ReportError(
                "runs are comparable when they were tested against one catalogue; "
                f"these have {len(self.catalogues)}: {listed}",
                "Run them with one version of the suite, or add --allow-mixed.",
            )

    def common_suite(self) -> Suite | None:
        return next(iter(self.suites)) if len(self.suites) == 1 else None

    def texts(self, spool: BinaryIO) -> Iterator[str]:
        for place in sorted(self.places, key=lambda place: place.order):
            spool.seek(place.offset)
            yield spool.read(place.length).decode()


def flattened(reports: Iterable[Path], keys: Sequence[PublicKey], threshold: int) -> Iterator[Path]:
    """Yield the folders of these reports, and of a merged one, once it is verified, those of its sources."""
    for report in reports:
        # A matrix stands for the report that it lies in: by itself it is not signed.
        folder = report.parent if report.name == MATRIX_FILE else report
        if (folder / SOURCES_FOLDER).is_dir():
            with named(report):
                verified = verify_report(folder, keys, threshold=threshold, policy=Policy(complete=False))
            yield from (folder / SOURCES_FOLDER / source.id for source in verified.sources)
        else:
            yield folder


def copied(report: Path, sources: Path) -> tuple[str, str]:
    """Copy a report, so that what is verified is what stays; return its id, and the sha256 of its envelopes."""
    with named(report):
        found = read_folder(report)
        envelopes = found.data(ENVELOPES_FILE)
        evidence = readable(EVIDENCE_FOLDER, found.evidence)
        for path, file in evidence.items():
            readable(path, file)
    source = source_id(envelopes)
    if (sources / source).exists():
        raise ReportError(f"a report is merged once; {report} was given twice", "Give each report once.")
    folder = sources / source
    folder.mkdir()
    (folder / ENVELOPES_FILE).write_bytes(envelopes)
    with named(report):
        (folder / MATRIX_FILE).write_bytes(found.data(MATRIX_FILE))
    for name in (KEY_FILE, CATALOGUE_FILE):
        if (report / name).exists():
            (folder / name).write_bytes(read_file(report / name))
    if evidence:
        (folder / EVIDENCE_FOLDER).mkdir()
    for path in evidence:
        (folder / path).write_bytes(read_file(report / path))
    return source, sha256_hex(envelopes)


@contextmanager
def named(report: Path) -> Iterator[None]:
    """Name the report in what is refused of it."""
    try:
        yield
    except VerificationError as error:
        raise VerificationError(f"{report}: {error.message}", error.hint, step=error.step) from None


def _write_matrix(path: Path, merging: Merging, texts: Iterator[str]) -> str:
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for piece in matrix_pieces(merging, texts):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
