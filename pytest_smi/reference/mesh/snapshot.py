"""From the cluster's objects to each sidecar's configuration; deterministic and without I/O.

A configuration is a flat dictionary: keys shared by all sidecars (`svc/NS/NAME`, `pod/IP`, `split/NS/NAME`,
`faults`) and a pod's own (`self`, `grants`). Only keys whose value changed are sent. Under a persona there are also
`name/IP` (the Service behind an address of the mesh's own domain) and `traits` (figures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler
from pytest_smi.reference.mesh.bindings import select
from pytest_smi.reference.mesh.cluster_config import (
    Objects,
    is_joined,
    own_config,
    pod_account,
    pod_address,
    pod_config,
    pod_labels,
    service_config,
)
from pytest_smi.reference.mesh.mesh_names import addresses
from pytest_smi.reference.mesh.personas.record import Persona
from pytest_smi.reference.mesh.smi import IdentityBinding, SmiError, pod_identity
from pytest_smi.reference.mesh.smi_parse import parse_binding, parse_group, parse_port_route, parse_split, parse_target
from pytest_smi.reference.mesh.split_config import SplitCompiler, SplitWarning

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An SMI object that was set aside, and why."""

    resource: str
    key: Key
    uid: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that follows from the cluster's objects at one moment; `own` by pod, `grants` by identity
    of service account or pod."""

    shared: dict[str, Any]
    own: dict[Key, dict[str, Any]]
    grants: dict[Key, list[dict[str, Any]]]
    warnings: tuple[SplitWarning, ...]
    unreadable: tuple[Unreadable, ...]


EMPTY = Snapshot(shared={}, own={}, grants={}, warnings=(), unreadable=())

_PARSERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "traffictargets": parse_target,
    "identitybindings": parse_binding,
    "httproutegroups": parse_group,
    "tcproutes": parse_port_route,
    "udproutes": parse_port_route,
    "trafficsplits": parse_split,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a snapshot is made of; `pods` by address, `services` and `splits` as sidecars get them,
    `grants` by identity of service account or pod."""

    pods: Mapping[str, Mapping[str, Any]]
    services: Mapping[Key, dict[str, Any]]
    splits: Mapping[str, dict[str, Any]]
    grants: Mapping[Key, list[dict[str, Any]]]


class Compiler:
    """Makes snapshots, each of its input alone; parsed objects are kept by resourceVersion.

    Sidecars are told the `switches`.
    """

    def __init__(
        self,
        access: AccessCompiler | None = None,
        splits: SplitCompiler | None = None,
        *,
        switches: frozenset[str] = frozenset(),
        persona: Persona | None = None,
    ) -> None:
        self._access = access or AccessCompiler()
        self._splits = splits or SplitCompiler()
        self._switches = switches
        self._persona = persona
        self._parsed: dict[tuple[str, Key], tuple[str, Any]] = {}

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Return the snapshot of these objects."""
        unreadable: list[Unreadable] = []
        smi = {resource: self._parse(resource, cluster.get(resource, {}), unreadable) for resource in _PARSERS}
        pods = cluster.get("pods", {})
        by_address = _pods_by_address(pods.values())
        services = self._services(cluster, by_address)
        splits, warnings = self._splits.compile(smi["trafficsplits"], smi["httproutegroups"], services)
        joined = {key: pod for key, pod in pods.items() if is_joined(pod)}
        smi["identitybindings"] = {key: self.bound(one, joined) for key, one in smi["identitybindings"].items()}
        accounts = sorted({(key[0], pod_account(pod)) for key, pod in joined.items()})
        grants = self._access.compile(smi, accounts)
        parts = Parts(pods=by_address, services=services, splits=splits, grants=grants)
        shared: dict[str, Any] = {"faults": sorted(self.switches(cluster))}
        if self._persona is not None:
            shared |= _of_persona(self._persona, cluster)
        shared |= {f"pod/{address}": value for address, value in by_address.items()}
        shared |= {f"svc/{namespace}/{name}": value for (namespace, name), value in self.shared_services(parts).items()}
        shared |= self.shared_splits(parts)
        return Snapshot(
            shared=shared,
            own=self._own(pods, parts),
            grants=grants,
            warnings=tuple(warnings),
            unreadable=tuple(unreadable),
        )

    def _services(self, cluster: Mapping[str, Objects], pods: Mapping[str, Any]) -> dict[Key, dict[str, Any]]:
        endpoints = cluster.get("endpoints", {})
        return {
            key: service_config(service, endpoints.get(key), pods, hint=self.declared_protocol(service))
            for key, service in cluster.get("services", {}).items()
        }

    def _own(self, pods: Objects, parts: Parts) -> dict[Key, dict[str, Any]]:
        targets: dict[str, set[int]] = {}
        for service in parts.services.values():
            for port in service["ports"]:
                for address, target in port["endpoints"] if port["protocol"] == "TCP" else ():
                    targets.setdefault(address, set()).add(target)
        own: dict[Key, dict[str, Any]] = {}
        for key, pod in pods.items():
            address = pod_address(pod)
            if is_joined(pod) and address:
                own[key] = {
                    "self": own_config(pod, targets.get(address, set())),
                    "grants": self.grants_of(key, pods, parts),
                }
        return own

    def switches(self, cluster: Mapping[str, Objects]) -> frozenset[str]:
        """Return the switches that sidecars are told."""
        return self._switches

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Return an IdentityBinding with the pods that it selects now; `pods` are those that have joined."""
        return select(binding, {key: pod_labels(pod) for key, pod in pods.items()})

    def declared_protocol(self, service: Mapping[str, Any]) -> str | None:
        """Return what all ports of a Service speak; None: each port says so for itself."""
        return None

    def shared_services(self, parts: Parts) -> Mapping[Key, dict[str, Any]]:
        """Return the Services as every sidecar gets them."""
        return parts.services

    def shared_splits(self, parts: Parts) -> Mapping[str, dict[str, Any]]:
        """Return the splits as every sidecar gets them."""
        return parts.splits

    def grants_of(self, key: Key, pods: Objects, parts: Parts) -> list[dict[str, Any]]:
        """Return the grants of a pod: those of its service account and its own."""
        return granted(parts.grants, key, pod_account(pods[key]))

    def _parse(self, resource: str, objects: Objects, unreadable: list[Unreadable]) -> dict[Key, Any]:
        """Return every readable object, oldest first; what cannot be read is set aside alone."""
        found: dict[Key, Any] = {}
        for key, thing in sorted(
            objects.items(), key=lambda item: (item[1]["metadata"].get("creationTimestamp") or "", item[0])
        ):
            meta = thing["metadata"]
            stamp = f"{meta.get('uid')}/{meta.get('resourceVersion')}"
            known = self._parsed.get((resource, key))
            if known is None or known[0] != stamp:
                try:
                    known = (stamp, _PARSERS[resource](thing))
                except SmiError as error:
                    known = (stamp, error)
                self._parsed[(resource, key)] = known
            if isinstance(known[1], SmiError):
                unreadable.append(
                    Unreadable(resource=resource, key=key, uid=str(meta.get("uid", "")), reason=str(known[1]))
                )
            else:
                found[key] = known[1]
        return found


def _pods_by_address(pods: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the values of `pod/IP`; of two pods with one address the one that is not going away has it."""
    ordered = sorted(pods, key=lambda pod: "deletionTimestamp" not in pod["metadata"])
    return {address: pod_config(pod) for pod in ordered if (address := pod_address(pod))}


def _of_persona(persona: Persona, cluster: Mapping[str, Objects]) -> dict[str, Any]:
    """Return the keys that only personas have."""
    found: dict[str, Any] = {"traits": {"idle": persona.pace.idle * persona.pace.scale, "domain": persona.domain}}
    if persona.domain:
        services = cluster.get("services", {})
        found |= {f"name/{address}": behind for address, behind in addresses(services, persona.namespace).items()}
    return found


def granted(grants: Mapping[Key, list[dict[str, Any]]], pod: Key, account: str) -> list[dict[str, Any]]:
    """Return the grants of each of a pod's identities: its service account's, and its own."""
    return [*grants.get((pod[0], account), ()), *grants.get(pod_identity(*pod), ())]


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(changed, removed) that lead from one flat configuration to another."""
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return changed, [key for key in old if key not in new]
