"""Find and delete namespaces of this run and of earlier ones; nothing that the suite did not create is ever touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import Objects
from pytest_smi.cluster.wait import wait_until
from pytest_smi.core.limits import Limits
from pytest_smi.testbed.manifests import MANAGED_BY, OWNER, RUN_LABEL


def find(objects: Objects, run: str | None = None) -> list[dict[str, Any]]:
    """Return the namespaces that runs of this suite created; `run` restricts it to one run."""
    selector = f"{MANAGED_BY}={OWNER},{RUN_LABEL}" + (f"={run}" if run else "")
    return objects.list("v1", "namespaces", selector=selector)


def remove_namespaces(objects: Objects, names: Sequence[str], limits: Limits) -> None:
    """Delete namespaces that this process created, and wait until they are removed; raises ClusterError."""
    for name in names:
        objects.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for name in names:
        wait_until(
            lambda path=f"/api/v1/namespaces/{name}": objects.connection.request("GET", path).status == 404,  # type: ignore[misc]
            what=f"namespace {name} is removed",
            deadline=limits.cleanup_deadline,
            longest_pause=limits.poll_interval,
        )


def delete_run(kubeconfig: str | Path | None, context: str | None, run: str | None, limits: Limits) -> list[str]:
    """Delete the namespaces of `run` (None: of every run) and wait until they are removed; returns their names."""
    connection = Connection(Path(kubeconfig) if kubeconfig else None, context)
    objects = Objects(connection)
    found = [namespace["metadata"]["name"] for namespace in find(objects, run)]
    remove_namespaces(objects, found, limits)
    connection.close()
    return found


def kept_namespaces(kubeconfig: str | Path | None, context: str | None, run: str) -> list[str]:
    """Return the names of the namespaces of a run that are left."""
    connection = Connection(Path(kubeconfig) if kubeconfig else None, context)
    try:
        return [namespace["metadata"]["name"] for namespace in find(Objects(connection), run)]
    finally:
        connection.close()


def clean(kubeconfig: str | Path | None, context: str | None) -> list[str]:
    """Delete every namespace that any run of this suite left behind; returns their names."""
    return delete_run(kubeconfig, context, None, Limits())
