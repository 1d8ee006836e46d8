"""The HTTP/1.1 codec, fed whole, byte by byte, and cut off."""

from __future__ import annotations

import pytest

from sample_app.errors import ProtocolError
from sample_app.http1 import (
    RequestEnd,
    RequestHead,
    RequestParser,
    Response,
    ResponseParser,
    encode_request,
    encode_response,
)

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Smi-Pod: a\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n"
CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def read_response(data: bytes, size: int, method: str = "GET") -> Response | None:
    parser = ResponseParser(method)
    for piece in pieces(data, size):
        response = parser.feed(piece)
        if response is not None:
            return response
    return parser.end()


class TestResponseParser:
    """Responses, as the prober reads them."""

    @pytest.mark.parametrize("size", [1, 2, 7, 10_000])
    @pytest.mark.parametrize("data", [LENGTH, CHUNKED, CLOSE, INTERIM], ids=["length", "chunked", "close", "interim"])
    def test_body_is_whole(self, data: bytes, size: int) -> None:
        """Every framing gives the same body, however the bytes are cut."""
        response = read_response(data, size)
        assert response is not None
        assert (response.status, response.body) == (200, b"hello")
        assert response.keep_alive is (data is not CLOSE)

    @pytest.mark.parametrize("data", [LENGTH, CHUNKED, INTERIM], ids=["length", "chunked", "interim"])
    def test_cut_off_is_no_response(self, data: bytes) -> None:
        """A response cut off at any byte is not taken for a whole one."""
        for end in range(len(data)):
            parser = ResponseParser("GET")
            assert parser.feed(data[:end]) is None
            assert parser.end() is None
            assert parser.started is (end > 0)

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
    def test_without_body(self, method: str, status: int) -> None:
        """HEAD, 204 and 304 end with their headers, whatever length these tell."""
        response = read_response(f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n".encode(), 1, method)
        assert response is not None
        assert response.body == b""
        assert response.keep_alive

    @pytest.mark.parametrize(
        "data",
        [
            b"SSH-2.0-x\r\n",
            b"H2",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
            b"HTTP/1.1 101 Switching\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            LENGTH + b"more",
            b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
        ],
    )
    def test_garbage_is_refused(self, data: bytes) -> None:
        """What is not an HTTP/1.1 response is a protocol error as soon as that is clear."""
        with pytest.raises(ProtocolError):
            ResponseParser("GET").feed(data)

    def test_connection_close_is_seen(self) -> None:
        """`Connection: close` and HTTP/1.0 end the connection."""
        for head in (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n", b"HTTP/1.0 200 OK\r\n"):
            response = read_response(head + b"Content-Length: 0\r\n\r\n", 1)
            assert response is not None
            assert not response.keep_alive


class TestRequestParser:
    """Requests, as the server reads them."""

    @pytest.mark.parametrize("size", [1, 3, 10_000])
    def test_pipelined_requests(self, size: int) -> None:
        """Requests with and without bodies come out in order, with raw target and header case kept."""
        data = (
            b"\r\n"
            + encode_request("POST", "/a%20b?x=1", [("Host", "h"), ("X-Mixed", "Y")], b"body")
            + b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
            + encode_request("GET", "*", [("Connection", "close")])
        )
        parser = RequestParser()
        events = [event for piece in pieces(data, size) for event in parser.feed(piece)]
        heads = [event for event in events if isinstance(event, RequestHead)]
        assert [(head.method, head.target, head.keep_alive) for head in heads] == [
            ("POST", "/a%20b?x=1", True),
            ("PUT", "/", True),
            ("GET", "*", False),
        ]
        assert heads[0].headers == [("Host", "h"), ("X-Mixed", "Y"), ("content-length", "4")]
        assert [type(event) for event in events] == [RequestHead, RequestEnd] * 3

    def test_head_comes_before_the_body(self) -> None:
        """A request whose body never ends has still arrived."""
        events = RequestParser().feed(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nab")
        assert len(events) == 1
        assert isinstance(events[0], RequestHead)
        assert events[0].expects_continue

    @pytest.mark.parametrize(
        "data", [b"GET /\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"]
    )
    def test_garbage_is_refused(self, data: bytes) -> None:
        """What is not a request line is a protocol error."""
        with pytest.raises(ProtocolError):
            RequestParser().feed(data)


@pytest.mark.parametrize(("method", "body"), [("GET", b"hello"), ("HEAD", b"")])
def test_response_round_trip(method: str, body: bytes) -> None:
    """What the server writes is what the prober reads."""
    response = read_response(encode_response(method, 503, [("x-smi-pod", "a")], b"hello", close=True), 1, method)
    assert response == Response(
        status=503,
        headers={"x-smi-pod": "a", "content-length": "5", "connection": "close"},
        body=body,
        keep_alive=False,
    )
