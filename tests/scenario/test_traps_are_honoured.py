"""What a profile says about Services, addresses, splits and nodes is what happens in the cluster."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects
from pytest_smi.profiles.load import known_profiles
from pytest_smi.testbed.cleanup import clean
from tests.support.runs import FinishedRun, report_of, run_suite

pytestmark = pytest.mark.slow

TRAPS: dict[str, Any] = {
    "name": "trapped",
    "provider": "cluster",
    "addressing": {"host": "{service}.{namespace}.svc.cluster.local", "outsideHost": "{service}.{namespace}.svc"},
    "services": {"separate": True, "annotations": {"tcp": {"acme.example/type": "tcp"}}},
    "splits": {"idleBefore": 0.3, "freshClient": True},
}
ASSERTIONS = "TA-02 or TA-22 or TA-48 or TA-55 or SP-01 or SP-14 or SP-36"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The profile of the reference mesh with every trap set."""
    document = yaml.safe_load(known_profiles()["reference"].read_text())
    path = tmp_path / "trapped.yaml"
    path.write_text(yaml.safe_dump(document | TRAPS))
    return path


def evidence(tmp_path: Path, requirement: str) -> dict[str, Any]:
    """The evidence of one requirement."""
    (path,) = (report_of(tmp_path) / "evidence").glob(f"{requirement}*.json")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def services(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The Services that were applied, by name."""
    return {item["metadata"]["name"]: item for item in document["manifests"] if item["kind"] == "Service"}


def test_traps_change_the_way_and_not_the_verdicts(cluster: EmbeddedCluster, profile: Path, tmp_path: Path) -> None:
    """With separate Services, names for outsiders, idle waits and clients of their own,
    a right mesh passes the same assertions."""
    run = run_suite(
        tmp_path,
        f"--kubeconfig={cluster.kubeconfig}",
        f"--mesh-profile={profile}",
        "-k",
        ASSERTIONS,
        "-n",
        "2",
        mesh="trapped",
    )

    assert run.requirements("passed") == set(ASSERTIONS.split(" or ")), run.output[-4000:]
    tcp = evidence(tmp_path, "TA-48")
    separate = services(tcp)
    (root,) = [name for name in separate if name.endswith("-tcp")]
    assert {name.removeprefix(root.removesuffix("-tcp")) for name in separate} == {"", "-tcp", "-udp"}
    assert separate[root]["metadata"]["annotations"] == {"acme.example/type": "tcp"}
    assert f"TCP {root}." in json.dumps(tcp["timeline"])
    assert ".svc:8080" in json.dumps(evidence(tmp_path, "TA-22")["timeline"])
    assert '"idle_between": 0.3' in json.dumps(evidence(tmp_path, "SP-01")["timeline"])


def kept(cluster: EmbeddedCluster, kind: str, plural: str) -> list[dict[str, Any]]:
    """Objects in the namespaces of runs."""
    found = Objects(Connection(cluster.kubeconfig)).list("apps/v1" if kind == "Deployment" else "v1", plural)
    return [item for item in found if item["metadata"]["namespace"].startswith("smi-t")]


@pytest.fixture
def cleaned(cluster: EmbeddedCluster) -> Iterator[None]:
    """Take away what a run was told to keep."""
    yield
    clean(kubeconfig=cluster.kubeconfig, context=None)


@pytest.mark.usefixtures("cleaned")
def test_scenario_with_a_split_has_clients_of_its_own(cluster: EmbeddedCluster, profile: Path, tmp_path: Path) -> None:
    """The client's Deployment bears the scenario's tag; its identity is the ordinary account."""
    run = run_suite(
        tmp_path,
        f"--kubeconfig={cluster.kubeconfig}",
        f"--mesh-profile={profile}",
        "-k",
        "SP-05",
        "--smi-keep",
        mesh="trapped",
    )

    assert run.requirements("passed") == {"SP-05"}, run.output[-3000:]
    clients = [
        item for item in kept(cluster, "Deployment", "deployments") if item["metadata"]["name"].startswith("cli-a-")
    ]
    assert [item["spec"]["template"]["spec"]["serviceAccountName"] for item in clients] == ["a"]


@pytest.mark.usefixtures("cleaned")
def test_pods_go_where_they_are_told(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Node selector, toleration and pull secret stand in every pod, the matrix tells the former two,
    and nothing tells the credentials."""
    config = tmp_path / "config.json"
    entries = {
        "https://index.docker.io/v1/": {"auth": "bWluZTpzZWNyZXQ="},
        "other.example": {"auth": "b3RoZXI6c2VjcmV0"},
    }
    config.write_text(json.dumps({"auths": entries}))
    node = Objects(Connection(cluster.kubeconfig)).list("v1", "nodes")[0]["metadata"]["labels"]["kubernetes.io/os"]

    run = run_suite(
        tmp_path,
        f"--kubeconfig={cluster.kubeconfig}",
        f"--smi-node-selector=kubernetes.io/os={node}",
        "--smi-toleration=dedicated=smi:NoSchedule",
        f"--smi-pull-secret={config}",
        *("-k", "TA-06", "--smi-keep", "-n", "1"),
    )

    assert run.requirements("passed") == {"TA-06"}, run.output[-3000:]
    check_placement(run, cluster, node)
    report = "".join(path.read_text() for path in report_of(tmp_path).rglob("*.json"))
    assert "bWluZTpzZWNyZXQ" not in report + run.output


def check_placement(run: FinishedRun, cluster: EmbeddedCluster, node: str) -> None:
    """Pods, Secret and matrix say what was asked for."""
    toleration = {"key": "dedicated", "operator": "Equal", "value": "smi", "effect": "NoSchedule"}
    for item in kept(cluster, "Deployment", "deployments"):
        spec = item["spec"]["template"]["spec"]
        assert spec["nodeSelector"] == {"kubernetes.io/os": node}
        assert spec["tolerations"] == [toleration]
        assert spec["imagePullSecrets"] == [{"name": "smi-pull"}]
    secrets = [item for item in kept(cluster, "Secret", "secrets") if item["metadata"]["name"] == "smi-pull"]
    assert secrets
    for secret in secrets:
        assert secret["type"] == "kubernetes.io/dockerconfigjson"
        assert list(json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]) == [
            "https://index.docker.io/v1/"
        ]
    assert run.matrix is not None
    options = run.matrix["runs"][0]["options"]
    assert options["nodeSelector"] == {"kubernetes.io/os": node}
    assert options["tolerations"] == [toleration]
    assert "smi-pull" not in json.dumps(run.matrix)
