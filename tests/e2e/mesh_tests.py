"""What every real mesh is held to: the verdicts that its page in docs/results explains, run after run,
loaded and disturbed.

SMI_E2E=short takes some rows of every API where it can, unset repeats every row and disturbs some,
`full` does everything always.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from tests.support.explained import explained
from tests.support.real_cluster import ROOT, RealCluster
from tests.support.runs import FinishedRun, report_of, run_suite

MODE = os.environ.get("SMI_E2E", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealMesh:
    """A mesh of `python -m tests.cluster`, and how the suite is run on it."""

    profile: str
    """Its name, for `--mesh`, `mesh-up` and the page in docs/results."""
    version: str
    image: str
    """Part of the name of an image that the matrix must give a digest for."""
    namespace: str
    controller: str
    """Name of the deployment that reads SMI, and of the label `app` or `component` of its pods."""
    selector: str
    workers: int
    again: tuple[str, str]
    """Workers of two more runs at the same time."""
    few: str
    """Some rows of every API that the mesh claims, as `-k` takes them; they pass within half a minute each."""
    brief: str = ""
    """Rows of the first run with SMI_E2E=short, `few` among them. Empty: all rows, always."""
    once: bool = False
    """Whether SMI_E2E=short leaves out the runs that are repeated and those on a busy node."""

    @property
    def chosen(self) -> list[str]:
        """Arguments of the first run that choose its rows: none, for all rows, unless time is short."""
        return ["-k", self.brief] if self.brief and MODE == "short" else []

    @property
    def repeated(self) -> list[str]:
        """Arguments of the runs that are compared with the first one."""
        if MODE == "short":
            return ["-k", self.few]
        # Two runs at once would spoil each other's: what runs by itself may stop the mesh for everybody.
        return ["-k", f"not ({' or '.join(record.requirement for record in load() if record.serial)})"]

    @property
    def disturbed(self) -> list[str]:
        """Arguments of the runs that are loaded or disturbed."""
        return [] if MODE == "full" else ["-k", self.few]

    @property
    def explained(self) -> dict[str, str]:
        """Requirement → status, for those that the page explains."""
        return explained(ROOT / "docs" / "results" / f"{self.profile}.md")


def restart(mesh: RealMesh, cluster: RealCluster) -> None:
    """A new controller is started, then the old one is asked to stop."""
    cluster.kubectl("-n", mesh.namespace, "rollout", "restart", f"deployment/{mesh.controller}")


def kill(mesh: RealMesh, cluster: RealCluster) -> None:
    """The controller is gone without a word, and another is started in its place."""
    cluster.kubectl(
        "-n", mesh.namespace, "delete", "pod", "-l", mesh.selector, "--grace-period=0", "--force", "--wait=false"
    )


class MeshTests:
    """The tests; a class with `mesh` and the fixture that installs it is derived per mesh."""

    mesh: RealMesh

    @pytest.fixture(scope="class")
    @classmethod
    def suite(cls, runner: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FinishedRun]:
        """Run the suite against the mesh, in a folder of its own."""

        def run(*arguments: str, folder: Path | None = None) -> FinishedRun:
            folder = folder or tmp_path_factory.mktemp("run")
            return run_suite(folder, f"--kubeconfig={runner}", *arguments, mesh=cls.mesh.profile, timeout=3000)

        return run

    @pytest.fixture(scope="class")
    @classmethod
    def first_run(
        cls, suite: Callable[..., FinishedRun], tmp_path_factory: pytest.TempPathFactory
    ) -> tuple[FinishedRun, Path]:
        """One run with its report."""
        folder = tmp_path_factory.mktemp("first")
        run = suite("-n", str(cls.mesh.workers), *cls.mesh.chosen, folder=folder)
        return run, report_of(folder)

    def test_every_verdict_is_explained(self, first_run: tuple[FinishedRun, Path]) -> None:
        """What does not pass is in the document with the same status, and nothing else is."""
        run, _ = first_run

        assert run.matrix is not None, run.output[-3000:]
        assert verdicts(run), run.output[-3000:]
        assert against_the_explanation(run, self.mesh.explained) == {}
        assert self.mesh.chosen or set(self.mesh.explained) <= set(verdicts(run))

    def test_the_matrix_names_mesh_and_images_and_verifies(self, first_run: tuple[FinishedRun, Path]) -> None:
        """Version and digests of what was tested are in the signed matrix."""
        run, report = first_run
        assert run.matrix is not None
        mesh = run.matrix["runs"][0]["mesh"]
        verify = [
            str(Path(sys.executable).with_name("pytest-smi")),
            "verify",
            *(["--allow-incomplete"] if self.mesh.chosen else []),
        ]
        command = [*verify, str(report), "--key", str(report / "signing-key.pub.pem")]

        verified = subprocess.run(command, capture_output=True, text=True, timeout=60)

        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert mesh["version"] == self.mesh.version
        assert any(self.mesh.image in name and "sha256:" in digest for name, digest in mesh["images"].items()), mesh

    def test_runs_agree(self, suite: Callable[..., FinishedRun], first_run: tuple[FinishedRun, Path]) -> None:
        """Two more runs, at the same time and with other numbers of workers, give the same verdicts."""
        self.only_when_there_is_time()
        with ThreadPoolExecutor() as pool:
            again = list(pool.map(lambda workers: suite("-n", workers, *self.mesh.repeated), self.mesh.again))

        expected = verdicts(first_run[0])
        for run in again:
            differing = {
                requirement for requirement, status in verdicts(run).items() if status != expected[requirement]
            }
            assert verdicts(run), run.output[-3000:]
            assert differing == set(), run.explain(differing)

    def test_busy_node_changes_no_verdict(
        self, suite: Callable[..., FinishedRun], first_run: tuple[FinishedRun, Path]
    ) -> None:
        """With a busy loop per core every verdict is the same, or errored with the reason."""
        self.only_when_there_is_time()
        loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
        try:
            run = suite("-n", "4", *self.mesh.disturbed)
        finally:
            for loop in loops:
                loop.kill()
                loop.wait(timeout=10)

        assert_sound(run, first_run[0])

    @pytest.mark.parametrize("disturb", [restart, kill], ids=lambda disturb: disturb.__name__)
    def test_controller_that_goes_changes_no_verdict(
        self,
        disturb: Callable[[RealMesh, RealCluster], None],
        suite: Callable[..., FinishedRun],
        cluster: RealCluster,
        first_run: tuple[FinishedRun, Path],
    ) -> None:
        """The mesh's controller is replaced half-way: every verdict is the same, or errored with the reason."""
        if disturb is kill and MODE == "short":
            pytest.skip("SMI_E2E=short disturbs once")
        with ThreadPoolExecutor() as pool:
            running = pool.submit(suite, "-n", "4", *self.mesh.disturbed)
            with pytest.raises(TimeoutError):
                running.result(timeout=30 if self.mesh.disturbed else 120)  # half-way, more or less
            disturb(self.mesh, cluster)
            run = running.result()

        assert_sound(run, first_run[0])

    def only_when_there_is_time(self) -> None:
        """Skip what a brief run leaves out."""
        if self.mesh.once and MODE == "short":
            pytest.skip("SMI_E2E=short leaves this out for this mesh")


def verdicts(run: FinishedRun) -> dict[str, str]:
    """Requirement → status."""
    return {result["requirement"]: result["status"] for result in run.results}


def against_the_explanation(run: FinishedRun, explanation: dict[str, str]) -> dict[str, Any]:
    """Requirements whose verdict is not the one that the document explains."""
    return {
        requirement: (status, explanation.get(requirement, "passed"), run.explain({requirement}))
        for requirement, status in verdicts(run).items()
        if status != explanation.get(requirement, "passed")
    }


def assert_sound(run: FinishedRun, undisturbed: FinishedRun) -> None:
    """A disturbed run may lack verdicts; it may not have other ones."""
    expected = verdicts(undisturbed)
    wrong = {
        requirement for requirement, status in verdicts(run).items() if status not in (expected[requirement], "errored")
    }
    assert wrong == set(), run.explain(wrong)
    assert run.requirements("passed", "failed"), run.output[-3000:]
