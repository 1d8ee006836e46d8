"""The calling side of the hop between sidecars: pooled mutual TLS connections, HTTP exchanges and tunnels over them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from pytest_smi.reference.mesh.identity import peer_identity
from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import Request, Sink
from pytest_smi.reference.mesh.proxy.tunnel import FrameTunnel
from pytest_smi.reference.mesh.smi import Identity

INBOUND_PORT = 15006
_MAX_IDLE = 64


class WrongPeer(OSError):
    """The server's certificate names another identity than the pod at that address should have."""


class MeshConnection(FrameTunnel):
    """One connection to another sidecar: an HTTP exchange at a time, or a tunnel, or datagrams."""

    def __init__(
        self, release: Callable[[MeshConnection], None], on_datagram: Callable[[int, bytes], None] | None = None
    ) -> None:
        super().__init__()
        self._release = release
        self._on_datagram = on_datagram
        self._sink: Sink | None = None
        self._refused: Callable[[], None] | None = None
        self._opening: asyncio.Future[bool] | None = None
        self.draining = False
        self.key: tuple[str, Identity] = ("", ("", ""))

    def start(self, port: int, flags: int, request: Request, sink: Sink, refused: Callable[[], None]) -> None:
        """Send a request; its response goes to `sink`. `refused` is called first when policy denied it."""
        self._sink = sink
        self._refused = refused
        sink.on_cancel = self._abort
        self.send(frames.request_frame(port, flags, request))

    def open(self, port: int) -> asyncio.Future[bool]:
        """Ask for a tunnel; True when it is open, False when it was denied (the connection can then be used on)."""
        self._opening = asyncio.get_running_loop().create_future()
        self.send(frames.open_frame(port))
        return self._opening

    def on_frame(self, kind: int, payload: bytes) -> None:
        """Act on one frame of the called sidecar."""
        sink = self._sink
        if kind == frames.RESPONSE and sink is not None:
            status, flags, headers, body = frames.read_response(payload)
            if flags & frames.REFUSED and self._refused is not None:
                self._refused()
                if status < 100:
                    self._free()
                    sink.fail(status, "denied by access policy")
                    return
            sink.head(status, headers)
            sink.data(body)
            if flags & frames.LAST:
                self._done(sink)
        elif kind == frames.DATA and sink is not None and self._peer is None:
            sink.data(payload)
        elif kind == frames.DATA:
            self.received(payload)
        elif kind == frames.END and sink is not None:
            self._done(sink)
        elif kind == frames.FAIL and sink is not None:
            self._free()
            sink.fail(*frames.read_fail(payload))
        elif kind in (frames.OPENED, frames.DENIED) and self._opening is not None:
            opening, self._opening = self._opening, None
            if not opening.done():
                opening.set_result(kind == frames.OPENED)
            if kind == frames.DENIED:
                self._release(self)
        elif kind == frames.EOF:
            self.received_eof()
        elif kind == frames.DATAGRAM and self._on_datagram is not None:
            flow, _, data = frames.read_datagram(payload)
            self._on_datagram(flow, data)
        elif kind == frames.GOAWAY:
            self.draining = True
            if sink is None and self._peer is None and self._opening is None:
                self.transport.close()

    def _done(self, sink: Sink) -> None:
        self._free()
        sink.end()

    def _free(self) -> None:
        if self._sink is not None:
            self._sink.on_cancel = None
        self._sink = self._refused = None
        if self.draining:
            self.transport.close()
        else:
            self._release(self)

    def _abort(self) -> None:
        self._sink = None
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is under way: it may have been delivered, so that it is never sent again."""
        self.lost = True
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.on_cancel = None
            sink.fail(502, "the connection to the server's sidecar was lost")
        if self._opening is not None and not self._opening.done():
            self._opening.set_exception(ConnectionResetError("the connection to the server's sidecar was lost"))
        super().connection_lost(exc)


class MeshPool:
    """Idle connections to other sidecars, by address and the identity that was proven there."""

    def __init__(self, source: str, tls: Callable[[], ssl.SSLContext]) -> None:
        self._source = source
        self._tls = tls
        self._idle: dict[tuple[str, Identity], list[MeshConnection]] = {}

    def idle(self, address: str, identity: Identity) -> MeshConnection | None:
        """Return an idle connection, or None."""
        found = self._idle.get((address, identity))
        while found:
            connection = found.pop()
            if not connection.lost and not connection.draining and not connection.transport.is_closing():
                return connection
        return None

    async def connect(
        self, address: str, identity: Identity, on_datagram: Callable[[int, bytes], None] | None = None
    ) -> MeshConnection:
        """Return a new connection.

        OSError, TimeoutError: nothing was delivered; WrongPeer (an OSError): somebody else answers there.
        """
        factory: Callable[[], MeshConnection] = lambda: MeshConnection(self._release, on_datagram)  # noqa: E731  # typed for `dial`
        try:
            connection = await dial(self._source, (address, INBOUND_PORT), factory, self._tls())
        except ssl.SSLError as error:
            raise WrongPeer(f"no mutual TLS with {address}: {error.reason}") from error
        proven = peer_identity(connection.transport)
        if proven != identity:
            connection.transport.abort()
            raise WrongPeer(f"{address} must be {identity}, its certificate says {proven}")
        connection.key = (address, identity)
        return connection

    def _release(self, connection: MeshConnection) -> None:
        idle = self._idle.setdefault(connection.key, [])
        if len(idle) < _MAX_IDLE:
            idle.append(connection)
        else:
            connection.transport.close()

    def forget(self, address: str) -> None:
        """Close the idle connections to an address: another pod may be there now."""
        for key in [key for key in self._idle if key[0] == address]:
            for connection in self._idle.pop(key):
                connection.transport.close()

    def close(self) -> None:
        """Close every idle connection."""
        for address in {key[0] for key in self._idle}:
            self.forget(address)
