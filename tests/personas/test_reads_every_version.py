"""The reference mesh does right in every version of every kind, read from a cluster that serves all of them
and converts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.personas.persona_runs import run_reference

AGES = (
    "access=v1alpha1,specs=v1alpha1,split=v1alpha1",
    "access=v1alpha1,specs=v1alpha2,split=v1alpha2",
    "access=v1alpha2,specs=v1alpha3,split=v1alpha3",
    "access=v1alpha3,specs=v1alpha4,split=v1alpha4",
)
"""Versions that belong together, by release of the specification."""


@pytest.mark.personas
@pytest.mark.parametrize("versions", AGES)
def test_nothing_fails_in_any_version(versions: str, tmp_path: Path) -> None:
    """What a version can say is right; what it cannot say is unsupported."""
    found = run_reference(tmp_path, "--smi-version", versions)
    wrong = {
        requirement: entry
        for requirement, entry in found.items()
        if entry[0] not in ("passed", "unsupported", "observed")
    }
    assert wrong == {}
    assert sum(status == "passed" for status, _ in found.values()) > 60
