"""A pair of sidecars on loopback addresses with real mutual TLS between them, an echo application behind one,
and no cluster at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.reference.mesh.composition import data_plane
from pytest_smi.reference.mesh.identity import (
    MeshAuthority,
    client_context,
    new_key_request,
    server_context,
    write_private,
)
from pytest_smi.reference.mesh.proxy.exchange import Request, Sink
from pytest_smi.reference.mesh.proxy.http1_front import Http1Front
from pytest_smi.reference.mesh.proxy.http2_front import PREFACE, Http2Front
from pytest_smi.reference.mesh.proxy.sidecar_process import DataPlane

HTTP_PORT, TCP_PORT, FIRST_PORT, UDP_PORT = 8080, 9000, 9001, 9100
CLUSTER_IP = "127.1.64.9"


class EchoApp:
    """A server application: HTTP/1.1 and h2c echo, TCP echo, TCP server-first, UDP echo; keeps what reached it."""

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.seen: list[tuple[str, str, str, list[tuple[bytes, bytes]]]] = []
        self.opaque: list[bytes] = []
        self.datagrams: list[bytes] = []
        self._servers: list[Any] = []

    def _http(self, request: Request, sink: Sink) -> None:
        self.seen.append((request.version.decode(), request.method, request.target.decode(), request.headers))
        body = json.dumps(
            {"method": request.method, "path": request.target.decode(), "size": len(request.body)}
        ).encode()
        sink.head(200, [(b"x-app", b"echo"), (b"content-length", b"%d" % len(body))])
        sink.data(body)
        sink.end()

    async def start(self) -> None:
        """Listen on every port."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(lambda: _Sniffing(self._http), self.ip, HTTP_PORT))
        self._servers.append(await asyncio.start_server(self._echo, self.ip, TCP_PORT))
        self._servers.append(await asyncio.start_server(self._hello, self.ip, FIRST_PORT))
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _UdpEcho(self.datagrams), local_addr=(self.ip, UDP_PORT)
        )
        self._servers.append(transport)

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.opaque.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _hello(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HELLO\n")
        await self._echo(reader, writer)

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()


class _Sniffing(asyncio.Protocol):
    def __init__(self, handle: Callable[[Request, Sink], None]) -> None:
        self._handle = handle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        front: Any = Http2Front(self._handle) if data.startswith(PREFACE[:8]) else Http1Front(self._handle)
        self._transport.set_protocol(front)
        front.connection_made(self._transport)
        front.data_received(data)


class _UdpEcho(asyncio.DatagramProtocol):
    def __init__(self, seen: list[bytes]) -> None:
        self._seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._seen.append(data)
        self._transport.sendto(b"ECHO " + data, addr)


@dataclass
class Pod:
    """A joined pod: its data plane and what the configuration says of it."""

    plane: DataPlane
    name: str
    account: str
    value: dict[str, Any] = field(default_factory=dict)


@dataclass
class Pair:
    """Client pod `cli` (account a, in t1), server pod `srv` with the echo application,
    and the authority of their mesh."""

    client: Pod
    server: Pod
    app: EchoApp
    authority: MeshAuthority
    folder: Path

    def grant(self, *grants: dict[str, Any], faults: tuple[str, ...] = ()) -> None:
        """Set the server's grants and both sides' faults."""
        for pod in (self.client, self.server):
            pod.plane.state.apply({"grants": list(grants) if pod is self.server else [], "faults": list(faults)}, [])

    def update(self, changed: dict[str, Any]) -> None:
        """Change both sides' configuration."""
        for pod in (self.client, self.server):
            pod.plane.state.apply(changed, [])

    def introduce(self) -> None:
        """Tell both sides of both pods, and of the Service in front of the server."""
        pods = {f"pod/{pod.plane.pod_ip}": pod.value for pod in (self.client, self.server)}
        self.update({**pods, "svc/t1/srv": service(CLUSTER_IP, self.server.plane.pod_ip)})

    async def replace_client(self, account: str) -> None:
        """Stop the client pod, and start one of another account that has its address."""
        address = self.client.plane.pod_ip
        await self.client.plane.stop()
        self.client = await make_pod(self.folder, self.authority, address, address, f"cli-{account}", account)
        self.introduce()

    async def dial(self, port: int, host: str = CLUSTER_IP) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as the client's application does: redirected, with the line that says where to."""
        reader, writer = await asyncio.open_connection(self.client.plane.pod_ip, 15001)
        writer.write(f"ORIGDST {host}:{port}\n".encode())
        return reader, writer

    async def get(
        self, path: str, *, method: str = "GET", headers: str = "", host: str = CLUSTER_IP, body: bytes = b""
    ) -> tuple[int, bytes]:
        """One request over a fresh connection: (status, body)."""
        reader, writer = await self.dial(HTTP_PORT, host)
        size = f"content-length: {len(body)}\r\n" if body else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: srv\r\nconnection: close\r\n{size}{headers}\r\n".encode() + body
        )
        async with asyncio.timeout(5):
            data = await reader.read()
        writer.close()
        head, _, rest = data.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), rest


def _free_net() -> str:
    for _ in range(200):
        net = f"127.{random.randrange(2, 255)}.{random.randrange(128, 190)}"
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((f"{net}.1", 15001))
            return net
    raise AssertionError("no free loopback net")


async def make_pod(folder: Path, authority: MeshAuthority, ip: str, app_ip: str, name: str, account: str) -> Pod:
    """A started data plane with a certificate of `authority`."""
    asked = new_key_request()
    chain = write_private(
        folder / f"{name}-{os.urandom(4).hex()}.pem", authority.issue_workload(asked.request, ("t1", account), name)
    )
    key = write_private(chain.with_suffix(".key"), asked.key)
    plane = data_plane(ip, app_ip)
    pem = authority.certificate_pem
    await plane.replace_identity(server_context(chain, key, authority=pem), client_context(chain, key, authority=pem))
    plane.state.apply(
        {"self": {"ns": "t1", "name": name, "sa": account, "ports": [HTTP_PORT, TCP_PORT]}, "faults": [], "grants": []},
        [],
    )
    await plane.start()
    return Pod(plane, name, account, {"ns": "t1", "name": name, "sa": account, "joined": True, "hints": {}})


def service(ip: str, target: str, **hints: str) -> dict[str, Any]:
    """The configuration of a Service in front of one pod."""
    ports = [
        (HTTP_PORT, "TCP", "http"),
        (TCP_PORT, "TCP", "auto"),
        (FIRST_PORT, "TCP", "auto"),
        (UDP_PORT, "UDP", "auto"),
    ]
    return {
        "ip": ip,
        "ports": [
            {"port": n, "protocol": p, "name": f"p{n}", "hint": hints.get(f"p{n}", h), "endpoints": [[target, n]]}
            for n, p, h in ports
        ],
    }


@contextlib.asynccontextmanager
async def started_pair(folder: Path) -> AsyncIterator[Pair]:
    """A pair of sidecars, stopped afterwards."""
    net = _free_net()
    app_ip = f"{net.rsplit('.', 1)[0]}.{int(net.rsplit('.', 1)[1]) + 64}.2"
    authority = MeshAuthority.create()
    app = EchoApp(app_ip)
    await app.start()
    client = await make_pod(folder, authority, f"{net}.1", f"{net}.1", "cli", "a")
    server = await make_pod(folder, authority, f"{net}.2", app_ip, "srv-1", "srv")
    pair = Pair(client, server, app, authority, folder)
    pair.introduce()
    try:
        yield pair
    finally:
        app.close()
        await pair.client.plane.stop()
        await server.plane.stop()


@pytest.fixture
def run_pair(tmp_path: Path) -> Callable[[Callable[[Pair], Any]], None]:
    """Run an async scenario with a started pair, within a bound."""

    def run(scenario: Callable[[Pair], Any]) -> None:
        async def main() -> None:
            async with asyncio.timeout(30), started_pair(tmp_path) as pair:
                await scenario(pair)

        asyncio.run(main())

    return run


def http_grant(
    path: str = ".*", *, account: str = "a", methods: list[str] | None = None, **more: Any
) -> dict[str, Any]:
    """A grant of one HTTP route to an account of t1."""
    route = {"name": "r", "path": path, "methods": methods, "headers": []}
    return {"target": "t", "sources": [["t1", account]], "http": [route], "tcp": None, "udp": None, **more}


@pytest.fixture
def grants() -> Callable[..., dict[str, Any]]:
    """Makes grants, see `http_grant`."""
    return http_grant
