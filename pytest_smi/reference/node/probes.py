"""Kubelet probes: one check (HTTP, TCP or exec), and the loop that turns checks into ready or failed.

Law: until a container is ready it is checked at once and then after 5, 20, 50, 50… ms; afterwards every periodSeconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Probe = Mapping[str, Any]
ExecCheck = Callable[[list[str], float], Awaitable[tuple[bool, str]]]
EARLY_DELAYS = (0.005, 0.02, 0.05)
"""Seconds between checks of a container that is not ready yet; the last one repeats."""


def port_number(container: Mapping[str, Any], port: int | str) -> int:
    """Return a probe's port, which may be the name of a container port; 0 when there is none of that name."""
    if isinstance(port, int):
        return port
    for declared in container.get("ports") or []:
        if declared.get("name") == port:
            return int(declared["containerPort"])
    return int(port) if port.isdigit() else 0


async def check(probe: Probe, container: Mapping[str, Any], ip: str, run: ExecCheck) -> tuple[bool, str]:
    """Return one check: (passed, what was found). `ip` is where the container listens; `run` executes a command in
    it."""
    timeout = float(probe.get("timeoutSeconds") or 1)
    try:
        async with asyncio.timeout(timeout):
            if "httpGet" in probe:
                return await _http(probe["httpGet"], container, ip)
            if "tcpSocket" in probe:
                _, writer = await asyncio.open_connection(ip, port_number(container, probe["tcpSocket"]["port"]))
                writer.close()
                return True, "connected"
            if "exec" in probe:
                return await run(list(probe["exec"]["command"]), timeout)
    except TimeoutError:
        return False, f"no answer after {timeout:g} s"
    except OSError as error:
        return False, str(error)
    return False, "the probe has none of httpGet, tcpSocket, exec"


async def _http(get: Mapping[str, Any], container: Mapping[str, Any], ip: str) -> tuple[bool, str]:
    secure = None
    if get.get("scheme") == "HTTPS":
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        secure.check_hostname = False
        secure.verify_mode = ssl.CERT_NONE
    port = port_number(container, get["port"])
    reader, writer = await asyncio.open_connection(ip, port, ssl=secure)
    try:
        extra = "".join(f"{header['name']}: {header['value']}\r\n" for header in get.get("httpHeaders") or [])
        head = (
            f"GET {get.get('path') or '/'} HTTP/1.1\r\nHost: {ip}:{port}\r\nUser-Agent: "
            "kube-probe/1.32\r\nAccept: */*\r\n"
        )
        writer.write(f"{head}Connection: close\r\n{extra}\r\n".encode())
        line = await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    parts = line.split()
    if len(parts) < 2 or not parts[1].isdigit():
        return False, f"not an HTTP answer: {line[:80]!r}"
    return 200 <= int(parts[1]) < 400, f"HTTP probe answered with status {parts[1].decode()}"


async def watch_ready(
    probe: Probe, one: Callable[[], Awaitable[tuple[bool, str]]], report: Callable[[bool, str], None]
) -> None:
    """Check for ever; `report(ready, found)` is called when readiness changes."""
    period = float(probe.get("periodSeconds") or 10)
    wins_needed, losses_allowed = int(probe.get("successThreshold") or 1), int(probe.get("failureThreshold") or 3)
    ready, wins, losses, early = False, 0, 0, 0
    while True:
        passed, found = await one()
        wins, losses = (wins + 1, 0) if passed else (0, losses + 1)
        if passed and not ready and wins >= wins_needed:
            ready, early = True, 0
            report(True, found)
        elif not passed and ready and losses >= losses_allowed:
            ready = False
            report(False, found)
        if ready and passed:
            await asyncio.sleep(period)
        elif ready:
            await asyncio.sleep(min(period, 1.0))
        else:
            await asyncio.sleep(min(period, EARLY_DELAYS[min(early, len(EARLY_DELAYS) - 1)]))
            early += 1


async def wait_failed(probe: Probe, one: Callable[[], Awaitable[tuple[bool, str]]]) -> str:
    """Return what was found once the probe (liveness) failed failureThreshold times in a row."""
    period, allowed = float(probe.get("periodSeconds") or 10), int(probe.get("failureThreshold") or 3)
    losses = 0
    await asyncio.sleep(float(probe.get("initialDelaySeconds") or period))
    while True:
        passed, found = await one()
        losses = 0 if passed else losses + 1
        if losses >= allowed:
            return found
        await asyncio.sleep(period)
