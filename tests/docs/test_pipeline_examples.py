"""The pipelines of docs/pipelines.md, their steps run as they are printed against a cluster with the embedded reference mesh."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.cluster.embedded import EmbeddedCluster

PROGRAMS = Path(sys.executable).parent
PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"
ELSEWHERE = ("docker", "kind", "pip")
"""Programs that the steps call and this machine need not have: a stand-in reads its input and says nothing."""

pytestmark = pytest.mark.slow


def example(name: str) -> dict[str, Any]:
    """The YAML under `<!-- example: NAME -->`."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, f"no example {name}"
    document: dict[str, Any] = yaml.safe_load(found[1])
    return document


@pytest.fixture
def job(cluster: EmbeddedCluster, tmp_path: Path) -> dict[str, str]:
    """The environment of a job: kubeconfig of a cluster that kind calls kind-smi, a signing key, and the tools."""
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    document["clusters"][0]["name"] = document["contexts"][0]["context"]["cluster"] = "kind-smi"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(yaml.safe_dump(document))
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ELSEWHERE:
        (tools / name).write_text("#!/bin/sh\n[ -t 0 ] || cat >/dev/null\n")
        (tools / name).chmod(0o755)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "install-mesh.sh").write_text("#!/bin/sh\n")
    (tmp_path / "ci" / "install-mesh.sh").chmod(0o755)
    private = tmp_path / "smi.pem"
    subprocess.run([PROGRAMS / "pytest-smi", "keygen", "--out", private], capture_output=True, timeout=60, check=True)
    (tmp_path / "ci" / "smi.pub.pem").write_bytes((tmp_path / "smi.pub.pem").read_bytes())
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "PATH": f"{tools}:{PROGRAMS}:{os.environ['PATH']}",
        "KUBECONFIG": str(kubeconfig),
        "MESH": "reference",
        "SMI_SIGNING_KEY": private.read_text(),
        "CI_REGISTRY_IMAGE": "registry.example/smi",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


def run_step(script: str, folder: Path, environ: dict[str, str]) -> None:
    """Run a step as CI does: a shell that stops at the first error."""
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


def test_github_steps(job: dict[str, str], tmp_path: Path) -> None:
    """From the image to the gate every step passes, under the account with the least rights."""
    steps = [step["run"] for step in example("github.yaml")["jobs"]["conformance"]["steps"] if "run" in step]
    gate = next(step for step in steps if "pytest-smi verify" in step)
    assert len(steps) == 5

    for step in steps:
        if step is gate:
            # The last release, of which there is none yet: this one.
            shutil.copytree(tmp_path / "smi-report", tmp_path / "ci" / "last-release")
        run_step(step, tmp_path, job)

    assert "reference" in (tmp_path / "summary.md").read_text()


def test_gitlab_script_names_what_exists() -> None:
    """Every option of the second example is one that its command has."""
    script = "\n".join(example("gitlab.yaml")["smi-conformance"]["script"])
    for command, options in re.findall(r"^(pytest(?:-smi \w+)?) (.*)$", script, re.MULTILINE):
        program, *subcommand = command.split()
        printed = subprocess.run([PROGRAMS / program, *subcommand, "--help"], capture_output=True, text=True, timeout=60).stdout
        for option in re.findall(r"--[a-z-]+", options):
            assert option in printed, f"{command} has no {option}"
