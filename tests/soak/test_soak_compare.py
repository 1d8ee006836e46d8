"""What the soak run says of its runs."""

import pytest

from tests.soak.compare import MISSING, Difference, bound, differences


def test_equal_runs_do_not_differ() -> None:
    assert differences({f"run-{n}": {"TA-01": "passed", "SP-34": "observed (split)"} for n in range(5)}) == []


def test_the_run_that_differs_is_named_with_what_is_usual() -> None:
    runs = {f"run-{n}": {"TA-01": "passed", "TA-02": "passed"} for n in range(3)}
    runs["run-3"] = {"TA-01": "failed"}
    assert differences(runs) == [
        Difference(run="run-3", requirement="TA-01", usual="passed", seen="failed"),
        Difference(run="run-3", requirement="TA-02", usual="passed", seen=MISSING),
    ]


@pytest.mark.parametrize(
    ("runs", "wrong", "rate"), [(60, 0, 0.0487), (10, 0, 0.2589), (10, 1, 0.3942), (1, 1, 1.0), (0, 0, 1.0)]
)
def test_what_so_many_runs_rule_out(runs: int, wrong: int, rate: float) -> None:
    """The one-sided bounds of the tables."""
    assert bound(runs, wrong) == pytest.approx(rate, abs=1e-3)
