"""From results to runs: capability per API, and when a run may be called conformant. Pure.

The boolean `conformant` is what pipelines read. It speaks of MUST and MUST (derived): it is true only when every
requirement given is accounted for, at least one of these passed, none of them failed, errored or was skipped,
and nothing restricted or interrupted the run. A failed SHOULD is a recommendation that is not met, no more.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_smi.core.canonical import canonical_bytes, sha256_hex
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import ReportError
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.matrix.matrix import (
    ApiClaim,
    Capability,
    Entry,
    EvidenceRef,
    Matrix,
    Mesh,
    Provenance,
    Recommendations,
    Run,
    Suite,
)
from pytest_smi.matrix.run import run_name

__all__ = ["AGAINST", "BINDING", "Built", "RunContext", "build_matrix", "build_run", "evidence_names"]

BINDING = (Level.MUST, Level.DERIVED)
"""Levels that count for conformance and capability."""
AGAINST = (Status.FAILED, Status.ERRORED, Status.SKIPPED)
"""Statuses that speak against conformance, where the level is binding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run was, apart from its results.

    `apis`: API → version tested, None or absent when not claimed or not served. `required`: requirement → its API and
    level, for every requirement of the catalogue that this run had to account for (a requirement without a result
    makes the run incomplete). `interrupted`: it did not run to its end. `emulated`: the persona that played the mesh,
    None for the mesh itself. `restricted`: reasons, see `Run`. `provenance`: its suite may be left out, it is that of
    the matrix. Dates are ISO 8601 in UTC.
    """

    mesh: Mesh
    kubernetes: str
    apis: Mapping[Api, str | None]
    required: Mapping[str, tuple[Api, Level]]
    started_at: str
    finished_at: str
    nonce: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    restricted: tuple[str, ...] = ()
    interrupted: bool = False
    provenance: Provenance = field(default_factory=Provenance)
    emulated: str | None = None
    exploration: Exploration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A matrix with the files of evidence it refers to: path in the report folder → bytes."""

    matrix: Matrix
    evidence: dict[str, bytes]


def build_matrix(suite: Suite, generated_at: str, runs: Sequence[tuple[RunContext, Sequence[Result]]]) -> Built:
    """Return one matrix over one or more runs, and its evidence files.

    Raises `ReportError` for no run, no results or duplicates.
    """
    if not runs:
        raise ReportError("a matrix holds at least one run; there is none", "Run pytest with --mesh.")
    stems = Counter(_safe(_name(context)) for context, _ in runs)
    built: list[Run] = []
    evidence: dict[str, bytes] = {}
    for context, results in runs:
        name = _safe(_name(context))
        if len(runs) == 1:
            suffix = ""
        else:
            suffix = name if stems[name] == 1 else f"{name}-{sha256_hex(context.nonce.encode())[:8]}"
        run = build_run(results, context, suffix=suffix)
        built.append(replace(run, provenance=replace(run.provenance, suite=run.provenance.suite or suite)))
        names = evidence_names(results, suffix=suffix)
        evidence |= {names[result.id]: canonical_bytes(result.evidence) for result in results if result.id in names}
    return Built(matrix=Matrix(generated_at=generated_at, suite=suite, runs=tuple(built)), evidence=evidence)


def build_run(results: Sequence[Result], context: RunContext, *, suffix: str = "") -> Run:
    """Judge a whole run. `suffix` goes into evidence names when several runs share a folder. Raises `ReportError`."""
    if not results:
        raise ReportError(
            f"a run holds at least one result; the run of {_name(context)} has none", "See why nothing was collected."
        )
    _refuse_duplicates(results)
    _refuse_strangers(results, context)
    paths = evidence_names(results, suffix=suffix)
    summary = {status: sum(result.status is status for result in results) for status in Status}
    entries = tuple(
        sorted(
            (_entry(result, paths.get(result.id)) for result in results),
            key=lambda entry: (entry.requirement, entry.id),
        )
    )
    missing = sorted(set(context.required) - {result.requirement for result in results})
    restricted = context.restricted
    if context.interrupted:
        restricted += ("the run was interrupted",)
    if context.emulated is not None:
        restricted += (
            f"an emulation was tested, the persona {context.emulated} of the reference mesh: it is not the mesh itself",
        )
    if missing:
        restricted += (f"{len(missing)} requirement(s) of the catalogue have no result: {', '.join(missing)}",)
    binding = [result.status for result in results if result.level in BINDING]
    conformant = Status.PASSED in binding and not any(status in AGAINST for status in binding) and not restricted
    return Run(
        mesh=context.mesh,
        kubernetes=context.kubernetes,
        apis={api: _claim(api, results, context) for api in Api},
        limits=dict(context.limits),
        options=dict(context.options),
        started_at=context.started_at,
        finished_at=context.finished_at,
        nonce=context.nonce,
        summary=summary,
        conformant=conformant,
        recommendations=Recommendations.of(entries),
        restricted=restricted,
        emulated=context.emulated,
        results=entries,
        provenance=context.provenance,
        exploration=context.exploration,
    )


def evidence_names(results: Sequence[Result], *, suffix: str = "") -> dict[str, str]:
    """Assertion id → path of its evidence: `evidence/TA-01.json`, with a part of the id
    when a requirement has several results."""
    shared: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.evidence is not None:
            shared[result.requirement].append(result)
    names = {}
    for requirement, group in shared.items():
        parts = {result.id: _safe(result.id.removeprefix(requirement)).strip("-") for result in group}
        # Two ids may look the same once made safe for a file name: a digest of the id keeps them apart.
        twins = Counter(part.lower() for part in parts.values())
        for result in group:
            part = "" if len(group) == 1 else parts[result.id]
            if len(group) > 1 and (twins[part.lower()] > 1 or not part):
                part = f"{part}-{sha256_hex(result.id.encode())[:8]}".strip("-")
            names[result.id] = (
                "evidence/" + ".".join(piece for piece in (_safe(requirement), part, suffix) if piece) + ".json"
            )
    return names


def _claim(api: Api, results: Sequence[Result], context: RunContext) -> ApiClaim:
    version = context.apis.get(api)
    own = [result for result in results if result.api is api]
    if version is None and not any(result.status in (Status.PASSED, Status.FAILED, Status.ERRORED) for result in own):
        return ApiClaim(version=None, capability=Capability.NOT_CLAIMED)
    if version is None or not any(result.status is Status.PASSED for result in own):
        return ApiClaim(version=version, capability=Capability.NONE)
    binding = [result for result in own if result.level in BINDING]
    accounted = {result.requirement for result in binding}
    absent = [
        name
        for name, (of, level) in context.required.items()
        if of is api and level in BINDING and name not in accounted
    ]
    whole = not absent and not context.interrupted and all(result.status not in AGAINST for result in binding)
    held = any(result.status is Status.PASSED for result in binding)
    return ApiClaim(version=version, capability=Capability.FULL if whole and held else Capability.PARTIAL)


def _entry(result: Result, path: str | None) -> Entry:
    evidence = None if path is None else EvidenceRef(path=path, sha256=sha256_hex(canonical_bytes(result.evidence)))
    return Entry(
        id=result.id,
        requirement=result.requirement,
        api=result.api,
        version=result.version,
        level=result.level,
        status=result.status,
        reason=result.reason,
        source=result.source,
        duration=result.duration,
        reading=result.reading,
        evidence=evidence,
    )


def _refuse_duplicates(results: Sequence[Result]) -> None:
    seen: dict[str, Result] = {}
    for result in results:
        first = seen.setdefault(result.id, result)
        if first is not result:
            both = " and ".join(
                f"{one.requirement} ({one.status}: {one.reason or 'no reason'})" for one in (first, result)
            )
            raise ReportError(
                f"an assertion has one result; {result.id!r} has two: {both}", "Give each assertion an id of its own."
            )


def _refuse_strangers(results: Sequence[Result], context: RunContext) -> None:
    for result in results:
        if result.mesh != _name(context):
            raise ReportError(
                f"a run holds results of one mesh; {result.id!r} is of {result.mesh!r}, the run of {_name(context)!r}",
                "Group results by their mesh.",
            )


def _name(context: RunContext) -> str:
    return run_name(context.mesh.name, context.options)


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
