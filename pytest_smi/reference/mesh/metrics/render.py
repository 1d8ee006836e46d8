"""The JSON of this API's objects: TrafficMetrics, TrafficMetricsList, and the discovery documents."""

from collections.abc import Sequence
from typing import Any

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.metrics.measure import Edge
from pytest_smi.reference.mesh.metrics.resources import KINDS, Kind, Subject, served_kinds
from pytest_smi.reference.mesh.metrics.routes import GROUP, GROUP_VERSION, VERSION
from pytest_smi.reference.mesh.metrics.selectors import Selector
from pytest_smi.reference.mesh.metrics.splits import Backend, Split
from pytest_smi.reference.mesh.metrics.values import go_duration, metrics, rfc3339
from pytest_smi.reference.mesh.metrics.windows import Tally, Window

_ZERO_TIME = "0001-01-01T00:00:00Z"
_LEFT_OUT = ("jobs", "replicationcontrollers")


def reference(kind: Kind, namespace: str, name: str) -> dict[str, str]:
    """The object reference of one object; no namespace for cluster-scoped kinds."""
    return {"kind": kind.name, **({"namespace": namespace} if namespace else {}), "name": name}


def plain_item(subject: Subject, tally: Tally, window: Window, *, faults: ActiveFaults) -> dict[str, Any]:
    """The object as such: all traffic that it received."""
    return _item(reference(subject.kind, *subject.key), "from", "server", {}, tally, window, faults)


def edge_item(subject: Subject, edge: Edge, window: Window, *, faults: ActiveFaults) -> dict[str, Any]:
    """One edge of the object."""
    peer = reference(edge.peer.kind, *edge.peer.key)
    return _item(reference(subject.kind, *subject.key), edge.direction, edge.side, peer, edge.tally, window, faults)


def split_item(split: Split, backend: Backend, tally: Tally, window: Window, *, faults: ActiveFaults) -> dict[str, Any]:
    """One backend of a split."""
    item = _item(reference(KINDS["trafficsplits"], *split.key), "from", "client", {}, tally, window, faults)
    return {**item, "backend": {"apex": split.apex, "name": backend.name, "weight": backend.weight}}


def list_of_kind(kind: Kind, namespace: str, items: Sequence[dict[str, Any]], selector: Selector) -> dict[str, Any]:
    """A list of objects; its `resource` has no name."""
    resource = {"kind": kind.name, **({"namespace": namespace} if namespace else {}), "apiVersion": kind.api_version}
    return _list(resource, items, selector)


def list_of_subject(
    kind: Kind, namespace: str, name: str, items: Sequence[dict[str, Any]], selector: Selector, *, faults: ActiveFaults
) -> dict[str, Any]:
    """A list about one object: its edges, or the backends of a split."""
    resource = reference(kind, namespace, name)
    if faults.on("metrics-edges-without-subject"):
        del resource["name"]
    return _list(resource, items, selector)


def resource_list(*, faults: ActiveFaults) -> dict[str, Any]:
    """The APIResourceList of the group's only version."""
    kinds = [
        kind for kind in served_kinds(faults=faults).values() if not (faults.on("metrics-kinds-left-out") and kind.resource in _LEFT_OUT)
    ]
    resources = [
        {"name": kind.resource, "singularName": "", "namespaced": kind.namespaced, "kind": "TrafficMetrics", "verbs": ["get", "list"]}
        for kind in kinds
    ]
    if faults.on("metrics-splits-get-only"):
        resources = [{**entry, "verbs": ["get"]} if entry["name"] == "trafficsplits" else entry for entry in resources]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP_VERSION, "resources": resources}


def group() -> dict[str, Any]:
    """The APIGroup."""
    version = {"groupVersion": GROUP_VERSION, "version": VERSION}
    return {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version}


def group_list() -> dict[str, Any]:
    """The APIGroupList with the one group of this server."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group()]}


def _item(
    resource: dict[str, str],
    direction: str,
    side: str,
    peer: dict[str, str],
    tally: Tally,
    window: Window,
    faults: ActiveFaults,
) -> dict[str, Any]:
    edge: dict[str, Any] = {"direction": direction, "side": side, "resource": peer}
    if faults.on("metrics-side-missing"):
        del edge["side"]
    timestamp = _ZERO_TIME if faults.on("metrics-zero-time") else rfc3339(window.end)
    item: dict[str, Any] = {
        "kind": "TrafficMetrics",
        "apiVersion": GROUP_VERSION,
        "metadata": _metadata(resource, timestamp),
        "resource": resource,
        "edge": edge,
        "timestamp": timestamp,
        "window": go_duration(window.seconds),
        "metrics": metrics(tally, faults=faults),
    }
    if faults.on("metrics-window-missing"):
        del item["window"]
    return item


def _metadata(resource: dict[str, str], timestamp: str) -> dict[str, str]:
    named = {key: value for key, value in resource.items() if key != "kind"}
    return {**named, "creationTimestamp": timestamp}


def _list(resource: dict[str, str], items: Sequence[dict[str, Any]], selector: Selector) -> dict[str, Any]:
    echo = {"selector": selector.as_json()} if selector.requirements else {}
    return {"kind": "TrafficMetricsList", "apiVersion": GROUP_VERSION, "metadata": {}, "resource": resource, **echo, "items": list(items)}
