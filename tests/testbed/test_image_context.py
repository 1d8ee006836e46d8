"""The build context of the sample application's image, and the commands that print what a cluster needs."""

import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import yaml

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
from pytest_smi.core.resources import bundled
from pytest_smi.testbed.image import build_context

COMMAND = Path(sys.executable).with_name("pytest-smi")


def printed(*arguments: str) -> bytes:
    """What `pytest-smi ARGUMENTS` prints."""
    return subprocess.run([COMMAND, *arguments], capture_output=True, timeout=30, check=True).stdout


def test_context_has_all_that_the_dockerfile_copies() -> None:
    """The Dockerfile is at the root, every source beside it, and nothing that was compiled."""
    with tarfile.open(fileobj=io.BytesIO(build_context(bundled("sample_app")))) as archive:
        names = archive.getnames()
        dockerfile = archive.extractfile("Dockerfile")
        assert dockerfile is not None
        copied = re.findall(r"^COPY (\S+) ", dockerfile.read().decode(), re.MULTILINE)

    assert copied == ["sample_app"]
    assert "sample_app/__main__.py" in names
    assert all(name == "Dockerfile" or name.startswith("sample_app/") for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_extracted_context_runs(tmp_path: Path) -> None:
    """What is in the archive is a whole program."""
    with tarfile.open(fileobj=io.BytesIO(build_context(bundled("sample_app")))) as archive:
        archive.extractall(tmp_path, filter="data")

    done = subprocess.run([sys.executable, "-m", "sample_app", "--help"], cwd=tmp_path, capture_output=True, timeout=30)

    assert done.returncode == 0, done.stderr
    assert b"prober" in done.stdout


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    """Times and owners of the files do not matter, so that an image can be rebuilt and compared."""
    for name in ("Dockerfile", "a.py"):
        (tmp_path / name).write_text(name)
    first = build_context(tmp_path)
    (tmp_path / "a.py").touch()

    assert build_context(tmp_path) == first


def test_image_command() -> None:
    """The archive goes to the standard output, the name of the image with --name."""
    assert printed("image") == build_context(bundled("sample_app"))
    assert printed("image", "--name").decode().strip() == SAMPLE_APP_IMAGE


def test_rbac_command() -> None:
    """The printed manifest is the one that the tests run under."""
    kinds = [document["kind"] for document in yaml.safe_load_all(printed("rbac"))]

    assert kinds == ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
