"""What a deployment's replica sets should be, and its status. Pure.

Law: the new replica set comes up in full beside the old ones, which go once it is ready (Recreate: they go first).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.node.controllers.ownership import owner_reference

Object = Mapping[str, Any]
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def template_hash(template: Object) -> str:
    """Return a short name for a pod template."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def revision(replica_set: Object) -> int:
    """Return a replica set's revision, 0 when it has none."""
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def new_replica_set(deployment: Object, old: Sequence[Object]) -> dict[str, Any]:
    """Return the replica set for the deployment's template, with no replicas yet."""
    meta, spec = deployment["metadata"], deployment["spec"]
    name = template_hash(spec["template"])
    template_meta = spec["template"].get("metadata") or {}
    labels = {**(template_meta.get("labels") or {}), HASH_LABEL: name}
    number = max((revision(replica_set) for replica_set in old), default=0) + 1
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{name}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {REVISION: str(number)},
            "ownerReferences": [owner_reference(deployment, "Deployment")],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": spec.get("minReadySeconds", 0),
            "selector": {
                **spec["selector"],
                "matchLabels": {**(spec["selector"].get("matchLabels") or {}), HASH_LABEL: name},
            },
            "template": {**spec["template"], "metadata": {**template_meta, "labels": labels}},
        },
        "status": {"replicas": 0},
    }


def wanted_replicas(deployment: Object, new: Object, old: Sequence[Object]) -> dict[str, int]:
    """Replicas that each replica set (by name) should have now."""
    spec = deployment["spec"]
    replicas = int(spec.get("replicas", 1))
    if spec.get("paused"):
        return {}
    old_pods = sum(_count(replica_set, "replicas") for replica_set in old)
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        wanted = {replica_set["metadata"]["name"]: 0 for replica_set in old}
        return {**wanted, new["metadata"]["name"]: replicas if old_pods == 0 else int(new["spec"].get("replicas", 0))}
    ready = _count(new, "readyReplicas") >= replicas and _count(new, "observedGeneration") >= new["metadata"].get(
        "generation", 1
    )
    wanted = {replica_set["metadata"]["name"]: 0 for replica_set in old} if ready else {}
    return {**wanted, new["metadata"]["name"]: replicas}


def _count(replica_set: Object, name: str) -> int:
    return int((replica_set.get("status") or {}).get(name) or 0)


def deployment_status(deployment: Object, new: Object, old: Sequence[Object], now: str) -> dict[str, Any]:
    """Return the deployment's status."""
    replicas = int(deployment["spec"].get("replicas", 1))
    total = sum(_count(replica_set, "replicas") for replica_set in (new, *old))
    ready = sum(_count(replica_set, "readyReplicas") for replica_set in (new, *old))
    available = sum(_count(replica_set, "availableReplicas") for replica_set in (new, *old))
    updated = _count(new, "replicas")
    complete = updated == replicas == available and total == replicas
    before = {condition["type"]: condition for condition in (deployment.get("status") or {}).get("conditions") or []}

    def condition(kind: str, value: bool, reason: str, message: str) -> dict[str, Any]:
        record = {"type": kind, "status": "True" if value else "False", "reason": reason, "message": message}
        old_one = before.get(kind)
        moved = old_one is None or old_one["status"] != record["status"]
        changed = old_one is None or moved or old_one["reason"] != reason
        record["lastUpdateTime"] = now if changed or old_one is None else old_one["lastUpdateTime"]
        record["lastTransitionTime"] = now if moved or old_one is None else old_one["lastTransitionTime"]
        return record

    enough = available >= replicas
    name = new["metadata"]["name"]
    progressed = (
        f'ReplicaSet "{name}" has successfully progressed.' if complete else f'ReplicaSet "{name}" is progressing.'
    )
    status: dict[str, Any] = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "conditions": [
            condition(
                "Available",
                enough,
                "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
                "Deployment has minimum availability." if enough else "Deployment does not have minimum availability.",
            ),
            condition("Progressing", True, "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated", progressed),
            *(
                condition(found["type"], True, found["reason"], found["message"])
                for found in (new.get("status") or {}).get("conditions") or ()
            ),
        ],
    }
    counts = {
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(total, replicas) - available),
    }
    return status | {key: value for key, value in counts.items() if value}
