"""The real node, the account with the least rights, and Traefik Mesh, for the tests of `make e2e`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def traefik_mesh(cluster: RealCluster) -> None:
    """Traefik Mesh with access control, installed by the manifests of tests/cluster/traefik_mesh."""
    ask_node("mesh-up", "traefik-mesh")
