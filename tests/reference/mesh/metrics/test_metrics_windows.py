"""Windows, tallies and percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.reference.mesh.metrics.samples import Cell, Traffic
from pytest_smi.reference.mesh.metrics.windows import Tally, Window, add_up

TRAFFIC = Traffic("server", "HTTP/1.1", None, ("b", "srv"), None, None, None)
TALLIES = st.dictionaries(st.integers(-200, 100), st.integers(1, 50), max_size=12).map(
    lambda steps: Tally(successes=sum(steps.values()), latencies=steps)
)


@pytest.mark.parametrize(
    ("start", "inside"), [(95.8, False), (95.95, True), (98.0, True), (100.0, True), (100.1, False)]
)
def test_a_cell_is_in_the_window_when_part_of_it_is(start: float, inside: bool) -> None:
    """The window of 4 s that ends at 100 holds cells of 0.1 s from 95.9 to 100."""
    cell = Cell(start, 0.1, TRAFFIC, 1, 0, {})

    assert Window(end=100.0, seconds=4.0).holds(cell) is inside


@given(TALLIES)
def test_percentiles_are_ordered(tally: Tally) -> None:
    """p50 <= p90 <= p99, whatever was counted."""
    assert tally.quantile(0.5) <= tally.quantile(0.9) <= tally.quantile(0.99)


@given(
    st.lists(TALLIES.filter(lambda tally: tally.requests > 0), min_size=1, max_size=5),
    st.sampled_from([0.5, 0.9, 0.99]),
)
def test_a_mixture_lies_between_its_parts(parts: list[Tally], share: float) -> None:
    """An aggregate percentile is never outside the range of its pods'."""
    found = [part.quantile(share) for part in parts]

    assert min(found) <= add_up(parts).quantile(share) <= max(found)


@pytest.mark.parametrize(("share", "rank"), [(0.5, 5), (0.9, 9), (0.99, 10)])
def test_the_rank_is_the_nearest(share: float, rank: int) -> None:
    """Of ten latencies the 9th is the p90, not the 10th that float rounding would give."""
    tally = Tally(successes=10, latencies=dict.fromkeys(range(1, 11), 1))

    assert tally.quantile(share) == pytest.approx(1.04**rank)


def test_nothing_counted_is_zero_everywhere() -> None:
    """An empty tally has neither requests nor latency."""
    assert (Tally().requests, Tally().quantile(0.5)) == (0, 0.0)
