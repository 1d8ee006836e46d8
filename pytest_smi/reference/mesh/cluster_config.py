"""Services, pods and endpoints as sidecars' configuration; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Key = tuple[str, str]
Objects = Mapping[Key, dict[str, Any]]

SIDECAR = "smi-proxy"
REDIRECT = "network.smi-reference.io/redirect"
_HTTP_PROTOCOLS = ("http", "http2", "h2c", "grpc", "kubernetes.io/h2c")
_HTTP_PREFIXES = ("http", "h2c", "grpc")


def port_hint(port: Mapping[str, Any]) -> str:
    """Return what a port declares to speak: "http" by appProtocol or name, "tcp" by appProtocol,
    else "auto" (it is sniffed)."""
    protocol = str(port.get("appProtocol") or "").lower()
    if protocol in _HTTP_PROTOCOLS:
        return "http"
    if protocol in ("tcp", "tcp-server-first", "kubernetes.io/tcp"):
        return "tcp"
    name = str(port.get("name") or "")
    return "http" if not protocol and name.split("-")[0] in _HTTP_PREFIXES else "auto"


def service_config(
    service: Mapping[str, Any], endpoints: Mapping[str, Any] | None, pods: Collection[str], *, hint: str | None = None
) -> dict[str, Any]:
    """Return the value of `svc/NS/NAME`: ClusterIP and, per port, number, protocol, name, hint and ready endpoints
    (address, target port).

    `pods` are the addresses of known pods: an endpoint whose pod is not known yet waits for it,
    since callers must know if it has joined. `hint` is that of every port, whatever the ports themselves declare.
    """
    spec = service.get("spec") or {}
    address = spec.get("clusterIP")
    subsets = (endpoints or {}).get("subsets") or []
    ports = []
    for port in spec.get("ports") or []:
        name, protocol = port.get("name") or "", port.get("protocol") or "TCP"
        ready = [
            [entry["ip"], target["port"]]
            for subset in subsets
            for target in subset.get("ports") or []
            if (target.get("name") or "") == name and (target.get("protocol") or "TCP") == protocol
            for entry in subset.get("addresses") or []
            if entry["ip"] in pods or (entry.get("targetRef") or {}).get("kind") != "Pod"
        ]
        spoken = hint or port_hint(port)
        ports.append(
            {"port": port["port"], "protocol": protocol, "name": name, "hint": spoken, "endpoints": sorted(ready)}
        )
    return {"ip": None if address in (None, "", "None") else address, "ports": ports}


def is_joined(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod's traffic goes through a sidecar of this mesh."""
    sidecar = (pod["metadata"].get("annotations") or {}).get(REDIRECT)
    return bool(sidecar) and any(container["name"] == sidecar for container in pod["spec"].get("containers") or [])


def pod_account(pod: Mapping[str, Any]) -> str:
    """Return the pod's service account."""
    return str((pod.get("spec") or {}).get("serviceAccountName") or "default")


def pod_labels(pod: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the pod's labels as they are now."""
    return pod["metadata"].get("labels") or {}


def pod_address(pod: Mapping[str, Any]) -> str | None:
    """Return the pod's IP while it may have traffic."""
    status = pod.get("status") or {}
    return None if status.get("phase") in ("Succeeded", "Failed") else status.get("podIP")


def pod_config(pod: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of `pod/IP`."""
    hints = {str(port["containerPort"]): hint for port in _app_ports(pod) if (hint := port_hint(port)) != "auto"}
    meta = pod["metadata"]
    return {
        "ns": meta["namespace"],
        "name": meta["name"],
        "sa": pod_account(pod),
        "joined": is_joined(pod),
        "owned": bool(meta.get("ownerReferences")),
        "hints": hints,
    }


def own_config(pod: Mapping[str, Any], targets: set[int]) -> dict[str, Any]:
    """Return the value of `self`; `targets` are the ports of the pod that Services lead to."""
    declared = {port["containerPort"] for port in _app_ports(pod) if (port.get("protocol") or "TCP") == "TCP"}
    meta = pod["metadata"]
    return {"ns": meta["namespace"], "name": meta["name"], "sa": pod_account(pod), "ports": sorted(declared | targets)}


def _app_ports(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    containers = (pod.get("spec") or {}).get("containers") or []
    sidecar = (pod["metadata"].get("annotations") or {}).get(REDIRECT, SIDECAR)
    return [port for container in containers if container["name"] != sidecar for port in container.get("ports") or []]
