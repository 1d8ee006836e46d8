"""Which pods an object contains."""

from pytest_smi.reference.mesh.metrics.resources import KINDS, subjects
from tests.reference.mesh.metrics.world import World


def _pods(world: World, resource: str) -> dict[str, set[str]]:
    return {subject.name: {name for _, name in subject.pods} for subject in subjects(KINDS[resource], world)}


def test_there_are_the_eleven_kinds_of_the_prose() -> None:
    """Spelled as Kubernetes does; namespaces and nodes are cluster-scoped."""
    assert [kind.name for kind in KINDS.values()] == [
        "Namespace",
        "Node",
        "Pod",
        "ReplicationController",
        "Service",
        "DaemonSet",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "Job",
        "TrafficSplit",
    ]
    assert [resource for resource, kind in KINDS.items() if not kind.namespaced] == ["namespaces", "nodes"]


def test_a_deployment_contains_the_pods_of_its_replicasets_alone() -> None:
    """Two deployments with the same labels keep their pods apart."""
    world = World()
    world.deployment("t1", "a", pods=2, labels={"app": "same"})
    world.deployment("t1", "b", pods=1, labels={"app": "same"})

    assert _pods(world, "deployments") == {"a": {"a-0", "a-1"}, "b": {"b-0"}}
    assert _pods(world, "replicasets") == {"a-rs": {"a-0", "a-1"}, "b-rs": {"b-0"}}


def test_the_other_workloads_contain_the_pods_they_control() -> None:
    """Daemon sets, stateful sets, jobs and replication controllers own pods directly."""
    world = World()
    for resource in ("daemonsets", "statefulsets", "jobs", "replicationcontrollers"):
        world.add(resource, "t1", "w")
        world.add("pods", "t1", f"{resource}-0", owner=f"{resource}/t1/w")

        assert _pods(world, resource) == {"w": {f"{resource}-0"}}


def test_nodes_and_namespaces_contain_by_name() -> None:
    """A node by spec.nodeName, a namespace by the pod's own."""
    world = World()
    world.add("nodes", "", "n1")
    world.add("nodes", "", "n2")
    world.deployment("t1", "a", pods=2, node="n1")
    world.deployment("t2", "b", pods=1, node="n2")

    assert _pods(world, "nodes") == {"n1": {"a-0", "a-1"}, "n2": {"b-0"}}
    assert _pods(world, "namespaces") == {"t1": {"a-0", "a-1"}, "t2": {"b-0"}}


def test_a_service_contains_its_endpoints() -> None:
    """By targetRef, or by address where there is none; ready or not; never those of a namesake."""
    world = World()
    for name in ("s", "idle"):
        world.add("services", "t1", name)
    for number in range(3):
        world.add("pods", "t1", f"p{number}", status={"podIP": f"127.0.1.{number}"})
    ready = [
        {"ip": "127.0.1.0", "targetRef": {"kind": "Pod", "name": "p0", "namespace": "t1"}},
        {"ip": "127.0.1.1"},
        {"ip": "10.0.0.1"},
    ]
    world.add("endpoints", "t1", "s", subsets=[{"addresses": ready, "notReadyAddresses": [{"ip": "127.0.1.2"}]}])
    world.add("endpoints", "t2", "idle", subsets=[{"addresses": ready}])

    assert _pods(world, "services") == {"s": {"p0", "p1", "p2"}, "idle": set()}
