"""Runs against a cluster that was there before and stays after: kubeconfigs that do not work, and namespaces that must not stay."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.leftovers import clean, find
from pytest_smi.cluster.objects import Objects
from pytest_smi.embedded import EmbeddedCluster
from pytest_smi.errors import ClusterError, UsageProblem
from tests.support.runs import run_suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedCluster]:
    """An embedded cluster with the reference mesh, standing in for a user's own."""
    running = EmbeddedCluster([])
    yield running
    running.stop()


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
    command = [sys.executable, "-m", "pytest", "--mesh=reference", "-v", "-p", "no:cacheprovider", f"--kubeconfig={cluster.kubeconfig}"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "PASSED" in line:
            break

    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert find(Objects(Connection(cluster.kubeconfig))) == []


def test_kept_namespaces_are_found_and_cleaned(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """`--smi-keep` leaves them for inspection; `pytest-smi clean` removes them and nothing else."""
    run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "unlisted_source", "--smi-keep")
    objects = Objects(Connection(cluster.kubeconfig))
    kept = {namespace["metadata"]["name"] for namespace in find(objects)}

    removed = clean(kubeconfig=cluster.kubeconfig, context=None)

    assert kept
    assert set(removed) == kept
    assert find(objects) == []


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"server": "https://127.0.0.1:1"}, 3, "cannot be reached"),
        ({"token": "expired"}, 3, "refused the credentials"),
    ],
)
def test_cluster_that_cannot_be_used(cluster: EmbeddedCluster, tmp_path: Path, changes: dict[str, str], status: int, message: str) -> None:
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


def test_missing_permission_is_named(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """A refusal by RBAC says what was refused and where the permissions are listed."""
    admin = Objects(Connection(cluster.kubeconfig))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}}
    admin.apply(account)
    path = "/api/v1/namespaces/default/serviceaccounts/nobody/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = admin.connection.request("POST", path, body=body).body["status"]["token"]
    nobody = Objects(Connection(altered(cluster, tmp_path, token=token)))

    with pytest.raises(ClusterError, match=r"forbidden(.|\n)*rbac.yaml"):
        nobody.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
