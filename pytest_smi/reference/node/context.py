"""What the parts of the node share: the store, the API server's face, images, the zygote, addresses, folders,
faults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.addresses import Network
from pytest_smi.reference.node.cluster_faults import ClusterFaults
from pytest_smi.reference.node.events import EventRecorder
from pytest_smi.reference.node.images import Images
from pytest_smi.reference.node.netmap import NetmapWriter
from pytest_smi.reference.node.zygote_client import ZygoteClient

NODE_NAME = "reference-node"
PODS = ResourceKey("", "pods")
SERVICES = ResourceKey("", "services")
ENDPOINTS = ResourceKey("", "endpoints")
ENDPOINT_SLICES = ResourceKey("discovery.k8s.io", "endpointslices")
NAMESPACES = ResourceKey("", "namespaces")
NODES = ResourceKey("", "nodes")
EVENTS = ResourceKey("", "events")
DAEMON_SETS = ResourceKey("apps", "daemonsets")
DEPLOYMENTS = ResourceKey("apps", "deployments")
REPLICA_SETS = ResourceKey("apps", "replicasets")


class Api(Protocol):
    """The part of the API server that the node needs besides the store."""

    @property
    def url(self) -> str:
        """Where it listens: https://127.0.0.1:PORT."""

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that clients trust."""

    async def create(self, key: ResourceKey, obj: dict[str, Any]) -> Any:
        """Admit (webhooks included), validate and store a new object."""

    def issue_service_account_token(self, namespace: str, name: str, pod: str | None = None) -> str:
        """Return a token for a pod's service account."""


@dataclass(slots=True, kw_only=True)
class NodeContext:
    """Handed to kubelet and controllers. `api` is set once the API server exists; `folder` holds the pods' folders."""

    store: Store
    images: Images
    zygote: ZygoteClient
    network: Network
    netmap: NetmapWriter
    events: EventRecorder
    faults: ClusterFaults
    folder: Path
    api: Api | None = None
