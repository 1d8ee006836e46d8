"""Runs with `--smi-baseline`: only what the baseline does not know fails them."""

from pathlib import Path

import pytest

from tests.support.runs import run_suite

pytestmark = pytest.mark.slow
BOTH = ("-k", "ninety_ten or weight_zero_gets_nothing")


def test_known_failures_do_not_fail_a_run(tmp_path: Path) -> None:
    """The same failure again is named as known and gives status 0, another one status 1;
    the matrix says failed in both cases."""
    for name in ("first", "same", "other"):
        (tmp_path / name).mkdir()
    first = run_suite(tmp_path / "first", "--smi-fault=split-weights-ignored", *BOTH)
    baseline = f"--smi-baseline={tmp_path / 'first' / 'smi-report-partial'}"
    same = run_suite(tmp_path / "same", "--smi-fault=split-weights-ignored", baseline, *BOTH)
    other = run_suite(tmp_path / "other", "--smi-fault=split-zero-weight-leaks", f"{baseline}/matrix.json", *BOTH)

    assert (first.status, first.requirements("failed")) == (1, {"SP-01"}), first.output[-2000:]
    assert (same.status, same.requirements("failed")) == (0, {"SP-01"}), same.output[-2000:]
    assert "1 failure(s) of the baseline: SP-01 (reference)" in same.output
    assert same.matrix is not None
    assert same.matrix["runs"][0]["conformant"] is False
    assert (other.status, other.requirements("failed")) == (1, {"SP-04"}), other.output[-2000:]


@pytest.mark.parametrize("content", [None, "{}"])
def test_baseline_that_cannot_be_read_is_a_usage_error(tmp_path: Path, content: str | None) -> None:
    """A missing file, or one that is no matrix, is found out before anything starts."""
    path = tmp_path / "matrix.json"
    if content is not None:
        path.write_text(content)
    run = run_suite(tmp_path, f"--smi-baseline={path}")
    assert run.status == 4, run.output
    assert "Traceback" not in run.output
