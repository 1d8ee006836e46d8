"""The application's outgoing connections: learn where one was going, sniff what it speaks,
and hand it to the right front or tunnel."""

from __future__ import annotations

import asyncio
from functools import partial

from pytest_smi.reference.mesh.proxy.denials import BAD_REQUEST
from pytest_smi.reference.mesh.proxy.http1_front import Http1Front
from pytest_smi.reference.mesh.proxy.http2_front import Http2Front
from pytest_smi.reference.mesh.proxy.mesh_client import MeshConnection
from pytest_smi.reference.mesh.proxy.router import Router
from pytest_smi.reference.mesh.proxy.routing import Destination
from pytest_smi.reference.mesh.proxy.sniff import Spoken
from pytest_smi.reference.mesh.proxy.state import AUTO, TCP
from pytest_smi.reference.mesh.proxy.tunnel import PlainEnd

OUTBOUND_PORT = 15001
SNIFF_SECONDS = 0.05
"""How long a client on a port of unknown protocol may stay silent before it is offered a tunnel (the server may have to
speak first)."""
FIRST_BYTES_SECONDS = 60.0
_PREFACE_LIMIT = 64


class OutboundConnection(asyncio.Protocol):
    """One redirected connection until its protocol is known; then another protocol object takes over the transport."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._buffer = bytearray()
        self._destination: Destination | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._offered = self._offering = False
        self._eof = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Read the line that says where the connection was going, then the program's own first bytes."""
        self._buffer += data
        if self._destination is None:
            end = self._buffer.find(b"\n", 0, _PREFACE_LIMIT)
            if end < 0:
                if len(self._buffer) >= _PREFACE_LIMIT:
                    self.transport.abort()
                return
            if self._task is None:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._begin(line)
            return
        if not self._offering:
            self._decide()

    def _begin(self, line: bytes) -> None:
        try:
            word, _, address = line.partition(b" ")
            host, _, port = address.decode("ascii").rpartition(":")
            if word != b"ORIGDST" or not host:
                raise ValueError("no ORIGDST line")
            number = int(port)
        except ValueError:
            self.transport.abort()
            return
        destination = self._router.routing.resolve(host, number, "TCP")
        if destination.known:
            self._go(destination)
        else:
            self._task = asyncio.get_running_loop().create_task(self._learn(host, number))

    async def _learn(self, host: str, port: int) -> None:
        destination = await self._router.learn(host, port, "TCP")
        if not self.transport.is_closing():
            self._go(destination)

    def _go(self, destination: Destination) -> None:
        self._destination = destination
        if destination.hint == TCP or not destination.known:
            self._tunnel()
            return
        if destination.hint == AUTO:
            wait = 1.0 if self._router.routing.has_segments(destination) else SNIFF_SECONDS
            self._timer = asyncio.get_running_loop().call_later(wait, self._offer)
        else:
            self._timer = asyncio.get_running_loop().call_later(FIRST_BYTES_SECONDS, self.transport.abort)
        if self._buffer:
            self._decide()

    def _decide(self) -> None:
        destination = self._destination
        assert destination is not None
        spoken = self._router.routing.spoken(bytes(self._buffer))
        if spoken is Spoken.HTTP1:
            self._hand_over(Http1Front(partial(self._router.http, destination)))
        elif spoken is Spoken.HTTP2:
            self._hand_over(Http2Front(partial(self._router.http, destination)))
        elif spoken is Spoken.OPAQUE and not self._router.routing.takes_opaque(destination):
            self.transport.write(BAD_REQUEST)
            self.transport.close()
        elif spoken is Spoken.OPAQUE or (self._eof and self._buffer):
            self._tunnel()

    def _hand_over(self, front: asyncio.Protocol) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.transport.set_protocol(front)
        front.connection_made(self.transport)
        front.data_received(bytes(self._buffer))
        if self._eof:
            front.eof_received()

    def _offer(self) -> None:
        """The client is silent: open a tunnel if policy gives one, else go on waiting for its first bytes."""
        if self._offered or self._destination is None or self.transport.is_closing():
            return
        self._offered = self._offering = True
        self._task = asyncio.get_running_loop().create_task(self._offer_tunnel(self._destination))

    async def _offer_tunnel(self, destination: Destination) -> None:
        opened = await self._router.open(destination)
        self._offering = False
        if self.transport.is_closing():
            if opened is not None:
                opened.abort()
        elif opened is not None:
            self._join(opened)
        else:
            self._timer = asyncio.get_running_loop().call_later(FIRST_BYTES_SECONDS, self.transport.abort)
            if self._buffer:
                self._decide()

    def _tunnel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._offering = True
        assert self._destination is not None
        self._task = asyncio.get_running_loop().create_task(self._open_tunnel(self._destination))

    async def _open_tunnel(self, destination: Destination) -> None:
        opened = await self._router.open(destination)
        if opened is None:
            self._router.denials.refuse_tcp(self.transport)
        elif self.transport.is_closing():
            opened.abort()
        else:
            self._join(opened)

    def _join(self, far: PlainEnd | MeshConnection) -> None:
        near = PlainEnd()
        self.transport.set_protocol(near)
        near.connection_made(self.transport)
        far.join(near)
        near.join(far, bytes(self._buffer))
        if self._eof:
            near.eof_received()

    def eof_received(self) -> bool:
        """Note that the program sends no more; what it sent is still delivered."""
        self._eof = True
        if self._destination is not None and self._buffer and not self._offering:
            self._decide()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._timer is not None:
            self._timer.cancel()
