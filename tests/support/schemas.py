"""Walks JSON Schemas."""

from collections.abc import Iterator
from typing import Any


def descriptions(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every property of the objects in a schema: its path, and its description or an empty string."""
    if isinstance(schema, dict):
        properties = schema.get("properties") if schema.get("type") == "object" else None
        for name, inner in (properties or {}).items():
            yield f"{path}.{name}", inner.get("description", "")
        for key, inner in schema.items():
            yield from descriptions(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from descriptions(inner, path)
