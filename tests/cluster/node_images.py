"""The images that every node needs: the pause image that holds a pod's namespaces, and CoreDNS. Both are one static program."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.cluster import binaries, images
from tests.cluster.binaries import Binaries
from tests.cluster.components import PAUSE_IMAGE


def coredns_image() -> str:
    """Return the name of CoreDNS's image; meshes read the version in its tag."""
    return f"coredns/coredns:{binaries.coredns_version().removeprefix('v')}"


def archives(programs: Binaries) -> list[Path]:
    """Return the archives, written beside their programs in the cache unless they are there."""
    return [_archive(programs.pause, PAUSE_IMAGE), _archive(programs.coredns, coredns_image())]


def _archive(program: Path, reference: str) -> Path:
    archive = program.with_suffix(".tar")
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=program.parent) as root:
            shutil.copy2(program, root)
            images.write_archive(archive, reference=reference, root=Path(root), entrypoint=[f"/{program.name}"])
    return archive
