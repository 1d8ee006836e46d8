"""Which documents of the API the assertions need, by key.

The paths are those of the specification's section on the Kubernetes API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.scenario.metrics.documents import ELEVEN
from pytest_smi.scenario.metrics.lists import SELECTORS
from pytest_smi.scenario.metrics.reading import Question
from pytest_smi.scenario.metrics.traffic_plan import TrafficPlan
from pytest_smi.scenario.scenario import Scenario
from pytest_smi.testbed.manifests import APP_LABEL

CLUSTER_SCOPED = ("namespaces", "nodes")


def watched(plan: TrafficPlan) -> Question:
    """Return the list by which one sees whether the numbers are complete."""
    return Question(f"/namespaces/{plan.home}/deployments")


def abroad(plan: TrafficPlan) -> Question:
    """Return the same of the other namespace."""
    return Question(f"/namespaces/{plan.workloads['x'].namespace}/deployments")


def edges_of(plan: TrafficPlan, role: str) -> Question:
    """Return the edges of one of the Deployments."""
    workload = plan.workloads[role]
    return Question(f"/namespaces/{workload.namespace}/deployments/{workload.name}/edges")


def splits_of(plan: TrafficPlan) -> Question:
    """Return the splits."""
    return Question(f"/namespaces/{plan.home}/trafficsplits")


def questions(plan: TrafficPlan) -> dict[str, Question]:
    """Return what must be read within the window of the traffic."""
    home, w = f"/namespaces/{plan.home}", plan.workloads
    found = {f"edges {role}": edges_of(plan, role) for role in w}
    found |= {
        f"deployment {role}": Question(f"{home}/deployments/{w[role].name}") for role in ("b", "c", "d", "r", "w")
    }
    found |= {
        "namespace": Question(home),
        "deployments": watched(plan),
        "pods": Question(f"{home}/pods"),
        "abroad": abroad(plan),
        "everywhere": Question("/deployments"),
        "edges pod b": Question(f"{home}/pods/{w['b'].pods[0].name}/edges"),
        "service w": Question(f"{home}/services/{w['w'].name}"),
        "replicasets": Question(f"{home}/replicasets"),
        "nodes": Question("/nodes"),
    }
    for kind, role in (("deployments", "b"), ("pods", "b"), ("pods", "w")):
        found[f"{kind} {role}"] = Question(f"{home}/{kind}", {"labelSelector": f"{APP_LABEL}={w[role].name}"})
    if plan.splits:
        found["trafficsplits"] = splits_of(plan)
    return found


def later_questions(smi: Scenario, plan: TrafficPlan) -> dict[str, Question]:
    """Return what may be read after that, while the objects still have numbers: every kind, listed and got,
    and what there is none of."""
    home, w = f"/namespaces/{plan.home}", plan.workloads
    found = {"root": Question(""), "root/": Question("/"), "deployments/": Question(f"{home}/deployments/")}
    found |= {
        f"list {kind}": Question(f"/{kind}" if kind in CLUSTER_SCOPED else f"{home}/{kind}") for kind in sorted(ELEVEN)
    }
    for kind, name in _busy(smi, plan).items():
        found[f"get {kind}"] = Question(f"/{kind}/{name}" if kind in CLUSTER_SCOPED else f"{home}/{kind}/{name}")
    for form, (template, _) in SELECTORS.items():
        selector = template.format(key=APP_LABEL, b=w["b"].name, c=w["c"].name)
        found[f"chosen by {form}"] = Question(f"{home}/deployments", {"labelSelector": selector})
    if plan.splits:
        found["trafficsplits abroad"] = Question(f"/namespaces/{plan.workloads['x'].namespace}/trafficsplits")
    found["one edge"] = Question(f"{home}/deployments/{w['a'].name}/edges/{w['b'].name}")
    found["no kind"] = Question(f"{home}/gizmos")
    found["no object"] = Question(f"{home}/deployments/nobody-{smi.tag}")
    return found


def placed(smi: Scenario, plan: TrafficPlan) -> tuple[dict[str, str], str]:
    """Return the nodes of the pods, by pod's name, and the name of the ReplicaSet of w."""
    namespaces = sorted({workload.namespace for workload in plan.workloads.values()})
    pods = {pod["metadata"]["name"]: pod for home in namespaces for pod in smi.testbed.objects.list("v1", "pods", home)}
    nodes = {name: str((pod.get("spec") or {}).get("nodeName") or "") for name, pod in pods.items()}
    owned = pods.get(plan.workloads["w"].pods[0].name) or {"metadata": {}}
    return {name: node for name, node in nodes.items() if node}, _replica_set(owned)


def _replica_set(pod: Mapping[str, Any]) -> str:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((str(owner["name"]) for owner in owners if owner.get("kind") == "ReplicaSet"), "")


def _busy(smi: Scenario, plan: TrafficPlan) -> Mapping[str, str]:
    """Return one object of each kind that had traffic, as far as there is one: those around b."""
    b = plan.workloads["b"]
    pod = smi.testbed.connection.request("GET", f"/api/v1/namespaces/{b.namespace}/pods/{b.pods[0].name}").body
    found = {"namespaces": b.namespace, "nodes": (pod.get("spec") or {}).get("nodeName"), "pods": b.pods[0].name}
    found |= {"services": b.name, "deployments": b.name}
    found["replicasets"] = _replica_set(pod)
    if plan.splits:
        found["trafficsplits"] = plan.splits[0].name
    return {kind: name for kind, name in found.items() if name}
