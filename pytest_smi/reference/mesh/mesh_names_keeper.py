"""Keeps the Services of a mesh's own domain in step with those that they stand for, see `mesh_names.py`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError
from pytest_smi.reference.mesh.mesh_names import Key, is_ours, port_set, wanted
from pytest_smi.reference.mesh.tasks import Tasks

_log = logging.getLogger("control-plane")


class MeshNames:
    """Creates, changes and deletes the Services of the mesh as others come and go."""

    def __init__(self, client: KubeClient, home: str, domain: str) -> None:
        self._client, self._home, self._domain = client, home, domain
        self._busy: set[str] = set()
        self._tasks = Tasks()

    def follow(self, services: Mapping[Key, Mapping[str, Any]]) -> None:
        """Bring the cluster into step; what is under way is left to come in as a change of its own."""
        if not self._domain:
            return
        should = wanted(services, self._home, self._domain)
        have = {
            name: value for (namespace, name), value in services.items() if namespace == self._home and is_ours(value)
        }
        for name, body in should.items():
            if name not in have:
                self._start("POST", name, body)
            elif port_set(have[name]) != port_set(body):
                self._start("PATCH", name, {"spec": body["spec"]})
        for name in have.keys() - should.keys():
            self._start("DELETE", name, None)

    def _start(self, method: str, name: str, body: dict[str, Any] | None) -> None:
        if name not in self._busy:
            self._busy.add(name)
            self._tasks.spawn(self._act(method, name, body))

    async def _act(self, method: str, name: str, body: dict[str, Any] | None) -> None:
        path = f"/api/v1/namespaces/{self._home}/services" + ("" if method == "POST" else f"/{name}")
        more = {"content_type": "application/merge-patch+json"} if method == "PATCH" else {}
        try:
            await self._client.request(method, path, body, **more)
        except (KubeError, aiohttp.ClientError, TimeoutError) as error:
            _log.info("%s %s: %r", method, path, error)
        finally:
            self._busy.discard(name)
