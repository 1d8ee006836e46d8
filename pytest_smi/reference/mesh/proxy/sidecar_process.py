"""The data plane of one pod put together: listeners, pools, state;
started when the pod has its identity and first configuration."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from pytest_smi.reference.mesh.metrics.samples import Recorder
from pytest_smi.reference.mesh.proxy.inbound import Inbound, InboundConnection
from pytest_smi.reference.mesh.proxy.mesh_client import INBOUND_PORT, MeshPool
from pytest_smi.reference.mesh.proxy.outbound import OUTBOUND_PORT, OutboundConnection
from pytest_smi.reference.mesh.proxy.outbound_udp import OutboundUdp
from pytest_smi.reference.mesh.proxy.plain_back import PlainBacks
from pytest_smi.reference.mesh.proxy.plaintext import PlaintextListeners
from pytest_smi.reference.mesh.proxy.router import Router
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.switches import Specialize, always_healthy

_DRAIN_SECONDS = 1.0


class DataPlane:
    """One pod's proxy. `replace_identity` may be called again at any time; new connections use the new certificates."""

    def __init__(self, pod_ip: str, app_ip: str, specialize: Specialize = always_healthy) -> None:
        self.pod_ip = pod_ip
        self.state = MeshState(specialize)
        self.recorder = Recorder()
        self._tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None
        backs = PlainBacks(pod_ip)
        self.pool = MeshPool(pod_ip, lambda: self._contexts()[1])
        self.inbound = Inbound(pod_ip, app_ip, self.state, backs, self.recorder)
        self.router = Router(pod_ip, self.state, self.pool, backs, self.recorder)
        self._backs = backs
        self._plaintext = PlaintextListeners(self.inbound)
        self._servers: list[asyncio.Server] = []
        self._udp: asyncio.DatagramTransport | None = None
        self.draining: list[asyncio.Server] = []

    def _contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        assert self._tls is not None, "the data plane starts after its identity is set"
        return self._tls

    async def replace_identity(self, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        """Use these certificates for connections from now on."""
        renewed = self._tls is not None
        self._tls = (server, client)
        if renewed:
            loop = asyncio.get_running_loop()
            old = self._servers[1]
            self._servers[1] = await loop.create_server(
                self._inbound, self.pod_ip, INBOUND_PORT, ssl=server, reuse_port=True
            )
            old.close()

    def _inbound(self) -> InboundConnection:
        return InboundConnection(self.inbound)

    async def start(self) -> None:
        """Listen: for the application's connections and datagrams, for other sidecars, for plaintext from outside."""
        loop = asyncio.get_running_loop()
        server = self._contexts()[0]
        self._servers.append(
            await loop.create_server(lambda: OutboundConnection(self.router), self.pod_ip, OUTBOUND_PORT, backlog=1024)
        )
        self._servers.append(
            await loop.create_server(
                self._inbound, self.pod_ip, INBOUND_PORT, ssl=server, backlog=1024, reuse_port=True
            )
        )
        transport, _ = await loop.create_datagram_endpoint(
            lambda: OutboundUdp(self.router), local_addr=(self.pod_ip, OUTBOUND_PORT)
        )
        self._udp = transport
        await self._plaintext.follow()

    async def stop(self) -> None:
        """Take no more connections, let what is under way end (within a bound), and close."""
        for server in self._servers:
            server.close()
        self._plaintext.close()
        self.inbound.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.inbound.idle()
        self.pool.close()
        self._backs.close()
        if self._udp is not None:
            self._udp.close()
