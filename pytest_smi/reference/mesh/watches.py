"""The control plane's copy of the cluster: one list and watch per resource,
re-listed when the server has forgotten where we were."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError
from pytest_smi.reference.mesh.personas.record import Persona

Key = tuple[str, str]

RESOURCES: dict[str, str] = {
    "namespaces": "/api/v1",
    "nodes": "/api/v1",
    "pods": "/api/v1",
    "services": "/api/v1",
    "endpoints": "/api/v1",
    "replicationcontrollers": "/api/v1",
    "daemonsets": "/apis/apps/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "traffictargets": "/apis/access.smi-spec.io/v1alpha3",
    "httproutegroups": "/apis/specs.smi-spec.io/v1alpha4",
    "tcproutes": "/apis/specs.smi-spec.io/v1alpha4",
    "udproutes": "/apis/specs.smi-spec.io/v1alpha4",
    "trafficsplits": "/apis/split.smi-spec.io/v1alpha4",
}
"""Plural name to API path."""
CONFIGURING = (
    "pods",
    "services",
    "endpoints",
    "traffictargets",
    "identitybindings",
    "httproutegroups",
    "tcproutes",
    "udproutes",
    "trafficsplits",
    "meshconfigs",
)
"""The resources that sidecars' configuration is made of; the others serve the metrics API."""

_RETRY_SECONDS = 0.2
_NOT_SERVED_SECONDS = 2.0
_GONE = 410

_log = logging.getLogger("control-plane")


def resources_of(persona: Persona | None) -> dict[str, str]:
    """Return what is watched: the kinds of SMI in the versions that the persona's mesh reads,
    and those of its own installation."""
    if persona is None:
        return RESOURCES
    from pytest_smi.reference.mesh.personas.definitions import kinds

    found = {resource: path for resource, path in RESOURCES.items() if ".smi-spec.io/" not in path}
    found |= {
        plural: f"/apis/{kinds()[plural]['group']}/{serving.storage}" for plural, serving in persona.serves.items()
    }
    modes = [f"/apis/{thing['apiVersion']}" for thing in persona.objects if thing["kind"] == "MeshConfig"]
    return found | dict.fromkeys(("meshconfigs",) if modes else (), "".join(modes[:1]))


class Watches:
    """The cluster's objects by resource, kept up to date; `on_change(resource)` is called after each change."""

    def __init__(
        self, client: KubeClient, on_change: Callable[[str], None], resources: Mapping[str, str] = RESOURCES
    ) -> None:
        self._client = client
        self._on_change = on_change
        self._resources = resources
        self.cache: dict[str, dict[Key, dict[str, Any]]] = {resource: {} for resource in resources}
        self._listed: dict[str, asyncio.Event] = {resource: asyncio.Event() for resource in resources}

    def objects(self, resource: str) -> Sequence[dict[str, Any]]:
        """Return the objects of a resource in all namespaces."""
        return list(self.cache.get(resource, {}).values())

    async def listed(self) -> None:
        """Return when every resource that configuration is made of has been listed once."""
        for resource in CONFIGURING:
            if resource in self._listed:
                await self._listed[resource].wait()

    async def run(self) -> None:
        """Follow every resource for ever."""
        async with asyncio.TaskGroup() as group:
            for resource in self._resources:
                group.create_task(self._follow(resource))

    async def _follow(self, resource: str) -> None:
        path = f"{self._resources[resource]}/{resource}"
        while True:
            try:
                version = await self._list(resource, path)
                while True:
                    version = await self._watch(resource, path, version)
            except KubeError as error:
                if error.code != _GONE:
                    _log.debug("watching %s: %s", resource, error)
                    await asyncio.sleep(_NOT_SERVED_SECONDS if error.code == 404 else _RETRY_SECONDS)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                _log.debug("watching %s: %r", resource, error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _list(self, resource: str, path: str) -> str:
        found = await self._client.request("GET", path)
        # Items of a list carry no apiVersion and kind; the control plane knows them by their resource.
        self.cache[resource] = {_key(item): item for item in found.get("items") or []}
        self._listed[resource].set()
        self._on_change(resource)
        return str(found["metadata"]["resourceVersion"])

    async def _watch(self, resource: str, path: str, version: str) -> str:
        async for event in self._client.watch(path, version):
            thing = event["object"]
            if event["type"] == "ERROR":
                raise KubeError(int(thing.get("code", 500)), str(thing.get("message", "")))
            version = str(thing["metadata"]["resourceVersion"])
            if event["type"] == "BOOKMARK":
                continue
            if event["type"] == "DELETED":
                self.cache[resource].pop(_key(thing), None)
            else:
                self.cache[resource][_key(thing)] = thing
            self._on_change(resource)
        return version


def _key(thing: dict[str, Any]) -> Key:
    meta = thing["metadata"]
    return meta.get("namespace", ""), meta["name"]
