"""One connection of the prober per protocol, HTTP/1.1, TCP and UDP: open it, do one exchange after another,
close it."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

from sample_app import client_socket
from sample_app.echo import is_own_echo
from sample_app.errors import ProbeFailure, ProtocolError
from sample_app.http1 import Response, ResponseParser, encode_request
from sample_app.line_echo import MAX_LINE, nonce_line, parse_echo
from sample_app.plan import Plan, RequestSpec
from sample_app.results import Answer
from sample_app.time_wait import TimeWaitBudget
from sample_app.transfer import bytes_of, transfer


class Channel(Protocol):
    """A connection. Its methods raise OSError, ProtocolError or ProbeFailure; the caller bounds their time."""

    async def open(self) -> None:
        """Connect."""
        ...

    async def exchange(self, nonce: str, spec: RequestSpec | None) -> Answer:
        """Send one request, await its answer."""
        ...

    def usable(self) -> bool:
        """Return whether another exchange can be tried on it."""
        ...

    def close(self) -> None:
        """Close it; may be called in any state, and twice."""
        ...


class _StreamChannel:
    """What HTTP/1.1 and TCP channels share: a socket that is in doubt while an exchange is under way."""

    def __init__(self, plan: Plan, address: str, budget: TimeWaitBudget) -> None:
        self._plan = plan
        self._address = address
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = None
        self._idle = False

    @property
    def sock(self) -> socket.socket:
        if self._sock is None:
            raise ProbeFailure("closed", "the connection is gone")
        return self._sock

    async def open(self) -> None:
        self._sock = await client_socket.connect(self._address, self._plan.port)
        self._idle = True

    def usable(self) -> bool:
        return self._idle and self._sock is not None and client_socket.is_open(self._sock)

    def close(self) -> None:
        if self._sock is not None:
            client_socket.close(self._sock, self._budget, self._loop.time())
            self._sock = None


class Http1Channel(_StreamChannel):
    """HTTP/1.1 over TCP."""

    async def exchange(self, nonce: str, spec: RequestSpec | None) -> Answer:
        """See `Channel`."""
        assert spec is not None
        sock, self._idle = self.sock, False
        headers = [("host", spec.authority), ("x-smi-nonce", nonce), *spec.headers]
        await self._loop.sock_sendall(sock, encode_request(spec.method, spec.path, headers, spec.body))
        response = await self._receive(sock, ResponseParser(spec.method))
        self._idle = response.keep_alive
        pod = response.headers.get("x-smi-pod")
        return Answer(status=response.status, pod=pod, echo=is_own_echo(response.body, pod, nonce))

    async def _receive(self, sock: socket.socket, parser: ResponseParser) -> Response:
        while True:
            data = await self._loop.sock_recv(sock, client_socket.RECEIVE)
            response = parser.feed(data) if data else parser.end()
            if response is not None:
                return response
            if not data and not parser.started:
                raise ProbeFailure("closed", "the connection was closed before an answer")
            if not data:
                raise ProtocolError("the connection was closed in the middle of the answer")


class TcpChannel(_StreamChannel):
    """The TCP echo, client-first or server-first."""

    def __init__(self, plan: Plan, address: str, budget: TimeWaitBudget) -> None:
        super().__init__(plan, address, budget)
        self._buffer = b""
        self._greeted = not plan.server_first

    async def exchange(self, nonce: str, spec: RequestSpec | None) -> Answer:
        """See `Channel`."""
        self._idle = False
        if not self._greeted:
            greeting = await self._line()
            if not greeting.startswith(b"HELLO "):
                raise ProtocolError(f"not a HELLO line: {greeting[:60]!r}")
            self._greeted = True
        await self._loop.sock_sendall(self.sock, nonce_line(nonce))
        line = await self._line()
        parsed = parse_echo(line)
        if parsed is None:
            raise ProtocolError(f"not an ECHO line: {line[:60]!r}")
        if self._plan.payload:  # ends the connection
            await transfer(self.sock, bytes_of(nonce, self._plan.payload), self._buffer)
        self._idle = not self._plan.payload
        return Answer(status=None, pod=parsed[1], echo=parsed[0] == nonce)

    async def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE:
                raise ProtocolError(f"no line end in {len(self._buffer)} bytes: {self._buffer[:60]!r}")
            data = await self._loop.sock_recv(self.sock, client_socket.RECEIVE)
            if not data and not self._buffer:
                raise ProbeFailure("closed", "the connection was closed before an answer")
            if not data:
                raise ProtocolError(f"the connection was closed in the middle of a line: {self._buffer[:60]!r}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line


class UdpChannel:
    """The UDP echo; `sendto` with an address each time, the socket is never connected."""

    def __init__(self, plan: Plan, address: str, budget: TimeWaitBudget) -> None:
        self._peer = (address, plan.port)
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = None

    async def open(self) -> None:
        """See `Channel`; sends nothing."""
        self._sock = client_socket.datagram_socket()

    async def exchange(self, nonce: str, spec: RequestSpec | None) -> Answer:
        """See `Channel`. Late echoes of earlier nonces are passed over."""
        assert self._sock is not None
        await self._loop.sock_sendto(self._sock, nonce_line(nonce).rstrip(), self._peer)
        while True:
            data, _ = await self._loop.sock_recvfrom(self._sock, client_socket.RECEIVE)
            parsed = parse_echo(data)
            if parsed is None:
                raise ProtocolError(f"not an ECHO datagram: {data[:60]!r}")
            if parsed[0] == nonce:
                return Answer(status=None, pod=parsed[1], echo=True)

    def usable(self) -> bool:
        """See `Channel`."""
        return self._sock is not None

    def close(self) -> None:
        """See `Channel`."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
