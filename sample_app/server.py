"""The `server` command: opens every port, keeps the journal, ends on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial

from sample_app.echo import Reply, echo_reply, header, health_reply
from sample_app.errors import SettingsError
from sample_app.http1 import Headers
from sample_app.journal_feed import JournalFeed
from sample_app.journal_ring import JournalRing
from sample_app.server_http import HttpConnection
from sample_app.server_line import TcpConnection, UdpEcho
from sample_app.server_settings import ServerSettings, read_settings
from sample_app.unix_path import SOCKET_NAME, socket_address, socket_folder

BACKLOG = 1024


def main(options: argparse.Namespace | None = None) -> int:
    """Serve until SIGTERM or SIGINT: 0 then, 1 when a port or the journal's socket cannot be opened,
    2 for bad settings."""
    try:
        settings = read_settings(os.environ, socket.gethostname())
    except SettingsError as error:
        sys.stderr.write(f"sample-app server: {error}\n")
        return 2
    try:
        return asyncio.run(_serve(settings, socket_folder(os.environ)))
    except OSError as error:
        sys.stderr.write(f"sample-app server: cannot listen: {error}\n")
        return 1


async def _serve(settings: ServerSettings, folder: str) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(settings, folder)
    try:
        await server.open()
        await stop.wait()
    finally:
        server.close()
    return 0


class Server:
    """Every listening socket of one server, and the journal they share."""

    def __init__(self, settings: ServerSettings, folder: str) -> None:
        self._settings = settings
        self._folder = folder
        self._ring = JournalRing(settings.pod, time.time)
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[UdpEcho] = []
        self._has_socket = False

    async def open(self) -> None:
        """Listen everywhere; the health port comes last, since it tells that all the others are there.

        Raises OSError.
        """
        pod, settings = self._settings.pod, self._settings
        await self._open_journal()
        for port in settings.http:
            await self._listen(port, partial(HttpConnection, partial(self._http, port)))
        for port in settings.tcp:
            await self._listen(port, partial(TcpConnection, pod, partial(self._line, port, "TCP"), greets=False))
        for port in settings.tcp_server_first:
            await self._listen(port, partial(TcpConnection, pod, partial(self._line, port, "TCP"), greets=True))
        for port in settings.udp:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.bind(("0.0.0.0", port))  # noqa: S104 - a pod's server is for the other pods
            except BaseException:
                sock.close()
                raise
            self._datagrams.append(UdpEcho(sock, pod, partial(self._line, port, "UDP")))
        if settings.http:
            importlib.import_module("sample_app.server_http2")  # before the first client needs it
        for port in settings.health:
            await self._listen(port, partial(HttpConnection, _health))

    def close(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for datagrams in self._datagrams:
            datagrams.close()
        if self._has_socket:
            with socket_address(self._folder) as address:
                os.unlink(address)

    async def _listen(self, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(protocol, "0.0.0.0", port, backlog=BACKLOG))  # noqa: S104

    async def _open_journal(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with socket_address(self._folder) as address:
                if os.path.exists(os.path.join(self._folder, SOCKET_NAME)):
                    os.unlink(address)  # left by a server that was killed
                sock.bind(address)
                os.chmod(address, 0o600)
        except BaseException:
            sock.close()
            raise
        self._has_socket = True
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(lambda: JournalFeed(self._ring), sock=sock))

    def _http(self, port: int, protocol: str, method: str, path: str, headers: Headers, peer: str) -> Reply:
        nonce = header(headers, "x-smi-nonce") or ""
        self._ring.add(nonce=nonce, port=port, protocol=protocol, peer=peer, method=method, path=path, headers=headers)
        return echo_reply(
            pod=self._settings.pod, port=port, protocol=protocol, method=method, path=path, headers=headers
        )

    def _line(self, port: int, protocol: str, nonce: str, peer: str) -> None:
        self._ring.add(nonce=nonce, port=port, protocol=protocol, peer=peer)


def _health(protocol: str, method: str, path: str, headers: Headers, peer: str) -> Reply:
    return health_reply()
