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
    """Alone and on four workers: same results in the same order, everything that the newest versions state is passed
    or observed, status 0."""
    runs = []
    for name, arguments in (("alone", ()), ("four", ("-n", "4"))):
        folder = tmp_path / name
        folder.mkdir()
        runs.append(run_suite(folder, *arguments))

    for run in runs:
        assert run.requirements("failed", "errored", "skipped") == set(), run.output[-5000:]
        assert run.requirements("unsupported") == OF_OTHER_VERSIONS
        assert run.requirements("passed", "observed") == {record.requirement for record in load()} - OF_OTHER_VERSIONS
        assert run.status == 0
        assert run.matrix is not None
        assert run.matrix["runs"][0]["conformant"] is True
    assert verdicts(runs[0]) == verdicts(runs[1])
