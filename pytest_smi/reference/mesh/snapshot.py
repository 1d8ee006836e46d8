"""From the cluster's objects to each sidecar's configuration; deterministic and without I/O, its only memory that of faults.

A configuration is a flat dictionary: keys shared by all sidecars (`svc/NS/NAME`, `pod/IP`, `split/NS/NAME`, `faults`) and a pod's own
(`self`, `grants`). Only keys whose value changed are sent. Under a persona there are also `name/IP` (the Service behind an address of the
mesh's own domain) and `traits` (figures).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler
from pytest_smi.reference.mesh.cluster_config import (
    Objects,
    declared_protocol,
    is_joined,
    own_config,
    pod_account,
    pod_address,
    pod_config,
    service_config,
)
from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.held_config import admits_nobody, held, held_own
from pytest_smi.reference.mesh.mesh_names import addresses
from pytest_smi.reference.mesh.one_account import of_one_account
from pytest_smi.reference.mesh.personas.record import Persona
from pytest_smi.reference.mesh.smi import SmiError, parse_binding, parse_group, parse_port_route, parse_split, parse_target
from pytest_smi.reference.mesh.split_config import SplitCompiler, SplitWarning, callers

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
    """Everything that follows from the cluster's objects at one moment; `own` by pod, `grants` by (namespace, service account)."""

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


class Compiler:
    """Makes snapshots. Healthy, each depends on its input alone; parsed objects are kept by resourceVersion."""

    def __init__(self, faults: ActiveFaults, persona: Persona | None = None) -> None:
        self._faults = faults
        self._persona = persona
        self._access = AccessCompiler(faults)
        self._splits = SplitCompiler(faults)
        self._parsed: dict[tuple[str, Key], tuple[str, Any]] = {}
        self._latest = EMPTY
        """For a deviation: what sidecars have."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """The snapshot of these objects."""
        unreadable: list[Unreadable] = []
        smi = {resource: self._parse(resource, cluster.get(resource, {}), unreadable) for resource in _PARSERS}
        shared: dict[str, Any] = {"faults": sorted(self._faults)}
        if self._persona is not None:
            shared |= self._of_persona(self._persona, cluster)
        endpoints = cluster.get("endpoints", {})
        pods = cluster.get("pods", {})
        by_address: dict[str, Any] = {}
        # Of two pods with one address the one that is not going away has it.
        for pod in sorted(pods.values(), key=lambda pod: "deletionTimestamp" not in pod["metadata"]):
            address = pod_address(pod)
            if address:
                by_address[address] = pod_config(pod)
        shared.update({f"pod/{address}": value for address, value in by_address.items()})
        by_annotation = self._faults.on("protocol-by-annotation")
        services = {
            key: service_config(value, endpoints.get(key), by_address, hint=declared_protocol(value) if by_annotation else None)
            for key, value in cluster.get("services", {}).items()
        }
        targets: dict[str, set[int]] = {}
        for (namespace, name), service in services.items():
            shared[f"svc/{namespace}/{name}"] = service
            for port in service["ports"]:
                for address, target in port["endpoints"] if port["protocol"] == "TCP" else ():
                    targets.setdefault(address, set()).add(target)
        splits, warnings = self._splits.compile(smi["trafficsplits"], smi["httproutegroups"], services)
        shared.update(splits)
        accounts = sorted({(key[0], pod_account(pod)) for key, pod in pods.items() if is_joined(pod)})
        first_pods: dict[Key, str] = {}
        for key, pod in sorted(pods.items()):
            first_pods.setdefault((key[0], pod_account(pod)), key[1])
        grants = self._access.compile(smi, accounts)
        if self._faults.on("split-needs-grant-on-every-backend"):
            for config in splits.values():
                config["callers"] = callers(config, services, by_address, grants)
        if self._faults.on("service-serves-one-account"):
            for (namespace, name), service in services.items():
                shared[f"svc/{namespace}/{name}"] = of_one_account(service, by_address, grants)
        own: dict[Key, dict[str, Any]] = {}
        for key, pod in pods.items():
            address = pod_address(pod)
            if is_joined(pod) and address:
                given = grants.get((key[0], pod_account(pod)), [])
                if self._faults.on("access-one-pod-per-account") and first_pods[(key[0], pod_account(pod))] != key[1]:
                    given = []
                own[key] = {"self": own_config(pod, targets.get(address, set())), "grants": given}
        found = Snapshot(shared=shared, own=own, grants=grants, warnings=tuple(warnings), unreadable=tuple(unreadable))
        if self._faults.on("split-for-nobody-stops-updates"):
            if admits_nobody(splits.values(), services):
                old = self._latest
                found = replace(found, shared=held(old.shared, shared), own=held_own(own, old.grants), grants=old.grants)
            self._latest = found
        return found

    def _of_persona(self, persona: Persona, cluster: Mapping[str, Objects]) -> dict[str, Any]:
        """The keys that only personas have, and the switches that depend on the cluster."""
        found: dict[str, Any] = {"traits": {"idle": persona.pace.idle * persona.pace.scale, "domain": persona.domain}}
        modes = [config.get("spec", {}).get("traffic", {}) for config in cluster.get("meshconfigs", {}).values()]
        permissive = any(mode.get("enablePermissiveTrafficPolicyMode") is True for mode in modes)
        found["faults"] = sorted(self._faults if permissive else self._faults - {"permissive-by-mesh-config"})
        if persona.domain:
            services = cluster.get("services", {})
            found |= {f"name/{address}": behind for address, behind in addresses(services, persona.namespace).items()}
        return found

    def _parse(self, resource: str, objects: Objects, unreadable: list[Unreadable]) -> dict[Key, Any]:
        """Every readable object, oldest first; what cannot be read is set aside alone."""
        found: dict[Key, Any] = {}
        for key, thing in sorted(objects.items(), key=lambda item: (item[1]["metadata"].get("creationTimestamp") or "", item[0])):
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
                unreadable.append(Unreadable(resource=resource, key=key, uid=str(meta.get("uid", "")), reason=str(known[1])))
            else:
                found[key] = known[1]
        return found


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(changed, removed) that lead from one flat configuration to another."""
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return changed, [key for key in old if key not in new]
