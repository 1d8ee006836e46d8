"""The `journal` command: relays one journal session between standard input and output and the server in this pod."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket

from sample_app.channels import Http1Channel
from sample_app.errors import PlanError, SampleAppError
from sample_app.journal_ring import LOOPBACK_NONCE
from sample_app.plan import Plan, parse_plan
from sample_app.stdio import LineReader, LineWriter
from sample_app.time_wait import TimeWaitBudget
from sample_app.unix_path import SOCKET_NAME, socket_address, socket_folder

SERVER_GONE = 3
"""Exit status when the server ended, or was not there."""
LOOPBACK_TIMEOUT = 2.0
"""Longest wait for the server's answer to itself, in seconds."""
LAST_ANSWERS = 2.0
"""Longest wait for answers under way after `quit` or the end of input, in seconds."""
_LIMIT = 1024 * 1024


def main(options: argparse.Namespace) -> int:
    """Serve one session on descriptors 0 and 1: 0 after `quit` or the end of input, 3 when the server is gone."""
    return asyncio.run(_session(bool(options.all)))


async def _session(everything: bool) -> int:
    writer = LineWriter(1)
    folder = socket_folder(os.environ)
    try:
        reader, to_server = await _connect(folder)
    except OSError as error:
        writer.send({"closed": f"no server at {os.path.join(folder, SOCKET_NAME)}: {error.strerror or error}"})
        await writer.finish()
        return SERVER_GONE
    to_server.write(json.dumps({"op": "open", "all": everything}).encode() + b"\n")
    outward = asyncio.create_task(_from_server(reader, writer))
    inward = asyncio.create_task(_to_server(LineReader(0), to_server, writer))
    broken = asyncio.create_task(writer.broken.wait())
    done, _ = await asyncio.wait({outward, inward, broken}, return_when=asyncio.FIRST_COMPLETED)
    if inward in done and broken not in done:  # what was asked for before the end is still answered
        to_server.write(b'{"op":"quit"}\n')
        await asyncio.wait({outward, broken}, timeout=LAST_ANSWERS, return_when=asyncio.FIRST_COMPLETED)
    for task in (outward, inward, broken):
        task.cancel()
    gone = outward in done and inward not in done
    if gone and (reason := outward.result()) is not None:
        writer.send({"closed": reason})
    to_server.close()
    await writer.finish()
    return SERVER_GONE if gone else 0


async def _connect(folder: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(folder) as address:
            sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return await asyncio.open_unix_connection(sock=sock, limit=_LIMIT)


async def _from_server(reader: asyncio.StreamReader, writer: LineWriter) -> str | None:
    """Pass everything on; the reason of the end, None if the server gave it itself."""
    last = b""
    try:
        while data := await reader.read(_LIMIT):
            *lines, last_part = (last + data).split(b"\n")
            if lines:
                writer.send_raw(b"\n".join(lines) + b"\n")
                if lines[-1].startswith(b'{"closed"'):
                    return None
            last = last_part
    except OSError as error:
        return f"the connection to the server broke: {error.strerror or error}"
    return "the server ended"


async def _to_server(lines: LineReader, to_server: asyncio.StreamWriter, writer: LineWriter) -> None:
    """Take commands until `quit` or the end of input; `loopback` is done here, the others by the server."""
    checks: set[asyncio.Task[None]] = set()
    async for line in lines:
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError:
            record = {}
        op = record.get("op") if isinstance(record, dict) else None
        if op == "quit":
            break
        if op == "loopback" and isinstance(record, dict):
            task = asyncio.create_task(_loopback(record, writer))
            checks.add(task)
            task.add_done_callback(checks.discard)
        elif record is not None:
            to_server.write(json.dumps(record).encode() + b"\n")
    if checks:
        await asyncio.wait(checks, timeout=LOOPBACK_TIMEOUT)


async def _loopback(record: dict[str, object], writer: LineWriter) -> None:
    reason = await _ask_itself(record.get("port"))
    answer: dict[str, object] = {"loopback": record.get("id"), "ok": reason is None}
    writer.send(answer if reason is None else answer | {"error": reason})


async def _ask_itself(port: object) -> str | None:
    """Send one request to the server from inside its pod; None if it answered, else why it did not."""
    line = {
        "id": "loopback",
        "kind": "http",
        "host": "127.0.0.1",
        "port": port,
        "timeout": LOOPBACK_TIMEOUT,
        "nonce": LOOPBACK_NONCE,
    }
    try:
        plan = parse_plan(line)
    except PlanError as error:
        return str(error)
    reason = None
    for address in filter(None, ("127.0.0.1", os.environ.get("POD_IP"))):
        reason = await _ask(Http1Channel(plan, address, TimeWaitBudget()), plan)
        if reason is None:
            return None
    return reason


async def _ask(channel: Http1Channel, plan: Plan) -> str | None:
    try:
        async with asyncio.timeout(plan.timeout):
            await channel.open()
            answer = await channel.exchange(LOOPBACK_NONCE, plan.requests[0])
    except (OSError, SampleAppError) as failure:
        return f"127.0.0.1:{plan.port} did not answer: {failure or 'timeout'}"
    finally:
        channel.close()
    return None if answer.echo else f"127.0.0.1:{plan.port} answered {answer.status}, but it is not the echo"
