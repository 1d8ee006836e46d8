"""The fault of meshes that split by rewriting the selectors of root Services, as some did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError
from pytest_smi.reference.mesh.root_services import Key, RootServices
from pytest_smi.reference.mesh.tasks import Tasks


class RewritesSelectors(RootServices):
    """Gives a root the selector of its heaviest backend while a split of it exists, and its own again afterwards."""

    def __init__(self, client: KubeClient) -> None:
        super().__init__(client)
        self._originals: dict[Key, dict[str, str]] = {}
        self._now: dict[Key, dict[str, str]] = {}
        self._tasks = Tasks()

    def follow(self, cache: Mapping[str, Mapping[Key, dict[str, Any]]]) -> None:
        """Rewrite the Services that are new among the roots, and restore those that are no longer."""
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
        self._tasks.spawn(self._rewrite(root, {**dict.fromkeys(before), **selector}))

    async def _rewrite(self, root: Key, selector: Mapping[str, str | None]) -> None:
        path = f"/api/v1/namespaces/{root[0]}/services/{root[1]}"
        patch = {"spec": {"selector": selector}}
        try:
            await self.client.request("PATCH", path, patch, content_type="application/merge-patch+json")
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


REWRITES_ENDPOINTS = Fault(
    name="split-rewrites-endpoints",
    description="While a split without `matches` exists, its root's selector is that of the heaviest backend.",
    breaks=("SP-36",),
    overrides=(RewritesSelectors,),
)

SELECTORS = (REWRITES_ENDPOINTS,)
