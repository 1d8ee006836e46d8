"""The JSON form of a run's records, and strict reading of that form. Pure."""

from collections import Counter
from typing import Any

from pytest_smi.core.fields import Fields
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.run import ApiClaim, Capability, Catalogue, Entry, EvidenceRef, ImageRole, Mesh, Provenance, Run, Suite

__all__ = ["read_run", "read_suite", "run_json", "suite_json"]


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
