"""Kubernetes objects of the sample application. Pure: names and choices in, manifests out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.profile import Marks
from pytest_smi.workloads import DEFAULT_PORTS, HEALTH

Object = dict[str, Any]

MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "pytest-smi"
RUN_LABEL = "pytest-smi.dev/run"
APP_LABEL = "app.kubernetes.io/name"
ROLE_LABEL = "smi.test/role"


def namespace(name: str, *, run: str, marks: Marks | None) -> Object:
    """A namespace of this run, joined to the mesh when `marks` are given."""
    labels = {MANAGED_BY: OWNER, RUN_LABEL: run, **(marks.namespace_labels if marks else {})}
    annotations = dict(marks.namespace_annotations) if marks else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels, "annotations": annotations}}


def service_account(name: str, namespace: str) -> Object:
    """A ServiceAccount: the identity that SMI speaks of."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: OWNER}}}


def deployment(
    name: str,
    namespace: str,
    *,
    account: str,
    image: str,
    replicas: int = 1,
    role: str = "server",
    labels: Mapping[str, str] | None = None,
    pod_marks: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    environment: Mapping[str, str] | None = None,
) -> Object:
    """A Deployment of the sample application; `pod_marks` are labels and annotations that join a pod or keep it out."""
    pod_labels = {APP_LABEL: name, MANAGED_BY: OWNER, ROLE_LABEL: role, **(labels or {}), **pod_marks[0]}
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
            "selector": {"matchLabels": {APP_LABEL: name}},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": dict(pod_marks[1])},
                "spec": {
                    "serviceAccountName": account,
                    "terminationGracePeriodSeconds": 1,
                    "containers": [container],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                },
            },
        },
    }


def service(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Mapping[str, int] = DEFAULT_PORTS,
    port_names: Mapping[str, str] | None = None,
) -> Object:
    """A Service; `ports` maps `8080/TCP` to the target port, `port_names` to a name other than the usual one."""
    rendered = []
    for port, target in ports.items():
        number, _, protocol = port.partition("/")
        port_name = (port_names or {}).get(port) or _port_name(target, port)
        entry: dict[str, Any] = {"name": port_name, "port": int(number), "targetPort": target, "protocol": protocol}
        if protocol == "TCP":
            # Meshes that do not sniff must be told; those that sniff are told the truth.
            entry["appProtocol"] = "http" if target in (8080, 8081) else "tcp"
        rendered.append(entry)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: OWNER}},
        "spec": {"selector": dict(selector), "ports": rendered},
    }


def _port_name(target: int, port: str) -> str:
    number, _, protocol = port.partition("/")
    kind = "udp" if protocol == "UDP" else "http" if target in (8080, 8081) else "tcp"
    return f"{kind}-{number}"
