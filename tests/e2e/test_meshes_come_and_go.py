"""A mesh is installed into a real Kubernetes one at a time, and `mesh-down` leaves the cluster as it was before."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.cluster.meshes import MESHES
from tests.support.real_cluster import ROOT, RealCluster, ask_node

pytestmark = pytest.mark.cluster

CLUSTER_WIDE = (
    "customresourcedefinitions",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "clusterroles",
    "clusterrolebindings",
    "apiservices",
    "priorityclasses",
    "namespaces",
)
IN_KUBE_SYSTEM = (
    "roles",
    "rolebindings",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "services",
    "deployments",
    "daemonsets",
)


def everything(cluster: RealCluster) -> dict[str, Any]:
    """The names of all that a mesh could leave behind, and what the name server is told."""
    found: dict[str, Any] = {kind: names(cluster.get(kind)) for kind in CLUSTER_WIDE}
    found |= {f"kube-system {kind}": names(cluster.get(kind, "-n", "kube-system")) for kind in IN_KUBE_SYSTEM}
    found["Corefile"] = json.loads(cluster.kubectl("get", "configmap/coredns", "-n", "kube-system", "-o", "json"))[
        "data"
    ]
    return found


def names(objects: list[dict[str, Any]]) -> list[str]:
    return sorted(each["metadata"]["name"] for each in objects)


@pytest.mark.parametrize("name", MESHES)
def test_mesh_leaves_nothing(name: str, cluster: RealCluster) -> None:
    """Kinds, webhooks, rights, namespaces and the name server's file are as before; no other `mesh-down` touches it."""
    for each in MESHES:
        ask_node("mesh-down", each)
    before = everything(cluster)
    deployment, namespace = MESHES[name].control

    ask_node("mesh-up", name, timeout=3600)
    during = everything(cluster)
    refused = [mesh_up(other) for other in MESHES if other != name]
    for other in MESHES.keys() - {name}:
        ask_node("mesh-down", other)
    untouched = everything(cluster)
    ask_node("mesh-down", name)

    assert everything(cluster) == before
    assert namespace in during["namespaces"]
    assert "traffictargets.access.smi-spec.io" in during["customresourcedefinitions"]
    assert refused
    assert all(done.returncode == 1 and f"mesh-down {name}" in done.stderr for done in refused), refused
    assert untouched == during
    assert deployment not in names(cluster.get("deployments", "-A"))


def mesh_up(name: str) -> subprocess.CompletedProcess[str]:
    """`mesh-up` as a person types it."""
    command = [sys.executable, "-m", "tests.cluster", "mesh-up", name]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
