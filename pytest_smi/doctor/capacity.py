"""How many pods of a run the nodes have room for, and how many workers that is; the doctor's line on it. Pure.

It is about what pods ask for (requests), by which the scheduler decides, not about what they use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from pytest_smi.core.quantities import quantity
from pytest_smi.doctor.findings import Finding, ok, warning
from pytest_smi.testbed.placement import Placement

Object = Mapping[str, Any]
PODS_AT_ONCE = {"access": 9, "specs": 9, "split": 7, "metrics": 9}
"""Most pods that one worker had at the same time in whole runs of these APIs alone: its clients, and its servers."""
PODS_OF_METRICS = 10
"""Those that the shared scenario of metrics adds, on one worker of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one pod asks for: processors and bytes."""

    cpu: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the nodes have left for a run."""

    pods: int
    """Further pods that fit."""
    nodes: int
    """Nodes that may run them."""
    short_of: str
    """What runs out first on most of them: cpu, memory or pods; empty when no node may run any."""

    def workers(self, apis: Collection[str]) -> int:
        """Return how many workers' pods fit at the same time, where these APIs are tested."""
        return max(0, self.pods - (PODS_OF_METRICS if "metrics" in apis else 0)) // pods_of_a_worker(apis)


def judge(found: Room | str, asked: Asked, apis: Collection[str]) -> Finding:
    """Say it, with advice on -n."""
    if isinstance(found, str):
        return ok("nodes", f"what fits on them is not known: {found}")
    if not found.nodes:
        return warning(
            "nodes",
            "no node that is ready may run the sample application",
            "name the nodes that may: --smi-node-selector, --smi-toleration",
        )
    each = f"{asked.cpu * 1000:.0f}m CPU and {asked.memory / 2**20:.0f}Mi each"
    limit = {"cpu": "CPU", "memory": "memory", "pods": "the number of pods"}[found.short_of]
    told = (
        f"room on {found.nodes} node(s) for {found.pods} pods of {each} ({limit} runs out first), "
        f"and a worker has up to {pods_of_a_worker(apis)}"
    )
    workers = found.workers(apis)
    if not workers:
        return warning(
            "nodes", f"{told}: pods of a run may not fit", "add a node, or free one, and run with -n 1 until then"
        )
    return ok("nodes", f"{told}: -n {workers} at most")


def pods_of_a_worker(apis: Collection[str]) -> int:
    """Return the most pods that each worker has at the same time; of no API, as of all."""
    return max((PODS_AT_ONCE[api] for api in apis), default=max(PODS_AT_ONCE.values()))


def asked_by(pod: Object) -> Asked:
    """Return what the scheduler reckons with for a pod: all containers and sidecars together,
    or the largest init container beside the sidecars that started before it."""
    spec = pod.get("spec") or {}
    return Asked(cpu=_asked(spec, "cpu"), memory=_asked(spec, "memory"))


def room(nodes: Sequence[Object], pods: Iterable[Object], asked: Asked, placement: Placement) -> Room:
    """Return how many more pods that ask for so much fit on the nodes that may run them."""
    usable = [node for node in nodes if _usable(node, placement)]
    left = {node["metadata"]["name"]: _allocatable(node) for node in usable}
    for pod in pods:
        name = (pod.get("spec") or {}).get("nodeName")
        if name in left and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            taken, free = asked_by(pod), left[name]
            left[name] = {
                "cpu": free["cpu"] - taken.cpu,
                "memory": free["memory"] - taken.memory,
                "pods": free["pods"] - 1,
            }
    costs = {"cpu": asked.cpu, "memory": asked.memory, "pods": 1.0}
    total, short = 0, list[str]()
    for free in left.values():
        # Sums of thousandths are not exact in binary: half a thousandth is nothing.
        fits = {kind: (free[kind] + costs[kind] * 5e-4) // costs[kind] if costs[kind] else inf for kind in costs}
        least = min(fits, key=lambda kind: fits[kind])
        total += max(0, int(fits[least]))
        short.append(least)
    return Room(pods=total, nodes=len(usable), short_of=max(short, key=short.count) if short else "")


def _asked(spec: Object, kind: str) -> float:
    running = sum(_request(container, kind) for container in spec.get("containers") or ())
    sidecars = largest = 0.0
    for container in spec.get("initContainers") or ():
        request = _request(container, kind)
        if container.get("restartPolicy") == "Always":
            sidecars += request
            largest = max(largest, sidecars)
        else:
            largest = max(largest, sidecars + request)
    return max(running + sidecars, largest) + _number((spec.get("overhead") or {}).get(kind))


def _request(container: Object, kind: str) -> float:
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return _number(requests.get(kind, limits.get(kind)))


def _allocatable(node: Object) -> dict[str, float]:
    told = (node.get("status") or {}).get("allocatable") or {}
    return {kind: _number(told.get(kind)) for kind in ("cpu", "memory", "pods")}


def _usable(node: Object, placement: Placement) -> bool:
    """Return whether the scheduler may place a pod of the sample application there."""
    spec, labels = node.get("spec") or {}, (node.get("metadata") or {}).get("labels") or {}
    ready = any(
        one.get("type") == "Ready" and one.get("status") == "True"
        for one in (node.get("status") or {}).get("conditions") or ()
    )
    repelled = any(
        taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerated(taint, placement)
        for taint in spec.get("taints") or ()
    )
    return (
        ready and not spec.get("unschedulable") and not repelled and placement.node_selector.items() <= labels.items()
    )


def _tolerated(taint: Object, placement: Placement) -> bool:
    return any(
        one.key == taint.get("key")
        and one.effect == taint.get("effect")
        and (one.value is None or one.value == (taint.get("value") or ""))
        for one in placement.tolerations
    )


def _number(value: object) -> float:
    try:
        return quantity(value)
    except ValueError:
        return 0.0
