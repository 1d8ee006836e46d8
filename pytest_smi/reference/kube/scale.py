"""The scale subresource: an object's replicas seen as an autoscaling/v1 Scale. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import BadRequest

_PATHS = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def scale_of(resource: Resource, obj: Mapping[str, Any]) -> Object:
    """Return the Scale of an object."""
    paths = resource.scale or _PATHS
    meta = {
        name: obj["metadata"][name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in obj["metadata"]
    }
    status: Object = {"replicas": _read(obj, paths["statusReplicasPath"]) or 0}
    if labels := ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels"):
        status["selector"] = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    spec = {"replicas": _read(obj, paths["specReplicasPath"]) or 0}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta, "spec": spec, "status": status}


def with_replicas(resource: Resource, obj: Object, scale: Mapping[str, Any]) -> Object:
    """Return the object (changed in place) with the replicas that a Scale asks for."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise BadRequest("spec.replicas must be a number from 0")
    *parents, last = (resource.scale or _PATHS)["specReplicasPath"].strip(".").split(".")
    target = obj
    for name in parents:
        target = target.setdefault(name, {})
    target[last] = replicas
    return obj


def _read(obj: Mapping[str, Any], path: str) -> Any:
    found: Any = obj
    for name in path.strip(".").split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
