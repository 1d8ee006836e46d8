"""Put images into the node's containerd, which can fetch none."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import namespaces
from tests.cluster.layout import Layout


def import_image(archive: Path, layout: Layout | None = None) -> None:
    """Import a docker-archive so that pods can use its image by name (imagePullPolicy IfNotPresent or Never);
    raises ClusterProblem."""
    _ctr(layout or Layout.find(), "images", "import", str(archive.absolute()))


def images(layout: Layout | None = None) -> list[str]:
    """Return the full names of the images that pods can use, such as `docker.io/coredns/coredns:1.12.4`."""
    return _ctr(layout or Layout.find(), "images", "list", "--quiet").split()


def _ctr(layout: Layout, *words: str) -> str:
    return namespaces.run(
        layout, ["ctr", f"--address={layout.containerd_socket}", "--namespace=k8s.io", *words], seconds=180
    )
