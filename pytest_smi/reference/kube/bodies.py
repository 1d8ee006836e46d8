"""Whether the object in a body is what the request's path says: version, kind, namespace, name, metadata.

Pure; fills in place.
"""

from __future__ import annotations

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import BadRequest, Invalid, invalid


def checked_body(resource: Resource, namespace: str, name: str, obj: Object) -> Object:
    """Return the object, its apiVersion, kind, namespace and name filled in from the request;
    raises BadRequest or Invalid where they disagree."""
    if resource.custom and not obj.get("kind"):
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {resource.kind}): Object 'Kind' is missing"
        )
    version = obj["apiVersion"] = obj.get("apiVersion") or resource.api_version
    kind = obj["kind"] = obj.get("kind") or resource.kind
    if kind != resource.kind or version != resource.api_version:
        if kind == resource.kind:
            why = (
                f"the API version in the data ({version}) does not match the expected API version "
                f"({resource.api_version})"
            )
            raise BadRequest(why)
        if resource.custom:
            cause = invalid("kind", kind, f"must be {resource.kind}")
            raise Invalid(str(kind), resource.group, (obj.get("metadata") or {}).get("name") or "", [cause])
        group, _, number = str(version).rpartition("/")
        refused = f'{kind} in version "{number}" cannot be handled as a {resource.kind}'
        raise BadRequest(
            f"{refused}: no kind {kind!r} is registered for version {group}/{number} here".replace("'", '"')
        )
    meta = obj.setdefault("metadata", {})
    if not isinstance(meta, dict):
        raise BadRequest(f"{resource.kind}: metadata must be an object")
    for field in ("labels", "annotations"):
        found = meta.get(field) or {}
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            why = f"json: cannot unmarshal into Go struct field ObjectMeta.metadata.{field} of type map[string]string"
            raise BadRequest(
                f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
            )
    if resource.namespaced:
        if meta.setdefault("namespace", namespace) != namespace:
            raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    else:
        meta.pop("namespace", None)
    if name and meta.setdefault("name", name) != name:
        raise BadRequest(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    return obj
