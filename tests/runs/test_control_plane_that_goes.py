"""A control plane that loses its pods during a run: what fails or errs for it says so."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.cluster.wait import wait_until
from tests.support.runs import read_run, suite_command

pytestmark = pytest.mark.slow
CONTROL_PLANE = f"{collection('apps/v1', 'deployments', 'smi-reference')}/control-plane"


@pytest.fixture
def own_cluster() -> Iterator[EmbeddedCluster]:
    """A cluster that may be broken."""
    running = EmbeddedCluster([])
    yield running
    running.stop()


def test_the_failure_names_the_control_plane(own_cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """In the block of the terminal and in the evidence, however the verdict fell; no verdict is lost."""
    admin = Connection(own_cluster.kubeconfig)
    command = suite_command(
        tmp_path, f"--kubeconfig={own_cluster.kubeconfig}", "-k", "TA-05 or TA-15", "--smi-timeout=0.3"
    )
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as going:
        wait_until(
            lambda: any(
                one["metadata"]["name"].startswith("smi-t1-") for one in Objects(admin).list("v1", "namespaces")
            ),
            what="the run has a namespace",
            deadline=60.0,
            longest_pause=0.05,
        )
        scaled = admin.request(
            "PATCH", CONTROL_PLANE, body={"spec": {"replicas": 0}}, content_type="application/merge-patch+json"
        )
        output, _ = going.communicate(timeout=300)
    admin.close()

    run = read_run(tmp_path, going.returncode, output)
    assert scaled.ok
    assert len(run.results) == 2, output[-3000:]
    assert run.requirements("failed", "errored"), output[-3000:]
    block = " ".join(output.split())
    assert "cluster deployment/control-plane in smi-reference has no pods: it is scaled to 0" in block
