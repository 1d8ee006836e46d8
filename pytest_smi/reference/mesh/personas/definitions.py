"""CustomResourceDefinitions of the SMI kinds at any set of versions, made of the schemas under `kinds/`;
nothing is converted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pytest_smi.reference.mesh.personas.record import Serving

_FOLDER = Path(__file__).parent / "kinds"


@cache
def kinds() -> Mapping[str, Mapping[str, Any]]:
    """Return the SMI kinds by plural name: group, names, columns, and a schema per version."""
    return {
        plural: kind
        for path in sorted(_FOLDER.glob("*.yaml"))
        for plural, kind in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    }


def definition(plural: str, serving: Serving, *, keep_unknown: bool) -> dict[str, Any]:
    """Return the definition of a kind.

    `keep_unknown`: fields of other versions survive, which pruning would take from what is stored.
    """
    kind = kinds()[plural]
    versions = []
    for name in (*serving.versions, *serving.listed):
        schema = kind["versions"][name]
        version: dict[str, Any] = {"name": name, "served": name in serving.versions, "storage": name == serving.storage}
        version["schema"] = {"openAPIV3Schema": _open(schema) if keep_unknown else schema}
        versions.append(version | ({"additionalPrinterColumns": kind["columns"]} if "columns" in kind else {}))
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{kind['group']}"},
        "spec": {
            "group": kind["group"],
            "scope": "Namespaced",
            "names": kind["names"],
            "conversion": {"strategy": "None"},
            "versions": versions,
        },
    }


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with unknown fields kept in every object that has known ones."""
    opened = dict(schema)
    if "properties" in schema:
        opened["properties"] = {name: _open(inner) for name, inner in schema["properties"].items()}
    if isinstance(schema.get("items"), Mapping):
        opened["items"] = _open(schema["items"])
    if schema.get("type") == "object" and "additionalProperties" not in schema:
        opened["x-kubernetes-preserve-unknown-fields"] = True
    return opened
