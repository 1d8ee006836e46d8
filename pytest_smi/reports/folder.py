"""Reading the files of a report folder that nobody vouches for yet: no links, no pipes, never more than a bound. Thin I/O."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pytest_smi.errors import VerificationError

__all__ = ["LARGEST_FILE", "hash_file", "list_folder", "read_file", "refusal"]

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes that a file may have which is read whole."""
_AGAIN = "Get the report again from where it was made; do not edit it."
_PIECE = 1024 * 1024


def read_file(directory: Path, name: str, step: int) -> bytes:
    """The bytes of a regular file of at most `LARGEST_FILE` bytes. Raises `VerificationError` that names the step."""
    with _opened(directory, name, step) as file:
        # Asked for no more than there is: a reader makes room for all that it is asked for.
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, LARGEST_FILE) + 1)
    if size > LARGEST_FILE or len(data) > LARGEST_FILE:
        raise refusal(step, f"{name} must have at most {LARGEST_FILE} bytes; it has more")
    return data


def hash_file(directory: Path, name: str, step: int) -> str:
    """The sha256 of a regular file of any size, read in pieces. Raises `VerificationError` that names the step."""
    digest = hashlib.sha256()
    with _opened(directory, name, step) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def list_folder(directory: Path, name: str, step: int, most: int) -> set[str]:
    """The names in a folder (none if it is not there); refused as soon as there are more than `most`."""
    found: set[str] = set()
    try:
        if (directory / name).is_symlink():
            raise refusal(step, f"{name} must be a folder; it is a link")
        with os.scandir(directory / name) as entries:
            for entry in entries:
                found.add(entry.name)
                if len(found) > most:
                    raise refusal(step, f"{name} must hold at most {most} files; extra: {entry.name} or others")
    except FileNotFoundError:
        return set()
    except OSError as problem:
        raise refusal(step, f"{name} cannot be read: {problem.strerror}") from None
    return found


def refusal(step: int, message: str) -> VerificationError:
    """The error of a failed step."""
    return VerificationError(f"step {step}: {message}", _AGAIN)


@contextmanager
def _opened(directory: Path, name: str, step: int) -> Iterator[BinaryIO]:
    try:
        # A link could show one file to us and another to the next reader.
        handle = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise refusal(step, f"{name} must be a regular file; it is not")
            yield file
    except OSError as problem:
        raise refusal(step, f"{name} must be in the report folder; it cannot be read: {problem.strerror}") from None
