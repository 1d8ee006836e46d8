"""Opaque bytes both ways: ends that hand what they read to their peer, with half-close and backpressure."""

from __future__ import annotations

import asyncio
from typing import Protocol


class End(Protocol):
    """One end of a tunnel as its peer sees it."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def write_eof(self) -> None:
        """Send no more."""

    def abort(self) -> None:
        """Cut both directions."""

    def pause(self) -> None:
        """Read no more until `resume`."""

    def resume(self) -> None:
        """Read again."""


class TunnelEnd:
    """What every end does alike. Bytes that arrive before it has a peer are kept for it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        super().__init__()
        self._peer: End | None = None
        self._early = bytearray()
        self._eof_in = self._eof_out = False
        self.lost = False

    def join(self, peer: End, early: bytes = b"") -> None:
        """Set the peer and hand it what has arrived: `early`, then what this end kept."""
        self._peer = peer
        data = early + bytes(self._early)
        self._early.clear()
        if data:
            peer.write(data)
        if self._eof_in:
            peer.write_eof()
        if self.lost:
            peer.abort()

    def received(self, data: bytes) -> None:
        """Hand on bytes."""
        if self._peer is None:
            self._early += data
        else:
            self._peer.write(data)

    def received_eof(self) -> None:
        """Hand on the half-close, and stay open for the other direction."""
        self._eof_in = True
        if self._peer is not None:
            self._peer.write_eof()
        self._close_when_done()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cut the peer unless both directions had ended."""
        self.lost = True
        if self._peer is not None and not (self._eof_in and self._eof_out):
            self._peer.abort()

    def pause_writing(self) -> None:
        """Our socket is full: the peer reads no more."""
        if self._peer is not None:
            self._peer.pause()

    def resume_writing(self) -> None:
        """Our socket has room again."""
        if self._peer is not None:
            self._peer.resume()

    def write_eof(self) -> None:
        """Half-close."""
        if not self._eof_out and self.half_close():
            self._eof_out = True
            self._close_when_done()

    def half_close(self) -> bool:
        """Tell the other side that no more comes; False: the connection is going away already."""
        raise NotImplementedError

    def _close_when_done(self) -> None:
        if self._eof_in and self._eof_out:
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    def pause(self) -> None:
        """Read no more until `resume`."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if not self.transport.is_closing():
            self.transport.resume_reading()


class PlainEnd(TunnelEnd, asyncio.Protocol):
    """An end on a plain socket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Hand on bytes."""
        self.received(data)

    def eof_received(self) -> bool:
        """Hand on the half-close, and stay open for the other direction."""
        self.received_eof()
        return True

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def half_close(self) -> bool:
        """Half-close the socket."""
        if self.transport.is_closing():
            return False
        self.transport.write_eof()
        return True
