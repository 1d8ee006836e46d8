"""The response to one request of another sidecar: gathered into as few frames as its parts arrive in."""

from __future__ import annotations

import asyncio
from typing import Protocol

from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.exchange import Cancellable, HeaderList, Request

DENIAL = b"denied by access policy\n"


class Caller(Protocol):
    """The connection that a response goes back over."""

    def send(self, data: bytes) -> None:
        """Write a frame."""

    def answered(self, request: Request | None = None, status: int = 0) -> None:
        """The exchange is over; `request` is given when it is to be counted."""


def denial_headers() -> HeaderList:
    """Return the headers of a refusal."""
    return [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(DENIAL))]


class Answer(Cancellable):
    """The response to one request, sent back in as few frames as its parts arrive in."""

    def __init__(self, connection: Caller, request: Request, allowed: bool) -> None:
        super().__init__()
        self._connection = connection
        self._request = request
        self._allowed = allowed
        self._status = 0
        self._headers: HeaderList = []
        self._body: list[bytes] = []
        self._pending = False
        self._sent = False

    def head(self, status: int, headers: HeaderList) -> None:
        """Hold the head until this turn of the event loop is over: often the whole response is there by then."""
        self._status, self._headers = status, headers
        self._later()

    def data(self, chunk: bytes) -> None:
        """Hold a piece of the body likewise."""
        if chunk:
            self._body.append(chunk)
            self._later()

    def _later(self) -> None:
        if not self._pending:
            self._pending = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        if self._pending and not self.cancelled and self._allowed:
            self._pending = False
            body = b"".join(self._body)
            self._body.clear()
            if not self._sent:
                self._sent = True
                self._connection.send(frames.response_frame(self._status, 0, self._headers, body))
            elif body:
                self._connection.send(frames.frame(frames.DATA, body))

    def end(self) -> None:
        """Send what is held, and the end."""
        if self.cancelled:
            return
        self.cancelled = True
        self._connection.answered(self._request if self._allowed else None, self._status)
        body = b"".join(self._body)
        if not self._allowed:
            self._connection.send(frames.response_frame(403, frames.LAST | frames.REFUSED, denial_headers(), DENIAL))
        elif not self._sent:
            self._connection.send(frames.response_frame(self._status, frames.LAST, self._headers, body))
        else:
            self._connection.send((frames.frame(frames.DATA, body) if body else b"") + frames.frame(frames.END))

    def fail(self, status: int, reason: str) -> None:
        """Say that no (complete) response will come."""
        if not self.cancelled:
            self.cancelled = True
            self._connection.answered(self._request if self._allowed else None, status)
            self._connection.send(frames.fail_frame(status, reason))
