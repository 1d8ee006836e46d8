"""The eleven kinds of the metrics API, and which pods each object contains.

Laws: a workload contains the pods that it controls by ownerReferences (uid), never those that a selector happens to
match; a Deployment those of its ReplicaSets; a Service those of its Endpoints (its numbers are the sum of them);
a TrafficSplit none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pytest_smi.reference.mesh.metrics.samples import ObjectKey

KubeObject: TypeAlias = Mapping[str, Any]


class ClusterView(Protocol):
    """The cluster's objects as the control plane's watches have them."""

    def objects(self, resource: str) -> Sequence[KubeObject]:
        """Return objects of all namespaces, by plural name: those of `KINDS`, and `endpoints`.

        Empty for what the cluster does not serve.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind that has metrics: `resource` is the plural in paths, `name` the Kubernetes kind."""

    resource: str
    name: str
    api_version: str
    namespaced: bool = True


KINDS: dict[str, Kind] = {
    kind.resource: kind
    for kind in (
        Kind(resource="namespaces", name="Namespace", api_version="v1", namespaced=False),
        Kind(resource="nodes", name="Node", api_version="v1", namespaced=False),
        Kind(resource="pods", name="Pod", api_version="v1"),
        Kind(resource="replicationcontrollers", name="ReplicationController", api_version="v1"),
        Kind(resource="services", name="Service", api_version="v1"),
        Kind(resource="daemonsets", name="DaemonSet", api_version="apps/v1"),
        Kind(resource="deployments", name="Deployment", api_version="apps/v1"),
        Kind(resource="replicasets", name="ReplicaSet", api_version="apps/v1"),
        Kind(resource="statefulsets", name="StatefulSet", api_version="apps/v1"),
        Kind(resource="jobs", name="Job", api_version="batch/v1"),
        Kind(resource="trafficsplits", name="TrafficSplit", api_version="split.smi-spec.io/v1alpha4"),
    )
}


class MetricKinds:
    """Which kinds have metrics."""

    def served(self) -> dict[str, Kind]:
        """Return the kinds by their plural: all eleven that the prose names."""
        return KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One object that metrics can be asked for. `namespace` is "" for cluster-scoped kinds."""

    kind: Kind
    namespace: str
    name: str
    labels: Mapping[str, str]
    pods: frozenset[ObjectKey]

    @property
    def key(self) -> ObjectKey:
        """(namespace, name)."""
        return (self.namespace, self.name)


def subjects(kind: Kind, view: ClusterView) -> list[Subject]:
    """Return every object of the kind in the cluster, by namespace and name."""
    pods = view.objects("pods")
    contained = _CONTENTS.get(kind.resource, _controlled)
    found = []
    for thing in view.objects(kind.resource):
        metadata = thing["metadata"]
        found.append(
            Subject(
                kind=kind,
                namespace=metadata.get("namespace", "") if kind.namespaced else "",
                name=metadata["name"],
                labels=metadata.get("labels") or {},
                pods=frozenset(contained(thing, pods, view)),
            )
        )
    return sorted(found, key=lambda subject: subject.key)


def _key(thing: KubeObject) -> ObjectKey:
    return (thing["metadata"].get("namespace", ""), thing["metadata"]["name"])


def _controller_uid(thing: KubeObject) -> str | None:
    owners = thing["metadata"].get("ownerReferences") or []
    controllers = [owner for owner in owners if owner.get("controller")] or (owners if len(owners) == 1 else [])
    return controllers[0].get("uid") if controllers else None


def _controlled(thing: KubeObject, pods: Sequence[KubeObject], view: ClusterView) -> list[ObjectKey]:
    uid = thing["metadata"].get("uid")
    return [_key(pod) for pod in pods if uid and _controller_uid(pod) == uid]


def _of_deployment(thing: KubeObject, pods: Sequence[KubeObject], view: ClusterView) -> list[ObjectKey]:
    uid = thing["metadata"].get("uid")
    owned = {
        replicas["metadata"].get("uid")
        for replicas in view.objects("replicasets")
        if uid and _controller_uid(replicas) == uid
    }
    return [_key(pod) for pod in pods if _controller_uid(pod) in owned - {None}]


def _of_service(thing: KubeObject, pods: Sequence[KubeObject], view: ClusterView) -> list[ObjectKey]:
    by_address = {(_key(pod)[0], (pod.get("status") or {}).get("podIP")): _key(pod) for pod in pods}
    namespace, _ = wanted = _key(thing)
    found = []
    for endpoints in view.objects("endpoints"):
        if _key(endpoints) != wanted:
            continue
        for subset in endpoints.get("subsets") or []:
            for address in [*(subset.get("addresses") or []), *(subset.get("notReadyAddresses") or [])]:
                target = address.get("targetRef") or {}
                by_ip = by_address.get((namespace, address.get("ip")))
                if target.get("kind") == "Pod":
                    found.append((target.get("namespace", namespace), target["name"]))
                elif by_ip is not None and address.get("ip"):
                    found.append(by_ip)
    return found


_Contents: TypeAlias = Callable[[KubeObject, Sequence[KubeObject], ClusterView], list[ObjectKey]]
_CONTENTS: dict[str, _Contents] = {
    "pods": lambda thing, pods, view: [_key(thing)],
    "namespaces": lambda thing, pods, view: [_key(pod) for pod in pods if _key(pod)[0] == thing["metadata"]["name"]],
    "nodes": lambda thing, pods, view: [
        _key(pod) for pod in pods if (pod.get("spec") or {}).get("nodeName") == thing["metadata"]["name"]
    ],
    "deployments": _of_deployment,
    "services": _of_service,
    "trafficsplits": lambda thing, pods, view: [],
}
