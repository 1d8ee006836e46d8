"""Find and delete namespaces of earlier runs; nothing without our owner label is ever touched."""

from __future__ import annotations

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


def delete_run(kubeconfig: str | Path | None, context: str | None, run: str | None, limits: Limits) -> list[str]:
    """Delete the namespaces of `run` (None: of every run) and wait until they are gone; returns their names."""
    connection = Connection(Path(kubeconfig) if kubeconfig else None, context)
    objects = Objects(connection)
    found = find(objects, run)
    for namespace in found:
        objects.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace["metadata"]["name"]}})
    if found:
        wait_until(
            lambda: not find(objects, run),
            what=f"{len(found)} namespace(s) of earlier runs are gone",
            deadline=limits.cleanup_deadline,
            longest_pause=limits.poll_interval,
        )
    connection.close()
    return [namespace["metadata"]["name"] for namespace in found]


def clean(kubeconfig: str | Path | None, context: str | None) -> list[str]:
    """Delete every namespace that any run of this suite left behind; returns their names."""
    return delete_run(kubeconfig, context, None, Limits())
