"""HTTP/2 with prior knowledge towards a server: many exchanges over one connection."""

from __future__ import annotations

import asyncio
import functools

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from pytest_smi.reference.mesh.proxy.exchange import MAX_BODY, HeaderList, Request, Sink, end_to_end
from pytest_smi.reference.mesh.proxy.http2_streams import Http2Writer


class Http2Back(asyncio.Protocol):
    """One connection to a server; each exchange is a stream."""

    def __init__(self) -> None:
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self._sinks: dict[int, Sink] = {}
        self._closed = False
        self._transport: asyncio.Transport
        self._writer: Http2Writer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send preface and settings."""
        self._transport = transport  # type: ignore[assignment]  # a stream transport
        self._writer = Http2Writer(self._h2, self._transport)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(MAX_BODY)
        self._writer.soon()

    def usable(self) -> bool:
        """Return whether another exchange may start here."""
        limit = self._h2.remote_settings.max_concurrent_streams
        return not self._closed and not self._transport.is_closing() and self._h2.open_outbound_streams < limit

    def start(self, request: Request, sink: Sink) -> None:
        """Send a request; its response goes to `sink`."""
        authority = next((value for name, value in request.headers if name.lower() == b"host"), b"localhost")
        headers: HeaderList = [
            (b":method", request.method.encode("latin-1")),
            (b":scheme", b"http"),
            (b":authority", authority),
            (b":path", request.target),
        ]
        headers += [(name.lower(), value) for name, value in request.headers if name.lower() not in (b"host", b"te")]
        stream = self._h2.get_next_available_stream_id()
        try:
            self._h2.send_headers(stream, headers, end_stream=not request.body)
        except h2.exceptions.ProtocolError as error:
            sink.fail(502, f"the request cannot be sent over HTTP/2: {type(error).__name__}")
            return
        self._sinks[stream] = sink
        sink.on_cancel = functools.partial(self._cancel, stream)
        if request.body:
            self._writer.send(stream, request.body, True)
        self._writer.soon()

    def _cancel(self, stream: int) -> None:
        self._writer.forget(stream)
        if self._sinks.pop(stream, None) is not None:
            try:
                self._h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            except h2.exceptions.ProtocolError:
                return  # it is closed already
            self._writer.soon()

    def data_received(self, data: bytes) -> None:
        """Let h2 parse, and act on its events."""
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self._transport.abort()
            return
        for event in events:
            self._on_event(event)
        self._writer.soon()

    def _on_event(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            sink = self._sinks.get(event.stream_id)
            if sink is not None:
                status = int(next(value for name, value in event.headers if name == b":status"))
                sink.head(
                    status, end_to_end([(bytes(n), bytes(v)) for n, v in event.headers if not n.startswith(b":")])
                )
        elif isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            sink = self._sinks.get(event.stream_id)
            if sink is not None:
                sink.data(event.data)
        elif isinstance(event, h2.events.StreamEnded):
            sink = self._sinks.pop(event.stream_id, None)
            if sink is not None:
                sink.on_cancel = None
                sink.end()
        elif isinstance(event, h2.events.StreamReset):
            sink = self._sinks.pop(event.stream_id, None)
            if sink is not None:
                sink.fail(502, "the server reset the stream")
        elif isinstance(event, h2.events.WindowUpdated):
            self._writer.pump(event.stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self._writer.pump()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._closed = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is under way."""
        self._closed = True
        sinks, self._sinks = self._sinks, {}
        for sink in sinks.values():
            sink.on_cancel = None
            sink.fail(502, "the server closed the connection before its answer was complete")

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._transport.close()
