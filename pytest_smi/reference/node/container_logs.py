"""A container's log: the lines of its output with their times, in a file, for reading and following.

Law: a line is written once it is complete (or the container ended); followers see each line once and in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_STAMP = 28
"""Length of a line's time and the space after it."""
_MAX_BYTES = 32 << 20


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ ")


class ContainerLog(asyncio.Protocol):
    """One run of a container. It is the protocol of the pipe that is the program's stdout and stderr."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended = asyncio.Event()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._partial = b""
        self._written = 0
        self._followers: set[asyncio.Queue[bytes | None]] = set()
        self._transport: asyncio.BaseTransport | None = None

    async def attach(self, descriptor: int) -> None:
        """Read the pipe until its end; takes the descriptor over."""
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: self, os.fdopen(descriptor, "rb", buffering=0))

    @contextlib.asynccontextmanager
    async def capture(self) -> AsyncIterator[tuple[int, int, int]]:
        """Give the standard descriptors of a program whose output becomes this log.

        They are closed here at the end; when the program could not be started, the log is too.
        """
        read_end, write_end = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield null, write_end, write_end
        except BaseException:
            os.close(read_end)
            self.close()
            raise
        finally:
            os.close(write_end)
            os.close(null)
        await self.attach(read_end)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the pipe."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Write complete lines."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if lines:
            stamp = _now().encode()
            self._write(b"".join(stamp + line + b"\n" for line in lines))

    def connection_lost(self, exc: Exception | None) -> None:
        """The last process that held the pipe has ended."""
        self.close()

    def close(self) -> None:
        """Write what is left and end; harmless when done."""
        if self.ended.is_set():
            return
        if self._partial:
            self._write(_now().encode() + self._partial + b"\n")
            self._partial = b""
        self.ended.set()
        os.close(self._file)
        for follower in self._followers:
            follower.put_nowait(None)
        if self._transport is not None:
            self._transport.close()

    def _write(self, lines: bytes) -> None:
        # A program that floods its log must not fill the disk; the end of the log is then missing.
        if self._written > _MAX_BYTES:
            return
        self._written += len(lines)
        with contextlib.suppress(OSError):
            os.write(self._file, lines)
        for follower in self._followers:
            follower.put_nowait(lines)

    async def read(
        self, *, follow: bool, tail_lines: int | None, since_seconds: float | None, timestamps: bool
    ) -> AsyncIterator[bytes]:
        """Yield the log in pieces of whole lines."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        following = follow and not self.ended.is_set()
        if following:
            self._followers.add(queue)
        try:
            content = self.path.read_bytes()
            lines = content.splitlines(keepends=True)
            if since_seconds is not None:
                oldest = (
                    (datetime.now(UTC) - timedelta(seconds=since_seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
                )
                lines = [line for line in lines if line[: len(oldest)] >= oldest]
            if tail_lines is not None:
                lines = lines[len(lines) - tail_lines :] if 0 < tail_lines < len(lines) else lines if tail_lines else []
            if lines:
                yield _render(lines, timestamps)
            while following:
                more = await queue.get()
                if more is None:
                    return
                yield _render(more.splitlines(keepends=True), timestamps)
        finally:
            self._followers.discard(queue)


def _render(lines: list[bytes], timestamps: bool) -> bytes:
    return b"".join(lines if timestamps else [line[_STAMP:] for line in lines])
