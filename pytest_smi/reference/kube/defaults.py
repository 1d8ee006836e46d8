"""Defaults that the API server fills into built-in kinds before they are stored.

Pure; changes the given object in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_smi.reference.kube.status import ResourceKey

Object = dict[str, Any]
RBAC_GROUP = "rbac.authorization.k8s.io"


def _set(obj: Object, **values: Any) -> None:
    for name, value in values.items():
        if obj.get(name) is None:
            obj[name] = value


def _probe(probe: Object) -> None:
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if isinstance(probe.get("httpGet"), dict):
        _set(probe["httpGet"], path="/", scheme="HTTP")


def _container(container: Object) -> None:
    image = str(container.get("image") or "")
    _, _, tag = image.rpartition("/")[2].partition(":")
    latest = "@" not in image and tag in ("", "latest")
    _set(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in _dicts(container.get("ports")):
        _set(port, protocol="TCP")
    for env in _dicts(container.get("env")):
        source = env.get("valueFrom")
        if isinstance(source, dict) and isinstance(source.get("fieldRef"), dict):
            _set(source["fieldRef"], apiVersion="v1")
    for kind in ("readinessProbe", "livenessProbe", "startupProbe"):
        if isinstance(container.get(kind), dict):
            _probe(container[kind])


def _dicts(items: Any) -> list[Object]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def pod_spec(spec: Object) -> None:
    """Fill a pod spec, in a pod or in a template."""
    _set(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    for kind in ("containers", "initContainers"):
        for container in _dicts(spec.get(kind)):
            _container(container)
    for volume in _dicts(spec.get("volumes")):
        for source in ("configMap", "secret", "projected"):
            if isinstance(volume.get(source), dict):
                _set(volume[source], defaultMode=420)
        if len(volume) == 1:
            volume["emptyDir"] = {}
    if spec.get("serviceAccountName") and not spec.get("serviceAccount"):
        spec["serviceAccount"] = spec["serviceAccountName"]


def _pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if not isinstance(spec, dict):
        return
    if spec.get("serviceAccount") and not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = spec["serviceAccount"]
    _set(
        spec, serviceAccountName="default", enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0
    )
    pod_spec(spec)


def _template(obj: Object) -> None:
    template = obj["spec"].get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
        if isinstance(template.get("spec"), dict):
            pod_spec(template["spec"])


def _deployment(obj: Object) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _set(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _set(spec["strategy"], rollingUpdate={})
        _set(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    _template(obj)


def _replica_set(obj: Object) -> None:
    if isinstance(obj.get("spec"), dict):
        _set(obj["spec"], replicas=1)
        _template(obj)


def _service(obj: Object) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    _set(spec, type="ClusterIP", sessionAffinity="None")
    for port in _dicts(spec.get("ports")):
        _set(port, protocol="TCP")
        if spec["type"] != "ExternalName" and port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if spec["type"] == "ExternalName":
        return
    _set(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec.get("clusterIP"):
        _set(spec, clusterIPs=[spec["clusterIP"]])


def _namespace(obj: Object) -> None:
    meta = obj["metadata"]
    if meta.get("name"):
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    spec = obj.get("spec") or {}
    obj["spec"] = {**spec, "finalizers": spec.get("finalizers") or ["kubernetes"]}


def _secret(obj: Object) -> None:
    _set(obj, type="Opaque")
    plain = obj.pop("stringData", None)
    if isinstance(plain, dict):
        import base64

        encoded = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def _binding(obj: Object) -> None:
    if isinstance(obj.get("roleRef"), dict):
        _set(obj["roleRef"], apiGroup=RBAC_GROUP)
    for subject in _dicts(obj.get("subjects")):
        if subject.get("kind") in ("User", "Group"):
            _set(subject, apiGroup=RBAC_GROUP)
        elif (
            subject.get("kind") == "ServiceAccount"
            and obj.get("kind") == "RoleBinding"
            and obj["metadata"].get("namespace")
        ):
            _set(subject, namespace=obj["metadata"]["namespace"])


def _webhooks(obj: Object) -> None:
    for hook in _dicts(obj.get("webhooks")):
        _set(
            hook,
            failurePolicy="Fail",
            matchPolicy="Equivalent",
            namespaceSelector={},
            objectSelector={},
            timeoutSeconds=10,
        )
        if obj.get("kind") == "MutatingWebhookConfiguration":
            _set(hook, reinvocationPolicy="Never")
        config = hook.get("clientConfig")
        if isinstance(config, dict) and isinstance(config.get("service"), dict):
            _set(config["service"], port=443)
        for rule in _dicts(hook.get("rules")):
            _set(rule, scope="*")


def _api_service(obj: Object) -> None:
    spec = obj.get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("service"), dict):
        _set(spec["service"], port=443)


def _crd(obj: Object) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    _set(spec, conversion={"strategy": "None"})
    names = spec.get("names")
    if isinstance(names, dict) and names.get("kind"):
        _set(names, singular=str(names["kind"]).lower(), listKind=f"{names['kind']}List")


_BY_KIND: dict[ResourceKey, Callable[[Object], None]] = {
    ResourceKey("", "pods"): _pod,
    ResourceKey("", "services"): _service,
    ResourceKey("", "namespaces"): _namespace,
    ResourceKey("", "secrets"): _secret,
    ResourceKey("apps", "deployments"): _deployment,
    ResourceKey("apps", "replicasets"): _replica_set,
    ResourceKey(RBAC_GROUP, "rolebindings"): _binding,
    ResourceKey(RBAC_GROUP, "clusterrolebindings"): _binding,
    ResourceKey("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): _webhooks,
    ResourceKey("admissionregistration.k8s.io", "validatingwebhookconfigurations"): _webhooks,
    ResourceKey("apiregistration.k8s.io", "apiservices"): _api_service,
    ResourceKey("apiextensions.k8s.io", "customresourcedefinitions"): _crd,
}


def fill(key: ResourceKey, obj: Object) -> None:
    """Fill in what the kind's defaults say."""
    if filler := _BY_KIND.get(key):
        filler(obj)


def first_status(key: ResourceKey) -> Object | None:
    """Return the status of a new object of a kind, None when it has none at first."""
    if key == ResourceKey("", "pods"):
        return {"phase": "Pending", "qosClass": "BestEffort"}
    if key == ResourceKey("", "namespaces"):
        return {"phase": "Active"}
    if key == ResourceKey("", "services"):
        return {"loadBalancer": {}}
    if key == ResourceKey("apps", "replicasets"):
        return {"replicas": 0}
    return {} if key == ResourceKey("apps", "deployments") else None
