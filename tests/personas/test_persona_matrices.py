"""Each persona has exactly the expected matrix: what it does not pass is written down,
with the deviation that explains it.

These run the whole suite once per persona, about a minute each: `make personas`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_smi.reference.mesh.personas import find_persona, persona_names
from tests.personas.persona_runs import expected, run_persona
from tests.support.explained import explained

MESHES = [name for name in persona_names() if name != "all-versions"]
RESULTS = Path(__file__).parents[2] / "docs" / "results"
"""What the real meshes were found to do, for those that have been run."""
OF_THE_NODE = {"TA-33"}
"""Decidable where the node uses addresses of deleted pods again, whatever the mesh."""


@pytest.mark.parametrize("name", MESHES)
def test_every_expectation_is_explained(name: str) -> None:
    """What fails, or cannot be judged, fails by a deviation that the persona has; everything has a reason."""
    deviations = find_persona(name).deviations
    for requirement, entry in expected(name).items():
        assert entry["why"], requirement
        assert set(entry) <= {"status", "why", "deviations"}
        assert entry["status"] in ("failed", "errored", "unsupported", "observed")
        if entry["status"] in ("failed", "errored"):
            assert entry["deviations"], requirement
            assert set(entry["deviations"]) <= deviations.keys(), requirement


def asked(name: str) -> set[str]:
    """Return the requirements that the report of the real mesh has a result for: others are newer than it is."""
    document = json.loads((RESULTS / name / "matrix.json").read_text(encoding="utf-8"))
    return {entry["requirement"] for run in document["runs"] for entry in run["results"]}


@pytest.mark.parametrize("name", sorted(path.stem for path in RESULTS.glob("*.md") if path.stem in MESHES))
def test_a_persona_is_expected_to_do_what_the_real_mesh_did(name: str) -> None:
    """Where the real mesh has been run, both name the same requirements with the same statuses. What was inconclusive
    there says nothing of the mesh; a persona may be inconclusive there alone. Nor does what the node decides."""
    real = explained(RESULTS / f"{name}.md")
    wanted = {requirement: entry["status"] for requirement, entry in expected(name).items()}
    unknown = {requirement for requirement, status in real.items() if status == "errored"}
    both = asked(name) - OF_THE_NODE - {requirement for requirement in unknown if wanted.get(requirement) != "errored"}
    assert {requirement: status for requirement, status in wanted.items() if requirement in both} == {
        requirement: status for requirement, status in real.items() if requirement in both
    }


def test_the_real_traefik_mesh_has_been_run() -> None:
    """So that the comparison above cannot be lost without notice."""
    assert explained(RESULTS / "traefik-mesh.md")


@pytest.mark.personas
@pytest.mark.parametrize("name", MESHES)
def test_a_persona_has_the_expected_matrix(name: str, tmp_path: Path) -> None:
    """Not more and not less: every requirement that is not named is passed."""
    found = run_persona(name, tmp_path)
    wanted = {requirement: entry["status"] for requirement, entry in expected(name).items()}
    assert wanted.keys() <= found.keys()
    differences = {
        requirement: f"expected {wanted.get(requirement, 'passed')}, found {status}: {reason}"
        for requirement, (status, reason) in found.items()
        if status != wanted.get(requirement, "passed")
    }
    assert differences == {}
