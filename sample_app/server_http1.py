"""One HTTP/1.1 connection of the server: requests in, replies out in their order, each after its delay."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from sample_app.echo import Reply
from sample_app.errors import ProtocolError
from sample_app.http1 import Headers, RequestHead, RequestParser, encode_response

Accept = Callable[[str, str, str, Headers], Reply]
"""Journals a request (protocol, method, target, headers) and decides its reply."""


class Http1Session:
    """Serves one connection; its owner passes it what the transport says."""

    def __init__(self, transport: asyncio.Transport, accept: Accept) -> None:
        self._transport = transport
        self._accept = accept
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._current: tuple[RequestHead, Reply] | None = None
        self._replies: deque[tuple[float, bytes, bool]] = deque()
        """When to send, what, and whether to close after it."""
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def receive(self, data: bytes) -> None:
        """Take bytes. A request is journalled when its head is complete, and answered when its body is."""
        if self._closing:
            return
        try:
            events = self._parser.feed(data)
        except ProtocolError as error:
            self._enqueue(
                0.0,
                encode_response("GET", 400, [("content-type", "text/plain")], f"{error}\n".encode(), close=True),
                True,
            )
            self._pump()
            return
        for event in events:
            if isinstance(event, RequestHead):
                self._current = (event, self._accept("HTTP/1.1", event.method, event.target, event.headers))
                if event.expects_continue:
                    self._enqueue(0.0, encode_response(event.method, 100, [], b"", close=False), False)
            elif self._current is not None:
                head, reply = self._current
                answer = encode_response(
                    head.method, reply.status, reply.headers, reply.body, close=not head.keep_alive
                )
                self._enqueue(reply.delay, answer, not head.keep_alive)
        self._pump()

    def end(self) -> bool:
        """Take the end of input; True if replies are still to be sent."""
        self._closing = True
        if self._replies:
            at, data, _ = self._replies[-1]
            self._replies[-1] = (at, data, True)
        return bool(self._replies)

    def lost(self) -> None:
        """Take the loss of the connection."""
        self._replies.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _enqueue(self, delay: float, data: bytes, close: bool) -> None:
        if not self._closing:
            self._replies.append((self._loop.time() + delay if delay else 0.0, data, close))
            self._closing = close

    def _pump(self) -> None:
        if self._timer is not None:
            return
        while self._replies:
            at, data, close = self._replies[0]
            if at > self._loop.time():
                self._timer = self._loop.call_at(at, self._due)
                return
            self._replies.popleft()
            self._transport.write(data)
            if close:
                self._transport.close()
                return

    def _due(self) -> None:
        self._timer = None
        # call_at may fire a clock tick early; what is due now is due
        at, data, close = self._replies[0]
        self._replies[0] = (min(at, self._loop.time()), data, close)
        self._pump()
