"""The application's outgoing datagrams: one flow per socket and destination,
tunnelled to the called pod's sidecar where there is one."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from typing import Any

from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.mesh_client import MeshConnection
from pytest_smi.reference.mesh.proxy.router import Router
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.tasks import Tasks

FLOW_SECONDS = 30.0
_PREFIX = 6
_MAX_EARLY = 64


class OutboundUdp(asyncio.DatagramProtocol):
    """Receives redirected datagrams (prefixed with their destination) and sends the replies back
    with the same prefix."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._numbers = itertools.count(1)
        self._flows: dict[tuple[Any, bytes], _Flow] = {}
        self._by_number: dict[int, _Flow] = {}
        self._carriers: dict[tuple[str, Identity], asyncio.Task[MeshConnection]] = {}
        self._tasks = Tasks()
        self._transport: asyncio.DatagramTransport
        router.state.listeners.append(self._on_change)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]  # a datagram transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Send one datagram on its way."""
        if len(data) < _PREFIX:
            return
        prefix = data[:_PREFIX]
        flow = self._flows.get((addr, prefix))
        if flow is None or (flow.broken and not flow.opening):
            self._prune()
            number = next(self._numbers)
            flow = self._flows[(addr, prefix)] = self._by_number[number] = _Flow(self, number, addr, prefix)
            self._tasks.spawn(self._open(flow))
        flow.send(data[_PREFIX:])

    async def _open(self, flow: _Flow) -> None:
        try:
            await self._open_flow(flow)
        except (OSError, TimeoutError):
            flow.broken = True
        finally:
            flow.opening = False

    async def _open_flow(self, flow: _Flow) -> None:
        host, port = socket.inet_ntoa(flow.prefix[:4]), int.from_bytes(flow.prefix[4:], "big")
        router = self._router
        destination = router.routing.resolve(host, port, "UDP")
        if not destination.known:
            destination = await router.learn(host, port, "UDP")
        if destination.direct:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: flow, local_addr=(router.pod_ip, 0), remote_addr=(host, port))
            return
        endpoints = list(router.routing.choose(destination, None).endpoints)
        if not endpoints:
            flow.broken = True
            return
        # A flow stays with its endpoint; the number of the flow spreads flows over endpoints.
        address, target = endpoints[flow.number % len(endpoints)]
        pod = router.state.pods.get(address)
        if pod is not None and pod.joined:
            flow.use_mesh(await self._carrier(address, pod.identity), target)
        else:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(
                lambda: flow, local_addr=(router.pod_ip, 0), remote_addr=(address, target)
            )

    async def _carrier(self, address: str, identity: Identity) -> MeshConnection:
        key = (address, identity)
        known = self._carriers.get(key)
        if known is not None and _is_lost(known):
            known = None
        if known is None:
            known = self._carriers[key] = asyncio.get_running_loop().create_task(
                self._router.pool.connect(address, identity, self._on_reply)
            )
        return await asyncio.shield(known)

    def _on_reply(self, number: int, data: bytes) -> None:
        flow = self._by_number.get(number)
        if flow is not None:
            self.reply(flow, data)

    def reply(self, flow: _Flow, data: bytes) -> None:
        """Hand a reply to the application."""
        flow.used = time.monotonic()
        self._transport.sendto(flow.prefix + data, flow.client)

    def _prune(self) -> None:
        old = time.monotonic() - FLOW_SECONDS
        for flow in [flow for flow in self._by_number.values() if flow.used < old]:
            del self._by_number[flow.number]
            if self._flows.get((flow.client, flow.prefix)) is flow:
                del self._flows[(flow.client, flow.prefix)]
            flow.close()
        for key in [key for key, task in self._carriers.items() if _is_lost(task)]:
            del self._carriers[key]

    def _on_change(self, keys: frozenset[str]) -> None:
        # Splits, endpoints or pods have changed: later datagrams choose anew, replies to earlier ones still arrive.
        if any(not key.startswith("grants") for key in keys):
            self._flows.clear()

    def error_received(self, exc: Exception) -> None:
        """A refused datagram is lost, as datagrams are."""


def _is_lost(carrier: asyncio.Task[MeshConnection]) -> bool:
    return carrier.done() and (carrier.cancelled() or carrier.exception() is not None or carrier.result().lost)


class _Flow(asyncio.DatagramProtocol):
    """One flow; also the protocol of its plain socket when the destination has no sidecar."""

    def __init__(self, owner: OutboundUdp, number: int, client: Any, prefix: bytes) -> None:
        self._owner = owner
        self.number = number
        self.client = client
        self.prefix = prefix
        self.used = time.monotonic()
        self.opening = True
        self._broken = False
        self._early: list[bytes] = []
        self._plain: asyncio.DatagramTransport | None = None
        self._mesh: tuple[MeshConnection, int] | None = None

    @property
    def broken(self) -> bool:
        """Whether this flow leads nowhere (any more)."""
        return self._broken or (self._mesh is not None and self._mesh[0].lost)

    @broken.setter
    def broken(self, value: bool) -> None:
        self._broken = value

    def use_mesh(self, connection: MeshConnection, port: int) -> None:
        """Send through another sidecar, starting with what had to wait."""
        self._mesh = (connection, port)
        self._send_early()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send through a plain socket, starting with what had to wait."""
        self._plain = transport  # type: ignore[assignment]  # a datagram transport
        self._send_early()

    def _send_early(self) -> None:
        for data in self._early:
            self.send(data)
        self._early.clear()

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self.used = time.monotonic()
        if self._mesh is not None:
            connection, port = self._mesh
            connection.send(frames.datagram_frame(self.number, port, data))
        elif self._plain is not None:
            self._plain.sendto(data)
        elif len(self._early) < _MAX_EARLY:
            self._early.append(data)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand on a reply from the plain socket."""
        self._owner.reply(self, data)

    def error_received(self, exc: Exception) -> None:
        """A refused datagram is lost, as datagrams are."""

    def close(self) -> None:
        """Close the plain socket."""
        if self._plain is not None:
            self._plain.close()
