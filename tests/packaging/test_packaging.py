"""The wheel: one top-level name, everything inside, and a suite that runs from it in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_one_top_level_name(wheel: Path) -> None:
    """`conformance`, `sample_app` and `manifests` live inside the package and pollute nothing."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"pytest_smi"}
    for needed in (
        "pytest_smi/py.typed",
        "pytest_smi/conformance/test_traffic_access.py",
        "pytest_smi/sample_app/server.py",
        "pytest_smi/sample_app/Dockerfile",
        "pytest_smi/manifests/sample-app/server.yaml",
        "pytest_smi/profiles/reference.yaml",
        "pytest_smi/reference/mesh/manifests/00-crds-access.yaml",
    ):
        assert needed in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.slow
def test_wheel_runs_the_bundled_suite_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """`pytest --mesh=reference` needs no files of the user's; the report verifies."""
    site, folder = tmp_path / "site", tmp_path / "empty"
    folder.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )

    where = run("-c", "import pytest_smi; print(pytest_smi.__file__)")
    done = run("-m", "pytest", "--mesh=reference", "-q", "-k", "unlisted_source or ninety_ten")
    verified = run(
        "-c",
        "from pytest_smi.cli import main; folder = 'smi-report-partial';"
        "main(['verify', folder, '--key', f'{folder}/signing-key.pub.pem', '--allow-incomplete'])",
    )

    assert str(site) in where.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert verified.returncode == 0, verified.stdout + verified.stderr
