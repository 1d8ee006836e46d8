"""The records of a run, their JSON form, and strict reading of that form. Pure.

How results become runs, and when a run may be called conformant, is decided in `matrix_build`; this module only holds what was decided.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_smi.fields import Fields
from pytest_smi.results import Api, Level, Status

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
    "read_run",
    "read_suite",
    "run_json",
    "suite_json",
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


def suite_json(suite: Suite) -> dict[str, Any]:
    """The suite as a JSON object."""
    return {"name": suite.name, "version": suite.version, "digest": suite.digest, "wheel": suite.wheel, "record": suite.record}


def read_suite(fields: Fields) -> Suite:
    """Read what `suite_json` wrote."""
    suite = Suite(
        name=fields.text("name", empty=False),
        version=fields.text("version"),
        digest=fields.digest("digest") or "",
        wheel=fields.digest("wheel", optional=True),
        record=fields.digest("record", optional=True),
    )
    fields.close()
    return suite


def run_json(run: Run) -> dict[str, Any]:
    """The run as a JSON object, with results sorted."""
    return {
        "mesh": {"name": run.mesh.name, "version": run.mesh.version, "images": dict(run.mesh.images)},
        "kubernetes": {"version": run.kubernetes},
        "apis": {str(api): {"version": claim.version, "capability": str(claim.capability)} for api, claim in run.apis.items()},
        "limits": run.limits,
        "options": run.options,
        "startedAt": run.started_at,
        "finishedAt": run.finished_at,
        "nonce": run.nonce,
        "summary": {str(status): count for status, count in run.summary.items()},
        "conformant": run.conformant,
        "weakened": list(run.weakened),
        "provenance": _provenance_json(run.provenance),
        "results": [_entry_json(entry) for entry in sorted(run.results, key=lambda entry: (entry.requirement, entry.id))],
    }


def _provenance_json(provenance: Provenance) -> dict[str, Any]:
    catalogue = provenance.catalogue
    return {
        "suite": None if provenance.suite is None else suite_json(provenance.suite),
        "catalogue": None
        if catalogue is None
        else {"digest": catalogue.digest, "requirements": {name: str(level) for name, level in catalogue.requirements.items()}},
        "crds": dict(provenance.crds),
        "images": {str(role): sorted(provenance.images.get(role, ())) for role in ImageRole},
        "ciRun": provenance.ci_run,
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    evidence = None if entry.evidence is None else {"path": entry.evidence.path, "sha256": entry.evidence.sha256}
    return {
        "id": entry.id,
        "requirement": entry.requirement,
        "api": str(entry.api),
        "version": entry.version,
        "level": str(entry.level),
        "status": str(entry.status),
        "reason": entry.reason,
        "source": entry.source,
        "duration": entry.duration,
        "reading": entry.reading,
        "evidence": evidence,
    }


def read_run(fields: Fields) -> Run:
    """Read what `run_json` wrote; problems are noted in `fields`."""
    mesh, kubernetes, apis, summary = (fields.inner(name) for name in ("mesh", "kubernetes", "apis", "summary"))
    claims = {}
    for api in Api:
        claim = apis.inner(str(api))
        claims[api] = ApiClaim(version=claim.optional_text("version"), capability=claim.choice("capability", Capability))
        claim.close()
    counts = {status: int(summary.take(str(status), int, 0, "a whole number")) for status in Status}
    results = fields.each("results", _read_entry)
    ids = Counter(entry.id for entry in results)
    for name in sorted(name for name, times in ids.items() if times > 1):
        fields.note("results", f"two results have the id {name!r}")
    run = Run(
        mesh=Mesh(name=mesh.text("name", empty=False), version=mesh.text("version"), images=mesh.digests("images")),
        kubernetes=kubernetes.text("version"),
        apis=claims,
        limits=fields.document("limits") or {},
        options=fields.document("options") or {},
        started_at=fields.text("startedAt", empty=False),
        finished_at=fields.text("finishedAt", empty=False),
        nonce=fields.text("nonce", empty=False),
        summary=counts,
        conformant=fields.flag("conformant"),
        weakened=fields.texts("weakened"),
        results=results,
        provenance=_read_provenance(fields.inner("provenance")),
    )
    if not fields.problems and counts != {status: sum(entry.status is status for entry in results) for status in Status}:
        fields.note("summary", "must count the results; it does not")
    for reader in (mesh, kubernetes, apis, summary, fields):
        reader.close()
    return run


def _read_provenance(fields: Fields) -> Provenance:
    images = fields.inner("images")
    provenance = Provenance(
        suite=fields.maybe("suite", read_suite),
        catalogue=fields.maybe("catalogue", _read_catalogue),
        crds=fields.digests("crds"),
        images={role: images.texts(str(role)) for role in ImageRole},
        ci_run=fields.optional_text("ciRun"),
    )
    images.close()
    fields.close()
    return provenance


def _read_catalogue(fields: Fields) -> Catalogue:
    listed = fields.inner("requirements")
    levels = {name: listed.choice(name, Level) for name in listed.value}
    catalogue = Catalogue(digest=fields.digest("digest") or "", requirements=levels)
    fields.close()
    return catalogue


def _read_entry(fields: Fields) -> Entry:
    evidence = None
    if fields.value.get("evidence") is None:
        fields.document("evidence", optional=True)
    else:
        reference = fields.inner("evidence")
        evidence = EvidenceRef(path=reference.text("path", empty=False), sha256=reference.digest("sha256") or "")
        reference.close()
    entry = Entry(
        id=fields.text("id", empty=False),
        requirement=fields.text("requirement", empty=False),
        api=fields.choice("api", Api),
        version=fields.text("version"),
        level=fields.choice("level", Level),
        status=fields.choice("status", Status),
        reason=fields.text("reason"),
        source=fields.text("source"),
        duration=round(fields.number("duration"), 3),
        reading=fields.optional_text("reading"),
        evidence=evidence,
    )
    fields.close()
    return entry
