"""UDP on the called side: each flow of a caller gets a socket of its own towards the application,
so that replies find their way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pytest_smi.reference.mesh.tasks import Tasks

FLOW_SECONDS = 30.0
_MAX_EARLY = 64

Reply = Callable[[int, int, bytes], None]


class InboundFlows:
    """The flows of one calling sidecar; idle ones are closed."""

    def __init__(self, pod_ip: str, app_ip: str, reply: Reply) -> None:
        self._pod_ip = pod_ip
        self._app_ip = app_ip
        self._reply = reply
        self._flows: dict[tuple[int, int], _Flow] = {}
        self._tasks = Tasks()

    def deliver(self, flow: int, port: int, data: bytes) -> None:
        """Send one allowed datagram to the application."""
        entry = self._flows.get((flow, port))
        if entry is None:
            self._prune()
            entry = self._flows[(flow, port)] = _Flow(flow, port, self._reply)
            self._tasks.spawn(self._open(entry))
        entry.send(data)

    async def _open(self, entry: _Flow) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(
                lambda: entry, local_addr=(self._pod_ip, 0), remote_addr=(self._app_ip, entry.port)
            )
        except OSError:
            self._flows.pop((entry.flow, entry.port), None)

    def _prune(self) -> None:
        old = time.monotonic() - FLOW_SECONDS
        for key in [key for key, entry in self._flows.items() if entry.used < old]:
            self._flows.pop(key).close()

    def close(self) -> None:
        """Close every flow."""
        for entry in self._flows.values():
            entry.close()
        self._flows.clear()


class _Flow(asyncio.DatagramProtocol):
    """One flow's socket."""

    def __init__(self, flow: int, port: int, reply: Reply) -> None:
        self.flow = flow
        self.port = port
        self.used = time.monotonic()
        self._reply = reply
        self._early: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what came before the socket was there."""
        self._transport = transport  # type: ignore[assignment]  # a datagram transport
        for data in self._early:
            self.send(data)
        self._early.clear()
        if self._closed:
            transport.close()

    def send(self, data: bytes) -> None:
        """Send to the application."""
        self.used = time.monotonic()
        if self._transport is not None:
            self._transport.sendto(data)
        elif len(self._early) < _MAX_EARLY:
            self._early.append(data)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Send the application's datagram back to the caller."""
        self.used = time.monotonic()
        self._reply(self.flow, self.port, data)

    def error_received(self, exc: Exception) -> None:
        """A refused datagram is lost, as datagrams are."""

    def close(self) -> None:
        """Close the socket."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()
