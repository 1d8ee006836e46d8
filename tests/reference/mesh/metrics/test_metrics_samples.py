"""Recorder, rows and merging."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.reference.mesh.metrics.samples import (
    Recorder,
    RowError,
    Sample,
    latency_of_step,
    merge,
    step_of_latency,
)

NOW = 1_700_000_000.0


def _sample(**changes: Any) -> Sample:
    basis: dict[str, Any] = {
        "at": NOW,
        "side": "server",
        "protocol": "HTTP/1.1",
        "source": ("a", "cli"),
        "destination": ("b", "srv"),
        "success": True,
        "latency": 0.01,
    }
    return Sample(**{**basis, **changes})


@given(st.floats(min_value=2e-6, max_value=100))
def test_a_latency_comes_back_within_two_percent(latency: float) -> None:
    """The histogram's step stands for a latency at most 2 % off."""
    assert latency_of_step(step_of_latency(latency)) == pytest.approx(latency, rel=0.02)


@pytest.mark.parametrize("latency", [0.0, -1.0, 1e-9])
def test_a_latency_of_nothing_is_recorded(latency: float) -> None:
    """A clock that did not advance is no error."""
    recorder = Recorder()
    recorder.record(_sample(latency=latency))
    (cell,) = merge(recorder.export(0))

    assert cell.successes == 1
    assert sum(cell.latencies.values()) == 1


def test_equal_samples_share_a_row_and_different_ones_do_not() -> None:
    """Counts are exact per traffic, successes apart from failures."""
    recorder = Recorder()
    for sample in (
        _sample(),
        _sample(success=False),
        _sample(),
        _sample(split=("b", "s"), backend="v1", side="client"),
    ):
        recorder.record(sample)
    cells = merge(json.loads(json.dumps(recorder.export(0))))

    assert sorted((cell.traffic.side, cell.successes, cell.failures) for cell in cells) == [
        ("client", 1, 0),
        ("server", 2, 1),
    ]
    assert {cell.traffic.split for cell in cells} == {None, ("b", "s")}


def test_export_leaves_out_what_ended_before() -> None:
    """`since` cuts off old buckets and the export takes nothing away."""
    recorder = Recorder()
    recorder.record(_sample(at=NOW - 5))
    recorder.record(_sample(at=NOW))

    assert len(recorder.export(NOW - 1)) == 1
    assert len(recorder.export(0)) == 2


def test_the_ring_forgets_the_oldest_and_refuses_the_late() -> None:
    """Memory is bounded: a bucket is overwritten after the retention, and never by an older sample."""
    recorder = Recorder(bucket_seconds=1, retention_seconds=10)
    recorder.record(_sample(at=100.5))
    recorder.record(_sample(at=110.5))
    recorder.record(_sample(at=100.5))

    assert [row[0] for row in recorder.export(0)] == [110]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0.0001, 2)), max_size=40), st.integers(1, 4))
def test_merging_sidecars_is_recording_in_one(samples: list[tuple[int, bool, float]], sidecars: int) -> None:
    """However samples are spread over sidecars, the merged cells are the same."""
    alone, spread = Recorder(), [Recorder() for _ in range(sidecars)]
    for number, (second, success, latency) in enumerate(samples):
        sample = _sample(at=NOW + second, success=success, latency=latency)
        alone.record(sample)
        spread[number % sidecars].record(sample)
    merged = merge([row for recorder in spread for row in recorder.export(0)])

    assert sorted(merged, key=lambda cell: cell.start) == sorted(merge(alone.export(0)), key=lambda cell: cell.start)


@pytest.mark.parametrize(
    "row", [[], [1] * 12, [1.0, 0.1, "server", "HTTP/1.1", None, None, None, None, None, 1, 0, [3]]]
)
def test_a_row_of_another_shape_is_refused(row: list[Any]) -> None:
    """Rows of a sidecar of another version are a RowError, not wrong numbers."""
    with pytest.raises(RowError, match="metrics row"):
        merge([row])
