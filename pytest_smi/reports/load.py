"""The matrix of a report folder or file that the user names: verified when there are keys, else as it is. Thin I/O."""

from collections.abc import Sequence
from pathlib import Path

from pytest_smi.core.canonical import parse_json
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports import consistency
from pytest_smi.reports.folder import LARGEST_MATRIX, read_given
from pytest_smi.reports.layout import MATRIX_FILE
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.keys import PublicKey

__all__ = ["load_matrix", "unverified_matrix"]


def load_matrix(path: Path, keys: Sequence[PublicKey] = (), threshold: int = 1) -> Matrix:
    """Return the matrix of a report folder, or of a matrix.json: verified when there are keys,
    incomplete runs let pass; else as it is.

    Raises `VerificationError`, or `ReportError` when there is no matrix to read; the message names the file.
    """
    file = path / MATRIX_FILE if path.is_dir() else path
    try:
        if keys:
            if file.name != MATRIX_FILE:
                raise ReportError(
                    f"only a whole report can be verified; {file} is not the {MATRIX_FILE} of one", "Give its folder."
                )
            return verify_report(file.parent, keys, threshold=threshold, policy=Policy(complete=False)).matrix
        return unverified_matrix(read_given(file, LARGEST_MATRIX))
    except VerificationError as error:
        raise VerificationError(f"{path}: {error.message}", error.hint, step=error.step) from None
    except ReportError as error:
        named = error.message if error.message.startswith(str(file)) else f"{file}: {error.message}"
        raise ReportError(named, error.hint or "Give a report folder, or the matrix.json in one.") from None


def unverified_matrix(data: bytes) -> Matrix:
    """Return the matrix in these bytes, for which nobody vouches. Raises `ReportError`."""
    try:
        document = parse_json(data)
    except ValueError as error:
        raise ReportError(
            f"a matrix must be JSON: {error}", "Give a report folder, or the matrix.json in one."
        ) from None
    consistency.refuse_newer(document)
    return Matrix.from_json(document)
