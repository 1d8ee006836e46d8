"""What a structural schema of a resource definition makes of an object: the fields that it would drop. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ALWAYS = ("apiVersion", "kind", "metadata")


def schema_of(definition: Mapping[str, Any], version: str) -> dict[str, Any] | None:
    """Return the schema of a version in a CustomResourceDefinition; empty when it has none,
    None when there is no such version."""
    for one in definition["spec"]["versions"]:
        if one["name"] == version:
            found: dict[str, Any] = (one.get("schema") or {}).get("openAPIV3Schema") or {}
            return found
    return None


def dropped(item: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Dotted paths of the fields that an API server drops from an object under this schema, without a word,
    in order."""
    rest = {name: value for name, value in item.items() if name not in _ALWAYS}
    return list(dict.fromkeys(_dropped(rest, schema, "")))


def _dropped(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        # What is specified is still cut to its own schema.
        for name, inner in (schema.get("properties") or {}).items():
            if isinstance(value, dict) and name in value:
                yield from _dropped(value[name], inner, f"{path}.{name}" if path else name)
        return
    if isinstance(value, dict):
        known, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, inner in value.items():
            at = f"{path}.{name}" if path else name
            if name in known:
                yield from _dropped(inner, known[name], at)
            elif isinstance(others, dict):
                yield from _dropped(inner, others, at)
            elif not others:
                yield at
    elif isinstance(value, list):
        for inner in value:
            yield from _dropped(inner, schema.get("items") or {}, f"{path}[]")
