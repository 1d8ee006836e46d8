"""The suite's proof of itself: under every fault it fails exactly what the fault breaks; healthy, with no mesh,
or broken, it never lies.

Every fault is tested against the requirements that it breaks and a sample of their neighbours that changes with the
fault's name; with SMI_FAULTS_SCOPE=api (`make faults`) against all requirements of those APIs,
with =all (`make faults-all`) against everything.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.core.terms import API_OF_PREFIX, LEVELS_OF
from tests.support.runs import list_faults, run_suite

pytestmark = pytest.mark.slow

HARNESS = ("server-down", "dns-dead", "exec-cut", "prober-killed")
NO_MESH = "no-mesh"
NEIGHBOURS = 5
"""How many requirements beside those that it breaks a fault is tested against in the sample."""
FAULTS = [fault for fault in list_faults() if fault["name"] not in (*HARNESS, NO_MESH)]
CANNOT_FAIL = {record.requirement for record in load() if record.level == "unspecified"}


def apis_of(fault: dict[str, Any]) -> set[str]:
    """The APIs whose requirements a fault breaks."""
    return {API_OF_PREFIX[requirement.split("-")[0]] for requirement in fault["breaks"]}


def chosen(fault: dict[str, Any], scope: str) -> list[str]:
    """The options that choose the requirements which a fault is tested against."""
    if scope == "all":
        return []
    apis = apis_of(fault)
    if scope == "api":
        return [f"--smi-api={','.join(sorted(apis))}"]
    assert scope == "sample", f"SMI_FAULTS_SCOPE is sample, api or all, not {scope}"
    neighbours = {record.requirement for record in load() if record.api in apis} - set(fault["breaks"])
    sample = sorted(
        neighbours, key=lambda requirement: hashlib.sha256(f"{fault['name']} {requirement}".encode()).digest()
    )[:NEIGHBOURS]
    return ["-k", " or ".join(sorted({*fault["breaks"], *sample}))]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["name"] for fault in FAULTS])
def test_suite_fails_exactly_what_the_fault_breaks(fault: dict[str, Any], tmp_path: Path) -> None:
    """No fault survives, and no requirement fails that the fault does not break."""
    scope = chosen(fault, os.environ.get("SMI_FAULTS_SCOPE", "sample"))

    versions = [f"--smi-version={fault['versions']}"] if "versions" in fault else []
    run = run_suite(tmp_path, f"--smi-fault={fault['name']}", *versions, *scope, "--smi-fail-on=should")

    failed, expected = run.requirements("failed"), set(fault["breaks"])
    assert failed == expected, run.explain(failed ^ expected)
    binding = {record.requirement for record in load() if record.level in LEVELS_OF["should"]}
    assert run.status == (1 if failed & binding else 0)


def test_every_requirement_has_a_fault_that_breaks_it() -> None:
    """A requirement that no fault breaks has never been seen to fail."""
    broken = {requirement for fault in FAULTS for requirement in fault["breaks"]}

    assert {record.requirement for record in load()} - CANNOT_FAIL - broken == set()


def test_faults_break_known_requirements() -> None:
    """A fault that claims to break what is not in the catalogue promises what nobody checks."""
    known = {record.requirement for record in load()}

    assert {
        fault["name"]: sorted(set(fault["breaks"]) - known) for fault in FAULTS if set(fault["breaks"]) - known
    } == {}


def test_cluster_without_a_mesh_passes_nothing(tmp_path: Path) -> None:
    """The null mesh: plain Kubernetes satisfies no requirement that is a mesh's to meet."""
    run = run_suite(tmp_path, f"--smi-fault={NO_MESH}", "--smi-timeout=0.4")
    declared = next(fault for fault in list_faults() if fault["name"] == NO_MESH)["breaks"]

    assert run.requirements("passed") == set(), run.explain(run.requirements("passed"))
    assert run.requirements("failed") == set(declared), run.explain(run.requirements("failed") ^ set(declared))
    assert run.status == 1


@pytest.mark.parametrize("fault", HARNESS)
def test_broken_harness_is_errored(fault: str, tmp_path: Path) -> None:
    """When our own instruments break, nothing is passed and nothing is failed."""
    chosen = "unlisted_source or http_is_denied_without_a_target or ninety_ten"

    run = run_suite(tmp_path, f"--smi-fault={fault}", "--smi-api=access,split", "-k", chosen, "--smi-timeout=0.2")

    assert run.requirements("errored"), run.output[-3000:]
    assert run.requirements("passed", "failed", "observed") == set(), run.explain(
        run.requirements("passed", "failed", "observed")
    )
    assert run.status == 3
