"""HTTP towards an application (or a server without sidecar) in plaintext:
kept-alive HTTP/1.1 connections and multiplexed HTTP/2."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import httptools

from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import NO_BODY, HeaderList, Request, Sink, end_to_end
from pytest_smi.reference.mesh.proxy.http2_back import Http2Back
from pytest_smi.reference.mesh.tasks import Tasks

Address = tuple[str, int]

IDLE_SECONDS = 1.0
"""A kept-alive connection idle for longer is not used again: the server may be closing it."""


class _Release(Protocol):
    def __call__(self, back: Http1Back) -> None: ...


class Http1Back(asyncio.Protocol):
    """One connection to a server; carries one exchange at a time."""

    def __init__(self, address: Address, release: _Release) -> None:
        self.address = address
        self._release = release
        self._sink: Sink | None = None
        self.idle_since = 0.0
        self.lost = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def start(self, request: Request, sink: Sink) -> None:
        """Send a request; its response goes to `sink`."""
        self._sink = sink
        sink.on_cancel = self._abort
        self._head_only = request.method == "HEAD"
        self._parser = httptools.HttpResponseParser(self)
        lines = [b"%b %b HTTP/1.1" % (request.method.encode("latin-1"), request.target)]
        sized = False
        for name, value in request.headers:
            sized = sized or name.lower() == b"content-length"
            lines.append(name + b": " + value)
        if request.body and not sized:
            lines.append(b"content-length: %d" % len(request.body))
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + request.body)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes outside a response, or that are none, end the connection."""
        if self._sink is None:
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the server switched protocols")
        except httptools.HttpParserError:
            if self._sink is not None:
                self._fail("the server's answer is no HTTP/1.1")

    def on_message_begin(self) -> None:
        """Start a response."""
        self._headers: HeaderList = []
        self._informational = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand on the head; informational responses are skipped, and a response to HEAD is complete."""
        sink, status = self._sink, self._parser.get_status_code()
        self._informational = status < 200
        if sink is None or self._informational:
            return
        names = {name.lower() for name, _ in self._headers}
        self._until_close = b"content-length" not in names and b"transfer-encoding" not in names
        sink.head(status, end_to_end(self._headers))
        if self._head_only or status in NO_BODY:
            self._done(self._parser.should_keep_alive() or self._until_close)

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        if self._sink is not None:
            self._sink.data(body)

    def on_message_complete(self) -> None:
        """Hand on the end."""
        if not self._informational:
            self._done(self._parser.should_keep_alive())

    def _done(self, keep: bool) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        sink.on_cancel = None
        self.idle_since = time.monotonic()
        if keep:
            self._release(self)
        else:
            self.transport.close()
        sink.end()

    def _fail(self, reason: str) -> None:
        sink, self._sink = self._sink, None
        self.transport.abort()
        if sink is not None:
            sink.on_cancel = None
            sink.fail(502, reason)

    def _abort(self) -> None:
        self._sink = None
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a body that lasts until the end of the connection; else the response is lost."""
        self.lost = True
        if self._sink is not None and exc is None and getattr(self, "_until_close", False):
            self._done(False)
        elif self._sink is not None:
            self._fail("the server closed the connection before its answer was complete")


class PlainBacks:
    """The plaintext connections of one sidecar, by address."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._idle: dict[Address, list[Http1Back]] = {}
        self._http2: dict[Address, Http2Back] = {}
        self._tasks = Tasks()

    def exchange(self, address: Address, request: Request, sink: Sink) -> None:
        """Send a request to an address; nothing is tried twice once a byte of it may have been delivered."""
        if request.version == b"2":
            known = self._http2.get(address)
            if known is not None and known.usable():
                known.start(request, sink)
                return
        else:
            fresh = time.monotonic() - IDLE_SECONDS
            idle = self._idle.get(address, [])
            while idle:
                back = idle.pop()
                if not back.lost and not back.transport.is_closing() and back.idle_since > fresh:
                    back.start(request, sink)
                    return
                if not back.lost:
                    back.transport.close()
        self._tasks.spawn(self._open(address, request, sink))

    async def _open(self, address: Address, request: Request, sink: Sink) -> None:
        try:
            if request.version == b"2":
                second = await dial(self._source, address, Http2Back)
                self._http2[address] = second
                if not sink.cancelled:
                    second.start(request, sink)
            else:
                first = await dial(self._source, address, lambda: Http1Back(address, self._release))
                if sink.cancelled:
                    first.transport.close()
                else:
                    first.start(request, sink)
        except (OSError, TimeoutError):
            sink.fail(503, "the server does not take connections")

    def _release(self, back: Http1Back) -> None:
        self._idle.setdefault(back.address, []).append(back)

    def close(self) -> None:
        """Close every idle connection."""
        for backs in self._idle.values():
            for back in backs:
                back.transport.close()
        self._idle.clear()
        for second in self._http2.values():
            second.close()
        self._http2.clear()
