"""What the soak run says of its runs, and of searches."""

from dataclasses import replace

import pytest

from tests.matrix.test_exploration_record import FOUND
from tests.soak.compare import MISSING, Difference, bound, differences, undeclared


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


def test_what_belongs_to_no_requirement_or_to_one_that_passes_is_undeclared() -> None:
    one = FOUND.counterexamples[0]
    known, other = replace(one, number=2, requirement="TA-41"), replace(one, number=3, requirement="TA-05")
    found = replace(FOUND, counterexamples=(one, known, other))
    assert undeclared(found, {"TA-41"}) == [one, other]
    assert undeclared(replace(FOUND, counterexamples=()), set()) == []
