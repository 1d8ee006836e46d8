"""Client sockets: connect, close, resolve names. Thin I/O over the event loop's socket calls."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import struct
import threading

from sample_app.errors import ProbeFailure
from sample_app.time_wait import TimeWaitBudget

RESOLVE_TIMEOUT = 10.0
"""Longest wait for a name server, in seconds."""
RECEIVE = 65_536
"""Bytes read at once."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_FIRST_EPHEMERAL = 32_768
_IP_RECVERR = 11  # <linux/in.h>; makes ICMP "port unreachable" visible on sockets that are not connected


async def resolve(host: str) -> list[str]:
    """Return the IPv4 addresses of a name, in the resolver's order. Raises ProbeFailure with outcome `dns`."""
    try:
        return [str(ipaddress.IPv4Address(host))]
    except ValueError:
        pass
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT):
            addresses = await _look_up(host)
    except (OSError, UnicodeError) as error:  # gaierror and TimeoutError are OSErrors
        raise ProbeFailure("dns", f"{host} did not resolve: {error or 'no answer in time'}") from error
    if not addresses:
        raise ProbeFailure("dns", f"{host} has no IPv4 address")
    return addresses


async def _look_up(host: str) -> list[str]:
    # A thread of its own, not the loop's executor: a resolver that hangs then delays neither other names nor the end of
    # the program.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: Exception | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def ask() -> None:
        addresses: list[str] = []
        failure: Exception | None = None
        try:
            found = socket.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return await answer


async def connect(address: str, port: int) -> socket.socket:
    """Open a TCP connection to an IPv4 address. Raises OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
        # A connection to a free port of the ephemeral range can meet itself: there is nobody else at that port.
        if port >= _FIRST_EPHEMERAL and sock.getsockname() == sock.getpeername():
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock


def close(sock: socket.socket, budget: TimeWaitBudget, now: float) -> None:
    """Close a TCP connection, orderly while the budget allows."""
    # A reader that is only cancelled is taken off the loop later, when the next connection may have this very
    # descriptor.
    # By number: of a socket that is not on the loop, asyncio writes the addresses into an error that nobody reads.
    loop, descriptor = asyncio.get_running_loop(), sock.fileno()
    loop.remove_reader(descriptor)
    loop.remove_writer(descriptor)
    if not budget.orderly(now):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    sock.close()


def is_open(sock: socket.socket) -> bool:
    """Return whether an idle connection is still usable: the peer has neither closed it nor sent anything unasked."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def has_ended(sock: socket.socket) -> bool:
    """Return whether the peer has closed the connection and all it sent before has been read."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def datagram_socket() -> socket.socket:
    """Return a UDP socket that reports refused ports though it is not connected."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    return sock
