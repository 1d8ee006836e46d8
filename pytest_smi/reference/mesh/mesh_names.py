"""Names of a mesh's own domain: beside each Service one more of the mesh, whose address leads through the mesh.

As Traefik Mesh does it: `SERVICE.NAMESPACE.DOMAIN` is the name of a Service in the mesh's namespace, and calls to its address are governed.
`wanted` is pure; `MeshNames` keeps the cluster true to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError

Key = tuple[str, str]
NAMES = "network.smi-reference.io/names"
BEHIND = "smi-reference.io/service"
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
_log = logging.getLogger("control-plane")


def wanted(services: Mapping[Key, Mapping[str, Any]], home: str, domain: str) -> dict[str, dict[str, Any]]:
    """The Services of the mesh, by name, for all others that have an address."""
    found: dict[str, dict[str, Any]] = {}
    for (namespace, name), service in services.items():
        spec = service["spec"]
        if namespace in (home, *_SYSTEM) or spec.get("clusterIP") in (None, "", "None"):
            continue
        ports = [{field: port[field] for field in ("name", "port", "protocol") if field in port} for port in spec.get("ports") or []]
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
    """Address of each Service of the mesh -> NAMESPACE/NAME of the one that it stands for, as long as that exists."""
    found: dict[str, str] = {}
    for (namespace, _), service in services.items():
        behind = (service["metadata"].get("annotations") or {}).get(BEHIND)
        if namespace == home and behind and tuple(behind.split("/", 1)) in services:
            found[service["spec"]["clusterIP"]] = behind
    return found


class MeshNames:
    """Creates, changes and deletes the Services of the mesh as others come and go."""

    def __init__(self, client: KubeClient, home: str, domain: str) -> None:
        self._client, self._home, self._domain = client, home, domain
        self._busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, services: Mapping[Key, Mapping[str, Any]]) -> None:
        """Bring the cluster into step; what is under way is left to come in as a change of its own."""
        if not self._domain:
            return
        should = wanted(services, self._home, self._domain)
        have = {name: value for (namespace, name), value in services.items() if namespace == self._home and _is_ours(value)}
        for name, body in should.items():
            if name not in have:
                self._start("POST", name, body)
            elif _ports(have[name]) != _ports(body):
                self._start("PATCH", name, {"spec": body["spec"]})
        for name in self._gone(have, should):
            self._start("DELETE", name, None)

    def _gone(self, have: Collection[str], should: Collection[str]) -> list[str]:
        return [name for name in have if name not in should]

    def _start(self, method: str, name: str, body: dict[str, Any] | None) -> None:
        if name not in self._busy:
            self._busy.add(name)
            task = asyncio.get_running_loop().create_task(self._act(method, name, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _act(self, method: str, name: str, body: dict[str, Any] | None) -> None:
        path = f"/api/v1/namespaces/{self._home}/services" + ("" if method == "POST" else f"/{name}")
        more = {"content_type": "application/merge-patch+json"} if method == "PATCH" else {}
        try:
            await self._client.request(method, path, body, **more)
        except (KubeError, aiohttp.ClientError, TimeoutError) as error:
            _log.info("%s %s: %r", method, path, error)
        finally:
            self._busy.discard(name)


def _is_ours(service: Mapping[str, Any]) -> bool:
    return BEHIND in (service["metadata"].get("annotations") or {})


def _ports(service: Mapping[str, Any]) -> list[tuple[int, str]]:
    return sorted((port["port"], port.get("protocol") or "TCP") for port in service["spec"].get("ports") or [])
