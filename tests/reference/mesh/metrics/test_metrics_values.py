"""Quantities, durations and timestamps."""

import pytest

from pytest_smi.reference.mesh.metrics.samples import step_of_latency
from pytest_smi.reference.mesh.metrics.values import MetricValues, go_duration, milli_quantity, rfc3339
from pytest_smi.reference.mesh.metrics.windows import Tally


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0121, "13m"), (0.2, "200m"), (0.0001, "1m"), (2.0, "2"), (1.2, "1200m")]
)
def test_quantities_are_in_milli_and_rounded_up(value: float, text: str) -> None:
    """As Kubernetes rounds: up, and never to zero what was more."""
    assert milli_quantity(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4, "4s"), (1.5, "1.5s"), (0.5, "500ms"), (90, "1m30s"), (3600, "1h0m0s"), (30.0, "30s")]
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """The window parses with Go's time.ParseDuration."""
    assert go_duration(seconds) == text


def test_timestamps_are_utc_to_the_second() -> None:
    """RFC3339 with a Z."""
    assert rfc3339(1_700_000_000.9) == "2023-11-14T22:13:20Z"


def test_the_five_metrics_each_once() -> None:
    """Names, units and values of a tally."""
    tally = Tally(successes=3, failures=1, latencies={step_of_latency(0.2): 4})
    found = MetricValues().of(tally)

    assert [metric["name"] for metric in found] == [
        "p99_response_latency",
        "p90_response_latency",
        "p50_response_latency",
        "success_count",
        "failure_count",
    ]
    assert [metric.get("unit") for metric in found] == ["seconds"] * 3 + [None] * 2
    assert [metric["value"] for metric in found[3:]] == ["3", "1"]
    assert 190 <= int(found[0]["value"].removesuffix("m")) <= 210
