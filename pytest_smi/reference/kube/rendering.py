"""The form in which a client wants objects: as they are, as a Table, or their metadata alone.

Pure but for the request's headers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.tables import partial, table
from pytest_smi.reference.kube.watches import Form


def present(resource: Resource, obj: Object) -> Object:
    """Return the object in the version that was asked for."""
    if obj.get("apiVersion") == resource.api_version and "kind" in obj:
        return obj
    return {**obj, "apiVersion": resource.api_version, "kind": resource.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How to send objects of one resource. `shape` is "", "Table" or "PartialObjectMetadata"."""

    resource: Resource
    clock: Callable[[], float]
    shape: str = ""
    include: str = "Metadata"

    @classmethod
    def accepted(cls, request: web.BaseRequest, resource: Resource, clock: Callable[[], float]) -> Rendering:
        """Return the first form in the Accept header that is served; plain JSON otherwise."""
        accept = request.headers.get("Accept", "")
        if "as=" not in accept:
            return cls(resource=resource, clock=clock)
        return cls(
            resource=resource,
            clock=clock,
            shape=shape_of(accept),
            include=request.query.get("includeObject") or "Metadata",
        )

    def one(self, obj: Object) -> Object:
        """Return one object."""
        shown = present(self.resource, obj)
        if self.shape == "Table":
            meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return table(self.resource, [shown], meta, self.clock(), self.include)
        return partial(shown) if self.shape else shown

    def many(self, objects: list[Object], meta: Mapping[str, Any]) -> Object:
        """Return a list."""
        resource = self.resource
        shown = [present(resource, obj) for obj in objects]
        if self.shape == "Table":
            return table(resource, shown, meta, self.clock(), self.include)
        if self.shape:
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": dict(meta),
                "items": [partial(obj) for obj in shown],
            }
        if not resource.custom:
            # Items of built-in lists do not repeat what the list says; those of custom ones do.
            shown = [
                {name: value for name, value in obj.items() if name not in ("apiVersion", "kind")} for obj in shown
            ]
        return {"kind": resource.list_name, "apiVersion": resource.api_version, "metadata": dict(meta), "items": shown}

    def form(self) -> Form:
        """Return the same for a watch."""
        return Form(name=f"{self.resource.api_version}:{self.shape}:{self.include}", render=self.one)


def shape_of(accept: str) -> str:
    """Return the shape that an Accept header asks for first among those served; "" is plain JSON."""
    for media in accept.split(","):
        kind, *parameters = [part.strip() for part in media.split(";")]
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        if kind not in ("application/json", "*/*", "application/*"):
            continue
        wanted = given.get("as", "")
        if not wanted:
            return ""
        if given.get("g") != "meta.k8s.io" or given.get("v") not in ("v1", "v1beta1"):
            continue
        if wanted == "Table":
            return "Table"
        if wanted.startswith("PartialObjectMetadata"):
            return "PartialObjectMetadata"
    return ""
