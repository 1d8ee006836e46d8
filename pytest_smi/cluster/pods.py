"""Read facts from pods and events as the API server shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

Object = Mapping[str, Any]
T = TypeVar("T", bound=Mapping[str, Any])


def container_images(pod: Object) -> dict[str, str]:
    """Return image reference to digest for every container of a pod that the cluster knows the digest of,
    init containers included."""
    found = {}
    for status in container_statuses(pod):
        _, _, digest = str(status.get("imageID", "")).rpartition("sha256:")
        if digest:
            found[status["image"]] = f"sha256:{digest}"
    return found


def container_statuses(pod: Object) -> list[Object]:
    """Return the status of every container of a pod; native sidecars stand among the init containers."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def selected_by(workload: Object, pods: Sequence[T]) -> list[T]:
    """Return the pods that a Deployment, DaemonSet or StatefulSet selects by labels; none where it names no labels."""
    wanted = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    labels = [((pod.get("metadata") or {}).get("labels") or {}) for pod in pods]
    return [pod for pod, own in zip(pods, labels, strict=True) if wanted and wanted.items() <= own.items()]


def readiness(kind: str, workload: Object) -> tuple[int, int]:
    """Return how many pods of a workload are available, and how many there should be."""
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    if kind == "daemonset":
        return int(status.get("numberAvailable") or 0), int(status.get("desiredNumberScheduled") or 0)
    # The status of a generation before this one says nothing about it.
    seen = int(status.get("observedGeneration") or 0) >= int((workload.get("metadata") or {}).get("generation") or 0)
    available = status.get("availableReplicas")
    if kind == "statefulset" and available is None:
        available = status.get("readyReplicas")
    wanted = spec.get("replicas")
    return int(available or 0) if seen else 0, 1 if wanted is None else int(wanted)


def why_not_ready(pods: Sequence[Object], events: Sequence[Object]) -> str:
    """Return what is known of pods that are not Ready: conditions, containers that wait, else the last warnings;
    empty when nothing is."""
    found = dict.fromkeys(told for pod in pods for told in _of_pod(pod))
    if not found:
        warnings = [event for event in events if event.get("type") == "Warning" and event.get("message")]
        found = dict.fromkeys(f"{event.get('reason', 'Warning')}: {event['message']}" for event in warnings[-3:])
    return "; ".join(found)


def advice(why: str) -> str:
    """Return what may help against a reason of `why_not_ready`; empty when there is nothing to say."""
    if any(word in why for word in ("Insufficient", "Too many pods")):
        return "the nodes are full: run with fewer workers, -n 1 at the least, or add a node"
    if any(word in why for word in ("taint", "node affinity", "node selector")):
        return "name the nodes that may run the sample application: --smi-node-selector, --smi-toleration"
    if "exceeded quota" in why:
        return "the namespaces' quota is too small: run with fewer workers, -n 1 at the least, or raise it"
    return ""


def _of_pod(pod: Object) -> Iterator[str]:
    name = (pod.get("metadata") or {}).get("name", "a pod")
    conditions = {condition["type"]: condition for condition in (pod.get("status") or {}).get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True":
        return
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        yield f"no node takes {name}: {scheduled.get('message') or scheduled.get('reason') or 'no more is said'}"
    for container in container_statuses(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            yield (
                f"{name}, container {container.get('name')}: {waiting['reason']} {waiting.get('message') or ''}"
            ).rstrip()
