"""Connecting from the pod's own address, within a bound."""

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
