"""Workloads and Services of the sample application: what they are, and the calls that can be made between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.probing.plan import Call, Headers, Request

HTTP, HTTP_2ND, TCP, TCP_SERVER_FIRST, UDP, UDP_2ND, HEALTH = 8080, 8081, 9000, 9001, 9100, 9101, 8086
"""The sample application's ports."""
DEFAULT_PORTS: Mapping[str, int] = {
    "8080/TCP": HTTP,
    "8081/TCP": HTTP_2ND,
    "9000/TCP": TCP,
    "9001/TCP": TCP_SERVER_FIRST,
    "9100/UDP": UDP,
    "9101/UDP": UDP_2ND,
}
"""Service port and protocol to target port, where a scenario does not say otherwise."""


def family_of(port: str, target: int) -> str:
    """Return the protocol family of a port `8080/TCP` with its target port: http, tcp or udp."""
    return "udp" if port.endswith("/UDP") else "http" if target in (HTTP, HTTP_2ND) else "tcp"


def protocol_of(port: str, target: int) -> str:
    """Return what a port `9001/TCP` with its target port speaks, one of the profile's `PROTOCOLS`:
    on TCP it matters who speaks first.

    HTTP/1.1 and HTTP/2 with prior knowledge share a port, so both are `http`.
    """
    family = family_of(port, target)
    return "tcp-server-first" if family == "tcp" and target == TCP_SERVER_FIRST else family


@dataclass(frozen=True, slots=True)
class Pod:
    """A Ready pod."""

    namespace: str
    name: str
    ip: str
    account: str
    node: str = ""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Kubernetes Service in front of workloads, addressed as the profile says."""

    name: str
    namespace: str
    host: str
    workloads: tuple[Workload, ...]
    ports: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_PORTS), hash=False)
    addresses: Addresses | None = None
    """Names by family and place of the client; None: `host` for all."""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def qualified(self) -> str:
        """The fully qualified name: with the cluster domain that the profile names, else `cluster.local`."""
        start = f"{self.name}.{self.namespace}.svc"
        return self.host.removesuffix(".") if self.host.startswith(f"{start}.") else f"{start}.cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodAddress:
    """A pod addressed by its IP, with the host name of its workload's Service as Host header."""

    workload: Workload
    pod: Pod


class Workload:
    """A Deployment of the sample application (or a `bare` pod) with its ServiceAccount and, usually, a Service of its
    own.

    `pods` waits until all replicas are Ready, so that several workloads deployed one after the other start together.
    """

    def __init__(
        self,
        *,
        name: str,
        namespace: str,
        account: str,
        host: str,
        replicas: int,
        joined: bool,
        title: str,
        await_pods: Callable[[Workload], Sequence[Pod]],
        addresses: Addresses | None = None,
        bare: bool = False,
    ) -> None:
        self.name, self.namespace, self.account, self.host = name, namespace, account, host
        self.replicas, self.joined, self.title = replicas, joined, title
        self.addresses, self.bare = addresses, bare
        self._await_pods = await_pods
        self._pods: tuple[Pod, ...] | None = None
        self.former: frozenset[str] = frozenset()
        """Names of the pods that were replaced."""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The Ready pods."""
        self.await_ready()
        assert self._pods is not None
        return self._pods

    def await_ready(self) -> None:
        """Wait until all replicas are Ready; raises DeadlinePassed."""
        if self._pods is None:
            self._pods = tuple(self._await_pods(self))

    def renew(self) -> None:
        """Forget the pods, which are being replaced; others are awaited when they are next needed."""
        self.former |= {pod.name for pod in self.pods}
        self._pods = None

    @property
    def deployed(self) -> bool:
        """Whether the pods are known already."""
        return self._pods is not None

    def at_pod(self, index: int = 0) -> PodAddress:
        """Return address one pod by its IP."""
        return PodAddress(workload=self, pod=self.pods[index])

    def get(
        self, target: Target, path: str = "/", *, headers: Headers = (), port: int = HTTP, version: str = "1.1"
    ) -> Call:
        """Return a GET from this workload's first pod."""
        return self.http(target, Request(path=path, headers=headers), port=port, version=version)

    def send(
        self,
        method: str,
        target: Target,
        path: str = "/",
        *,
        headers: Headers = (),
        port: int = HTTP,
        body: str | None = None,
    ) -> Call:
        """Return a request with any method."""
        return self.http(target, Request(method=method, path=path, headers=headers, body=body), port=port)

    def http(
        self, target: Target, *requests: Request, port: int = HTTP, version: str = "1.1", connection: str = "fresh"
    ) -> Call:
        """Any HTTP traffic: several request templates are sent in order,
        over fresh connections or one that is reused."""
        return self._call(target, port, kind="http", requests=requests, version=version, connection=connection)

    def tcp(self, target: Target, *, port: int = TCP, payload: int = 0) -> Call:
        """Return a raw TCP connection with a nonce in it, and so many bytes that must come back;
        the server speaks first on port 9001."""
        mode = "server-first" if port == TCP_SERVER_FIRST else "client-first"
        return replace(self._call(target, port, kind="tcp", mode=mode), payload=payload)

    def udp(self, target: Target, *, port: int = UDP) -> Call:
        """Return a datagram with a nonce in it."""
        return self._call(target, port, kind="udp")

    def _call(
        self,
        target: Target,
        port: int,
        *,
        kind: str,
        requests: tuple[Request, ...] = (Request(),),
        version: str = "1.1",
        mode: str = "client-first",
        connection: str = "fresh",
    ) -> Call:
        address = target.pod.ip if isinstance(target, PodAddress) else None
        server = target.workload if isinstance(target, PodAddress) else target
        return Call(
            source=self.pods[0].key,
            client=self.title,
            server=server.key,
            host=host_for(server, kind, outside=not self.joined),
            outside=not self.joined,
            account=f"{self.namespace}/{self.account}",
            server_account=_account_of(server),
            port=port,
            address=address,
            kind=kind,
            version=version,
            mode=mode,
            connection=connection,
            requests=requests,
        )


Target = Workload | Service | PodAddress


def _account_of(server: Workload | Service) -> str:
    workloads = (server,) if isinstance(server, Workload) else server.workloads
    accounts = {f"{workload.namespace}/{workload.account}" for workload in workloads}
    return accounts.pop() if len(accounts) == 1 else ""


def host_for(server: Workload | Service, family: str, *, outside: bool) -> str:
    """Return the name under which a client inside or outside the mesh addresses a server for calls of a family."""
    return server.addresses.of_call(family, outside=outside) if server.addresses else server.host


def ready_pod(pod: Mapping[str, Any]) -> Pod | None:
    """Return a pod of the cluster as the suite knows it; None while it is not Ready, or is being deleted."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    if metadata.get("deletionTimestamp") or conditions.get("Ready") != "True" or not status.get("podIP"):
        return None
    spec = pod["spec"]
    return Pod(
        metadata["namespace"],
        metadata["name"],
        status["podIP"],
        spec.get("serviceAccountName", "default"),
        spec.get("nodeName", ""),
    )
