"""Tests of reading files that are not ours."""

import os
from pathlib import Path

import pytest

from pytest_smi.core.files import read_regular


def test_regular_files(tmp_path: Path) -> None:
    """A file up to the bound, and a link to one where links may be followed."""
    (tmp_path / "f").write_bytes(b"12345")
    (tmp_path / "l").symlink_to(tmp_path / "f")
    assert read_regular(tmp_path / "f", 5) == b"12345"
    assert read_regular(tmp_path / "l", 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_regular(tmp_path / "f", 4)
    with pytest.raises(OSError, match="it is a symbolic link"):
        read_regular(tmp_path / "l", 5, follow=False)


def test_what_has_no_end(tmp_path: Path) -> None:
    """A pipe without a writer, a device and a folder are errors at once."""
    os.mkfifo(tmp_path / "p")
    for path in (tmp_path / "p", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match=r"regular file|directory"):
            read_regular(path, 5)
