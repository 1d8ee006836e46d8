"""The Endpoints and EndpointSlice objects of a service, from its pods. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_smi.reference.node.pod_status import is_ready

Object = Mapping[str, Any]


def selects(service: Object, labels: Mapping[str, str] | None) -> bool:
    """Return whether the service has a selector and it matches."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and all((labels or {}).get(key) == value for key, value in selector.items())


def target_port(port: Object, pod: Object) -> int | None:
    """Return the number of a service port on a pod; None when the pod has no port of that name."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    if str(target).isdigit():
        return int(target)
    for container in [*(pod["spec"].get("containers") or []), *(pod["spec"].get("initContainers") or [])]:
        for declared in container.get("ports") or []:
            if declared.get("name") == target and (declared.get("protocol") or "TCP") == (
                port.get("protocol") or "TCP"
            ):
                return int(declared["containerPort"])
    return None


def subsets(service: Object, pods: Iterable[Object]) -> list[dict[str, Any]]:
    """Return the subsets of an Endpoints object: pods that offer the same port numbers together, in a fixed order."""
    groups: dict[tuple[tuple[str, int, str], ...], dict[str, list[dict[str, Any]]]] = {}
    open_to_all = bool(service["spec"].get("publishNotReadyAddresses"))
    for pod in pods:
        status = pod.get("status") or {}
        if (
            not status.get("podIP")
            or status.get("phase") in ("Succeeded", "Failed")
            or pod["metadata"].get("deletionTimestamp")
        ):
            continue
        ports = []
        for port in service["spec"].get("ports") or []:
            number = target_port(port, pod)
            if number is not None:
                ports.append((port.get("name") or "", number, port.get("protocol") or "TCP"))
        if service["spec"].get("ports") and not ports:
            continue
        kind = "addresses" if open_to_all or is_ready(pod) else "notReadyAddresses"
        groups.setdefault(tuple(ports), {}).setdefault(kind, []).append(_address(service, pod))
    found = []
    for key, addresses in sorted(groups.items()):
        subset: dict[str, Any] = {
            kind: sorted(items, key=lambda item: item["ip"]) for kind, items in sorted(addresses.items())
        }
        if key:
            subset["ports"] = [
                {**({"name": name} if name else {}), "port": number, "protocol": protocol}
                for name, number, protocol in key
            ]
        found.append(subset)
    return found


def _address(service: Object, pod: Object) -> dict[str, Any]:
    meta = pod["metadata"]
    record: dict[str, Any] = {
        "ip": pod["status"]["podIP"],
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        record["hostname"] = pod["spec"]["hostname"]
    return record


def endpoints_object(service: Object, pods: Iterable[Object]) -> dict[str, Any]:
    """Return the whole Endpoints object of a service with a selector."""
    meta = service["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "labels": dict(meta.get("labels") or {})},
        "subsets": subsets(service, pods),
    }


def slices(endpoints: Object, service: Object) -> list[dict[str, Any]]:
    """EndpointSlices that say the same as an Endpoints object, one per subset, or one without endpoints."""
    meta = service["metadata"]
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    found = []
    # A service without any pod has a slice as well, with nothing in it.
    for subset in endpoints.get("subsets") or [{}]:
        ports: Sequence[Mapping[str, Any]] = subset.get("ports") or []
        suffix = hashlib.sha256(repr([sorted(port.items()) for port in ports]).encode()).hexdigest()[:5]
        records = [
            {
                "addresses": [address["ip"]],
                "conditions": {"ready": ready, "serving": ready, "terminating": False},
                **{key: address[key] for key in ("nodeName", "targetRef", "hostname") if address.get(key)},
            }
            for ready, kind in ((True, "addresses"), (False, "notReadyAddresses"))
            for address in subset.get(kind) or []
        ]
        found.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{meta['name']}-{suffix}",
                    "namespace": meta["namespace"],
                    "labels": {
                        **(meta.get("labels") or {}),
                        "kubernetes.io/service-name": meta["name"],
                        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    },
                    "ownerReferences": [owner],
                },
                "addressType": "IPv4",
                "endpoints": records,
                "ports": [
                    {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP"}
                    for port in ports
                ],
            }
        )
    return found
