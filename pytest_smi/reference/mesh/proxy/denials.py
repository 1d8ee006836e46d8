"""How a refusal looks to the one who is refused: an HTTP status, or a connection that is reset or closed;
pure but for writing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from pytest_smi.reference.mesh.policy import Denial

FORBIDDEN = 403
RESET, CLOSE = 1, 2
"""In the place of a status: no answer, the connection is cut or closed."""
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Denials:
    """How the mesh refuses."""

    def status(self, denial: Denial) -> int:
        """Return what a denied request is answered: a status, RESET or CLOSE."""
        return FORBIDDEN

    def refuse_tcp(self, transport: asyncio.Transport) -> None:
        """End a denied TCP connection."""
        transport.abort()


def cut(transport: asyncio.Transport, how: int) -> None:
    """End a client's connection without an answer."""
    if how == CLOSE:
        transport.close()
        return
    # Without this the end of a connection on which everything was read looks orderly.
    with contextlib.suppress(OSError, AttributeError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
