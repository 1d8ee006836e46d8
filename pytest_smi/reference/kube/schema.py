"""Structural schemas: pruning of unknown fields and defaulting. Pure; works in place on the object given."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube.objects import thaw

Schema = dict[str, Any]
_OBJECT_META = ("apiVersion", "kind", "metadata")


def prune(schema: Schema, obj: dict[str, Any]) -> list[str]:
    """Remove fields that the schema does not know from a whole object; returns their dotted paths.
    metadata is left alone."""
    removed: list[str] = []
    _prune(schema, obj, "", removed, root=True)
    return removed


def _prune(
    schema: Schema, value: Any, path: str, removed: list[str], *, root: bool = False, keep: bool = False
) -> None:
    keep = bool(schema.get("x-kubernetes-preserve-unknown-fields", keep and "properties" not in schema))
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        for name in list(value):
            inside = f"{path}.{name}" if path else name
            if root and name in _OBJECT_META:
                continue
            if name in properties:
                _prune(properties[name], value[name], inside, removed)
            elif isinstance(extra, dict):
                _prune(extra, value[name], inside, removed)
            elif (
                not extra
                and not schema.get("x-kubernetes-preserve-unknown-fields")
                and not keep
                and not _is_resource(schema, name)
            ):
                del value[name]
                removed.append(inside)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, item in enumerate(value):
            _prune(schema["items"], item, f"{path}[{number}]", removed)


def _is_resource(schema: Schema, name: str) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource")) and name in _OBJECT_META


def fill(schema: Schema, value: Any) -> None:
    """Fill in defaults where a field is missing, or null but not nullable; such a null without a default is dropped."""
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name, inner in properties.items():
            missing = name not in value or (value[name] is None and not inner.get("nullable"))
            if missing and "default" in inner:
                value[name] = thaw(inner["default"])
            elif missing:
                value.pop(name, None)
            if name in value:
                fill(inner, value[name])
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            for name, inner_value in value.items():
                if name not in properties:
                    fill(extra, inner_value)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            fill(schema["items"], item)
