"""The worked example of docs/profiles.md, run as it is printed against an embedded cluster that stands
in for the reader's."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_smi.cluster.embedded import EmbeddedCluster
from tests.support.runs import report_of

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()


def files() -> dict[str, str]:
    """The files that the page tells its reader to write."""
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def command(name: str) -> list[str]:
    """The command under `<!-- run: NAME -->`."""
    found = re.search(rf"<!-- run: {name} -->\n```console\n\$ (.*?)\n```", PAGE, re.DOTALL)
    assert found, f"docs/profiles.md has no command {name}"
    return shlex.split(found[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's files."""
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, name: str, kubeconfig: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run one of the page's commands in the folder, with the cluster as the one that kubectl would use."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig), **environ}
    return subprocess.run(command(name), cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def statuses(folder: Path) -> dict[str, str]:
    """Requirement → status, of what was run or declared."""
    (matrix,) = json.loads((report_of(folder) / "matrix.json").read_text())["runs"]
    assert matrix["mesh"]["name"] == "acme"
    return {result["requirement"]: result["status"] for result in matrix["results"]}


def test_profile_is_listed(folder: Path, cluster: EmbeddedCluster) -> None:
    """Step 2 lists the new mesh beside the shipped ones."""
    done = run(folder, "profiles", cluster.kubeconfig)

    assert done.returncode == 0, done.stderr
    assert re.search(r"^acme +maintained +access v1alpha3; specs v1alpha4; split v1alpha4$", done.stdout, re.MULTILINE)
    assert "linkerd" in done.stdout


def test_doctor_finds_nothing_wrong(folder: Path, cluster: EmbeddedCluster) -> None:
    """Step 3 begins with a cluster that is fit for a run."""
    done = run(folder, "doctor", cluster.kubeconfig)

    assert done.returncode == 0, done.stdout + done.stderr


def test_one_requirement_runs_and_a_gap_is_not_held_against_the_mesh(folder: Path, cluster: EmbeddedCluster) -> None:
    """Step 3 passes what is met, and tells that a declared gap is closed:
    the reference raises the events that Acme is said to lack."""
    done = run(folder, "one", cluster.kubeconfig)

    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(folder) == {"TA-06": "passed", "SP-31": "passed"}
    assert "closed gap: SP-31 (acme)" in done.stdout


def test_installed_package_needs_no_option(
    folder: Path, cluster: EmbeddedCluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Step 4: once the package is installed, `--mesh=acme` is enough, also for workers of pytest-xdist."""
    project = tomllib.loads(files()["pyproject.toml"])["project"]
    site = tmp_path_factory.mktemp("site-packages")
    information = site / f"acme_smi-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    ((group, points),) = project["entry-points"].items()
    (information / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    for name in ("acme_smi.py", "acme.yaml"):
        (site / name).write_text(files()[name])
        (folder / name).unlink()

    done = run(folder, "installed", cluster.kubeconfig, PYTHONPATH=str(site), PYTEST_ADDOPTS="-n 1")

    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(folder) == {"TA-06": "passed"}
