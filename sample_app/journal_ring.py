"""The journal in memory: numbered entries, the newest kept, read through cursors. Pure."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from sample_app.http1 import Headers

CAPACITY = 200_000
"""Entries that are kept."""
LOOPBACK_NONCE = "loopback"
"""Nonce of a server's check of itself: journalled, never sent out."""


class Entry(NamedTuple):
    """One journal entry. Its JSON is kept rather than its parts: a fifth of the memory, and written out as it is."""

    seq: int
    nonce: str
    text: bytes
    """The JSON object that contract 1 describes."""


_encode = json.JSONEncoder(separators=(",", ":")).encode


class JournalOverrun(Exception):
    """A reader was so slow that entries it had not read were dropped."""


class JournalRing:
    """Entries with `seq` from 1; those who listen are called after each one."""

    def __init__(self, pod: str, clock: Callable[[], float], capacity: int = CAPACITY) -> None:
        self.pod = pod
        self.last = 0
        """The newest seq; 0 when nothing has arrived yet."""
        self.listeners: set[Callable[[], None]] = set()
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=capacity)

    def add(
        self,
        *,
        nonce: str,
        port: int,
        protocol: str,
        peer: str,
        method: str = "",
        path: str = "",
        headers: Headers | None = None,
    ) -> None:
        """Write one arrival."""
        self.last += 1
        fields = {
            "seq": self.last,
            "nonce": nonce,
            "pod": self.pod,
            "port": port,
            "protocol": protocol,
            "method": method,
            "path": path,
        }
        fields |= {"headers": headers or [], "peer": peer, "at": self._clock()}
        self._entries.append(Entry(self.last, nonce, _encode(fields).encode()))
        for listener in self.listeners:
            listener()

    @property
    def first(self) -> int:
        """The oldest seq still kept."""
        return self.last - len(self._entries) + 1

    def after(self, seq: int, limit: int) -> list[Entry]:
        """Up to `limit` entries that follow `seq`, oldest first. Raises JournalOverrun if some of them are gone."""
        if seq + 1 < self.first:
            raise JournalOverrun(
                f"entries {seq + 1} to {self.first - 1} were dropped: the journal keeps {self._entries.maxlen} entries"
            )
        count = self.last - seq
        if count > len(self._entries) // 2:
            return list(islice(self._entries, seq + 1 - self.first, seq + 1 - self.first + limit))
        newest = list(islice(reversed(self._entries), count))  # near the end a deque is read fastest from the right
        newest.reverse()
        return newest[:limit]
