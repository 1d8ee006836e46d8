"""pods/exec over WebSocket: the channel protocols v5.channel.k8s.io and v4.channel.k8s.io.

Every message starts with its channel: 0 stdin, 1 stdout, 2 stderr, 3 the closing Status, 4 terminal sizes, and in v5 255: the next
byte names a channel that the client closes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiohttp import WSMsgType, web

from pytest_smi.reference.kube.podaccess import ExecSession
from pytest_smi.reference.kube.wire import encode

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STATUS, CLOSE = 0, 3, 255
CLOSE_WAIT = 5.0
"""Seconds that a client has to answer the closing handshake."""


def accepts_websocket(request: web.BaseRequest) -> bool:
    """Whether the client asks for a websocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def exit_status(code: int) -> dict[str, Any]:
    """The Status that ends a session: success, or the exit status as a cause. A signal counts as 128 + its number."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    code = 128 - code if code < 0 else code
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


async def serve_exec(request: web.BaseRequest, session: ExecSession, *, stdin: bool) -> web.StreamResponse:
    """Connect a session with the websocket that `request` opens, until either side ends. The program never outlives the connection."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS, timeout=CLOSE_WAIT, compress=False, max_msg_size=0)
    try:
        await socket.prepare(request)
        reader = asyncio.ensure_future(_read(socket, session, stdin=stdin))
        writer = asyncio.ensure_future(_write(socket, session))
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
        await session.kill()
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


async def _write(socket: web.WebSocketResponse, session: ExecSession) -> None:
    """Program to client, then the Status; ends when the program has."""
    try:
        # An empty message tells clients that the connection stands.
        await socket.send_bytes(b"\x01")
        async for channel, data in session.output():
            if data:
                await socket.send_bytes(bytes([channel]) + data)
        await socket.send_bytes(bytes([STATUS]) + encode(exit_status(await session.wait())))
    except ConnectionError:
        return
