"""Reads the preconditions of a profile: which fields each kind of check needs. Pure."""

from __future__ import annotations

from pytest_smi.core.terms import APIS
from pytest_smi.profiles.fields import Fields, note
from pytest_smi.profiles.record import ObjectReference, Precondition, WorkloadReference

KINDS = ("container-argument", "field", "preferred-version", "manual")
NEEDS = {
    "container-argument": ("workload", "argument", "equals"),
    "field": ("resource", "path", "equals"),
    "preferred-version": ("group", "equals"),
    "manual": (),
}
"""Kind → fields that it must have, beyond those that all have."""
COMMON = ("name", "kind", "remedy", "apis")
ALL = (*COMMON, "workload", "argument", "resource", "path", "group", "equals", "default")
MAY = {"container-argument": ("default",), "field": ("default",)}


def read_preconditions(top: Fields) -> tuple[Precondition, ...]:
    """Return the preconditions of the document; faults are noted."""
    mesh = top.values.get("mesh")
    namespace = mesh.get("namespace", "") if isinstance(mesh, dict) else ""
    return tuple(_precondition(fields, namespace if isinstance(namespace, str) else "") for fields in top.items("preconditions", ALL))


def _precondition(fields: Fields, namespace: str) -> Precondition:
    kind = fields.choice("kind", KINDS)
    needs = NEEDS.get(kind, ())
    if kind:
        allowed = (*COMMON, *needs, *MAY.get(kind, ()))
        for key in sorted(set(fields.values) & set(ALL) - set(allowed)):
            fields.fault(key, f"does not go with the kind {kind}, which has {', '.join(allowed)}")
    workload = fields.string("workload", None if "workload" in needs else "")
    if workload:
        try:
            WorkloadReference.parse(workload, namespace)
        except ValueError as error:
            note(fields.faults, fields.at("workload"), str(error))
    equals = fields.scalar("equals", required="equals" in needs)
    return Precondition(
        name=fields.string("name"),
        kind=kind,
        remedy=fields.string("remedy"),
        apis=fields.choices("apis", APIS),
        workload=workload,
        argument=fields.string("argument", None if "argument" in needs else ""),
        resource=_resource(fields, required="resource" in needs),
        path=fields.string("path", None if "path" in needs else ""),
        group=fields.string("group", None if "group" in needs else ""),
        equals="" if equals is None else equals,
        default=fields.scalar("default"),
    )


def _resource(fields: Fields, *, required: bool) -> ObjectReference | None:
    if "resource" not in fields.values:
        if required:
            fields.fault("resource", "is missing")
        return None
    resource = fields.within("resource", ("apiVersion", "plural", "namespace", "name"))
    return ObjectReference(
        api_version=resource.string("apiVersion"),
        plural=resource.string("plural"),
        namespace=resource.string("namespace", ""),
        name=resource.string("name"),
    )
