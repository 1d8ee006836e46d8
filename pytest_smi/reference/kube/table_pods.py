"""Names, ages and the state of a pod, as kubectl prints them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_smi.reference.kube.objects import Object


def age(created: str | None, now: float) -> str:
    """Return a time as kubectl prints ages: 5s, 3m20s, 2h, 4d."""
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


def name_of(obj: Object) -> str:
    """Return the cell NAME."""
    return str(obj["metadata"]["name"])


def age_of(obj: Object, now: float) -> str:
    """Return the cell AGE."""
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


def pod(obj: Object, now: float) -> list[Any]:
    """Return the cells of a pod's row."""
    ready, text, restarts = pod_state(obj)
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    place = [
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        "<none>",
    ]
    return [name_of(obj), ready, text, restarts, age_of(obj, now), *place]
