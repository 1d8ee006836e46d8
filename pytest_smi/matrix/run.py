"""The records of a run, which are also its form in matrix.json. Pure.

How results become runs, and when a run may be called conformant, is decided in `matrix.build`;
this module only holds what was decided.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import itemgetter
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pytest_smi.core.document import Form, MayLack, Shape, WholeRecord
from pytest_smi.core.result import NotEmpty, Seconds
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.matrix.provenance_record import Digest, Provenance, Suite

__all__ = [
    "ApiClaim",
    "Capability",
    "Entry",
    "EvidenceRef",
    "Mesh",
    "Recommendations",
    "Run",
    "run_json",
    "run_name",
    "suite_json",
    "variant_of",
]


class Capability(StrEnum):
    """How much of an API a mesh has, in the ecosystem's words."""

    FULL = "Full"
    """Every claimed MUST and MUST (derived) requirement of the API passed."""
    PARTIAL = "Partial"
    """Some passed."""
    NONE = "None"
    """It was tested, and none passed."""
    NOT_CLAIMED = "not claimed"
    """The mesh does not claim the API, or the cluster does not serve it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRef(WholeRecord):
    """Where a result's evidence is."""

    path: NotEmpty
    """In the report folder: `evidence/TA-01.json`."""
    sha256: Digest
    """Of that file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(WholeRecord):
    """A result as the matrix holds it: its evidence has become a reference, and its mesh is its run's."""

    id: NotEmpty
    """The assertion, parameters included; unique within the run."""
    requirement: NotEmpty
    """For example `TA-01`."""
    api: Api
    """The API that the requirement belongs to."""
    version: str
    """Version of the API that was tested, for example `v1alpha3`; empty when there is none."""
    level: Level
    """How binding the requirement is."""
    status: Status
    """What came of it."""
    reason: str
    """Why it is so; empty for a pass."""
    source: str
    """The clause of the specification."""
    duration: Annotated[Seconds, AfterValidator(lambda seconds: round(seconds, 3))]
    """Seconds that it took, to the millisecond."""
    reading: str | None
    """What was observed, where the status is `observed`."""
    evidence: EvidenceRef | None
    """Where what was deployed, applied, sent and seen is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClaim(WholeRecord):
    """One API of a run."""

    version: str | None
    """The version that was tested, null when the API is not claimed or not served."""
    capability: Capability
    """How much of the API the mesh has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh(WholeRecord):
    """The mesh under test."""

    name: NotEmpty
    """NAME, or NAME@CONTEXT where several clusters were tested."""
    version: str
    """Version of the mesh, as read from the cluster; empty when it could not be read."""
    images: dict[str, Digest | None]
    """Container image reference → sha256 as the cluster reported it, null when it did not."""


def _unique(results: tuple[Entry, ...]) -> tuple[Entry, ...]:
    twice = sorted(name for name, times in Counter(entry.id for entry in results).items() if times > 1)
    if twice:
        raise ValueError(f"must have ids of their own; two results have the id {', '.join(map(repr, twice))}")
    return results


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations(WholeRecord):
    """What came of the requirements with the level SHOULD. They never count for or against conformance."""

    met: Annotated[int, Field(ge=0)]
    """How many results of them passed."""
    unmet: Annotated[int, Field(ge=0)]
    """How many failed."""

    @classmethod
    def of(cls, results: Iterable[Entry]) -> "Recommendations":
        """Count them."""
        found = Counter(entry.status for entry in results if entry.level is Level.SHOULD)
        return cls(met=found[Status.PASSED], unmet=found[Status.FAILED])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(WholeRecord):
    """One mesh tested against the catalogue once. Dates are ISO 8601 in UTC."""

    mesh: Mesh
    """Which mesh was tested, and in which version."""
    kubernetes: Annotated[
        str,
        Shape(
            {"version": Annotated[str, Field(description="Version of the API server.")]},
            read=itemgetter("version"),
            write=lambda version: {"version": version},
        ),
    ]
    """The cluster."""
    apis: Annotated[
        dict[Api, ApiClaim],
        Shape(
            {api: Annotated[ApiClaim, Field(description=f"The API {api}.")] for api in Api},
            read=lambda found: {api: found[api] for api in Api},
        ),
    ]
    """What was tested of each API, and what came of it."""
    limits: dict[str, Any]
    """Every timeout, sample size and error rate of the run."""
    options: dict[str, Any]
    """What was asked for.

    `variant`: what sets this run apart from the first of the same mesh; `notes`: what a reader should know.
    """
    started_at: NotEmpty
    """When the run began."""
    finished_at: NotEmpty
    """When it ended."""
    nonce: NotEmpty
    """A name that no other run has."""
    summary: Annotated[
        dict[Status, int],
        Shape(
            {
                status: Annotated[int, Field(ge=0, description=f"Number of results with the status {status}.")]
                for status in Status
            },
            read=lambda found: {status: found[status] for status in Status},
        ),
    ]
    """How many results have each status."""
    conformant: bool
    """Whether the mesh conforms: every MUST and MUST (derived) of what it claims was tested,
    none failed, and nothing restricted the run."""
    recommendations: Recommendations
    """How many recommendations the mesh meets."""
    restricted: tuple[str, ...]
    """Reasons why this run could not have found everything: an option that narrows it, a limit out of bounds."""
    emulated: str | None
    """Name of the persona when the reference mesh played this mesh; null when the mesh itself was tested."""
    results: Annotated[tuple[Entry, ...], AfterValidator(_unique)]
    """One entry per assertion, in order of requirement and id."""
    provenance: Provenance = field(default_factory=Provenance)
    """What the run was made with and on."""
    exploration: Annotated[Exploration | None, MayLack()] = None
    """What a search for counterexamples found; lacking where none was made."""

    @property
    def variant(self) -> str:
        """What sets this run apart from the first of the same mesh, when it was run in several versions:
        `split=v1alpha2`."""
        return variant_of(self.options)

    @property
    def name(self) -> str:
        """The mesh's name, with the variant: runs of one name are the same thing at different times."""
        return run_name(self.mesh.name, self.options)


def run_json(run: Run) -> dict[str, Any]:
    """Return the run as it stands in matrix.json, its results in order."""
    document = _RUN.write(
        replace(run, results=tuple(sorted(run.results, key=lambda entry: (entry.requirement, entry.id))))
    )
    if run.exploration is None:
        # As in files of before there was one: the same facts always give the same bytes.
        del document["exploration"]
    return document


def suite_json(suite: Suite) -> dict[str, Any]:
    """Return the suite as it stands in matrix.json."""
    return _SUITE.write(suite)


def variant_of(options: Mapping[str, Any]) -> str:
    """Return the variant that a run's options tell, empty for none."""
    variant = options.get("variant")
    return variant if isinstance(variant, str) else ""


def run_name(mesh: str, options: Mapping[str, Any]) -> str:
    """Return the name of the run of a mesh with these options."""
    variant = variant_of(options)
    return f"{mesh} {variant}" if variant else mesh


_RUN, _SUITE = Form(Run), Form(Suite)
