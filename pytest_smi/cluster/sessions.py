"""A program of the sample application kept open in a pod through `pods/exec`, spoken to in JSON lines."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.errors import HarnessError

STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3


class ExecSession:
    """One exec session: `send` writes a line, a thread hands every line that comes to `on_line`.

    When the session ends, `on_end(reason)` is called once; later `send`s raise HarnessError.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        on_line: Callable[[dict[str, Any]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self.name = f"{' '.join(command)} in {namespace}/{pod}"
        self._on_line, self._on_end = on_line, on_end
        self._stderr = ""
        self._ended = ""
        self._closing = False
        query = [("container", container), ("stdin", "true"), ("stdout", "true"), ("stderr", "true"), ("tty", "false")]
        query += [("command", word) for word in command]
        self._socket = connection.websocket(f"/api/v1/namespaces/{namespace}/pods/{pod}/exec", query)
        # No receive timeout: an idle session is healthy, and whoever waits for an answer has a deadline of its own.
        self._socket.settimeout(None)
        self.thread = threading.Thread(target=self._read, name=f"smi-exec-{pod}", daemon=True)
        self.thread.start()

    def send(self, message: dict[str, Any]) -> None:
        """Write one JSON line to the program's standard input."""
        if self._ended:
            raise HarnessError(f"{self.name} has ended: {self._ended}")
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            self._socket.send_binary(bytes([STDIN]) + data)
        except Exception as error:  # websocket-client and ssl errors: the stream is gone either way
            self._end(f"writing failed: {error}")
            raise HarnessError(f"{self.name} broke while a plan was written: {error}") from error

    def close(self) -> None:
        """End the session; the program sees the end of its input."""
        self._closing = True
        self._hang_up()

    def _read(self) -> None:
        rest = b""
        reason = "the stream was closed"
        try:
            while True:
                opcode, data = self._socket.recv_data()
                if opcode == 8:  # close frame
                    break
                if not data:
                    continue
                channel, payload = data[0], data[1:]
                if channel == STDOUT:
                    *lines, rest = (rest + payload).split(b"\n")
                    for line in lines:
                        if line.strip():
                            self._on_line(json.loads(line))
                elif channel == STDERR:
                    self._stderr = (self._stderr + payload.decode("utf-8", "replace"))[-2000:]
                elif channel == STATUS and payload:
                    reason = _status_text(payload)
        except Exception as error:  # a broken stream, a closed socket or a line that is no JSON: all end the session
            reason = f"{type(error).__name__}: {error}"
        if self._stderr.strip() and not self._closing:
            reason += f" ({self._stderr.strip().splitlines()[-1][:200]})"
        self._end(reason)
        with contextlib.suppress(OSError):
            self._socket.shutdown()

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = reason
            self._on_end(reason)
            self._hang_up()

    def _hang_up(self) -> None:
        # The reading thread alone closes the socket, woken by this. Were it closed under that thread, its number would
        # be given to the next connection of this process, and the thread would go on reading from that.
        if self._socket.sock is not None:
            with contextlib.suppress(OSError):
                self._socket.sock.shutdown(socket.SHUT_RDWR)


def _status_text(payload: bytes) -> str:
    try:
        status = json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")[:200]
    if status.get("status") == "Success":
        return "the program ended"
    return str(status.get("message") or status)[:300]
