"""The network table that all pods read: built from services and endpoints (pure), written by one writer; and the same
lookup for the API server's own calls (webhooks, aggregated APIs).

Law: the file is replaced as a whole, and at most once per turn of the event loop, however many objects changed in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.names import CLUSTER_DOMAIN

SERVICES = ResourceKey("", "services")
ENDPOINTS = ResourceKey("", "endpoints")
FURTHER_NAMES = "network.smi-reference.io/names"
"""Annotation of a Service: more names of it, in full, separated by spaces."""


def endpoint_ports(service: Mapping[str, Any], endpoints: Mapping[str, Any] | None) -> dict[str, list[list[Any]]]:
    """{"TCP/80": [[ip, port], …]}: the ready endpoints behind each service port; ports are matched by name."""
    found: dict[str, list[list[Any]]] = {}
    for port in service["spec"].get("ports") or []:
        protocol = port.get("protocol") or "TCP"
        targets = found.setdefault(f"{protocol}/{port['port']}", [])
        for subset in (endpoints or {}).get("subsets") or []:
            for target in subset.get("ports") or []:
                if (target.get("name") or "") == (port.get("name") or "") and (
                    target.get("protocol") or "TCP"
                ) == protocol:
                    targets += [[address["ip"], target["port"]] for address in subset.get("addresses") or []]
    return found


def build(
    services: Iterable[Mapping[str, Any]], endpoints: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the tables "vips", "names" and "aliases"; `endpoints` is keyed by (namespace, name)."""
    vips: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    aliases: dict[str, str] = {}
    for service in services:
        meta, spec = service["metadata"], service["spec"]
        name = f"{meta['name']}.{meta['namespace']}.svc.{CLUSTER_DOMAIN}".lower()
        behind = endpoints.get((meta["namespace"], meta["name"]))
        if spec.get("type") == "ExternalName":
            aliases[name] = str(spec.get("externalName") or "")
        elif spec.get("clusterIP") == "None":
            records = [
                address for subset in (behind or {}).get("subsets") or [] for address in subset.get("addresses") or []
            ]
            names[name] = list(dict.fromkeys(address["ip"] for address in records))
            for address in records:
                if address.get("hostname"):
                    names[f"{address['hostname']}.{name}"] = [address["ip"]]
        elif spec.get("clusterIP"):
            names[name] = [spec["clusterIP"]]
            # A mesh that has a domain of its own says so on its Services, where others patch the name server.
            for further in (meta.get("annotations") or {}).get(FURTHER_NAMES, "").split():
                names[further.lower()] = [spec["clusterIP"]]
            vips[spec["clusterIP"]] = endpoint_ports(service, behind)
    return {"vips": vips, "names": names, "aliases": aliases}


class NetmapWriter:
    """Keeps the file true to the store. `start` writes it once and follows the store from then on."""

    def __init__(self, path: Path, store: Store, prefix: str) -> None:
        self.path = path
        self._store = store
        self._prefix = prefix
        self._api = ("127.0.0.1", 0)
        self._dns_dead = False
        self._scheduled = False

    def start(self, api: tuple[str, int]) -> None:
        """Begin; `api` is the address of the API server, which every pod reaches unchanged."""
        self._api = api
        self._store.subscribe(SERVICES, lambda _: self.changed())
        self._store.subscribe(ENDPOINTS, lambda _: self.changed())
        self.write()

    def kill_dns(self) -> None:
        """The name server fails from now on."""
        self._dns_dead = True
        self.changed()

    def changed(self) -> None:
        """Write at the end of this turn of the event loop."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.write)

    def write(self) -> None:
        """Write now."""
        self._scheduled = False
        services, _ = self._store.list(SERVICES)
        endpoints, _ = self._store.list(ENDPOINTS)
        table = build(services, {(e["metadata"]["namespace"], e["metadata"]["name"]): e for e in endpoints})
        table |= {"api": list(self._api), "prefix": self._prefix, "dns": "dead" if self._dns_dead else "ok"}
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(table), encoding="utf-8")
        os.replace(draft, self.path)


def resolve_service(store: Store, namespace: str, name: str, port: int) -> tuple[str, int] | None:
    """(ip, port) of a ready endpoint of a service's TCP port; None when there is none now."""
    service = store.find(SERVICES, namespace, name)
    if service is None:
        return None
    found = endpoint_ports(service, store.find(ENDPOINTS, namespace, name)).get(f"TCP/{port}")
    if not found:
        return None
    ip, number = random.choice(found)
    return str(ip), int(number)
