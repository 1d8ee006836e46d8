"""Judgements of edges and of splits: each passes on what is right, and says what is wrong."""

from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import edges, splits
from pytest_smi.scenario.metrics.recording import SplitFacts
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from tests.scenario.metrics.metrics_documents import item, listed, metrics, ref

A, B, LIMITS = ref("a"), ref("b"), Limits()
TWIN = ref("a", namespace="t2")
SPLIT = SplitFacts(resource=ref("s", kind="TrafficSplit"), apex="web", weights={"v1": 90, "v2": 10})


def backend(name: str, requests: int, **fields: Any) -> dict[str, Any]:
    """An item of the split."""
    edge = {"direction": "from", "side": "client", "resource": {}}
    return item(
        SPLIT.resource,
        backend={"apex": "web", "name": name, "weight": 1},
        **{"edge": edge, "metrics": metrics(requests), **fields},
    )


def test_peers_are_of_the_subjects_kind() -> None:
    """No edges at all are wrong too: there was traffic."""
    edges.of_one_kind(listed(item(A, peer=B)), "Deployment")
    for wrong in (listed(item(A, peer=ref("p", kind="Pod"))), listed(item(A, peer=B), item(A, peer=Ref(name="x")))):
        with pytest.raises(RequirementFailed, match="of kind"):
            edges.of_one_kind(wrong, "Deployment")
    with pytest.raises(RequirementFailed, match="no edges"):
        edges.of_one_kind(listed(), "Deployment")


def test_two_of_one_name_are_told_apart() -> None:
    """An edge to itself, or none to the other one, is wrong."""
    edges.homonyms(listed(item(A, peer=TWIN), item(A, peer=B)), A, TWIN)
    for wrong in (listed(item(A, peer=A)), listed(item(A, peer=A), item(A, peer=TWIN)), listed(item(A, peer=B))):
        with pytest.raises(RequirementFailed, match="alone of that name"):
            edges.homonyms(wrong, A, TWIN)


@pytest.mark.parametrize(("received", "right"), [(300, True), (286, True), (280, False), (380, False), (0, False)])
def test_both_ends_agree_within_five_percent(received: int, right: bool) -> None:
    """Whatever direction they are said to have."""
    sent = listed(item(A, peer=B, direction="to", metrics=metrics(300)))
    got = listed(item(B, peer=A, metrics=metrics(received)))
    if right:
        edges.both_ends(sent, A, got, B, LIMITS.metrics_ends_share)
    else:
        with pytest.raises(RequirementFailed):
            edges.both_ends(sent, A, got, B, LIMITS.metrics_ends_share)


def test_an_end_that_is_missing_or_empty_is_wrong() -> None:
    """Nothing on either side is not agreement."""
    empty = listed(item(A, peer=B, metrics=metrics(0)))
    for sent in (listed(), empty):
        with pytest.raises(RequirementFailed):
            edges.both_ends(sent, A, listed(item(B, peer=A, metrics=metrics(0))), B, 0.05)


def test_a_backend_has_what_went_through_the_apex() -> None:
    """Each by itself: the total for both, and one for all, are wrong."""
    sent = {"v1": 44, "v2": 6}
    splits.counted(listed(backend("v1", 44), backend("v2", 6)), SPLIT, sent, LIMITS)
    for wrong in ([backend("v1", 50), backend("v2", 50)], [backend("v1", 50)], []):
        with pytest.raises(RequirementFailed):
            splits.counted(listed(*wrong), SPLIT, sent, LIMITS)
    with pytest.raises(Inconclusive):
        splits.counted(listed(backend("v1", 0)), SPLIT, {"v1": 0, "v2": 0}, LIMITS)


def test_what_went_straight_to_a_backend_is_not_the_splits() -> None:
    """A count that is only a little off is the other requirement's matter."""
    for found in (45, 40, 50):
        splits.without_straight(listed(backend("v1", found)), SPLIT, "v1", 45, 60, LIMITS)
    with pytest.raises(RequirementFailed, match="60 were sent to the backend itself"):
        splits.without_straight(listed(backend("v1", 105)), SPLIT, "v1", 45, 60, LIMITS)
    with pytest.raises(Inconclusive):
        splits.without_straight(listed(backend("v1", 45)), SPLIT, "v1", 45, 3, LIMITS)


@pytest.mark.parametrize(
    "edge",
    [
        {"direction": "to", "side": "client", "resource": {}},
        {"direction": "from", "side": "server", "resource": {}},
        {"direction": "from", "resource": {}},
        {"direction": "from", "side": "client", "resource": {"kind": "Deployment", "name": "g"}},
        None,
    ],
)
def test_the_edge_of_a_split_is_from_client_and_empty(edge: object) -> None:
    """`null` is as empty as `{}`."""
    splits.edges(listed(backend("v1", 1, edge={"direction": "from", "side": "client", "resource": None})), SPLIT)
    with pytest.raises(RequirementFailed, match="the edge of TrafficSplit"):
        splits.edges(listed(backend("v1", 1, edge=edge)), SPLIT)
    with pytest.raises(RequirementFailed, match="no item"):
        splits.edges(listed(), SPLIT)
