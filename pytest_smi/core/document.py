"""Strict reading and plain writing of documents (JSON, YAML) by the types of their records. Pure.

A record is a frozen dataclass; the names and limits of its fields in a document come from its annotations, and its
docstrings describe them. `Form` reads a document into such a record, writes it back and gives the JSON Schema: one
model for all three. A fault is a dotted path and what is wrong there: what must stand there, taken from the schema, and
what was found. All faults are told at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import CoreConfig, CoreSchema, ErrorDetails, core_schema

from pytest_smi.core.nearest import did_you_mean

__all__ = ["Fault", "Form", "MayLack", "OneOf", "Record", "Schema", "Shape", "WholeRecord", "told"]

Schema = dict[str, Any]
Fault = tuple[str, str]
"""The dotted path of a field, and what is wrong with it."""
T = TypeVar("T")

_LONGEST_SHOWN = 60


class Record:
    """Base of every dataclass that is part of a document: strict, closed, its fields in camelCase."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, alias_generator=to_camel, use_attribute_docstrings=True
    )


class WholeRecord(Record):
    """A record whose document has every field: a default is for those who make the record in Python."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        """Pydantic's hook: the schema of the dataclass, without its defaults."""
        schema: Any = handler(source)
        inner = schema
        while inner["type"] != "dataclass-args":
            inner = inner["schema"]
        lacking = {name for name, kind in cls.__annotations__.items() if _may_lack(kind)}
        for field in inner["fields"]:
            if field["schema"]["type"] == "default" and field["name"] not in lacking:
                field["schema"] = field["schema"]["schema"]
        return schema  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class MayLack:
    """Annotation: a field that came later, which a document may lack; its default then stands for it."""


def _may_lack(kind: Any) -> bool:
    return any(isinstance(one, MayLack) for one in getattr(kind, "__metadata__", ()))


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotation: one of these words."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        """Pydantic's hook."""
        return core_schema.literal_schema(list(self.words))


@dataclass(frozen=True, slots=True)
class Shape:
    """Annotation: in the document an object with these keys, each of its own type;
    `read` and `write` turn it into the field and back."""

    keys: Mapping[str, Any]
    read: Callable[[dict[str, Any]], Any] = dict
    write: Callable[[Any], Mapping[str, Any]] = dict
    required: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Pydantic's hook."""
        fields = {
            key: core_schema.typed_dict_field(handler.generate_schema(kind), required=self.required)
            for key, kind in self.keys.items()
        }
        config = CoreConfig(strict=True, allow_inf_nan=False)
        inner = core_schema.typed_dict_schema(fields, extra_behavior="forbid", config=config)
        written = core_schema.wrap_serializer_function_ser_schema(
            lambda value, to_json: to_json(self.write(value)), schema=inner
        )
        return core_schema.no_info_after_validator_function(self.read, inner, serialization=written)


class Form(Generic[T]):
    """How a record stands in a document. `meanings`: pattern of a string → what it stands for, as in `must be …`."""

    def __init__(self, record: type[T], meanings: Mapping[str, str] | None = None) -> None:
        self._record, self._meanings = record, dict(meanings or {})

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._record)

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema (2020-12) of the document."""
        schema: Schema = _tidy(self._adapter.json_schema(by_alias=True))
        return schema

    def write(self, record: T) -> dict[str, Any]:
        """Return the document of a record, of built-in types."""
        document: dict[str, Any] = self._adapter.dump_python(record, mode="json", by_alias=True)
        return document

    def read(self, document: Any) -> tuple[T | None, list[Fault]]:
        """Return the record of a parsed document, or None and every fault."""
        try:
            data = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
            return self._adapter.validate_json(data), []
        except ValidationError as error:
            faults: dict[str, str] = {}
            for details in error.errors(include_url=False):
                path, text = self._fault(details)
                faults.setdefault(path, text)
            return None, list(faults.items())
        except (TypeError, ValueError, RecursionError) as error:
            return None, [("", f"must be JSON: {error or 'nested too deeply'}")]

    def _fault(self, error: ErrorDetails) -> Fault:
        kind, path, node, parent = error["type"], "", self._at(self.schema), self._at(self.schema)
        of_key = False
        for part in error["loc"]:
            if part == "[key]":
                of_key = True
                continue
            branches = node.get("anyOf") or node.get("oneOf") or ()
            choices = [branch for branch in branches if branch.get("type") != "null"]
            if len(choices) == 1:
                node = self._at(choices[0])
            elif choices:
                # The part names a branch of a union, not a field.
                node = self._at({"$ref": node["discriminator"]["mapping"][part]}) if "discriminator" in node else node
                continue
            parent = node
            if isinstance(part, int):
                path, node = f"{path}[{part}]", self._at(node.get("items", {}))
            else:
                inner = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
                path, node = f"{path}.{part}".lstrip("."), self._at(inner if isinstance(inner, dict) else {})
        if kind.startswith("union_tag"):
            known = list(node["discriminator"]["mapping"])
            field = node["discriminator"]["propertyName"]
            found = error["input"].get(field) if isinstance(error["input"], dict) else None
            text = (
                "is missing"
                if kind == "union_tag_not_found"
                else f"must be one of {', '.join(known)}, found {_shown(found)}"
            )
            return f"{path}.{field}", text + did_you_mean(found, known)
        if kind == "missing":
            return path, "is missing"
        if kind in ("unexpected_keyword_argument", "extra_forbidden") or of_key:
            known = list(parent.get("properties", {})) or self._at(parent.get("propertyNames", {})).get("enum", [])
            name = error["loc"][-2 if of_key else -1]
            return path, f"is not a field{did_you_mean(name, known)}; known are {', '.join(sorted(known))}"
        if kind == "value_error":
            return path, str(error.get("ctx", {}).get("error", error["msg"]))
        wanted, found = self._wanted(node), error["input"]
        quotes = " (put it into quotes)" if "string" in wanted and isinstance(found, int | float) else ""
        return (
            path,
            f"must be {wanted}, found {_shown(found)}{quotes}{did_you_mean(found, self._words(node))}",
        )

    def _at(self, node: Schema) -> Schema:
        while "$ref" in node:
            node = self.schema["$defs"][node["$ref"].rpartition("/")[2]]
        return node

    def _words(self, node: Schema) -> list[str]:
        inner = [self._at(choice) for choice in node.get("anyOf", ())]
        return [word for one in (node, *inner) for word in one.get("enum", ())]

    def _wanted(self, node: Schema) -> str:
        node = self._at(node)
        if "const" in node or "enum" in node:
            words = [str(word) for word in node.get("enum", [node.get("const")])]
            return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
        if branches := node.get("anyOf") or node.get("oneOf"):
            return " or ".join(dict.fromkeys(self._wanted(branch) for branch in branches))
        if "pattern" in node:
            return self._meanings.get(node["pattern"], f"a string that matches {node['pattern']}")
        least, below = node.get("minimum"), node.get("exclusiveMaximum")
        bounds = [] if least is None else [f"at least {least}"]
        bounds += [] if below is None else [f"below {below:.0f}"]
        if node.get("minLength") or node.get("minItems"):
            bounds = ["at least one character" if "minLength" in node else "at least one item"]
        return _TYPES.get(node.get("type", ""), "something else") + (f" of {' and '.join(bounds)}" if bounds else "")


def told(faults: Iterable[Fault]) -> list[str]:
    """Return a line per fault."""
    return [f"{path or 'document'}: {text}" for path, text in faults]


_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _tidy(node: Any) -> Any:
    # Pydantic gives every field its own name as a title, which says nothing, and keeps the breaks of source lines.
    if isinstance(node, dict):
        kept = {key: value for key, value in node.items() if not (key == "title" and isinstance(value, str))}
        return {
            key: " ".join(value.split()) if key == "description" and isinstance(value, str) else _tidy(value)
            for key, value in kept.items()
        }
    return [_tidy(item) for item in node] if isinstance(node, list) else node
