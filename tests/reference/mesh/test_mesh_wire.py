"""The pure pieces of the data plane: sniffing, and the frames between sidecars."""

from __future__ import annotations

import pytest

from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.sniff import Spoken, sniff


@pytest.mark.parametrize(
    ("data", "spoken"),
    [
        (b"GET / HTTP/1.1\r\n", Spoken.HTTP1),
        (b"PURGE /x?y=1 HTTP/1.0\r\nhost: a\r\n", Spoken.HTTP1),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", Spoken.HTTP2),
        (b"PRI * HT", Spoken.UNDECIDED),
        (b"GET /long", Spoken.UNDECIDED),
        (b"GE", Spoken.UNDECIDED),
        (b"", Spoken.UNDECIDED),
        (b"NONCE abc\n", Spoken.OPAQUE),
        (b"\x16\x03\x01", Spoken.OPAQUE),
        (b"\0", Spoken.OPAQUE),
        (b"one two three four\n", Spoken.OPAQUE),
    ],
)
def test_sniff(data: bytes, spoken: Spoken) -> None:
    """First bytes are told apart, and more are waited for only while HTTP can still follow."""
    assert sniff(data) is spoken


@pytest.mark.parametrize(
    "whole", [b"OPTIONS * HTTP/1.1\r\n", b"GET /a/b?c=d HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_sniff_byte_by_byte(whole: bytes) -> None:
    """However the first bytes are cut, they are never taken for something else."""
    seen = {sniff(whole[:i]) for i in range(len(whole))}
    assert seen == {Spoken.UNDECIDED}
    assert sniff(whole) is not Spoken.UNDECIDED


class _Collector(frames.FrameProtocol):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, bytes]] = []
        self.aborted = False
        self.transport = self  # type: ignore[assignment]  # stands in for the transport

    def on_frame(self, kind: int, payload: bytes) -> None:
        self.seen.append((kind, payload))

    def abort(self) -> None:
        self.aborted = True


def test_frames_survive_any_cut() -> None:
    """Frames fed byte by byte come out as they went in."""
    request = Request(
        version=b"2",
        method="POST",
        target=b"/a?b",
        headers=[(b"x", b"1"), (b"y", b"")],
        body=b"\0body\n",
        started=1.0,
        origin=9,
    )
    stream = (
        frames.request_frame(8080, frames.SPLIT, request)
        + frames.frame(frames.END)
        + frames.datagram_frame(5, 9100, b"d")
    )
    collector = _Collector()
    for i in range(len(stream)):
        collector.data_received(stream[i : i + 1])
    assert [kind for kind, _ in collector.seen] == [frames.REQUEST, frames.END, frames.DATAGRAM]
    assert frames.read_request(collector.seen[0][1], 1.0) == (8080, frames.SPLIT, request)
    assert frames.read_datagram(collector.seen[2][1]) == (5, 9100, b"d")


def test_a_frame_beyond_the_bound_ends_the_connection() -> None:
    """A length that no sidecar sends is not waited for."""
    collector = _Collector()
    collector.data_received(b"\x01\xff\xff\xff\xff")
    assert collector.aborted


@pytest.mark.parametrize("read", [frames.read_response, frames.read_fail, frames.read_datagram, frames.read_port])
def test_short_frames_are_refused(read: object) -> None:
    """A frame without its fixed part is an error, not an exception of another kind."""
    with pytest.raises(frames.FrameError):
        read(b"x")  # type: ignore[operator]
    with pytest.raises(frames.FrameError):
        frames.read_request(b"x", 0.0)
