"""Whether a pod joins the mesh, by the marks that a persona's mesh looks at; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.personas.record import Join


def joins(join: Join, pod: Mapping[str, Any], namespace: Mapping[str, Any]) -> bool:
    """Return whether a new pod gets a sidecar. `namespace` is the Namespace object that it is created in."""
    own, around = pod.get("metadata") or {}, namespace.get("metadata") or {}
    out = (("labels", join.out_labels), ("annotations", join.out_annotations))
    if any((own.get(field) or {}).get(key) == value for field, marks in out for key, value in marks.items()):
        return False
    if (pod.get("spec") or {}).get("hostNetwork"):
        return False
    if join.everything:
        return True
    watched = all((around.get("labels") or {}).get(key) == value for key, value in join.namespace_labels.items())
    marked = all(
        (own.get(field) or {}).get(key, (around.get(field) or {}).get(key)) == value
        for field, marks in (("labels", join.labels), ("annotations", join.annotations))
        for key, value in marks.items()
    )
    return (
        watched
        and marked
        and all((own.get("annotations") or {}).get(key) == value for key, value in join.pod_annotations.items())
    )
