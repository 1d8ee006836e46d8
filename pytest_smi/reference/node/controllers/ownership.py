"""What a controller owns: references to owners, the objects of an owner, and a new pod from an owner's template.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.reference.kube.objects import Object


def owner_reference(owner: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return a controller's reference to `owner`, an object of the group apps/v1."""
    meta = owner["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object, kind: str) -> tuple[str, str] | None:
    """(name, uid) of the controlling owner of that kind."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller") and reference.get("kind") == kind:
            return str(reference["name"]), str(reference["uid"])
    return None


def owned_by(owner: Object, kind: str, objects: Iterable[Object]) -> list[Object]:
    """Return the objects that `owner` (of that kind) controls and that are not being deleted."""
    uid = owner["metadata"]["uid"]
    mine = [obj for obj in objects if (controller_of(obj, kind) or ("", ""))[1] == uid]
    return [obj for obj in mine if not obj["metadata"].get("deletionTimestamp")]


def pod_from_template(owner: Object, kind: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a new pod from the template of `owner`; `labels` are added to the template's."""
    template = owner["spec"]["template"]
    meta = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(meta.get("labels") or {}), **(labels or {})},
            "annotations": dict(meta.get("annotations") or {}),
            "ownerReferences": [owner_reference(owner, kind)],
        },
        "spec": template["spec"],
    }
