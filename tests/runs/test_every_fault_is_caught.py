"""The suite's proof of itself: under every fault it fails exactly what the fault breaks; healthy, with no mesh,
or broken, it never lies.

Every fault is tested against the requirements that it breaks and a sample of their neighbours that changes with the
fault's name; with SMI_FAULTS_SCOPE=api (`make faults`) against all requirements of those APIs,
with =all (`make faults-all`) against everything. In the sample, faults of different APIs share a mesh and a run, which
must then fail what all of them break and nothing else; with SMI_FAULTS_ALONE=1 each has its own. Faults of access have
it always: who may call changes what every other API's requirements are tested with.
"""

import hashlib
import itertools
import math
import os
from collections.abc import Iterable
from functools import partial
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
"""How many requirements beside those that are broken a run of the sample has, or a few more."""
FAULTS = [fault for fault in list_faults() if fault["name"] not in (*HARNESS, NO_MESH)]
CANNOT_FAIL = {record.requirement for record in load() if record.level == "unspecified"}
LANES = ("TS", "SP", "TM")
"""Faults that break requirements of one of these alone can share a mesh with one of each other."""
Fault = dict[str, Any]


def crews(faults: Iterable[Fault], *, alone: bool) -> list[tuple[Fault, ...]]:
    """Share the faults out to runs: of each lane one at most, and all others by themselves."""
    lanes: dict[str, list[Fault]] = {lane: [] for lane in LANES}
    single: list[tuple[Fault, ...]] = []
    for fault in faults:
        prefixes = {requirement.split("-")[0] for requirement in fault["breaks"]}
        if alone or len(prefixes) != 1 or not prefixes <= lanes.keys():
            single.append((fault,))
        else:
            lanes[prefixes.pop()].append(fault)
    together = itertools.zip_longest(*lanes.values())
    return [*single, *(tuple(fault for fault in crew if fault is not None) for crew in together)]


def apis_of(fault: Fault) -> set[str]:
    """The APIs whose requirements a fault breaks."""
    return {API_OF_PREFIX[requirement.split("-")[0]] for requirement in fault["breaks"]}


def turn(fault: Fault, requirement: str) -> bytes:
    """When a neighbour is drawn: by chance that only the two names decide."""
    return hashlib.sha256(f"{fault['name']} {requirement}".encode()).digest()


def chosen(crew: tuple[Fault, ...], scope: str) -> list[str]:
    """The options that choose the requirements which faults are tested against."""
    if scope == "all":
        return []
    if scope == "api":
        return [f"--smi-api={','.join(sorted(set().union(*map(apis_of, crew))))}"]
    assert scope == "sample", f"SMI_FAULTS_SCOPE is sample, api or all, not {scope}"
    asked: set[str] = set()
    for fault in crew:
        neighbours = {record.requirement for record in load() if record.api in apis_of(fault)} - set(fault["breaks"])
        sample = sorted(neighbours, key=partial(turn, fault))
        asked |= {*fault["breaks"], *sample[: math.ceil(NEIGHBOURS / len(crew))]}
    return ["-k", " or ".join(sorted(asked))]


SCOPE = os.environ.get("SMI_FAULTS_SCOPE", "sample")
CREWS = crews(FAULTS, alone=SCOPE != "sample" or os.environ.get("SMI_FAULTS_ALONE") == "1")


@pytest.mark.parametrize("crew", CREWS, ids=["+".join(fault["name"] for fault in crew) for crew in CREWS])
def test_suite_fails_exactly_what_the_faults_break(crew: tuple[Fault, ...], tmp_path: Path) -> None:
    """No fault survives, and no requirement fails that the faults do not break."""
    names = ",".join(fault["name"] for fault in crew)
    versions = [f"--smi-version={fault['versions']}" for fault in crew if "versions" in fault]

    run = run_suite(tmp_path, f"--smi-fault={names}", *versions, *chosen(crew, SCOPE), "--smi-fail-on=should")

    failed, expected = run.requirements("failed"), {broken for fault in crew for broken in fault["breaks"]}
    assert failed == expected, run.explain(failed ^ expected)
    binding = {record.requirement for record in load() if record.level in LEVELS_OF["should"]}
    assert run.status == (1 if failed & binding else 0)


def test_every_fault_is_tested() -> None:
    """Sharing runs leaves no fault out, and none is tested with another that breaks the same API."""
    shared = crews(FAULTS, alone=False)

    assert sorted(fault["name"] for crew in shared for fault in crew) == sorted(fault["name"] for fault in FAULTS)
    for crew in shared:
        broken = [api for fault in crew for api in apis_of(fault)]
        assert len(broken) == len(set(broken))


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
    # On three workers: most of it waits for what does not come, when all other runs are over.
    run = run_suite(tmp_path, f"--smi-fault={NO_MESH}", "--smi-timeout=0.4", "-n", "3")
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
