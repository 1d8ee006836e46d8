"""Several meshes, clusters and versions in one run: each is tested by itself, one matrix comes out,
the same for any number of workers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects
from pytest_smi.testbed.cleanup import find
from tests.support.runs import FinishedRun, report_of, run_suite

pytestmark = pytest.mark.slow
CHOICE = ("-k", "unlisted_source or ninety_ten or tcp_is_denied or test_tcp_route_limits_ports")
REQUIREMENTS = {"TA-02", "TA-06", "TA-48", "SP-01"}


@pytest.fixture(scope="module")
def clusters() -> Iterator[tuple[EmbeddedCluster, EmbeddedCluster]]:
    """Two clusters: the reference mesh as it is, and one that serves every version."""
    first = EmbeddedCluster([])
    try:
        second = EmbeddedCluster(["--persona", "all-versions"])
        yield first, second
        second.stop()
    finally:
        first.stop()


@pytest.fixture(scope="module")
def kubeconfig(clusters: tuple[EmbeddedCluster, EmbeddedCluster], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One kubeconfig with a context for each, as `kubectl config` merges them."""
    merged: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [],
        "users": [],
        "contexts": [],
        "current-context": "one",
    }
    for name, cluster in zip(("one", "two"), clusters, strict=True):
        document = yaml.safe_load(cluster.kubeconfig.read_text())
        merged["clusters"].append({"name": name, "cluster": document["clusters"][0]["cluster"]})
        merged["users"].append({"name": name, "user": document["users"][0]["user"]})
        merged["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    path = tmp_path_factory.mktemp("merged") / "kubeconfig"
    path.write_text(json.dumps(merged))
    path.chmod(0o600)
    return path


def runs_of(run: FinishedRun) -> dict[str, dict[str, Any]]:
    """The runs in a matrix by name and variant."""
    assert run.matrix is not None, run.output[-3000:]
    return {
        " ".join(filter(None, (one["mesh"]["name"], one["options"].get("variant")))): one for one in run.matrix["runs"]
    }


def statuses(one: dict[str, Any]) -> dict[str, str]:
    """Requirement → status of what the choice asked for."""
    return {
        result["requirement"]: result["status"] for result in one["results"] if result["requirement"] in REQUIREMENTS
    }


@pytest.mark.parametrize("workers", ["0", "4"])
def test_two_contexts_of_one_mesh(kubeconfig: Path, tmp_path: Path, workers: str) -> None:
    """Each cluster has a run of its own, with evidence of its own."""
    run = run_suite(
        tmp_path, "--mesh=reference@two", f"--kubeconfig={kubeconfig}", "-n", workers, *CHOICE, mesh="reference@one"
    )

    found = runs_of(run)
    assert {name: statuses(one) for name, one in found.items()} == dict.fromkeys(
        ("reference@one", "reference@two"), dict.fromkeys(REQUIREMENTS, "passed")
    ), run.output[-4000:]
    paths = [result["evidence"]["path"] for one in found.values() for result in one["results"]]
    assert len(set(paths)) == len(paths)
    assert all((report_of(tmp_path) / path).is_file() for path in paths)
    assert found["reference@one"]["nonce"] != found["reference@two"]["nonce"]


def test_embedded_mesh_beside_one_on_a_cluster(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name without a context is the embedded mesh; a fault is of that alone, and only it fails."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    run = run_suite(
        tmp_path, "--mesh=reference@one", "--smi-fault=access-any-identity", "-n", "2", "-k", "unlisted_source"
    )

    found = runs_of(run)
    assert run.status == 1, run.output[-4000:]
    assert {name: statuses(one) for name, one in found.items()} == {
        "reference": {"TA-06": "failed"},
        "reference@one": {"TA-06": "passed"},
    }
    assert {name: one["options"]["fault"] for name, one in found.items()} == {
        "reference": "access-any-identity",
        "reference@one": None,
    }


@pytest.mark.parametrize("workers", ["0", "3"])
def test_every_version_side_by_side(kubeconfig: Path, tmp_path: Path, workers: str) -> None:
    """The newest of all first, then each other version with the rest at the newest;
    a grant of a port is written as each has it."""
    run = run_suite(
        tmp_path, "--smi-version=all", f"--kubeconfig={kubeconfig}", "-n", workers, *CHOICE, mesh="reference@two"
    )

    found = runs_of(run)
    access, split = (
        {"TA-02": "passed", "TA-06": "passed", "TA-48": "unsupported", "SP-01": "unsupported"},
        dict.fromkeys(REQUIREMENTS, "unsupported"),
    )
    assert {name: statuses(one) for name, one in found.items()} == {
        "reference@two": dict.fromkeys(REQUIREMENTS, "passed"),
        "reference@two access=v1alpha2,specs=v1alpha3": access,
        "reference@two access=v1alpha1,specs=v1alpha2": access,
        "reference@two access=v1alpha1,specs=v1alpha1": access,
        "reference@two split=v1alpha3": {**split, "SP-01": "passed"},
        "reference@two split=v1alpha2": {**split, "SP-01": "passed"},
        "reference@two split=v1alpha1": {**split, "SP-01": "passed"},
    }, run.output[-4000:]
    one = found["reference@two split=v1alpha1"]
    assert one["mesh"]["name"] == "reference@two"
    assert {api: claim["version"] for api, claim in one["apis"].items()} == {
        "access": None,
        "specs": None,
        "split": "v1alpha1",
        "metrics": None,
    }
    reasons = {
        result["requirement"]: result["reason"]
        for result in found["reference@two access=v1alpha2,specs=v1alpha3"]["results"]
    }
    assert reasons["TA-48"] == "not stated in access v1alpha2: the requirement is of v1alpha3 and newer"


def test_wanted_version_is_tested(kubeconfig: Path, tmp_path: Path) -> None:
    """One run, at the version asked for; specs follow access."""
    choice = ("--smi-version=access=v1alpha2", "--smi-version=split=v1alpha1", "-k", "tcp_is_denied or ninety_ten")
    run = run_suite(tmp_path, *choice, f"--kubeconfig={kubeconfig}", "-n", "2", mesh="reference@two")

    (one,) = runs_of(run).values()
    assert {api: claim["version"] for api, claim in one["apis"].items()} == {
        "access": "v1alpha2",
        "specs": "v1alpha3",
        "split": "v1alpha1",
        "metrics": "v1alpha1",
    }
    assert one["options"]["versions"] == {"access": "v1alpha2", "split": "v1alpha1"}
    assert statuses(one) == {"TA-02": "passed", "SP-01": "passed"}, run.output[-4000:]


def test_embedded_mesh_serves_what_is_asked_for(tmp_path: Path) -> None:
    """Without a cluster, too, every version can be tried, and a fault in it."""
    run = run_suite(tmp_path, "--smi-version=split=v1alpha1", "--smi-fault=split-weights-ignored", "-k", "ninety_ten")

    (one,) = runs_of(run).values()
    assert one["apis"]["split"]["version"] == "v1alpha1"
    assert statuses(one) == {"SP-01": "failed"}, run.output[-4000:]


def test_wanted_version_that_is_not_served(kubeconfig: Path, tmp_path: Path) -> None:
    """A usage error that says what is served, before anything is deployed."""
    run = run_suite(tmp_path, "--smi-version=split=v1alpha2", f"--kubeconfig={kubeconfig}", mesh="reference@one")

    assert run.status == pytest.ExitCode.USAGE_ERROR, run.output
    assert "--smi-version split=v1alpha2 needs a cluster that serves it; it serves v1alpha4" in run.output
    assert "Traceback" not in run.output


def test_nothing_stays_on_either_cluster(kubeconfig: Path, tmp_path: Path) -> None:
    """Each cluster is cleaned, whatever ran on the other."""
    run_suite(
        tmp_path,
        "--mesh=reference@two",
        f"--kubeconfig={kubeconfig}",
        "-n",
        "2",
        "-k",
        "unlisted_source",
        mesh="reference@one",
    )

    assert [find(Objects(Connection(kubeconfig, context))) for context in ("one", "two")] == [[], []]
