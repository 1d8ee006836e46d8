"""The client's side of an exchange that is noted for the metrics API when it ends."""

from __future__ import annotations

from collections.abc import Callable

from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request, Sink
from pytest_smi.reference.mesh.proxy.routing import Destination
from pytest_smi.reference.mesh.splits import Choice, Endpoint


class CountedSink:
    """A sink that notes the exchange for the metrics API when it ends, unless policy refused it."""

    def __init__(
        self,
        sink: Sink,
        request: Request,
        destination: Destination,
        choice: Choice,
        endpoint: Endpoint,
        record: Callable[[CountedSink], None],
    ) -> None:
        self._sink = sink
        self._record = record
        self._refused = False
        self.request = request
        self.destination = destination
        self.choice = choice
        self.endpoint = endpoint
        self.status = 502

    @property
    def cancelled(self) -> bool:
        """Whether the client is gone."""
        return self._sink.cancelled

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._sink.cancelled = value

    @property
    def on_cancel(self) -> Callable[[], None] | None:
        """What to do when the client goes."""
        return self._sink.on_cancel

    @on_cancel.setter
    def on_cancel(self, value: Callable[[], None] | None) -> None:
        self._sink.on_cancel = value

    def refused(self) -> None:
        """Policy denied the request: it is not counted."""
        self._refused = True

    def head(self, status: int, headers: HeaderList) -> None:
        """Pass on the head."""
        self.status = status
        self._sink.head(status, headers)

    def data(self, chunk: bytes) -> None:
        """Pass on a piece of the body."""
        self._sink.data(chunk)

    def end(self) -> None:
        """Pass on the end, and count."""
        if not self._refused:
            self._record(self)
        self._sink.end()

    def fail(self, status: int, reason: str) -> None:
        """Pass on the failure, and count it unless it is a refusal."""
        self.status = status
        if not self._refused:
            self._record(self)
        self._sink.fail(status, reason)
