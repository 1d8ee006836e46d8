"""A pod's status from the states of its containers. Pure.

Law: the same states give the same status; a condition's lastTransitionTime moves only when its status does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class ContainerState:
    """What is known of a container.

    `state` and `last` are Kubernetes' ContainerState objects; `init` marks one that must end first.
    """

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    init: bool = False
    sidecar: bool = False
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Object = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    restarts: int = 0

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return "running" in self.state

    def status(self) -> Object:
        """Return its entry in containerStatuses."""
        record: Object = {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last,
        }
        if self.container_id:
            record["containerID"] = self.container_id
        return record


def phase(main: Sequence[ContainerState], restart_policy: str, init_failed: bool = False) -> str:
    """Pending, Running, Succeeded or Failed."""
    if init_failed:
        return "Failed"
    ended = [c.state["terminated"]["exitCode"] for c in main if "terminated" in c.state]
    if len(ended) == len(main) and restart_policy != "Always":
        if all(code == 0 for code in ended):
            return "Succeeded"
        if restart_policy == "Never":
            return "Failed"
    if all(c.running or "terminated" in c.state or c.last for c in main):
        return "Running"
    return "Pending"


def pod_status(
    pod: Mapping[str, Any],
    states: Sequence[ContainerState],
    *,
    pod_ip: str,
    host_ip: str,
    start_time: str,
    now: str,
    init_failed: bool = False,
) -> Object:
    """Return the whole status object; `now` and `start_time` are Kubernetes timestamps."""
    inits = [state for state in states if state.init or state.sidecar]
    main = [state for state in states if not (state.init or state.sidecar)]
    current = phase(main, pod["spec"].get("restartPolicy", "Always"), init_failed)
    initialized = all(
        state.started if state.sidecar else state.state.get("terminated", {}).get("exitCode") == 0 for state in inits
    )
    unready = [state.name for state in states if not state.ready and not state.init]
    over = current in ("Succeeded", "Failed")
    why = (
        {"reason": "PodCompleted"}
        if over
        else {"reason": "ContainersNotReady", "message": f"containers with unready status: [{' '.join(unready)}]"}
    )
    not_ready = why if unready or over else {}
    before = {condition["type"]: condition for condition in (pod.get("status") or {}).get("conditions") or []}

    def condition(kind: str, value: bool, extra: Mapping[str, str] | None = None) -> Object:
        record = {
            "type": kind,
            "status": "True" if value else "False",
            "lastProbeTime": None,
            "lastTransitionTime": now,
            **(extra or {}),
        }
        old = before.get(kind)
        if old is not None and old["status"] == record["status"]:
            record["lastTransitionTime"] = old["lastTransitionTime"]
        return record

    ready = not unready and not over and initialized
    status: Object = {
        "phase": current,
        "conditions": [
            condition("PodReadyToStartContainers", True),
            condition("Initialized", initialized),
            condition("Ready", ready, not_ready),
            condition("ContainersReady", ready, not_ready),
            condition("PodScheduled", True),
        ],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": start_time,
        "qosClass": "BestEffort",
        "containerStatuses": [state.status() for state in main],
    }
    if inits:
        status["initContainerStatuses"] = [state.status() for state in inits]
    return status


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod's Ready condition is true."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
