"""Keeps Endpoints and EndpointSlices true to services and pods; Endpoints
of services without a selector are their owner's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.status import NotFound, ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.context import ENDPOINT_SLICES, ENDPOINTS, PODS, SERVICES
from pytest_smi.reference.node.controllers.endpoint_sets import endpoints_object, selects, slices
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue

_SERVICE_LABEL = "kubernetes.io/service-name"


class EndpointsController:
    """Follows services, pods and endpoints. `release` gives the ClusterIP of a deleted service back."""

    def __init__(self, store: Store, release: Callable[[str], None]) -> None:
        self._store = store
        self._release = release
        self.queue = WorkQueue("endpoints", self._reconcile)
        store.subscribe(SERVICES, self._on_service)
        store.subscribe(PODS, self._on_pod)
        store.subscribe(ENDPOINTS, self._on_endpoints)

    def _on_service(self, event: Event) -> None:
        if event.type == "DELETED" and (address := event.object["spec"].get("clusterIP")):
            self._release(address)
        self.queue.mark((event.namespace, event.name))

    def _on_pod(self, event: Event) -> None:
        # A change of labels may move a pod out of a service.
        labels = [obj["metadata"].get("labels") for obj in (event.object, event.previous) if obj is not None]
        for service in self._store.list(SERVICES, event.namespace)[0]:
            if any(selects(service, found) for found in labels):
                self.queue.mark((event.namespace, service["metadata"]["name"]))

    def _on_endpoints(self, event: Event) -> None:
        # Endpoints without a service are somebody else's business (and older than their service, perhaps).
        if self._store.find(SERVICES, event.namespace, event.name) is not None:
            self.queue.mark((event.namespace, event.name))

    async def _reconcile(self, key: Key) -> None:
        service = self._store.find(SERVICES, *key)
        if service is None:
            self._remove(ENDPOINTS, key)
            self._sync_slices(key, [])
            return
        home = self._store.find(ResourceKey("", "namespaces"), None, key[0])
        if service["spec"].get("type") == "ExternalName" or (
            home is not None and home["metadata"].get("deletionTimestamp")
        ):
            return
        if service["spec"].get("selector"):
            pods = [pod for pod in self._store.list(PODS, key[0])[0] if selects(service, pod["metadata"].get("labels"))]
            self._put(ENDPOINTS, endpoints_object(service, pods))
        endpoints = self._store.find(ENDPOINTS, *key)
        if endpoints is not None:
            self._sync_slices(key, slices(endpoints, service))

    def _sync_slices(self, key: Key, wanted: list[dict[str, Any]]) -> None:
        names = {record["metadata"]["name"] for record in wanted}
        for found in self._store.list(ENDPOINT_SLICES, key[0])[0]:
            labels = found["metadata"].get("labels") or {}
            if labels.get(_SERVICE_LABEL) == key[1] and found["metadata"]["name"] not in names and self._ours(labels):
                self._remove(ENDPOINT_SLICES, (key[0], found["metadata"]["name"]))
        for record in wanted:
            self._put(ENDPOINT_SLICES, record)

    @staticmethod
    def _ours(labels: dict[str, str]) -> bool:
        return labels.get("endpointslice.kubernetes.io/managed-by") == "endpointslice-controller.k8s.io"

    def _put(self, kind: ResourceKey, wanted: dict[str, Any]) -> Object:
        meta = wanted["metadata"]
        found = self._store.find(kind, meta["namespace"], meta["name"])
        if found is None:
            return self._store.create(kind, wanted)
        # Annotations are others' to set; the rest is ours.
        kept = found["metadata"].get("annotations")
        merged = {**wanted, "metadata": {**meta, **({"annotations": kept} if kept else {})}}
        return self._store.update(kind, merged)

    def _remove(self, kind: ResourceKey, key: Key) -> None:
        with contextlib.suppress(NotFound):
            self._store.delete(kind, *key)
