"""What the mesh does to the Services whose calls are split: nothing.

Splitting happens in sidecars, and users' objects stay theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.kube_client import KubeClient

Key = tuple[str, str]


class RootServices:
    """Follows the cluster's objects for the sake of the Services that are roots of splits."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client

    def follow(self, cache: Mapping[str, Mapping[Key, dict[str, Any]]]) -> None:
        """Leave every Service as it is."""
