"""Objects against their schema: pruning, and for custom ones defaulting and validation; CRDs against their own rules.

Pure.
"""

from __future__ import annotations

from pytest_smi.reference.kube import builtin_fields, crds, schema, schema_validation
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import BadRequest, Cause
from pytest_smi.reference.kube.write_mode import WriteMode

METADATA = frozenset(
    (
        *(
            "annotations",
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generateName",
        ),
        *(
            "generation",
            "labels",
            "managedFields",
            "name",
            "namespace",
            "ownerReferences",
            "resourceVersion",
            "selfLink",
            "uid",
        ),
    )
)
"""The fields of ObjectMeta."""


def prepare(resource: Resource, obj: Object, mode: WriteMode) -> None:
    """Drop what ObjectMeta and the kind's schema do not know and fill in a custom kind's defaults, in place.

    Raises BadRequest for fields of the wrong type in built-in kinds, and for unknown fields when the mode is strict.
    """
    meta = obj.get("metadata")
    unknown = [f"metadata.{name}" for name in meta if name not in METADATA] if isinstance(meta, dict) else []
    for path in unknown:
        del obj["metadata"][path.partition(".")[2]]
    if not resource.custom and (fault := builtin_fields.wrong_type(resource.kind, obj)):
        raise BadRequest(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {fault}'
        )
    known = resource.schema if resource.custom else builtin_fields.schema_of(resource.kind)
    if known is not None:
        unknown += schema.prune(known, obj)
    mode.unknown_fields(resource.kind, resource.version, unknown)
    if resource.schema is not None:
        schema.fill(resource.schema, obj)


def convert(resource: Resource, obj: Object) -> None:
    """Drop, in place, what the schema of the stored version does not know: nothing is converted,
    but what is stored is pruned."""
    if resource.stored_schema is not None:
        schema.prune(resource.stored_schema, obj)


def validate(resource: Resource, obj: Object) -> list[Cause]:
    """Faults of a custom object by its schema."""
    return schema_validation.validate(resource.schema, obj) if resource.schema else []


def validate_definition(resource: Resource, obj: Object) -> list[Cause]:
    """Faults of a CRD; nothing for other kinds."""
    return crds.validate(obj) if resource.key == crds.CRDS else []
