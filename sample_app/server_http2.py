"""One HTTP/2 connection of the server (h2c with prior knowledge), with many streams at once."""

from __future__ import annotations

import asyncio

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError as H2Error
from h2.settings import SettingCodes

from sample_app.echo import Reply
from sample_app.http1 import Headers, bodyless
from sample_app.server_http1 import Accept

MAX_STREAMS = 4_096
"""Streams a client may have open at once."""


class Http2Session:
    """Serves one connection; its owner passes it what the transport says, from the preface on."""

    def __init__(self, transport: asyncio.Transport, accept: Accept) -> None:
        self._transport = transport
        self._accept = accept
        self._loop = asyncio.get_running_loop()
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = MAX_STREAMS
        self._h2.initiate_connection()
        self._requests: dict[int, tuple[str, Reply]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._unsent: dict[int, bytes] = {}
        """Bodies that the client's flow control holds back."""
        self._ended = False
        self._flush()

    def receive(self, data: bytes) -> None:
        """Take bytes. A request is journalled when its headers are complete, and answered when its body is."""
        try:
            events = self._h2.receive_data(data)
        except H2Error:
            self._flush()  # h2 has a GOAWAY ready that says why
            self._transport.close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._request(event)
            elif isinstance(event, DataReceived) and event.stream_id:
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            elif isinstance(event, StreamEnded) and event.stream_id in self._requests:
                self._answer_later(event.stream_id)
            elif isinstance(event, StreamReset) and event.stream_id:
                self._forget(event.stream_id)
            elif isinstance(event, WindowUpdated):
                for number in list(self._unsent):
                    self._send_body(number)
        self._flush()

    def end(self) -> bool:
        """Take the end of input; True if replies are still to be sent."""
        self._ended = True
        return bool(self._timers)

    def lost(self) -> None:
        """Take the loss of the connection."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _request(self, event: RequestReceived) -> None:
        headers: Headers = [
            (bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in event.headers or ()
        ]
        pseudo = {name: value for name, value in headers if name.startswith(":")}
        kept = [(name, value) for name, value in headers if name == ":authority" or not name.startswith(":")]
        method = pseudo.get(":method", "")
        if event.stream_id:
            self._requests[event.stream_id] = (method, self._accept("HTTP/2", method, pseudo.get(":path", ""), kept))

    def _answer_later(self, number: int) -> None:
        delay = self._requests[number][1].delay
        if delay:
            self._timers[number] = self._loop.call_later(delay, self._due, number)
        else:
            self._answer(number)

    def _due(self, number: int) -> None:
        del self._timers[number]
        self._answer(number)
        self._flush()
        if self._ended and not self._timers:
            self._transport.close()

    def _answer(self, number: int) -> None:
        method, reply = self._requests.pop(number)
        headers = [(":status", str(reply.status)), *reply.headers]
        if reply.status != 204:
            headers.append(("content-length", str(len(reply.body))))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        body = b"" if bodyless(method, reply.status) else reply.body
        try:
            self._h2.send_headers(number, raw, end_stream=not body)
        except H2Error:
            return  # the client gave the stream up meanwhile
        if body:
            self._unsent[number] = body
            self._send_body(number)

    def _send_body(self, number: int) -> None:
        body = self._unsent[number]
        try:
            while body:
                count = min(len(body), self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
                if count <= 0:
                    break
                self._h2.send_data(number, body[:count], end_stream=count == len(body))
                body = body[count:]
        except H2Error:
            body = b""
        if body:
            self._unsent[number] = body
        else:
            del self._unsent[number]

    def _forget(self, number: int) -> None:
        self._requests.pop(number, None)
        self._unsent.pop(number, None)
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
