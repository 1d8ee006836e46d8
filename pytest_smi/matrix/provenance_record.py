"""What a run was made with and on: suite, catalogue, resource definitions, images, CI. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pytest_smi.core.document import Shape, WholeRecord
from pytest_smi.core.result import NotEmpty
from pytest_smi.core.terms import Level

DIGEST = r"^(sha256:)?[0-9a-f]{64}$"
"""A sha256 in lower-case hexadecimal; container images carry it with the prefix `sha256:`."""


MEANINGS = {DIGEST: "a sha256 digest of 64 hexadecimal characters"}


Digest = Annotated[str, Field(pattern=DIGEST)]


class ImageRole(StrEnum):
    """What a container image was, where it was seen."""

    CONTROL_PLANE = "controlPlane"
    """In a pod of the mesh's own namespace."""
    PROXY = "proxy"
    """Beside the sample application, in a pod that joined the mesh."""
    SAMPLE_APP = "sampleApp"
    """The suite's own program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite(WholeRecord):
    """The suite that ran. `wheel` and `record` are null in a checkout."""

    name: NotEmpty
    """Name of the suite."""
    version: str
    """Its version."""
    digest: Digest
    """The sha256 over its files."""
    wheel: Digest | None = None
    """The sha256 of the wheel it was installed from, when the installer wrote it down."""
    record: Digest | None = None
    """The sha256 over the lines of the installation's RECORD that came with the wheel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue(WholeRecord):
    """The requirements that a run had to account for."""

    digest: Digest
    """The sha256 of the whole catalogue in canonical JSON."""
    requirements: dict[str, Level]
    """Requirement → level."""
    informative: dict[str, NotEmpty] = field(default_factory=dict)
    """What the specification says and no black box can decide → why; it gets no verdict."""


def _no_images() -> dict[ImageRole, tuple[str, ...]]:
    return dict.fromkeys(ImageRole, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(WholeRecord):
    """What a run was made with and on, for those who were not there."""

    suite: Suite | None = None
    """The suite that ran; null means that of the matrix."""
    catalogue: Catalogue | None = None
    """What the run had to account for; null in matrices of schema version 1."""
    crds: dict[str, Digest | None] = field(default_factory=dict)
    """Name of each SMI resource definition → sha256 of the canonical JSON of its spec as the API server returned it."""
    images: Annotated[
        dict[ImageRole, tuple[str, ...]],
        Shape(
            {
                role: Annotated[tuple[str, ...], Field(description=f"References of images with the role {role}.")]
                for role in ImageRole
            },
            read=lambda found: {role: found[role] for role in ImageRole},
        ),
    ] = field(default_factory=_no_images)
    """Role → references, which are keys of `mesh.images`."""
    ci_run: str | None = None
    """Address of the CI run, null outside CI."""
