"""Where an outgoing call goes: from the address that the application used to an endpoint, through mutual TLS where there is a sidecar."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pytest_smi.reference.mesh.metrics.samples import Recorder, Sample
from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.dial import dial
from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request, Sink
from pytest_smi.reference.mesh.proxy.mesh_client import MeshConnection, MeshPool
from pytest_smi.reference.mesh.proxy.plain_back import PlainBacks
from pytest_smi.reference.mesh.proxy.stacks import Stacks
from pytest_smi.reference.mesh.proxy.state import AUTO, HTTP, TCP, MeshState
from pytest_smi.reference.mesh.proxy.tunnel import PlainEnd
from pytest_smi.reference.mesh.splits import Call, Choice, Endpoint, PortKey, ServiceKey, Turning, choose

LEARN_SECONDS = 0.3
"""How long a connection to an address that the configuration does not know (yet) waits for it."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What an address means: a Service's port, or one address (`service` is None). `known` is False for addresses outside the cluster."""

    address: Endpoint
    service: ServiceKey | None
    port: PortKey
    hint: str
    known: bool
    direct: bool = False
    """Whether the call passes by the mesh."""


class Router:
    """Routes the calls of one pod."""

    def __init__(
        self, pod_ip: str, state: MeshState, pool: MeshPool, backs: PlainBacks, recorder: Recorder, rng: random.Random | None = None
    ) -> None:
        self.pod_ip = pod_ip
        self.state = state
        self.pool = pool
        self._backs = backs
        self._recorder = recorder
        self._rng = rng or random.Random()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sticky: dict[ServiceKey, str] = {}
        self._stacks = Stacks()
        self._turning = Turning()
        state.listeners.append(self._on_change)

    def resolve(self, host: str, port: int, protocol: str) -> Destination:
        """What an address means now."""
        key = (port, protocol)
        service = self.state.by_cluster_ip.get(host)
        if self.state.faults.on("enforced-at-client"):
            service = self.state.mesh_names.get(host)
            if service is None:
                return Destination(address=(host, port), service=None, port=key, hint=TCP, known=True, direct=True)
        if service is not None:
            hint = self.state.hints.get((service, key), AUTO)
            return Destination(address=(host, port), service=service, port=key, hint=hint, known=True)
        pod = self.state.pods.get(host)
        hint = AUTO if pod is None else pod.hints.get(port, AUTO)
        return Destination(address=(host, port), service=None, port=key, hint=hint, known=pod is not None)

    async def learn(self, host: str, port: int, protocol: str) -> Destination:
        """What an address means, given a short while for the configuration to tell."""
        changed = asyncio.Event()

        def listener(_: frozenset[str]) -> None:
            changed.set()

        self.state.listeners.append(listener)
        try:
            async with asyncio.timeout(LEARN_SECONDS):
                while not (found := self.resolve(host, port, protocol)).known:
                    await changed.wait()
                    changed.clear()
                return found
        except TimeoutError:
            return self.resolve(host, port, protocol)
        finally:
            self.state.listeners.remove(listener)

    def has_segments(self, destination: Destination) -> bool:
        """Whether a split of the destination looks at requests."""
        return destination.service is not None and any(split.routes is not None for split in self.state.splits_of(destination.service))

    def choose(self, destination: Destination, call: Call | None) -> Choice:
        """The endpoints that one call may go to."""
        if destination.service is None:
            return Choice(endpoints=(destination.address,), split=None, backend=None)
        root = self.state.services.get(destination.service)
        if root is None:
            return Choice(endpoints=(), split=None, backend=None)
        splits = self.state.splits_of(root.key)
        faults = self.state.faults
        if faults.on("split-waits-for-idle-client"):
            splits = self._stacks.splits(root.key, splits, float(self.state.traits.get("idle", 0)))
        rng = self._turning if faults.on("split-in-turn") else self._rng
        choice = choose(root, destination.port, call, splits, self.state.services, rng, faults)
        if choice.split is not None and faults.on("split-needs-grant-on-every-backend"):
            callers = next((split.callers for split in splits if split.key == choice.split), None)
            if callers is not None and (self.state.own.get("ns"), self.state.own.get("sa")) not in callers:
                return Choice(endpoints=(), split=choice.split, backend=None, denied=True)
        if choice.backend is not None and self._hashed_to_one() and self.state.faults.on("split-client-sticks"):
            kept = self._sticky.setdefault(root.key, choice.backend)
            backend = self.state.services.get((root.key[0], kept))
            if backend is not None:
                return Choice(endpoints=backend.ports.get(destination.port, ()), split=choice.split, backend=kept)
        return choice

    def _hashed_to_one(self) -> bool:
        """For a fault: whether this client is one of those that the hash of their account pins to one backend."""
        return sum(str(self.state.own.get("sa", "")).encode()) % 2 == 0

    def http(self, destination: Destination, request: Request, sink: Sink) -> None:
        """Send one HTTP request on its way."""
        call = Call(request.method, request.target, request.headers, request.version)
        choice = self.choose(destination, call)
        if not choice.endpoints:
            sink.fail(403 if choice.denied else 503, "no endpoint can take this request")
            return
        if choice.backend is not None and self.state.faults.on("split-rewrites-host"):
            host = f"{choice.backend}.{root_namespace(destination)}.{self.state.traits.get('domain', 'mesh')}".encode()
            request.headers = [(name, host if name.lower() == b"host" else value) for name, value in request.headers]
        endpoint = choice.endpoints[0] if len(choice.endpoints) == 1 else self._rng.choice(choice.endpoints)
        watched = _Counted(sink, request, destination, choice, endpoint, self._record)
        pod = self.state.pods.get(endpoint[0])
        if pod is None or not pod.joined:
            self._backs.exchange(endpoint, request, watched)
            return
        connection = self.pool.idle(endpoint[0], pod.identity)
        if connection is not None:
            connection.start(endpoint[1], frames.SPLIT if choice.split else 0, request, watched, watched.refused)
            return
        self._spawn(self._connect(endpoint, choice, request, watched))

    async def _connect(self, endpoint: Endpoint, choice: Choice, request: Request, sink: _Counted) -> None:
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
        choice = self.choose(destination, None)
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

    def _spawn(self, coroutine: object) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)  # type: ignore[arg-type]  # coroutines of this class
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _record(self, counted: _Counted) -> None:
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


def root_namespace(destination: Destination) -> str:
    """The namespace of the Service that is called; empty for plain addresses."""
    return "" if destination.service is None else destination.service[0]


class _Counted:
    """A sink that notes the exchange for the metrics API when it ends, unless policy refused it."""

    def __init__(
        self,
        sink: Sink,
        request: Request,
        destination: Destination,
        choice: Choice,
        endpoint: Endpoint,
        record: Callable[[_Counted], None],
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


__all__ = ["HTTP", "TCP", "Destination", "Router"]
