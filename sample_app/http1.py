"""HTTP/1.1 messages as bytes, both directions: parse requests and responses fed in any pieces, write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from sample_app.errors import ProtocolError
from sample_app.http1_body import Body, ChunkedBody, CloseBody, LengthBody

Headers = list[tuple[str, str]]
"""Name and value pairs in the order of the wire."""

MAX_HEAD = 65_536
"""Largest request or status line with headers, in bytes."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\x00-\x20\x7f]+) HTTP/1\.([01])")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """A request up to its body: what the server decides by."""

    method: str
    target: str
    headers: Headers
    keep_alive: bool
    expects_continue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnd:
    """The body of the request before is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


def bodyless(method: str, status: int) -> bool:
    """Return whether a response to `method` with `status` has no body whatever its headers say (RFC 9112 section
    6.3)."""
    return method == "HEAD" or status in (204, 304) or status < 200


class RequestParser:
    """Turns received bytes into `RequestHead` and `RequestEnd` events; pipelined requests come out in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body: Body | None = None

    def feed(self, data: bytes) -> list[RequestHead | RequestEnd]:
        """Take bytes, return the events they complete. Raises ProtocolError; the connection is useless after it."""
        self._buffer += data
        events: list[RequestHead | RequestEnd] = []
        while True:
            if self._body is not None:
                if not self._body.read(self._buffer, bytearray()):  # the content of requests is of no interest
                    return events
                self._body = None
                events.append(RequestEnd())
            while self._buffer.startswith(b"\r\n"):  # empty lines before a request are to be ignored
                del self._buffer[:2]
            lines = _head(self._buffer)
            if lines is None:
                return events
            events.append(self._request(lines))

    def _request(self, lines: list[bytes]) -> RequestHead:
        match = _REQUEST.fullmatch(lines[0])
        if match is None:
            raise ProtocolError(f"not a request line: {lines[0][:60]!r}")
        headers = _headers(lines)
        fields = _combined(headers)
        self._body = _framing(fields) or LengthBody(0)
        return RequestHead(
            method=match[1].decode("ascii"),
            target=match[2].decode("latin-1"),
            headers=headers,
            keep_alive=_keep_alive(match[3], fields),
            expects_continue=fields.get("expect", "").lower() == "100-continue",
        )


class ResponseParser:
    """Turns received bytes into the one response to a request with `method`; interim (1xx) responses are skipped."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._buffer = bytearray()
        self._content = bytearray()
        self._head: tuple[int, dict[str, str], bool] | None = None
        self._body: Body | None = None
        self.started = False
        """Whether any byte of an answer has arrived."""

    def feed(self, data: bytes) -> Response | None:
        """Take bytes, return the response once complete. Raises ProtocolError, also for bytes after the response."""
        self.started = self.started or bool(data)
        self._buffer += data
        while self._head is None:
            if not self._buffer.startswith(b"HTTP/1."[: len(self._buffer)]):
                raise ProtocolError(f"not an HTTP/1.1 response: {bytes(self._buffer[:40])!r}")
            lines = _head(self._buffer)
            if lines is None:
                return None
            self._status(lines)
        if self._body is not None and not self._body.read(self._buffer, self._content):
            return None
        if self._buffer:
            raise ProtocolError(f"{len(self._buffer)} bytes after the end of the response")
        return self._response(self._head)

    def end(self) -> Response | None:
        """Take the end of the connection: the response if that is how it ends, else None."""
        if self._head is None or self._body is None or not self._body.ends_with_connection:
            return None
        return self._response(self._head)

    def _status(self, lines: list[bytes]) -> None:
        match = _STATUS.fullmatch(lines[0])
        if match is None:
            raise ProtocolError(f"not a status line: {lines[0][:60]!r}")
        status = int(match[2])
        if status == 101:
            raise ProtocolError("the connection was switched to another protocol unasked")
        if status < 200:
            return
        fields = _combined(_headers(lines))
        keep_alive = _keep_alive(match[1], fields)
        if not bodyless(self._method, status):
            self._body = _framing(fields) or CloseBody()
            keep_alive = keep_alive and not self._body.ends_with_connection
        self._head = (status, fields, keep_alive)

    def _response(self, head: tuple[int, dict[str, str], bool]) -> Response:
        return Response(status=head[0], headers=head[1], body=bytes(self._content), keep_alive=head[2])


def encode_request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes | None = None) -> bytes:
    """Write a request; a body gets its content-length."""
    lines = [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers)]
    if body is not None:
        lines.append(f"content-length: {len(body)}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + (body or b"")


def encode_response(method: str, status: int, headers: Iterable[tuple[str, str]], body: bytes, *, close: bool) -> bytes:
    """Write the response to a request with `method`; content-length and, if asked, `connection: close` are added."""
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n",
        *(f"{name}: {value}\r\n" for name, value in headers),
    ]
    if status != 204 and status >= 200:
        lines.append(f"content-length: {len(body)}\r\n")
    if close:
        lines.append("connection: close\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + (b"" if bodyless(method, status) else body)


def _head(buffer: bytearray) -> list[bytes] | None:
    end = buffer.find(b"\r\n\r\n")
    if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD):
        raise ProtocolError(f"a message head exceeds {MAX_HEAD} bytes")
    if end < 0:
        return None
    lines = bytes(buffer[:end]).split(b"\r\n")
    del buffer[: end + 4]
    return lines


def _headers(lines: list[bytes]) -> Headers:
    headers: Headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or _TOKEN.fullmatch(name) is None or b"\n" in value or b"\0" in value:
            raise ProtocolError(f"not a header line: {line[:60]!r}")
        headers.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    return headers


def _combined(headers: Headers) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def _framing(fields: dict[str, str]) -> Body | None:
    coding = fields.get("transfer-encoding")
    length = fields.get("content-length")
    if coding is not None:
        if coding.strip().lower() != "chunked" or length is not None:
            raise ProtocolError(f"ambiguous body: transfer-encoding {coding!r}, content-length {length!r}")
        return ChunkedBody()
    if length is None:
        return None
    values = {value.strip() for value in length.split(",")}
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()) or len(value) > 12:
        raise ProtocolError(f"bad content-length {length!r}")
    return LengthBody(int(value))


def _keep_alive(minor: bytes, fields: dict[str, str]) -> bool:
    options = {option.strip().lower() for option in fields.get("connection", "").split(",")}
    return "close" not in options and (minor == b"1" or "keep-alive" in options)
