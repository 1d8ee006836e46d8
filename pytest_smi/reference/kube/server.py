"""The embedded API server: composes its parts, listens with TLS on loopback, and writes the kubeconfig.

Controllers in the same process use `create` for objects that must be admitted like a client's (pods),
and the store for the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from pytest_smi.reference.kube import bootstrap, certificates
from pytest_smi.reference.kube.aggregation import Aggregator
from pytest_smi.reference.kube.crds import CRDS, CrdController
from pytest_smi.reference.kube.dialing import ResolveService
from pytest_smi.reference.kube.garbage import GarbageCollector
from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.operations import Operations
from pytest_smi.reference.kube.parts import Parts
from pytest_smi.reference.kube.podaccess import PodAccess
from pytest_smi.reference.kube.rbac import AUTHENTICATED, MASTERS, Authorizer, User
from pytest_smi.reference.kube.registry import Registry
from pytest_smi.reference.kube.requests import RequestHandler
from pytest_smi.reference.kube.status import NotFound, ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.tokens import Tokens
from pytest_smi.reference.kube.webhooks import Webhooks

LARGEST_BODY = 3 * 1024 * 1024
STOP_WAIT = 0.25
"""Seconds that requests under way have to end when the server stops."""
CONTROLLER = User(name="system:kube-controller-manager", groups=(MASTERS, AUTHENTICATED))
_NAMES = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
]


class ApiServer:
    """One cluster's API server.

    `state_dir` must exist; the kubeconfig is written there. `pod_access` serves exec and logs. `allocate_cluster_ip`
    gives a free ClusterIP for a Service. `resolve_service` maps a Service's namespace, name and port to the (ip, port)
    of a ready endpoint, for webhooks and aggregated APIs. `addresses` are the loopback addresses to listen on,
    all with the same port; `url` names the first.
    """

    def __init__(
        self,
        store: Store,
        *,
        state_dir: Path,
        pod_access: PodAccess | None = None,
        allocate_cluster_ip: Callable[[], str] | None = None,
        resolve_service: ResolveService | None = None,
        clock: Callable[[], float] = time.time,
        addresses: Sequence[str] = ("127.0.0.1",),
    ) -> None:
        self.store = store
        self.registry = Registry()
        self.url = ""
        self.port = 0
        self.cluster_ip = ""
        self.kubeconfig_path = state_dir / "kubeconfig"
        self._state_dir = state_dir
        self._addresses = tuple(addresses)
        self._allocate = allocate_cluster_ip
        self._authority = certificates.Authority("smi-reference-ca")
        self._proxy_authority = certificates.Authority("smi-reference-front-proxy-ca")
        self.ca_pem = self._authority.pem
        self._tokens = Tokens(store, clock)
        self.admin_token = self._tokens.admin
        self._webhooks = Webhooks(store, resolve_service)
        proxy_pair = self._proxy_authority.issue("front-proxy-client", names=[], addresses=[], client=True)
        authorizer = Authorizer(store)
        self._parts = Parts(
            store=store,
            registry=self.registry,
            operations=Operations(store, self._webhooks.admit, allocate_cluster_ip, authorizer),
            tokens=self._tokens,
            authorizer=authorizer,
            aggregator=Aggregator(store, resolve_service, proxy_pair, state_dir),
            pod_access=pod_access,
            clock=clock,
        )
        self._controllers = (
            CrdController(store, self.registry),
            GarbageCollector(store),
            bootstrap.LocalApiServices(store, self.registry),
            bootstrap.NamespaceContents(store, self.ca_pem.decode()),
        )
        store.subscribe(CRDS, self._end_watches)
        self._handler = RequestHandler(self._parts)
        self._web: web.Server | None = None
        self._listeners: list[asyncio.Server] = []

    async def start(self) -> None:
        """Fill the store, listen, write the kubeconfig. Raises OSError when an address cannot be listened on."""
        bootstrap.fill(self.store, self.registry, self._proxy_authority.pem.decode())
        self.cluster_ip = self._allocate() if self._allocate else ""
        addresses = [*self._addresses, *([self.cluster_ip] if self.cluster_ip else [])]
        pair = self._authority.issue("kube-apiserver", names=_NAMES, addresses=addresses)
        context = certificates.server_context(pair, self._state_dir)
        loop = asyncio.get_running_loop()
        self._web = web.Server(
            self._handler.handle,
            request_factory=_request_factory(loop),
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=3600.0,
        )
        for address in self._addresses:
            listener = await loop.create_server(self._web, address, self.port, ssl=context, backlog=512)
            self.port = listener.sockets[0].getsockname()[1]
            self._listeners.append(listener)
        self.url = f"https://{self._addresses[0]}:{self.port}"
        if self.cluster_ip:
            bootstrap.kubernetes_service(self.store, self.cluster_ip, self._addresses[-1], self.port)
        certificates.write_kubeconfig(
            self.kubeconfig_path, certificates.kubeconfig(self.url, self.ca_pem, self.admin_token)
        )
        self._parts.aggregator.start()

    async def stop(self) -> None:
        """End every watch and connection and remove the kubeconfig."""
        for listener in self._listeners:
            listener.close()
        for watcher in list(self._parts.watchers):
            watcher.close()
        if self._web is not None:
            await self._web.shutdown(STOP_WAIT)
        endings = [task for task in self._parts.endings if task.cancel()]
        await asyncio.gather(*endings, return_exceptions=True)
        await self._parts.aggregator.stop()
        await self._webhooks.close()
        for controller in self._controllers:
            controller.stop()
        self.kubeconfig_path.unlink(missing_ok=True)

    def issue_service_account_token(self, namespace: str, name: str, pod: str | None = None) -> str:
        """Return a token for a service account, bound to a pod when given; raises NotFound."""
        return self._tokens.issue(namespace, name, pod=pod, seconds=24 * 3600)[0]

    async def create(self, key: ResourceKey, obj: Object, *, user: User = CONTROLLER) -> Object:
        """Create as a client would: defaults, webhooks, validation, namespace lifecycle. Raises ApiErrors."""
        named = self.registry.by_kind(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))
        resource = named if named is not None and named.key == key else self.registry.any_version(key)
        if resource is None:
            raise NotFound(key, "")
        return await self._parts.operations.create(resource, obj["metadata"].get("namespace") or "", obj, user=user)

    def _end_watches(self, event: Event) -> None:
        """A kind that goes takes its watches along."""
        if event.type == "DELETED":
            spec = event.object["spec"]
            key = ResourceKey(spec["group"], spec["names"]["plural"])
            for watcher in [watcher for watcher in self._parts.watchers if watcher.key == key]:
                watcher.close()


def _request_factory(loop: asyncio.AbstractEventLoop) -> Callable[..., web.BaseRequest]:
    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)

    return make
