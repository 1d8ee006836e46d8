"""The sample application's image is made of named versions with digests,
and of nothing that differs between machines."""

import re
from importlib.metadata import requires
from pathlib import Path

DOCKERFILE = (Path(__file__).parents[2] / "sample_app" / "Dockerfile").read_text()


def test_base_is_a_release_and_not_a_moving_tag() -> None:
    """An image built next year is the one that was tested."""
    assert re.search(r"^ARG BASE=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert "FROM ${BASE}\n" in DOCKERFILE


def test_every_package_has_a_version_and_a_digest() -> None:
    """h2 and all that it needs; pip is told to refuse anything else."""
    pinned = re.findall(r"'([a-z0-9]+)==[\d.]+ --hash=sha256:[0-9a-f]{64}'", DOCKERFILE)
    needed = {re.split(r"[<>=!~; ]", requirement)[0] for requirement in requires("h2") or ()}

    assert set(pinned) == {"h2", *needed}
    assert "--require-hashes" in DOCKERFILE
    assert "--only-binary :all:" in DOCKERFILE


def test_nothing_depends_on_the_processor() -> None:
    """One file for amd64 and arm64: no download of a binary, no named architecture after the comments."""
    steps = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))

    assert not re.search(r"amd64|x86_64|arm64|aarch64|curl|wget|apt-get", steps)
