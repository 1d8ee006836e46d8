"""The columns and cells of built-in kinds' tables, as `kubectl get` prints them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.table_pods import age, age_of, name_of, pod

Cells = Callable[[Object, float], list[Any]]
Column = tuple[str, str, int]


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted((labels or {}).items())) or "<none>"


def _template(spec: Mapping[str, Any]) -> list[Any]:
    """CONTAINERS, IMAGES and SELECTOR of a workload."""
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    names, images = (",".join(str(container.get(field, "")) for container in containers) for field in ("name", "image"))
    return [names, images, _labels((spec.get("selector") or {}).get("matchLabels"))]


def _service(obj: Object, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    ports = ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or ()) or "<none>"
    selector = _labels(spec.get("selector"))
    return [
        name_of(obj),
        spec.get("type", ""),
        spec.get("clusterIP") or "<none>",
        "<none>",
        ports,
        age_of(obj, now),
        selector,
    ]


def _deployment(obj: Object, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [
        name_of(obj),
        ready,
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(obj, now),
        *_template(spec),
    ]


def _replica_set(obj: Object, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(obj), *counts, age_of(obj, now), *_template(spec)]


def _event(obj: Object, now: float) -> list[Any]:
    about = obj.get("involvedObject") or {}
    seen = obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp")
    named = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    source = obj.get("source") or {}
    origin = [
        source.get("component") or obj.get("reportingComponent"),
        source.get("host") or obj.get("reportingInstance"),
    ]
    first = age(obj.get("firstTimestamp") or seen, now)
    shown = [age(seen, now), obj.get("type", ""), obj.get("reason", ""), named, about.get("fieldPath", "")]
    return [
        *shown,
        ", ".join(filter(None, origin)),
        str(obj.get("message", "")).strip(),
        first,
        obj.get("count") or 1,
        name_of(obj),
    ]


def _node(obj: Object, now: float) -> list[Any]:
    status = obj.get("status") or {}
    info = status.get("nodeInfo") or {}
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
    addresses = {a.get("type"): a.get("address") for a in status.get("addresses") or ()}
    place = [addresses.get("InternalIP") or "<none>", addresses.get("ExternalIP") or "<none>"]
    built = [info.get(field, "") for field in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    return [
        name_of(obj),
        "Ready" if ready else "NotReady",
        "<none>",
        age_of(obj, now),
        info.get("kubeletVersion", ""),
        *place,
        *built,
    ]


def _endpoint_slice(obj: Object, now: float) -> list[Any]:
    ports = ",".join(str(port.get("port", "*")) for port in obj.get("ports") or ()) or "<unset>"
    found = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return [name_of(obj), obj.get("addressType", ""), ports, shown or "<unset>", age_of(obj, now)]


def _endpoints(obj: Object, now: float) -> list[Any]:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return [name_of(obj), shown or "<none>", age_of(obj, now)]


def _api_service(obj: Object, now: float) -> list[Any]:
    service = (obj.get("spec") or {}).get("service")
    conditions = (obj.get("status") or {}).get("conditions") or ()
    available: Mapping[str, Any] = next((c for c in conditions if c.get("type") == "Available"), {})
    shown = str(available.get("status", "Unknown"))
    if shown != "True" and available.get("reason"):
        shown += f" ({available['reason']})"
    return [name_of(obj), f"{service['namespace']}/{service['name']}" if service else "Local", shown, age_of(obj, now)]


NAME, STRING, INTEGER = ("Name", "string", 0), "string", "integer"
AGE: Column = ("Age", STRING, 0)


def _wide(*names: str) -> tuple[Column, ...]:
    """Return columns that only `-o wide` shows."""
    return tuple((name, STRING, 1) for name in names)


_TEMPLATE = _wide("Containers", "Images", "Selector")
TABLES: dict[tuple[str, str], tuple[tuple[Column, ...], Cells]] = {
    ("", "pods"): (
        (
            NAME,
            ("Ready", STRING, 0),
            ("Status", STRING, 0),
            ("Restarts", STRING, 0),
            AGE,
            *_wide("IP", "Node", "Nominated Node", "Readiness Gates"),
        ),
        pod,
    ),
    ("", "services"): (
        (
            NAME,
            ("Type", STRING, 0),
            ("Cluster-IP", STRING, 0),
            ("External-IP", STRING, 0),
            ("Port(s)", STRING, 0),
            AGE,
            ("Selector", STRING, 1),
        ),
        _service,
    ),
    ("", "namespaces"): (
        (NAME, ("Status", STRING, 0), AGE),
        lambda obj, now: [name_of(obj), (obj.get("status") or {}).get("phase", ""), age_of(obj, now)],
    ),
    ("", "configmaps"): (
        (NAME, ("Data", INTEGER, 0), AGE),
        lambda obj, now: [name_of(obj), len(obj.get("data") or {}), age_of(obj, now)],
    ),
    ("", "secrets"): (
        (NAME, ("Type", STRING, 0), ("Data", INTEGER, 0), AGE),
        lambda obj, now: [name_of(obj), obj.get("type", ""), len(obj.get("data") or {}), age_of(obj, now)],
    ),
    ("", "serviceaccounts"): (
        (NAME, ("Secrets", STRING, 0), AGE),
        lambda obj, now: [name_of(obj), len(obj.get("secrets") or ()), age_of(obj, now)],
    ),
    ("", "endpoints"): ((NAME, ("Endpoints", STRING, 0), AGE), _endpoints),
    ("", "events"): (
        (
            *(
                ("Last Seen", STRING, 0),
                ("Type", STRING, 0),
                ("Reason", STRING, 0),
                ("Object", STRING, 0),
                *_wide("Subobject", "Source"),
            ),
            *(("Message", STRING, 0), *_wide("First Seen"), ("Count", INTEGER, 1), *_wide("Name")),
        ),
        _event,
    ),
    ("apps", "deployments"): (
        (NAME, ("Ready", STRING, 0), ("Up-to-date", INTEGER, 0), ("Available", INTEGER, 0), AGE, *_TEMPLATE),
        _deployment,
    ),
    ("apps", "replicasets"): (
        (NAME, ("Desired", INTEGER, 0), ("Current", INTEGER, 0), ("Ready", INTEGER, 0), AGE, *_TEMPLATE),
        _replica_set,
    ),
    ("discovery.k8s.io", "endpointslices"): (
        (NAME, ("AddressType", STRING, 0), ("Ports", STRING, 0), ("Endpoints", STRING, 0), AGE),
        _endpoint_slice,
    ),
    ("", "nodes"): (
        (
            *(NAME, ("Status", STRING, 0), ("Roles", STRING, 0), AGE, ("Version", STRING, 0)),
            *_wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
        ),
        _node,
    ),
    ("apiregistration.k8s.io", "apiservices"): (
        (NAME, ("Service", STRING, 0), ("Available", STRING, 0), AGE),
        _api_service,
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (
        (NAME, ("Created At", "date", 0)),
        lambda obj, _: [name_of(obj), obj["metadata"].get("creationTimestamp")],
    ),
}
"""Columns (name, type, priority) and cells by group and plural."""
