"""Who hears of changes, and which are kept for watches that start in the past.

Every subscriber hears of every change in order, also of those that another subscriber's callback makes.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

from pytest_smi.reference.kube.history import History
from pytest_smi.reference.kube.objects import Callback, Event
from pytest_smi.reference.kube.status import ResourceKey

log = logging.getLogger(__name__)


class Changes:
    """The changes of one store. `kept`: how many are kept per kind."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._history: dict[ResourceKey, History] = {}
        self._subscribers: dict[ResourceKey | None, dict[int, Callback]] = {None: {}}
        self._next_subscriber = 0
        self._undelivered: deque[Event] = deque()
        self._delivering = False

    def subscribe(self, key: ResourceKey | None, callback: Callback) -> Callable[[], None]:
        """Call `callback` after every change of that kind, None for every kind; returns the function that ends it."""
        self._next_subscriber += 1
        number = self._next_subscriber
        self._subscribers.setdefault(key, {})[number] = callback
        return lambda: (self._subscribers[key].pop(number, None), None)[1]

    def since(self, key: ResourceKey, resource_version: str) -> Sequence[Event]:
        """Return every change of that kind after `resource_version`, oldest first; Gone when some are no longer
        kept."""
        history = self._history.get(key)
        return history.since(int(resource_version)) if history else ()

    def begin(self, key: ResourceKey, *, revision: int) -> None:
        """Keep changes of a new kind from that revision on: watches from before now get Gone."""
        self._history[key] = History(self._kept, forgotten=revision)

    def forget(self) -> None:
        """Drop every kept change: watches from before now get Gone."""
        for history in self._history.values():
            history.clear()

    def emit(self, event: Event) -> None:
        """Keep a change and tell it to everyone."""
        if event.key not in self._history:
            self._history[event.key] = History(self._kept)
        self._history[event.key].add(event)
        # A callback may change the store: its events wait their turn, so that everyone sees changes in order.
        self._undelivered.append(event)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._undelivered:
                self._deliver(self._undelivered.popleft())
        finally:
            self._delivering = False

    def _deliver(self, event: Event) -> None:
        # Copies, because a callback may subscribe or end a subscription. One that raises must not keep the change from
        # the others.
        for callback in [*self._subscribers.get(event.key, {}).values(), *self._subscribers[None].values()]:
            try:
                callback(event)
            except Exception:
                log.exception("a subscriber failed on %s %s %s", event.type, event.key, event.name)
