"""Garbage collection by ownerReferences: dependents of an object that is gone are deleted,
at once and in the same process.

An owner is known by uid. A dependent with several owners goes when the last of them does.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.status import NotFound, ResourceKey
from pytest_smi.reference.kube.store import Store


class GarbageCollector:
    """Follows every change of a store; keeps an index from owner's uid to dependents,
    so that a deletion costs what it deletes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dependents: dict[str, set[tuple[ResourceKey, str, str]]] = {}
        self._alive: set[str] = set()
        for key, obj in store.all_objects():
            self._note(key, obj)
        self.stop = store.subscribe_all(self._on_event)

    def _note(self, key: ResourceKey, obj: Object) -> None:
        meta = obj["metadata"]
        self._alive.add(meta["uid"])
        for reference in meta.get("ownerReferences") or ():
            self._dependents.setdefault(reference["uid"], set()).add((key, meta.get("namespace") or "", meta["name"]))

    def _on_event(self, event: Event) -> None:
        if event.type != "DELETED":
            self._note(event.key, event.object)
            owners = [reference["uid"] for reference in event.object["metadata"].get("ownerReferences") or ()]
            if event.type == "ADDED" and owners and not any(uid in self._alive for uid in owners):
                # Made for an owner that went in the meantime.
                self._collect(event.key, event.namespace, event.name, owners[0])
            return
        uid = event.object["metadata"]["uid"]
        self._alive.discard(uid)
        for key, namespace, name in sorted(self._dependents.pop(uid, ()), key=str):
            self._collect(key, namespace, name, uid)

    def _collect(self, key: ResourceKey, namespace: str, name: str, gone: str) -> None:
        obj = self._store.find(key, namespace, name)
        if obj is None:
            return
        owners = [reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()]
        if gone not in owners or any(uid in self._alive for uid in owners):
            return
        try:
            self._store.delete(key, namespace, name)
        except NotFound:
            return


def dependents_of(store: Store, uid: str) -> Iterator[tuple[ResourceKey, Object]]:
    """Yield every object that names that uid as an owner."""
    for key, obj in list(store.all_objects()):
        if any(reference.get("uid") == uid for reference in obj["metadata"].get("ownerReferences") or ()):
            yield key, obj


def orphan_dependents(store: Store, uid: str) -> None:
    """Take that owner out of its dependents, so that they outlive it."""
    for key, obj in dependents_of(store, uid):
        rest = [reference for reference in obj["metadata"]["ownerReferences"] if reference["uid"] != uid]
        meta = {name: value for name, value in obj["metadata"].items() if name != "ownerReferences"}
        store.update(key, {**obj, "metadata": {**meta, "ownerReferences": rest} if rest else meta})
