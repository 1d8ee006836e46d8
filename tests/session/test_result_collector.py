"""The results of a run: one per assertion, whatever other plugins do, and what a lost process leaves."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.core.limits import Limits
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.profiles.load import load_profile
from pytest_smi.reports.diff import Baseline
from pytest_smi.session.results import ResultCollector
from pytest_smi.testbed.target import MeshTarget


def a_collector(fail_on: str = "must") -> ResultCollector:
    """Of a run of the reference."""
    target = MeshTarget(
        name="reference",
        profile=load_profile("reference"),
        versions={"access": "v1alpha3"},
        limits=Limits(),
        image="i",
        run="r",
    )
    targets: Any = SimpleNamespace(options=SimpleNamespace(fail_on=fail_on), reached={"reference": target})
    return ResultCollector(targets, Baseline())


def a_result(status: Status, level: Level = Level.MUST, name: str = "a::b") -> Result:
    """A result of one assertion."""
    return Result(
        id=name,
        requirement="TA-01",
        api=Api.ACCESS,
        version="v1alpha3",
        level=level,
        status=status,
        reason="",
        source="s",
        duration=0.0,
        mesh="reference",
    )


@pytest.mark.parametrize("order", [(Status.FAILED, Status.PASSED), (Status.PASSED, Status.FAILED)])
def test_of_two_results_the_worst_counts(order: tuple[Status, Status]) -> None:
    """However they come; and the run remembers that there were two."""
    collector = a_collector()
    for status in order:
        collector.add(a_result(status))

    assert [result.status for result in collector.results["reference"]] == [Status.FAILED]
    assert collector.repeated["reference"] == {"TA-01"}
    assert collector.exit_status() == 1


@pytest.mark.parametrize(
    ("level", "fail_on", "status"),
    [
        (Level.MUST, "must", 1),
        (Level.DERIVED, "must", 1),
        (Level.SHOULD, "must", 0),
        (Level.SHOULD, "should", 1),
        (Level.UNSPECIFIED, "should", 0),
    ],
)
def test_what_fails_a_run(level: Level, fail_on: str, status: int) -> None:
    """A MUST does, a SHOULD when asked for, and what the specification leaves open never; what does not is told."""
    collector = a_collector(fail_on)
    collector.add(a_result(Status.FAILED, level))

    assert collector.exit_status() == status
    assert bool(collector.unmet_recommendations()) is (status == 0)


def test_a_lost_process_leaves_an_errored_result() -> None:
    """By the node id alone, with the version under test; other tests are none of ours."""
    record = next(record for record in load() if record.requirement == "TA-08")
    module, name = record.name.split("::")
    lost = a_collector().lost(f"somewhere/test_{module}.py::test_{name}[TA-08-reference]", "it crashed")

    assert lost is not None
    assert (lost.requirement, lost.status, lost.version) == ("TA-08", Status.ERRORED, "v1alpha3")
    assert lost.id == f"{record.name}[v1alpha3]"
    assert lost.reason == "the process that ran it was lost: it crashed"
    assert a_collector().lost("tests/test_mine.py::test_it", "it crashed") is None


def test_closed_gaps_are_told_once_each() -> None:
    """So that the profile is mended."""
    collector = a_collector()
    collector.add(replace(a_result(Status.PASSED), reason="closed gap: the mesh meets the requirement"))
    collector.add(a_result(Status.PASSED, name="c::d"))

    assert collector.closed_gaps() == ["closed gap: TA-01 (reference) is met; remove it from the gaps of the profile"]
