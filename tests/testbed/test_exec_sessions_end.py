"""Exec sessions end without a trace: the number of a closed socket belongs to whoever opens the next one."""

import socket
import threading
from typing import Any, cast

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.sessions import ExecSession


class Stream:
    """A WebSocket over one end of a socket pair, as far as a session uses it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock: socket.socket | None = sock
        self.closed_by = ""

    def settimeout(self, _seconds: float | None) -> None:
        """Reading blocks anyway."""

    def recv_data(self) -> tuple[int, bytes]:
        """The next frame; the end of the stream is an error, as in the library."""
        assert self.sock is not None
        data = self.sock.recv(100)
        if not data:
            raise ConnectionError("Connection to remote host was lost.")
        return 2, data

    def shutdown(self) -> None:
        """Close at once."""
        if self.sock is not None:
            self.closed_by = threading.current_thread().name
            self.sock.close()
            self.sock = None


class OneStream:
    """A connection that opens this one stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def websocket(self, _path: str, _query: Any) -> Stream:
        """The stream."""
        return self.stream


def test_closed_session_stops_reading_before_its_socket_is_closed() -> None:
    """A thread left behind would read from the connection that is given the same number next."""
    ours, theirs = socket.socketpair()
    stream, ended = Stream(ours), threading.Event()
    connection = cast(Connection, OneStream(stream))
    session = ExecSession(
        connection,
        namespace="n",
        pod="p",
        container="c",
        command=["x"],
        on_line=lambda _: None,
        on_end=lambda _: ended.set(),
    )

    session.close()

    assert ended.wait(5), "the reading thread still waits"
    assert theirs.recv(1) == b""
    session.thread.join(5)
    assert stream.closed_by == session.thread.name
    theirs.close()
