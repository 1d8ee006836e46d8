"""What the nodes have room for: requests of what runs there, taints, selectors, and the advice on -n."""

from typing import Any

import pytest

from pytest_smi.doctor.capacity import PODS_OF_METRICS, Asked, Room, asked_by, judge, pods_of_a_worker, room
from pytest_smi.doctor.findings import Level
from pytest_smi.testbed.placement import Placement, Toleration

SMALL = Asked(cpu=0.1, memory=50 * 2**20)
ANYWHERE = Placement()


def node(name: str = "n1", *, cpu: str = "2", memory: str = "4Gi", pods: str = "110", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"disk": "fast"} if name == "n1" else {}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": pods},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def container(cpu: str = "", memory: str = "", **more: Any) -> dict[str, Any]:
    requests = {kind: value for kind, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"resources": {"requests": requests}, **more}


def pod(*containers: dict[str, Any], at: str = "n1", phase: str = "Running", **spec: Any) -> dict[str, Any]:
    return {"spec": {"nodeName": at, "containers": list(containers), **spec}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("asking", "cpu", "memory"),
    [
        (pod(container("10m", "32Mi")), 0.01, 32),
        (pod(container("10m", "32Mi"), container("100m", "64Mi")), 0.11, 96),
        (pod(container("10m", "32Mi"), initContainers=[container("100m", "20Mi")]), 0.1, 32),
        (
            pod(container("10m", "32Mi"), initContainers=[container("50m", "8Mi", restartPolicy="Always")]),
            0.06,
            40,
        ),
        (
            pod(
                container("10m"),
                initContainers=[container("50m", restartPolicy="Always"), container("100m"), container("20m")],
            ),
            0.15,
            0,
        ),
        (pod({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}), 1.0, 1024),
        (pod(container("10m"), overhead={"cpu": "250m", "memory": "120Mi"}), 0.26, 120),
        (pod({}), 0.0, 0),
        (pod(container("rubbish", "1Mi")), 0.0, 1),
    ],
)
def test_what_a_pod_asks_for(asking: dict[str, Any], cpu: float, memory: float) -> None:
    """As the scheduler reckons: the largest init container or all others, native sidecars included."""
    asked = asked_by(asking)

    assert asked.cpu == pytest.approx(cpu)
    assert asked.memory == memory * 2**20


@pytest.mark.parametrize(
    ("nodes", "pods", "expected"),
    [
        ([node()], [], Room(pods=20, nodes=1, short_of="cpu")),
        ([node(memory="200Mi")], [], Room(pods=4, nodes=1, short_of="memory")),
        ([node(pods="3")], [], Room(pods=3, nodes=1, short_of="pods")),
        ([node(pods="3")], [pod(container())], Room(pods=2, nodes=1, short_of="pods")),
        ([node()], [pod(container("1500m"))], Room(pods=5, nodes=1, short_of="cpu")),
        ([node()], [pod(container("1500m"), phase="Succeeded")], Room(pods=20, nodes=1, short_of="cpu")),
        ([node()], [pod(container("3"))], Room(pods=0, nodes=1, short_of="cpu")),
        ([node()], [pod(container("1"), at="elsewhere")], Room(pods=20, nodes=1, short_of="cpu")),
        ([node(), node("n2")], [], Room(pods=40, nodes=2, short_of="cpu")),
        ([node(unschedulable=True)], [], Room(pods=0, nodes=0, short_of="")),
        ([{**node(), "status": {"allocatable": {"cpu": "2"}}}], [], Room(pods=0, nodes=0, short_of="")),
        ([node(taints=[{"key": "k", "effect": "NoSchedule"}])], [], Room(pods=0, nodes=0, short_of="")),
        ([node(taints=[{"key": "k", "effect": "PreferNoSchedule"}])], [], Room(pods=20, nodes=1, short_of="cpu")),
    ],
)
def test_room_on_the_nodes(nodes: list[Any], pods: list[Any], expected: Room) -> None:
    """What is allocatable, less what is taken, by what runs out first."""
    assert room(nodes, pods, SMALL, ANYWHERE) == expected


def test_placement_counts() -> None:
    """Nodes that the run is kept from, and taints that it tolerates."""
    tainted = node(taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}])
    tolerates = Placement(tolerations=(Toleration(key="k", effect="NoSchedule", value="v"),))
    other = Placement(tolerations=(Toleration(key="k", effect="NoSchedule", value="w"),))

    assert room([tainted], [], SMALL, tolerates).pods == 20
    assert room([tainted], [], SMALL, other).nodes == 0
    assert room([node(), node("n2")], [], SMALL, Placement(node_selector={"disk": "fast"})).nodes == 1


def test_advice() -> None:
    """So many workers at most; a warning where not even one has room, or nothing may run; silence is no warning."""
    each = pods_of_a_worker(["access"])
    enough = judge(Room(pods=3 * each + 1, nodes=1, short_of="cpu"), SMALL, ["access"])
    full = judge(Room(pods=each - 1, nodes=1, short_of="memory"), SMALL, ["access"])

    assert (enough.level, enough.check) == (Level.OK, "nodes")
    assert enough.found.endswith(f"up to {each}: -n 3 at most")
    assert "of 100m CPU and 50Mi each (CPU runs out first)" in enough.found
    assert full.level is Level.WARNING
    assert "memory runs out first" in full.found
    assert "-n 1" in full.remedy
    assert judge(Room(pods=0, nodes=0, short_of=""), SMALL, []).level is Level.WARNING
    assert judge("it takes permission to list nodes", SMALL, []).level is Level.OK


def test_what_is_tested_counts() -> None:
    """Scenarios of splits have fewer pods, and one worker has those of metrics besides."""
    found = Room(pods=PODS_OF_METRICS + 2 * pods_of_a_worker(["metrics"]), nodes=1, short_of="cpu")

    assert found.workers(["split"]) > found.workers(["access"]) > found.workers(["access", "metrics"]) == 2
    assert Room(pods=3, nodes=1, short_of="cpu").workers(["metrics"]) == 0
    assert pods_of_a_worker([]) == pods_of_a_worker(["access"])
