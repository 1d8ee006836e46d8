"""A persona's installation as Kubernetes objects: the reference mesh's own manifests under the names
that its mesh has; pure."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.mesh.personas.definitions import definition
from pytest_smi.reference.mesh.personas.record import Persona, Workload

PERSONA_VARIABLE = "SMI_REFERENCE_PERSONA"
PERSONA_MARK = "smi-reference.io/persona"
_HOME = "smi-reference"
_ACTOR = "control-plane"
_BYSTANDERS = ("kube-system", "kube-public", "kube-node-lease")


def objects_of(persona: Persona, base: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the objects to install, in order. `base` are the reference mesh's own manifests."""
    found = [
        definition(plural, serving, keep_unknown=persona.keep_unknown) for plural, serving in persona.serves.items()
    ]
    spaces = dict.fromkeys((persona.namespace, *(workload.namespace for workload in persona.workloads)))
    found += [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in spaces]
    found += [copy.deepcopy(dict(thing)) for thing in persona.objects]
    for thing in base:
        if thing["kind"] in ("CustomResourceDefinition", "Namespace") or (
            thing["kind"] == "APIService" and not persona.metrics
        ):
            continue
        adapted = _moved(thing, persona.namespace)
        if thing["kind"] == "Deployment":
            adapted = _acting(adapted, persona)
        elif thing["kind"] == "Service":
            adapted["spec"]["selector"] = {"app": persona.control_plane.name}
        elif thing["kind"] == "ClusterRole":
            adapted["rules"] += _rules(persona)
        elif thing["kind"] == "MutatingWebhookConfiguration":
            bystanders = sorted({*_BYSTANDERS, *(space for space in spaces if space != "default")})
            selector = [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": bystanders}]
            for hook in adapted["webhooks"]:
                hook["namespaceSelector"] = {"matchExpressions": selector}
                hook["objectSelector"] = {"matchExpressions": [{"key": PERSONA_MARK, "operator": "DoesNotExist"}]}
        found.append(adapted)
    found += [_standing(workload, persona) for workload in persona.workloads if not workload.acts]
    return found


def _moved(thing: Any, namespace: str) -> Any:
    """Return a copy with every `namespace` field of the reference's own namespace replaced."""
    if isinstance(thing, dict):
        return {
            key: namespace if key == "namespace" and value == _HOME else _moved(value, namespace)
            for key, value in thing.items()
        }
    return [_moved(item, namespace) for item in thing] if isinstance(thing, list) else thing


def _rules(persona: Persona) -> list[dict[str, Any]]:
    """Return what a persona's control plane may do beyond the reference's."""
    groups = sorted({thing["apiVersion"].partition("/")[0] for thing in persona.objects if "/" in thing["apiVersion"]})
    rules: list[dict[str, Any]] = (
        [{"apiGroups": groups, "resources": ["*"], "verbs": ["get", "list", "watch"]}] if groups else []
    )
    if persona.domain:
        rules.append({"apiGroups": [""], "resources": ["services"], "verbs": ["create", "delete", "patch"]})
    return rules


def _named(workload: Workload, persona: Persona) -> tuple[dict[str, Any], dict[str, str]]:
    """(metadata of the workload, labels of its pods)."""
    labels = {**workload.labels, "app": workload.name}
    annotations = {**workload.annotations, PERSONA_MARK: persona.name}
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "labels": labels,
        "annotations": annotations,
    }, labels


def _acting(thing: dict[str, Any], persona: Persona) -> dict[str, Any]:
    """Return the Deployment of the control plane under its persona's name."""
    workload = persona.control_plane
    thing["metadata"], labels = _named(workload, persona)
    spec = thing["spec"]
    spec["selector"] = {"matchLabels": {"app": workload.name}}
    spec["template"]["metadata"] = {
        "labels": {**labels, PERSONA_MARK: persona.name},
        "annotations": dict(workload.annotations),
    }
    container = spec["template"]["spec"]["containers"][0]
    container |= {"name": workload.name, "image": workload.image, "args": list(workload.arguments)}
    container["env"] = [*container["env"], {"name": PERSONA_VARIABLE, "value": persona.spelled}]
    return thing


def _standing(workload: Workload, persona: Persona) -> dict[str, Any]:
    """Return a workload that is only there."""
    meta, labels = _named(workload, persona)
    container = {
        "name": workload.name,
        "image": workload.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["smi-placeholder"],
        "args": list(workload.arguments),
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 15021}, "periodSeconds": 1, "failureThreshold": 60},
    }
    template = {
        "metadata": {"labels": {**labels, PERSONA_MARK: persona.name}, "annotations": dict(workload.annotations)},
        "spec": {"containers": [container]},
    }
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": labels["app"]}}, "template": template}
    if workload.kind == "Deployment":
        spec["replicas"] = 1
    return {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": meta, "spec": spec}
