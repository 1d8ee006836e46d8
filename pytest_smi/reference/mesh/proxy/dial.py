"""Connecting: from the pod's own address within a bound; by TLS, by names as the pod's network view finds them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

P = TypeVar("P", bound=asyncio.BaseProtocol)

CONNECT_SECONDS = 3.0
_IP_BIND_ADDRESS_NO_PORT = 24


async def dial(source: str, address: tuple[str, int], factory: Callable[[], P], tls: ssl.SSLContext | None = None) -> P:
    """Connect to (address, port) from `source`. OSError or TimeoutError: nothing was delivered."""
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((source, 0))
        async with asyncio.timeout(CONNECT_SECONDS):
            await loop.sock_connect(sock, address)
            options: dict[str, Any] = {} if tls is None else {"ssl": tls, "server_hostname": "mesh"}
            _, protocol = await loop.create_connection(factory, sock=sock, **options)
            return protocol
    except BaseException:
        sock.close()
        raise


async def open_stream(
    host: str, port: int, tls: ssl.SSLContext, server_name: str, limit: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect with TLS. OSError: no such name, or nothing listens."""
    loop = asyncio.get_running_loop()
    infos = await asyncio.to_thread(socket.getaddrinfo, host, port, socket.AF_INET, socket.SOCK_STREAM)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, infos[0][4])
        return await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=server_name, limit=limit)
    except BaseException:
        sock.close()
        raise
