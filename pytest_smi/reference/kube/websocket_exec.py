"""pods/exec over WebSocket: the channel protocols v5.channel.k8s.io and v4.channel.k8s.io.

Every message starts with its channel: 0 stdin, 1 stdout, 2 stderr, 3 the closing Status, 4 terminal sizes, and in v5
255: the next byte names a channel that the client closes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from aiohttp import WSMsgType, web

from pytest_smi.reference.kube.podaccess import ExecFailed, ExecSession
from pytest_smi.reference.kube.wire import encode

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STATUS, CLOSE = 0, 3, 255
END_WAIT = 2.0
"""Seconds that a program has to end once its connection has."""
CLOSE_WAIT = 5.0
"""Seconds that a client has to answer the closing handshake."""


def accepts_websocket(request: web.BaseRequest) -> bool:
    """Return whether the client asks for a websocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def exit_status(code: int, command: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the Status that ends a session: success, or the exit status as a cause. A signal counts as 128 + its
    number.

    The words differ by protocol: with v4 they name the `command`.
    """
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    code = 128 - code if code < 0 else code
    why = "command terminated with" if command is None else f"error executing command [{' '.join(command)}],"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {why} exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def start_failure(why: str) -> dict[str, Any]:
    """Return the Status that ends a session whose program could not be started."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {why}",
        "reason": "InternalError",
        "details": {"causes": [{"message": why}]},
        "code": 500,
    }


async def _end(session: ExecSession) -> None:
    """End a session that nobody listens to: its input ends, and a program that does not end by that is killed."""
    try:
        await session.close_stdin()
        with contextlib.suppress(TimeoutError, ExecFailed, ConnectionError):
            async with asyncio.timeout(END_WAIT):
                await session.wait()
    finally:
        await session.kill()


async def serve_exec(
    request: web.BaseRequest,
    session: ExecSession,
    endings: set[asyncio.Task[None]],
    *,
    stdin: bool,
    command: Sequence[str],
) -> web.StreamResponse:
    """Connect a session with the websocket that `request` opens, until either side ends;
    a task in `endings` then ends the program."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS, timeout=CLOSE_WAIT, compress=False, max_msg_size=0)
    try:
        await socket.prepare(request)
        reader = asyncio.ensure_future(_read(socket, session, stdin=stdin))
        writer = asyncio.ensure_future(_write(socket, session, command))
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                await writer
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await socket.close()
    finally:
        # A task of its own: the one that serves the request is cancelled when the client goes.
        ending = asyncio.get_running_loop().create_task(_end(session))
        endings.add(ending)
        ending.add_done_callback(endings.discard)
    return socket


async def _read(socket: web.WebSocketResponse, session: ExecSession, *, stdin: bool) -> None:
    """Client to program; ends when the client goes."""
    open_stdin = stdin
    async for message in socket:
        if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
            continue
        data: bytes = message.data if message.type == WSMsgType.BINARY else message.data.encode()
        if not data or not open_stdin:
            continue
        try:
            if data[0] == STDIN and len(data) > 1:
                await session.write(data[1:])
            elif data[0] == CLOSE and data[1:2] == bytes([STDIN]) and socket.ws_protocol == PROTOCOLS[0]:
                open_stdin = False
                await session.close_stdin()
        except (BrokenPipeError, ConnectionResetError):
            # The program does not read any more: what it says next, and its exit status, still count.
            open_stdin = False


async def _write(socket: web.WebSocketResponse, session: ExecSession, command: Sequence[str]) -> None:
    """Program to client, then the Status; ends when the program has."""
    try:
        # An empty message tells clients that the connection stands.
        await socket.send_bytes(b"\x01")
        async for channel, data in session.output():
            if data:
                await socket.send_bytes(bytes([channel]) + data)
        try:
            status = exit_status(await session.wait(), None if socket.ws_protocol == PROTOCOLS[0] else command)
        except ExecFailed as error:
            status = start_failure(str(error))
        await socket.send_bytes(bytes([STATUS]) + encode(status))
    except ConnectionError:
        return
