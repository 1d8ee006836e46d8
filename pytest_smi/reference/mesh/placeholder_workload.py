"""The program of those workloads of a persona that only have to be there, ready: it says that it is ready,
and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal

from pytest_smi.reference.mesh.readiness import Ready

READY_PORT = 15021


async def _run(host: str) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(Ready, host, READY_PORT)
    await stopped.wait()
    server.close()


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, whatever the arguments (they are the real program's); the exit status."""
    asyncio.run(_run(os.environ["POD_IP"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
