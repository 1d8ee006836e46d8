"""What both sides of HTTP/2 need: bodies sent within the flow-control windows,
and writes gathered per turn of the event loop."""

from __future__ import annotations

import asyncio

import h2.connection
import h2.exceptions


class Http2Writer:
    """Sends bodies over one HTTP/2 connection as windows allow, and flushes what h2 has to send."""

    def __init__(self, connection: h2.connection.H2Connection, transport: asyncio.Transport) -> None:
        self._h2 = connection
        self._transport = transport
        self._waiting: dict[int, tuple[bytearray, bool]] = {}
        self._scheduled = False

    def send(self, stream: int, chunk: bytes, end: bool) -> None:
        """Queue a piece of a stream's body; `end` says that it is the last."""
        waiting, _ = self._waiting.get(stream, (bytearray(), False))
        waiting += chunk
        self._waiting[stream] = (waiting, end)
        self.pump(stream)

    def pump(self, stream: int = 0) -> None:
        """Send what the windows allow now, for one stream or (0) all."""
        for number in [stream] if stream else list(self._waiting):
            entry = self._waiting.get(number)
            if entry is not None and self._pump_one(number, *entry):
                self._waiting.pop(number, None)
        self.soon()

    def forget(self, stream: int) -> None:
        """Drop what a stream still had to send."""
        self._waiting.pop(stream, None)

    def _pump_one(self, stream: int, waiting: bytearray, end: bool) -> bool:
        try:
            while waiting:
                room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size, len(waiting))
                if room <= 0:
                    return False
                self._h2.send_data(stream, bytes(waiting[:room]), end_stream=end and room == len(waiting))
                del waiting[:room]
                if not waiting and end:
                    return True
            if end:
                self._h2.end_stream(stream)
        except h2.exceptions.ProtocolError:
            return True  # the stream was reset or the connection closed meanwhile
        return end

    def soon(self) -> None:
        """Flush at the end of this turn of the event loop."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what h2 has to send."""
        self._scheduled = False
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
