"""The called side of the hop between sidecars: proves who calls, asks policy, and only then touches the application."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from pytest_smi.reference.mesh.identity import peer_identities
from pytest_smi.reference.mesh.metrics.noting import Noted
from pytest_smi.reference.mesh.metrics.samples import Recorder, Sample
from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.inbound_answer import DENIAL, Answer, denial_headers
from pytest_smi.reference.mesh.proxy.inbound_udp import InboundFlows
from pytest_smi.reference.mesh.proxy.plain_back import PlainBacks
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.proxy.tunnel import FrameTunnel, PlainEnd


class Inbound:
    """What all inbound connections of one sidecar share."""

    def __init__(self, pod_ip: str, app_ip: str, state: MeshState, backs: PlainBacks, recorder: Recorder) -> None:
        self.pod_ip = pod_ip
        self.app_ip = app_ip
        self.state = state
        self.backs = backs
        self.recorder = recorder
        self.connections: set[InboundConnection] = set()
        self.draining = False
        self._settled = asyncio.Event()
        self.admission: Admission
        state.decide_with(self._decide)
        state.listeners.append(self._on_change)

    def _decide(self) -> None:
        self.admission = self.state.variant(Admission)(self.state)
        self.noted = self.state.variant(Noted)()

    def record(self, request: Request, source: str, status: int) -> None:
        """Note an answered request for the metrics API."""
        self._record(source, request.started, status, "HTTP/2" if request.version == b"2" else "HTTP/1.1")

    def record_tunnel(self, source: str) -> None:
        """Note an opaque connection that was opened, if such are noted."""
        if self.noted.tunnels():
            self._record(source, time.time(), 200, "HTTP/1.1")

    def _record(self, source: str, started: float, status: int, protocol: Literal["HTTP/1.1", "HTTP/2"]) -> None:
        caller = self.state.pods.get(source)
        now = time.time()
        sample = Sample(
            at=now,
            side="server",
            protocol=protocol,
            source=None if caller is None else (caller.namespace, caller.name),
            destination=(self.state.own["ns"], self.state.own["name"]),
            success=status < 500,
            latency=now - started,
        )
        self.recorder.record(sample)

    def _on_change(self, keys: frozenset[str]) -> None:
        # AMB-15 A: a tunnel whose grant is gone is cut at once.
        if not {"grants", "faults", "self"}.isdisjoint(keys):
            for connection in list(self.connections):
                connection.recheck()

    def settled(self) -> None:
        """An exchange or a connection is over."""
        self._settled.set()

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while any(connection.busy for connection in self.connections):
            self._settled.clear()
            await self._settled.wait()

    def drain(self) -> None:
        """Ask callers to use other connections; what is under way goes on."""
        self.draining = True
        for connection in list(self.connections):
            connection.send(frames.frame(frames.GOAWAY))


class InboundConnection(FrameTunnel):
    """One connection from another sidecar (the handshake has proven that it holds a certificate of this mesh)."""

    def __init__(self, inbound: Inbound) -> None:
        super().__init__()
        self._inbound = inbound
        self._answer: Answer | None = None
        self._port = 0
        self._flows: InboundFlows | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read who calls, from the certificate alone: an account and a pod, of which one must be let in."""
        super().connection_made(transport)
        self.identities = peer_identities(transport)
        self.peer: str = transport.get_extra_info("peername")[0]
        if not self.identities:
            self.transport.abort()
            return
        self._inbound.connections.add(self)

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._answer is not None or self._peer is not None

    def on_frame(self, kind: int, payload: bytes) -> None:
        """Act on one frame of the calling sidecar."""
        if kind == frames.REQUEST:
            if self._answer is not None:
                raise frames.FrameError("a REQUEST must wait for the response before it")
            self._request(*frames.read_request(payload, time.time()))
        elif kind == frames.DATA and self._peer is not None:
            self.received(self._inbound.admission.opaque(payload))
        elif kind == frames.EOF and self._peer is not None:
            if self._inbound.admission.half_closes():
                self.received_eof()
            else:
                self.transport.abort()
        elif kind == frames.OPEN:
            self._open(frames.read_port(payload))
        elif kind == frames.DATAGRAM:
            flow, port, data = frames.read_datagram(payload)
            policy = self._inbound.state.policy
            if any(policy.allow_udp(port, who).allowed for who in self.identities):
                if self._flows is None:
                    self._flows = InboundFlows(self._inbound.pod_ip, self._inbound.app_ip, self._reply)
                self._flows.deliver(flow, port, data)

    def _request(self, port: int, flags: int, request: Request) -> None:
        inbound = self._inbound
        admission = inbound.admission
        split = bool(flags & frames.SPLIT)
        allowed = any(admission.allows(request, port, who, self.peer, split) for who in self.identities)
        answer = self._answer = Answer(self, request, allowed)
        if admission.delivers(request, allowed):
            inbound.backs.exchange((inbound.app_ip, port), request, answer)
        else:
            self.answered()
            status = admission.refusal(request, port, self.identities[0])
            self.send(frames.response_frame(status, frames.LAST | frames.REFUSED, denial_headers(), DENIAL))

    def answered(self, request: Request | None = None, status: int = 0) -> None:
        """The exchange is over; `request` is given when it is to be counted."""
        self._answer = None
        self._inbound.settled()
        if request is not None:
            self._inbound.record(request, self.peer, status)

    def _open(self, port: int) -> None:
        if not self._allows_tcp(port):
            self.send(frames.frame(frames.DENIED))
            return
        self._port = port
        self._task = asyncio.get_running_loop().create_task(self._connect(port))

    async def _connect(self, port: int) -> None:
        try:
            app = await dial(self._inbound.pod_ip, (self._inbound.app_ip, port), PlainEnd)
        except (OSError, TimeoutError):
            self.transport.abort()
            return
        if self.lost:
            app.transport.abort()
            return
        self.send(frames.frame(frames.OPENED))
        self._inbound.record_tunnel(self.peer)
        self.join(app)
        app.join(self)

    def recheck(self) -> None:
        """Cut the tunnel if policy no longer allows it."""
        if self._port and not self._allows_tcp(self._port):
            self.transport.abort()

    def _allows_tcp(self, port: int) -> bool:
        policy = self._inbound.state.policy
        return any(policy.allow_tcp(port, who).allowed for who in self.identities)

    def _reply(self, flow: int, port: int, data: bytes) -> None:
        self.send(frames.datagram_frame(flow, port, data))

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way."""
        self.lost = True
        self._inbound.connections.discard(self)
        self._inbound.settled()
        if self._answer is not None:
            self._answer.cancel()
        super().connection_lost(exc)
        if self._flows is not None:
            self._flows.close()
