"""How a refusal looks to the one who is refused: an HTTP status, a connection that is reset, or one that is closed; pure but for writing.

The reference mesh answers 403 and resets denied TCP connections; personas refuse as their mesh does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.policy import Denial

RESET, CLOSE = 1, 2
"""In the place of a status: no answer, the connection is cut or closed."""
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def status_of(denial: Denial, faults: ActiveFaults) -> int:
    """What a denied request is answered: a status, RESET or CLOSE."""
    if denial is Denial.UNLISTED and faults.on("unlisted-is-reset"):
        return RESET
    if denial is Denial.UNLISTED and faults.on("unlisted-is-closed"):
        return CLOSE
    if denial is Denial.UNMATCHED and faults.on("unmatched-is-404"):
        return 404
    if denial is Denial.OUTSIDER and faults.on("outsider-is-closed"):
        return CLOSE
    return 403


def cut(transport: asyncio.Transport, how: int) -> None:
    """End a client's connection without an answer."""
    if how == CLOSE:
        transport.close()
        return
    # Without this the end of a connection on which everything was read looks orderly.
    with contextlib.suppress(OSError, AttributeError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def refuse_tcp(transport: asyncio.Transport, faults: ActiveFaults) -> None:
    """End a denied TCP connection."""
    if faults.on("tcp-denied-is-400"):
        transport.write(BAD_REQUEST)
        transport.close()
    elif faults.on("tcp-denied-is-closed"):
        transport.close()
    elif faults.on("tcp-denied-is-reset"):
        cut(transport, RESET)
    else:
        transport.abort()
