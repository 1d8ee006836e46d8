"""The server's side of a journal session: pushes entries over the Unix socket, answers the fence."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any, cast

from sample_app.journal_ring import LOOPBACK_NONCE, JournalOverrun, JournalRing

_BATCH = 500
_MAX_LINE = 65_536
_PASSES = 8
"""Rounds of the event loop that a fence waits. A connection that is in the kernel's queue needs one to be accepted, two
until its transport reads, one to be read; eight leave room."""

_QUIT = object()
"""Stands among the fences for the end of the session."""


class JournalFeed(asyncio.Protocol):
    """One session. The first line in is `{"op":"open","all":bool}`; then as contract 1 has it."""

    def __init__(self, ring: JournalRing) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent = 0
        """The newest seq that is out, or was skipped."""
        self._open = False
        self._paused = False
        self._scheduled = False
        self._fences: deque[tuple[int, object]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take command lines."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            self._command(record if isinstance(record, dict) else {"op": None})
        if len(self._buffer) > _MAX_LINE:
            self._close(f"a line exceeds {_MAX_LINE} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        """Listen no more."""
        self._ring.listeners.discard(self._schedule)
        self._transport = None

    def pause_writing(self) -> None:
        """Leave entries in the ring while the reader is behind."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        self._schedule()

    def _command(self, record: dict[str, Any]) -> None:
        op = record.get("op")
        if op == "open" and not self._open:
            self._open = True
            self._sent = self._ring.first - 1 if record.get("all") else self._ring.last
            self._write([{"ready": True, "pod": self._ring.pod, "entries": self._ring.last}])
            self._ring.listeners.add(self._schedule)
            self._schedule()
        elif op == "sync" and self._open:
            self._fence(record.get("id"), _PASSES)
        elif op == "quit":
            self._fence(_QUIT, _PASSES)
        else:
            self._write([{"error": f"op is one of sync, loopback, quit; got {op!r}"}])

    def _fence(self, name: object, passes: int) -> None:
        # Whatever had reached this machine's socket buffers before the sync is read and journalled in these rounds.
        if passes:
            self._loop.call_soon(self._fence, name, passes - 1)
            return
        self._fences.append((self._ring.last, name))
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._push)

    def _push(self) -> None:
        self._scheduled = False
        while not self._paused and self._transport is not None and not self._transport.is_closing():
            try:
                entries = self._ring.after(self._sent, _BATCH)
            except JournalOverrun as error:
                self._close(str(error))
                return
            while self._fences and self._fences[0][0] <= self._sent:
                seq, name = self._fences.popleft()
                if name is _QUIT:
                    self._transport.close()
                    return
                self._write([{"sync": name, "seq": seq}])
            if not entries:
                return
            if self._fences:  # a fence comes right after the entries it covers, before newer ones
                entries = entries[: self._fences[0][0] - self._sent]
            self._sent += len(entries)
            self._transport.write(
                b"".join(b'{"entry":%b}\n' % entry.text for entry in entries if entry.nonce != LOOPBACK_NONCE)
            )

    def _write(self, records: list[dict[str, object]]) -> None:
        if self._transport is not None and records:
            self._transport.write(
                b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)
            )

    def _close(self, reason: str) -> None:
        self._write([{"closed": reason}])
        if self._transport is not None:
            self._transport.close()
