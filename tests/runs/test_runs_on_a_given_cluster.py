"""Runs against a cluster that was there before and stays after: kubeconfigs that do not work,
and namespaces that must not stay."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.core.resources import bundled
from pytest_smi.errors import ClusterError, UsageProblem
from pytest_smi.testbed.cleanup import clean, find
from tests.support.runs import run_suite

pytestmark = pytest.mark.slow


def altered(cluster: EmbeddedCluster, tmp_path: Path, **changes: str) -> Path:
    """The cluster's kubeconfig with another server or token."""
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    if "server" in changes:
        document["clusters"][0]["cluster"]["server"] = changes["server"]
    if "token" in changes:
        document["users"][0]["user"] = {"token": changes["token"]}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


def test_run_passes_and_leaves_no_namespace(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """What was created is gone afterwards, and nothing else is."""
    objects = Objects(Connection(cluster.kubeconfig))
    before = {namespace["metadata"]["name"] for namespace in objects.list("v1", "namespaces")}

    run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "unlisted_source or ninety_ten", "-n", "2")

    assert run.requirements("passed") == {"TA-06", "SP-01"}, run.output[-3000:]
    assert {namespace["metadata"]["name"] for namespace in objects.list("v1", "namespaces")} == before


def test_interrupted_run_leaves_no_namespace(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Ctrl-C in the middle of an assertion deletes what was created."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--mesh=reference",
        "-v",
        "-p",
        "no:cacheprovider",
        f"--kubeconfig={cluster.kubeconfig}",
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "PASSED" in line:
            break

    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert find(Objects(Connection(cluster.kubeconfig))) == []


def test_kept_namespaces_are_found_and_cleaned(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """`--smi-keep` leaves them for inspection and says which and how to look;
    `pytest-smi clean` removes them and nothing else."""
    run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "unlisted_source", "--smi-keep")
    objects = Objects(Connection(cluster.kubeconfig))
    kept = {namespace["metadata"]["name"] for namespace in find(objects)}

    removed = clean(kubeconfig=cluster.kubeconfig, context=None)

    assert kept
    (told,) = [line for line in run.output.splitlines() if line.startswith("Kept ")]
    assert set(told.removeprefix("Kept ").strip().split(", ")) == kept
    assert f"kubectl --kubeconfig={cluster.kubeconfig} get pods,services,events -n smi-" in run.output
    assert set(removed) == kept
    assert find(objects) == []


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"server": "https://127.0.0.1:1"}, 3, "cannot be reached"),
        ({"token": "expired"}, 3, "refused the credentials"),
    ],
)
def test_cluster_that_cannot_be_used(
    cluster: EmbeddedCluster, tmp_path: Path, changes: dict[str, str], status: int, message: str
) -> None:
    """One message with the remedy, status 3, nothing left behind."""
    run = run_suite(tmp_path, f"--kubeconfig={altered(cluster, tmp_path, **changes)}")

    assert run.status == status, run.output
    assert message in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize("content", [None, "not: [yaml", "{}"])
def test_kubeconfig_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    """A missing, broken or empty file is a usage error that names it."""
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)

    with pytest.raises(UsageProblem, match="config"):
        Connection(path)


def test_unknown_context_is_a_usage_error(cluster: EmbeddedCluster) -> None:
    """`--mesh NAME@CONTEXT` with a context that the kubeconfig does not have."""
    with pytest.raises(UsageProblem, match="nowhere"):
        Connection(cluster.kubeconfig, "nowhere")


def token_of(cluster: EmbeddedCluster, namespace: str, account: str) -> str:
    """A token of a ServiceAccount."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    return str(Connection(cluster.kubeconfig).request("POST", path, body=body).body["status"]["token"])


def test_least_privilege_is_enough(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """A run with the permissions of manifests/rbac.yaml and no others does everything,
    TrafficMetrics and clean-up included."""
    admin = Connection(cluster.kubeconfig)
    for document in yaml.safe_load_all((bundled("manifests") / "rbac.yaml").read_text()):
        group = document["apiVersion"]
        plural = document["kind"].lower() + "s"
        namespace = document["metadata"].get("namespace")
        assert admin.request("POST", collection(group, plural, namespace), body=document).ok
    kubeconfig = altered(cluster, tmp_path, token=token_of(cluster, "pytest-smi", "runner"))

    run = run_suite(
        tmp_path,
        f"--kubeconfig={kubeconfig}",
        "-k",
        "unlisted_source or ninety_ten or misconfigured or traffic_metrics",
        "-n",
        "2",
    )

    assert run.requirements("failed", "errored") == set(), run.output[-4000:]
    assert run.requirements("passed") >= {"TA-06", "SP-01", "SP-31", "TM-01", "TM-55"}
    assert find(Objects(admin)) == []


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
def test_sample_application_runs_from_its_manifests(cluster: EmbeddedCluster) -> None:
    """`kubectl apply` of the shipped manifests gives a server and a client that talk."""

    def kubectl(*arguments: str, stdin: str = "") -> str:
        command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "-n", "by-hand", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, timeout=60).stdout

    kubectl("create", "namespace", "by-hand")
    kubectl("apply", "-f", str(bundled("manifests") / "sample-app" / "server.yaml"))
    kubectl("apply", "-f", str(bundled("manifests") / "sample-app" / "client.yaml"))
    deployments = json.loads(kubectl("get", "deployments", "-o", "json"))["items"]
    for deployment in deployments:
        kubectl("rollout", "status", f"deployment/{deployment['metadata']['name']}", "--timeout=30s")
    (service,) = [item["metadata"]["name"] for item in json.loads(kubectl("get", "services", "-o", "json"))["items"]]
    plan = {
        "op": "probe",
        "id": "1",
        "kind": "http",
        "host": f"{service}.by-hand",
        "port": 8080,
        "repeat": 3,
        "nonce": "hand",
    }

    client = next(d["metadata"]["name"] for d in deployments if d["metadata"]["name"] != service)
    lines = kubectl(
        "exec", "-i", f"deployment/{client}", "--", "sample-app", "prober", stdin=json.dumps(plan) + "\n"
    ).splitlines()

    assert json.loads(lines[0])["ready"] is True
    assert [result["echo"] for result in json.loads(lines[1])["results"]] == [True, True, True]


def test_missing_permission_is_named(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """A refusal by RBAC says what was refused and where the permissions are listed."""
    admin = Objects(Connection(cluster.kubeconfig))
    admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}})
    nobody = Objects(Connection(altered(cluster, tmp_path, token=token_of(cluster, "default", "nobody"))))

    with pytest.raises(ClusterError, match=r"forbidden(.|\n)*rbac.yaml"):
        nobody.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
