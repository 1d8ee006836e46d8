"""matrix.schema.json: the JSON Schema of the matrix, generated from its records. Pure.

Names, types, enumerations and descriptions come from the dataclasses; what JSON says in another way than they do is in `_SHAPES`.
It speaks of the present schema version; what it cannot say (a summary counts the results, ids and nonces are unique) the reader checks.
"""

import dataclasses
import inspect
import re
import types
import typing
from enum import StrEnum
from typing import Any

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.fields import DIGEST
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import SCHEMA_VERSION, Matrix
from pytest_smi.matrix.run import Catalogue, Entry, EvidenceRef, Mesh, Provenance, Run, Suite

__all__ = ["SCHEMA_FILE", "matrix_schema", "schema_bytes"]

SCHEMA_FILE = "matrix.schema.json"
"""Name of the schema in the report folder."""
SCHEMA_ID = f"https://pytest-smi.dev/schema/matrix-v{SCHEMA_VERSION}.json"
"""A stable name, never fetched."""

Schema = dict[str, Any]

_NOT_EMPTY: Schema = {"type": "string", "minLength": 1}
_DIGEST: Schema = {"type": "string", "pattern": f"^{DIGEST.pattern}$"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SHAPES: dict[tuple[type, str], Schema] = {
    (Suite, "name"): _NOT_EMPTY,
    (Suite, "digest"): _DIGEST,
    (Suite, "wheel"): {"anyOf": [_DIGEST, {"type": "null"}]},
    (Suite, "record"): {"anyOf": [_DIGEST, {"type": "null"}]},
    (EvidenceRef, "path"): _NOT_EMPTY,
    (EvidenceRef, "sha256"): _DIGEST,
    (Mesh, "name"): _NOT_EMPTY,
    (Mesh, "images"): {"type": "object", "additionalProperties": {"anyOf": [_DIGEST, {"type": "null"}]}},
    (Catalogue, "digest"): _DIGEST,
    (Provenance, "crds"): {"type": "object", "additionalProperties": {"anyOf": [_DIGEST, {"type": "null"}]}},
    (Run, "kubernetes"): {
        "type": "object",
        "properties": {"version": {"type": "string"}},
        "required": ["version"],
        "additionalProperties": False,
    },
    (Run, "limits"): {"type": "object"},
    (Run, "options"): {"type": "object"},
    (Run, "summary"): {
        "type": "object",
        "properties": {str(status): _COUNT for status in Status},
        "required": sorted(map(str, Status)),
        "additionalProperties": False,
    },
    **{(Run, name): _NOT_EMPTY for name in ("started_at", "finished_at", "nonce")},
    **{(Entry, name): _NOT_EMPTY for name in ("id", "requirement")},
    (Matrix, "generated_at"): _NOT_EMPTY,
}


def matrix_schema() -> Schema:
    """The schema as a JSON object (JSON Schema 2020-12)."""
    definitions: dict[str, Schema] = {}
    root = _record(Matrix, definitions)
    root["properties"] = {"schemaVersion": {"const": SCHEMA_VERSION, "type": "integer"}, **root["properties"]}
    root["required"] = sorted([*root["required"], "schemaVersion"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "SMI compatibility matrix",
        **root,
        "$defs": definitions,
    }


def schema_bytes() -> bytes:
    """The bytes of matrix.schema.json."""
    return canonical_bytes(matrix_schema())


def _record(record: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(record)
    properties = {}
    for field in dataclasses.fields(record):
        shape = _SHAPES.get((record, field.name))
        if shape is None:
            shape = _type(hints[field.name], definitions)
        properties[_camel(field.name)] = shape
    return {
        "type": "object",
        "description": _described(record),
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _type(hint: Any, definitions: dict[str, Schema]) -> Schema:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(argument, definitions) for argument in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    if origin is dict:
        # An object keyed by an enumeration has all of its members, except where any name may be a key.
        inner = _type(arguments[1], definitions)
        if not (isinstance(arguments[0], type) and issubclass(arguments[0], StrEnum)):
            return {"type": "object", "additionalProperties": inner}
        names = [str(member) for member in arguments[0]]
        return {"type": "object", "properties": dict.fromkeys(names, inner), "required": sorted(names), "additionalProperties": False}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _record(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        definitions.setdefault(hint.__name__, {"description": _described(hint), "enum": [str(member) for member in hint]})
        return {"$ref": f"#/$defs/{hint.__name__}"}
    plain: dict[Any, Schema] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        float: {"type": "number", "minimum": 0},
        types.NoneType: {"type": "null"},
    }
    return plain[hint]


def _described(record: type) -> str:
    return " ".join((inspect.getdoc(record) or "").split())


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
