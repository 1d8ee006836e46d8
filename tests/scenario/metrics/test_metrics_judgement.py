"""Judgements of recorded documents: each passes on what is right, and says what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import documents, numbers
from pytest_smi.scenario.metrics.recording import Fading, Recording, SplitFacts
from pytest_smi.scenario.metrics.records import Item, items_of
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from tests.scenario.metrics.metrics_documents import HOME, document, item, listed, metrics, recording, ref

LIMITS = Limits()

A, B, C, D = ref("a"), ref("b"), ref("c"), ref("d")
SPLIT = SplitFacts(resource=ref("s", kind="TrafficSplit"), apex="web", weights={"v1": 90, "v2": 10})


def one(**fields: Any) -> Item:
    """The record of one item about b."""
    return items_of(item(B, **fields))[0]


def backend(name: str, weight: object, apex: str = "web") -> dict[str, Any]:
    """An item of the split."""
    return item(SPLIT.resource, backend={"apex": apex, "name": name, "weight": weight})


@pytest.mark.parametrize("found", [294, 300, 306, 299.2])
def test_a_count_within_two_percent_is_right(found: float) -> None:
    """Fractions included."""
    numbers.count("requests", found, 300, LIMITS)


@pytest.mark.parametrize("found", [0, 220, 293, 307, 600])
def test_a_count_beyond_two_percent_is_wrong(found: float) -> None:
    """Too few and too many."""
    with pytest.raises(RequirementFailed, match="expected 300"):
        numbers.count("requests", found, 300, LIMITS)


def test_too_little_traffic_says_nothing() -> None:
    """When hardly anything arrived, that is not the metrics' fault."""
    with pytest.raises(Inconclusive):
        numbers.count("requests", 3, 3, LIMITS)


def test_a_list_holds_its_kind_and_namespace() -> None:
    """Anything else in it fails, and so does a list about another kind."""
    assert len(documents.list_of(listed(item(A), item(B)), "Deployment", HOME)) == 2
    for wrong in (
        listed(item(A), item(ref("z", namespace="t2"))),
        listed(item(ref("p", kind="Pod"))),
        document(item(A)),
    ):
        with pytest.raises(RequirementFailed):
            documents.list_of(wrong, "Deployment", HOME)
    with pytest.raises(RequirementFailed, match="kind 'Pod'"):
        documents.list_of(listed(resource=ref("", kind="Pod")), "Deployment", HOME)


def test_an_answer_that_is_no_list_fails_with_its_words() -> None:
    """Status and message are in the reason."""
    with pytest.raises(RequirementFailed, match="answered 500: no samples"):
        documents.list_of(document({"message": "no samples"}, status=500), "Deployment", HOME)


def test_edges_are_about_their_subject() -> None:
    """The list, by name, and every item; and there are some."""
    documents.edges_about(listed(item(A, peer=B), resource=A), A)
    for wrong in (listed(item(A, peer=B)), listed(item(B, peer=A), resource=A), listed(resource=A)):
        with pytest.raises(RequirementFailed):
            documents.edges_about(wrong, A)


def test_edges_lead_to_all_partners_and_to_no_others() -> None:
    """One missing, one too many, and the wrong namespace."""
    documents.peers(listed(item(A, peer=B), item(A, peer=C), item(A, peer=C)), [B, C])
    for found in ([B], [B, C, D], [B, ref("c", namespace="t2")]):
        with pytest.raises(RequirementFailed, match="traffic was exchanged with"):
            documents.peers(listed(*(item(A, peer=peer) for peer in found)), [B, C])


def test_the_direction_is_that_of_the_subject() -> None:
    """Other peers have no say; both directions at once are wrong where traffic went one way."""
    documents.directions(listed(item(A, peer=B, direction="to"), item(A, peer=C)), B, "to")
    for directions in (["from"], ["to", "from"], []):
        with pytest.raises(RequirementFailed):
            documents.directions(listed(*(item(A, peer=B, direction=d) for d in directions)), B, "to")


def test_one_edge_is_found_by_direction_and_peer() -> None:
    """Not by peer alone."""
    both = listed(item(A, peer=B, direction="to", metrics=metrics(100)), item(A, peer=B, metrics=metrics("37")))
    assert documents.edge(both, "from", B).requests == 37
    with pytest.raises(RequirementFailed, match="0 items to"):
        documents.edge(listed(item(A, peer=B)), "to", B)


def current(recording: Recording) -> None:
    """As the assertion calls it."""
    numbers.current(recording, LIMITS)


WRONG_FIELDS: list[tuple[Callable[[Recording], None], dict[str, Any]]] = [
    (documents.sides, {"edge": {"direction": "to", "resource": {}}}),
    (documents.sides, {"edge": None}),
    (current, {"timestamp": "0001-01-01T00:00:00Z"}),
    (current, {"timestamp": "2024-05-01T09:59:00Z"}),
    (current, {"timestamp": None}),
    (numbers.windows, {"window": None}),
    (numbers.windows, {"window": "0s"}),
    (numbers.windows, {"window": "thirty"}),
    (numbers.five_metrics, {"metrics": metrics()[:4]}),
    (numbers.five_metrics, {"metrics": [*metrics(), metrics()[0]]}),
    (
        numbers.five_metrics,
        {"metrics": [*metrics(), {"name": "p95_response_latency", "unit": "seconds", "value": "1"}]},
    ),
    (numbers.five_metrics, {"metrics": None}),
    (numbers.values, {"metrics": metrics(p50="-9223372036854775808m")}),
    (numbers.values, {"metrics": metrics(success="NaN")}),
    (numbers.ordered, {"metrics": metrics(p90="1m")}),
    (numbers.ordered, {"metrics": metrics(p99="4m")}),
    (numbers.ordered, {"metrics": metrics(success="0")}),
]


@pytest.mark.parametrize(
    "check", [documents.sides, current, numbers.windows, numbers.five_metrics, numbers.values, numbers.ordered]
)
def test_a_right_item_passes(check: Callable[[Recording], None]) -> None:
    """In a list or alone; documents without items are left to others."""
    check(recording({"list": listed(item(A), item(B)), "one": document(item(A)), "broken": document("?", status=500)}))


@pytest.mark.parametrize(("check", "fields"), WRONG_FIELDS)
def test_a_wrong_item_among_right_ones_fails(check: Callable[[Recording], None], fields: dict[str, Any]) -> None:
    """Every item is looked at."""
    read = {"list": listed(item(B, **fields))}
    if fields != {"metrics": metrics(success="0")}:
        read["right"] = listed(item(A))
    with pytest.raises(RequirementFailed):
        check(recording(read))


def test_idle_items_need_no_order() -> None:
    """Percentiles of nothing are not compared."""
    numbers.ordered(recording({"list": listed(item(A), item(B, metrics=metrics(success="0", p90="0")))}))


def test_no_item_anywhere_fails() -> None:
    """An empty API says nothing right."""
    with pytest.raises(RequirementFailed, match="no document"):
        numbers.values(recording({"list": listed()}))


def test_typical_latency_is_normalised_by_its_unit() -> None:
    """Seconds labelled ms are a thousand times too small; no unit is meaningless; a slow harness proves nothing."""
    measured = [0.21] * 20
    numbers.typical(one(metrics=metrics(p50="204m")), measured, 0.2, limits=LIMITS)
    in_ms = [{"name": "p50_response_latency", "unit": "ms", "value": "204"}]
    numbers.typical(one(metrics=in_ms), measured, 0.2, limits=LIMITS)
    for value, unit in (("204m", "ms"), ("204", "seconds"), ("204m", None)):
        with pytest.raises(RequirementFailed):
            numbers.typical(
                one(metrics=[{"name": "p50_response_latency", "unit": unit, "value": value}]),
                measured,
                0.2,
                limits=LIMITS,
            )
    with pytest.raises(Inconclusive):
        numbers.typical(one(metrics=metrics(p50="1200m")), [1.2] * 20, 0.2, limits=LIMITS)


def test_a_slow_machine_is_not_the_meshs_fault() -> None:
    """The median may be what the client saw, but no more than that."""
    numbers.typical(one(metrics=metrics(p50="510m")), [0.5] * 20, 0.2, limits=LIMITS)
    numbers.tailed(one(metrics=metrics(p50="390m", p99="1400m")), [0.4] * 94 + [1.4] * 6, limits=LIMITS)
    with pytest.raises(RequirementFailed):
        numbers.typical(one(metrics=metrics(p50="700m")), [0.5] * 20, 0.2, limits=LIMITS)


def test_a_tail_shows_in_p99_alone() -> None:
    """The mean as percentile hides it; a harness that is slow all over proves nothing."""
    measured = [0.01] * 94 + [1.01] * 6
    numbers.tailed(one(metrics=metrics(p50="9m", p99="1010m")), measured, limits=LIMITS)
    for p50, p99 in (("70m", "70m"), ("1", "1"), ("9m", "500m")):
        with pytest.raises(RequirementFailed):
            numbers.tailed(one(metrics=metrics(p50=p50, p99=p99)), measured, limits=LIMITS)
    with pytest.raises(Inconclusive):
        numbers.tailed(one(metrics=metrics(p50="9m", p99="9m")), [0.01] * 100, limits=LIMITS)
    with pytest.raises(Inconclusive):
        numbers.tailed(one(metrics=metrics(p50="400m", p99="1")), [0.6] * 94 + [1.01] * 6, limits=LIMITS)


@pytest.mark.parametrize("after", [0.0, 11.0, None])
def test_numbers_must_fall(after: float | None) -> None:
    """To nothing, within three windows; a shorter look decides nothing."""
    if after == 0.0:
        numbers.faded(Fading(before=11, after=after, waited=4), 4, LIMITS)
        return
    with pytest.raises(RequirementFailed):
        numbers.faded(Fading(before=11, after=after, waited=12.3), 4, LIMITS)
    with pytest.raises(Inconclusive):
        numbers.faded(Fading(before=11, after=after, waited=6), 4, LIMITS)


@pytest.mark.parametrize("before", [0.0, None])
def test_numbers_that_never_were_cannot_fall(before: float | None) -> None:
    """Inconclusive, not passed."""
    with pytest.raises(Inconclusive):
        numbers.faded(Fading(before=before, after=0.0, waited=12.3), 4, LIMITS)


def test_a_whole_is_the_sum_of_its_parts() -> None:
    """Successes and failures each; a whole that shows nothing is wrong."""
    parts = [one(metrics=metrics(30, 5)), one(metrics=metrics(20, 0)), one(metrics=metrics(10, 0))]
    numbers.sum_of_parts("w", one(metrics=metrics("60", "5")), parts, LIMITS)
    for success, failure in (("30", "5"), ("20", "2"), ("120", "10"), ("60", "0"), ("0", "0")):
        with pytest.raises(RequirementFailed):
            numbers.sum_of_parts("w", one(metrics=metrics(success, failure)), parts, LIMITS)


def test_a_split_has_one_item_for_each_backend() -> None:
    """Aggregated, doubled or nameless ones fail; items of other splits have no say."""
    documents.one_item_each(listed(backend("v1", 90), backend("v2", 10), item(A)), SPLIT)
    for items in (
        [backend("v1", 90)],
        [backend("v1", 90)] * 2 + [backend("v2", 10)],
        [item(SPLIT.resource), backend("v2", 10)],
    ):
        with pytest.raises(RequirementFailed):
            documents.one_item_each(listed(*items), SPLIT)


def test_backends_equal_the_split() -> None:
    """Apex, name and weight; a weight may be written as text."""
    documents.backends(listed(backend("v1", 90), backend("v2", "10")), SPLIT)
    for items in (
        [backend("v1", 50), backend("v2", 50)],
        [backend("v1", 90, "v1"), backend("v2", 10)],
        [backend("v1", 90)],
    ):
        with pytest.raises(RequirementFailed):
            documents.backends(listed(*items), SPLIT)
    with pytest.raises(RequirementFailed, match="weight None"):
        documents.backends(listed(backend("v1", None), backend("v2", 10)), SPLIT)


def test_readings_of_an_idle_object() -> None:
    """Zeros, absence, and what else there may be."""
    assert "zeros" in documents.idle_reading(document(item(D, metrics=metrics("0", "0"))))
    assert "404" in documents.idle_reading(document({}, status=404))
    assert "without counts" in documents.idle_reading(document(item(D, metrics=[])))


def _resources(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "APIResourceList", "groupVersion": "g/v1", "resources": list(entries), **fields}


def test_a_resource_list_names_its_group() -> None:
    """Anything else at the root fails; sub-resources are left out."""
    good = document(_resources({"name": "pods"}, {"name": "pods/edges"}))
    documents.resource_list(good, "g/v1")
    assert [entry["name"] for entry in documents.resources(good)] == ["pods"]
    for wrong in (document("<html>"), document(_resources(groupVersion="g/v2")), document(_resources(), status=404)):
        with pytest.raises(RequirementFailed):
            documents.resource_list(wrong, "g/v1")
    with pytest.raises(RequirementFailed, match="lists no resources"):
        documents.resources(document(_resources()))


def test_an_apiservice_is_available() -> None:
    """Of the right group and version, and its condition is True."""
    spec = {"group": "g", "version": "v1"}
    ready = {"conditions": [{"type": "Available", "status": "True"}]}
    documents.available({"spec": spec, "status": ready}, "g", "v1")
    broken = {"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]}
    with pytest.raises(RequirementFailed, match="no endpoints"):
        documents.available({"spec": spec, "status": broken}, "g", "v1")
    for wrong in ({"spec": spec}, {"spec": {"group": "g/v1", "version": "v1"}, "status": ready}):
        with pytest.raises(RequirementFailed):
            documents.available(wrong, "g", "v1")
