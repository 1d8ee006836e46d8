"""One look at the cluster beside a verdict that is not passed. Thin I/O, bounded in calls and in time, and it never
raises for what the cluster does: `circumstances` says what the look means."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import collection
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.load import MeshFacts, WorkloadReference
from pytest_smi.testbed.circumstances import Look, sentences, summary
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.workloads import Workload

MOST_CALLS = 20
MOST_SECONDS = 10.0
PATIENCE = 5.0
"""Seconds for one answer."""


class _Bounded:
    """Reads of the API server until calls or seconds are used up; what is not read is noted, with why."""

    def __init__(self, connection: Connection, clock: Callable[[], float]) -> None:
        self._connection, self._clock, self._end = connection, clock, clock() + MOST_SECONDS
        self._calls = 0
        self.unread: list[str] = []

    def get(self, path: str) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the server told, and what: None when there is no such thing."""
        left = self._end - self._clock()
        if self._calls >= MOST_CALLS or left <= 0:
            self.unread.append(f"{path}: the look has used up its {'time' if left <= 0 else 'calls'}")
            return False, None
        self._calls += 1
        try:
            answer = self._connection.request("GET", path, timeout=min(PATIENCE, left))
        except ClusterError as error:
            self.unread.append(f"{path}: {error.message}")
            return False, None
        if answer.status == 404:
            return True, None
        if not answer.ok or not isinstance(answer.body, dict):
            self.unread.append(f"{path}: {answer.message}")
            return False, None
        return True, answer.body

    def items(self, path: str) -> list[dict[str, Any]] | None:
        """Return the members of a list; None when it was not told."""
        told, body = self.get(path)
        return ((body or {}).get("items") or []) if told else None


def circumstances(
    connection: Connection, target: MeshTarget, workloads: Iterable[Workload], objects: Collection[tuple[str, str, str]]
) -> dict[str, Any]:
    """Return what one look finds out of the ordinary, in sentences (`known`), and what was read."""
    facts = target.profile.mesh
    seen = look(connection, facts, workloads=workloads, objects=objects)
    return {"known": sentences(seen, proxy=facts.proxy_container, began=target.began), **summary(seen)}


def look(
    connection: Connection,
    facts: MeshFacts,
    *,
    workloads: Iterable[Workload] = (),
    objects: Collection[tuple[str, str, str]] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Look:
    """Look at the mesh's own workloads, at the pods of these `workloads`, and at the events on these `objects`
    (kind, namespace, name)."""
    reads = _Bounded(connection, clock)
    mesh: dict[WorkloadReference, Mapping[str, Any] | None] = {}
    for reference in dict.fromkeys(map(facts.reference, facts.workloads)):
        path = f"{collection('apps/v1', f'{reference.kind}s', reference.namespace)}/{reference.name}"
        told, body = reads.get(path)
        if told:
            mesh[reference] = body
    mesh_pods = [
        pod
        for namespace in sorted({reference.namespace for reference in mesh})
        for pod in reads.items(collection("v1", "pods", namespace)) or ()
    ]
    expected = {pod.key: workload.joined for workload in workloads if workload.deployed for pod in workload.pods}
    read = [reads.items(collection("v1", "pods", name)) for name in sorted({key.split("/")[0] for key in expected})]
    events = [
        event
        for namespace in sorted({where for _, where, _ in objects})
        for event in reads.items(collection("v1", "events", namespace)) or ()
        if _about(event) in objects
    ]
    whole = all(items is not None for items in read)
    return Look(
        workloads=mesh,
        mesh_pods=mesh_pods,
        expected=expected,
        pods=[pod for items in read if items is not None for pod in items] if whole else None,
        events=events,
        unread=reads.unread,
    )


def _about(event: Mapping[str, Any]) -> tuple[str, str, str]:
    about = event.get("involvedObject") or {}
    return str(about.get("kind")), str(about.get("namespace")), str(about.get("name"))
