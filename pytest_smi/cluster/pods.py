"""Read facts from pods as the API server shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def container_images(pod: Mapping[str, Any]) -> dict[str, str]:
    """Return image reference to digest for every container of a pod that the cluster knows the digest of."""
    found = {}
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        _, _, digest = str(status.get("imageID", "")).rpartition("sha256:")
        if digest:
            found[status["image"]] = f"sha256:{digest}"
    return found
