"""The Table form of objects, which `kubectl get` prints. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.reference.kube.jsonpath import read
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.table_cells import AGE, NAME, STRING, TABLES, Cells, Column
from pytest_smi.reference.kube.table_pods import age, age_of, name_of


def table(
    resource: Resource, objects: Iterable[Object], meta: Mapping[str, Any], now: float, include: str = "Metadata"
) -> Object:
    """Return the Table of some objects. `include` says what each row carries: None, Metadata or Object."""
    columns, cells = _layout(resource)
    rows = []
    for obj in objects:
        row: Object = {"cells": cells(obj, now)}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = partial(obj)
        rows.append(row)
    definitions = [
        {
            "name": name,
            "type": kind,
            "format": "name" if name == "Name" else "",
            "description": "",
            "priority": priority,
        }
        for name, kind, priority in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(meta),
        "columnDefinitions": definitions,
        "rows": rows,
    }


def partial(obj: Object) -> Object:
    """Return an object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _layout(resource: Resource) -> tuple[tuple[Column, ...], Cells]:
    if known := TABLES.get((resource.group, resource.plural)):
        return known
    if not resource.columns:
        return (NAME, AGE), lambda obj, now: [name_of(obj), age_of(obj, now)]
    extra = resource.columns

    def cells(obj: Object, now: float) -> list[Any]:
        return [name_of(obj), *(_custom_cell(column, obj, now) for column in extra)]

    return (NAME, *((c["name"], c.get("type", STRING), int(c.get("priority", 0))) for c in extra)), cells


def _custom_cell(column: Mapping[str, Any], obj: Object, now: float) -> Any:
    found = read(obj, str(column.get("jsonPath", "")))
    if not found:
        return None
    if column.get("type") == "date":
        return age(found[0], now)
    if column.get("type") in ("integer", "number", "boolean"):
        return found[0]
    return ",".join(str(value) for value in found) if len(found) > 1 else _text(found[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
