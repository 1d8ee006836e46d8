"""The pure parts of the controllers: endpoints, slices, netmap, roll-outs."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.node.controllers import endpoint_sets, rollout
from pytest_smi.reference.node.controllers.replica_sets import surplus
from pytest_smi.reference.node.netmap import build


def service(**spec: Any) -> dict[str, Any]:
    """A service with a named, a numbered and a UDP port."""
    ports = [
        {"name": "web", "port": 80, "targetPort": "http"},
        {"name": "raw", "port": 81, "targetPort": 9000},
        {"name": "dgram", "port": 53, "protocol": "UDP", "targetPort": 9100},
    ]
    spec = {"clusterIP": "127.9.64.1", "selector": {"app": "srv"}, "ports": ports, **spec}
    return {"metadata": {"name": "srv", "namespace": "t1", "uid": "u", "labels": {"l": "v"}}, "spec": spec}


def pod(name: str, ip: str | None, *, ready: bool = True, port: int = 8080, **meta: Any) -> dict[str, Any]:
    """A pod of the service."""
    status: dict[str, Any] = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    if ip:
        status["podIP"] = ip
    containers = [{"name": "c", "ports": [{"name": "http", "containerPort": port}]}]
    return {
        "metadata": {"name": name, "namespace": "t1", "uid": name, "resourceVersion": "1", **meta},
        "spec": {"nodeName": "n", "containers": containers},
        "status": status,
    }


class TestEndpoints:
    """Service and pods to endpoints."""

    def test_ready_and_not_ready_are_apart(self) -> None:
        """Ready pods are addresses, others notReadyAddresses; pods without address or going away are neither."""
        pods = [pod("b", "127.9.128.2"), pod("a", "127.9.128.1"), pod("c", "127.9.128.3", ready=False), pod("d", None)]
        pods.append(pod("e", "127.9.128.5", deletionTimestamp="now"))
        (subset,) = endpoint_sets.subsets(service(), pods)
        assert [a["ip"] for a in subset["addresses"]] == ["127.9.128.1", "127.9.128.2"]
        assert [a["ip"] for a in subset["notReadyAddresses"]] == ["127.9.128.3"]
        assert {p["name"]: p["port"] for p in subset["ports"]} == {"web": 8080, "raw": 9000, "dgram": 9100}

    def test_named_port_differs_per_pod(self) -> None:
        """Pods whose named port has another number make a subset of their own."""
        found = endpoint_sets.subsets(service(), [pod("a", "127.9.128.1"), pod("b", "127.9.128.2", port=9999)])
        assert len(found) == 2

    def test_publish_not_ready_addresses(self) -> None:
        """The service can ask for pods that are not ready."""
        (subset,) = endpoint_sets.subsets(
            service(publishNotReadyAddresses=True), [pod("a", "127.9.128.1", ready=False)]
        )
        assert "notReadyAddresses" not in subset

    def test_slices_say_the_same(self) -> None:
        """A slice has every address with its readiness, and names its service."""
        endpoints = endpoint_sets.endpoints_object(
            service(), [pod("a", "127.9.128.1"), pod("c", "127.9.128.3", ready=False)]
        )
        (found,) = endpoint_sets.slices(endpoints, service())
        assert [(e["addresses"], e["conditions"]["ready"]) for e in found["endpoints"]] == [
            (["127.9.128.1"], True),
            (["127.9.128.3"], False),
        ]
        assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "srv"


class TestNetmap:
    """Services and endpoints to the pods' table."""

    def test_only_ready_endpoints_are_behind_a_cluster_ip(self) -> None:
        """Every port of a service maps to its ready endpoints, by protocol."""
        endpoints = endpoint_sets.endpoints_object(
            service(), [pod("a", "127.9.128.1"), pod("c", "127.9.128.3", ready=False)]
        )
        table = build([service()], {("t1", "srv"): endpoints})
        assert table["vips"] == {
            "127.9.64.1": {
                "TCP/80": [["127.9.128.1", 8080]],
                "TCP/81": [["127.9.128.1", 9000]],
                "UDP/53": [["127.9.128.1", 9100]],
            }
        }
        assert table["names"] == {"srv.t1.svc.cluster.local": ["127.9.64.1"]}

    def test_headless_and_external(self) -> None:
        """A headless service is its pods' addresses, an external name an alias."""
        headless = service(clusterIP="None")
        endpoints = endpoint_sets.endpoints_object(headless, [pod("a", "127.9.128.1")])
        assert build([headless], {("t1", "srv"): endpoints})["names"] == {"srv.t1.svc.cluster.local": ["127.9.128.1"]}
        external = service(type="ExternalName", externalName="x.t2.svc.cluster.local")
        assert build([external], {})["aliases"] == {"srv.t1.svc.cluster.local": "x.t2.svc.cluster.local"}


def deployment(**spec: Any) -> dict[str, Any]:
    """A deployment of two."""
    template = {"metadata": {"labels": {"app": "srv"}}, "spec": {"containers": []}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "srv"}}, "template": template, **spec}
    return {"metadata": {"name": "d", "namespace": "t1", "uid": "u", "generation": 3}, "spec": spec}


def replica_set(name: str, replicas: int, ready: int) -> dict[str, Any]:
    """A replica set with status."""
    status = {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
    return {"metadata": {"name": name, "generation": 1}, "spec": {"replicas": replicas}, "status": status}


class TestRollout:
    """Deployment to replica sets."""

    def test_old_ones_go_when_the_new_one_is_ready(self) -> None:
        """The old replica set keeps its pods until the new one is ready in full."""
        old = replica_set("old", 2, 2)
        assert rollout.wanted_replicas(deployment(), replica_set("new", 2, 1), [old]) == {"new": 2}
        assert rollout.wanted_replicas(deployment(), replica_set("new", 2, 2), [old]) == {"old": 0, "new": 2}

    def test_recreate_empties_first(self) -> None:
        """With Recreate the new pods wait until the old ones are gone."""
        recreate = deployment(strategy={"type": "Recreate"})
        assert rollout.wanted_replicas(recreate, replica_set("new", 0, 0), [replica_set("old", 2, 2)]) == {
            "old": 0,
            "new": 0,
        }
        assert rollout.wanted_replicas(recreate, replica_set("new", 0, 0), [replica_set("old", 0, 0)]) == {
            "old": 0,
            "new": 2,
        }

    def test_template_names_the_replica_set(self) -> None:
        """The same template gives the same name; the hash is in name, labels and selector."""
        one, two = rollout.new_replica_set(deployment(), []), rollout.new_replica_set(deployment(replicas=5), [])
        assert one["metadata"]["name"] == two["metadata"]["name"]
        assert one["spec"]["selector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()

    def test_status_of_a_finished_rollout(self) -> None:
        """A complete deployment is Available and its counts are whole; zero counts are left out."""
        status = rollout.deployment_status(deployment(), replica_set("new", 2, 2), [], "now")
        assert status["observedGeneration"] == 3
        assert (status["readyReplicas"], status["availableReplicas"], "unavailableReplicas" in status) == (2, 2, False)
        assert {c["type"]: c["status"] for c in status["conditions"]} == {"Available": "True", "Progressing": "True"}

    def test_surplus_takes_unready_then_young(self) -> None:
        """Of three pods one too many, the one that is not ready goes."""
        pods = [pod("a", "127.9.128.1"), pod("b", "127.9.128.2", ready=False), pod("c", "127.9.128.3")]
        assert [p["metadata"]["name"] for p in surplus(pods, 2)] == ["b"]
