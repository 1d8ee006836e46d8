"""What one sidecar knows: the cluster's services, pods and splits, its own pod and policy, as the configuration stream tells; no I/O.

Configuration is a flat dictionary of keys, the same for all sidecars (`svc/NS/NAME`, `pod/IP`, `split/NS/NAME`, `faults`; under a persona
also `name/IP` and `traits`) or the pod's own (`self`, `grants`). See `snapshot.py` for the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults.active import NO_FAULTS, ActiveFaults
from pytest_smi.reference.mesh.policy import Policy
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.splits import PortKey, Service, ServiceKey, Split, split_from_json

HTTP, TCP, AUTO = "http", "tcp", "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodInfo:
    """A pod of the cluster; `hints` tell the protocol of container ports that declare one; `joined` means that it has a sidecar."""

    namespace: str
    name: str
    account: str
    joined: bool
    hints: Mapping[int, str]

    @property
    def identity(self) -> Identity:
        """The identity that the pod's sidecar must prove."""
        return self.namespace, self.account


class MeshState:
    """The sidecar's view, replaced key by key; listeners are called with the changed keys after each update."""

    def __init__(self) -> None:
        self.services: dict[ServiceKey, Service] = {}
        self.hints: dict[tuple[ServiceKey, PortKey], str] = {}
        self.by_cluster_ip: dict[str, ServiceKey] = {}
        self.mesh_names: dict[str, ServiceKey] = {}
        """Addresses behind names of the mesh's own domain, where it has one."""
        self.traits: Mapping[str, Any] = {}
        """A persona's figures: `idle` seconds, `domain`."""
        self.pods: dict[str, PodInfo] = {}
        self.faults: ActiveFaults = NO_FAULTS
        self.own: dict[str, Any] = {}
        self.policy = Policy(("", ""), (), NO_FAULTS)
        self.listeners: list[Callable[[frozenset[str]], None]] = []
        self._by_root: dict[ServiceKey, list[Split]] = {}
        self._grants: list[dict[str, Any]] = []
        self._split_specs: dict[ServiceKey, Mapping[str, Any]] = {}
        self._addresses: dict[ServiceKey, str | None] = {}

    def apply(self, changed: Mapping[str, Any], removed: Iterable[str]) -> None:
        """Take over one update, all of it or (on an error) with the old policy still in force."""
        gone = list(removed)
        if "faults" in changed:
            self.faults = ActiveFaults(changed["faults"])
        for key in gone:
            self._drop(key)
        for key, value in changed.items():
            self._set(key, value)
        if not {"faults", "self", "grants"}.isdisjoint(changed):
            identity = (str(self.own.get("ns", "")), str(self.own.get("sa", "")))
            self.policy = Policy(identity, self._grants, self.faults)
        if "faults" in changed or any(key.startswith("split/") for key in (*changed, *gone)):
            self._rebuild_splits()
        keys = frozenset((*changed, *gone))
        for listener in list(self.listeners):
            listener(keys)

    def splits_of(self, root: ServiceKey) -> list[Split]:
        """The splits of a root Service, oldest first."""
        found = self._by_root.get(root, [])
        if len(found) > 1 and self.faults.on("split-newest-wins"):
            return found[-1:]
        if not found and self.faults.on("split-by-selector"):
            return self._splits_of_twins(root)
        return found

    def _splits_of_twins(self, root: ServiceKey) -> list[Split]:
        own = self.services.get(root)
        roots = [key for key in self._by_root if key[0] == root[0] and own is not None]
        twins = [key for key in roots if (twin := self.services.get(key)) and list(twin.ports.values()) == list(own.ports.values())]  # type: ignore[union-attr]
        return self._by_root[twins[0]] if twins else []

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

    def _rebuild_splits(self) -> None:
        self._by_root = {}
        for (namespace, _), spec in sorted(self._split_specs.items(), key=lambda item: (item[1]["created"], item[0])):
            split = split_from_json(spec, self.faults)
            self._by_root.setdefault((namespace, spec["service"]), []).append(split)
            if self.faults.on("split-backend-name-is-split"):
                for backend, _ in split.backends:
                    self._by_root.setdefault((namespace, backend), []).append(split)
