"""What answers the node's readiness probes: the control plane and the sidecar listen with it once all else listens."""

from __future__ import annotations

import asyncio


class Ready(asyncio.Protocol):
    """Answers every request 200."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n")
        self._transport.close()
