"""Strategic merge patch for built-in kinds: lists of objects are merged by their key instead of replaced. Pure.

Law: the table below is the only knowledge of kinds; the directives
$patch, $setElementOrder, $deleteFromPrimitiveList and $retainKeys are obeyed.
"""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube.objects import thaw

MERGE_KEYS: dict[str, str] = {
    "conditions": "type",
    "containers": "name",
    "containers.ports": "containerPort",
    "initContainers.ports": "containerPort",
    "env": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "secrets": "name",
    "spec.ports": "port",
    "taints": "key",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "webhooks": "name",
}
"""A list's field name, or parent and field name where the same name means different lists,
to the key of its elements."""
PRIMITIVE_SETS = frozenset({"metadata.finalizers"})


def merge_key(parent: str, field: str) -> str | None:
    """Return the key by which that list is merged, None when it is replaced as a whole."""
    return MERGE_KEYS.get(f"{parent}.{field}") or MERGE_KEYS.get(field)


def strategic_merge(target: Any, patch: dict[str, Any], parent: str = "") -> dict[str, Any]:
    """Return the object after the patch."""
    mode = patch.get("$patch")
    if mode == "delete":
        return {}
    if mode == "replace" or not isinstance(target, dict):
        target = {}
    result: dict[str, Any] = thaw(target)
    for field, value in patch.items():
        if field.startswith("$deleteFromPrimitiveList/"):
            name = field.partition("/")[2]
            result[name] = [item for item in result.get(name) or [] if item not in value]
    for field, value in patch.items():
        if field.startswith("$"):
            continue
        if value is None:
            result.pop(field, None)
        elif isinstance(value, dict):
            result[field] = strategic_merge(result.get(field), value, field)
        elif isinstance(value, list):
            result[field] = _merge_list(result.get(field), value, parent, field)
        else:
            result[field] = value
    for field, order in patch.items():
        if field.startswith("$setElementOrder/"):
            name = field.partition("/")[2]
            if isinstance(result.get(name), list):
                result[name] = _ordered(result[name], order, merge_key(parent, name))
    if isinstance(keep := patch.get("$retainKeys"), list):
        result = {field: value for field, value in result.items() if field in keep}
    return result


def _merge_list(target: Any, patch: list[Any], parent: str, field: str) -> list[Any]:
    current: list[Any] = thaw(target) if isinstance(target, list) else []
    if f"{parent}.{field}" in PRIMITIVE_SETS:
        return current + [item for item in patch if item not in current]
    key = merge_key(parent, field)
    if key is None or not all(isinstance(item, dict) for item in patch):
        return list(thaw([item for item in patch if not (isinstance(item, dict) and "$patch" in item)]))
    if any(item.get("$patch") == "replace" and key not in item for item in patch):
        return list(thaw([item for item in patch if "$patch" not in item]))
    for item in patch:
        at = next((n for n, old in enumerate(current) if isinstance(old, dict) and _same(old, item, key)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del current[at]
        elif at is None:
            current.append(strategic_merge({}, item, field))
        else:
            current[at] = strategic_merge(current[at], item, field)
    return current


def _same(old: dict[str, Any], new: dict[str, Any], key: str) -> bool:
    # Ports of one number may differ in protocol: both count, as in server-side apply's map keys.
    return old.get(key) == new.get(key) and (old.get("protocol") or "TCP") == (
        new.get("protocol") or old.get("protocol") or "TCP"
    )


def _ordered(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    def rank(item: Any) -> int:
        value = item.get(key) if key and isinstance(item, dict) else item
        wanted = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in order]
        return wanted.index(value) if value in wanted else len(wanted)

    return sorted(items, key=rank)
