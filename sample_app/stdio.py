"""Lines on standard input and output without ever blocking the event loop, whatever kind of file they are.

Threads do the waiting: pipes, sockets, terminals, files and /dev/null all behave alike then, and a consumer that reads
slowly cannot make a probe look slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import select
import threading
from collections.abc import AsyncIterator, Sequence

MAX_LINE = 16 * 1024 * 1024
"""Longest line read, in bytes; a longer one ends the session."""


class LineReader:
    """The lines of a file descriptor, as bytes without their ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (line := await self._lines.get()) is not None:
            yield line

    def _read(self) -> None:
        buffer = b""
        while len(buffer) <= MAX_LINE:
            try:
                data = os.read(self._descriptor, 65_536)
            except BlockingIOError:  # someone else made the shared file description non-blocking
                select.select([self._descriptor], [], [])
                continue
            except OSError:
                break
            if not data:
                break
            *lines, buffer = (buffer + data).split(b"\n")
            if not self._tell(lines):
                return
        self._tell([buffer, None] if buffer else [None])

    def _tell(self, lines: Sequence[bytes | None]) -> bool:
        try:
            for line in lines:
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop is closed: the session is over
            return False
        return True


class LineWriter:
    """Writes JSON lines to a file descriptor in order; `broken` is set once nobody reads them any more."""

    def __init__(self, descriptor: int) -> None:
        self.broken = asyncio.Event()
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._finished = asyncio.Event()
        threading.Thread(target=self._write, name="stdout", daemon=True).start()

    def send(self, record: dict[str, object]) -> None:
        """Queue one record."""
        self.send_raw(json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def send_raw(self, lines: bytes) -> None:
        """Queue bytes that are whole lines."""
        self._lines.put(lines)

    async def finish(self, timeout: float = 5.0) -> None:
        """Wait until everything queued is written, at most `timeout` seconds."""
        self._lines.put(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._finished.wait()

    def _write(self) -> None:
        try:
            while (data := self._lines.get()) is not None:
                self._write_all(memoryview(data))
        except OSError:
            self._tell(self.broken)
        self._tell(self._finished)

    def _write_all(self, view: memoryview) -> None:
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # someone else made the shared file description non-blocking
                select.select([], [self._descriptor], [])

    def _tell(self, event: asyncio.Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody needs to know
            self._loop.call_soon_threadsafe(event.set)
