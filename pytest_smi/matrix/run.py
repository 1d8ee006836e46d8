"""The records of a run. Pure.

How results become runs, and when a run may be called conformant, is decided in `matrix_build`; this module only holds what was decided.
Their JSON form is in `run_form`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_smi.core.terms import Api, Level, Status

__all__ = [
    "ApiClaim",
    "Capability",
    "Catalogue",
    "Entry",
    "EvidenceRef",
    "ImageRole",
    "Mesh",
    "Provenance",
    "Run",
    "Suite",
    "run_name",
    "variant_of",
]


class Capability(StrEnum):
    """How much of an API a mesh has, in the ecosystem's words."""

    FULL = "Full"
    """Every claimed MUST and MUST-d requirement of the API passed."""
    PARTIAL = "Partial"
    """Some passed."""
    NONE = "None"
    """None passed, or the API is not claimed or not served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRef:
    """Where a result's evidence is in the report folder (`evidence/TA-01.json`) and the sha256 of that file."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A result as the matrix holds it: a `Result` whose evidence has become a reference, and whose mesh is its run's."""

    id: str
    requirement: str
    api: Api
    version: str
    level: Level
    status: Status
    reason: str
    source: str
    duration: float
    reading: str | None
    evidence: EvidenceRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClaim:
    """One API of a run: the version that was tested (None when not claimed or not served) and what came of it."""

    version: str | None
    capability: Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """The mesh under test. `images`: container image reference → sha256 digest as the cluster reported it, None when it did not."""

    name: str
    version: str
    images: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The suite that ran: its name, version, and the sha256 over its files.

    `wheel`: sha256 of the wheel it was installed from, when the installer wrote it down. `record`: sha256 over the lines of the
    installation's RECORD that came with the wheel. Both None in a checkout.
    """

    name: str
    version: str
    digest: str
    wheel: str | None = None
    record: str | None = None


class ImageRole(StrEnum):
    """What a container image was, where it was seen."""

    CONTROL_PLANE = "controlPlane"
    """In a pod of the mesh's own namespace."""
    PROXY = "proxy"
    """Beside the sample application, in a pod that joined the mesh."""
    SAMPLE_APP = "sampleApp"
    """The suite's own program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The requirements that a run had to account for: requirement → level, and the sha256 of the whole catalogue in canonical JSON."""

    digest: str
    requirements: dict[str, Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a run was made with and on, for those who were not there.

    `suite`: None means that of the matrix. `catalogue`: None in matrices of schema version 1. `crds`: name of each SMI resource
    definition → sha256 of the canonical JSON of its spec as the API server returned it. `images`: role → references, keys of
    `Mesh.images`. `ci_run`: address of the CI run, None outside CI.
    """

    suite: Suite | None = None
    catalogue: Catalogue | None = None
    crds: dict[str, str | None] = field(default_factory=dict)
    images: dict[ImageRole, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(ImageRole, ()))
    ci_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One mesh held against the catalogue once. Dates are ISO 8601 in UTC; `nonce` is unlike any other run's.

    `weakened`: reasons why this run could not have found everything (an option that narrows it, a limit out of bounds).
    """

    mesh: Mesh
    kubernetes: str
    apis: dict[Api, ApiClaim]
    limits: dict[str, Any]
    options: dict[str, Any]
    started_at: str
    finished_at: str
    nonce: str
    summary: dict[Status, int]
    conformant: bool
    weakened: tuple[str, ...]
    results: tuple[Entry, ...]
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def variant(self) -> str:
        """What sets this run apart from the first of the same mesh, when it was run in several versions: `split=v1alpha2`."""
        return variant_of(self.options)

    @property
    def name(self) -> str:
        """The mesh's name, with the variant: runs of one name are the same thing at different times."""
        return run_name(self.mesh.name, self.options)


def variant_of(options: Mapping[str, Any]) -> str:
    """The variant that a run's options tell, empty for none."""
    variant = options.get("variant")
    return variant if isinstance(variant, str) else ""


def run_name(mesh: str, options: Mapping[str, Any]) -> str:
    """The name of the run of a mesh with these options."""
    variant = variant_of(options)
    return f"{mesh} {variant}" if variant else mesh
