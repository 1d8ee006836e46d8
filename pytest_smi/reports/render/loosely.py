"""Reading evidence loosely: a document from elsewhere that has another form tells nothing, and raises nothing. Pure."""

from collections.abc import Mapping
from typing import Any

__all__ = ["mappings", "number", "strings"]


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects in a list, nothing for what is no list."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def number(value: object) -> float:
    """Return a number, 0 for what is none."""
    return float(value) if isinstance(value, int | float) else 0.0


def strings(*values: object) -> set[str]:
    """Return every string in these values, however deep."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            found |= strings(*value.values())
        elif isinstance(value, list):
            found |= strings(*value)
    return found
