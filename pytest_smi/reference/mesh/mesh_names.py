"""Names of a mesh's own domain: beside each Service one more of the mesh, whose address leads through the mesh.

As Traefik Mesh does it: `SERVICE.NAMESPACE.DOMAIN` is the name of a Service in the mesh's namespace,
and calls to its address are governed.
Pure; `mesh_names_keeper.py` keeps the cluster true to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Key = tuple[str, str]
NAMES = "network.smi-reference.io/names"
BEHIND = "smi-reference.io/service"
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")


def wanted(services: Mapping[Key, Mapping[str, Any]], home: str, domain: str) -> dict[str, dict[str, Any]]:
    """Return the Services of the mesh, by name, for all others that have an address."""
    found: dict[str, dict[str, Any]] = {}
    for (namespace, name), service in services.items():
        spec = service["spec"]
        if namespace in (home, *_SYSTEM) or spec.get("clusterIP") in (None, "", "None"):
            continue
        ports = [
            {field: port[field] for field in ("name", "port", "protocol") if field in port}
            for port in spec.get("ports") or []
        ]
        shadow = f"mesh-{name}-6d61657368-{namespace}"
        found[shadow] = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": shadow,
                "namespace": home,
                "annotations": {NAMES: f"{name}.{namespace}.{domain}", BEHIND: f"{namespace}/{name}"},
            },
            "spec": {"ports": ports},
        }
    return found


def addresses(services: Mapping[Key, Mapping[str, Any]], home: str) -> dict[str, str]:
    """Return address of each Service of the mesh -> NAMESPACE/NAME of the one that it stands for, as long as that
    exists."""
    found: dict[str, str] = {}
    for (namespace, _), service in services.items():
        behind = (service["metadata"].get("annotations") or {}).get(BEHIND)
        if namespace == home and behind and tuple(behind.split("/", 1)) in services:
            found[service["spec"]["clusterIP"]] = behind
    return found


def is_ours(service: Mapping[str, Any]) -> bool:
    """Return whether a Service stands for another."""
    return BEHIND in (service["metadata"].get("annotations") or {})


def port_set(service: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return its ports, comparable."""
    return sorted((port["port"], port.get("protocol") or "TCP") for port in service["spec"].get("ports") or [])
