"""Processes of the sample application, and odd servers, for tests with real sockets."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10.0


class Session:
    """A `sample-app` process that speaks JSON lines."""

    def __init__(self, *arguments: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sample_app", *arguments],
            env=env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._buffer = b""

    def send(self, record: Any) -> None:
        """Write one line."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(record).encode() + b"\n" if not isinstance(record, bytes) else record)

    def receive(self) -> dict[str, Any]:
        """Read one line."""
        assert self.process.stdout
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "no line in time"
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            assert data, "the process ended"
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        record = json.loads(line)
        assert isinstance(record, dict)
        return record

    def ask(self, record: Any) -> dict[str, Any]:
        """Write one line, read one."""
        self.send(record)
        return self.receive()

    def end(self) -> int:
        """Close the input; the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def destroy(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()


class App:
    """A running server, with the ports it was given, and sessions beside it."""

    def __init__(self, folder: Path) -> None:
        self.http, self.tcp, self.greeting, self.health = _free_ports(socket.SOCK_STREAM, 4)
        (self.udp,) = _free_ports(socket.SOCK_DGRAM, 1)
        ports = {
            "HTTP_PORTS": self.http,
            "TCP_PORTS": self.tcp,
            "TCP_SERVER_FIRST_PORTS": self.greeting,
            "UDP_PORTS": self.udp,
        }
        self.env = {**os.environ, **{name: str(port) for name, port in ports.items()}, "HEALTH_PORT": str(self.health)}
        self.env |= {"POD_NAME": "srv-1", "TMPDIR": str(folder)}
        self._sessions: list[Session] = []
        self.server = self.start("server")
        deadline = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.health)) == 0:
                    sock.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                    assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
                    return
            assert time.monotonic() < deadline, "the server is not ready"
            assert self.server.process.poll() is None, "the server ended"
            time.sleep(0.01)

    def start(self, *arguments: str) -> Session:
        """Start a process with the server's environment."""
        session = Session(*arguments, env=self.env)
        self._sessions.append(session)
        return session

    def stop(self) -> None:
        """End every process."""
        self.server.process.send_signal(signal.SIGTERM)
        for session in self._sessions:
            session.destroy()


def _free_ports(kind: socket.SocketKind, count: int) -> list[int]:
    socks = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    for sock in socks:
        sock.bind(("0.0.0.0", 0))
    ports = [int(sock.getsockname()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    return ports


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server for the tests of one module; its folder's path is too long for a plain Unix socket address."""
    folder = tmp_path_factory.mktemp("app") / ("long-" * 20)
    folder.mkdir()
    app = App(folder)
    yield app
    app.stop()


@pytest.fixture(scope="module")
def prober(app: App) -> Session:
    """One prober session for the tests of one module."""
    session = app.start("prober")
    assert session.receive() == {"ready": True, "pod": "srv-1"}
    return session


@pytest.fixture
def odd_server() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Start a server that treats each connection as the given function says; gives its port."""
    listeners: list[socket.socket] = []

    def start(treat: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                # A caller that has seen enough hangs up in the middle of an answer.
                with connection, contextlib.suppress(ConnectionError):
                    connection.settimeout(PATIENCE)
                    treat(connection)

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
