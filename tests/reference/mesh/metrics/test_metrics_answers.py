"""What is answered to each kind of question about a small cluster."""

import pytest

from pytest_smi.reference.mesh.metrics.resources import KINDS
from pytest_smi.reference.mesh.metrics.samples import ObjectKey
from tests.reference.mesh.metrics.world import World, counts, edge_counts, values

A: ObjectKey = ("t1", "a-0")
B: ObjectKey = ("t1", "b-0")
B1: ObjectKey = ("t1", "b-1")
FOREIGN: ObjectKey = ("t2", "a-0")
IDLE: ObjectKey = ("t1", "idle-0")


@pytest.fixture
def world() -> World:
    """a -> b (30, 5 failed), a -> second pod of b (10), b -> a (7), t2's a -> b (4), outside -> b (2), idle."""
    world = World()
    world.deployment("t1", "a", labels={"app": "a"})
    world.deployment("t1", "b", pods=2, labels={"app": "b"})
    world.deployment("t1", "idle", labels={"app": "idle"})
    world.deployment("t2", "a", labels={"app": "a"})
    world.add("nodes", "", "n1")
    world.send(A, B, 30, failures=5)
    world.send(A, B1, 10)
    world.send(B, A, 7)
    world.send(FOREIGN, B, 4)
    world.send(None, B, 2)
    return world


def test_an_object_as_such_is_all_traffic_received(world: World) -> None:
    """From, server, no peer; what it sent is not in it; callers without a sidecar are."""
    item = world.ask("/namespaces/t1/pods/b-0")

    assert item["resource"] == {"kind": "Pod", "namespace": "t1", "name": "b-0"}
    assert item["edge"] == {"direction": "from", "side": "server", "resource": {}}
    assert (item["kind"], item["apiVersion"], item["window"]) == (
        "TrafficMetrics",
        "metrics.smi-spec.io/v1alpha1",
        "4s",
    )
    assert item["timestamp"] == "2023-11-14T22:13:20Z"
    assert counts(item) == (31, 5)


def test_aggregates_are_the_sums_of_their_pods(world: World) -> None:
    """Deployment, replica set, namespace and node."""
    assert counts(world.ask("/namespaces/t1/deployments/b")) == (41, 5)
    assert counts(world.ask("/namespaces/t1/replicasets/b-rs")) == (41, 5)
    assert counts(world.ask("/namespaces/t1")) == (48, 5)
    assert counts(world.ask("/nodes/n1")) == (48, 5)


def test_an_object_without_traffic_has_zeros(world: World) -> None:
    """Idle is an answer, not an error."""
    assert set(values(world.ask("/namespaces/t1/pods/idle-0")).values()) == {"0"}


def test_numbers_fall_when_traffic_stops(world: World) -> None:
    """After the window nothing is left."""
    world.now += 5

    assert counts(world.ask("/namespaces/t1/pods/b-0")) == (0, 0)
    assert world.ask("/namespaces/t1/pods/b-0/edges")["items"] == []


def test_lists_keep_to_their_namespace(world: World) -> None:
    """A namespaced list has that namespace's objects, the list over all namespaces has everything."""
    body = world.ask("/namespaces/t1/deployments")

    assert (body["kind"], body["resource"]) == (
        "TrafficMetricsList",
        {"kind": "Deployment", "namespace": "t1", "apiVersion": "apps/v1"},
    )
    assert [item["resource"]["name"] for item in body["items"]] == ["a", "b", "idle"]
    everywhere = world.ask("/deployments")
    assert everywhere["resource"] == {"kind": "Deployment", "apiVersion": "apps/v1"}
    assert [(item["resource"]["namespace"], item["resource"]["name"]) for item in everywhere["items"]] == [
        ("t1", "a"),
        ("t1", "b"),
        ("t1", "idle"),
        ("t2", "a"),
    ]
    assert world.ask("/namespaces/nowhere/pods")["items"] == []


def test_a_selector_chooses_items_and_is_echoed(world: World) -> None:
    """The numbers of the chosen are those of the full list."""
    body = world.ask("/namespaces/t1/deployments", labels="app=b")
    full = world.ask("/namespaces/t1/deployments")

    assert body["selector"] == {"matchLabels": {"app": "b"}}
    assert body["items"] == [item for item in full["items"] if item["resource"]["name"] == "b"]
    assert "selector" not in full


def test_edges_tell_direction_side_and_peer(world: World) -> None:
    """`to` from the client's side, `from` from the server's; peers of the same kind, with their namespaces."""
    body = world.ask("/namespaces/t1/deployments/b/edges")

    assert body["resource"] == {"kind": "Deployment", "namespace": "t1", "name": "b"}
    assert {item["edge"]["direction"]: item["edge"]["side"] for item in body["items"]} == {
        "from": "server",
        "to": "client",
    }
    assert all(
        item["resource"] == body["resource"] and item["edge"]["resource"]["kind"] == "Deployment"
        for item in body["items"]
    )
    assert edge_counts(body) == {("from", "t1", "a"): (35, 5), ("from", "t2", "a"): (4, 0), ("to", "t1", "a"): (7, 0)}
    assert edge_counts(world.ask("/namespaces/t1/pods/idle-0/edges")) == {}


def test_edges_of_a_namespace_include_the_traffic_within(world: World) -> None:
    """The path is the resource `edges` of the namespace."""
    body = world.ask("/namespaces/t1/edges")

    assert body["resource"] == {"kind": "Namespace", "name": "t1"}
    assert edge_counts(body) == {("from", "", "t1"): (42, 5), ("from", "", "t2"): (4, 0), ("to", "", "t1"): (42, 5)}


def test_edges_can_be_chosen_by_the_peers_labels(world: World) -> None:
    """The selector on an edges list is about peers and is echoed."""
    body = world.ask("/namespaces/t1/pods/a-0/edges", labels="app=b")

    assert set(edge_counts(body)) == {("from", "t1", "b-0"), ("to", "t1", "b-0"), ("to", "t1", "b-1")}
    assert body["selector"] == {"matchLabels": {"app": "b"}}


def test_a_split_has_one_item_a_backend(world: World) -> None:
    """Only what went through the split counts; list and get agree."""
    world.split("t1", "canary", "web.t1.svc.cluster.local", {"v1": 90, "v2": 10})
    world.send(A, B, 9, failures=1, split=("t1", "canary"), backend="v1")
    world.send(A, B1, 1, split=("t1", "canary"), backend="v2")
    body = world.ask("/namespaces/t1/trafficsplits/canary")

    assert body["kind"] == "TrafficMetricsList"
    assert body["items"] == world.ask("/namespaces/t1/trafficsplits")["items"]
    assert [item["backend"] for item in body["items"]] == [
        {"apex": "web", "name": "v1", "weight": 90},
        {"apex": "web", "name": "v2", "weight": 10},
    ]
    assert [counts(item) for item in body["items"]] == [(8, 1), (1, 0)]
    assert body["items"][0]["edge"] == {"direction": "from", "side": "client", "resource": {}}
    assert body["items"][0]["resource"] == {"kind": "TrafficSplit", "namespace": "t1", "name": "canary"}


def test_a_split_with_one_backend_is_got_as_one_object(world: World) -> None:
    """The item itself, no list."""
    world.split("t1", "only", "web", {"v1": 1})

    assert world.ask("/namespaces/t1/trafficsplits/only")["kind"] == "TrafficMetrics"
    assert world.ask("/namespaces/t1/trafficsplits/only/edges")["items"] == []


def test_every_kind_answers_a_list(world: World) -> None:
    """What discovery lists is served, in a namespace and over all."""
    for kind in KINDS.values():
        assert world.ask(f"/{kind.resource}")["resource"] == {"kind": kind.name, "apiVersion": kind.api_version}
        if kind.namespaced:
            assert world.ask(f"/namespaces/t1/{kind.resource}")["resource"]["namespace"] == "t1"


@pytest.mark.parametrize(
    "path",
    [
        "/cronjobs",
        "/namespaces/t1/cronjobs/x",
        "/namespaces/t1/nodes",
        "/namespaces/t1/namespaces",
        "/namespaces/t1/pods/a-0/status",
        "/pods/a-0",
        "/edges",
        "/namespaces/t1/edges/t2",
    ],
)
def test_an_unknown_resource_is_not_found(world: World, path: str) -> None:
    """404 without the name of an object."""
    result = world.answer(path)

    assert (result.code, result.body["kind"], result.body["reason"], "details" in result.body) == (
        404,
        "Status",
        "NotFound",
        False,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/namespaces/t3",
        "/namespaces/t3/edges",
        "/nodes/n9",
        "/namespaces/t2/pods/b-0",
        "/namespaces/t1/pods/x/edges",
        "/namespaces/t1/trafficsplits/x",
        "/namespaces/t1/jobs/x",
    ],
)
def test_an_unknown_object_is_not_found(world: World, path: str) -> None:
    """404 with kind and name in the details."""
    result = world.answer(path)

    assert (result.code, result.body["code"], result.body["details"]["group"]) == (404, 404, "metrics.smi-spec.io")
    assert result.body["details"]["name"] in result.body["message"]
