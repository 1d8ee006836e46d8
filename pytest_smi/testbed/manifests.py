"""Kubernetes objects of the sample application. Pure: names and choices in, manifests out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.core.uris import LABELS
from pytest_smi.profiles.record import Injection, ServiceFacts
from pytest_smi.profiles.terms import FAMILIES
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.placement import PULL_SECRET, Placement
from pytest_smi.testbed.workloads import DEFAULT_PORTS, HEALTH, family_of, protocol_of

Object = dict[str, Any]

MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "pytest-smi"
RUN_LABEL = f"{LABELS}/run"
DEFAULT_ACCOUNT = "default"
"""The ServiceAccount that every namespace has."""
APP_LABEL = "app.kubernetes.io/name"
ROLE_LABEL = "smi.test/role"
RESTARTS = "smi.test/restarts"
"""Annotation of pods: how often those before them were replaced."""


def namespace(name: str, *, run: str, injection_labels: Injection | None) -> Object:
    """Return a namespace of this run, joined to the mesh when `injection_labels` are given."""
    labels = {MANAGED_BY: OWNER, RUN_LABEL: run, **(injection_labels.namespace_labels if injection_labels else {})}
    annotations = dict(injection_labels.namespace_annotations) if injection_labels else {}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
    }


def pull_secret(namespace: str, data: str) -> Object:
    """Return the Secret with which the kubelet pulls the image; `data` is the base64 of a `.dockerconfigjson`."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": PULL_SECRET, "namespace": namespace, "labels": {MANAGED_BY: OWNER}},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": data},
    }


def service_account(name: str, namespace: str) -> Object:
    """Return a ServiceAccount: the identity that SMI speaks of."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: OWNER}},
    }


def deployment(
    name: str,
    namespace: str,
    *,
    account: str,
    image: str,
    replicas: int = 1,
    role: str = "server",
    labels: Mapping[str, str] | None = None,
    selector: Mapping[str, str] | None = None,
    pod_injection: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    environment: Mapping[str, str] | None = None,
    placement: Placement | None = None,
    node: str = "",
) -> Object:
    """Return a Deployment of the sample application; `pod_injection` are labels and annotations
    that join a pod or keep it out, `selector` what the Deployment selects in place of its name, `node` where all of
    its pods run."""
    pod_labels = {APP_LABEL: name, MANAGED_BY: OWNER, ROLE_LABEL: role, **(labels or {}), **pod_injection[0]}
    env = [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    env += [{"name": key, "value": value} for key, value in (environment or {}).items()]
    container = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sample-app", "server"],
        "env": env,
        "ports": [
            {"containerPort": target, "protocol": port.partition("/")[2], "name": _port_name(target, port)}
            for port, target in DEFAULT_PORTS.items()
        ],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": HEALTH}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a path inside the pod
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {APP_LABEL: name, MANAGED_BY: OWNER}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": dict(selector or {APP_LABEL: name})},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": dict(pod_injection[1])},
                "spec": {
                    # Every pod that names no account runs as the namespace's own.
                    **({} if account == DEFAULT_ACCOUNT else {"serviceAccountName": account}),
                    "terminationGracePeriodSeconds": 1,
                    "containers": [container],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                    **(placement.pod_fields() if placement else {}),
                    **({"affinity": _only_on(node)} if node else {}),
                },
            },
        },
    }


def deployment_of(name: str, namespace: str, *, bare: bool = False) -> Object:
    """Return what names a Deployment, or a pod by itself."""
    version, kind = ("v1", "Pod") if bare else ("apps/v1", "Deployment")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def restarted(found: Object) -> Object:
    """Return a Deployment whose pods are to be replaced, from the one that there is."""
    template, meta = found["spec"]["template"], found["metadata"]
    annotations = dict(template["metadata"].get("annotations") or {})
    annotations[RESTARTS] = str(int(annotations.get(RESTARTS, "0")) + 1)
    template = {**template, "metadata": {**template["metadata"], "annotations": annotations}}
    named = deployment_of(meta["name"], meta["namespace"])
    return {
        **named,
        "metadata": {**named["metadata"], "labels": meta.get("labels") or {}},
        "spec": {**found["spec"], "template": template},
    }


def bare_pod(deployed: Object) -> Object:
    """Return the pod of a Deployment by itself: without owner, and without labels but those by which a pod joins."""
    template = deployed["spec"]["template"]
    own = {APP_LABEL, MANAGED_BY, ROLE_LABEL}
    metadata = {
        "name": deployed["metadata"]["name"],
        "namespace": deployed["metadata"]["namespace"],
        "labels": {key: value for key, value in template["metadata"]["labels"].items() if key not in own},
        "annotations": template["metadata"]["annotations"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def service(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Mapping[str, int] = DEFAULT_PORTS,
    port_names: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    app_protocols: Mapping[str, str] | None = None,
) -> Object:
    """Return a Service; `ports` maps `8080/TCP` to the target port, `port_names` to a name other than the usual one.

    `app_protocols` maps what a port speaks to the mesh's word for it (see `ServiceFacts`).
    """
    rendered = []
    for port, target in ports.items():
        number, _, protocol = port.partition("/")
        port_name = (port_names or {}).get(port) or _port_name(target, port)
        entry: dict[str, Any] = {"name": port_name, "port": int(number), "targetPort": target, "protocol": protocol}
        spelled = (app_protocols or {}).get(protocol_of(port, target))
        if spelled or protocol == "TCP":
            # Meshes that do not sniff must be told; those that sniff are told the truth.
            entry["appProtocol"] = spelled or family_of(port, target)
        rendered.append(entry)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {MANAGED_BY: OWNER},
            **({"annotations": dict(annotations)} if annotations else {}),
        },
        "spec": {"selector": dict(selector), "ports": rendered},
    }


def services(
    addresses: Addresses,
    *,
    selector: Mapping[str, str],
    ports: Mapping[str, int] = DEFAULT_PORTS,
    port_names: Mapping[str, str] | None = None,
    facts: ServiceFacts | None = None,
) -> list[Object]:
    """Return the Service of these ports, or one per protocol family where the mesh wants them separate.

    `facts`: what the mesh's profile says of Services; None: nothing.
    """
    facts = facts or ServiceFacts()
    by_name: dict[str, list[str]] = {}
    for family in FAMILIES:
        if any(family_of(port, target) == family for port, target in ports.items()):
            by_name.setdefault(addresses.name(family), []).append(family)
    return [
        service(
            name,
            addresses.namespace,
            selector=selector,
            ports={port: target for port, target in ports.items() if family_of(port, target) in families},
            port_names=port_names,
            annotations={key: value for family in families for key, value in facts.annotations.get(family, {}).items()},
            app_protocols=facts.app_protocols,
        )
        for name, families in by_name.items()
    ]


def _only_on(node: str) -> Object:
    """Return the affinity to one node by its name, which the scheduler still asks for room; a label of its host's name
    need not be the same."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _port_name(target: int, port: str) -> str:
    return f"{family_of(port, target)}-{port.partition('/')[0]}"
