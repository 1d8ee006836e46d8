"""The null mesh on a real Kubernetes: SMI's definitions are there and no mesh is behind them.

What passes has no power over a mesh. With SMI_E2E=short every third is asked; the embedded cluster is asked all.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_smi.core.catalogue import load
from tests.cluster.meshes import MESHES
from tests.e2e.mesh_tests import MODE
from tests.support.real_cluster import ROOT, RealCluster, ask_node
from tests.support.runs import run_suite

pytestmark = pytest.mark.cluster

POWERLESS: dict[str, str] = json.loads((Path(__file__).parent / "null_mesh.json").read_text())
"""Requirement → why it holds without a mesh."""


@pytest.fixture
def definitions(cluster: RealCluster) -> Iterator[None]:
    """SMI's kinds in every version, and no mesh."""
    for name in MESHES:
        ask_node("mesh-down", name)
    folder = str(ROOT / "manifests" / "crds")
    cluster.kubectl("apply", "-f", folder)
    cluster.kubectl("wait", "--for=condition=Established", "-f", folder, "--timeout=60s")
    yield
    cluster.kubectl("delete", "-f", folder, "--wait=true")


@pytest.mark.usefixtures("definitions")
def test_what_passes_without_a_mesh_is_listed(runner: Path, tmp_path: Path) -> None:
    """The list does not grow: a requirement that no mesh can fail says nothing about a mesh."""
    asked = sorted({record.requirement for record in load()})[:: 3 if MODE == "short" else 1]
    chosen = ["-k", " or ".join(asked)] if MODE == "short" else []
    powerless = set(POWERLESS) & set(asked)

    run = run_suite(tmp_path, f"--kubeconfig={runner}", "-n", "8", *chosen, mesh="none", timeout=1800)

    assert run.requirements("passed") == powerless, run.explain(run.requirements("passed") ^ powerless)
    assert all(len(reason) > 20 for reason in POWERLESS.values())
    assert run.requirements("failed"), run.output[-3000:]
    assert run.status == 1
