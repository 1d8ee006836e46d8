"""The changes of one kind that are kept for watches which start in the past. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence

from pytest_smi.reference.kube.objects import Event
from pytest_smi.reference.kube.status import Gone


class History:
    """The last `size` changes, oldest first; none from before version `forgotten`."""

    def __init__(self, size: int, *, forgotten: int = 0) -> None:
        self._size = size
        self._events: deque[Event] = deque()
        self._forgotten = forgotten

    def add(self, event: Event) -> None:
        """Keep one more change, at the cost of the oldest."""
        self._events.append(event)
        if len(self._events) > self._size:
            self._forgotten = int(self._events.popleft().resource_version)

    def since(self, resource_version: int) -> Sequence[Event]:
        """Return the changes after that version; raises Gone when some of them are no longer kept."""
        if resource_version < self._forgotten:
            raise Gone(f"too old resource version: {resource_version} ({self._forgotten})")
        if not self._events or int(self._events[-1].resource_version) <= resource_version:
            return ()
        kept = list(self._events)
        return kept[bisect_right(kept, resource_version, key=lambda event: int(event.resource_version)) :]

    def clear(self) -> None:
        """Forget everything, as a compaction does."""
        if self._events:
            self._forgotten = int(self._events[-1].resource_version)
            self._events.clear()
