"""The service meshes that the node can have, one at a time: what each says of itself,
and how one is installed and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tests.cluster.containerd import import_image
from tests.cluster.kubectl import Kubectl
from tests.cluster.layout import Layout
from tests.cluster.osm.mesh import OpenServiceMesh
from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step
from tests.cluster.traefik_mesh.mesh import TraefikMesh


class Mesh(Protocol):
    """What `mesh-up` and `mesh-down` know of a mesh."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def control(self) -> tuple[str, str]:
        """(deployment, namespace) of its control plane, which is there while the mesh is installed."""

    @property
    def version(self) -> str:
        """What is pinned, in words."""

    def archives(self, cache: Path) -> list[Path]:
        """Return its images, building those that `cache` has not; raises ClusterProblem."""

    def install(self, kubectl: Kubectl) -> None:
        """Create everything, or make it as our manifests have it, and return when the mesh serves;
        the images are there."""

    def remove(self, kubectl: Kubectl) -> None:
        """Remove everything that the mesh made or changed, from whatever state it is in; builds nothing."""


MESHES: dict[str, Mesh] = {"traefik-mesh": TraefikMesh(), "osm": OpenServiceMesh()}
"""By the name of the mesh's profile."""


def up(name: str, layout: Layout) -> str:
    """Install the mesh (again) and wait until it serves; returns its version in words. Raises ClusterProblem."""
    mesh, kubectl = MESHES[name], Kubectl(layout)
    for other in installed(kubectl):
        if other != name:
            raise ClusterProblem(
                f"{MESHES[other].title} is installed, and two meshes break each other's kinds: "
                f"remove it with `python -m tests.cluster mesh-down {other}`"
            )
    archives = mesh.archives(layout.cache)
    with step(f"{mesh.title}: importing images"):
        for archive in archives:
            import_image(archive, layout)
    mesh.install(kubectl)
    return mesh.version


def down(name: str, layout: Layout) -> None:
    """Remove the mesh with all that it changed; does nothing to a cluster without it. Raises ClusterProblem."""
    mesh = MESHES[name]
    with step(f"{mesh.title}: removing"):
        mesh.remove(Kubectl(layout))


def installed(kubectl: Kubectl) -> list[str]:
    """Return the names of the meshes whose control plane is in the cluster."""
    return [
        name
        for name, mesh in MESHES.items()
        if kubectl.get(f"deployment/{mesh.control[0]}", mesh.control[1]) is not None
    ]
