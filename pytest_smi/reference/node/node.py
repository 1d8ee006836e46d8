"""The embedded node as one thing: addresses, netmap, kubelet and controllers around a store.

Order of life: `prepare` (before the API server, gives it pod access, addresses and service look-up),
`start` (after it), `stop`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.objects import Event
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.addresses import claim_network
from pytest_smi.reference.node.cluster_faults import ClusterFaults
from pytest_smi.reference.node.context import PODS, SERVICES, Api, NodeContext
from pytest_smi.reference.node.controllers.daemon_sets import DaemonSetController
from pytest_smi.reference.node.controllers.deployments import DeploymentController
from pytest_smi.reference.node.controllers.endpoints import EndpointsController
from pytest_smi.reference.node.controllers.namespaces import NamespaceController
from pytest_smi.reference.node.controllers.replica_sets import ReplicaSetController
from pytest_smi.reference.node.controllers.work_queue import WorkQueue
from pytest_smi.reference.node.events import EventRecorder
from pytest_smi.reference.node.images import Images
from pytest_smi.reference.node.kubelet import Kubelet
from pytest_smi.reference.node.netmap import NetmapWriter, resolve_service
from pytest_smi.reference.node.pod_access import NodePodAccess
from pytest_smi.reference.node.zygote_client import ZygoteClient


class EmbeddedNode:
    """Build it in the event loop, with a zygote that is started but need not be connected yet."""

    def __init__(
        self, *, store: Store, zygote: ZygoteClient, images: Images, state_dir: Path, faults: ClusterFaults
    ) -> None:
        network = claim_network()
        folder = state_dir / "p"
        folder.mkdir(mode=0o700)
        self._context = NodeContext(
            store=store,
            images=images,
            zygote=zygote,
            network=network,
            netmap=NetmapWriter(state_dir / "netmap.json", store, network.prefix),
            events=EventRecorder(store),
            faults=faults,
            folder=folder,
        )
        self.pod_access = NodePodAccess()
        self._kubelet = Kubelet(self._context)
        self._queues: list[WorkQueue] = []

    def allocate_cluster_ip(self) -> str:
        """Return a free ClusterIP."""
        return self._context.network.cluster_ips.take()

    def resolve_service(self, namespace: str, name: str, port: int) -> tuple[str, int] | None:
        """See services.resolve_service."""
        return resolve_service(self._context.store, namespace, name, port)

    async def start(self, api: Api, *, version: str) -> None:
        """Run what is in the store and what comes; `api` listens already."""
        context = self._context
        context.api = api
        await context.zygote.connect()
        host, _, port = api.url.partition("//")[2].rstrip("/").partition(":")
        context.netmap.start((host, int(port)))
        store = context.store
        # A ClusterIP that a client chose must not be given out again.
        store.subscribe(SERVICES, self._reserve)
        events = EventRecorder(store, component="controller-manager", host="")

        async def create_pod(pod: dict[str, Any]) -> Any:
            return await api.create(PODS, pod)

        self._queues = [
            DaemonSetController(store, events, create_pod).queue,
            DeploymentController(store, events).queue,
            ReplicaSetController(store, events, create_pod).queue,
            EndpointsController(store, context.network.cluster_ips.give_back).queue,
            NamespaceController(store).queue,
        ]
        self.pod_access.context = context
        self.pod_access.runners = self._kubelet
        self._kubelet.start(version=version)

    def ready(self) -> None:
        """The cluster was announced as ready: faults that count from there begin."""
        if self._context.faults.dns_dead:
            self._context.netmap.kill_dns()

    async def stop(self) -> None:
        """End every pod and give the addresses back; the zygote is its owner's to close."""
        for queue in self._queues:
            await queue.stop()
        await self._kubelet.stop()
        self._context.network.close()

    def _reserve(self, event: Event) -> None:
        address = event.object["spec"].get("clusterIP")
        if event.type == "ADDED" and address:
            self._context.network.cluster_ips.reserve(address)
