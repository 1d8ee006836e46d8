"""Find and delete namespaces of this run and of earlier ones; nothing that the suite did not create is ever touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A namespace that a run created and that is still there. `created`: ISO 8601, as the cluster says."""

    name: str
    run: str
    created: str


def left_behind(kubeconfig: str | Path | None, context: str | None) -> tuple[str, list[LeftBehind]]:
    """Return the address of the API server, and the namespaces of any run on that cluster, sorted by run."""
    with _connected(kubeconfig, context) as connection:
        found = [
            LeftBehind(
                name=namespace["metadata"]["name"],
                run=namespace["metadata"]["labels"][RUN_LABEL],
                created=namespace["metadata"].get("creationTimestamp") or "",
            )
            for namespace in find(Objects(connection))
        ]
        return connection.host, sorted(found, key=lambda one: (one.run, one.name))


def delete_run(kubeconfig: str | Path | None, context: str | None, run: str, limits: Limits) -> list[str]:
    """Delete the namespaces of one run and wait until they are removed; return their names."""
    with _connected(kubeconfig, context) as connection:
        objects = Objects(connection)
        names = [namespace["metadata"]["name"] for namespace in find(objects, run)]
        remove_namespaces(objects, names, limits)
        return names


def clean(kubeconfig: str | Path | None, context: str | None, names: Collection[str] | None = None) -> list[str]:
    """Delete namespaces that runs of this suite left behind and wait until they are removed; return their names.

    `names`: only these, as the user was shown them; None: all of them. One without our owner label is never touched.
    """
    with _connected(kubeconfig, context) as connection:
        objects = Objects(connection)
        found = [namespace["metadata"]["name"] for namespace in find(objects)]
        chosen = [name for name in found if names is None or name in names]
        remove_namespaces(objects, chosen, Limits())
        return chosen


def kept_namespaces(kubeconfig: str | Path | None, context: str | None, run: str) -> list[str]:
    """Return the names of the namespaces of a run that are left."""
    with _connected(kubeconfig, context) as connection:
        return [namespace["metadata"]["name"] for namespace in find(Objects(connection), run)]


@contextmanager
def _connected(kubeconfig: str | Path | None, context: str | None) -> Iterator[Connection]:
    connection = Connection(Path(kubeconfig) if kubeconfig else None, context)
    try:
        yield connection
    finally:
        connection.close()
