"""Rules for changes of built-in kinds: fields that may not change once set.

Pure: both states in, list of causes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.defaults import RBAC_GROUP
from pytest_smi.reference.kube.status import Cause, ResourceKey, forbidden_field, invalid
from pytest_smi.reference.kube.validation_pods import dicts

_IMMUTABLE = "field is immutable"


def validate_update(key: ResourceKey, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Cause]:
    """Faults of a change: fields that may not change once set."""
    was, now = old.get("spec") or {}, new.get("spec") or {}
    if key.group == "apps" and was.get("selector") != now.get("selector"):
        return [invalid("spec.selector", now.get("selector"), _IMMUTABLE)]
    if (
        key == ResourceKey("", "services")
        and was.get("clusterIP")
        and was["clusterIP"] != now.get("clusterIP")
        and now.get("type") != "ExternalName"
    ):
        found = invalid("spec.clusterIPs[0]", [now.get("clusterIP")], "may not change once set")
        return [found]
    if key == ResourceKey("", "pods") and _fixed_pod_part(was) != _fixed_pod_part(now):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
            "tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        return [forbidden_field("spec", why)]
    if key.group == RBAC_GROUP and key.plural.endswith("bindings") and old.get("roleRef") != new.get("roleRef"):
        return [invalid("roleRef", new.get("roleRef"), "cannot change roleRef")]
    if key.plural in ("configmaps", "secrets") and not key.group and old.get("immutable") and _data(old) != _data(new):
        return [forbidden_field("data", "field is immutable when `immutable` is set")]
    return []


def _fixed_pod_part(spec: Mapping[str, Any]) -> dict[str, Any]:
    changeable = (
        "containers",
        "initContainers",
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "nodeName",
    )
    rest = {name: value for name, value in spec.items() if name not in changeable}
    for kind in ("containers", "initContainers"):
        rest[kind] = [{name: value for name, value in c.items() if name != "image"} for c in dicts(spec.get(kind))]
    return rest


def _data(obj: Mapping[str, Any]) -> tuple[Any, Any]:
    return obj.get("data"), obj.get("binaryData")
