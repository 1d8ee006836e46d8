"""CustomResourceDefinitions for the contract tests."""

from collections.abc import Callable
from typing import Any

from tests.support.kube_api import Api, Object, until

SCHEMA: Object = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["service"],
            "properties": {
                "service": {"type": "string", "minLength": 2},
                "mode": {"type": "string", "default": "fast", "enum": ["fast", "slow"]},
                "port": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 65535},
                "path": {"type": "string", "pattern": "^/"},
                "open": {"type": "boolean"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "size": {"x-kubernetes-int-or-string": True},
                "backends": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 3,
                    "items": {
                        "type": "object",
                        "required": ["service", "weight"],
                        "properties": {"service": {"type": "string"}, "weight": {"type": "integer", "minimum": 0}},
                    },
                },
            },
        },
        "status": {"type": "object", "properties": {"seen": {"type": "integer"}}},
    },
}


def version(
    name: str, *, storage: bool = False, served: bool = True, schema: Object | None = None, **more: Any
) -> Object:
    """A version of a definition."""
    return {"name": name, "served": served, "storage": storage, "schema": {"openAPIV3Schema": schema or SCHEMA}, **more}


def definition(
    group: str, versions: list[Object], *, plural: str = "widgets", kind: str = "Widget", scope: str = "Namespaced"
) -> Object:
    """A definition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {
                "plural": plural,
                "singular": kind.lower(),
                "kind": kind,
                "listKind": f"{kind}List",
                "shortNames": [f"{kind.lower()}z"],
            },
            "versions": versions,
        },
    }


CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def install(api: Api, remove: Callable[[str], str] | None, crd: Object) -> str:
    """Create a definition and wait until its first served version is; returns its group."""
    name, spec = crd["metadata"]["name"], crd["spec"]
    api.post(CRDS, crd).ok()
    if remove is not None:
        remove(f"{CRDS}/{name}")
    served = [entry["name"] for entry in spec["versions"] if entry["served"]]
    group: str = spec["group"]
    paths = [f"/apis/{group}/{entry}/{spec['names']['plural']}" for entry in served]
    until(lambda: all(api.get(path).status == 200 for path in paths), f"{name} is served as {', '.join(served)}")
    return group


def widget(group: str, name: str, version: str = "v1", **spec: Any) -> Object:
    """A custom object."""
    return {
        "apiVersion": f"{group}/{version}",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"service": "srv", **spec},
    }
