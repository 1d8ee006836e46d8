"""What the oracle is asked about: the objects of a cluster as one world, and the requests and calls in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_smi.smi.model import (
    HTTPRouteGroup,
    IdentityBinding,
    SmiObject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)

Key = tuple[str, str]
"""Namespace and name."""
PortKey = tuple[int, str]
"""Number of a Service's port, and its transport (TCP or UDP)."""
TRUST_DOMAIN = "cluster.local"
"""The trust domain of an identity that is not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A pod as a caller or as the one that is called. Without an account it is something outside of the cluster."""

    namespace: str
    account: str
    labels: tuple[tuple[str, str], ...] = ()
    member: bool = True
    """Whether it is in the mesh."""
    spiffe: str = ""
    """Its SPIFFE identity without the scheme; empty: that of its ServiceAccount in the default trust domain."""

    @property
    def identity(self) -> str:
        """Its SPIFFE identity, without the scheme."""
        return self.spiffe or f"{TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked for: an HTTP request, a raw TCP connection or a UDP datagram."""

    protocol: str
    """HTTP, TCP or UDP."""
    method: str = ""
    path: str = ""
    """The request target as sent: path and query."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def transport(self) -> str:
        """TCP or UDP."""
        return "UDP" if self.protocol == "UDP" else "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call from a workload to a pod."""

    source: Workload
    destination: Workload
    call: Call
    port: int | None = None
    """The pod's port; None leaves it open, and a limit to ports then counts as met."""
    service_port: int | None = None
    """The port of the Service through which the pod is called, where it has another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service: its ports, and what is known of the pods behind it."""

    name: str
    namespace: str
    ports: Mapping[PortKey, int | str]
    """Port → its target port (a number, or the name of one)."""
    usual: bool = True
    """Whether it has a cluster IP: neither headless nor ExternalName."""
    ready: bool | None = None
    """Whether a pod behind it is ready; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An SMI object that its version's reader refuses: it grants nothing."""

    kind: str
    key: Key
    reason: str
    root: str = ""
    """Of a TrafficSplit: the Service that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an object's text says beyond its record."""

    version: str
    owner: str = ""
    """Kind and name of the object's owner."""
    notes: tuple[str, ...] = ()
    """What readers of that version leave aside, a sentence each."""
    questions: tuple[str, ...] = ()
    """Open questions (AMB-n) that the way in which it is written raises."""


ObjectId = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All objects that bear on a decision."""

    targets: tuple[TrafficTarget, ...] = ()
    groups: Mapping[Key, HTTPRouteGroup] = field(default_factory=dict)
    tcp_routes: Mapping[Key, TCPRoute] = field(default_factory=dict)
    udp_routes: Mapping[Key, UDPRoute] = field(default_factory=dict)
    bindings: Mapping[Key, IdentityBinding] = field(default_factory=dict)
    splits: tuple[TrafficSplit, ...] = ()
    services: Mapping[Key, Service] = field(default_factory=dict)
    services_known: bool = False
    """Whether a Service that is not here is not there, rather than left out of the files."""
    workloads: tuple[Workload, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    written: Mapping[ObjectId, Written] = field(default_factory=dict)
    portless: frozenset[ObjectId] = frozenset()
    """TCPRoutes and UDPRoutes of a version with ports that leave the key out (AMB-25)."""
    by_destination: Mapping[str, tuple[TrafficTarget, ...]] = field(default_factory=dict)
    """Targets by the name of their destination; those whose destination is no ServiceAccount are under the empty
    name."""
    by_root: Mapping[Key, tuple[TrafficSplit, ...]] = field(default_factory=dict)

    renumbered: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)
    """Namespace → (port, target port) of its Services where the two differ."""

    def aimed_at(self, workload: Workload) -> Iterable[TrafficTarget]:
        """Return the targets whose destination may be this workload."""
        yield from self.by_destination.get(workload.account, ()) if workload.account else ()
        yield from self.by_destination.get("", ())


def world_of(
    records: Iterable[SmiObject],
    *,
    services: Iterable[Service] = (),
    services_known: bool = False,
    workloads: Iterable[Workload] = (),
    unreadable: Iterable[Unreadable] = (),
    written: Mapping[ObjectId, Written] | None = None,
    portless: Iterable[ObjectId] = (),
) -> World:
    """Gather canonical records into a world; of two objects of one kind and name the later counts.

    With some Services, all are known.
    """
    found: dict[type, dict[Key, SmiObject]] = {}
    for record in records:
        found.setdefault(type(record), {})[(record.namespace, record.name)] = record
    targets: list[TrafficTarget] = [
        one for one in found.get(TrafficTarget, {}).values() if isinstance(one, TrafficTarget)
    ]
    splits: list[TrafficSplit] = [one for one in found.get(TrafficSplit, {}).values() if isinstance(one, TrafficSplit)]
    by_destination: dict[str, list[TrafficTarget]] = {}
    for target in targets:
        name = target.destination.name if target.destination.kind == "ServiceAccount" else ""
        by_destination.setdefault(name, []).append(target)
    by_root: dict[Key, list[TrafficSplit]] = {}
    for split in splits:
        root = root_of(split)
        if root is not None:
            by_root.setdefault(root, []).append(split)
    by_key = {(one.namespace, one.name): one for one in services}
    renumbered: dict[str, set[tuple[int, int]]] = {}
    for service in by_key.values():
        pairs = (
            (number, target)
            for (number, _), target in service.ports.items()
            if isinstance(target, int) and target != number
        )
        renumbered.setdefault(service.namespace, set()).update(pairs)
    return World(
        targets=tuple(targets),
        groups={key: one for key, one in found.get(HTTPRouteGroup, {}).items() if isinstance(one, HTTPRouteGroup)},
        tcp_routes={key: one for key, one in found.get(TCPRoute, {}).items() if isinstance(one, TCPRoute)},
        udp_routes={key: one for key, one in found.get(UDPRoute, {}).items() if isinstance(one, UDPRoute)},
        bindings={key: one for key, one in found.get(IdentityBinding, {}).items() if isinstance(one, IdentityBinding)},
        splits=tuple(splits),
        services=by_key,
        services_known=services_known or bool(by_key),
        workloads=tuple(workloads),
        unreadable=tuple(unreadable),
        written=dict(written or {}),
        portless=frozenset(portless),
        by_destination={name: tuple(some) for name, some in by_destination.items()},
        by_root={key: tuple(some) for key, some in by_root.items()},
        renumbered={namespace: frozenset(pairs) for namespace, pairs in renumbered.items()},
    )


def root_of(split: TrafficSplit) -> Key | None:
    """Return the root Service of a split, which may be written with its namespace or as an FQDN;
    None when that is of another namespace."""
    name, _, rest = split.service.partition(".")
    namespace, _, domain = rest.partition(".")
    if rest and (namespace != split.namespace or (domain and domain != "svc" and not domain.startswith("svc."))):
        return None
    return split.namespace, name
