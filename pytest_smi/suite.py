"""What this suite is: name, version, and a digest over every file that decides a verdict."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pytest_smi import __version__
from pytest_smi._bundle import bundled
from pytest_smi.matrix import Suite


def this_suite() -> Suite:
    """Return the suite's record. The digest covers package, assertions and sample application, by relative path and bytes."""
    digest = hashlib.sha256()
    folders = {"pytest_smi": Path(__file__).parent, "conformance": bundled("conformance"), "sample_app": bundled("sample_app")}
    for name, folder in folders.items():
        nested = [other for other in folders.values() if other != folder and folder in other.parents]
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".yaml", ".json") and not any(other in path.parents for other in nested):
                digest.update(f"{name}/{path.relative_to(folder).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return Suite(name="pytest-smi", version=__version__, digest=digest.hexdigest())
