"""The `prober` command: a session of JSON lines on standard input and output that sends what plan lines ask for."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
from collections.abc import Callable
from typing import Any

from sample_app import client_socket
from sample_app.channels import Channel
from sample_app.errors import LocalFault, PlanError, ProbeFailure
from sample_app.plan import host_of, line_of, parse_plan, plan_id
from sample_app.runner import run_plan
from sample_app.stdio import LineReader, LineWriter
from sample_app.time_wait import TimeWaitBudget

LAST_LINES = 5.0
"""How long lines under way may go on after the end of the input, in seconds."""


def main(options: argparse.Namespace | None = None) -> int:
    """Serve one session on descriptors 0 and 1; the exit status is 0."""
    return asyncio.run(_session())


async def _session() -> int:
    writer = LineWriter(1)
    prober = Prober(os.environ.get("POD_NAME") or socket.gethostname(), writer.send)
    reading = asyncio.create_task(prober.read(LineReader(0)))
    broken = asyncio.create_task(writer.broken.wait())
    await asyncio.wait({reading, broken}, return_when=asyncio.FIRST_COMPLETED)
    finish = not broken.done() and reading.result()
    for task in (reading, broken):
        task.cancel()
    await prober.stop(LAST_LINES if finish else 0.0)
    await writer.finish()
    return 0


class Prober:
    """One session: takes lines, sends records."""

    def __init__(self, pod: str, send: Callable[[dict[str, object]], None]) -> None:
        self._send = send
        self._started = asyncio.get_running_loop().time()
        self._budget = TimeWaitBudget()
        self._kept: dict[str, Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        send({"ready": True, "pod": pod})

    async def read(self, lines: LineReader) -> bool:
        """Take lines to the end; True if it was the end of input, False if `quit` was asked for."""
        async for line in lines:
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                self._send({"id": None, "error": f"a line is one JSON object: {error}"})
                continue
            if isinstance(record, dict) and record.get("op") == "quit":
                return False
            task = asyncio.create_task(self._serve(record))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def stop(self, patience: float) -> None:
        """End the lines under way: those not done after `patience` seconds are given up."""
        if self._tasks and patience:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, record: Any) -> None:
        name = record.get("id") if isinstance(record, dict) else None
        try:
            self._send(await self._answer(record))
        except (PlanError, LocalFault) as error:
            self._send({"id": name if isinstance(name, str) else None, "error": str(error)})
        except Exception as error:  # the session outlives a defect of one line, and says so
            self._send({"id": name if isinstance(name, str) else None, "error": f"the prober failed: {error!r}"})

    async def _answer(self, record: Any) -> dict[str, object]:
        if not isinstance(record, dict):
            raise PlanError(f"a line is one JSON object; got {record!r}"[:200])
        op = record.get("op")
        if op == "probe":
            return await run_plan(parse_plan(record), self._started, self._budget, self._kept)
        if op == "drop":
            channel = self._kept.pop(line_of(record), None)
            if channel is not None:
                channel.close()
            return {"id": plan_id(record), "dropped": channel is not None}
        if op == "resolve":
            name, host = plan_id(record), host_of(record)
            try:
                return {"id": name, "addresses": await client_socket.resolve(host), "error": None}
            except ProbeFailure:
                return {"id": name, "addresses": [], "error": "dns"}
        if op == "ping":
            return {"id": plan_id(record), "pong": True}
        raise PlanError(f"op is one of probe, drop, resolve, ping, quit; got {op!r}")
