"""Meshes come one at a time, and go without a trace: what is decided without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_smi.profiles.load import load_profile
from tests.cluster import meshes, namespaces, node
from tests.cluster.kubectl import Kubectl, Object
from tests.cluster.layout import Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.traefik_mesh.mesh import without_blocks

COREFILE = """.:53 {
    kubernetes cluster.local
}
"""
BLOCK = """#### Begin Traefik Mesh Block
traefik.mesh:53 {
    rewrite stop { }
}
#### End Traefik Mesh Block
"""


class Cluster(Kubectl):
    """A cluster of which only the names of its deployments are known; whatever else is asked of it fails."""

    def __init__(self, *deployments: tuple[str, str]) -> None:
        self._deployments = deployments

    def get(self, name: str, namespace: str = "default") -> Object | None:
        return {"kind": "Deployment"} if (name.removeprefix("deployment/"), namespace) in self._deployments else None

    def run(self, *words: str, text: str | None = None) -> str:
        raise AssertionError(f"not expected: {words}")


@pytest.mark.parametrize("name", meshes.MESHES)
def test_mesh_has_a_profile_of_its_name(name: str) -> None:
    """The suite is run with `--mesh` and the name that `mesh-up` takes,
    and detects the control plane that it installs."""
    profile = load_profile(name).mesh
    deployment, namespace = meshes.MESHES[name].control
    assert namespace == profile.namespace
    assert f"deployment/{deployment}" in profile.detect


def test_installed_meshes_are_known_by_their_control_planes() -> None:
    """A deployment of that name in another namespace is somebody else's."""
    assert meshes.installed(Cluster()) == []
    assert meshes.installed(Cluster(("osm-controller", "osm-system"), ("traefik-mesh-controller", "default"))) == [
        "osm"
    ]


def test_second_mesh_is_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two meshes would break each other's kinds; the error says how to go on."""
    monkeypatch.setattr(meshes, "Kubectl", lambda _: Cluster(("osm-controller", "osm-system")))
    with pytest.raises(ClusterProblem, match=r"Open Service Mesh is installed.*mesh-down osm"):
        meshes.up("traefik-mesh", Layout(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_block_of_traefik_mesh_is_taken_out_of_the_corefile() -> None:
    """What was before and after it stays, whatever is in it; a file without one is unchanged."""
    assert without_blocks(COREFILE + BLOCK) == COREFILE
    assert without_blocks(f"{COREFILE}\n{BLOCK.replace('Traefik Mesh', 'Maesh')}\n{BLOCK}") == COREFILE
    assert (
        without_blocks(COREFILE + BLOCK.replace("Traefik Mesh", "Maesh") + BLOCK + "example.org {\n}\n")
        == COREFILE + "example.org {\n}\n"
    )
    assert without_blocks(COREFILE) == COREFILE


def test_running_node_is_found_from_any_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A node is known by its folder: it runs for everybody who names that, and for nobody else."""
    here, other = Layout(folder=tmp_path / "here"), Layout(folder=tmp_path / "other")
    command = ["python3", "/somewhere/else/tests/cluster/first_process.py", str(here.node), "/a", "/b"]
    monkeypatch.setattr(namespaces, "_commands", lambda: iter([(6, ["unshare", "--fork", *command]), (7, command)]))
    here.node.mkdir(parents=True)
    here.kubeconfig.touch()
    assert namespaces.first_process(here) == 7
    assert namespaces.strangers() == [str(here.node)]
    assert node.kubeconfig(here) == here.kubeconfig
    assert namespaces.first_process(other) is None
    with pytest.raises(ClusterProblem, match="not running"):
        node.kubeconfig(other)


def test_folder_is_the_same_by_every_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A node that was started by way of a link is found without it, and the other way round."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setattr("tests.cluster.layout._LONGEST", 1000)
    found = []
    for name in ("real", "link"):
        monkeypatch.setenv("SMI_CLUSTER_DIR", str(tmp_path / name))
        found.append(Layout.find())
    assert found[0] == found[1]
