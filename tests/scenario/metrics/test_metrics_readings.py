"""Readings of what is left open: in words, whatever the mesh answers."""

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import readings
from pytest_smi.scenario.metrics.records import Ref
from tests.scenario.metrics.metrics_documents import document, item, listed, metrics, recording, ref

B, X = ref("b"), ref("x")
BY_STATUS = {200: 37, 202: 10, 302: 20, 404: 40}


@pytest.mark.parametrize(
    ("success", "reading"),
    [
        (107, "202 and 302 and 404 count as success"),
        (67, "202 and 302 count as success, 404 as failure"),
        (47, "202 count as success, 302 and 404 as failure"),
        (37, "202 and 302 and 404 count as failure"),
        (5, "success_count is 5, which no choice of 202 and 302 and 404 explains"),
    ],
)
def test_statuses_are_told_by_the_count(success: float, reading: str) -> None:
    """Every choice of them has a sum of its own."""
    assert readings.classified(success, BY_STATUS, 37, Limits()) == reading


def test_documents_are_told_of_as_they_are() -> None:
    """Also those that cannot be read."""
    gone = document({}, status=404)
    echo = document({**listed(item(B)).body, "selector": {}})
    assert "does not repeat" in readings.selector_echo(echo)
    assert "404" in readings.selector_echo(gone)
    assert "no address" in readings.single_edge(gone)
    assert "has an address" in readings.single_edge(listed())
    assert "direction from, side server and an empty edge resource" in readings.plain_edge(document(item(B)))
    assert "cannot be read" in readings.plain_edge(listed())
    assert readings.get_split(listed(item(B), item(B))) == "a get of a split is a TrafficMetricsList with 2 items"
    assert readings.get_split(document(item(B))) == "a get of a split is one TrafficMetrics"
    assert "neither" in readings.get_split(document({"kind": "Status"}))
    assert "404" in readings.get_split(gone)


def test_a_service_counts_its_endpoints_or_its_name() -> None:
    """Its pods were addressed by their own addresses."""
    assert "endpoints received (60 of 60)" in readings.service(document(item(B, metrics=metrics(60))), 60)
    assert "sent to its name" in readings.service(document(item(B, metrics=metrics(0))), 60)
    assert "answered 404" in readings.service(document({}, status=404), 60)


def test_refusals_are_failures_or_nothing() -> None:
    """By the failures of the server, to which no other request failed."""
    assert "are failures" in readings.refused(listed(item(X, metrics=metrics(10, 16))), X, 16)
    assert "are not counted" in readings.refused(listed(item(X, metrics=metrics(10, 0))), X, 16)
    assert "not told of" in readings.refused(listed(), X, 16)


def test_units_peers_and_versions_are_told_of_all_items() -> None:
    """Of every document."""
    seen = recording({"k": listed(item(B, peer=X), item(B))})
    assert readings.units(seen) == "latencies are in seconds"
    assert "in full" in readings.partial_peers(seen)
    assert "only a kind" in readings.partial_peers(recording({"k": listed(item(B, peer=Ref(kind="Pod")))}))
    group = {"versions": [{"version": "v1alpha1"}, {"version": "v1alpha2"}]}
    assert readings.versions(group, "v1alpha1", seen).startswith("v1alpha1 and v1alpha2 is offered; v1alpha1 has side")
    assert readings.versions("<html>", "v1alpha1", seen).startswith("v1alpha1 is offered")


def test_a_refusal_names_the_resource() -> None:
    """As Kubernetes words it; without a refusal there is nothing to tell it by."""
    words = 'edges.metrics.smi-spec.io is forbidden: User "u" cannot list resource "edges" in API group "m"'
    assert readings.permission(Answer(403, {"message": words})).endswith("names edges")
    assert "hides" in readings.permission(Answer(403, {"message": "no"}))
    assert "answered 200" in readings.permission(Answer(200, {}))
