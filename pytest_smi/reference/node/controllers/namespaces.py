"""Empties a namespace that is being deleted, custom resources included, and then removes it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from pytest_smi.reference.kube.objects import Event, Object, timestamp
from pytest_smi.reference.kube.status import NotFound
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.context import NAMESPACES
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue


def remaining(left: Mapping[str, int], held: Mapping[str, int], namespace: Object, now: str) -> list[dict[str, str]]:
    """Return the conditions of a namespace that cannot end yet: `left` counts objects by resource, `held` finalizers by
    name.

    Pure.
    """
    before = {condition["type"]: condition for condition in (namespace.get("status") or {}).get("conditions") or ()}
    resources = ", ".join(
        f"{kind}{'' if '.' in kind else '.'} has {count} resource instances" for kind, count in sorted(left.items())
    )
    finalizers = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(held.items()))
    rows = [
        ("NamespaceDeletionDiscoveryFailure", False, "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            False,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {resources}"),
    ]
    if held:
        text = f"Some content in the namespace has finalizers remaining: {finalizers}"
        rows.append(("NamespaceFinalizersRemaining", True, "SomeFinalizersRemain", text))
    else:
        rows.append(
            (
                "NamespaceFinalizersRemaining",
                False,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            )
        )
    found = []
    for kind, value, reason, message in rows:
        status, old = "True" if value else "False", before.get(kind)
        since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
        found.append(
            {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        )
    return found


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
        left: dict[str, int] = {}
        held: dict[str, int] = {}
        kinds = self._store.keys()
        for kind in kinds:
            for obj in list(self._store.list(kind, name)[0]):
                if obj["metadata"].get("namespace") != name:
                    continue
                if not obj["metadata"].get("deletionTimestamp"):
                    with contextlib.suppress(NotFound):
                        self._store.delete(kind, name, obj["metadata"]["name"])
                if (still := self._store.find(kind, name, obj["metadata"]["name"])) is not None:
                    left[str(kind)] = left.get(str(kind), 0) + 1
                    for finalizer in still["metadata"].get("finalizers") or ():
                        held[finalizer] = held.get(finalizer, 0) + 1
        if left:
            status = {
                "phase": "Terminating",
                "conditions": remaining(left, held, namespace, timestamp(self._store.now())),
            }
            with contextlib.suppress(NotFound):
                self._store.update_status(NAMESPACES, None, name, status)
        else:
            with contextlib.suppress(NotFound):
                self._store.finish_delete(NAMESPACES, None, name)
