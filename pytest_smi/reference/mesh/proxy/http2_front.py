"""HTTP/2 with prior knowledge towards a client: each stream is one request with a response of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from pytest_smi.reference.mesh.proxy.exchange import (
    MAX_BODY,
    NO_BODY,
    ORIGINS,
    Cancellable,
    Handler,
    HeaderList,
    Request,
    answer,
    end_to_end,
)
from pytest_smi.reference.mesh.proxy.http2_streams import Http2Writer

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_UNSAFE = (b"\n", b"\r", b"\0")


class Http2Front(asyncio.Protocol):
    """One client connection; streams are handled side by side."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self._open: dict[int, tuple[Request, list[bytes]]] = {}
        self._sizes: dict[int, int] = {}
        self.responses: dict[int, _Response] = {}
        self._origin = next(ORIGINS)
        self.transport: asyncio.Transport
        self.writer: Http2Writer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send our settings."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport
        self.writer = Http2Writer(self._h2, self.transport)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(MAX_BODY)
        self.writer.soon()

    def data_received(self, data: bytes) -> None:
        """Let h2 parse, and act on its events."""
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.writer.flush()
            self.transport.close()
            return
        for event in events:
            self._on_event(event)
        self.writer.soon()

    def _on_event(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event.stream_id, event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            entry = self._open.get(event.stream_id)
            if entry is not None:
                size = self._sizes[event.stream_id] = self._sizes.get(event.stream_id, 0) + len(event.data)
                if size <= MAX_BODY:
                    entry[1].append(event.data)
        elif isinstance(event, h2.events.StreamEnded):
            self._complete(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._forget(event.stream_id)
        elif isinstance(event, h2.events.WindowUpdated):
            self.writer.pump(event.stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.writer.pump()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.writer.flush()
            self.transport.close()

    def _begin(self, stream: int, headers: Any) -> None:
        pseudo: dict[bytes, bytes] = {}
        plain: HeaderList = []
        for name, value in headers:
            if any(bad in name or bad in value for bad in _UNSAFE):
                self.reset(stream)
                return
            if name.startswith(b":"):
                pseudo[name] = value
            else:
                plain.append((bytes(name), bytes(value)))
        if b":authority" in pseudo:
            plain = [(b"host", pseudo[b":authority"]), *((n, v) for n, v in plain if n != b"host")]
        request = Request(
            version=b"2",
            method=pseudo.get(b":method", b"GET").decode("latin-1"),
            target=pseudo.get(b":path", b"/"),
            headers=end_to_end(plain),
            body=b"",
            started=time.time(),
            origin=self._origin,
        )
        self._open[stream] = (request, [])

    def _complete(self, stream: int) -> None:
        entry = self._open.pop(stream, None)
        if entry is None:
            return
        request, body = entry
        response = self.responses[stream] = _Response(self, stream, request.method == "HEAD")
        if self._sizes.pop(stream, 0) > MAX_BODY:
            answer(response, 413, f"a request body may have {MAX_BODY} bytes at most")
            return
        request.body = b"".join(body)
        self._handle(request, response)

    def send_head(self, stream: int, headers: HeaderList, end: bool) -> None:
        """Send a response's headers."""
        try:
            self._h2.send_headers(stream, headers, end_stream=end)
        except h2.exceptions.ProtocolError:
            self._forget(stream)
        self.writer.soon()

    def reset(self, stream: int) -> None:
        """Cut one stream."""
        with contextlib.suppress(h2.exceptions.ProtocolError):  # it may be closed already
            self._h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        self.writer.soon()

    def _forget(self, stream: int) -> None:
        self._open.pop(stream, None)
        self._sizes.pop(stream, None)
        self.writer.forget(stream)
        response = self.responses.pop(stream, None)
        if response is not None:
            response.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is under way."""
        for response in list(self.responses.values()):
            response.cancel()


class _Response(Cancellable):
    """The response on one stream."""

    def __init__(self, front: Http2Front, stream: int, head_only: bool) -> None:
        super().__init__()
        self._front = front
        self._stream = stream
        self._head_only = head_only
        self._started = False
        self._silent = False

    def head(self, status: int, headers: HeaderList) -> None:
        """Send the headers; a response without body ends with them."""
        if self.cancelled:
            return
        self._started = True
        self._silent = self._head_only or status in NO_BODY
        lowered = [(name.lower(), value.strip()) for name, value in headers]
        self._front.send_head(self._stream, [(b":status", b"%d" % status), *lowered], self._silent)

    def data(self, chunk: bytes) -> None:
        """Send a piece of the body."""
        if chunk and not self._silent and not self.cancelled:
            self._front.writer.send(self._stream, chunk, False)

    def end(self) -> None:
        """End the stream."""
        if self.cancelled:
            return
        self.cancelled = True
        self._front.responses.pop(self._stream, None)
        if not self._silent:
            self._front.writer.send(self._stream, b"", True)

    def fail(self, status: int, reason: str) -> None:
        """Answer with an error, or reset the stream when part of a response is out."""
        if self.cancelled:
            return
        if self._started or status < 100:
            self.cancelled = True
            self._front.responses.pop(self._stream, None)
            self._front.reset(self._stream)
        else:
            answer(self, status, reason)
