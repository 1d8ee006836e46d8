"""Laws that hold for any traffic in any small cluster."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smi.reference.mesh.metrics.samples import ObjectKey
from tests.reference.mesh.metrics.world import World, counts, edge_counts

PODS: list[ObjectKey] = [
    (namespace, f"{name}-{number}") for namespace in ("t1", "t2") for name in ("a", "b") for number in (0, 1)
]
FLOWS = st.lists(
    st.tuples(
        st.sampled_from(PODS),
        st.sampled_from(PODS),
        st.integers(1, 6),
        st.integers(0, 3),
        st.sampled_from([0.001, 0.05, 0.7]),
    ),
    max_size=12,
)


def _world(flows: list[tuple[ObjectKey, ObjectKey, int, int, float]]) -> World:
    world = World()
    for namespace in ("t1", "t2"):
        for name in ("a", "b"):
            world.deployment(namespace, name, pods=2, labels={"app": name})
    for source, destination, count, failures, latency in flows:
        world.send(source, destination, count, failures=failures, latency=latency)
    return world


def _sum(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(first for first, _ in pairs), sum(second for _, second in pairs)


@settings(max_examples=25, deadline=None)
@given(FLOWS)
def test_a_namespace_is_the_sum_of_its_pods(flows: list[tuple[ObjectKey, ObjectKey, int, int, float]]) -> None:
    """As a deployment is of its own."""
    world = _world(flows)
    pods = {
        (item["resource"]["namespace"], item["resource"]["name"]): counts(item) for item in world.ask("/pods")["items"]
    }

    for namespace in ("t1", "t2"):
        assert counts(world.ask(f"/namespaces/{namespace}")) == _sum(
            [found for key, found in pods.items() if key[0] == namespace]
        )
        deployment = world.ask(f"/namespaces/{namespace}/deployments/a")
        assert counts(deployment) == _sum([pods[namespace, "a-0"], pods[namespace, "a-1"]])


@settings(max_examples=25, deadline=None)
@given(FLOWS)
def test_from_edges_sum_to_the_object(flows: list[tuple[ObjectKey, ObjectKey, int, int, float]]) -> None:
    """When all callers are objects of its kind in the mesh."""
    world = _world(flows)

    for path, edges in (
        ("/namespaces/t1/deployments/a", "/edges"),
        ("/namespaces/t2/pods/b-1", "/edges"),
        ("/namespaces/t1", "/edges"),
    ):
        found = edge_counts(world.ask(path + edges))
        assert _sum([pair for key, pair in found.items() if key[0] == "from"]) == counts(world.ask(path))


@settings(max_examples=25, deadline=None)
@given(FLOWS)
def test_an_edge_is_the_same_from_both_ends(flows: list[tuple[ObjectKey, ObjectKey, int, int, float]]) -> None:
    """What a sent to b is what b received from a."""
    world = _world(flows)
    at_a = edge_counts(world.ask("/namespaces/t1/deployments/a/edges"))
    at_b = edge_counts(world.ask("/namespaces/t2/deployments/b/edges"))

    assert at_a.get(("to", "t2", "b")) == at_b.get(("from", "t1", "a"))
    assert at_a.get(("from", "t2", "b")) == at_b.get(("to", "t1", "a"))


@settings(max_examples=25, deadline=None)
@given(FLOWS, st.sampled_from(["app=a", "app!=a", "app in (a,b)", "!app"]))
def test_a_selector_never_changes_numbers(
    flows: list[tuple[ObjectKey, ObjectKey, int, int, float]], labels: str
) -> None:
    """Every item of a selected list stands unchanged in the full one."""
    world = _world(flows)
    full = world.ask("/deployments")["items"]

    assert all(item in full for item in world.ask("/deployments", labels=labels)["items"])
