"""Resource definitions among the objects of an installation, for the faults that change them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def definitions_of(objects: Iterable[dict[str, Any]], plural: str) -> Iterator[dict[str, Any]]:
    """Yield the definitions of a kind."""
    for thing in objects:
        if thing["kind"] == "CustomResourceDefinition" and thing["spec"]["names"]["plural"] == plural:
            yield thing


def fields_of(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema of `spec` in every version of a definition."""
    for version in definition["spec"]["versions"]:
        yield version["schema"]["openAPIV3Schema"]["properties"]["spec"]
