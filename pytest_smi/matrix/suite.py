"""What this suite is: name, version, digests over the files that decide a verdict, the wheel it came in,
and its catalogue."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from pytest_smi import __version__
from pytest_smi.core.canonical import canonical_bytes, sha256_hex
from pytest_smi.core.catalogue import Assertion
from pytest_smi.core.informative import INFORMATIVE, with_informative
from pytest_smi.core.resources import bundled
from pytest_smi.core.terms import Level
from pytest_smi.matrix.matrix import Catalogue, Suite
from pytest_smi.matrix.provenance_record import DIGEST

# What installers add to a RECORD; the rest came with the wheel.
_INSTALLED = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json")


def this_suite() -> Suite:
    """Return the suite's record.

    The digest covers package, assertions and sample application, by relative path and bytes.
    """
    digest = hashlib.sha256()
    folders = {
        "pytest_smi": Path(__file__).parents[1],
        "conformance": bundled("conformance"),
        "sample_app": bundled("sample_app"),
    }
    for name, folder in folders.items():
        nested = [other for other in folders.values() if other != folder and folder in other.parents]
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".yaml", ".json") and not any(other in path.parents for other in nested):
                digest.update(f"{name}/{path.relative_to(folder).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    try:
        installed: Distribution | None = distribution("pytest-smi")
    except PackageNotFoundError:
        installed = None
    direct = installed.read_text("direct_url.json") if installed else None
    record = installed.read_text("RECORD") if installed else None
    return Suite(
        name="pytest-smi",
        version=__version__,
        digest=digest.hexdigest(),
        wheel=wheel_digest(direct),
        record=record_digest(record, direct),
    )


def catalogue_bytes(assertions: Iterable[Assertion]) -> bytes:
    """Return the bytes of catalogue.json: every requirement with its statement and its place in the specification,
    those that no black box can decide included."""
    return canonical_bytes([record.to_json() for record in with_informative(assertions)])


def catalogue_of(assertions: Iterable[Assertion]) -> Catalogue:
    """Return what a matrix says of a catalogue: its requirements, and the digest of its canonical JSON."""
    listed = list(assertions)
    return Catalogue(
        digest=sha256_hex(catalogue_bytes(listed)),
        requirements={record.requirement: Level(record.level) for record in listed},
        informative={record.requirement: record.reason for record in INFORMATIVE},
    )


def wheel_digest(direct_url: str | None) -> str | None:
    """Return the sha256 of the wheel as the installer noted it in `direct_url.json` (PEP 610), or None. Pure."""
    try:
        archive = json.loads(direct_url or "{}").get("archive_info", {})
        digest = archive.get("hashes", {}).get("sha256") or str(archive.get("hash", "")).removeprefix("sha256=")
    except (ValueError, AttributeError):
        return None
    return digest if isinstance(digest, str) and re.fullmatch(DIGEST, digest) else None


def record_digest(record: str | None, direct_url: str | None = None) -> str | None:
    """Return the sha256 over the sorted lines of an installation's RECORD that came with the wheel; None for a
    checkout.

    Pure.
    """
    if record is None or '"editable": true' in (direct_url or ""):
        return None
    lines = sorted(line for line in record.splitlines() if line and _came_with_the_wheel(line.split(",")[0]))
    return sha256_hex("\n".join(lines).encode()) if lines else None


def _came_with_the_wheel(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not path.startswith("..") and not path.endswith(".pyc") and name not in _INSTALLED
