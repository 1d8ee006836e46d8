"""Finds a real address behind a service, for the API server's own calls (webhooks, aggregated APIs)."""

from __future__ import annotations

import random

from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.netmap import ENDPOINTS, SERVICES, endpoint_ports


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
