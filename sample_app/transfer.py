"""A transfer of raw bytes: send them and get the very same back, then end one's own direction with a last word, and get
that back before the other ends its."""

from __future__ import annotations

import asyncio
import random
import socket

from sample_app import client_socket
from sample_app.errors import ProtocolError

LAST_WORD = b"\nNONCE"
"""Sent with the half-close. The server cannot tell what it is before it knows that no more comes."""


def bytes_of(nonce: str, size: int) -> bytes:
    """Return bytes of every value, NUL and line ends among them; different for each nonce."""
    return random.Random(nonce).randbytes(size)


async def transfer(sock: socket.socket, sent: bytes, early: bytes) -> None:
    """Send bytes while the echo is read, then the last word and a half-close; `early`: what was read of it already.

    Raise ProtocolError when the echo is not what was sent.
    """
    loop = asyncio.get_running_loop()
    got = bytearray(early)

    async def receive(due: bytes, size: int) -> None:
        while len(got) < size and (data := await loop.sock_recv(sock, client_socket.RECEIVE)):
            at = len(got)
            got.extend(data)
            if due[at : len(got)] != data:  # what is lost on the way would be waited for in vain
                raise ProtocolError(difference(due, bytes(got)))

    if not sent.startswith(early):
        raise ProtocolError(difference(sent, early))
    sending = asyncio.ensure_future(loop.sock_sendall(sock, sent))
    try:
        await receive(sent, len(sent))
        await sending
    finally:
        sending.cancel()  # the socket is closed after an error
    if len(got) < len(sent):
        raise ProtocolError(difference(sent, bytes(got)))
    await loop.sock_sendall(sock, LAST_WORD)
    sock.shutdown(socket.SHUT_WR)
    got.clear()
    await receive(LAST_WORD, len(LAST_WORD) + 1)  # to the end
    if got != LAST_WORD:
        raise ProtocolError(
            f"after the client had ended its direction, {len(LAST_WORD)} bytes were due, got {len(got)}"
        )


def difference(sent: bytes, got: bytes) -> str:
    """Return in words how an echo differs from what was sent."""
    same = next((at for at, (one, other) in enumerate(zip(got, sent, strict=False)) if one != other), None)
    where = f"byte {same} differs" if same is not None else f"{len(got)} bytes came back"
    return f"{len(sent)} bytes were sent and echoed otherwise: {where}"
