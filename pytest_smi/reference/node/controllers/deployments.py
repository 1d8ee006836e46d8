"""Deployment -> ReplicaSets: applies the decisions of `rollout` to the store."""

from __future__ import annotations

import time

from pytest_smi.reference.kube.objects import Event, Object, thaw, timestamp
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.context import DEPLOYMENTS, REPLICA_SETS
from pytest_smi.reference.node.controllers import rollout
from pytest_smi.reference.node.controllers.ownership import controller_of, owned_by
from pytest_smi.reference.node.controllers.work_queue import Key, WorkQueue
from pytest_smi.reference.node.events import EventRecorder


class DeploymentController:
    """Follows deployments and their replica sets."""

    def __init__(self, store: Store, events: EventRecorder) -> None:
        self._store = store
        self._events = events
        self.queue = WorkQueue("deployment", self._reconcile)
        store.subscribe(DEPLOYMENTS, lambda event: self.queue.mark((event.namespace, event.name)))
        store.subscribe(REPLICA_SETS, self._on_replica_set)

    def _on_replica_set(self, event: Event) -> None:
        owner = controller_of(event.object, "Deployment")
        if owner is not None:
            self.queue.mark((event.namespace, owner[0]))

    async def _reconcile(self, key: Key) -> None:
        deployment = self._store.find(DEPLOYMENTS, *key)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return
        owned = self._owned(deployment)
        name = rollout.template_hash(deployment["spec"]["template"])
        new = next((rs for rs in owned if (rs["metadata"].get("labels") or {}).get(rollout.HASH_LABEL) == name), None)
        if new is None:
            new = self._store.create(REPLICA_SETS, rollout.new_replica_set(deployment, owned))
        old = [rs for rs in owned if rs["metadata"]["uid"] != new["metadata"]["uid"]]
        self._mark_newest(new, old)
        for set_name, replicas in rollout.wanted_replicas(deployment, new, old).items():
            self._scale(deployment, set_name, replicas)
        self._drop_history(deployment, old)
        owned = self._owned(deployment)
        new = next(rs for rs in owned if rs["metadata"]["uid"] == new["metadata"]["uid"])
        old = [rs for rs in owned if rs["metadata"]["uid"] != new["metadata"]["uid"]]
        number = str(rollout.revision(new))
        if (deployment["metadata"].get("annotations") or {}).get(rollout.REVISION) != number:
            noted = thaw(deployment)
            noted["metadata"].setdefault("annotations", {})[rollout.REVISION] = number
            deployment = self._store.update(DEPLOYMENTS, noted)
        status = rollout.deployment_status(deployment, new, old, timestamp(time.time()))
        self._store.update_status(DEPLOYMENTS, *key, status)

    def _owned(self, deployment: Object) -> list[Object]:
        found, _ = self._store.list(REPLICA_SETS, deployment["metadata"]["namespace"])
        return owned_by(deployment, "Deployment", found)

    def _mark_newest(self, new: Object, old: list[Object]) -> None:
        # A roll-back makes an old replica set the newest revision again.
        highest = max((rollout.revision(rs) for rs in old), default=0)
        if rollout.revision(new) <= highest:
            changed = thaw(self._store.get(REPLICA_SETS, new["metadata"]["namespace"], new["metadata"]["name"]))
            changed["metadata"].setdefault("annotations", {})[rollout.REVISION] = str(highest + 1)
            self._store.update(REPLICA_SETS, changed)

    def _scale(self, deployment: Object, name: str, replicas: int) -> None:
        current = self._store.get(REPLICA_SETS, deployment["metadata"]["namespace"], name)
        before = current["spec"].get("replicas", 1)
        if before == replicas:
            return
        changed = thaw(current)
        changed["spec"]["replicas"] = replicas
        self._store.update(REPLICA_SETS, changed)
        direction = "up" if replicas > before else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {replicas}"
        self._events.record(deployment, "Deployment", "ScalingReplicaSet", message)

    def _drop_history(self, deployment: Object, old: list[Object]) -> None:
        limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
        idle = [rs for rs in old if not rs["spec"].get("replicas") and not (rs.get("status") or {}).get("replicas")]
        for rs in sorted(idle, key=rollout.revision)[: max(0, len(idle) - limit)]:
            self._store.delete(REPLICA_SETS, rs["metadata"]["namespace"], rs["metadata"]["name"])
