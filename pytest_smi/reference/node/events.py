"""Records Event objects, as the kubelet and the controllers of Kubernetes do; old ones are dropped.

Law: recording never fails its caller.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.objects import timestamp
from pytest_smi.reference.kube.status import ApiError, ResourceKey
from pytest_smi.reference.kube.store import Store

EVENTS = ResourceKey("", "events")
_KEPT = 2000


class EventRecorder:
    """Writes events to the store and keeps the newest 2000."""

    def __init__(self, store: Store, *, component: str = "kubelet", host: str = "reference-node") -> None:
        self._store = store
        self._source = {"component": component, "host": host}
        self._names: deque[tuple[str, str]] = deque()

    def record(
        self,
        obj: Mapping[str, Any],
        kind: str,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        field_path: str = "",
    ) -> None:
        """One event about an object of `kind` ("Pod", …), or its part at `field_path`;
        none in a namespace that is going away."""
        meta = obj["metadata"]
        namespace = meta.get("namespace") or "default"
        home = self._store.find(ResourceKey("", "namespaces"), None, namespace)
        if home is None or home["metadata"].get("deletionTimestamp"):
            return
        now = timestamp(time.time())
        name = f"{meta['name']}.{uuid.uuid4().hex[:16]}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "kind": kind,
                "apiVersion": obj.get("apiVersion", "v1"),
                "namespace": meta.get("namespace"),
                "name": meta["name"],
                "uid": meta.get("uid"),
                **({"fieldPath": field_path} if field_path else {}),
            },
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "source": self._source,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source["host"],
            "firstTimestamp": now,
            "lastTimestamp": now,
            "eventTime": None,
            "count": 1,
        }
        with contextlib.suppress(ApiError):
            self._store.create(EVENTS, event)
            self._names.append((namespace, name))
        while len(self._names) > _KEPT:
            with contextlib.suppress(ApiError):
                self._store.delete(EVENTS, *self._names.popleft())
