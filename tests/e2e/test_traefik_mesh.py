"""Traefik Mesh on a real Kubernetes: the verdicts are those that docs/results/traefik-mesh.md explains, run after run."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.explained import explained
from tests.support.real_cluster import ROOT, RealCluster
from tests.support.runs import FinishedRun, run_suite

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("traefik_mesh")]

EXPLAINED = explained(ROOT / "docs" / "results" / "traefik-mesh.md")
WORKERS = 8
ALONE = "TA-68"
"""What the profile runs alone: runs at the same time would spoil each other's."""
FEW = "TA-05 or TA-06 or TA-07 or TA-10 or TA-27 or TA-36 or TS-01 or TS-05 or TS-13 or TS-24 or SP-01 or SP-02 or SP-12 or SP-21 or SP-37"
MODE = os.environ.get("SMI_E2E", "")
"""`short` repeats and disturbs some of every API; unset repeats everything and disturbs some; `full` does everything always."""
REPEATED = ["-k", FEW if MODE == "short" else f"not {ALONE}"]
DISTURBED = [] if MODE == "full" else ["-k", FEW]


@pytest.fixture(scope="module")
def suite(runner: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FinishedRun]:
    """Run the whole suite against Traefik Mesh, in a folder of its own."""

    def run(*arguments: str, folder: Path | None = None) -> FinishedRun:
        folder = folder or tmp_path_factory.mktemp("run")
        return run_suite(folder, f"--kubeconfig={runner}", *arguments, mesh="traefik-mesh", timeout=3000)

    return run


def verdicts(run: FinishedRun) -> dict[str, str]:
    """Requirement → status."""
    return {result["requirement"]: result["status"] for result in run.results}


def against_the_explanation(run: FinishedRun) -> dict[str, Any]:
    """Requirements whose verdict is not the one that the document explains."""
    return {
        requirement: (status, EXPLAINED.get(requirement, "passed"), run.explain({requirement}))
        for requirement, status in verdicts(run).items()
        if status != EXPLAINED.get(requirement, "passed")
    }


@pytest.fixture(scope="module")
def first_run(suite: Callable[..., FinishedRun], tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedRun, Path]:
    """One run with its report."""
    folder = tmp_path_factory.mktemp("first")
    return suite("-n", str(WORKERS), folder=folder), folder / "smi-report"


def test_every_verdict_is_explained(first_run: tuple[FinishedRun, Path]) -> None:
    """What does not pass is in the document with the same status, and nothing else is."""
    run, _ = first_run

    assert run.matrix is not None, run.output[-3000:]
    assert against_the_explanation(run) == {}
    assert set(EXPLAINED) <= set(verdicts(run))


def test_the_matrix_names_mesh_and_images_and_verifies(first_run: tuple[FinishedRun, Path]) -> None:
    """Version and digests of what was tested are in the signed matrix."""
    run, report = first_run
    assert run.matrix is not None
    mesh = run.matrix["runs"][0]["mesh"]
    command = [str(Path(sys.executable).with_name("pytest-smi")), "verify", str(report), "--key", str(report / "signing-key.pub.pem")]

    verified = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert mesh["version"] == "v1.4.8"
    assert any("mesh" in name and "sha256:" in digest for name, digest in mesh["images"].items()), mesh


def test_runs_agree(suite: Callable[..., FinishedRun], first_run: tuple[FinishedRun, Path]) -> None:
    """Two more runs, at the same time and with other numbers of workers, give the same verdicts."""
    with ThreadPoolExecutor() as pool:
        again = list(pool.map(lambda workers: suite("-n", workers, *REPEATED), ["4", "6"]))

    expected = verdicts(first_run[0])
    for run in again:
        differing = {requirement for requirement, status in verdicts(run).items() if status != expected[requirement]}
        assert verdicts(run), run.output[-3000:]
        assert differing == set(), run.explain(differing)


def test_busy_node_changes_no_verdict(suite: Callable[..., FinishedRun], first_run: tuple[FinishedRun, Path]) -> None:
    """With a busy loop per core every verdict is the same, or errored with the reason."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        run = suite("-n", "4", *DISTURBED)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait(timeout=10)

    assert_sound(run, first_run[0])


def test_restarted_controller_changes_no_verdict(
    suite: Callable[..., FinishedRun], cluster: RealCluster, first_run: tuple[FinishedRun, Path]
) -> None:
    """The mesh's controller is restarted half-way: every verdict is the same, or errored with the reason."""
    with ThreadPoolExecutor() as pool:
        running = pool.submit(suite, "-n", "4", *DISTURBED)
        with pytest.raises(TimeoutError):
            running.result(timeout=30 if DISTURBED else 120)  # half-way, more or less
        cluster.kubectl("-n", "traefik-mesh", "rollout", "restart", "deployment/traefik-mesh-controller")
        run = running.result()

    assert_sound(run, first_run[0])


def assert_sound(run: FinishedRun, undisturbed: FinishedRun) -> None:
    """A disturbed run may lack verdicts; it may not have other ones."""
    expected = verdicts(undisturbed)
    wrong = {requirement for requirement, status in verdicts(run).items() if status not in (expected[requirement], "errored")}
    assert wrong == set(), run.explain(wrong)
    assert run.requirements("passed", "failed"), run.output[-3000:]
