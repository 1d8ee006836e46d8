"""What goes wrong in a cluster while a run goes on never makes a wrong verdict: the right one, or errored;
and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cluster.wait import wait_until
from tests.cluster import node
from tests.support.explained import explained
from tests.support.real_cluster import ROOT, RealCluster
from tests.support.runs import FinishedRun, read_run, report_of, suite_command

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("traefik_mesh")]

EXPLAINED = explained(ROOT / "docs" / "results" / "traefik-mesh.md")
UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}
CHOSEN = "TA-05 or TA-06 or TA-07 or TA-09 or TS-05 or TS-13 or SP-01 or SP-21"


def restart_api_server(_cluster: RealCluster) -> None:
    """The API server is away for some seconds: requests are refused, watches and exec streams break."""
    node.restart("kube-apiserver")


def delete_a_server(cluster: RealCluster) -> None:
    """A pod of the sample application is deleted and replaced."""
    running: list[dict[str, Any]] = []

    def found() -> bool:
        pods = cluster.get("pods", "-A", "-l", "smi.test/role=server")
        running[:] = [
            pod for pod in pods if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
        ]
        return bool(running)

    wait_until(found, what="a server of the run is Running", deadline=60, longest_pause=0.5)
    pod = running[0]
    cluster.kubectl("-n", pod["metadata"]["namespace"], "delete", "pod", pod["metadata"]["name"], "--wait=false")


def cut_exec_streams(_cluster: RealCluster) -> None:
    """Every prober is killed, and its exec stream with it."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().split(b"\0")
            if b"prober" in line and any(b"sample" in part for part in line):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, ProcessLookupError):
            continue
    assert killed, "no prober was running: nothing was cut"


def stop_kubelet(_cluster: RealCluster) -> None:
    """The kubelet is held still for 20 s: no exec, no probes, no new pods."""
    with node.paused("kubelet"):
        time.sleep(20)  # the fault itself, not a wait for anything


@pytest.mark.parametrize(
    "fault", [restart_api_server, delete_a_server, cut_exec_streams, stop_kubelet], ids=lambda fault: fault.__name__
)
def test_no_wrong_verdict(
    fault: Callable[[RealCluster], None], cluster: RealCluster, runner: Path, tmp_path: Path
) -> None:
    """The run ends with sound verdicts or errored, the right exit status and a report that verifies."""
    command = suite_command(tmp_path, f"--kubeconfig={runner}", "-vv", "-n", "4", "-k", CHOSEN, mesh="traefik-mesh")
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=UNBUFFERED
    )
    assert process.stdout is not None
    output = []
    for line in process.stdout:
        output.append(line)
        if any(word in line for word in ("PASSED", "FAILED", "ERRORED")):
            break
    assert process.poll() is None, "the run was over before the fault"
    fault(cluster)
    rest, _ = process.communicate(timeout=900)

    run = read_run(tmp_path, process.returncode, "".join(output) + rest)

    assert run.results, run.output[-3000:]
    wrong = {
        r["requirement"]
        for r in run.results
        if r["status"] not in (EXPLAINED.get(r["requirement"], "passed"), "errored", "skipped")
    }
    assert wrong == set(), run.explain(wrong)
    assert run.status == expected_status(run), run.output[-3000:]
    assert verifies(report_of(tmp_path))


def expected_status(run: FinishedRun) -> int:
    """1 when a requirement failed, else 3 when one errored, else 0."""
    return 1 if run.requirements("failed") else 3 if run.requirements("errored") else 0


def verifies(report: Path) -> bool:
    """Whether the report is unchanged and its signature good; it is of chosen requirements."""
    verify = [str(Path(sys.executable).with_name("pytest-smi")), "verify", "--allow-incomplete"]
    command = [*verify, str(report), "--key", str(report / "signing-key.pub.pem")]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
