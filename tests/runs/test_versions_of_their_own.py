"""Requirements that only older versions and the draft state: the reference mesh meets them there."""

from pathlib import Path

import pytest

from tests.support.runs import list_faults, run_suite

pytestmark = pytest.mark.slow

STATED: dict[str, set[str]] = {}
for _fault in list_faults():
    if "versions" in _fault:
        STATED.setdefault(_fault["versions"], set()).update(_fault["breaks"])
"""Versions, as `--smi-version` takes them → requirements that are stated in them and not in the newest."""


@pytest.mark.parametrize("versions", sorted(STATED))
def test_they_hold_where_they_are_stated(versions: str, tmp_path: Path) -> None:
    """The healthy mesh passes each of them; under its faults they fail, see test_every_fault_is_caught.py."""
    run = run_suite(tmp_path, f"--smi-version={versions}", "-k", " or ".join(sorted(STATED[versions])))

    assert run.requirements("passed") == STATED[versions], run.explain(STATED[versions] - run.requirements("passed"))


def test_there_are_such_versions() -> None:
    """The first ones of splits and of access, and the draft of access."""
    assert {"split=v1alpha1", "access=v1alpha4"} < set(STATED)
