"""A stream over a socket of Python's own socket module, so that the pod's network view (names,
Services) applies to it."""

from __future__ import annotations

import asyncio
import socket
import ssl


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
