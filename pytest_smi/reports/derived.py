"""The derived files of a report: read the matrix (verified when there are keys), render it,
and put the files where they belong. Thin I/O.

Nothing here is covered by a signature. Evidence is shown only if it is what the matrix says it is,
and a badge only for a verified matrix.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_smi.core.canonical import parse_json, sha256_hex
from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.folder import LARGEST_MATRIX, read_file, read_given
from pytest_smi.reports.layout import CATALOGUE_FILE, EVIDENCE_FOLDER, EVIDENCE_NAME, MATRIX_FILE, SOURCES_FOLDER
from pytest_smi.reports.load import unverified_matrix
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.render.files import render_all
from pytest_smi.reports.render.wording import latest_runs
from pytest_smi.reports.staging import staged
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.keys import PublicKey

__all__ = ["Derived", "derive", "evidence_in", "statements_in"]

_EVIDENCE = re.compile(rf"(?:(?:{SOURCES_FOLDER}|reports)/[0-9a-f]+/)?{EVIDENCE_FOLDER}/{EVIDENCE_NAME}")
_MOST_EVIDENCE = 128 * 1024 * 1024
"""Bytes of evidence read at most; the page embeds far less of them."""
_BADGE = "badge.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What was written: names in `folder`. `signer`: fingerprint(s) of who signed, None when nothing was verified."""

    folder: Path
    names: tuple[str, ...]
    signer: str | None


def derive(
    path: Path,
    statements: dict[str, str],
    *,
    out: Path | None = None,
    keys: Sequence[PublicKey] = (),
    threshold: int = 1,
    max_age: timedelta | None = None,
    now: datetime | None = None,
) -> Derived:
    """Render the report in a folder, or a matrix.json, into `out` (default: where it lies).

    `statements`: requirement → its sentence. With `keys` the report is verified first; without, there is no badge.
    `max_age`: beyond it the badge is grey. Raises `VerificationError`, or `ReportError` when there is nothing to read
    or no place to write.
    """
    folder, name = (path, MATRIX_FILE) if path.is_dir() else (path.parent, path.name)
    signer = None
    if keys:
        if name != MATRIX_FILE:
            raise ReportError(
                f"only a whole report can be verified; {path} is not the {MATRIX_FILE} of one", "Give its folder."
            )
        verified = verify_report(folder, keys, threshold=threshold, policy=Policy(complete=False))
        matrix, signer, digest = verified.matrix, ", ".join(verified.signers), verified.files[MATRIX_FILE]
    else:
        matrix, digest = _unverified(folder, name)
    target = folder if out is None else out
    files = render_all(
        matrix,
        evidence_in(folder, matrix),
        statements | statements_in(folder),
        matrix_sha256=digest,
        signer=signer,
        now=now or datetime.now(UTC),
        max_age=max_age,
        evidence_links=target.resolve() == folder.resolve(),
    )
    _write(target, files)
    return Derived(folder=target, names=tuple(sorted(files)), signer=signer)


def _unverified(folder: Path, name: str) -> tuple[Matrix, str]:
    try:
        data = read_given(folder / name, LARGEST_MATRIX)
        matrix = unverified_matrix(data)
    except ReportError as error:
        named = error.message if error.message.startswith(str(folder)) else f"{folder / name}: {error.message}"
        raise ReportError(named, error.hint or "Give a report folder, or the matrix.json in one.") from None
    if not matrix.runs:
        raise ReportError("a matrix holds at least one run; this one is empty", "Give the report of a run.")
    return matrix, sha256_hex(data)


def evidence_in(folder: Path, matrix: Matrix) -> dict[str, bytes]:
    """Return the evidence of the latest runs, as far as it is there and is what the matrix refers to."""
    found: dict[str, bytes] = {}
    left = _MOST_EVIDENCE
    for run in latest_runs(matrix):
        for entry in run.results:
            if entry.evidence is None or left <= 0 or not _EVIDENCE.fullmatch(entry.evidence.path):
                continue
            try:
                data = read_file(folder / entry.evidence.path)
            except ReportError:
                continue
            left -= len(data)
            if sha256_hex(data) == entry.evidence.sha256:
                found[entry.evidence.path] = data
    return found


def statements_in(folder: Path) -> dict[str, str]:
    """Return the statements in the catalogue of a report, nothing where there is none to be read."""
    try:
        rows = parse_json(read_file(folder / CATALOGUE_FILE))
        return {str(row["requirement"]): str(row["statement"]) for row in rows}
    except (ReportError, ValueError, LookupError, TypeError):
        return {}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        with staged(folder) as stage:
            stage.write(files)
            if _BADGE not in files:
                # An earlier one would vouch for a matrix that nobody has verified.
                (folder / _BADGE).unlink(missing_ok=True)
            for name in files:
                stage.publish(name)
    except OSError as error:
        raise ReportError(
            f"the files cannot be written to {folder}: {error}", "Give another folder with --out DIR."
        ) from None
