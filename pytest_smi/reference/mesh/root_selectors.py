"""A healthy mesh leaves Services alone; this is where a fault rewrites the selectors of split roots, as some meshes did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError


class RootSelectors:
    """Follows the cluster; without its fault it does nothing."""

    def __init__(self, client: KubeClient, faults: ActiveFaults) -> None:
        self._client = client
        self._faults = faults
        self._done: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, cache: Mapping[str, Mapping[tuple[str, str], dict[str, Any]]]) -> None:
        """Act on the cluster's objects."""
        if not self._faults.on("split-rewrites-endpoints"):
            return
        for key, split in cache["trafficsplits"].items():
            spec = split.get("spec") or {}
            backends = sorted(spec.get("backends") or [], key=lambda b: -float(b.get("weight", 0)))
            heaviest = cache["services"].get((key[0], backends[0]["service"])) if backends else None
            root = (key[0], str(spec.get("service")))
            if heaviest is not None and root in cache["services"] and root not in self._done:
                self._done.add(root)
                task = asyncio.get_running_loop().create_task(self._rewrite(root, heaviest["spec"].get("selector") or {}))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _rewrite(self, root: tuple[str, str], selector: dict[str, str]) -> None:
        path = f"/api/v1/namespaces/{root[0]}/services/{root[1]}"
        patch = {"spec": {"selector": selector}}
        try:
            await self._client.request("PATCH", path, patch, content_type="application/merge-patch+json")
        except (KubeError, aiohttp.ClientError, TimeoutError):
            self._done.discard(root)
