"""The look at the cluster is bounded, raises nothing, and sees what really happened on the embedded cluster."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from pytest_smi.cluster.connection import Answer, Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.cluster.wait import wait_until
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.registry import find_profile
from pytest_smi.testbed.circumstances import sentences
from pytest_smi.testbed.look import MOST_CALLS, MOST_SECONDS, PATIENCE, look

OSM = find_profile("osm", ()).mesh
REFERENCE = find_profile("reference", ()).mesh


class Wire:
    """A connection whose every answer takes some seconds of a clock; `answer` None: there is none."""

    def __init__(self, answer: Answer | None, *, takes: float = 0.0) -> None:
        self.now, self.patience = 0.0, list[float]()
        self._answer, self._takes = answer, takes

    def clock(self) -> float:
        return self.now

    def request(self, _method: str, _path: str, *, timeout: float) -> Answer:
        self.patience.append(timeout)
        self.now += self._takes
        if self._answer is None:
            raise ClusterError("the API server cannot be reached")
        return self._answer


def looked(wire: Wire, objects: Any = ()) -> Any:
    return look(cast(Connection, wire), OSM, objects=objects, clock=wire.clock)


def test_unreachable_cluster_is_noted() -> None:
    """No answer, no exception, and no sentence that would follow from it."""
    found = looked(Wire(None))

    assert len(found.unread) == 3
    assert "cannot be reached" in found.unread[0]
    assert sentences(found, proxy="envoy", began=1.0) == []


def test_refusals_are_noted() -> None:
    """What may not be read is neither there nor absent."""
    found = looked(Wire(Answer(403, {"message": "forbidden"})))

    assert not found.workloads
    assert all("forbidden" in line for line in found.unread)


def test_slow_cluster_costs_bounded_time() -> None:
    """Each answer has its patience, and all together their seconds."""
    wire = Wire(Answer(404, {}), takes=4.0)

    found = looked(wire)

    assert wire.now <= MOST_SECONDS + PATIENCE
    assert wire.patience == [5.0, 5.0, 2.0]
    assert any("used up its time" in line for line in found.unread)


def test_calls_are_bounded() -> None:
    """However many namespaces a scenario has."""
    wire = Wire(Answer(200, {"items": []}))

    found = looked(wire, objects={("TrafficSplit", f"n{number}", "s") for number in range(100)})

    assert len(wire.patience) == MOST_CALLS
    assert any("used up its calls" in line for line in found.unread)


@pytest.fixture
def admin() -> Iterator[Connection]:
    """A connection to an embedded cluster of its own."""
    running = EmbeddedCluster([])
    connection = Connection(running.kubeconfig)
    yield connection
    connection.close()
    running.stop()


@pytest.mark.slow
def test_control_plane_without_pods_is_seen(admin: Connection) -> None:
    """Healthy: not a word. Scaled to 0: that. And an event on an SMI object, by its kind and name."""
    assert sentences(look(admin, REFERENCE), proxy="smi-proxy", began=0.0) == []
    path = f"{collection('apps/v1', 'deployments', REFERENCE.namespace)}/control-plane"
    patched = admin.request("PATCH", path, body={"spec": {"replicas": 0}}, content_type="application/merge-patch+json")
    assert patched.ok
    wait_until(
        lambda: Objects(admin).list("v1", "pods", REFERENCE.namespace) == [],
        what="the pods are gone",
        deadline=30.0,
        longest_pause=0.2,
    )
    about = {"apiVersion": "v1", "kind": "TrafficSplit", "namespace": "default", "name": "s"}
    event = {
        "metadata": {"name": "s.1", "namespace": "default"},
        "involvedObject": about,
        "type": "Warning",
        "reason": "Invalid",
        "message": "no such backend",
    }
    assert admin.request("POST", collection("v1", "events", "default"), body=event).ok

    found = look(admin, REFERENCE, objects={("TrafficSplit", "default", "s")})

    assert sentences(found, proxy="smi-proxy", began=0.0) == [
        "deployment/control-plane in smi-reference has no pods: it is scaled to 0 or no node takes it",
        "Warning on TrafficSplit default/s: Invalid: no such backend",
    ]
