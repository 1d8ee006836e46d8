"""Judgements of numbers of several pods together: each passes on what is right, and says what is wrong."""

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import aggregates
from pytest_smi.scenario.metrics.records import Item, Ref, items_of
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.smi.versions import NotExpressible
from tests.scenario.metrics.metrics_documents import document, item, listed, metrics, recording, ref

LIMITS = Limits()
SET = ref("w-1", kind="ReplicaSet")
NODE = Ref(kind="Node", name="n1")


def one(success: object = 10, p50: str = "5m", p90: str = "6m", p99: str = "7m") -> Item:
    """The record of one item."""
    return items_of(item(ref("w"), metrics=metrics(success, 0, p50, p90, p99)))[0]


def test_only_what_should_be_counted_is() -> None:
    """Of one item or of several; too little to tell is inconclusive."""
    aggregates.exactly("why", [one(40), one(60)], 100, 60, LIMITS)
    for found in ([one(160)], [one(100), one(60)], []):
        with pytest.raises(RequirementFailed, match="expected 100: why"):
            aggregates.exactly("why", found, 100, 60, LIMITS)
    for expected, others in ((0, 60), (100, 3)):
        with pytest.raises(Inconclusive):
            aggregates.exactly("why", [one(100)], expected, others, LIMITS)


def test_a_replica_set_has_what_its_pods_have_and_a_node_at_least_that() -> None:
    """Others' traffic on the node does not matter; pods that show nothing say nothing."""
    sets, nodes = listed(item(SET, metrics=metrics(60))), listed(item(NODE, metrics=metrics(900)))
    parts, on_node = [one(40), one(20)], {"n1": 800.0}
    aggregates.parts_of_other_kinds({"replicasets": sets, "nodes": nodes}, SET, parts, on_node, LIMITS)
    zeros = listed(item(SET, metrics=metrics(0))), listed(item(NODE, metrics=metrics(0)))
    for wrong in ({"replicasets": zeros[0], "nodes": nodes}, {"replicasets": sets, "nodes": zeros[1]}):
        with pytest.raises(RequirementFailed, match=r"no requests are shown|has 0 requests"):
            aggregates.parts_of_other_kinds(wrong, SET, parts, on_node, LIMITS)
    with pytest.raises(Inconclusive):
        aggregates.parts_of_other_kinds({"replicasets": sets}, SET, [one(0)], on_node, LIMITS)


def test_kinds_that_are_not_offered_are_another_requirements() -> None:
    """One of them is enough to judge."""
    gone = document({}, status=404)
    sets = listed(item(SET, metrics=metrics(60)))
    aggregates.parts_of_other_kinds({"replicasets": sets, "nodes": gone}, SET, [one(60)], {"n1": 800.0}, LIMITS)
    with pytest.raises(NotExpressible, match="TM-03"):
        aggregates.parts_of_other_kinds({"replicasets": gone, "nodes": gone}, SET, [one(60)], {}, LIMITS)


def test_a_percentile_of_a_mixture_lies_between_its_parts() -> None:
    """Above all of them, as a sum is, and below all of them are wrong."""
    parts = [one(30), one(10, p50="300m", p90="310m", p99="320m")]
    seen = [0.01] * 30 + [0.3] * 10
    aggregates.between_parts(one(40, p90="300m", p99="315m"), parts, seen, LIMITS)
    for wrong in (one(40, p99="800m"), one(40, p50="1m")):
        with pytest.raises(RequirementFailed, match="lie between"):
            aggregates.between_parts(wrong, parts, seen, LIMITS)
    for few, measured in ((parts[:1], seen), (parts, [0.3] * 40), (parts, [])):
        with pytest.raises(Inconclusive):
            aggregates.between_parts(one(40), few, measured, LIMITS)


def test_the_median_of_a_slow_object_is_above_that_of_a_fast_one() -> None:
    """In whatever unit; where the clients saw no difference, nothing can be said."""
    fast, slow = [0.01] * 9, [0.21] * 9
    aggregates.follows(one(p50="5m"), one(p50="205m"), fast, slow, LIMITS)
    aggregates.follows(one(p50="0"), one(p50="1m"), fast, slow, LIMITS)
    for wrong in (one(p50="5m"), one(p50="9m"), one(p50="0")):
        with pytest.raises(RequirementFailed, match="clients measured"):
            aggregates.follows(one(p50="5m"), wrong, fast, slow, LIMITS)
    with pytest.raises(Inconclusive):
        aggregates.follows(one(), one(p50="205m"), [0.1] * 9, slow, LIMITS)


def test_every_latency_names_a_unit_of_time() -> None:
    """Counts need none."""
    aggregates.units(recording({"k": listed(item(ref("b")))}))
    for unit in (None, "", "requests"):
        latencies = [{**entry, "unit": unit} if "latency" in str(entry["name"]) else entry for entry in metrics()]
        with pytest.raises(RequirementFailed, match="p99_response_latency"):
            aggregates.units(recording({"k": listed(item(ref("b"), metrics=latencies))}))
