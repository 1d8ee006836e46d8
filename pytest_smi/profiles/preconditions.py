"""What must be so on a cluster before a mesh is tested there, and the objects that tell it, as a profile names them.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pytest_smi.core.document import OneOf, Record
from pytest_smi.core.terms import APIS
from pytest_smi.profiles.terms import KINDS, Filled, Scalar, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadReference:
    """A workload of the mesh itself."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, namespace: str) -> WorkloadReference:
        """Read `kind/name` (in `namespace`) or `namespace/kind/name`; raises ValueError saying what is wrong."""
        parts = text.split("/")
        if len(parts) == 2:
            parts = [namespace, *parts]
        if len(parts) != 3 or not all(parts[1:]) or parts[1] not in KINDS:
            raise ValueError(f"must be [namespace/]kind/name with kind one of {', '.join(KINDS)}, found {text!r}")
        if not parts[0]:
            raise ValueError(f"{text!r} has no namespace: give mesh.namespace or write namespace/kind/name")
        return cls(kind=parts[1], namespace=parts[0], name=parts[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReference(Record):
    """A Kubernetes object whose field is looked at."""

    api_version: Filled
    """Group and version."""
    plural: Filled
    """Plural name of its kind."""
    name: Filled
    """Name of the object."""
    namespace: str = ""
    """Its namespace; empty for objects of the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition(Record):
    # Docstrings of fields describe those of their own class alone, hence the descriptions.
    name: Annotated[Filled, Field(description="What the doctor calls it.")]
    remedy: Annotated[Filled, Field(description="What to do when it is not so.")]
    apis: Annotated[
        tuple[Annotated[str, OneOf(APIS)], ...], Field(description="The APIs that it is needed for; empty: all.")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerArgument(_Condition):
    """A container of a workload has an argument with that value."""

    kind: Literal["container-argument"]
    """An argument of a container."""
    workload: Workload
    """The workload."""
    argument: Filled
    """The argument, with its dashes."""
    equals: Scalar
    """The value that it must have."""
    default: Scalar | None = None
    """What an absent argument means; without it absent is never right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectField(_Condition):
    """A field of an object has that value."""

    kind: Literal["field"]
    """A field of an object."""
    resource: ObjectReference
    """The object."""
    path: Filled
    """Dotted path of the field in the object."""
    equals: Scalar
    """The value that it must have."""
    default: Scalar | None = None
    """What an absent field means; without it absent is never right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredVersion(_Condition):
    """A version is the API server's preferred one of its group."""

    kind: Literal["preferred-version"]
    """The preferred version of an API group."""
    group: Filled
    """The API group."""
    equals: Scalar
    """The version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(_Condition):
    """Nothing that a program could read: the remedy is shown to the user."""

    kind: Literal["manual"]
    """For people."""


Precondition = ContainerArgument | ObjectField | PreferredVersion | Manual
"""Something that must be so before a run can be fair to the mesh."""
