"""The objects of the cluster, in memory, with resourceVersions, conflicts, graceful deletion,
history and subscriptions.

Law: what goes in is copied; what comes out is the stored object itself and must never be changed (use `thaw` for a copy
to edit).
One global counter numbers every change, so that resourceVersions order all changes of all kinds. All calls are
synchronous and belong to the event loop's thread; callbacks run in that thread right after the change and must not
block. Nothing here validates or admits:
clients, and controllers that create pods, go through `ApiServer.create`, which does.

Deletion: `delete` removes at once, except that an object with finalizers, and every pod and namespace,
is only marked (deletionTimestamp).
The controller that owns the kind then calls `finish_delete`; the last finalizer to go removes a marked object
of any other kind.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_smi.reference.kube import lifecycle
from pytest_smi.reference.kube.changes import Changes
from pytest_smi.reference.kube.lifecycle import NAMESPACES, PODS
from pytest_smi.reference.kube.objects import Callback, Event, Object, thaw, timestamp
from pytest_smi.reference.kube.status import (
    AlreadyExists,
    Conflict,
    NotFound,
    ResourceKey,
)

HISTORY = 4096
"""Changes kept per kind for watches that start in the past."""


class Store:
    """Every object of one cluster. `clock` gives unix seconds; `history` bounds the changes kept per kind."""

    def __init__(self, *, clock: Callable[[], float] = time.time, history: int = HISTORY) -> None:
        self._clock = clock
        self._revision = 1
        self._objects: dict[ResourceKey, dict[str, dict[str, Object]]] = {}
        self._changes = Changes(history)
        self._finishing: set[str] = set()

    @property
    def resource_version(self) -> str:
        """The number of the last change of any kind."""
        return str(self._revision)

    def now(self) -> float:
        """Return the cluster's clock, in unix seconds."""
        return self._clock()

    def keys(self) -> tuple[ResourceKey, ...]:
        """Return every kind that has or had an object."""
        return tuple(self._objects)

    # Reading

    def get(self, key: ResourceKey, namespace: str | None, name: str) -> Object:
        """Return the object of that name; raises NotFound. `namespace` is None (or "") for cluster-scoped kinds."""
        found = self.find(key, namespace, name)
        if found is None:
            raise NotFound(key, name)
        return found

    def find(self, key: ResourceKey, namespace: str | None, name: str) -> Object | None:
        """Return the object of that name, or None."""
        return self._objects.get(key, {}).get(namespace or "", {}).get(name)

    def list(self, key: ResourceKey, namespace: str | None = None) -> tuple[list[Object], str]:
        """Return objects in order of namespace and name, and the resourceVersion to watch from. None means all
        namespaces."""
        spaces = self._objects.get(key, {})
        names = sorted(spaces) if namespace is None else [namespace]
        found = [spaces[space][name] for space in names if space in spaces for name in sorted(spaces[space])]
        return found, str(self._revision)

    def all_objects(self) -> Iterator[tuple[ResourceKey, Object]]:
        """Yield every object of every kind (a snapshot is not taken: do not change the store while iterating)."""
        for key, spaces in self._objects.items():
            for names in spaces.values():
                for obj in names.values():
                    yield key, obj

    def free_name(self, key: ResourceKey, namespace: str | None, prefix: str) -> str:
        """Return a name with that prefix which no object of the kind has."""
        while True:
            # The alphabet that Kubernetes takes for generated names has no vowels; uuid digits are near enough and
            # collision is checked.
            name = prefix[:58] + uuid.uuid4().hex[:5]
            if self.find(key, namespace, name) is None:
                return name

    # Writing

    def create(self, key: ResourceKey, obj: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Store a new object; raises AlreadyExists. Sets uid, creationTimestamp, generation, resourceVersion,
        and a name from generateName.

        `dry_run` answers what would be stored and changes nothing.
        """
        new: Object = thaw(dict(obj))
        meta = new.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = self.free_name(key, meta.get("namespace"), meta["generateName"])
        name, namespace = meta["name"], meta.get("namespace") or ""
        if self.find(key, namespace, name) is not None:
            raise AlreadyExists(key, name)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = timestamp(self._clock())
        meta.pop("deletionTimestamp", None)
        meta.pop("deletionGracePeriodSeconds", None)
        if "spec" in new:
            meta["generation"] = 1
        if dry_run:
            return new
        self._revision += 1
        meta["resourceVersion"] = str(self._revision)
        self._objects.setdefault(key, {}).setdefault(namespace, {})[name] = new
        self._changes.emit(Event(type="ADDED", key=key, object=new, resource_version=meta["resourceVersion"]))
        return new

    def update(self, key: ResourceKey, obj: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Replace an object; a change of spec bumps generation. A stale metadata.resourceVersion raises Conflict,
        as does another uid.

        An update that changes nothing is no change: same resourceVersion, no event.
        """
        meta_in = obj["metadata"]
        name, namespace = meta_in["name"], meta_in.get("namespace") or ""
        old = self.get(key, namespace, name)
        old_meta = old["metadata"]
        if meta_in.get("resourceVersion") and meta_in["resourceVersion"] != old_meta["resourceVersion"]:
            raise Conflict(key, name)
        if meta_in.get("uid") and meta_in["uid"] != old_meta["uid"]:
            why = f"Precondition failed: UID in precondition: {meta_in['uid']}, UID in object meta: {old_meta['uid']}"
            raise Conflict(key, name, why)
        new = lifecycle.replacing(old, obj)
        if new == old:
            return old
        if "generation" in old_meta and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old_meta["generation"] + 1
        if dry_run:
            return new
        return self._replace(key, old, new)

    def update_status(self, key: ResourceKey, namespace: str | None, name: str, status: Mapping[str, Any]) -> Object:
        """Replace an object's status alone, whatever its resourceVersion; raises NotFound."""
        old = self.get(key, namespace, name)
        if old.get("status") == status:
            return old
        return self._replace(key, old, {**old, "metadata": dict(old["metadata"]), "status": thaw(dict(status))})

    def delete(self, key: ResourceKey, namespace: str | None, name: str, *, grace_period: int | None = None) -> Object:
        """Delete, or mark as deleted where finalizers or the kind ask for it (see the module's text).
        Returns the last state.

        `grace_period` in seconds is for pods: 0 removes at once (no finalizers given),
        None takes the pod's terminationGracePeriodSeconds.
        A pod that was never scheduled (spec.nodeName) or has finished goes at once, as in Kubernetes.
        """
        obj = self.get(key, namespace, name)
        meta = obj["metadata"]
        if key == PODS and lifecycle.nothing_runs(obj):
            grace_period = 0
        if key == PODS and grace_period == 0 and not meta.get("finalizers"):
            return self._remove(key, obj)
        if key in (PODS, NAMESPACES) or meta.get("finalizers"):
            return self.mark_deleted(key, namespace, name, grace_period=grace_period)
        return self._remove(key, obj)

    def mark_deleted(
        self, key: ResourceKey, namespace: str | None, name: str, *, grace_period: int | None = None
    ) -> Object:
        """Set deletionTimestamp (and, for a namespace, phase Terminating).

        Marking twice changes nothing, but a shorter grace counts.
        """
        old = self.get(key, namespace, name)
        new = lifecycle.marked(key, old, self._clock(), grace_period)
        return old if new is old else self._replace(key, old, new)

    def finish_delete(self, key: ResourceKey, namespace: str | None, name: str) -> Object:
        """Remove a marked object; with finalizers left it goes when the last of them does. Raises NotFound."""
        obj = self.get(key, namespace, name)
        if obj["metadata"].get("finalizers"):
            self._finishing.add(obj["metadata"]["uid"])
            return obj
        return self._remove(key, obj)

    # Watching

    def subscribe(self, key: ResourceKey, callback: Callback) -> Callable[[], None]:
        """Call `callback` after every change of that kind from now on; returns the function that ends it."""
        return self._changes.subscribe(key, callback)

    def subscribe_all(self, callback: Callback) -> Callable[[], None]:
        """As `subscribe`, for every kind."""
        return self._changes.subscribe(None, callback)

    def since(self, key: ResourceKey, resource_version: str) -> Sequence[Event]:
        """Return every change of that kind after `resource_version`, oldest first;
        raises Gone when some are no longer kept."""
        return self._changes.since(key, resource_version)

    def begin_history(self, key: ResourceKey) -> None:
        """Keep changes of a new kind from now on: watches from before now get Gone."""
        self._changes.begin(key, revision=self._revision)

    def forget_history(self) -> None:
        """Drop every kept change, as a compaction does: watches from before now get Gone."""
        self._changes.forget()

    # Inside

    def _replace(self, key: ResourceKey, old: Object, new: Object) -> Object:
        meta = new["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            waiting = key in (PODS, NAMESPACES) and meta["uid"] not in self._finishing
            if not waiting and old["metadata"].get("finalizers"):
                return self._remove(key, new)
        self._revision += 1
        meta["resourceVersion"] = str(self._revision)
        self._objects[key][meta.get("namespace") or ""][meta["name"]] = new
        self._changes.emit(
            Event(type="MODIFIED", key=key, object=new, resource_version=meta["resourceVersion"], previous=old)
        )
        return new

    def _remove(self, key: ResourceKey, obj: Object) -> Object:
        meta = obj["metadata"]
        old = self._objects[key][meta.get("namespace") or ""].pop(meta["name"])
        self._finishing.discard(meta["uid"])
        self._revision += 1
        last = {**obj, "metadata": {**meta, "resourceVersion": str(self._revision)}}
        self._changes.emit(
            Event(type="DELETED", key=key, object=last, resource_version=str(self._revision), previous=old)
        )
        return last
