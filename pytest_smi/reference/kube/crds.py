"""CustomResourceDefinitions: their rules, the resources they add, their status,
and what goes with them when they go."""

from __future__ import annotations

import re
from typing import Any

from pytest_smi.reference.kube.objects import Event, Object, timestamp
from pytest_smi.reference.kube.registry import Registry, version_priority
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.schema_validation import TYPES
from pytest_smi.reference.kube.status import Cause, ResourceKey, forbidden_field, invalid, required, unsupported
from pytest_smi.reference.kube.store import Store

CRDS = ResourceKey("apiextensions.k8s.io", "customresourcedefinitions")
_CHANGE = ("get", "patch", "update")


def validate(crd: Object) -> list[Cause]:
    """Faults of a CRD."""
    spec = crd.get("spec")
    if not isinstance(spec, dict):
        return [required("spec")]
    names: dict[str, Any] = spec["names"] if isinstance(spec.get("names"), dict) else {}
    causes = [required(f"spec.names.{field}") for field in ("plural", "kind") if not names.get(field)]
    causes += [required(f"spec.{field}") for field in ("group", "scope") if not spec.get(field)]
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    if not causes and crd["metadata"].get("name") != wanted:
        causes.append(invalid("metadata.name", crd["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group'))
    versions = [version for version in spec.get("versions") or () if isinstance(version, dict)]
    if sum(1 for version in versions if version.get("storage")) != 1:
        causes.append(invalid("spec.versions", versions, "must have exactly one version marked as storage version"))
    causes += [
        required(f"spec.versions[{number}].name") for number, version in enumerate(versions) if not version.get("name")
    ]
    causes += _root_faults([(version.get("schema") or {}).get("openAPIV3Schema") for version in versions])
    strategy = (spec.get("conversion") or {}).get("strategy", "None")
    if strategy != "None":
        causes.append(invalid("spec.conversion.strategy", strategy, "only None is served here"))
    return causes


def _root_faults(schemas: list[Any]) -> list[Cause]:
    """Faults of the versions' schemas.

    One that all share is named as Kubernetes keeps it: once, for the whole definition.
    """
    shared = bool(schemas) and all(schema == schemas[0] for schema in schemas)
    causes: list[Cause] = []
    for number, schema in enumerate(schemas[:1] if shared else schemas):
        field = "spec.validation.openAPIV3Schema" if shared else f"spec.versions[{number}].schema.openAPIV3Schema"
        if not isinstance(schema, dict):
            causes.append(required(f"spec.versions[{number}].schema.openAPIV3Schema", "schemas are required"))
        elif not schema.get("type"):
            causes.append(required(f"{field}.type", "must not be empty at the root"))
        elif schema["type"] != "object":
            causes.append(invalid(f"{field}.type", schema["type"], "must be object at the root"))
        else:
            if schema.get("additionalProperties"):
                causes.append(forbidden_field(f"{field}.additionalProperties", "must not be used at the root"))
            causes += _schema_faults(schema, field)
    return causes


def _schema_faults(schema: Any, field: str) -> list[Cause]:
    """Types and patterns that validation could not work with, anywhere in a schema."""
    if not isinstance(schema, dict):
        return [invalid(field, schema, "must be a schema")]
    causes: list[Cause] = []
    if schema.get("additionalProperties") and schema.get("properties"):
        causes.append(
            forbidden_field(f"{field}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        )
    if schema.get("type") not in (None, "", *TYPES):
        causes.append(unsupported(f"{field}.type", schema["type"], sorted(TYPES)))
    try:
        re.compile(schema.get("pattern") or "")
    except (re.error, TypeError) as error:
        causes.append(
            invalid(f"{field}.pattern", schema["pattern"], f"must be a valid regular expression, but isn't: {error}")
        )
    for name, inner in (schema.get("properties") or {}).items():
        causes += _schema_faults(inner, f"{field}.properties[{name}]")
    for name in ("items", "additionalProperties", "not"):
        if name in schema and not isinstance(schema[name], bool):
            causes += _schema_faults(schema[name], f"{field}.{name}")
    for name in ("allOf", "anyOf", "oneOf"):
        for number, inner in enumerate(schema.get(name) or ()):
            causes += _schema_faults(inner, f"{field}.{name}[{number}]")
    return causes


def resources_of(crd: Object) -> list[Resource]:
    """Return the resources that a CRD adds: one per served version."""
    spec = crd["spec"]
    names, storage = spec["names"], next(version for version in spec["versions"] if version.get("storage"))
    return [_resource(spec, names, version, storage) for version in spec["versions"] if version.get("served")]


def _resource(
    spec: dict[str, Any], names: dict[str, Any], version: dict[str, Any], storage: dict[str, Any]
) -> Resource:
    asked = version.get("subresources") or {}
    subresources: list[tuple[str, str, tuple[str, ...]]] = []
    if "scale" in asked:
        subresources.append(("scale", "Scale", _CHANGE))
    if "status" in asked:
        subresources.append(("status", names["kind"], _CHANGE))
    schema, stored = (_schema(spec, one) for one in (version, storage))
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(subresources),
        storage_version=storage["name"],
        custom=True,
        schema=schema,
        stored_schema=stored if storage["name"] != version["name"] else None,
        columns=tuple(version.get("additionalPrinterColumns") or ()),
        scale=asked.get("scale"),
    )


def _schema(spec: dict[str, Any], version: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (version.get("schema") or {}).get("openAPIV3Schema")
    if spec.get("preserveUnknownFields") and found:
        return {**found, "x-kubernetes-preserve-unknown-fields": True}
    return found


def status_of(crd: Object, now: str) -> Object:
    """Return the status of a CRD whose names are accepted; conditions keep their times."""
    old = crd.get("status") or {}
    kept = {condition["type"]: condition for condition in old.get("conditions") or ()}
    reasons = {
        "NamesAccepted": ("NoConflicts", "no conflicts found"),
        "Established": ("InitialNamesAccepted", "the initial names have been accepted"),
    }
    conditions = [
        kept.get(kind)
        or {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for kind, (reason, message) in reasons.items()
    ]
    storage = next(version["name"] for version in crd["spec"]["versions"] if version.get("storage"))
    stored = [*(old.get("storedVersions") or [])]
    if storage not in stored:
        stored.append(storage)
    return {
        "conditions": conditions,
        "acceptedNames": crd["spec"]["names"],
        "storedVersions": sorted(stored, key=version_priority),
    }


class CrdController:
    """Keeps the registry in step with the CRDs in a store, in the same turn of the loop as the change."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self.stop = store.subscribe(CRDS, self._on_event)

    def _on_event(self, event: Event) -> None:
        crd = event.object
        if event.type == "DELETED":
            self._remove_objects(ResourceKey(crd["spec"]["group"], crd["spec"]["names"]["plural"]))
            self._registry.put(event.name, ())
            return
        old, new = event.previous, crd
        if old is None:
            self._store.begin_history(ResourceKey(crd["spec"]["group"], crd["spec"]["names"]["plural"]))
        if old is None or old["spec"] != new["spec"]:
            self._registry.put(event.name, resources_of(crd))
        if self._store.find(CRDS, None, event.name) is crd:
            now = timestamp(self._store.now())
            self._store.update_status(CRDS, None, event.name, status_of(crd, now))

    def _remove_objects(self, key: ResourceKey) -> None:
        for obj in self._store.list(key)[0]:
            meta = {name: value for name, value in obj["metadata"].items() if name != "finalizers"}
            if "finalizers" in obj["metadata"]:
                # The kind is going: nothing could serve the finalizers' owners any more.
                self._store.update(key, {**obj, "metadata": meta})
            if self._store.find(key, meta.get("namespace"), meta["name"]) is not None:
                self._store.delete(key, meta.get("namespace"), meta["name"])
