"""OpenAPI documents: enough for kubectl to see that field validation is served, and the schemas of custom kinds.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.kube.resources import Resource

V2_JSON: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1.32.0"},
    "paths": {},
    "definitions": {},
}
# The same document in the protobuf form that kubectl asks for: field 1 is swagger, field 2 info (title, version).
V2_PROTOBUF = b"\x0a\x032.0\x12\x15\x0a\x0aKubernetes\x12\x07v1.32.0"
V2_PROTOBUF_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def v3_index(group_versions: Iterable[tuple[str, str]], generation: int) -> dict[str, Any]:
    """/openapi/v3: one document per group and version; the hash changes when the kinds do."""
    names = [f"apis/{group}/{version}" if group else f"api/{version}" for group, version in group_versions]
    return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={generation}"} for name in names}}


def v3_document(resources: Iterable[Resource]) -> dict[str, Any]:
    """Return the document of one group and version."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for resource in resources:
        gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        reversed_group = ".".join(reversed(resource.group.split("."))) if resource.group else "io.k8s.api.core"
        name = f"{reversed_group}.{resource.version}.{resource.kind}"
        schemas[name] = {**(resource.schema or {"type": "object"}), "x-kubernetes-group-version-kind": [gvk]}
        reference = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        parameters = [
            {"name": field, "in": "query", "schema": {"type": "string"}}
            for field in ("dryRun", "fieldManager", "fieldValidation")
        ]
        prefix = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        inside = f"{prefix}/namespaces/{{namespace}}" if resource.namespaced else prefix

        def operation(
            action: str, gvk: dict[str, str] = gvk, parameters: list[Any] = parameters, reference: Any = reference
        ) -> dict[str, Any]:
            return {
                "parameters": parameters,
                "requestBody": {"content": reference},
                "responses": {"200": {"description": "OK", "content": reference}},
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": gvk,
            }

        if "create" in resource.verbs:
            paths[f"{inside}/{resource.plural}"] = {"post": operation("post")}
        if "patch" in resource.verbs:
            paths[f"{inside}/{resource.plural}/{{name}}"] = {"patch": operation("patch"), "put": operation("put")}
    info = {"title": "Kubernetes", "version": "v1.32.0"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
