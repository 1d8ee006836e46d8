"""A healthy reference mesh passes everything, and every way of running gives the same verdicts."""

from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from tests.runs.test_versions_of_their_own import STATED
from tests.support.runs import FinishedRun, run_suite

pytestmark = pytest.mark.slow

OF_OTHER_VERSIONS = {requirement for stated in STATED.values() for requirement in stated} | {
    record.requirement for record in load() if dict(record.since).get("access") == "v1alpha4"
}
"""Requirements that the newest released versions do not state."""


def verdicts(run: FinishedRun) -> list[tuple[Any, ...]]:
    """What must not depend on time, chance or distribution."""
    return [(r["id"], r["requirement"], r["level"], r["status"], r["reading"], r["version"]) for r in run.results]


def test_every_distribution_gives_the_same_matrix(tmp_path: Path) -> None:
    """On four workers everything that the newest versions state is passed or observed, status 0; every third
    requirement has the same result without workers, in the same order."""
    for name in ("four", "alone"):
        (tmp_path / name).mkdir()
    four = run_suite(tmp_path / "four", "-n", "4")

    assert four.requirements("failed", "errored", "skipped") == set(), four.output[-5000:]
    assert four.requirements("unsupported") == OF_OTHER_VERSIONS
    assert four.requirements("passed", "observed") == {record.requirement for record in load()} - OF_OTHER_VERSIONS
    assert four.status == 0
    assert four.matrix is not None
    assert four.matrix["runs"][0]["conformant"] is True

    thirds = sorted({record.requirement for record in load()})[::3]
    alone = run_suite(tmp_path / "alone", "-k", " or ".join(thirds))
    assert alone.status == 0, alone.output[-5000:]
    assert verdicts(alone) == [one for one in verdicts(four) if one[1] in thirds]
