"""Personas on the command line: listed, chosen, refused with the known ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.profiles.load import known_profiles
from pytest_smi.reference.mesh.personas import persona_names

REFERENCE = [sys.executable, "-m", "pytest_smi.reference"]


def test_personas_are_listed_with_their_deviations(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the source of every deviation."""
    with pytest.raises(SystemExit) as ended:
        main(["reference", "personas"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(f"{name}: " in told for name in persona_names())
    assert "access-omitted-matches-none (pkg/catalog/inbound_traffic_policies.go" in told


def test_an_unknown_persona_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what was meant and what there is."""
    with pytest.raises(SystemExit) as ended:
        main(["reference", "up", "--persona", "oms"])
    assert ended.value.code == 4
    told = capsys.readouterr().err
    assert "unknown persona 'oms'" in told
    assert "did you mean 'osm'" in told


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--persona", "oms"], "unknown persona"), (["--persona", "osm", "--no-mesh"], "--no-mesh")]
)
def test_serve_refuses_what_cannot_be(arguments: list[str], said: str, tmp_path: Path) -> None:
    """One JSON line with the error and what to do, and status 1."""
    done = subprocess.run(
        [*REFERENCE, "serve", "--state-dir", str(tmp_path / "c"), *arguments],
        capture_output=True,
        timeout=30,
        check=False,
    )
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert said in told["error"]
    assert told["hint"]


def test_every_persona_of_a_mesh_has_its_profile() -> None:
    """So that `pytest --mesh=NAME` runs against it."""
    assert set(persona_names()) - {"all-versions"} <= known_profiles().keys()
