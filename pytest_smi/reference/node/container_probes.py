"""The probes of one running container: startup, then readiness and liveness beside each other.

Law: readiness is only ever reported through `on_ready`; a failed liveness or startup probe kills the process,
and its owner restarts it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.node import probes
from pytest_smi.reference.node.images import StartError
from pytest_smi.reference.node.zygote_client import Process

_KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a container that failed its liveness probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerProbes:
    """`spec` is the container, `address` where it listens; `emit(reason, message, warning)` records an event;
    `kill(signal)` signals it."""

    spec: Mapping[str, Any]
    address: str
    run: probes.ExecCheck
    on_started: Callable[[], None]
    on_ready: Callable[[bool], None]
    emit: Callable[[str, str, bool], None]
    kill: Callable[[int], None]

    async def watch(self) -> None:
        """Probe until cancelled."""
        if startup := self.spec.get("startupProbe"):
            await self._wait_started(startup)
            self.on_started()
        jobs = []
        if readiness := self.spec.get("readinessProbe"):
            jobs.append(probes.watch_ready(readiness, self._checker(readiness), self._report))
        if liveness := self.spec.get("livenessProbe"):
            jobs.append(self._watch_liveness(liveness))
        await asyncio.gather(*jobs)

    def _checker(self, probe: Mapping[str, Any]) -> Callable[[], Awaitable[tuple[bool, str]]]:
        return lambda: probes.check(probe, self.spec, self.address, self.run)

    def _report(self, ready: bool, found: str) -> None:
        if not ready:
            self.emit("Unhealthy", f"Readiness probe failed: {found}", True)
        self.on_ready(ready)

    async def _wait_started(self, probe: Mapping[str, Any]) -> None:
        started = asyncio.Event()
        allowed = float(probe.get("initialDelaySeconds") or 0) + float(probe.get("periodSeconds") or 10) * int(
            probe.get("failureThreshold") or 3
        )
        task = asyncio.ensure_future(probes.watch_ready(probe, self._checker(probe), lambda *_: started.set()))
        try:
            async with asyncio.timeout(allowed):
                await started.wait()
        except TimeoutError:
            await self._restart("startup", f"not started after {allowed:g} s")
        finally:
            task.cancel()

    async def _watch_liveness(self, probe: Mapping[str, Any]) -> None:
        await self._restart("liveness", await probes.wait_failed(probe, self._checker(probe)))

    async def _restart(self, kind: str, found: str) -> None:
        self.emit("Unhealthy", f"{kind.capitalize()} probe failed: {found}", True)
        self.emit("Killing", f"Container {self.spec['name']} failed {kind} probe, will be restarted", False)
        self.kill(signal.SIGTERM)
        await asyncio.sleep(_KILL_AFTER)
        self.kill(signal.SIGKILL)
        await asyncio.Event().wait()


async def exec_check(
    start: Callable[[list[str], tuple[int, int, int]], Awaitable[Process]], command: list[str]
) -> tuple[bool, str]:
    """Return an exec probe: passed when the command, started in the container, ends with status 0; and what was
    found."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        process = await start(command, (null, null, null))
    except StartError as error:
        return False, str(error)
    finally:
        os.close(null)
    try:
        status = await asyncio.shield(process.exited)
    finally:
        process.kill(signal.SIGKILL)
    return status == 0, f"the command ended with status {status}"
