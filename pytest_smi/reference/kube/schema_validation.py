"""Validation of objects by structural schemas (OpenAPI v3 as CRDs use it), in Kubernetes' wording. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pytest_smi.reference.kube.status import Cause, duplicate, quote, required, unsupported

Schema = dict[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
"""The types that a schema may name."""


def validate(schema: Schema, obj: dict[str, Any]) -> list[Cause]:
    """Return every fault of a whole object; apiVersion, kind and metadata are not the schema's business."""
    return list(_check(schema, obj, "", root=True))


def _check(schema: Schema, value: Any, path: str, *, root: bool = False) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    if fault := _type_fault(schema, value, path):
        yield fault
        return
    if "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, schema["enum"])
    if isinstance(value, str):
        yield from _check_string(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(schema, value, path)
    elif isinstance(value, dict):
        yield from _check_object(schema, value, path, root)
    elif isinstance(value, list):
        yield from _check_array(schema, value, path)
    yield from _check_combinations(schema, value, path)


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return names[type(value)]


def _type_fault(schema: Schema, value: Any, path: str) -> Cause | None:
    if schema.get("x-kubernetes-int-or-string"):
        wanted, right = "integer,string", isinstance(value, int | str) and not isinstance(value, bool)
    else:
        wanted = str(schema.get("type") or "")
        if not wanted:
            return None
        right = isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
        if wanted == "integer" and isinstance(value, float) and value.is_integer():
            right = True
    if right:
        return None
    text = f'Invalid value: "{_type_name(value)}": {path} in body must be of type {wanted}: "{_type_name(value)}"'
    return Cause(field=path, reason="FieldValueTypeInvalid", message=text)


def _fault(path: str, value: Any, text: str) -> Cause:
    return Cause(
        field=path, reason="FieldValueInvalid", message=f"Invalid value: {quote(value)}: {path} in body {text}"
    )


def _check_string(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    if "minLength" in schema and len(value) < schema["minLength"]:
        yield _fault(path, value, f"should be at least {schema['minLength']} chars long")
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        limit = schema["maxLength"]
        yield Cause(field=path, reason="FieldValueTooLong", message=f"Too long: may not be more than {limit} bytes")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield _fault(path, value, f"should match '{schema['pattern']}'")


def _check_number(schema: Schema, value: float, path: str) -> Iterator[Cause]:
    if "minimum" in schema:
        low, exclusive = schema["minimum"], schema.get("exclusiveMinimum")
        if value < low or (exclusive and value == low):
            yield _fault(
                path,
                value,
                f"should be greater than {low}" if exclusive else f"should be greater than or equal to {low}",
            )
    if "maximum" in schema:
        high, exclusive = schema["maximum"], schema.get("exclusiveMaximum")
        if value > high or (exclusive and value == high):
            yield _fault(
                path, value, f"should be less than {high}" if exclusive else f"should be less than or equal to {high}"
            )
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        yield _fault(path, value, f"should be a multiple of {schema['multipleOf']}")


def _check_object(schema: Schema, value: dict[str, Any], path: str, root: bool) -> Iterator[Cause]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
    if len(value) < schema.get("minProperties", 0):
        yield _fault(path, value, f"should have at least {schema['minProperties']} properties")
    if "maxProperties" in schema and len(value) > schema["maxProperties"]:
        text = f"Too many: {len(value)}: must have at most {schema['maxProperties']} items"
        yield Cause(field=path, reason="FieldValueTooMany", message=text)
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        inside = f"{path}.{name}" if path else name
        if root and name in ("apiVersion", "kind", "metadata"):
            continue
        if name in properties:
            yield from _check(properties[name], item, inside)
        elif isinstance(extra, dict):
            yield from _check(extra, item, inside)


def _check_array(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    if len(value) < schema.get("minItems", 0):
        yield Cause(
            field=path,
            reason="FieldValueInvalid",
            message=f"Invalid value: {len(value)}: {path} in body should have at least {schema['minItems']} items",
        )
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        text = f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        yield Cause(field=path, reason="FieldValueTooMany", message=text)
    yield from _check_list_type(schema, value, path)
    if isinstance(schema.get("items"), dict):
        for number, item in enumerate(value):
            yield from _check(schema["items"], item, f"{path}[{number}]")


def _check_list_type(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return
    names = schema.get("x-kubernetes-list-map-keys") or []
    seen: set[str] = set()
    for number, item in enumerate(value):
        part = item if kind == "set" else {name: item.get(name) for name in names} if isinstance(item, dict) else item
        text = json.dumps(part, sort_keys=True)
        if text in seen:
            yield duplicate(f"{path}[{number}]", part)
        seen.add(text)


def _check_combinations(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for part in schema.get("allOf") or ():
        yield from _check(part, value, path)
    if (any_of := schema.get("anyOf")) and all(list(_check(part, value, path)) for part in any_of):
        yield _fault(path, value, "must validate at least one schema (anyOf)")
    if (one_of := schema.get("oneOf")) and sum(1 for part in one_of if not list(_check(part, value, path))) != 1:
        yield _fault(path, value, "must validate one and only one schema (oneOf)")
    if (negated := schema.get("not")) and not list(_check(negated, value, path)):
        yield _fault(path, value, "must not validate the schema (not)")
