"""Loading the matrix of a report: verified when there are keys, else as it lies there, for comparisons that the user answers for."""

from collections.abc import Sequence
from pathlib import Path

from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.statement import MATRIX_FILE

__all__ = ["load_matrix"]


def load_matrix(path: Path, keys: Sequence[PublicKey] = (), threshold: int = 1) -> Matrix:
    """The matrix of a report folder, or of a matrix.json. With keys the folder is verified; incomplete runs are let pass.

    Raises `VerificationError`, or `ReportError` when there is no matrix to read.
    """
    file = path / MATRIX_FILE if path.is_dir() else path
    if keys:
        return verify_report(file.parent, keys, threshold=threshold, policy=Policy(complete=False)).matrix
    try:
        return Matrix.from_bytes(file.read_bytes())
    except OSError as problem:
        raise ReportError(f"{file} cannot be read: {problem.strerror}", "Give a report folder, or the matrix.json in one.") from None
