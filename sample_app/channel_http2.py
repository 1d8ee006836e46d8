"""One HTTP/2 connection of the prober (h2c with prior knowledge), with any number of streams at once."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError as H2Error

from sample_app import client_socket
from sample_app.echo import is_own_echo
from sample_app.errors import ProbeFailure, ProtocolError
from sample_app.http1_body import MAX_BODY
from sample_app.plan import Plan, RequestSpec
from sample_app.results import Answer
from sample_app.time_wait import TimeWaitBudget

_FRAME_TYPE = 3
"""Where the type stands in a frame header (RFC 9113 section 4.1)."""
_SETTINGS = 4


@dataclass(slots=True)
class _Stream:
    """A response on its way."""

    done: asyncio.Future[None]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class Http2Channel:
    """See `channels.Channel`. Exchanges may overlap; one that is cancelled resets its stream, not the connection."""

    def __init__(self, plan: Plan, address: str, budget: TimeWaitBudget) -> None:
        self._plan = plan
        self._address = address
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._sock: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: dict[int, _Stream] = {}
        self._sending = asyncio.Lock()
        self._moved = asyncio.Event()
        """Set whenever windows, settings or open streams may have changed."""
        self._failure: Exception | None = None
        self._draining = False

    async def open(self) -> None:
        """Connect and send the preface; the server's settings are not awaited."""
        self._sock = await client_socket.connect(self._address, self._plan.port)
        self._h2.initiate_connection()
        await self._flush()
        self._spawn(self._read(self._sock))

    def usable(self) -> bool:
        """See `Channel`."""
        return (
            self._sock is not None
            and self._failure is None
            and not self._draining
            and not client_socket.has_ended(self._sock)
        )

    def close(self) -> None:
        """See `Channel`."""
        for task in self._tasks:
            task.cancel()
        if self._sock is not None:
            client_socket.close(self._sock, self._budget, self._loop.time())
            self._sock = None
        self._fail(ProbeFailure("closed", "the connection is gone"))

    async def exchange(self, nonce: str, spec: RequestSpec | None) -> Answer:
        """See `Channel`."""
        assert spec is not None
        while self._h2.open_outbound_streams >= self._h2.remote_settings.max_concurrent_streams:
            await self._wait_for_move()
        self._check()
        number = self._h2.get_next_available_stream_id()
        pseudo = [(":method", spec.method), (":scheme", "http"), (":authority", spec.authority), (":path", spec.path)]
        headers = [*pseudo, ("x-smi-nonce", nonce), *spec.headers]
        if spec.body is not None:
            headers.append(("content-length", str(len(spec.body))))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._h2.send_headers(number, raw, end_stream=not spec.body)
        stream = self._streams[number] = _Stream(done=self._loop.create_future())
        try:
            await self._flush()
            if spec.body:
                await self._send_body(number, spec.body)
            await stream.done
        except asyncio.CancelledError:
            self._reset(number)
            raise
        finally:
            self._streams.pop(number, None)
            stream.done.cancel()
        pod = stream.headers.get("x-smi-pod")
        return Answer(status=int(stream.headers[":status"]), pod=pod, echo=is_own_echo(bytes(stream.body), pod, nonce))

    async def _send_body(self, number: int, body: bytes) -> None:
        left = memoryview(body)
        while left and not self._streams[number].done.done():
            count = min(len(left), self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
            if count <= 0:
                await self._wait_for_move()
                continue
            self._h2.send_data(number, bytes(left[:count]), end_stream=count == len(left))
            left = left[count:]
            await self._flush()

    async def _wait_for_move(self) -> None:
        self._check()
        self._moved.clear()
        await self._moved.wait()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _reset(self, number: int) -> None:
        try:
            self._h2.reset_stream(number, ErrorCodes.CANCEL)
        except H2Error:
            return  # the stream, or the connection, has ended meanwhile
        self._spawn(self._flush())

    async def _flush(self) -> None:
        async with self._sending:
            data = self._h2.data_to_send()
            if not data or self._sock is None:
                return
            try:
                await self._loop.sock_sendall(self._sock, data)
            except asyncio.CancelledError:  # a frame may have been cut in two
                self._fail(ProbeFailure("timeout", "the peer stopped reading"))
                raise
            except OSError as error:
                self._fail(error)
                raise

    async def _read(self, sock: socket.socket) -> None:
        first = b""
        try:
            while True:
                data = await self._loop.sock_recv(sock, client_socket.RECEIVE)
                if not data:
                    self._fail(ProbeFailure("closed", "the connection was closed before an answer"))
                    return
                if len(first) < _FRAME_TYPE + 1:
                    first += data
                    # h2 would wait for the megabytes that a text, read as a frame header, announces
                    if len(first) > _FRAME_TYPE and first[_FRAME_TYPE] != _SETTINGS:
                        raise H2Error(f"the server begins with {first[:40]!r}, not with SETTINGS")
                for event in self._h2.receive_data(data):
                    self._handle(event)
                self._moved.set()
                await self._flush()
        except H2Error as error:
            self._fail(ProtocolError(f"not HTTP/2: {error}"))
        except OSError as error:
            self._fail(error)

    def _handle(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self._draining = True
            last = event.last_stream_id if event.last_stream_id is not None else 0
            for number, stream in self._streams.items():
                if number > last or event.error_code:
                    _fail(stream, ProbeFailure("closed", f"GOAWAY, error code {event.error_code}"))
            return
        stream_id = getattr(event, "stream_id", None)
        if isinstance(event, DataReceived) and stream_id:
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream_id)
        current = self._streams.get(stream_id or 0)
        if current is None:
            return
        if isinstance(event, ResponseReceived):
            current.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in _raw(event)}
        elif isinstance(event, DataReceived):
            current.body += event.data or b""
            if len(current.body) > MAX_BODY:
                _fail(current, ProtocolError(f"body exceeds {MAX_BODY} bytes"))
        elif isinstance(event, StreamEnded) and not current.done.done():
            current.done.set_result(None)
        elif isinstance(event, StreamReset):
            _fail(current, ProbeFailure("reset", f"RST_STREAM, error code {event.error_code}"))

    def _fail(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        cut = ProtocolError("the connection was closed in the middle of the answer")
        for stream in self._streams.values():
            ended = isinstance(failure, ProbeFailure) and failure.outcome == "closed"
            _fail(stream, cut if ended and stream.headers else failure)
        self._moved.set()

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # already told to the streams by _fail


def _fail(stream: _Stream, failure: Exception) -> None:
    if not stream.done.done():
        stream.done.set_exception(failure)


def _raw(event: ResponseReceived) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in event.headers or ()]  # bytes, as header_encoding is None
