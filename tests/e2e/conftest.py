"""The real node, the account with the least rights, and the meshes, for the tests of `make e2e`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.meshes import MESHES
from tests.support.real_cluster import RealCluster, ask_node


@pytest.fixture(scope="session")
def cluster() -> RealCluster:
    """The running node; `python -m tests.cluster up` starts it."""
    return RealCluster.running()


@pytest.fixture(scope="session")
def runner(cluster: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig whose account may do what manifests/rbac.yaml says, and nothing else: every run uses it."""
    return cluster.runner(tmp_path_factory.mktemp("runner"))


@pytest.fixture(autouse=True)
def nothing_is_left(cluster: RealCluster) -> Iterator[None]:
    """Whatever a test does, no namespace of a run stays."""
    yield
    assert cluster.namespaces_of_runs() == []


@pytest.fixture(scope="module")
def traefik_mesh(cluster: RealCluster) -> None:
    """Traefik Mesh with access control, and no other mesh."""
    install_alone("traefik-mesh")


@pytest.fixture(scope="module")
def osm(cluster: RealCluster) -> None:
    """Open Service Mesh without permissive mode and egress, and no other mesh."""
    install_alone("osm")


def install_alone(name: str) -> None:
    """Install a mesh, or bring it back to our manifests, once no other one is there."""
    for other in MESHES:
        if other != name:
            ask_node("mesh-down", other)
    ask_node("mesh-up", name, timeout=3600)
