"""The records that every part of the data plane passes on: one HTTP request, and the place where its response goes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

HeaderList = list[tuple[bytes, bytes]]

MAX_BODY = 16 * 1024 * 1024
"""Most bytes of a request body; requests are buffered whole before they are routed."""

HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"http2-settings"}
)
NO_BODY = frozenset({204, 304})
REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


@dataclass(slots=True, kw_only=True)
class Request:
    """One request with its whole body. `version` is b"1" or b"2";
    HTTP/2's authority is the header `host`; `origin` numbers the client's connection."""

    version: bytes
    method: str
    target: bytes
    headers: HeaderList
    body: bytes
    started: float
    origin: int = 0


class Sink(Protocol):
    """Where a response goes.

    `head` once, then `data`, then `end`; or `fail` at any time. `on_cancel` is called when the client is gone.
    """

    cancelled: bool
    on_cancel: Callable[[], None] | None

    def head(self, status: int, headers: HeaderList) -> None:
        """Take status and headers, hop-by-hop headers already removed."""

    def data(self, chunk: bytes) -> None:
        """Take a piece of the body."""

    def end(self) -> None:
        """The response is complete."""

    def fail(self, status: int, reason: str) -> None:
        """No (complete) response will come: answer with `status`, or cut the connection when part
        of a response is out."""


class Cancellable:
    """What sinks with a client of their own do alike when it goes, or when they have had their end."""

    def __init__(self) -> None:
        self.cancelled = False
        self.on_cancel: Callable[[], None] | None = None

    def cancel(self) -> None:
        """The client is gone."""
        if not self.cancelled:
            self.cancelled = True
            if self.on_cancel is not None:
                self.on_cancel()


class Unheard(Cancellable):
    """A sink for a response that nobody waits for."""

    def head(self, status: int, headers: HeaderList) -> None:
        """Drop it."""

    def data(self, chunk: bytes) -> None:
        """Drop it."""

    def end(self) -> None:
        """Drop it."""

    def fail(self, status: int, reason: str) -> None:
        """Drop it."""


ORIGINS = itertools.count(1)
"""Numbers for client connections."""

Handler = Callable[[Request, Sink], None]


def answer(sink: Sink, status: int, text: str) -> None:
    """Answer with a small text of our own."""
    body = text.encode() + b"\n"
    sink.head(status, [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())])
    sink.data(body)
    sink.end()


def end_to_end(headers: HeaderList) -> HeaderList:
    """Return the headers that concern both ends, without those of one connection."""
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
