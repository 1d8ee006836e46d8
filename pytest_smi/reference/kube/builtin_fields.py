"""The fields of built-in kinds: what an object may have, and of which type. Pure but for reading its table once.

`builtin_fields.json` has a line per structure: field to type, as the OpenAPI documents of Kubernetes 1.34 tell.
A type is `string`, `integer`, `number`, `boolean`, `int-or-string`, `any`, `meta` (ObjectMeta), another structure,
or one of these after `[]` or `{}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.schema import Schema

_FREE: Schema = {"x-kubernetes-preserve-unknown-fields": True}
_GO_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


@cache
def _table() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return found


@cache
def schema_of(name: str) -> Schema | None:
    """Return the structural schema of a kind or structure; None when the table has none."""
    fields = _table().get(name)
    return (
        None
        if fields is None
        else {"type": "object", "properties": {field: _schema(kind) for field, kind in fields.items()}}
    )


def _schema(kind: str) -> Schema:
    if kind.startswith("[]"):
        return {"type": "array", "items": _schema(kind[2:])}
    if kind.startswith("{}"):
        return {"type": "object", "additionalProperties": _schema(kind[2:])}
    if kind == "int-or-string":
        return {"x-kubernetes-int-or-string": True}
    if kind in ("any", "meta"):
        return _FREE
    return schema_of(kind) or {"type": kind}


def wrong_type(name: str, obj: dict[str, Any]) -> str | None:
    """Return what a decoder says about the first field of the wrong type in an object of that kind;
    None when all are right."""
    schema = schema_of(name)
    return next(_faults(schema, obj, name, ""), None) if schema else None


def _faults(schema: Schema, value: Any, owner: str, path: str) -> Iterator[str]:
    if value is None:
        return
    if not _fits(schema, value):
        kind = schema.get("type", "string or number")
        yield f"json: cannot unmarshal {_GO_NAMES[type(value)]} into Go struct field {owner}.{path} of type {kind}"
    elif isinstance(value, dict):
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for field, inner in value.items():
            found = properties.get(field, extra)
            if found:
                yield from _faults(found, inner, owner, f"{path}.{field}" if path else field)
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from _faults(schema["items"], inner, owner, path)


def _fits(schema: Schema, value: Any) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    match schema.get("type"):
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return True
