"""The Table form of objects, which `kubectl get` prints. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pytest_smi.reference.kube.jsonpath import read
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.store import Object

Cells = Callable[[Object, float], list[Any]]
Column = tuple[str, str, int]


def age(created: str | None, now: float) -> str:
    """A time as kubectl prints ages: 5s, 3m20s, 2h, 4d."""
    try:
        seconds = int(now - datetime.fromisoformat(str(created)).timestamp())
    except ValueError:
        return "<unknown>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    return f"{days}d{hours % 24}h" if days < 8 and hours % 24 else f"{days}d"


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: Object, now: float) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def pod_state(pod: Mapping[str, Any]) -> tuple[str, str, int]:
    """READY, STATUS and RESTARTS of a pod."""
    status = pod.get("status") or {}
    statuses = status.get("containerStatuses") or []
    text = str(status.get("reason") or status.get("phase") or "Unknown")
    for container in reversed(statuses):
        state = container.get("state") or {}
        reason = (state.get("waiting") or {}).get("reason") or (state.get("terminated") or {}).get("reason")
        if reason:
            text = str(reason)
    if pod["metadata"].get("deletionTimestamp"):
        text = "Terminating"
    ready = sum(1 for container in statuses if container.get("ready"))
    total = len((pod.get("spec") or {}).get("containers") or ())
    return f"{ready}/{total}", text, sum(int(container.get("restartCount", 0)) for container in statuses)


def _pod(obj: Object, now: float) -> list[Any]:
    ready, text, restarts = pod_state(obj)
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [_name(obj), ready, text, restarts, _age(obj, now), status.get("podIP") or "<none>", spec.get("nodeName") or "<none>"]


def _service(obj: Object, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    ports = ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or ()) or "<none>"
    selector = ",".join(f"{name}={value}" for name, value in (spec.get("selector") or {}).items()) or "<none>"
    return [_name(obj), spec.get("type", ""), spec.get("clusterIP") or "<none>", "<none>", ports, _age(obj, now), selector]


def _deployment(obj: Object, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [_name(obj), ready, status.get("updatedReplicas", 0), status.get("availableReplicas", 0), _age(obj, now)]


def _replica_set(obj: Object, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [_name(obj), spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0), _age(obj, now)]


def _event(obj: Object, now: float) -> list[Any]:
    about = obj.get("involvedObject") or {}
    seen = obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp")
    named = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    return [age(seen, now), obj.get("type", ""), obj.get("reason", ""), named, str(obj.get("message", "")).strip()]


def _endpoints(obj: Object, now: float) -> list[Any]:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return [_name(obj), shown or "<none>", _age(obj, now)]


def _api_service(obj: Object, now: float) -> list[Any]:
    service = (obj.get("spec") or {}).get("service")
    conditions = (obj.get("status") or {}).get("conditions") or ()
    available: Mapping[str, Any] = next((c for c in conditions if c.get("type") == "Available"), {})
    shown = str(available.get("status", "Unknown"))
    if shown != "True" and available.get("reason"):
        shown += f" ({available['reason']})"
    return [_name(obj), f"{service['namespace']}/{service['name']}" if service else "Local", shown, _age(obj, now)]


_N, _S, _I = ("Name", "string", 0), "string", "integer"
_AGE: Column = ("Age", _S, 0)
_TABLES: dict[tuple[str, str], tuple[tuple[Column, ...], Cells]] = {
    ("", "pods"): ((_N, ("Ready", _S, 0), ("Status", _S, 0), ("Restarts", _S, 0), _AGE, ("IP", _S, 1), ("Node", _S, 1)), _pod),
    ("", "services"): (
        (_N, ("Type", _S, 0), ("Cluster-IP", _S, 0), ("External-IP", _S, 0), ("Port(s)", _S, 0), _AGE, ("Selector", _S, 1)),
        _service,
    ),
    ("", "namespaces"): (
        (_N, ("Status", _S, 0), _AGE),
        lambda obj, now: [_name(obj), (obj.get("status") or {}).get("phase", ""), _age(obj, now)],
    ),
    ("", "configmaps"): ((_N, ("Data", _I, 0), _AGE), lambda obj, now: [_name(obj), len(obj.get("data") or {}), _age(obj, now)]),
    ("", "secrets"): (
        (_N, ("Type", _S, 0), ("Data", _I, 0), _AGE),
        lambda obj, now: [_name(obj), obj.get("type", ""), len(obj.get("data") or {}), _age(obj, now)],
    ),
    ("", "serviceaccounts"): (
        (_N, ("Secrets", _S, 0), _AGE),
        lambda obj, now: [_name(obj), len(obj.get("secrets") or ()), _age(obj, now)],
    ),
    ("", "endpoints"): ((_N, ("Endpoints", _S, 0), _AGE), _endpoints),
    ("", "events"): ((("Last Seen", _S, 0), ("Type", _S, 0), ("Reason", _S, 0), ("Object", _S, 0), ("Message", _S, 0)), _event),
    ("apps", "deployments"): ((_N, ("Ready", _S, 0), ("Up-to-date", _I, 0), ("Available", _I, 0), _AGE), _deployment),
    ("apps", "replicasets"): ((_N, ("Desired", _I, 0), ("Current", _I, 0), ("Ready", _I, 0), _AGE), _replica_set),
    ("apiregistration.k8s.io", "apiservices"): ((_N, ("Service", _S, 0), ("Available", _S, 0), _AGE), _api_service),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (
        (_N, ("Created At", "date", 0)),
        lambda obj, _: [_name(obj), obj["metadata"].get("creationTimestamp")],
    ),
}


def table(resource: Resource, objects: Iterable[Object], meta: Mapping[str, Any], now: float, include: str = "Metadata") -> Object:
    """The Table of some objects. `include` says what each row carries: None, Metadata or Object."""
    columns, cells = _layout(resource)
    rows = []
    for obj in objects:
        row: Object = {"cells": cells(obj, now)}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = partial(obj)
        rows.append(row)
    definitions = [
        {"name": name, "type": kind, "format": "name" if name == "Name" else "", "description": "", "priority": priority}
        for name, kind, priority in columns
    ]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": dict(meta), "columnDefinitions": definitions, "rows": rows}


def partial(obj: Object) -> Object:
    """An object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _layout(resource: Resource) -> tuple[tuple[Column, ...], Cells]:
    if known := _TABLES.get((resource.group, resource.plural)):
        return known
    if not resource.columns:
        return (_N, _AGE), lambda obj, now: [_name(obj), _age(obj, now)]
    extra = resource.columns

    def cells(obj: Object, now: float) -> list[Any]:
        return [_name(obj), *(_custom_cell(column, obj, now) for column in extra)]

    return (_N, *((c["name"], c.get("type", _S), int(c.get("priority", 0))) for c in extra)), cells


def _custom_cell(column: Mapping[str, Any], obj: Object, now: float) -> Any:
    found = read(obj, str(column.get("jsonPath", "")))
    if not found:
        return None
    if column.get("type") == "date":
        return age(found[0], now)
    if column.get("type") in ("integer", "number", "boolean"):
        return found[0]
    return ",".join(str(value) for value in found) if len(found) > 1 else _text(found[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
