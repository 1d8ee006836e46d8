"""Recordings: what arrived where, and whether a document may be judged at all."""

import pytest

from pytest_smi.scenario.metrics.recording import Count
from pytest_smi.scenario.metrics.records import items_of
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from tests.scenario.metrics.metrics_documents import document, flow, item, listed, metrics, recording, ref

FLOWS = (
    flow("a", "b", successes=220),
    flow("a", "b", failures=80),
    flow("c", "b", pod="b-1", successes=5),
    flow("b", "a", successes=7),
)


def test_arrivals_are_added_up() -> None:
    """By destination, by pair and by pod."""
    seen = recording({}, flows=FLOWS)
    assert seen.received("b") == Count(successes=225, failures=80)
    assert seen.sent("a", "b").requests == 300
    assert seen.by_pod("b") == {"b-0": Count(successes=220, failures=80), "b-1": Count(successes=5)}
    assert seen.received("d").requests == 0


def test_a_document_read_within_the_window_is_frozen() -> None:
    """From the first request to the end of the reading."""
    assert recording({"k": listed(finished=4.0)}).frozen("k").items() == []


def test_a_document_read_too_late_says_nothing() -> None:
    """Its window may have lost some of the traffic: inconclusive, never failed."""
    with pytest.raises(Inconclusive, match=r"longer than the window of 4\.0 s"):
        recording({"k": listed(finished=4.1)}).frozen("k")


def test_without_any_window_counts_say_nothing() -> None:
    """Nor can one wait for it to be empty."""
    with pytest.raises(Inconclusive, match="no window"):
        recording({"k": listed()}, window=None).frozen("k")


def test_a_refused_document_fails_whoever_needs_it() -> None:
    """Also when it came too late."""
    with pytest.raises(RequirementFailed, match="answered 500"):
        recording({"k": document("?", status=500, finished=9.0)}).frozen("k")


def test_a_document_is_asked_for_one_item() -> None:
    """Alone, or about one object; none and several fail."""
    assert document(item(ref("a"))).only().resource == ref("a")
    assert listed(item(ref("a")), item(ref("b"))).about(ref("b")).resource == ref("b")
    for wrong in (listed(), listed(item(ref("a")), item(ref("b")))):
        with pytest.raises(RequirementFailed):
            wrong.only()
    with pytest.raises(RequirementFailed):
        listed(item(ref("a"))).about(ref("b"))


@pytest.mark.parametrize(
    "body", [None, "<html>", [], {}, {"kind": "TrafficMetricsList"}, {"kind": "Status", "items": []}]
)
def test_what_is_no_document_of_the_api_fails(body: object) -> None:
    """With what was found."""
    with pytest.raises(RequirementFailed, match="expected TrafficMetrics"):
        items_of(body)


def test_gaps_are_found_only_by_who_looks_there() -> None:
    """A bare item can be read; its counts cannot."""
    (bare,) = items_of({"kind": "TrafficMetrics", "edge": None, "metrics": ["?"]})
    assert (bare.side, bare.window, bare.backend) == ("", None, None)
    with pytest.raises(RequirementFailed, match="no metric success_count"):
        _ = bare.requests


def test_values_that_cannot_be_read_fail_with_their_item() -> None:
    """Name, object and reason."""
    (broken,) = items_of(item(ref("b"), metrics=metrics(success="many")))
    with pytest.raises(RequirementFailed, match="success_count of Deployment t1/b cannot be read: 'many'"):
        broken.value("success_count")
    assert broken.latency("p50_response_latency") == pytest.approx(0.002)
