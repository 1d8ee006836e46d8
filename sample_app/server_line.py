"""The TCP and UDP echo of the server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from sample_app.line_echo import LineEcho, echo_line, nonce_of
from sample_app.server_http import peer_ip

Arrival = Callable[[str, str], None]
"""Journals a nonce and the peer's IP."""


class TcpConnection(asyncio.Protocol):
    """One TCP connection: NONCE lines are journalled and answered, other bytes are echoed."""

    def __init__(self, pod: str, arrived: Arrival, *, greets: bool) -> None:
        self._pod = pod
        self._arrived = arrived
        self._greets = greets
        self._lines = LineEcho()
        self._transport: asyncio.Transport | None = None
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the greeting where the server speaks first."""
        self._transport = cast(asyncio.Transport, transport)
        self._peer = peer_ip(transport)
        if self._greets:
            self._transport.write(f"HELLO {self._pod}\n".encode())

    def data_received(self, data: bytes) -> None:
        """Answer or echo."""
        assert self._transport is not None
        out = bytearray()
        for item in self._lines.feed(data):
            if isinstance(item, str):
                self._arrived(item, self._peer)
                out += echo_line(item, self._pod)
            else:
                out += item
        if out:
            self._transport.write(bytes(out))

    def eof_received(self) -> bool:
        """Echo what was held back; the transport closes after it."""
        assert self._transport is not None
        self._transport.write(self._lines.end())
        return False

    def pause_writing(self) -> None:
        """Read no more from a client that does not read its echo."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._transport is not None
        self._transport.resume_reading()


class UdpEcho:
    """A UDP port. Every wake-up drains the socket: the journal's fence counts on it."""

    def __init__(self, sock: socket.socket, pod: str, arrived: Arrival) -> None:
        self._sock = sock
        self._pod = pod
        self._arrived = arrived
        sock.setblocking(False)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._drain)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()

    def _drain(self) -> None:
        while True:
            try:
                data, peer = self._sock.recvfrom(65_536)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about an earlier reply; reading it has cleared it
            nonce = nonce_of(data)
            if nonce is None:
                continue
            self._arrived(nonce, str(peer[0]))
            try:
                self._sock.sendto(echo_line(nonce, self._pod).rstrip(), peer)
            except OSError:
                continue  # UDP promises nothing; the client sees a timeout
