"""Custom objects against their CRD's schema: pruning, defaulting, validation; and CRDs against their own rules. Pure."""

from __future__ import annotations

from pytest_smi.reference.kube import crds, schema, schema_validation
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import Cause
from pytest_smi.reference.kube.store import Object
from pytest_smi.reference.kube.write_mode import WriteMode


METADATA = frozenset(
    "annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation labels managedFields "
    "name namespace ownerReferences resourceVersion selfLink uid".split()
)
"""The fields of ObjectMeta."""


def prepare(resource: Resource, obj: Object, mode: WriteMode) -> None:
    """Drop what ObjectMeta and the kind's schema do not know and fill in the schema's defaults, in place.

    Raises BadRequest for unknown fields when the mode is strict.
    """
    meta = obj.get("metadata")
    unknown = [f"metadata.{name}" for name in meta if name not in METADATA] if isinstance(meta, dict) else []
    for path in unknown:
        del obj["metadata"][path.partition(".")[2]]
    if resource.schema is not None:
        unknown += schema.prune(resource.schema, obj)
    mode.unknown_fields(resource.kind, resource.version, unknown)
    if resource.schema is not None:
        schema.fill(resource.schema, obj)


def convert(resource: Resource, obj: Object) -> None:
    """Drop, in place, what the schema of the stored version does not know: nothing is converted, but what is stored is pruned."""
    if resource.stored_schema is not None:
        schema.prune(resource.stored_schema, obj)


def validate(resource: Resource, obj: Object) -> list[Cause]:
    """Faults of a custom object by its schema."""
    return schema_validation.validate(resource.schema, obj) if resource.schema else []


def validate_definition(resource: Resource, obj: Object) -> list[Cause]:
    """Faults of a CRD; nothing for other kinds."""
    return crds.validate(obj) if resource.key == crds.CRDS else []
