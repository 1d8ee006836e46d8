"""The one writer of files into a report folder: each is complete on the disk before it appears under its name.
Thin I/O.

Files are written into a folder beside their place, whose name tells every later writer that it is a leftover of ours,
and renamed from there. The caller decides the order in which they appear.
"""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Stage", "check_folder", "folder_beside", "leftovers", "replace_files", "staged", "sync", "write_file"]

_PREFIX = ".smi-staging-"


class Stage:
    """Files on their way into `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.folder = directory / f"{_PREFIX}{secrets.token_hex(8)}"

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write the files, name in `directory` → bytes; none of them appears yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_file(self.folder / name, data)

    def publish(self, name: str, *, keep: bool = False) -> None:
        """Let a file appear under its name, in place of any other. `keep`: a copy stays in the stage."""
        source = self.folder / name
        if keep:
            source = self.folder / f"{name}.last"
            write_file(source, (self.folder / name).read_bytes())
        os.replace(source, self.directory / name)

    def discard(self) -> None:
        """Remove what has not appeared."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """Give a stage for `directory`, and discard at the end what did not appear."""
    stage = Stage(directory)
    try:
        yield stage
    finally:
        stage.discard()


@contextmanager
def folder_beside(out: Path) -> Iterator[Path]:
    """Give a new folder beside `out` that takes its place at the end, in place of an earlier one; after an error it is
    removed, and `out` is as it was. Raises `OSError`."""
    stage = out.absolute().parent / f"{_PREFIX}{secrets.token_hex(8)}"
    old = stage.with_name(f"{stage.name}-old")
    try:
        stage.mkdir(parents=True)
        yield stage
        if out.exists():
            os.replace(out, old)
        try:
            os.replace(stage, out)
        except OSError:
            if old.exists():
                os.replace(old, out)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def replace_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files (name → bytes) into a folder, made if need be; none appears before all are written.

    Raises `OSError`.
    """
    with staged(directory) as stage:
        stage.write(files)
        for name in files:
            stage.publish(name)


def leftovers(directory: Path) -> list[Path]:
    """Return the stages that interrupted writers left in a folder."""
    return sorted(directory.glob(f"{_PREFIX}*"))


def check_folder(folder: Path) -> None:
    """Raise `OSError` unless a file can be made in the folder."""
    # Trying is the only honest test: mode bits say little about read-only mounts, quotas and root.
    probe = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    probe.unlink()


def write_file(path: Path, data: bytes) -> None:
    """Write a file that all may read, through to the disk, with the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(*folders: Path) -> None:
    """Write the entries of folders through to the disk."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
