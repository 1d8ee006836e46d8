"""Empties a namespace that is being deleted, custom resources included, and then removes it."""

from __future__ import annotations

import contextlib

from pytest_smi.reference.kube.status import NotFound
from pytest_smi.reference.kube.store import Event, Store
from pytest_smi.reference.node.context import NAMESPACES
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue


class NamespaceController:
    """Follows every change in namespaces that are terminating."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._terminating: set[str] = set()
        self.queue = WorkQueue("namespace", self._reconcile)
        store.subscribe(NAMESPACES, self._on_namespace)
        store.subscribe_all(self._on_any)

    def _on_namespace(self, event: Event) -> None:
        if event.type == "DELETED":
            self._terminating.discard(event.name)
        elif event.object["metadata"].get("deletionTimestamp"):
            self._terminating.add(event.name)
            self.queue.mark(("", event.name))

    def _on_any(self, event: Event) -> None:
        if event.namespace in self._terminating:
            self.queue.mark(("", event.namespace))

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        namespace = self._store.find(NAMESPACES, None, name)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        left = 0
        kinds = self._store.keys()
        for kind in kinds:
            for obj in list(self._store.list(kind, name)[0]):
                if obj["metadata"].get("namespace") != name:
                    continue
                if not obj["metadata"].get("deletionTimestamp"):
                    with contextlib.suppress(NotFound):
                        self._store.delete(kind, name, obj["metadata"]["name"])
                if self._store.find(kind, name, obj["metadata"]["name"]) is not None:
                    left += 1
        if not left:
            with contextlib.suppress(NotFound):
                self._store.finish_delete(NAMESPACES, None, name)
