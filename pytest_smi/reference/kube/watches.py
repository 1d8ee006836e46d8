"""Watches: which changes a watcher sees, as which event, in which bytes. One watcher is one queue; no sockets here.

Law: subscribing and taking the first state happen without an await between them,
so that no change is missed or sent twice.
A change is serialized once for every watcher that wants it in the same form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.selectors import Predicate
from pytest_smi.reference.kube.status import Gone, ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.wire import encode

LIMIT = 20_000
"""Events that may wait for a slow watcher; with more, its watch ends and the client has to list anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How objects are sent: `name` tells forms apart (it is the key of the cache), `render` makes the object."""

    name: str
    render: Callable[[Object], Object]


class Watcher:
    """One watch. `pending` holds encoded lines; `wake` is set when there are some or when the watch is over."""

    def __init__(
        self, store: Store, key: ResourceKey, namespace: str | None, predicate: Predicate | None, form: Form
    ) -> None:
        self._namespace = namespace
        self._predicate = predicate
        self._form = form
        self._store = store
        self.key = key
        self.pending: list[bytes] = []
        self.wake = asyncio.Event()
        self.closed = False
        self._unsubscribe = store.subscribe(key, self._on_event)

    def start(self, resource_version: str) -> None:
        """Queue what lies between `resource_version` and now; "" and "0" mean the present state as ADDED.
        Raises Gone."""
        if resource_version in ("", "0"):
            found, _ = self._store.list(self.key, self._namespace)
            self._added(found)
            return
        for event in self._store.since(self.key, resource_version):
            self._on_event(event)

    def _added(self, objects: Iterable[Object]) -> None:
        for obj in objects:
            if self._predicate is None or self._predicate(obj):
                self.pending.append(line("ADDED", self._form.render(obj)))
        self.wake.set()

    def take(self) -> bytes:
        """Return everything queued, as one piece of bytes."""
        data = b"".join(self.pending)
        self.pending.clear()
        if not self.closed:
            self.wake.clear()
        return data

    def close(self) -> None:
        """End the watch."""
        self._unsubscribe()
        self.closed = True
        self.wake.set()

    def _on_event(self, event: Event) -> None:
        if self.closed or (self._namespace is not None and event.namespace != self._namespace):
            return
        seen = seen_as(event, self._predicate)
        if seen is None:
            return
        cached = f"{seen}:{self._form.name}"
        data = event.encoded.get(cached)
        if data is None:
            obj = event.object
            if seen == "DELETED" and event.type != "DELETED" and event.previous is not None:
                obj = {
                    **event.previous,
                    "metadata": {**event.previous["metadata"], "resourceVersion": event.resource_version},
                }
            data = event.encoded[cached] = line(seen, self._form.render(obj))
        self.pending.append(data)
        if len(self.pending) > LIMIT:
            self.close()
        self.wake.set()


def seen_as(event: Event, predicate: Predicate | None) -> str | None:
    """Return the event's type for a watcher that selects with `predicate`; None when it does not see it."""
    if predicate is None:
        return event.type
    now = predicate(event.object)
    before = event.previous is not None and predicate(event.previous)
    if event.type == "DELETED":
        return "DELETED" if now or before else None
    if now:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else None


def line(kind: str, obj: Object) -> bytes:
    """Return one line of a watch's answer."""
    return b'{"type":"' + kind.encode() + b'","object":' + encode(obj) + b"}\n"


def gone_line(error: Gone) -> bytes:
    """Return the ERROR event for a watch that starts too far back."""
    return line("ERROR", error.body())
