"""ReplicaSet -> Pods: creates what is missing (through admission), deletes what is too much, counts what is ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.status import NotFound
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.context import PODS, REPLICA_SETS
from pytest_smi.reference.node.controllers.ownership import controller_of, owned_by, pod_from_template
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue
from pytest_smi.reference.node.events import EventRecorder
from pytest_smi.reference.node.pod_status import is_ready


def surplus(pods: list[Object], wanted: int) -> list[Object]:
    """Return the pods to delete: those that are not ready first, then the youngest."""
    ordered = sorted(pods, key=lambda pod: (is_ready(pod), -int(pod["metadata"]["resourceVersion"])))
    return ordered[: max(0, len(pods) - wanted)]


class ReplicaSetController:
    """Follows replica sets and their pods. `create_pod` admits and stores a pod."""

    def __init__(
        self, store: Store, events: EventRecorder, create_pod: Callable[[dict[str, Any]], Awaitable[Any]]
    ) -> None:
        self._store = store
        self._events = events
        self._create_pod = create_pod
        self.queue = WorkQueue("replica set", self._reconcile)
        store.subscribe(REPLICA_SETS, lambda event: self.queue.mark((event.namespace, event.name)))
        store.subscribe(PODS, self._on_pod)

    def _on_pod(self, event: Event) -> None:
        owner = controller_of(event.object, "ReplicaSet")
        if owner is not None:
            self.queue.mark((event.namespace, owner[0]))

    def _pods(self, replica_set: Object) -> list[Object]:
        found, _ = self._store.list(PODS, replica_set["metadata"]["namespace"])
        ended = ("Succeeded", "Failed")
        return [
            pod
            for pod in owned_by(replica_set, "ReplicaSet", found)
            if (pod.get("status") or {}).get("phase") not in ended
        ]

    async def _reconcile(self, key: Key) -> None:
        replica_set = self._store.find(REPLICA_SETS, *key)
        if replica_set is None or replica_set["metadata"].get("deletionTimestamp"):
            return
        home = self._store.find(type(PODS)("", "namespaces"), None, key[0])
        if home is not None and home["metadata"].get("deletionTimestamp"):
            return
        wanted = int(replica_set["spec"].get("replicas", 1))
        pods = self._pods(replica_set)
        for pod in surplus(pods, wanted):
            try:
                self._store.delete(PODS, key[0], pod["metadata"]["name"])
            except NotFound:
                continue
        failure = ""
        try:
            for _ in range(wanted - len(pods)):
                await self._create_pod(pod_from_template(replica_set, "ReplicaSet"))
        except Exception as error:
            failure = str(error)
            self._events.record(replica_set, "ReplicaSet", "FailedCreate", f"Error creating: {error}", warning=True)
            raise
        finally:
            self._publish(key, failure)

    def _publish(self, key: Key, failure: str) -> None:
        replica_set = self._store.find(REPLICA_SETS, *key)
        if replica_set is None:
            return
        pods = self._pods(replica_set)
        ready = sum(1 for pod in pods if is_ready(pod))
        status: dict[str, Any] = {
            "replicas": len(pods),
            "observedGeneration": replica_set["metadata"].get("generation", 1),
        }
        if pods:
            status["fullyLabeledReplicas"] = len(pods)
        if ready:
            status |= {"readyReplicas": ready, "availableReplicas": ready}
        if failure:
            status["conditions"] = [
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure}
            ]
        self._store.update_status(REPLICA_SETS, *key, status)
