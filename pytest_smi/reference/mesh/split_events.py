"""Events on SMI objects: each misconfiguration is told once, as a Warning on the object that has it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
from collections.abc import Iterable
from typing import Any

import aiohttp

from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError
from pytest_smi.reference.mesh.snapshot import Snapshot

_KINDS = {
    "traffictargets": ("TrafficTarget", "access.smi-spec.io/v1alpha3"),
    "identitybindings": ("IdentityBinding", "access.smi-spec.io/v1alpha4"),
    "httproutegroups": ("HTTPRouteGroup", "specs.smi-spec.io/v1alpha4"),
    "tcproutes": ("TCPRoute", "specs.smi-spec.io/v1alpha4"),
    "udproutes": ("UDPRoute", "specs.smi-spec.io/v1alpha4"),
    "trafficsplits": ("TrafficSplit", "split.smi-spec.io/v1alpha4"),
}
_SETTLE_SECONDS = 0.5
_log = logging.getLogger("control-plane")


def event(resource: str, key: tuple[str, str], uid: str, reason: str, message: str, now: dt.datetime) -> dict[str, Any]:
    """Return a core/v1 Event; its name is the same for the same message on the same object."""
    kind, version = _KINDS[resource]
    mark = hashlib.sha256(f"{uid}/{reason}/{message}".encode()).hexdigest()[:16]
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{key[1]}.{mark}", "namespace": key[0]},
        "involvedObject": {"kind": kind, "apiVersion": version, "namespace": key[0], "name": key[1], "uid": uid},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": "smi-reference"},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


class EventWriter:
    """Writes the events of snapshots, after a short while in which a misconfiguration may turn out to be a step
    of a rollout."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._told: set[tuple[str, str]] = set()
        self._latest: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None

    def follow(self, snapshot: Snapshot) -> None:
        """Take note of what is wrong now."""
        self._latest = list(_events(snapshot))
        if self._task is None and any(_mark(e) not in self._told for e in self._latest):
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(_SETTLE_SECONDS)
        try:
            for body in [e for e in self._latest if _mark(e) not in self._told]:
                self._told.add(_mark(body))
                namespace = body["metadata"]["namespace"]
                try:
                    await self._client.request("POST", f"/api/v1/namespaces/{namespace}/events", body)
                except KubeError as error:
                    if error.code != 409:
                        _log.warning("cannot write an event: %s", error)
                except (aiohttp.ClientError, TimeoutError) as error:
                    self._told.discard(_mark(body))
                    _log.warning("cannot write an event: %r", error)
        finally:
            self._task = None


def _mark(body: dict[str, Any]) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _events(snapshot: Snapshot) -> Iterable[dict[str, Any]]:
    now = dt.datetime.now(dt.UTC)
    for warning in snapshot.warnings:
        yield event("trafficsplits", warning.key, warning.uid, "BackendPortMissing", warning.message, now)
    for item in snapshot.unreadable:
        yield event(item.resource, item.key, item.uid, "Unreadable", item.reason, now)
