"""Sends outgoing calls on their way: to an endpoint that `routing.py` chooses,
through mutual TLS where there is a sidecar."""

from __future__ import annotations

import asyncio
import random
import time

from pytest_smi.reference.mesh.metrics.samples import Recorder, Sample
from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.counted import CountedSink
from pytest_smi.reference.mesh.proxy.denials import Denials
from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import Request, Sink, Unheard
from pytest_smi.reference.mesh.proxy.mesh_client import MeshConnection, MeshPool
from pytest_smi.reference.mesh.proxy.plain_back import PlainBacks
from pytest_smi.reference.mesh.proxy.routing import Destination, Routing
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.proxy.tunnel import PlainEnd
from pytest_smi.reference.mesh.splits import Call, Choice, Endpoint
from pytest_smi.reference.mesh.tasks import Tasks

LEARN_SECONDS = 0.3
"""How long a connection to an address that the configuration does not know (yet) waits for it."""
_ATTEMPTS = 3


class Router:
    """Sends the calls of one pod."""

    def __init__(
        self,
        pod_ip: str,
        state: MeshState,
        pool: MeshPool,
        backs: PlainBacks,
        recorder: Recorder,
        rng: random.Random | None = None,
    ) -> None:
        self.pod_ip = pod_ip
        self.state = state
        self.pool = pool
        self._backs = backs
        self._recorder = recorder
        self._rng = rng or random.Random()
        self._tasks = Tasks()
        self.routing: Routing
        self.denials: Denials
        state.decide_with(self._decide)
        state.listeners.append(self._on_change)

    def _decide(self) -> None:
        self.routing = self.state.variant(Routing)(self.state, self._rng)
        self.denials = self.state.variant(Denials)()

    async def learn(self, host: str, port: int, protocol: str) -> Destination:
        """Return what an address means, given a short while for the configuration to tell."""
        changed = asyncio.Event()

        def listener(_: frozenset[str]) -> None:
            changed.set()

        self.state.listeners.append(listener)
        try:
            async with asyncio.timeout(LEARN_SECONDS):
                while not (found := self.routing.resolve(host, port, protocol)).known:
                    await changed.wait()
                    changed.clear()
                return found
        except TimeoutError:
            return self.routing.resolve(host, port, protocol)
        finally:
            self.state.listeners.remove(listener)

    def http(self, destination: Destination, request: Request, sink: Sink) -> None:
        """Send one HTTP request on its way."""
        call = Call(request.method, request.target, request.headers, request.version)
        choice = self.routing.choose(destination, call)
        if not choice.endpoints:
            sink.fail(choice.status, "no endpoint can take this request")
            return
        request.headers = self.routing.outgoing_headers(request, destination.service, choice)
        endpoint = choice.endpoints[0] if len(choice.endpoints) == 1 else self._rng.choice(choice.endpoints)
        for copy in self.routing.copies(request, choice):
            self._send(copy, CountedSink(Unheard(), copy, destination, choice, endpoint, _uncounted))
        self._send(request, CountedSink(sink, request, destination, choice, endpoint, self._record))

    def _send(self, request: Request, watched: CountedSink) -> None:
        choice, endpoint = watched.choice, watched.endpoint
        pod = self.state.pods.get(endpoint[0])
        if pod is None or not pod.joined:
            self._backs.exchange(endpoint, request, watched)
            return
        connection = self.pool.idle(endpoint[0], pod.identity)
        if connection is not None:
            connection.start(endpoint[1], frames.SPLIT if choice.split else 0, request, watched, watched.refused)
            return
        self._tasks.spawn(self._connect(endpoint, choice, request, watched))

    async def _connect(self, endpoint: Endpoint, choice: Choice, request: Request, sink: CountedSink) -> None:
        """Open a connection and send; another endpoint is tried only while nothing of the request was delivered."""
        left = [other for other in choice.endpoints if other != endpoint]
        for _ in range(_ATTEMPTS):
            pod = self.state.pods.get(endpoint[0])
            if pod is not None and not pod.joined:
                sink.endpoint = endpoint
                self._backs.exchange(endpoint, request, sink)
                return
            if pod is not None:
                try:
                    connection = await self.pool.connect(endpoint[0], pod.identity)
                except (OSError, TimeoutError):
                    pass  # the next endpoint, if there is one
                else:
                    if sink.cancelled:
                        connection.transport.close()
                        return
                    sink.endpoint = endpoint
                    connection.start(endpoint[1], frames.SPLIT if choice.split else 0, request, sink, sink.refused)
                    return
            if not left:
                break
            endpoint = left.pop(self._rng.randrange(len(left)))
        sink.fail(503, "no endpoint takes connections")

    async def open(self, destination: Destination) -> MeshConnection | PlainEnd | None:
        """Open an opaque tunnel; None when nothing can take it or policy denies it."""
        if destination.direct:
            try:
                return await dial(self.pod_ip, destination.address, PlainEnd)
            except (OSError, TimeoutError):
                return None
        choice = self.routing.choose(destination, None)
        left = list(choice.endpoints)
        for _ in range(_ATTEMPTS):
            if not left:
                return None
            address, port = left.pop(self._rng.randrange(len(left)))
            pod = self.state.pods.get(address)
            try:
                if pod is None or not pod.joined:
                    return await dial(self.pod_ip, (address, port), PlainEnd)
                connection = self.pool.idle(address, pod.identity) or await self.pool.connect(address, pod.identity)
                return connection if await connection.open(port) else None
            except (OSError, TimeoutError):
                continue
        return None

    def _record(self, counted: CountedSink) -> None:
        pod = self.state.pods.get(counted.endpoint[0])
        now = time.time()
        sample = Sample(
            at=now,
            side="client",
            protocol="HTTP/2" if counted.request.version == b"2" else "HTTP/1.1",
            source=(self.state.own["ns"], self.state.own["name"]),
            destination=None if pod is None else (pod.namespace, pod.name),
            apex=counted.destination.service,
            backend=counted.choice.backend,
            split=counted.choice.split,
            success=counted.status < 500,
            latency=now - counted.request.started,
        )
        self._recorder.record(sample)

    def _on_change(self, keys: frozenset[str]) -> None:
        for key in keys:
            if key.startswith("pod/"):
                self.pool.forget(key[4:])


def _uncounted(_: CountedSink) -> None:
    """Note nothing of a copy."""
