"""What the API server makes of an object that a client writes: the patch applied, defaults put in,
what is kept of the old one, and every cause to refuse the new one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_smi.reference.kube import custom, defaults, validation, validation_changes
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.patches import json_patch, merge_patch
from pytest_smi.reference.kube.resources import NO_STATUS_ON_WRITE, Resource
from pytest_smi.reference.kube.status import BadRequest, Invalid, ResourceKey
from pytest_smi.reference.kube.strategic import strategic_merge

PODS, SERVICES = ResourceKey("", "pods"), ResourceKey("", "services")
JSON_PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"


def patched(resource: Resource, current: Object, patch_type: str, patch: Any) -> Object:
    """Return the object as the patch leaves it."""
    if patch_type == JSON_PATCH:
        new = json_patch(current, patch)
    elif patch_type == MERGE or resource.custom:
        new = merge_patch(current, patch)
    else:
        new = strategic_merge(current, patch)
    if not isinstance(new, dict):
        raise BadRequest("the patch makes something that is no object")
    return new


def only_status(old: Object, new: Object) -> Object:
    """Return what a write to the sub-resource `status` makes of the object."""
    result = {**old, "metadata": dict(old["metadata"])}
    if "status" in new:
        result["status"] = new["status"]
    else:
        result.pop("status", None)
    result["apiVersion"] = new.get("apiVersion", old["apiVersion"])
    return result


def keep_what_clients_leave_out(resource: Resource, old: Object, new: Object) -> None:
    """Carry over what a client that replaces an object may leave out, and what it may not set."""
    if resource.key in NO_STATUS_ON_WRITE or (resource.custom and resource.has_subresource("status")):
        if "status" in old:
            new["status"] = old["status"]
        else:
            new.pop("status", None)
    was, now = old.get("spec"), new.get("spec")
    if (
        resource.key == SERVICES
        and isinstance(now, dict)
        and isinstance(was, dict)
        and now.get("type") != "ExternalName"
    ):
        for field in ("clusterIP", "clusterIPs"):
            if not now.get(field) and was.get(field):
                now[field] = was[field]
    if resource.key == PODS and isinstance(now, dict) and isinstance(was, dict) and was.get("nodeName"):
        now.setdefault("nodeName", was["nodeName"])


def fill(resource: Resource, obj: Object) -> None:
    """Put in the defaults of the kind."""
    with well_typed(resource):
        defaults.fill(resource.key, obj)


def validate(resource: Resource, obj: Object, old: Object | None) -> None:
    """Raise Invalid with every cause at once."""
    with well_typed(resource):
        causes = validation.validate(resource.key, obj)
        if old is not None:
            causes += validation_changes.validate_update(resource.key, old, obj)
        causes += custom.validate(resource, obj) if resource.custom else custom.validate_definition(resource, obj)
    if causes:
        raise Invalid(resource.kind, resource.group, obj["metadata"].get("name") or "", causes)


@contextmanager
def well_typed(resource: Resource) -> Iterator[None]:
    """Turns stumbling over a field of the wrong type (built-in kinds have no schema here) into 400."""
    try:
        yield
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        what = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise BadRequest(f"{what}: a field has the wrong type: {error}") from None
