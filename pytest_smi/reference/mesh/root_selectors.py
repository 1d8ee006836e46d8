"""A healthy mesh leaves Services alone; this is where a fault rewrites the selectors of split roots, as some meshes did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError

Key = tuple[str, str]


class RootSelectors:
    """Follows the cluster; without its fault it does nothing."""

    def __init__(self, client: KubeClient, faults: ActiveFaults) -> None:
        self._client = client
        self._faults = faults
        self._originals: dict[Key, dict[str, str]] = {}
        self._now: dict[Key, dict[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, cache: Mapping[str, Mapping[Key, dict[str, Any]]]) -> None:
        """Act on the cluster's objects."""
        if not self._faults.on("split-rewrites-endpoints"):
            return
        wanted = dict(_wanted(cache))
        for root, original in list(self._originals.items()):
            if root not in wanted:
                del self._originals[root]
                if root in cache["services"]:
                    self._spawn(root, original)
        for root, selector in wanted.items():
            if root not in self._originals:
                self._originals[root] = dict(cache["services"][root]["spec"].get("selector") or {})
                self._spawn(root, selector)

    def _spawn(self, root: Key, selector: Mapping[str, str]) -> None:
        before = self._now.get(root, self._originals.get(root, {}))
        self._now[root] = dict(selector)
        task = asyncio.get_running_loop().create_task(self._rewrite(root, {**dict.fromkeys(before), **selector}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _rewrite(self, root: Key, selector: Mapping[str, str | None]) -> None:
        path = f"/api/v1/namespaces/{root[0]}/services/{root[1]}"
        patch = {"spec": {"selector": selector}}
        try:
            await self._client.request("PATCH", path, patch, content_type="application/merge-patch+json")
        except (KubeError, aiohttp.ClientError, TimeoutError):
            self._originals.pop(root, None)  # tried again with the next change


def _wanted(cache: Mapping[str, Mapping[Key, dict[str, Any]]]) -> Iterator[tuple[Key, dict[str, str]]]:
    """Yield each root of a split without `matches`, and the selector of its heaviest backend."""
    for (namespace, _), split in cache["trafficsplits"].items():
        spec = split.get("spec") or {}
        backends = sorted(spec.get("backends") or [], key=lambda b: -float(b.get("weight", 0)))
        heaviest = cache["services"].get((namespace, backends[0]["service"])) if backends else None
        root = (namespace, str(spec.get("service")))
        if heaviest is not None and root in cache["services"] and not spec.get("matches"):
            yield root, heaviest["spec"].get("selector") or {}
