"""What one sidecar knows: the cluster's services, pods and splits, its own pod and policy,
as the configuration stream tells; no I/O.

Configuration is a flat dictionary of keys, the same for all sidecars (`svc/NS/NAME`, `pod/IP`, `split/NS/NAME`,
`faults`; under a persona also `name/IP` and `traits`) or the pod's own (`self`, `grants`).
See `snapshot.py` for the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_smi.reference.mesh.policy import Policy
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.splits import PortKey, Service, ServiceKey, Split, SplitTable
from pytest_smi.reference.mesh.switches import Specialize, always_healthy

T = TypeVar("T")

HTTP, TCP, AUTO = "http", "tcp", "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodInfo:
    """A pod of the cluster; `hints` tell the protocol of container ports that declare one;
    `joined` means that it has a sidecar."""

    namespace: str
    name: str
    account: str
    joined: bool
    hints: Mapping[int, str]
    owned: bool = True
    """Whether it belongs to a workload, such as a Deployment; nothing of a healthy mesh depends on that."""

    @property
    def identity(self) -> Identity:
        """The identity that the pod's sidecar must prove."""
        return self.namespace, self.account


class MeshState:
    """The sidecar's view, replaced key by key; listeners are called with the changed keys after each update."""

    def __init__(self, specialize: Specialize = always_healthy) -> None:
        self._specialize = specialize
        self._switches: frozenset[str] = frozenset()
        self._deciders: list[Callable[[], None]] = []
        self.services: dict[ServiceKey, Service] = {}
        self.hints: dict[tuple[ServiceKey, PortKey], str] = {}
        self.by_cluster_ip: dict[str, ServiceKey] = {}
        self.mesh_names: dict[str, ServiceKey] = {}
        """Addresses behind names of the mesh's own domain, where it has one."""
        self.traits: Mapping[str, Any] = {}
        """A persona's figures: `idle` seconds, `domain`."""
        self.pods: dict[str, PodInfo] = {}
        self.own: dict[str, Any] = {}
        self.matcher = RouteMatcher()
        self.policy = Policy()
        self.listeners: list[Callable[[frozenset[str]], None]] = []
        self._splits = SplitTable()
        self._grants: list[dict[str, Any]] = []
        self._split_specs: dict[ServiceKey, Mapping[str, Any]] = {}
        self._addresses: dict[ServiceKey, str | None] = {}

    def apply(self, changed: Mapping[str, Any], removed: Iterable[str]) -> None:
        """Take over one update, all of it or (on an error) with the old policy still in force."""
        gone = list(removed)
        if "faults" in changed:
            self._switch(frozenset(changed["faults"]))
        for key in gone:
            self._drop(key)
        for key, value in changed.items():
            self._set(key, value)
        if not {"faults", "self", "grants"}.isdisjoint(changed):
            self.policy = self.variant(Policy)(self._grants, self.matcher)
        if "faults" in changed or any(key.startswith("split/") for key in (*changed, *gone)):
            self._splits = self.variant(SplitTable)(self._split_specs.values(), self.services, self.matcher)
        keys = frozenset((*changed, *gone))
        for listener in list(self.listeners):
            listener(keys)

    def variant(self, healthy: type[T]) -> type[T]:
        """Return the class that decides in the place of `healthy` while the present switches are on."""
        return self._specialize(healthy, self._switches)

    def decide_with(self, make: Callable[[], None]) -> None:
        """Call `make`, which makes what decides, now and whenever the switches have changed."""
        self._deciders.append(make)
        make()

    def _switch(self, switches: frozenset[str]) -> None:
        if switches != self._switches:
            self._switches = switches
            self.matcher = self.variant(RouteMatcher)()
            for make in self._deciders:
                make()

    def splits_of(self, root: ServiceKey) -> Sequence[Split]:
        """Return the splits of a root Service, oldest first."""
        return self._splits.of(root)

    def _set(self, key: str, value: Any) -> None:
        kind, _, rest = key.partition("/")
        if kind == "svc":
            namespace, _, name = rest.partition("/")
            self._drop(key)
            self._set_service((namespace, name), value)
        elif kind == "pod":
            self.pods[rest] = PodInfo(
                namespace=value["ns"],
                name=value["name"],
                account=value["sa"],
                joined=value["joined"],
                hints={int(port): hint for port, hint in value["hints"].items()},
                owned=value.get("owned", True),
            )
        elif kind == "split":
            namespace, _, name = rest.partition("/")
            self._split_specs[(namespace, name)] = value
        elif kind == "name":
            namespace, _, name = value.partition("/")
            self.mesh_names[rest] = (namespace, name)
        elif kind == "traits":
            self.traits = value
        elif kind == "self":
            self.own = value
        elif kind == "grants":
            self._grants = value

    def _set_service(self, key: ServiceKey, value: Mapping[str, Any]) -> None:
        ports = {(p["port"], p["protocol"]): [(ip, port) for ip, port in p["endpoints"]] for p in value["ports"]}
        names = {(p["port"], p["protocol"]): p["name"] for p in value["ports"]}
        self.services[key] = Service(key=key, ports=ports, names=names)
        for port in value["ports"]:
            self.hints[(key, (port["port"], port["protocol"]))] = port["hint"]
        if value["ip"]:
            self.by_cluster_ip[value["ip"]] = key
            self._addresses[key] = value["ip"]

    def _drop(self, key: str) -> None:
        kind, _, rest = key.partition("/")
        namespace, _, name = rest.partition("/")
        if kind == "svc":
            service = self.services.pop((namespace, name), None)
            for port in service.ports if service else ():
                self.hints.pop(((namespace, name), port), None)
            address = self._addresses.pop((namespace, name), None)
            if address is not None and self.by_cluster_ip.get(address) == (namespace, name):
                del self.by_cluster_ip[address]
        elif kind == "pod":
            self.pods.pop(rest, None)
        elif kind == "name":
            self.mesh_names.pop(rest, None)
        elif kind == "split":
            self._split_specs.pop((namespace, name), None)
        elif kind == "grants":
            self._grants = []
