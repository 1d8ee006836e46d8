"""The images that every node needs: the pause image that holds a pod's namespaces, and CoreDNS.
Both are one static program."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import binaries, program_images
from tests.cluster.binaries import Binaries
from tests.cluster.components import PAUSE_IMAGE


def coredns_image() -> str:
    """Return the name of CoreDNS's image; meshes read the version in its tag."""
    return f"coredns/coredns:{binaries.coredns_version().removeprefix('v')}"


def archives(programs: Binaries) -> list[Path]:
    """Return the archives, written beside their programs in the cache unless they are there."""
    return [program_images.write(programs.pause, PAUSE_IMAGE), program_images.write(programs.coredns, coredns_image())]
