"""Custom objects against their CRD's schema: pruning, defaulting, validation; and CRDs against their own rules. Pure."""

from __future__ import annotations

from pytest_smi.reference.kube import crds, schema, schema_validation
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import BadRequest, Cause
from pytest_smi.reference.kube.store import Object


def prepare(resource: Resource, obj: Object, *, strict: bool, old: Object | None = None) -> None:
    """Prune what the schema does not know and fill in its defaults, in place. `strict` refuses unknown fields instead (400)."""
    if resource.schema is None:
        return
    unknown = schema.prune(resource.schema, obj)
    if strict and unknown:
        listed = ", ".join(f'unknown field "{field}"' for field in unknown)
        raise BadRequest(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: strict decoding error: {listed}'
        )
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
