"""Connections that reach the pod in plaintext, from outside the mesh: they prove no identity, so policy denies them."""

from __future__ import annotations

import asyncio

from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import Request, Sink, answer
from pytest_smi.reference.mesh.proxy.http1_front import Http1Front
from pytest_smi.reference.mesh.proxy.http2_front import Http2Front
from pytest_smi.reference.mesh.proxy.inbound import Inbound
from pytest_smi.reference.mesh.proxy.sniff import Spoken, sniff
from pytest_smi.reference.mesh.proxy.tunnel import PlainEnd
from pytest_smi.reference.mesh.tasks import Tasks

FIRST_BYTES_SECONDS = 5.0


class PlaintextConnection(asyncio.Protocol):
    """One plaintext connection to a container port, until its protocol is known."""

    def __init__(self, inbound: Inbound, port: int) -> None:
        self._inbound = inbound
        self._port = port
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; a client that stays silent is cut off."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport
        self.peer: str = transport.get_extra_info("peername")[0]
        self._timer = asyncio.get_running_loop().call_later(FIRST_BYTES_SECONDS, transport.close)
        if self._inbound.admission.passes_plaintext():
            self._task = asyncio.get_running_loop().create_task(self._pass_through())

    async def _pass_through(self) -> None:
        try:
            app = await dial(self._inbound.pod_ip, (self._inbound.app_ip, self._port), PlainEnd)
        except (OSError, TimeoutError):
            self.transport.abort()
            return
        near = PlainEnd()
        self._cancel_timer()
        self.transport.set_protocol(near)
        near.connection_made(self.transport)
        app.join(near)
        near.join(app, bytes(self._buffer))

    def data_received(self, data: bytes) -> None:
        """Find out what the client speaks, to refuse it in its own language."""
        self._buffer += data
        if self._task is not None:
            return
        spoken = sniff(bytes(self._buffer))
        if spoken is Spoken.OPAQUE:
            self.transport.abort()
        elif spoken is not Spoken.UNDECIDED:
            self._cancel_timer()
            front = Http1Front(self._http) if spoken is Spoken.HTTP1 else Http2Front(self._http)
            self.transport.set_protocol(front)
            front.connection_made(self.transport)
            front.data_received(bytes(self._buffer))

    def _http(self, request: Request, sink: Sink) -> None:
        inbound = self._inbound
        admission = inbound.admission
        if admission.allows_outsider(request, self._port, self.peer, inbound.pod_ip):
            inbound.backs.exchange((inbound.app_ip, self._port), request, sink)
        elif (status := admission.refusal(request, self._port, None)) < 100:
            sink.fail(status, "denied by access policy")
        else:
            answer(sink, status, "denied by access policy")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._cancel_timer()


class PlaintextListeners:
    """Listens on the pod's container ports, following the configuration."""

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound
        self._servers: dict[int, asyncio.Server] = {}
        self._tasks = Tasks()
        self._lock = asyncio.Lock()
        inbound.state.listeners.append(self._on_change)

    def _on_change(self, keys: frozenset[str]) -> None:
        if "self" in keys:
            self._tasks.spawn(self.follow())

    async def follow(self) -> None:
        """Listen on the ports that the configuration names now."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            for port in set(self._inbound.state.own.get("ports", ())) - self._servers.keys():
                try:
                    self._servers[port] = await loop.create_server(
                        lambda port=port: PlaintextConnection(self._inbound, port),  # type: ignore[misc]
                        self._inbound.pod_ip,
                        port,
                    )
                except OSError:
                    continue  # the port is taken: nothing of ours can be reached there

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers.values():
            server.close()
