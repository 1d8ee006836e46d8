"""A connection to an HTTP port: finds out by its first bytes whether it is HTTP/1.1 or HTTP/2, and hands over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from sample_app.echo import Reply
from sample_app.http1 import Headers
from sample_app.server_http1 import Http1Session

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client with prior knowledge sends first (RFC 9113 section 3.4)."""

Service = Callable[[str, str, str, Headers, str], Reply]
"""Takes protocol, method, target, headers and the peer's IP; journals, and decides the reply."""


class Session(Protocol):
    """What serves a connection once its version is known."""

    def receive(self, data: bytes) -> None:
        """Take bytes."""
        ...

    def end(self) -> bool:
        """Take the end of input; True if replies are still to be sent."""
        ...

    def lost(self) -> None:
        """Take the loss of the connection."""
        ...


class HttpConnection(asyncio.Protocol):
    """The asyncio side of one connection."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._first = b""
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)
        self._peer = peer_ip(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, the first ones once the version is clear."""
        if self._session is None:
            self._first += data
            if len(self._first) < len(PREFACE) and PREFACE.startswith(self._first):
                return
            data = self._first
            self._session = self._new_session()
        self._session.receive(data)

    def eof_received(self) -> bool:
        """Stay open while replies are due: the client may have closed its sending side only."""
        return self._session is not None and self._session.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what was under way."""
        if self._session is not None:
            self._session.lost()

    def pause_writing(self) -> None:
        """Take no more requests from a client that does not read its replies."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._transport is not None
        self._transport.resume_reading()

    def _new_session(self) -> Session:
        assert self._transport is not None
        if self._first.startswith(PREFACE):
            from sample_app.server_http2 import (
                Http2Session,
            )  # h2 costs the start tens of milliseconds; the server loads it once up

            return Http2Session(self._transport, self._accept)
        return Http1Session(self._transport, self._accept)

    def _accept(self, protocol: str, method: str, target: str, headers: Headers) -> Reply:
        return self._service(protocol, method, target, headers, self._peer)


def peer_ip(transport: asyncio.BaseTransport) -> str:
    """Return the other side's address, empty when the connection is gone already."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""
