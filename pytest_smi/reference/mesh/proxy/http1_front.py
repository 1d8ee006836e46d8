"""HTTP/1.1 towards a client: parse requests, keep their order, write responses."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import httptools

from pytest_smi.reference.mesh.proxy.denials import BAD_REQUEST, cut
from pytest_smi.reference.mesh.proxy.exchange import (
    MAX_BODY,
    NO_BODY,
    ORIGINS,
    REASONS,
    Cancellable,
    Handler,
    HeaderList,
    Request,
    answer,
    end_to_end,
)


class Http1Front(asyncio.Protocol):
    """One client connection.

    Requests are handled one after the other; a pipelined one waits for the response before it.
    """

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[tuple[Request, bool, bool]] = deque()
        self._busy: _Response | None = None
        self._eof = False
        self._origin = next(ORIGINS)
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that are no HTTP/1.1 are answered 400 and the connection closed."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The offered upgrade is not taken: go on in HTTP/1.1 with what follows.
            rest = data[upgrade.args[0] :]
            self._parser = httptools.HttpRequestParser(self)
            if rest:
                self.data_received(rest)
        except httptools.HttpParserError:
            if not self.transport.is_closing():
                self.transport.write(BAD_REQUEST)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Start a request."""
        self._target = b""
        self._headers: HeaderList = []
        self._body: list[bytes] = []
        self._size = 0
        self._begun = time.time()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Invite the body where the client waits for that."""
        if self._busy is None and any(
            n.lower() == b"expect" and v.lower() == b"100-continue" for n, v in self._headers
        ):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._headers = [(n, v) for n, v in self._headers if n.lower() != b"expect"]

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, up to the bound."""
        self._size += len(body)
        if self._size <= MAX_BODY:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Queue the request and handle it when its turn has come."""
        parser = self._parser
        request = Request(
            version=b"1",
            method=parser.get_method().decode("latin-1"),
            target=self._target,
            headers=end_to_end(self._headers),
            body=b"".join(self._body),
            started=self._begun,
            origin=self._origin,
        )
        modern = parser.get_http_version() == "1.1"
        self._queue.append((request, parser.should_keep_alive() and self._size <= MAX_BODY, modern))
        if self._size > MAX_BODY:
            request.method, request.target = "", b"too large"
        self._next()

    def _next(self) -> None:
        if self._busy is None and self._queue:
            request, keep, modern = self._queue.popleft()
            self._busy = _Response(self, request.method == "HEAD", keep, modern)
            if not request.method:
                answer(self._busy, 413, f"a request body may have {MAX_BODY} bytes at most")
            else:
                self._handle(request, self._busy)

    def finished(self, keep: bool) -> None:
        """The response in turn is written: close, or handle the next request."""
        self._busy = None
        if not keep or (self._eof and not self._queue):
            self.transport.close()
        elif self._queue:
            asyncio.get_running_loop().call_soon(self._next)

    def eof_received(self) -> bool:
        """Note that the client sends no more; what is under way is still answered."""
        self._eof = True
        return self._busy is not None

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is under way."""
        self._queue.clear()
        if self._busy is not None:
            self._busy.cancel()


class _Response(Cancellable):
    """The response to one HTTP/1.1 request, written in as few pieces as its parts arrive in."""

    def __init__(self, front: Http1Front, head_only: bool, keep: bool, modern: bool) -> None:
        super().__init__()
        self._front = front
        self._head_only = head_only
        self._keep = keep
        self._modern = modern
        self._chunked = False
        self._silent = False
        self._started = False
        self._parts: list[bytes] = []
        self._scheduled = False

    def head(self, status: int, headers: HeaderList) -> None:
        """Write status line and headers, choosing how the body is delimited."""
        if self.cancelled:
            return
        self._started = True
        lines = [b"HTTP/1.1 %d %s" % (status, REASONS.get(status, b"Status"))]
        sized = False
        for name, value in headers:
            sized = sized or name.lower() == b"content-length"
            lines.append(name + b": " + value)
        self._silent = self._head_only or status in NO_BODY
        if not sized and not self._silent:
            if self._modern:
                self._chunked = True
                lines.append(b"transfer-encoding: chunked")
            else:
                self._keep = False
        if not self._keep:
            lines.append(b"connection: close")
        elif not self._modern:
            lines.append(b"connection: keep-alive")
        self._put(b"\r\n".join(lines) + b"\r\n\r\n")

    def data(self, chunk: bytes) -> None:
        """Write a piece of the body."""
        if chunk and not self._silent and not self.cancelled:
            self._put(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked else chunk)

    def end(self) -> None:
        """Write the end of the body and give the connection back."""
        if self.cancelled:
            return
        if self._chunked:
            self._parts.append(b"0\r\n\r\n")
        self._flush()
        self.cancelled = True
        self._front.finished(self._keep)

    def fail(self, status: int, reason: str) -> None:
        """Answer with an error, or cut the connection when part of a response is out."""
        if self.cancelled:
            return
        if self._started:
            self.cancelled = True
            self._front.transport.abort()
        elif status < 100:
            self.cancelled = True
            cut(self._front.transport, status)
        else:
            answer(self, status, reason)

    def _put(self, piece: bytes) -> None:
        self._parts.append(piece)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if self._parts and not self._front.transport.is_closing():
            self._front.transport.write(b"".join(self._parts))
        self._parts.clear()
