"""Find the end of an HTTP/1.1 message body: by length, by chunks, or by the end of the connection. Pure."""

from __future__ import annotations

from typing import Protocol

from sample_app.errors import ProtocolError

MAX_BODY = 8 * 1024 * 1024
"""Largest body that is kept, in bytes; more is a protocol error."""
_MAX_CHUNK_LINE = 1024
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Body(Protocol):
    """Takes a message body out of the receive buffer."""

    ends_with_connection: bool
    """Whether the end of the connection is a proper end of this body."""

    def read(self, buffer: bytearray, out: bytearray) -> bool:
        """Move what belongs to the body from `buffer` to `out`; True when the body is complete."""
        ...


def _take(buffer: bytearray, out: bytearray, count: int) -> None:
    if len(out) + count > MAX_BODY:
        raise ProtocolError(f"body exceeds {MAX_BODY} bytes")
    out += buffer[:count]
    del buffer[:count]


class LengthBody:
    """A body of a length known beforehand, in bytes."""

    ends_with_connection = False

    def __init__(self, length: int) -> None:
        self._left = length

    def read(self, buffer: bytearray, out: bytearray) -> bool:
        """See `Body.read`."""
        count = min(self._left, len(buffer))
        _take(buffer, out, count)
        self._left -= count
        return self._left == 0


class CloseBody:
    """A body that lasts until the sender closes the connection."""

    ends_with_connection = True

    def read(self, buffer: bytearray, out: bytearray) -> bool:
        """See `Body.read`; never complete by itself."""
        _take(buffer, out, len(buffer))
        return False


class ChunkedBody:
    """A body in chunks (RFC 9112 section 7.1); extensions and trailers are read and dropped."""

    ends_with_connection = False

    def __init__(self) -> None:
        self._left = 0
        self._stage = "size"

    def read(self, buffer: bytearray, out: bytearray) -> bool:
        """See `Body.read`."""
        while True:
            if self._stage == "data":
                count = min(self._left, len(buffer))
                _take(buffer, out, count)
                self._left -= count
                if self._left:
                    return False
                self._stage = "data end"
            line = self._line(buffer)
            if line is None:
                return False
            if self._stage == "data end":
                if line:
                    raise ProtocolError("a chunk is longer than its size")
                self._stage = "size"
            elif self._stage == "size":
                self._left = self._size(line)
                self._stage = "data" if self._left else "trailer"
            elif not line:  # an empty line ends the trailers
                return True

    @staticmethod
    def _line(buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\r\n")
        if end > _MAX_CHUNK_LINE or (end < 0 and len(buffer) > _MAX_CHUNK_LINE):
            raise ProtocolError("a chunk line is too long")
        if end < 0:
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    @staticmethod
    def _size(line: bytes) -> int:
        digits = line.split(b";", 1)[0].strip()
        if not digits or len(digits) > 8 or not _HEX.issuperset(digits):
            raise ProtocolError(f"bad chunk size {line[:20]!r}")
        return int(digits, 16)
