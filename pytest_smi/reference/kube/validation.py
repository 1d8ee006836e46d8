"""Rules for built-in kinds, in Kubernetes' wording. Pure: object in, list of causes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.reference.kube.defaults import RBAC_GROUP
from pytest_smi.reference.kube.name_forms import (
    LABEL,
    LABEL_1035,
    LABEL_1035_TEXT,
    LABEL_TEXT,
    PORT_NAME,
    QUALIFIED,
    QUALIFIED_TEXT,
    SUBDOMAIN,
    SUBDOMAIN_TEXT,
    VALUE,
    VALUE_TEXT,
)
from pytest_smi.reference.kube.status import Cause, ResourceKey, duplicate, invalid, required, unsupported
from pytest_smi.reference.kube.validation_pods import _PROTOCOLS, check_port, dicts, pod_spec

_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion", "customresourcecleanup.apiextensions.k8s.io")
_FREE_NAMES = frozenset(
    ResourceKey(RBAC_GROUP, plural) for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
)


def metadata(key: ResourceKey, obj: Mapping[str, Any]) -> list[Cause]:
    """Faults of an object's name and labels."""
    meta, causes = obj["metadata"], []
    name = meta.get("name") or ""
    if not name and not meta.get("generateName"):
        causes.append(required("metadata.name", "name or generateName is required"))
    elif name:
        causes += _name(key, str(name))
    builtin = "." not in key.group or key.group.endswith(".k8s.io")
    for number, finalizer in enumerate(meta.get("finalizers") or ()):
        if builtin and "/" not in str(finalizer) and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(invalid(f"metadata.finalizers[{number}]", finalizer, why))
    for label, value in (meta.get("labels") or {}).items():
        if not QUALIFIED.fullmatch(label) or len(label.rpartition("/")[2]) > 63:
            causes.append(invalid("metadata.labels", label, QUALIFIED_TEXT))
        if not isinstance(value, str) or not VALUE.fullmatch(value):
            causes.append(invalid("metadata.labels", value, VALUE_TEXT))
        elif len(value) > 63:
            causes.append(invalid("metadata.labels", value, "must be no more than 63 characters"))
    return causes


def _name(key: ResourceKey, name: str) -> list[Cause]:
    if key in _FREE_NAMES:
        return (
            []
            if "/" not in name and name not in (".", "..")
            else [invalid("metadata.name", name, "may not contain '/'")]
        )
    pattern, text, limit = SUBDOMAIN, SUBDOMAIN_TEXT, 253
    if key == ResourceKey("", "namespaces"):
        pattern, text, limit = LABEL, LABEL_TEXT, 63
    elif key == ResourceKey("", "services"):
        pattern, text, limit = LABEL_1035, LABEL_1035_TEXT, 63
    causes = [] if pattern.fullmatch(name) else [invalid("metadata.name", name, text)]
    if len(name) > limit:
        causes.append(invalid("metadata.name", name, f"must be no more than {limit} characters"))
    return causes


def _service(obj: Mapping[str, Any]) -> list[Cause]:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return [required("spec.ports")]
    causes: list[Cause] = []
    types = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec.get("type") not in types:
        causes.append(unsupported("spec.type", spec.get("type"), types))
    ports = dicts(spec.get("ports"))
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    names: set[str] = set()
    pairs: set[tuple[Any, Any]] = set()
    for number, port in enumerate(ports):
        field = f"spec.ports[{number}]"
        check_port(f"{field}.port", port.get("port"), causes)
        if port.get("protocol") not in _PROTOCOLS:
            causes.append(unsupported(f"{field}.protocol", port.get("protocol"), _PROTOCOLS))
        name = port.get("name") or ""
        if not name and len(ports) > 1:
            causes.append(required(f"{field}.name"))
        elif name and not LABEL.fullmatch(name):
            causes.append(invalid(f"{field}.name", name, LABEL_TEXT))
        elif name and name in names:
            causes.append(duplicate(f"{field}.name", name))
        names.add(name)
        target = port.get("targetPort")
        if isinstance(target, int):
            check_port(f"{field}.targetPort", target, causes)
        elif target and (not PORT_NAME.fullmatch(target) or len(target) > 15):
            causes.append(
                invalid(
                    f"{field}.targetPort",
                    target,
                    "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                )
            )
        pair = (port.get("protocol"), port.get("port"))
        if pair in pairs:
            causes.append(Cause(field=field, reason="FieldValueDuplicate", message='Duplicate value: "object"'))
        pairs.add(pair)
    return causes


def _workload(obj: Mapping[str, Any]) -> list[Cause]:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return [required("spec.selector"), required("spec.template")]
    causes: list[Cause] = []
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    wanted = spec.get("selector")
    if not isinstance(wanted, dict) or not (wanted.get("matchLabels") or wanted.get("matchExpressions")):
        causes.append(required("spec.selector"))
    elif any(labels.get(name) != value for name, value in (wanted.get("matchLabels") or {}).items()):
        found = Cause(
            field="spec.template.metadata.labels",
            reason="FieldValueInvalid",
            message=f"Invalid value: {_as_json(labels)}: `selector` does not match template `labels`",
        )
        causes.append(found)
    replicas = spec.get("replicas")
    if not isinstance(replicas, int) or replicas < 0:
        causes.append(invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    causes += pod_spec("spec.template.spec", (spec.get("template") or {}).get("spec"))
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if policy in ("OnFailure", "Never"):
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    return causes


def _as_json(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'"{name}":"{value}"' for name, value in sorted(labels.items()))
    return f"{{{inside}}}"


def _binding(obj: Mapping[str, Any]) -> list[Cause]:
    ref = obj.get("roleRef") or {}
    causes = [] if ref.get("name") else [required("roleRef.name")]
    kinds = ("ClusterRole",) if obj.get("kind") == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if ref.get("kind") not in kinds:
        causes.append(unsupported("roleRef.kind", ref.get("kind") or "", kinds))
    for number, subject in enumerate(dicts(obj.get("subjects"))):
        field = f"subjects[{number}]"
        if not subject.get("name"):
            causes.append(required(f"{field}.name"))
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            causes.append(required(f"{field}.namespace"))
        if subject.get("kind") not in ("ServiceAccount", "User", "Group"):
            causes.append(unsupported(f"{field}.kind", subject.get("kind") or "", ("Group", "ServiceAccount", "User")))
    return causes


def _event(obj: Mapping[str, Any]) -> list[Cause]:
    about = (obj.get("involvedObject") or {}).get("namespace") or ""
    if about == obj["metadata"].get("namespace") or (not about and obj["metadata"].get("namespace") == "default"):
        return []
    return [invalid("involvedObject.namespace", about, "does not match event.namespace")]


def _hooks(obj: Mapping[str, Any]) -> list[Cause]:
    causes: list[Cause] = []
    for number, hook in enumerate(dicts(obj.get("webhooks"))):
        field = f"webhooks[{number}]"
        effects = hook.get("sideEffects")
        if effects is None:
            causes.append(required(f"{field}.sideEffects", "must specify one of None, NoneOnDryRun"))
        elif effects not in ("None", "NoneOnDryRun"):
            causes.append(unsupported(f"{field}.sideEffects", effects, ("None", "NoneOnDryRun")))
        if not hook.get("admissionReviewVersions"):
            causes.append(required(f"{field}.admissionReviewVersions", "must specify one of v1, v1beta1"))
    return causes


_BY_KIND: dict[ResourceKey, Callable[[Mapping[str, Any]], list[Cause]]] = {
    ResourceKey("", "pods"): lambda obj: pod_spec("spec", obj.get("spec")),
    ResourceKey("", "services"): _service,
    ResourceKey("", "events"): _event,
    ResourceKey("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): _hooks,
    ResourceKey("admissionregistration.k8s.io", "validatingwebhookconfigurations"): _hooks,
    ResourceKey("apps", "deployments"): _workload,
    ResourceKey("apps", "replicasets"): _workload,
    ResourceKey(RBAC_GROUP, "rolebindings"): _binding,
    ResourceKey(RBAC_GROUP, "clusterrolebindings"): _binding,
}


def validate(key: ResourceKey, obj: Mapping[str, Any]) -> list[Cause]:
    """Faults of a whole object."""
    checker = _BY_KIND.get(key)
    return metadata(key, obj) + (checker(obj) if checker else [])
