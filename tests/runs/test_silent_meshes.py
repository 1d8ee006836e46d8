"""Meshes that claim nothing, and the null mesh, on a cluster without a mesh."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.core.catalogue import load
from tests.support.runs import run_suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare() -> Iterator[EmbeddedCluster]:
    """An embedded cluster without a mesh, from which the definitions of SMI are taken as well."""
    running = EmbeddedCluster(["--no-mesh"])
    connection = Connection(running.kubeconfig)
    definitions = collection("apiextensions.k8s.io/v1", "customresourcedefinitions")
    for item in connection.request("GET", definitions).body["items"]:
        assert connection.request("DELETE", f"{definitions}/{item['metadata']['name']}").ok
    yield running
    running.stop()


def namespaces(cluster: EmbeddedCluster) -> set[str]:
    """Names of all namespaces."""
    return {item["metadata"]["name"] for item in Objects(Connection(cluster.kubeconfig)).list("v1", "namespaces")}


def deployed(cluster: EmbeddedCluster) -> list[str]:
    """Every namespace event: what a run created, even when it was deleted again."""
    events = Objects(Connection(cluster.kubeconfig)).list("v1", "events")
    return [event["metadata"]["namespace"] for event in events if event["metadata"]["namespace"].startswith("smi-")]


def test_nothing_claimed_and_nothing_served_gives_a_whole_matrix(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """Every requirement is unsupported with the reason, nothing is deployed, it is not conformant,
    and the status is 3."""
    before = namespaces(bare)

    run = run_suite(tmp_path, f"--kubeconfig={bare.kubeconfig}", mesh="tanzu", timeout=60)

    assert run.status == 3, run.output
    assert "nothing was tested on tanzu: the mesh claims no SMI" in run.output
    assert run.requirements("unsupported") == {record.requirement for record in load()}
    assert run.matrix is not None
    (found,) = run.matrix["runs"]
    assert found["conformant"] is False
    assert {api["capability"] for api in found["apis"].values()} == {"not claimed"}
    assert (namespaces(bare), deployed(bare)) == (before, [])


def test_null_mesh_needs_the_definitions(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """A mesh that claims something of which nothing is served stops before the run:
    something is missing from the cluster."""
    run = run_suite(tmp_path, f"--kubeconfig={bare.kubeconfig}", mesh="none", timeout=60)

    assert run.status == 3, run.output
    assert "nothing can be tested" in run.output
    assert run.matrix is None


def test_reason_says_why_the_mesh_claims_nothing(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """A reader of the matrix learns it there, not in the profile."""
    run = run_suite(tmp_path, f"--kubeconfig={bare.kubeconfig}", "-k", "TA-06", mesh="tanzu")

    (result,) = run.results
    assert "claims no SMI (no SMI documentation or code" in result["reason"]
    assert "does not serve access.smi-spec.io" in result["reason"]


def test_mesh_that_claims_nothing_is_held_to_what_is_served(tmp_path: Path) -> None:
    """On a cluster that serves SMI all the same, its requirements are tested."""
    cluster = EmbeddedCluster([])
    profile = tmp_path / "quiet.yaml"
    profile.write_text(
        json.dumps(
            {
                "name": "quiet",
                "provider": "cluster",
                "claimsNothing": "nobody said so",
                "join": {"namespaceLabels": {"smi-reference.io/inject": "enabled"}},
                "keepOut": {"podAnnotations": {"smi-reference.io/inject": "disabled"}},
            }
        )
    )
    try:
        run = run_suite(
            tmp_path, f"--kubeconfig={cluster.kubeconfig}", f"--mesh-profile={profile}", "-k", "TA-06", mesh="quiet"
        )
    finally:
        cluster.stop()

    assert run.status == 0, run.output
    assert run.requirements("passed") == {"TA-06"}


def test_auto_finds_the_reference_mesh(tmp_path: Path) -> None:
    """`--mesh auto` tests the mesh that is installed, under its own name, also with workers."""
    cluster = EmbeddedCluster([])
    try:
        run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "TA-06", "-n", "1", mesh="auto")
    finally:
        cluster.stop()

    assert run.status == 0, run.output
    assert run.matrix is not None
    assert [found["mesh"]["name"] for found in run.matrix["runs"]] == ["reference"]


def test_auto_says_what_it_looked_for(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """With no mesh installed, the usage error lists the workloads that would have told."""
    run = run_suite(tmp_path, f"--kubeconfig={bare.kubeconfig}", mesh="auto")

    assert run.status == 4, run.output
    assert "no known mesh is installed" in run.output
    assert "traefik-mesh/deployment/traefik-mesh-controller" in run.output
    assert "--mesh-profile" in run.output
    assert run.matrix is None


def test_auto_needs_no_cluster_to_be_listed(tmp_path: Path) -> None:
    """`--collect-only` asks no cluster."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--mesh=auto",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "TA-06",
    ]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout
    assert "[TA-06-auto]" in done.stdout
