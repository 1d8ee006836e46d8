"""The compatibility matrix: its records, its JSON form, and strict reading of that form. Pure.

How results become runs, and when a run may be called conformant, is decided in `matrix_build`; this module only holds what was decided.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pytest_smi.canonical import canonical_bytes, parse_json
from pytest_smi.errors import ReportError
from pytest_smi.fields import DIGEST, Fields
from pytest_smi.results import Api, Level, Status

SCHEMA_VERSION = 1
"""Version of the form of matrix.json; a reader refuses any other."""


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
    """The suite that ran: its name, version, and the sha256 over its files."""

    name: str
    version: str
    digest: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The whole of matrix.json. `generated_at` is ISO 8601 in UTC."""

    generated_at: str
    suite: Suite
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        problem = duplicate_run(self.runs)
        if problem:
            raise ReportError(problem, "Give each run once; merge each report once.")

    def to_json(self) -> dict[str, Any]:
        """The matrix as a JSON object, with results sorted."""
        runs = sorted(self.runs, key=_run_order)
        return {
            "schemaVersion": SCHEMA_VERSION,
            "generatedAt": self.generated_at,
            "suite": {"name": self.suite.name, "version": self.suite.version, "digest": self.suite.digest},
            "runs": [_run_json(run) for run in runs],
        }

    def to_bytes(self) -> bytes:
        """The bytes of matrix.json: the same facts always give the same bytes."""
        return canonical_bytes(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Matrix":
        """Read matrix.json strictly. Raises `ReportError`."""
        try:
            document = parse_json(data)
        except ValueError as problem:
            raise ReportError(f"matrix.json must be JSON: {problem}", "Write the report again; do not edit it.") from None
        return cls.from_json(document)

    @classmethod
    def from_json(cls, document: Any) -> "Matrix":
        """Read a matrix document strictly. Raises `ReportError` naming the dotted path of every bad field."""
        fields = Fields(document)
        if fields.take("schemaVersion", int, SCHEMA_VERSION, "a whole number") != SCHEMA_VERSION:
            fields.note("schemaVersion", f"must be {SCHEMA_VERSION}, found {fields.value['schemaVersion']}")
        suite = fields.inner("suite")
        record = Suite(name=suite.text("name", empty=False), version=suite.text("version"), digest=suite.digest("digest") or "")
        suite.close()
        runs = fields.each("runs", _read_run)
        generated = fields.text("generatedAt", empty=False)
        fields.close()
        fields.done("the matrix")
        return cls(generated_at=generated, suite=record, runs=runs)


def duplicate_run(runs: tuple[Run, ...]) -> str | None:
    """What two runs have in common that no two runs may, or None."""
    seen: dict[str, str] = {}
    for run in runs:
        name = f"{run.mesh.name} {run.mesh.version} started {run.started_at}"
        if run.nonce in seen:
            return f"every run has a nonce of its own; {seen[run.nonce]} and {name} share {run.nonce}"
        seen[run.nonce] = name
    return None


def _run_order(run: Run) -> tuple[str, str, str, str]:
    return (run.mesh.name, run.mesh.version, run.started_at, run.nonce)


def _run_json(run: Run) -> dict[str, Any]:
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
        "results": [_entry_json(entry) for entry in sorted(run.results, key=lambda entry: (entry.requirement, entry.id))],
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


def _read_run(fields: Fields) -> Run:
    mesh, kubernetes, apis, summary = (fields.inner(name) for name in ("mesh", "kubernetes", "apis", "summary"))
    images = mesh.document("images") or {}
    for name, digest in images.items():
        if digest is not None and not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
            mesh.note(f"images.{name}", f"must be a sha256 digest or null, found {digest!r}")
    claims = {}
    for api in Api:
        claim = apis.inner(str(api))
        claims[api] = ApiClaim(version=claim.optional_text("version"), capability=claim.choice("capability", Capability))
        claim.close()
    counts = {status: int(summary.take(str(status), int, 0, "a whole number")) for status in Status}
    results = fields.each("results", _read_entry)
    ids = [entry.id for entry in results]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        fields.note("results", f"two results have the id {name!r}")
    run = Run(
        mesh=Mesh(name=mesh.text("name", empty=False), version=mesh.text("version"), images=images),
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
    )
    if not fields.problems and counts != {status: sum(entry.status is status for entry in results) for status in Status}:
        fields.note("summary", "must count the results; it does not")
    for reader in (mesh, kubernetes, apis, summary, fields):
        reader.close()
    return run


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
