"""Writing the signed part of the report folder: matrix.json, its evidence, its signature and the public key.

The law: at no moment does the folder verify unless it is whole. The new files are staged inside the folder, the old
signature goes first and the new signature comes last: whatever interrupts the writing leaves a folder that `pytest-smi
verify` refuses, and the next write tidies up. Only files that an earlier report of ours names are ever removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_smi.core.canonical import sha256_hex
from pytest_smi.errors import ReportError, UsageProblem
from pytest_smi.matrix.matrix import Matrix, schema_bytes
from pytest_smi.reports.folder import LARGEST_MATRIX, read_file
from pytest_smi.reports.layout import (
    CATALOGUE_FILE,
    DERIVED_FILES,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    KEY_FILE,
    MATRIX_FILE,
    SCHEMA_FILE,
)
from pytest_smi.reports.staging import Stage, check_folder, leftovers, sync
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.statement import statements_of

__all__ = ["check_writable", "claim_folder", "write_report"]


def check_writable(directory: Path) -> None:
    """Raise `ReportError` before a run whose report cannot be written; make its folder if need be."""
    try:
        (directory / EVIDENCE_FOLDER).mkdir(parents=True, exist_ok=True)
        for folder in (directory, directory / EVIDENCE_FOLDER):
            check_folder(folder)
    except OSError as error:
        found = error.strerror or str(error)
        raise ReportError(
            f"the report folder must be writable; {directory} is not: {found}", "Give another with --smi-report=DIR."
        ) from None
    foreign = sorted(set(_evidence_files(directory)) - _ours(directory))
    if foreign:
        listed = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise ReportError(
            f"the evidence folder of a report holds nothing but its evidence; {directory} also holds {listed}",
            "Move it away, or give another folder with --smi-report=DIR.",
        )


@contextmanager
def claim_folder(directory: Path) -> Iterator[None]:
    """Hold the report folder for one run: a second run with the same folder is refused at its start, not at its end.

    Raises `ReportError` as `check_writable`, and `UsageProblem` when another run holds the folder.
    The hold ends with the process.
    """
    check_writable(directory)
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageProblem(
                f"a report folder serves one run at a time; another run is using {directory}",
                "Wait for it, or give this one a folder of its own with --smi-report=DIR.",
            ) from None
        yield
    finally:
        os.close(handle)


def write_report(
    directory: Path,
    matrix: Matrix,
    evidence: Mapping[str, bytes],
    signer: Signer,
    *,
    catalogue: bytes | None = None,
) -> tuple[str, ...]:
    """Write and sign the report; return the names of the files written, relative to the folder. Raises `ReportError`.

    `evidence`: path in the folder → bytes, exactly what the matrix refers to (see `matrix.build.Built`).
    `catalogue`: the bytes of the catalogue of its runs.
    """
    _check_evidence(matrix, evidence)
    _check_catalogue(matrix, catalogue)
    digests = {path: sha256_hex(data) for path, data in evidence.items()}
    envelopes = [signer.sign(statement.to_bytes()).to_bytes() + b"\n" for statement in statements_of(matrix, digests)]
    # The order is the order in which they become visible.
    files = {
        **evidence,
        **({CATALOGUE_FILE: catalogue} if catalogue is not None else {}),
        SCHEMA_FILE: schema_bytes(),
        KEY_FILE: signer.public_pem,
        MATRIX_FILE: matrix.to_bytes(),
        ENVELOPES_FILE: b"".join(envelopes),
    }
    check_writable(directory)
    stage = Stage(directory)
    try:
        old = _ours(directory)
        stage.write(files)
        (directory / ENVELOPES_FILE).unlink(missing_ok=True)
        # What was derived from the matrix before must not stand beside the new one.
        stale = DERIVED_FILES | {CATALOGUE_FILE} if (directory / MATRIX_FILE).exists() else frozenset[str]()
        for name in (old - set(evidence)) | stale:
            (directory / name).unlink(missing_ok=True)
        for name in files:
            if name == ENVELOPES_FILE:
                # Everything it vouches for is on the disk before it is.
                sync(directory / EVIDENCE_FOLDER, directory)
            # The matrix stays in the stage too until all is done: after an interruption it tells which evidence is
            # ours.
            stage.publish(name, keep=name == MATRIX_FILE)
        sync(directory / EVIDENCE_FOLDER, directory)
    except OSError as error:
        raise ReportError(
            f"the report cannot be written to {directory}: {error}", "Free space or give --smi-report=DIR."
        ) from None
    finally:
        if (directory / ENVELOPES_FILE).exists():
            for leftover in leftovers(directory):
                shutil.rmtree(leftover, ignore_errors=True)
    return tuple(files)


def _check_evidence(matrix: Matrix, evidence: Mapping[str, bytes]) -> None:
    referred = {
        entry.evidence.path: entry.evidence.sha256 for run in matrix.runs for entry in run.results if entry.evidence
    }
    for path in sorted(set(referred) | set(evidence)):
        if path not in evidence or path not in referred or sha256_hex(evidence[path]) != referred[path]:
            raise ReportError(
                f"a matrix and its evidence belong together; {path} is missing, extra or changed", "Build both at once."
            )


def _check_catalogue(matrix: Matrix, catalogue: bytes | None) -> None:
    found = {run.provenance.catalogue.digest if run.provenance.catalogue else "" for run in matrix.runs}
    if catalogue is not None and found != {sha256_hex(catalogue)}:
        raise ReportError(
            f"{CATALOGUE_FILE} must be the catalogue of every run in the matrix; it is another",
            "Write the catalogue that the runs were tested against.",
        )


def _evidence_files(directory: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):
        yield from (f"{EVIDENCE_FOLDER}/{entry.name}" for entry in os.scandir(directory / EVIDENCE_FOLDER))


def _ours(directory: Path) -> set[str]:
    """Return the evidence that the report in this folder, or one whose writing was interrupted, refers to."""
    names: set[str] = set()
    for source in (directory / MATRIX_FILE, *(stage / MATRIX_FILE for stage in leftovers(directory))):
        with suppress(ReportError):
            matrix = Matrix.from_bytes(read_file(source, LARGEST_MATRIX))
            names |= {entry.evidence.path for run in matrix.runs for entry in run.results if entry.evidence}
    return names & set(_evidence_files(directory))
