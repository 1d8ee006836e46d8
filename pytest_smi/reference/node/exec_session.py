"""One program started through pods/exec, as the API server sees it; carries the exec faults.

Law: output ends when both streams are closed; a cut session ends its output without ever giving an exit status.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from functools import partial

from pytest_smi.reference.kube.podaccess import ExecFailed
from pytest_smi.reference.node.cluster_faults import ClusterFaults
from pytest_smi.reference.node.zygote_client import Process

_MAX_BUFFERED = 1 << 20


class SessionCut(ConnectionError):
    """The exec-cut fault: the connection is dropped without a status."""


class _Output(asyncio.Protocol):
    """One output stream, read into the session's queue; stops reading while the reader is behind."""

    def __init__(self, channel: int, queue: asyncio.Queue[tuple[int, bytes] | None]) -> None:
        self.channel = channel
        self.waiting = 0
        self._queue = queue
        self._transport: asyncio.ReadTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport) or hasattr(transport, "pause_reading")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.waiting += len(data)
        self._queue.put_nowait((self.channel, data))
        if self.waiting > _MAX_BUFFERED and self._transport is not None:
            self._transport.pause_reading()

    def taken(self, size: int) -> None:
        before = self.waiting
        self.waiting -= size
        if before > _MAX_BUFFERED >= self.waiting and self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._queue.put_nowait(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _itself(output: _Output) -> _Output:
    return output


class _Input(asyncio.Protocol):
    """The write side of a pipe with flow control."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self.lost = False

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.writable.set()


class PodExecSession:
    """Implements kube.podaccess.ExecSession for a process of the zygote."""

    def __init__(self, process: Process, faults: ClusterFaults) -> None:
        self._process = process
        self._faults = faults
        self._queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._outputs: list[_Output] = []
        self._input = _Input()
        self._stdin: asyncio.WriteTransport | None = None
        self._lines = 0
        self._cut = asyncio.Event()

    async def attach(self, stdin: int | None, outputs: dict[int, int]) -> None:
        """Take the node's ends of the pipes over: stdin to write, {1: stdout, 2: stderr} to read."""
        loop = asyncio.get_running_loop()
        if stdin is not None:
            self._stdin, _ = await loop.connect_write_pipe(lambda: self._input, os.fdopen(stdin, "wb", buffering=0))
        for channel, descriptor in outputs.items():
            output = _Output(channel, self._queue)
            self._outputs.append(output)
            await loop.connect_read_pipe(partial(_itself, output), os.fdopen(descriptor, "rb", buffering=0))

    async def write(self, data: bytes) -> None:
        """Send bytes to its standard input; bytes for a program that reads no more are dropped."""
        if self._stdin is None or self._input.lost or self._cut.is_set():
            return
        self._lines += data.count(b"\n")
        cut, kill = self._faults.cut_exec_after, self._faults.kill_exec_after
        if cut is not None and self._lines > cut:
            self._cut.set()
            self._queue.put_nowait(None)
            await self.kill()
            return
        with contextlib.suppress(OSError, RuntimeError):
            self._stdin.write(data)
        if kill is not None and self._lines >= kill:
            self._process.kill(signal.SIGKILL)
        await self._input.writable.wait()

    async def close_stdin(self) -> None:
        """End its standard input after what was written."""
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.close()

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """(1, bytes) and (2, bytes) as they come; raises SessionCut when the session was cut."""
        open_streams = len(self._outputs)
        while open_streams:
            item = await self._queue.get()
            if self._cut.is_set():
                raise SessionCut("the exec session was cut")
            if item is None:
                open_streams -= 1
                continue
            for output in self._outputs:
                if output.channel == item[0]:
                    output.taken(len(item[1]))
            yield item

    async def wait(self) -> int:
        """Return its exit status, negative for the signal that ended it."""
        if self._cut.is_set():
            raise SessionCut("the exec session was cut")
        status = await asyncio.shield(self._process.exited)
        await self.close_stdin()
        return status

    async def kill(self) -> None:
        """End it and its children."""
        self._process.kill(signal.SIGKILL)
        await self.close_stdin()
        if not self._process.exited.done():
            await asyncio.shield(self._process.exited)
        for output in self._outputs:
            output.close()


class NotStarted:
    """The session of a command that the container does not have: no output,
    and a failure of the runtime in place of an exit status."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def write(self, data: bytes) -> None:
        """Dropped: nobody reads."""

    async def close_stdin(self) -> None:
        """Nothing to close."""

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Nothing."""
        nothing: tuple[tuple[int, bytes], ...] = ()
        for piece in nothing:
            yield piece

    async def wait(self) -> int:
        """Raises what the runtime says."""
        what = f"OCI runtime exec failed: exec failed: unable to start container process: {self._reason}: unknown"
        raise ExecFailed(
            f'error executing command in container: failed to exec in container: failed to start exec "0": {what}'
        )

    async def kill(self) -> None:
        """Nothing to end."""
