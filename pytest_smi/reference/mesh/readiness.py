"""What answers the node's readiness probes: the control plane and the sidecar listen with it once all else listens.

Run as a program it is a workload of a persona that only has to be there, ready.
"""

from __future__ import annotations

import asyncio
import os
import signal


class Ready(asyncio.Protocol):
    """Answers every request 200."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n")
        self._transport.close()


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
