"""The format of the hop between two sidecars: length-prefixed frames inside mutual TLS; pure,
but for writing to a transport.

A connection carries one HTTP exchange at a time (REQUEST, then RESPONSE, DATA…, END, or FAIL),
or becomes one TCP tunnel (OPEN, OPENED or DENIED, then DATA and EOF both ways),
or carries datagrams (DATAGRAM both ways). GOAWAY asks not to use it again.
"""

from __future__ import annotations

import asyncio
import struct

from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request

REQUEST, RESPONSE, DATA, END, FAIL, OPEN, OPENED, DENIED, DATAGRAM, GOAWAY, EOF = range(1, 12)
MAX_FRAME = 20 * 1024 * 1024

SPLIT = 1
"""Flag of REQUEST: a TrafficSplit chose this destination."""
LAST = 1
"""Flag of RESPONSE: the body is complete."""
REFUSED = 2
"""Flag of RESPONSE: policy denied the request."""

_HEADER = struct.Struct(">BI")
_REQUEST = struct.Struct(">HBII")
_RESPONSE = struct.Struct(">HBI")
_DATAGRAM = struct.Struct(">IH")
_PORT = struct.Struct(">H")


class FrameError(ValueError):
    """The peer sent what is no frame of this format."""


def frame(kind: int, *parts: bytes) -> bytes:
    """Return one frame."""
    return _HEADER.pack(kind, sum(map(len, parts))) + b"".join(parts)


def _pack_headers(first: bytes, headers: HeaderList) -> bytes:
    return b"\n".join([first, *(name + b"\0" + value for name, value in headers)])


def _unpack_headers(lines: list[bytes]) -> HeaderList:
    headers: HeaderList = []
    for line in lines:
        name, _, value = line.partition(b"\0")
        headers.append((name, value))
    return headers


def request_frame(port: int, flags: int, request: Request) -> bytes:
    """Return a REQUEST frame with the whole request."""
    head = _pack_headers(
        b"\0".join((request.version, request.method.encode("latin-1"), request.target)), request.headers
    )
    return frame(REQUEST, _REQUEST.pack(port, flags, request.origin, len(head)), head, request.body)


def read_request(payload: bytes, started: float) -> tuple[int, int, Request]:
    """(port, flags, request) of a REQUEST frame."""
    try:
        port, flags, origin, length = _REQUEST.unpack_from(payload)
        end = _REQUEST.size + length
        lines = payload[_REQUEST.size : end].split(b"\n")
        version, method, target = lines[0].split(b"\0", 2)
    except (struct.error, ValueError) as error:
        raise FrameError(f"a REQUEST frame must hold port, flags, head and body: {error}") from error
    request = Request(
        version=version,
        method=method.decode("latin-1"),
        target=target,
        headers=_unpack_headers(lines[1:]),
        body=payload[end:],
        started=started,
        origin=origin,
    )
    return port, flags, request


def response_frame(status: int, flags: int, headers: HeaderList, body: bytes) -> bytes:
    """Return a RESPONSE frame."""
    head = _pack_headers(b"", headers)
    return frame(RESPONSE, _RESPONSE.pack(status, flags, len(head)), head, body)


def read_response(payload: bytes) -> tuple[int, int, HeaderList, bytes]:
    """(status, flags, headers, body) of a RESPONSE frame."""
    try:
        status, flags, length = _RESPONSE.unpack_from(payload)
    except struct.error as error:
        raise FrameError(f"a RESPONSE frame must hold status, flags, head and body: {error}") from error
    end = _RESPONSE.size + length
    return status, flags, _unpack_headers(payload[_RESPONSE.size : end].split(b"\n")[1:]), payload[end:]


def fail_frame(status: int, reason: str) -> bytes:
    """Return a FAIL frame: no (complete) response will come."""
    return frame(FAIL, _PORT.pack(status), reason.encode())


def read_fail(payload: bytes) -> tuple[int, str]:
    """(status, reason) of a FAIL frame."""
    return read_port(payload), payload[_PORT.size :].decode("utf-8", "replace")


def open_frame(port: int) -> bytes:
    """Return an OPEN frame: make this connection a tunnel to a TCP port."""
    return frame(OPEN, _PORT.pack(port))


def read_port(payload: bytes) -> int:
    """Return the number that OPEN and FAIL frames begin with."""
    if len(payload) < _PORT.size:
        raise FrameError("the frame must begin with two bytes of port or status, found less")
    return int(_PORT.unpack_from(payload)[0])


def datagram_frame(flow: int, port: int, data: bytes) -> bytes:
    """Return a DATAGRAM frame: one datagram of a flow, which the calling sidecar numbers; `port` is the
    destination's."""
    return frame(DATAGRAM, _DATAGRAM.pack(flow, port), data)


def read_datagram(payload: bytes) -> tuple[int, int, bytes]:
    """(flow, port, data) of a DATAGRAM frame."""
    if len(payload) < _DATAGRAM.size:
        raise FrameError("a DATAGRAM frame must begin with flow and port, found less")
    flow, port = _DATAGRAM.unpack_from(payload)
    return flow, port, payload[_DATAGRAM.size :]


class FrameProtocol(asyncio.Protocol):
    """Reads frames off a transport and hands them to `on_frame`; a broken frame ends the connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.lost = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Cut the stream into frames."""
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while len(buffer) - at >= _HEADER.size:
                kind, length = _HEADER.unpack_from(buffer, at)
                if length > MAX_FRAME:
                    raise FrameError(f"a frame may have {MAX_FRAME} bytes at most, found {length}")
                end = at + _HEADER.size + length
                if len(buffer) < end:
                    break
                payload = bytes(buffer[at + _HEADER.size : end])
                at = end
                self.on_frame(kind, payload)
        except FrameError:
            self.transport.abort()
        del buffer[:at]

    def on_frame(self, kind: int, payload: bytes) -> None:
        """Act on one frame. FrameError: it cannot be what it says."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Write a frame unless the connection is going away."""
        if not self.lost and not self.transport.is_closing():
            self.transport.write(data)
