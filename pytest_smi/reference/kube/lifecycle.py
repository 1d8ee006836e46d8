"""What an object's metadata go through when it is replaced and when it is marked as deleted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.objects import Object, thaw, timestamp
from pytest_smi.reference.kube.status import ResourceKey

PODS = ResourceKey("", "pods")
NAMESPACES = ResourceKey("", "namespaces")
SERVER_SETS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
    "generation",
)
"""Fields of metadata that no client sets."""


def replacing(old: Object, obj: Mapping[str, Any]) -> Object:
    """Return the object that replaces `old`: what the server sets is carried over, whatever a client wrote there."""
    new: Object = thaw(dict(obj))
    meta, old_meta = new["metadata"], old["metadata"]
    for kept in (*SERVER_SETS, "generateName"):
        if kept in old_meta:
            meta[kept] = old_meta[kept]
        elif kept != "generateName":
            meta.pop(kept, None)
    return new


def nothing_runs(pod: Object) -> bool:
    """Return whether a pod was never scheduled or has finished: its deletion has nothing to wait for."""
    return not pod["spec"].get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def marked(key: ResourceKey, old: Object, now: float, grace_period: int | None) -> Object:
    """Return the object marked as deleted; `old` itself when it is marked already, unless the grace is shorter now.

    `now` in unix seconds, `grace_period` in seconds; None takes the pod's own.
    """
    meta = dict(old["metadata"])
    grace = 0
    if key == PODS:
        default = (old.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
        grace = int(default if grace_period is None else grace_period)
    if meta.get("deletionTimestamp") and grace >= meta.get("deletionGracePeriodSeconds", 0):
        return old
    meta["deletionTimestamp"] = timestamp(now + grace)
    meta["deletionGracePeriodSeconds"] = grace
    new = {**old, "metadata": meta}
    if "generation" in meta and key != PODS:
        meta["generation"] += 1
    if key == NAMESPACES:
        new["status"] = {**(old.get("status") or {}), "phase": "Terminating"}
    return new
