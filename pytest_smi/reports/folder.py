"""Reading a report folder, once, into a record of everything that verification asks about it. Thin I/O.

Nobody vouches for the files yet: links, pipes and devices are not followed or opened, and nothing is read beyond a
bound. What cannot be read is part of the record; the step of verification that needs it raises `VerificationError`.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pytest_smi.core.files import read_regular
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.reports.layout import (
    BUNDLES_FILE,
    CATALOGUE_FILE,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    MATRIX_FILE,
    SOURCES_FOLDER,
)

__all__ = [
    "LARGEST_FILE",
    "LARGEST_MATRIX",
    "ReportFolder",
    "StoredFile",
    "Unreadable",
    "read_file",
    "read_folder",
    "read_given",
    "readable",
]

T = TypeVar("T")

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes that a file may have which is kept whole."""
LARGEST_MATRIX = 1024 * 1024 * 1024
"""Bytes that a matrix may have which the user names, and which is not verified."""
_MOST_EVIDENCE = 100_000
_MOST_SOURCES = 100_000
_MOST_BESIDE = 1000
_PIECE = 1024 * 1024
_KEPT = (ENVELOPES_FILE, BUNDLES_FILE, MATRIX_FILE, CATALOGUE_FILE)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A regular file.

    `data`: its bytes, or None when they were not kept: evidence, or more than `LARGEST_FILE` bytes.
    """

    digest: str
    size: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that is not there or not to be read; `reason` continues the sentence "NAME …"."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFolder:
    """A report folder as it was when it was read. `names`: of everything in it; `files`: name → file,
    of those at the top that are kept.

    `evidence`: path → file. `source_names`: of the reports within a merged one; `sources` reads them.
    """

    path: Path
    names: frozenset[str] | Unreadable
    files: Mapping[str, StoredFile | Unreadable]
    evidence: Mapping[str, StoredFile | Unreadable] | Unreadable
    source_names: frozenset[str] | Unreadable

    def data(self, name: str) -> bytes:
        """Return the bytes of a kept file.

        Raises `VerificationError` for one that is missing, no regular file, or too large.
        """
        file = self._file(name)
        if file.data is None:
            raise VerificationError(f"{name} must have at most {LARGEST_FILE} bytes; it has {file.size}")
        return file.data

    def digest(self, name: str) -> str:
        """Return the sha256 of a kept file of any size. Raises `VerificationError` for one that cannot be read."""
        return self._file(name).digest

    def sources(self) -> Iterator[tuple[str, "ReportFolder"]]:
        """Read the reports within a merged one, one after the other: together they may not fit into memory."""
        for name in sorted(readable(SOURCES_FOLDER, self.source_names)):
            folder = self.path / SOURCES_FOLDER / name
            if folder.is_symlink():
                raise VerificationError(f"{SOURCES_FOLDER}/{name} must be a folder; it is a link")
            yield name, read_folder(folder)

    def _file(self, name: str) -> StoredFile:
        return readable(name, self.files.get(name, Unreadable("must be in the report folder; it is not")))


def readable(name: str, found: T | Unreadable) -> T:
    """Return what was read. Raises `VerificationError` when it could not be."""
    if isinstance(found, Unreadable):
        raise VerificationError(f"{name} {found.reason}")
    return found


def read_folder(directory: Path) -> ReportFolder:
    """Read a report folder; `directory` itself may be a link, as users name it.

    Raises nothing: problems are in the record.
    """
    evidence = _names(directory / EVIDENCE_FOLDER, _MOST_EVIDENCE)
    return ReportFolder(
        path=directory,
        names=_names(directory, _MOST_BESIDE, link=True),
        files={name: _stored(directory / name, keep=True) for name in _KEPT},
        evidence=evidence
        if isinstance(evidence, Unreadable)
        else {
            f"{EVIDENCE_FOLDER}/{name}": _stored(directory / EVIDENCE_FOLDER / name, keep=False) for name in evidence
        },
        source_names=_names(directory / SOURCES_FOLDER, _MOST_SOURCES),
    )


def read_file(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a regular file that is not ours, never through a link. Raises `ReportError`."""
    return _whole(path, largest, follow=False)


def read_given(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a regular file that the user names, which may be a link to one. Raises `ReportError`."""
    return _whole(path, largest, follow=True)


def _whole(path: Path, largest: int, *, follow: bool) -> bytes:
    try:
        return read_regular(path, largest, follow=follow)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from None


def _stored(path: Path, *, keep: bool) -> StoredFile | Unreadable:
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    try:
        # A link could show one file to us and another to the next reader; without O_NONBLOCK a pipe would hold us for
        # ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Unreadable("must be a regular file; it is not")
            while piece := file.read(_PIECE):
                size += len(piece)
                digest.update(piece)
                if keep and size <= LARGEST_FILE:
                    kept += piece
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Unreadable("must be a regular file; it is a symbolic link")
        return Unreadable(f"cannot be read: {error.strerror}")
    return StoredFile(digest=digest.hexdigest(), size=size, data=bytes(kept) if keep and size <= LARGEST_FILE else None)


def _names(directory: Path, most: int, *, link: bool = False) -> frozenset[str] | Unreadable:
    found: set[str] = set()
    try:
        if directory.is_symlink() and not link:
            return Unreadable("must be a folder; it is a link")
        with os.scandir(directory) as entries:
            for entry in entries:
                found.add(entry.name)
                if len(found) > most:
                    return Unreadable(f"must hold at most {most} files; extra: {entry.name} or others")
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Unreadable("must be a regular file; it is a symbolic link")
        return Unreadable(f"cannot be read: {error.strerror}")
    return frozenset(found)
