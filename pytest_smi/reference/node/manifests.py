"""Installs manifests into the cluster as `kubectl apply` would on an empty one,
and waits until their deployments are available.

Law: objects are created in the order of the files, through admission and validation like any client's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pytest_smi.reference.kube.objects import Event, thaw
from pytest_smi.reference.kube.status import ApiError, ResourceKey

if TYPE_CHECKING:
    from pytest_smi.reference.kube.server import ApiServer

DEPLOYMENTS = ResourceKey("apps", "deployments")
DAEMON_SETS = ResourceKey("apps", "daemonsets")
API_SERVICES = ResourceKey("apiregistration.k8s.io", "apiservices")
PODS = ResourceKey("", "pods")
AVAILABLE_TIMEOUT = 30.0
"""Seconds until every deployment of the manifests must be available."""
FAULTS_VARIABLE = "SMI_REFERENCE_FAULTS"
CONTROL_PLANE = "control-plane"


class InstallError(Exception):
    """An object was refused, or a deployment did not come up."""


def load(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a YAML file, in order."""
    with file.open(encoding="utf-8") as stream:
        return [obj for obj in yaml.load_all(stream, Loader=_LOADER) if obj]


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C one reads CRDs ten times as fast."""


def with_faults(objects: Iterable[dict[str, Any]], faults: Iterable[str]) -> list[dict[str, Any]]:
    """Return the objects with the faults' names in the environment of the control plane's containers."""
    names = ",".join(faults)
    changed = [thaw(obj) for obj in objects]
    for obj in changed:
        if obj["kind"] == "Deployment" and obj["metadata"]["name"] == CONTROL_PLANE:
            for container in obj["spec"]["template"]["spec"]["containers"]:
                env = [entry for entry in container.get("env") or [] if entry["name"] != FAULTS_VARIABLE]
                container["env"] = [*env, {"name": FAULTS_VARIABLE, "value": names}]
    return changed


async def install(api: ApiServer, objects: Iterable[dict[str, Any]]) -> None:
    """Create the objects and wait; raises InstallError."""
    created: list[tuple[ResourceKey, str, str]] = []
    for obj in objects:
        name = f"{obj['kind']} {obj['metadata']['name']}"
        resource = api.registry.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise InstallError(f"{name}: the cluster has no kind {obj['kind']} in {obj['apiVersion']}")
        if api.store.find(resource.key, obj["metadata"].get("namespace"), obj["metadata"]["name"]) is not None:
            continue
        try:
            await api.create(resource.key, obj)
        except ApiError as error:
            raise InstallError(f"{name}: {error.message}") from error
        created.append((resource.key, obj["metadata"].get("namespace") or "", obj["metadata"]["name"]))
    for key, namespace, found in created:
        if key in (DEPLOYMENTS, DAEMON_SETS, API_SERVICES):
            await _wait_available(api, key, namespace, found)


async def _wait_available(api: ApiServer, key: ResourceKey, namespace: str, name: str) -> None:
    def available() -> bool:
        found = api.store.find(key, namespace, name)
        status = (found or {}).get("status") or {}
        if key == DAEMON_SETS:
            return bool(status.get("numberAvailable"))
        conditions = status.get("conditions") or []
        return any(condition["type"] == "Available" and condition["status"] == "True" for condition in conditions)

    try:
        await _until(api, key, available)
    except TimeoutError:
        raise InstallError(
            f"{key.plural[:-1]} {namespace}/{name} was not available after {AVAILABLE_TIMEOUT:g} "
            f"s{_why(api, namespace)}"
        ) from None


async def _until(api: ApiServer, key: ResourceKey, holds: Callable[[], bool]) -> None:
    changed = asyncio.Event()

    def note(_: Event) -> None:
        changed.set()

    end = api.store.subscribe(key, note)
    try:
        async with asyncio.timeout(AVAILABLE_TIMEOUT):
            while not holds():
                await changed.wait()
                changed.clear()
    finally:
        end()


def _why(api: ApiServer, namespace: str) -> str:
    events = [
        f"{event['reason']}: {event['message']}"
        for event in api.store.list(ResourceKey("", "events"), namespace)[0]
        if event["type"] == "Warning"
    ]
    return "; " + "; ".join(events[-3:]) if events else ""
