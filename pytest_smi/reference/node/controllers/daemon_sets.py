"""DaemonSet -> Pod: one pod on the only node, replaced when the template changes,
and the counts that people wait for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pytest_smi.reference.kube.objects import Event, Object
from pytest_smi.reference.kube.status import NotFound
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.context import DAEMON_SETS, PODS
from pytest_smi.reference.node.controllers.ownership import controller_of, owned_by, pod_from_template
from pytest_smi.reference.node.controllers.rollout import template_hash
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue
from pytest_smi.reference.node.events import EventRecorder
from pytest_smi.reference.node.pod_status import is_ready

HASH_LABEL = "controller-revision-hash"


def pod_of(daemon_set: Object) -> dict[str, Any]:
    """Return a new pod of a daemon set."""
    return pod_from_template(daemon_set, "DaemonSet", {HASH_LABEL: template_hash(daemon_set["spec"]["template"])})


def status_of(daemon_set: Object, pods: list[Object]) -> dict[str, Any]:
    """Return the counts, for one node."""
    now = template_hash(daemon_set["spec"]["template"])
    ready = sum(1 for pod in pods if is_ready(pod))
    status = {
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": 1,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "updatedNumberScheduled": sum(
            1 for pod in pods if (pod["metadata"].get("labels") or {}).get(HASH_LABEL) == now
        ),
        "observedGeneration": daemon_set["metadata"].get("generation", 1),
    }
    return status | ({"numberAvailable": ready} if ready else {"numberUnavailable": 1})


class DaemonSetController:
    """Follows daemon sets and their pods. `create_pod` admits and stores a pod."""

    def __init__(
        self, store: Store, events: EventRecorder, create_pod: Callable[[dict[str, Any]], Awaitable[Any]]
    ) -> None:
        self._store = store
        self._events = events
        self._create_pod = create_pod
        self.queue = WorkQueue("daemon set", self._reconcile)
        store.subscribe(DAEMON_SETS, lambda event: self.queue.mark((event.namespace, event.name)))
        store.subscribe(PODS, self._on_pod)

    def _on_pod(self, event: Event) -> None:
        owner = controller_of(event.object, "DaemonSet")
        if owner is not None:
            self.queue.mark((event.namespace, owner[0]))

    def _pods(self, daemon_set: Object) -> list[Object]:
        found, _ = self._store.list(PODS, daemon_set["metadata"]["namespace"])
        return owned_by(daemon_set, "DaemonSet", found)

    async def _reconcile(self, key: Key) -> None:
        daemon_set = self._store.find(DAEMON_SETS, *key)
        if daemon_set is None or daemon_set["metadata"].get("deletionTimestamp"):
            return
        now = template_hash(daemon_set["spec"]["template"])
        current: list[Object] = []
        for pod in self._pods(daemon_set):
            ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
            if ended or current or (pod["metadata"].get("labels") or {}).get(HASH_LABEL) != now:
                try:
                    self._store.delete(PODS, key[0], pod["metadata"]["name"])
                except NotFound:
                    continue
            else:
                current.append(pod)
        try:
            if not current:
                await self._create_pod(pod_of(daemon_set))
        except Exception as error:
            self._events.record(daemon_set, "DaemonSet", "FailedCreate", f"Error creating: {error}", warning=True)
            raise
        finally:
            latest = self._store.find(DAEMON_SETS, *key)
            if latest is not None:
                self._store.update_status(DAEMON_SETS, *key, status_of(latest, self._pods(latest)))
