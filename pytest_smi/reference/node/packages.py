"""Loads packages from folders under given names, and computes the digest that stands for an image.

Law: a package is what lies in its folder: no distribution, no sys.path entry.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class PackageFinder:
    """A meta path finder for the top-level packages of `folders` (name -> folder);
    their modules are found by the package's own path."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self.folders = dict(folders)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a package of ours, else None."""
        folder = self.folders.get(fullname)
        if folder is None:
            return None
        return importlib.util.spec_from_file_location(
            fullname, Path(folder) / "__init__.py", submodule_search_locations=[folder]
        )


def install_finder(folders: Mapping[str, str]) -> None:
    """Make the packages importable in this process, before anything of the same name on sys.path."""
    if folders:
        sys.meta_path.insert(0, PackageFinder(folders))


def digest(folders: Iterable[str]) -> str:
    """sha256 (hex) over the names and contents of all source files of the folders, in a fixed order."""
    total = hashlib.sha256()
    for folder in sorted(set(folders)):
        root = Path(folder)
        for file in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            content = file.read_bytes()
            total.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()
